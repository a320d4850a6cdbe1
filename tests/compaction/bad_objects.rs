//! What people, or other programs, put into the lake or take out of it: it is named, and nothing is lost of the rest.

use anyhow::{Context, Result, ensure};
use aws_sdk_glue::types::{StorageDescriptor, TableInput};
use bytes::Bytes;
use local::Stack;
use parquet::data_type::Int32Type;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use shared::key::{Hour, LandingTime};
use shared::manifest::{self, Manifest, Table};

use crate::lake::{DAY_MS, Lab, Lake};
use crate::program;
use crate::rows::{self, check_same};
use crate::trodden::{self, Trodden};

pub(crate) async fn what_cannot_be_merged_is_named(lab: &Lab) -> Result<()> {
    let trodden = trodden::make(lab, "bad").await?;
    what_is_no_bars_stops_it(lab, &trodden).await?;
    what_has_no_rows_or_no_hour_is_passed_over(lab, &trodden).await?;
    what_comes_too_late_is_kept(lab, &trodden).await?;
    // Boxed: it is large.
    Box::pin(a_part_that_is_gone_or_changed_is_named(lab, &trodden)).await?;
    a_table_in_the_way_of_a_view_is_named(lab, &trodden).await
}

/// The folder of the first hour that is in no part.
async fn next_folder(lake: &Lake, trodden: &Trodden) -> Result<String> {
    let manifest = lake.manifest().await?;
    let keys = trodden.objects.iter().map(|(key, _)| key);
    let next =
        keys.filter(|key| Hour::of_key(key) >= Some(manifest.through)).min().context("nothing is to be compacted")?;
    Ok(next.rsplit_once('/').context("a key has folders")?.0.to_owned())
}

/// What the program reports.
async fn failure(lab: &Lab, lake: &Lake) -> Result<String> {
    match program::run(lake, &lab.endpoint).await? {
        Ok(answer) => anyhow::bail!("it is expected to fail, and answers {answer}"),
        Err(error) => Ok(error),
    }
}

async fn what_is_no_bars_stops_it(lab: &Lab, trodden: &Trodden) -> Result<()> {
    for (name, body) in [("note.txt", b"not a Parquet file".to_vec()), ("other.parquet", another_schema()?)] {
        let lake = lab.copy(&trodden.lake, &trodden.objects, &format!("bad-{}", name.replace('.', "-"))).await?;
        let key = format!("{}/{name}", next_folder(&lake, trodden).await?);
        lake.put(&key, body.clone()).await?;
        let before = lake.manifest().await?;
        let parts = rows::of_parts(&lake, &before, Table::Bars).await?;
        let error = failure(lab, &lake).await?;
        ensure!(error.contains(&key), "{error} does not name {key}");
        ensure!(lake.manifest().await?.switches == before.switches, "{key}: something was switched");
        check_same("the parts of before", &parts, &rows::of_parts(&lake, &before, Table::Bars).await?)?;
        lake.remove(&key).await?;
        goes_on(lab, &lake, trodden).await.with_context(|| format!("{key} was moved away"))?;
    }
    Ok(())
}

async fn what_has_no_rows_or_no_hour_is_passed_over(lab: &Lab, trodden: &Trodden) -> Result<()> {
    let lake = lab.copy(&trodden.lake, &trodden.objects, "bad-passed-over").await?;
    let folder = next_folder(&lake, trodden).await?;
    let day = folder.rsplit_once('/').context("an hour is in a day")?.0;
    let passed_over = [
        format!("{folder}/empty.parquet"),
        format!("{folder}/"),
        format!("{day}/"),
        format!("{day}/no-hour.parquet"),
        "bars/note.txt".to_owned(),
        "bars/zzz/note.txt".to_owned(),
    ];
    for key in &passed_over {
        let body = if key.ends_with("note.txt") { b"a note".to_vec() } else { Vec::new() };
        lake.put(key, body).await?;
    }
    goes_on(lab, &lake, trodden).await?;
    let later = LandingTime(trodden.now.0 + 2 * DAY_MS);
    let summary = lake.compact(None, later, 1).await?;
    ensure!(summary.strange_days == 0, "{summary:?}");
    let there = lake.keys("bars/").await?;
    ensure!(passed_over.iter().all(|key| there.contains(key)), "something was removed: {there:?}");
    ensure!(lake.get("bars/note.txt").await? == b"a note", "a note was overwritten");
    Ok(())
}

