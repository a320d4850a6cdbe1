//! The tables of `template.yaml`, deployed onto the AWS emulator, over objects that `ingest` has written: read by a real Trino through Glue
//! and S3, and compared with the emulator's own Athena.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use aws_sdk_glue::types::{PartitionInput, SerDeInfo, TableInput};
use chrono::{NaiveDate, NaiveDateTime};
use local::{Row, Stack, compact};
use report::catalog;
use serde_json::{Value, json};
use shared::manifest::{self, Manifest};
use tests::{put, start_stack};

use crate::lake;
use crate::trino::{Answer, Trino};

/// The columns of `bars` as Trino has them; of the 20, those that are not `varchar`.
const TYPES: [(&str, &str); 14] = [
    ("trade_date", "date"),
    ("open", "double"),
    ("high", "double"),
    ("low", "double"),
    ("close", "double"),
    ("adj_close", "double"),
    ("volume", "double"),
    ("close_usd", "double"),
    ("kafka_partition", "integer"),
    ("kafka_offset", "bigint"),
    ("kafka_index", "integer"),
    ("kafka_timestamp", "timestamp(3)"),
    ("kafka_life", "integer"),
    ("bar_time", "timestamp(3)"),
];
const BY_HIVE: &str = "rejects_by_hive";
/// The table of what has landed.
const LANDED: &str = "bars_landed";
/// The view that people read.
const VIEW: &str = "bars";

#[tokio::test(flavor = "multi_thread")]
async fn a_real_trino_reads_the_deployed_tables_and_the_views_of_them_before_and_after_compaction() -> Result<()> {
    let stack = start_stack("athena").await?;
    let objects = lake::land().await?;
    for (key, body) in &objects {
        put(&stack, &stack.outputs().lake_bucket, key, body.clone()).await?;
    }
    with_hives_serde(&stack).await?;
    for (table, prefix) in [(LANDED, "bars/"), ("rejects", "rejects/"), (BY_HIVE, "rejects/")] {
        register(&stack, table, objects.iter().map(|(key, _)| key.as_str()).filter(|key| key.starts_with(prefix)))
            .await?;
    }
    let mut trino = Trino::start(stack.endpoint(), &stack.folder().path().join("trino"))?;

    let bars = same_on_both(&stack, &mut trino, &all_of(LANDED)).await?;
    bars_are_typed(&bars);
    // (DuckDB makes types of its own for them.)
    for table in ["rejects", BY_HIVE] {
        rejects_are_whole(&trino.ask(&stack.outputs().database, &format!("SELECT * FROM {table}"))?, &objects)?;
    }
    view_is_read(&stack, &mut trino, &bars).await?;
    let before = reports(&stack, &mut trino).await?;

    // Compacted, but for the last hour.
    let done = compact::run(stack.aws(), &stack.outputs().compact_function, Some("2026-11-22T20")).await?;
    ensure!(done.rows > 0 && done.parts > 0, "{done:?}");
    let landed = trino.ask(&stack.outputs().database, &format!("SELECT count(*) FROM {LANDED} WHERE hour >= '20'"))?;
    ensure!(landed.rows != [[json!(0)]], "nothing is left to be read where it landed");
    view_is_read(&stack, &mut trino, &bars).await?;
    assert_eq!(reports(&stack, &mut trino).await?, before);

    drop(trino);
    stack.stop().await
}

/// The rows of each report, on both engines, of the lake as its manifest tells it.
async fn reports(stack: &Stack, trino: &mut Trino) -> Result<BTreeMap<String, Vec<Vec<Value>>>> {
    let bucket = &stack.outputs().lake_bucket;
    let manifest = match stack.aws().s3.get_object().bucket(bucket).key(manifest::KEY).send().await {
        Ok(object) => Manifest::parse(&object.body.collect().await?.into_bytes())?,
        Err(_) => Manifest::default(),
    };
    let day = NaiveDate::from_ymd_opt(2026, 11, 22).context("no day")?;
    let as_of = day.and_hms_opt(21, 0, 0).context("no time")?.and_utc();
    let mut found = BTreeMap::new();
    for report in catalog::load()? {
        let answer = same_on_both(stack, trino, &report.sql(day, as_of, &manifest)).await;
        let answer = answer.with_context(|| report.name().to_owned())?;
        ensure!(!answer.names.is_empty(), "{} has no columns", report.name());
        found.insert(report.name().to_owned(), answer.rows);
    }
    Ok(found)
}

