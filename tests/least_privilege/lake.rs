//! A lake in which one invocation of `compact` needs all that it ever does.

use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, Result, bail};
use aws_sdk_glue::error::ProvideErrorMetadata as _;
use aws_sdk_glue::types::{PartitionInput, StorageDescriptor, TableInput};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use compact::merge::{Sorter, tally};
use local::Stack;
use serde_json::json;
use shared::event::Event;
use shared::key::{Hour, Keys, LandingTime};
use shared::ledger::{Ledger, Pending};
use shared::manifest::{self, Landed, Manifest, Part, Retired, Switch, Table};
use shared::run::{Lot, Run};
use tests::put;

/// 2026-01-03T05:00:00Z, a day that is to lose its rows.
const HOLLOWED: LandingTime = LandingTime(1_767_416_400_000);
/// The day after it.
const THROUGH: &str = "2026-01-04T00";
/// 2026-01-05T10:00:00Z, an hour that is to be merged.
const LANDED: LandingTime = LandingTime(1_767_607_200_000);
/// More than every part here was made of.
const VERSION: u64 = 1_000;

/// Puts a lake there, whatever the one before has become.
pub(crate) async fn make(stack: &Stack) -> Result<()> {
    static LAKES: AtomicU32 = AtomicU32::new(0);
    let number = LAKES.fetch_add(1, Ordering::Relaxed);
    let topic = format!("least-privilege-compact-{number}");
    let bucket = &stack.outputs().lake_bucket;
    let keys = Keys { topic: &topic, partition: 0 };

    // A run that is to be fenced, and its rejects blanked.
    let pending = Pending {
        life: 1,
        records: 2,
        rejected: 1,
        last: 1,
        bars: keys.bars(1, (0, 1), 1, LANDED),
        rejects: Some(keys.rejects(1, (0, 1), 1, LANDED)),
        ..Pending::default()
    };
    let ledger = Ledger { sequence: 1, pending: vec![pending], ..Ledger::default() };
    put(stack, bucket, &keys.ledger(), ledger.to_bytes()).await?;

    // A record that was rejected on a day that is to be audited.
    let reject =
        json!({ "kafka_topic": topic, "kafka_partition": 0, "kafka_offset": 7, "reason": "not_json", "kafka_life": 1 });
    put(stack, bucket, &format!("rejects/dt=2026-01-04/{topic}.jsonl"), reject.to_string().into_bytes()).await?;

    let object = object(&topic)?;
    let landed = Keys { topic: &topic, partition: 1 }.bars(1, (0, 0), 1, LANDED);
    put(stack, bucket, &landed, object.clone()).await?;
    let old = Keys { topic: "least-privilege-compact", partition: 0 }.bars(1, (0, 0), 1, HOLLOWED);
    put(stack, bucket, &old, object.clone()).await?;

    // A part that is to be merged with what has landed, and one that nobody reads any more.
    let (part, file) = part(format!("2026-01-04T00-v1-small{number}-1"), object)?;
    put(stack, bucket, &Table::Bars.key(&part.id), file.clone()).await?;
    let retired = "2026-01-03T00-v0-retired-1".to_owned();
    put(stack, bucket, &Table::Bars.key(&retired), file).await?;
    register(stack, &retired).await?;

    let mut hollowed = Landed::default();
    hollowed.add(&old);
    let through = THROUGH.parse()?;
    let manifest = Manifest {
        version: VERSION,
        through,
        bars: vec![part],
        retired: vec![Retired { table: Table::Bars, id: retired, at_ms: 0 }],
        switches: vec![Switch { through, at_ms: 0 }],
        landed: [(Hour::of(HOLLOWED).dt(), hollowed)].into(),
        ..Manifest::default()
    };
    put(stack, bucket, manifest::KEY, manifest.to_bytes()).await?;
    // Written again in each call.
    stack.aws().s3.delete_object().bucket(bucket).key(shared::key::SEAL).send().await?;
    views(stack).await
}

/// A landed object of one bar.
fn object(topic: &str) -> Result<Vec<u8>> {
    let value = r#"{"Index":"HSI","Date":"2026-01-02","Open":1,"High":1,"Low":1,"Close":1,"Volume":0}"#;
    let record = json!({ "topic": topic, "partition": 0, "offset": 0, "timestamp": LANDED.0, "timestampType": "CREATE_TIME",
        "value": BASE64_STANDARD.encode(value), "headers": [] });
    let name = format!("{topic}-0");
    let event = json!({ "eventSource": "SelfManagedKafka", "records": { name: [record] } }).to_string();
    let event = Event::parse(&event)?;
    let batch = event.batches.first().context("the event has no batch")?;
    let run = Run::new(batch.topic, batch.partition, &batch.records).context("the batch has no run")?;
    Ok(run.decode(LANDED, Lot { life: 1, undecided: false }).to_parquet())
}

/// A part of this object, and its file.
fn part(id: String, object: Vec<u8>) -> Result<(Part, Vec<u8>)> {
    let scratch = tempfile::tempdir()?;
    let mut sorter = Sorter::new(scratch.path());
    let folder = Hour::of(HOLLOWED);
    sorter.push(object.into(), &folder.dt(), &folder.hour())?;
    let runs = sorter.finish()?.runs;
    let file = runs.first().context("nothing was sorted")?;
    let (tally, bytes) = (tally(file)?, std::fs::read(file)?);
    let through: Hour = THROUGH.parse()?;
    let hash = format!("{:x}", tally.hash);
    let part = Part { id, from: folder, through, rows: tally.rows, bytes: bytes.len() as u64, hash };
    Ok((part, bytes))
}

async fn register(stack: &Stack, part: &str) -> Result<()> {
    let storage = StorageDescriptor::builder().location(format!("s3://nowhere/part={part}/")).build();
    let input = PartitionInput::builder().values(part).storage_descriptor(storage).build();
    let call = stack.aws().glue.create_partition().database_name(&stack.outputs().database);
    match call.table_name(Table::Bars.name()).partition_input(input).send().await {
        Err(error) if error.code() != Some("AlreadyExistsException") => Err(error.into()),
        _ => Ok(()),
    }
}

/// The one is not there, the other says what a version before said.
async fn views(stack: &Stack) -> Result<()> {
    let (glue, database) = (&stack.aws().glue, &stack.outputs().database);
    for table in Table::ALL {
        match glue.delete_table().database_name(database).name(table.view()).send().await {
            Err(error) if error.code() != Some("EntityNotFoundException") => bail!(error),
            _ => {}
        }
    }
    let view = TableInput::builder().name(Table::Daily.view()).table_type("VIRTUAL_VIEW").view_original_text("older");
    glue.create_table().database_name(database).table_input(view.build()?).send().await?;
    Ok(())
}