async fn what_comes_too_late_is_kept(lab: &Lab, trodden: &Trodden) -> Result<()> {
    let lake = lab.copy(&trodden.lake, &trodden.objects, "bad-too-late").await?;
    let landed = trodden.objects.iter().map(|(key, _)| key).find(|key| key.starts_with("bars/dt="));
    let landed = landed.context("something has landed")?;
    let (folder, _) = landed.rsplit_once('/').context("a key has folders")?;
    let strange = format!("{folder}/by-hand.parquet");
    let body = lake.get(landed).await?;
    lake.put(&strange, body.clone()).await?;
    let answer = program::run(&lake, &lab.endpoint).await?.map_err(anyhow::Error::msg)?;
    ensure!(answer["strange_days"] == 1, "{answer}");
    ensure!(lake.get(&strange).await? == body && lake.get(landed).await? == body, "the strange day was hollowed");
    check_same("with an object by hand", &trodden.rows, &rows::read(&lake).await?)?;
    lake.remove(&strange).await?;
    let answer = program::run(&lake, &lab.endpoint).await?.map_err(anyhow::Error::msg)?;
    ensure!(answer["strange_days"] == 0, "{answer}");
    ensure!(rows::of_file(lake.get(landed).await?, None)?.is_empty(), "{landed} was not hollowed then");
    check_same("and without it", &trodden.rows, &rows::read(&lake).await?)
}

async fn a_part_that_is_gone_or_changed_is_named(lab: &Lab, trodden: &Trodden) -> Result<()> {
    let lake = lab.copy(&trodden.lake, &trodden.objects, "bad-part").await?;
    let before = lake.manifest().await?;
    for table in Table::ALL {
        let part = before.parts(table).last().context("there is a part")?;
        let key = table.key(&part.id);
        let body = lake.get(&key).await?;
        lake.remove(&key).await?;
        let error = failure(lab, &lake).await?;
        ensure!(error.contains(&key) && error.contains("gone"), "{error} does not say that {key} is gone");
        let other = before.parts(if table == Table::Bars { Table::Daily } else { Table::Bars }).last();
        let other = Table::ALL.into_iter().find(|other| *other != table).zip(other).context("two tables")?;
        lake.put(&key, lake.get(&other.0.key(&other.1.id)).await?).await?;
        let error = failure(lab, &lake).await?;
        ensure!(error.contains(&key) && error.contains("does not have the rows"), "{error} does not name {key}");
        ensure!(lake.manifest().await?.switches == before.switches, "{key}: something was switched");
        lake.put(&key, body).await?;
    }
    goes_on(lab, &lake, trodden).await?;
    nothing_goes_while_a_part_is_gone(&lake, trodden).await
}

/// Also where there is nothing to merge with it: as long as what has landed has its rows, the part can be made again.
async fn nothing_goes_while_a_part_is_gone(lake: &Lake, trodden: &Trodden) -> Result<()> {
    let later = LandingTime(trodden.now.0 + 2 * DAY_MS);
    let before = Hour::of(trodden.now);
    let landed = rows::of_folders(lake, Hour::default()).await?;
    let manifest = lake.manifest().await?;
    for table in Table::ALL {
        let key = table.key(&manifest.parts(table).last().context("there is a part")?.id);
        let body = lake.get(&key).await?;
        let longer = [&body[..], b" "].concat();
        for (instead, what) in [(None, "gone"), (Some(longer), "does not have the rows")] {
            lake.remove(&key).await?;
            if let Some(instead) = instead {
                lake.put(&key, instead).await?;
            }
            let error = lake.compact(Some(before), later, 1).await.err().context("it is expected to fail")?.to_string();
            ensure!(error.contains(&key) && error.contains(what), "{error} does not name {key}");
            check_same("what has landed", &landed, &rows::of_folders(lake, Hour::default()).await?)?;
        }
        lake.put(&key, body).await?;
    }
    let summary = lake.compact(Some(before), later, 1).await?;
    ensure!(summary.hollowed > 0, "{summary:?}");
    check_same("restored", &trodden.rows, &rows::read(lake).await?)
}