fn all_of(table: &str) -> String {
    format!("SELECT * FROM {table} ORDER BY kafka_topic, kafka_partition, kafka_life, kafka_offset, kafka_index")
}

/// The rejects in a table that differs in its `SerDe`: Hive's, with which AWS advises to replace the other if its results should vary.
async fn with_hives_serde(stack: &Stack) -> Result<()> {
    let (glue, database) = (&stack.aws().glue, &stack.outputs().database);
    let found = glue.get_table().database_name(database).name("rejects").send().await?;
    let table = found.table().context("no table")?;
    let mut storage = table.storage_descriptor().context("a table without storage")?.clone();
    let serde = SerDeInfo::builder().serialization_library("org.apache.hive.hcatalog.data.JsonSerDe").build();
    storage.serde_info = Some(serde);
    let input = TableInput::builder()
        .name(BY_HIVE)
        .table_type("EXTERNAL_TABLE")
        .set_parameters(table.parameters().cloned())
        .set_partition_keys(Some(table.partition_keys().to_vec()))
        .storage_descriptor(storage)
        .build()?;
    glue.create_table().database_name(database).table_input(input).send().await?;
    Ok(())
}

/// A partition for each folder of a table, with all else from the table: as the crawler does it.
async fn register(stack: &Stack, table: &str, keys: impl Iterator<Item = &str>) -> Result<()> {
    let (glue, outputs) = (&stack.aws().glue, stack.outputs());
    let found = glue.get_table().database_name(&outputs.database).name(table).send().await?;
    let storage = found.table().and_then(|table| table.storage_descriptor()).context("a table without storage")?;
    let folders: BTreeSet<_> = keys.filter_map(|key| key.rsplit_once('/')).map(|(folder, _)| folder).collect();
    ensure!(!folders.is_empty(), "there is nothing of {table}");
    let partitions = folders.iter().map(|folder| {
        let mut storage = storage.clone();
        storage.location = Some(format!("s3://{}/{folder}/", outputs.lake_bucket));
        let values = folder.split('/').filter_map(|part| part.split_once('=')).map(|(_, value)| value.to_owned());
        PartitionInput::builder().set_values(Some(values.collect())).storage_descriptor(storage).build()
    });
    let registered = glue
        .batch_create_partition()
        .database_name(&outputs.database)
        .table_name(table)
        .set_partition_input_list(Some(partitions.collect()))
        .send()
        .await?;
    ensure!(registered.errors().is_empty(), "{:?}", registered.errors());
    Ok(())
}

/// What Trino answers, which is what the emulator's Athena does.
async fn same_on_both(stack: &Stack, trino: &mut Trino, sql: &str) -> Result<Answer> {
    let answer = trino.ask(&stack.outputs().database, sql)?;
    let rows: Vec<Row> = stack.athena_query(sql).await?;
    ensure!(answer.rows.len() == rows.len(), "Trino has {} rows, DuckDB {}", answer.rows.len(), rows.len());
    for (number, (row, other)) in answer.rows.iter().zip(&rows).enumerate() {
        ensure!(row.len() == other.len(), "row {number}: {row:?}, {other:?}");
        for ((name, cell), text) in answer.names.iter().zip(row).zip(other) {
            ensure!(alike(cell, text.as_deref()), "row {number}, {name}: Trino has {cell}, DuckDB {text:?}");
        }
    }
    Ok(answer)
}

/// Whether a cell of Trino's JSON is what the text says that `DuckDB` has. (Of arrays only that there is one: `cells.py` looks into them.)
fn alike(cell: &Value, text: Option<&str>) -> bool {
    let time = |text: &str| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok();
    match (cell, text) {
        (Value::Null, None) => true,
        (Value::Number(number), Some(text)) => {
            let (one, other) = (number.as_f64().unwrap_or(f64::NAN), text.parse().unwrap_or(f64::NAN));
            (one - other).abs() <= 1e-9 * other.abs()
        }
        (Value::String(one), Some(other)) => one == other || time(one).is_some_and(|one| Some(one) == time(other)),
        (Value::Array(_), Some(text)) => text.starts_with('['),
        _ => false,
    }
}

