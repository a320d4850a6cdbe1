//! What Lambda gives up on, on the deployed stack: it is kept, `redrive` feeds it back, and every record is in the lake once.

use std::collections::HashMap;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use aws_sdk_lambda::types::Environment;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use local::{Backoff, Stack, StackOptions};
use tests::{built, land, number, produce, stack_options};

const MEND_LIMIT: Duration = Duration::from_secs(30);
/// Long enough for the emulator to see, short enough to wait for.
const BACKOFF: Duration = Duration::from_millis(100);

const ONE_BAR: &str = r#"{"Index":"HSI","Date":"2021-05-31","Open":1,"High":2,"Low":1,"Close":2,"Volume":0}"#;

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
    assert_eq!(number(&stack, "SELECT count(*) FROM bars WHERE kafka_topic <> 'probe'").await?, 500);
    nothing_to_do(&stack)?;

    put(&stack, "aws/lambda/again", copy).await?;
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
    put(stack, "a-note", b"do not delete".to_vec()).await?;
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
    let records = "SELECT count(*) FROM (SELECT DISTINCT kafka_topic, kafka_partition, kafka_offset FROM bars \
                   WHERE kafka_topic <> 'probe') AS record";
    assert_eq!(number(stack, records).await?, 500);
    assert_eq!(number(stack, "SELECT count(*) FROM bars WHERE kafka_topic <> 'probe'").await?, 500);
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

/// Points the function at another bucket, waits until it does what that means, and returns the one before.
async fn set_lake_bucket(stack: &Stack, bucket: &str) -> Result<String> {
    let (lambda, function) = (&stack.aws().lambda, &stack.outputs().ingest_function);
    let configuration = lambda.get_function_configuration().function_name(function).send().await?;
    let variables = configuration.environment().and_then(|environment| environment.variables());
    let mut variables: HashMap<String, String> = variables.context("the function has no environment")?.clone();
    let before = variables.insert("LAKE_BUCKET".to_owned(), bucket.to_owned()).context("it has no LAKE_BUCKET")?;
    let environment = Environment::builder().set_variables(Some(variables)).build();
    lambda.update_function_configuration().function_name(function).environment(environment).send().await?;

    let works = *bucket == stack.outputs().lake_bucket;
    let deadline = Instant::now() + MEND_LIMIT;
    while stack.aws().invoke(function, probe()).await.is_ok() != works {
        ensure!(Instant::now() < deadline, "the function did not follow its environment to {bucket}");
        tokio::time::sleep(BACKOFF).await;
    }
    Ok(before)
}

/// An event of one record that succeeds where the function can reach its lake.
fn probe() -> Vec<u8> {
    let value = STANDARD.encode(ONE_BAR);
    format!(r#"{{"records":{{"probe-0":[{{"offset":0,"timestamp":1,"value":"{value}"}}]}}}}"#).into_bytes()
}

/// Keys and sizes of what is in the on-failure bucket.
async fn objects(stack: &Stack) -> Result<Vec<(String, u64)>> {
    stack.aws().list(&stack.outputs().failed_events_bucket, "").await
}

async fn read(stack: &Stack, key: &str) -> Result<Vec<u8>> {
    let bucket = &stack.outputs().failed_events_bucket;
    let object = stack.aws().s3.get_object().bucket(bucket).key(key).send().await?;
    Ok(object.body.collect().await?.to_vec())
}

async fn put(stack: &Stack, key: &str, body: Vec<u8>) -> Result<()> {
    let bucket = &stack.outputs().failed_events_bucket;
    stack.aws().s3.put_object().bucket(bucket).key(key).body(body.into()).send().await?;
    Ok(())
}
