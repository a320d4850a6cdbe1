//! What Lambda gives up on, on the deployed stack: it is kept, `redrive` feeds it back, and every record is in the lake once.

use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context, Result};
use local::{Backoff, Stack, StackOptions};
use tests::{built, ingest_environment_with, land, number, produce, put, stack_options};

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

    stack.stop().await
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