fn bars_are_typed(bars: &Answer) {
    let types: BTreeMap<_, _> =
        bars.names.iter().map(String::as_str).zip(bars.types.iter().map(String::as_str)).collect();
    let other: BTreeMap<_, _> = types.into_iter().filter(|(_, kind)| *kind != "varchar").collect();
    assert_eq!(other, BTreeMap::from(TYPES));
    assert_eq!(bars.names.len(), 20);
    let place = |name: &str| bars.names.iter().position(|column| column == name).unwrap_or_default();
    let made_here: Vec<_> =
        bars.rows.iter().filter(|row| row[place("kafka_topic")] == json!(lake::TOPIC)).cloned().collect();
    // What was hollowed, what was only a reject and what the fence stands for have no row.
    let known = |partition: i32, offset: i64, time: &str, hour: &str| -> Vec<Value> {
        let number = |text: &str| -> Value { serde_json::from_str(text).unwrap_or_default() };
        vec![
            json!("日経 'x\""),
            json!("0001-01-01"),
            number("0.1"),
            number("1e300"),
            number("-37.63"),
            number("5e-324"),
            Value::Null,
            Value::Null,
            number("1234567.890625"),
            json!(r#"{"Note":{"a":[1,null]}}"#),
            json!(lake::TOPIC),
            json!(partition),
            json!(offset),
            json!(0),
            json!(time),
            json!(1),
            Value::Null,
            Value::Null,
            json!("2026-11-22"),
            json!(hour),
        ]
    };
    let mut within = known(4, 0, "2026-11-22 19:05:00.123", "19");
    (within[1], within[16], within[17]) = (json!("2026-11-20"), json!("2026-11-21 01:00:00.250"), json!("1m"));
    assert_eq!(
        made_here,
        [known(0, 0, "2026-11-22 19:05:00.123", "19"), known(3, 2, "2026-11-22 19:05:00.125", "20"), within]
    );
}

/// As many rows as lines were written, with their bytes; none for what is empty.
fn rejects_are_whole(rejects: &Answer, objects: &[(String, Vec<u8>)]) -> Result<()> {
    let of_rejects = || objects.iter().filter(|(key, _)| key.starts_with("rejects/")).map(|(_, body)| body);
    ensure!(of_rejects().any(Vec::is_empty), "no rejects object is empty");
    let mut written = Vec::new();
    for line in of_rejects().flat_map(|body| body.split(|byte| *byte == b'\n')).filter(|line| !line.is_empty()) {
        written.push(serde_json::from_slice::<BTreeMap<String, Value>>(line)?);
    }
    let mut read: Vec<BTreeMap<String, Value>> = rejects
        .rows
        .iter()
        .map(|row| rejects.names.iter().cloned().zip(row.iter().cloned()).filter(|(name, _)| name != "dt").collect())
        .collect();
    let order = |row: &BTreeMap<String, Value>| serde_json::to_string(row).unwrap_or_default();
    written.sort_by_key(order);
    read.sort_by_key(order);
    assert_eq!(read, written);
    let reasons: BTreeSet<_> = written.iter().map(|row| row["reason"].as_str().unwrap_or_default()).collect();
    ensure!(reasons.len() >= 9, "the sample events have every reason but two: {reasons:?}");
    Ok(())
}

/// The view that `compact` has made, as Athena makes one: whoever asks it gets what has landed, times too.
async fn view_is_read(stack: &Stack, trino: &mut Trino, bars: &Answer) -> Result<()> {
    let database = &stack.outputs().database;
    let seen = same_on_both(stack, trino, &all_of(VIEW)).await?;
    assert_eq!((&seen.names, &seen.types, &seen.rows), (&bars.names, &bars.types, &bars.rows));
    // A bar of its day, and one within another.
    for time in [
        "kafka_timestamp = TIMESTAMP '2026-11-22 19:05:00.123' AND bar_time IS NULL",
        "bar_time = TIMESTAMP '2026-11-21 01:00:00.250'",
    ] {
        let asked = format!("SELECT count(*) FROM bars WHERE {time}");
        assert_eq!(trino.ask(database, &asked)?.rows, [[json!(1)]], "{time}");
    }
    // Of each symbol and day the newest row, and perhaps others.
    let newest = "SELECT count(*), count(DISTINCT (symbol, trade_date)) FROM";
    let daily = trino.ask(database, &format!("{newest} daily"))?.rows;
    assert_eq!(daily[0][1], trino.ask(database, &format!("{newest} bars"))?.rows[0][1]);
    let described = trino.ask(database, "SHOW CREATE VIEW bars")?;
    ensure!(described.rows[0][0].as_str().is_some_and(|text| text.starts_with("CREATE VIEW")), "{described:?}");
    Ok(())
}
