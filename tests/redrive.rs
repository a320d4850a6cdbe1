//! What Lambda gives up on, on the deployed stack: it is kept, `redrive` feeds it back, and every record is in the lake once.

use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use local::{Backoff, Stack, StackOptions};
use tests::{built, error_type, ingest_environment_with, land, number, produce, put, stack_options};

/// An event that fails is to be given up soon.
const BACKOFF: Duration = Duration::from_millis(100);

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_up_is_kept_and_lands_once_when_it_is_fed_again() -> Result<()> {
    let options = StackOptions {
        retries: Some(1),
        backoff: Backoff { first: BACKOFF, longest: BACKOFF },
        ..stack_options("redrive")
    };
    let stack = Stack::start(options).await?;
    nothing_to_do(&stack)?;

    let lake = set_lake_bucket(&stack, "there-is-no-such-bucket").await?;
    produce(&stack, stack.topic(), &["--simulate", "--seed", "1", "--count", "500"])?;
    let progress = land(&stack).await?;
    assert_eq!((progress.counts.given_up, progress.counts.records), (500, 0), "{:?}", progress.counts.last_error);
    let kept = objects(&stack).await?;
    assert!(!kept.is_empty());
    assert!(kept.iter().all(|(key, _)| key.starts_with("aws/lambda/")), "{kept:?}");

    let of_s3 = error_type(&stack, &stack.outputs().ingest_function, r#"{"settle":true}"#).await?;
    assert_eq!(of_s3, "LakeUnavailable");

    it_is_listed_and_left(&stack, kept.len())?;
    what_fails_again_stays(&stack, &kept).await?;

    set_lake_bucket(&stack, &lake).await?;
    let copy = read(&stack, &kept[0].0).await?;
    what_is_no_such_record_stays(&stack, kept.len()).await?;
    assert_eq!(number(&stack, "SELECT count(*) FROM bars").await?, 500);
    nothing_to_do(&stack)?;

    put_failed(&stack, "aws/lambda/again", copy).await?;
    let again = redrive(&stack, &[])?;
    assert!(again.status.success(), "{}", printed(&again));
    assert!(objects(&stack).await?.is_empty());
    every_record_is_there_once(&stack).await?;

    what_no_event_can_hold_becomes_a_reject(&stack, &lake).await?;
    stack.stop().await
}

/// A record that compresses well: the broker takes it, and its JSON is larger than any event. With neighbours, and fed twice.
async fn what_no_event_can_hold_becomes_a_reject(stack: &Stack, lake: &str) -> Result<()> {
    let value = format!(r#"{{"Index":"BIG","note":"{}"}}"#, "x".repeat(7_000_000));
    let bar = r#"{"Index":"BIG","Date":"2026-01-02","Open":1,"High":1,"Low":1,"Close":1}"#;
    let lines = stack.folder().path().join("large.jsonl");
    std::fs::write(&lines, [bar, &value, bar, ""].join("\n"))?;
    let larger = ["-X", "message.max.bytes=8000000", "-X", "batch.size=8000000"];
    produce_lines(stack, &lines, &larger)?;
    let progress = land(stack).await?;
    assert_eq!(progress.counts.records, 2, "{:?}", progress.counts.last_error);

    let [(key, _)] = &objects(stack).await?[..] else { anyhow::bail!("not one object is kept") };
    let copy = read(stack, key).await?;
    for (fed, expected) in [(1, "0 landed, 1 rejected, 0 skipped"), (2, "0 landed, 0 rejected, 1 skipped")] {
        let output = redrive(stack, &[])?;
        assert!(output.status.success(), "{}", printed(&output));
        assert!(printed(&output).contains(&format!("1 records: {expected}")), "{fed}: {}", printed(&output));
        assert!(objects(stack).await?.is_empty());
        put_failed(stack, "aws/lambda/again", copy.clone()).await?;
    }
    redrive(stack, &[])?;

    let found = stack.athena_query("SELECT reason, detail FROM rejects").await?;
    let [row] = &found[..] else { anyhow::bail!("{found:?}") };
    let (reason, detail) = (row[0].clone().unwrap_or_default(), row[1].clone().unwrap_or_default());
    assert_eq!(reason, "too_large", "{detail}");
    let place = detail.rsplit_once(&format!("s3://{lake}/")).map(|(_, key)| key.to_owned()).context(detail)?;
    let object = stack.aws().s3.get_object().bucket(lake).key(place).send().await?;
    let record: serde_json::Value = serde_json::from_slice(&object.body.collect().await?.to_vec())?;
    let kept = STANDARD.decode(record["value"].as_str().context("the record has no value")?)?;
    assert!(kept == value.as_bytes(), "its bytes are those that were published");

    let integrity = tests::integrity(stack).await?;
    let sum = |count: fn(&local::PartitionIntegrity) -> u64| integrity.partitions.iter().map(count).sum::<u64>();
    assert_eq!((sum(|of| of.rejected), sum(|of| of.holes), sum(|of| of.duplicates)), (1, 0, 0), "{integrity:?}");
    Ok(())
}

fn produce_lines(stack: &Stack, lines: &std::path::Path, arguments: &[&str]) -> Result<()> {
    let output = Command::new(built("producer"))
        .args(["--bootstrap-servers", stack.bootstrap_servers(), "--topic", stack.topic(), "--stdin"])
        .args(arguments)
        .stdin(std::fs::File::open(lines)?)
        .output()?;
    anyhow::ensure!(output.status.success(), "{}", printed(&output));
    Ok(())
}

fn nothing_to_do(stack: &Stack) -> Result<()> {
    let output = redrive(stack, &[])?;
    assert!(output.status.success(), "{}", printed(&output));
    assert!(printed(&output).contains("nothing to redrive: the bucket is empty"), "{}", printed(&output));
    Ok(())
}

/// By the stack's name this time, as for a stack on AWS.
fn it_is_listed_and_left(stack: &Stack, events: usize) -> Result<()> {
    let output = redrive(stack, &["--stack", "tickerlake", "--dry-run"])?;
    assert!(output.status.success(), "{}", printed(&output));
    let expected = format!("dry run: {events} objects: {events} to be fed; 500 records");
    assert!(printed(&output).contains(&expected), "{}", printed(&output));
    Ok(())
}

async fn what_fails_again_stays(stack: &Stack, kept: &[(String, u64)]) -> Result<()> {
    let output = redrive(stack, &[])?;
    assert_eq!(output.status.code(), Some(1), "{}", printed(&output));
    for (key, _) in kept {
        assert!(printed(&output).contains(&format!("{key}: kept: ")), "{}", printed(&output));
    }
    assert_eq!(objects(stack).await?, kept);
    Ok(())
}

/// And does not keep the others from landing.
async fn what_is_no_such_record_stays(stack: &Stack, events: usize) -> Result<()> {
    put_failed(stack, "a-note", b"do not delete".to_vec()).await?;
    let output = redrive(stack, &[])?;
    assert_eq!(output.status.code(), Some(1), "{}", printed(&output));
    assert!(
        printed(&output).contains("a-note: kept: it is not an invocation record of lambda"),
        "{}",
        printed(&output)
    );
    let expected = format!("done: {} objects: {events} fed and removed, 1 kept; 500 records: ", events + 1);
    assert!(printed(&output).contains(&expected), "{}", printed(&output));
    let left: Vec<String> = objects(stack).await?.into_iter().map(|(key, _)| key).collect();
    assert_eq!(left, ["a-note"]);
    let bucket = &stack.outputs().failed_events_bucket;
    stack.aws().s3.delete_object().bucket(bucket).key("a-note").send().await?;
    Ok(())
}

async fn every_record_is_there_once(stack: &Stack) -> Result<()> {
    let records = "SELECT count(*) FROM (SELECT DISTINCT kafka_partition, kafka_offset FROM bars) AS record";
    assert_eq!(number(stack, records).await?, 500);
    assert_eq!(number(stack, "SELECT count(*) FROM bars").await?, 500);
    assert_eq!(number(stack, "SELECT count(*) FROM rejects").await?, 0);
    Ok(())
}

/// Runs the program as a user does who has read the stack's environment, and nothing else of ours.
fn redrive(stack: &Stack, arguments: &[&str]) -> Result<Output> {
    Command::new(built("local"))
        .arg("redrive")
        .args(arguments)
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| ["PATH", "HOME", "TMPDIR"].iter().any(|kept| name == kept)))
        .envs(stack.environment())
        .output()
        .context("cannot run local redrive")
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Points the function at another bucket, and returns the one before.
async fn set_lake_bucket(stack: &Stack, bucket: &str) -> Result<String> {
    let (lambda, function) = (&stack.aws().lambda, &stack.outputs().ingest_function);
    let (environment, before) = ingest_environment_with(stack, "LAKE_BUCKET", bucket.to_owned()).await?;
    lambda.update_function_configuration().function_name(function).environment(environment).send().await?;
    before.context("it has no LAKE_BUCKET")
}

async fn objects(stack: &Stack) -> Result<Vec<(String, u64)>> {
    stack.aws().list(&stack.outputs().failed_events_bucket, "").await
}

async fn read(stack: &Stack, key: &str) -> Result<Vec<u8>> {
    let bucket = &stack.outputs().failed_events_bucket;
    let object = stack.aws().s3.get_object().bucket(bucket).key(key).send().await?;
    Ok(object.body.collect().await?.to_vec())
}

async fn put_failed(stack: &Stack, key: &str, object: Vec<u8>) -> Result<()> {
    put(stack, &stack.outputs().failed_events_bucket, key, object).await
}