/// The parts are switched all the same; what is read of them by reports is right.
async fn a_table_in_the_way_of_a_view_is_named(lab: &Lab, trodden: &Trodden) -> Result<()> {
    let lake = lab.copy(&trodden.lake, &trodden.objects, "bad-table").await?;
    let glue = &lab.aws.glue;
    let storage = StorageDescriptor::builder().location(format!("s3://{}/bars/", lake.bucket)).build();
    let input = TableInput::builder().name("bars").table_type("EXTERNAL_TABLE").storage_descriptor(storage).build()?;
    glue.delete_table().database_name(&lake.database).name("bars").send().await?;
    glue.create_table().database_name(&lake.database).table_input(input).send().await?;
    let before = lake.manifest().await?;
    for _ in 0..2 {
        let error = failure(lab, &lake).await?;
        ensure!(error.contains("bars") && error.contains("in its way"), "{error}");
    }
    ensure!(lake.manifest().await?.switches.len() == before.switches.len() + 1, "it is expected to switch once");
    check_same("with a table in the way", &trodden.rows, &rows::read(&lake).await?)?;
    glue.delete_table().database_name(&lake.database).name("bars").send().await?;
    goes_on(lab, &lake, trodden).await
}

/// The next run has nothing to complain of, and does all.
async fn goes_on(lab: &Lab, lake: &Lake, trodden: &Trodden) -> Result<()> {
    let answer = program::run(lake, &lab.endpoint).await?.map_err(anyhow::Error::msg)?;
    ensure!(answer["more"] == false && answer["strange_days"] == 0, "{answer}");
    check_same("the next run", &trodden.rows, &rows::read(lake).await?)?;
    lake.check_order("the next run").await
}

/// A Parquet file, but not of bars.
fn another_schema() -> Result<Vec<u8>> {
    let schema = parse_message_type("message other { required int32 symbol; }")?;
    let mut body = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut body, schema.into(), std::sync::Arc::default())?;
    let mut group = writer.next_row_group()?;
    let mut column = group.next_column()?.context("it has a column")?;
    column.typed::<Int32Type>().write_batch(&[1], None, None)?;
    column.close()?;
    group.close()?;
    writer.close()?;
    Ok(Bytes::from(body).to_vec())
}

pub(crate) async fn a_manifest_that_cannot_be_read_is_named_by_all(stack: &Stack) -> Result<()> {
    let outputs = stack.outputs();
    let lake = Lake::of(stack.aws(), stack.endpoint(), &outputs.lake_bucket, &outputs.database)?;
    let sound = lake.get(manifest::KEY).await?;
    ensure!(Manifest::parse(&sound)?.version > 0, "the lake of the stack is expected to be compacted");
    for garbage in [&b"{"[..], b"", b"[]", b"{\"version\": 1}", &[0xff, 0xfe]] {
        lake.put(manifest::KEY, garbage.to_vec()).await?;
        for function in [&outputs.compact_function, &outputs.report_function] {
            let answer = stack.aws().invoke(function, b"{}".to_vec()).await;
            let error = answer.err().with_context(|| format!("{function} answers, with {garbage:?} for a manifest"))?;
            let error = format!("{error:#}");
            ensure!(error.contains(manifest::KEY), "{error}");
        }
        ensure!(lake.get(manifest::KEY).await? == garbage, "it was overwritten");
    }
    lake.put(manifest::KEY, sound).await?;
    stack.aws().invoke(&outputs.report_function, br#"{"report":"integrity"}"#.to_vec()).await?;
    Ok(())
}
