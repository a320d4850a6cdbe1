//! A stack through its life: deployed, upgraded while records come, kept on its topic, put onto one that was made anew, joined by another
//! stack, removed.

mod beside;
mod reading_again;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use local::{Backoff, Progress, Stack, StackOptions, project_root};
use shared::ledger::Ledger;
use tests::{built, integrity, land, number, produce, stack_options};

const PARTITIONS: i32 = 2;

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_goes_on_where_the_old_one_was_and_a_removal_keeps_what_landed() -> Result<()> {
    let options = StackOptions {
        partitions: PARTITIONS,
        // What fails until the next deployment is not to be given up before it, nor to wait for long after it.
        retries: Some(u32::MAX),
        backoff: Backoff { longest: Duration::from_secs(1), ..Backoff::default() },
        ..stack_options("upgrade")
    };
    let mut stack = Stack::start(options).await?;
    publish(&stack, 600)?;
    land(&stack).await?;
    every_record_is_there_once(&stack, 600).await?;

    an_upgrade_goes_on_where_the_old_one_was(&mut stack).await?;
    what_stays_is_refused_in_words(&mut stack).await?;
    reading_again::what_nobody_delivers_any_more_lands_and_the_rest_is_skipped(&mut stack).await?;
    a_topic_made_anew_lands_beside_the_old_one(&mut stack).await?;
    let neighbour = beside::another_stack_has_all_to_itself(&stack).await?;
    a_removal_asks_and_keeps_what_landed(&stack).await?;
    beside::the_other_stack_goes_on(&stack, neighbour).await?;
    stack.stop().await
}

/// With other parameters for the function and for the event source, and a producer that does not stop for it.
async fn an_upgrade_goes_on_where_the_old_one_was(stack: &mut Stack) -> Result<()> {
    let names = stack.outputs().clone();
    let ledgers = ledgers(stack).await?;
    assert_eq!(ledgers.len(), PARTITIONS as usize, "{ledgers:?}");

    let publishing = Command::new(built("producer"))
        .args(["--bootstrap-servers", stack.bootstrap_servers(), "--topic", stack.topic()])
        .args(["--simulate", "--seed", "2", "--rate", "100", "--count", "600"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run the producer")?;
    stack.redeploy(&[("LogLevel", "DEBUG"), ("BatchSize", "50")]).await?;
    let published = publishing.wait_with_output()?;
    ensure!(published.status.success(), "the producer failed: {}", printed(&published));
    publish(stack, 400)?;
    let progress = land(stack).await?;

    assert_eq!(*stack.outputs(), names);
    assert!(progress.counts.events * 50 >= progress.counts.records, "the new batch size counts: {progress:?}");
    assert_eq!(committed(&progress), 1_600);
    every_record_is_there_once(stack, 1_600).await?;
    let later = self::ledgers(stack).await?;
    assert!(later.keys().eq(ledgers.keys()), "{later:?} instead of {ledgers:?}");
    for (key, ledger) in &later {
        assert!(ledger.sequence > ledgers[key].sequence, "{key} stands still");
    }
    Ok(())
}

/// By `CloudFormation`, whoever deploys: the emulator refuses as AWS does to replace a policy that has a name of ours.
async fn what_stays_is_refused_in_words(stack: &mut Stack) -> Result<()> {
    let before = (stack.outputs().clone(), mapping_id(stack).await?);
    for (parameter, value) in
        [("KafkaTopic", "another"), ("KafkaConsumerGroup", "another"), ("DatabaseName", "another")]
    {
        let refusal = stack.redeploy(&[(parameter, value)]).await.err();
        let refusal = refusal.map_or_else(|| "not refused".to_owned(), |error| format!("{error:#}"));
        assert!(refusal.contains("KafkaTopicAndConsumerGroupAndDatabaseNameStay"), "{parameter}: {refusal}");
    }
    // As if nobody had asked: deployable, and the same.
    stack.redeploy(&[]).await?;
    assert_eq!((stack.outputs().clone(), mapping_id(stack).await?), before);
    Ok(())
}

/// By itself.
async fn a_topic_made_anew_lands_beside_the_old_one(stack: &mut Stack) -> Result<()> {
    let old = ledgers(stack).await?;
    stack.renew_topic(PARTITIONS).await?;
    publish(stack, 300)?;
    let progress = land(stack).await?;
    assert_eq!((committed(&progress), progress.counts.given_up, progress.counts.last_error), (300, 0, None));
    every_record_is_there_once(stack, 2_200).await?;

    let new = ledgers(stack).await?;
    assert!(new.keys().eq(old.keys()), "{new:?} instead of {old:?}");
    for (key, ledger) in &new {
        let lives: Vec<_> = ledger.lives.iter().map(|life| life.life).collect();
        assert_eq!((ledger.current, lives), (2, vec![1, 2]), "{key}");
    }
    let lives =
        stack.athena_query("SELECT kafka_life, count(*) FROM bars GROUP BY kafka_life ORDER BY kafka_life").await?;
    let lives: Vec<_> = lives.into_iter().map(|row| row.into_iter().flatten().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(lives, ["1 1900", "2 300"]);
    Ok(())
}

async fn a_removal_asks_and_keeps_what_landed(stack: &Stack) -> Result<()> {
    let names = stack.outputs();
    let lake = stack.aws().list(&names.lake_bucket, "").await?;
    let given_up = ("aws/lambda/kept".to_owned(), 2);
    let put = stack.aws().s3.put_object().bucket(&names.failed_events_bucket).key(&given_up.0);
    put.body(b"{}".to_vec().into()).send().await?;

    let another = undeploy(stack, &["--stack", "another", "--yes"])?;
    assert!(!another.status.success());
    assert!(printed(&another).contains("there is no stack another in us-east-1"), "{}", printed(&another));
    let unconfirmed = undeploy(stack, &[])?;
    assert!(!unconfirmed.status.success());
    assert!(printed(&unconfirmed).contains("nothing was removed"), "{}", printed(&unconfirmed));
    assert!(is_deployed(stack).await?);

    let removed = undeploy(stack, &["--yes"])?;
    assert!(removed.status.success(), "{}", printed(&removed));
    assert!(!is_deployed(stack).await?);
    assert_eq!(stack.aws().list(&names.lake_bucket, "").await?, lake);
    assert_eq!(stack.aws().list(&names.failed_events_bucket, "").await?, [given_up]);
    let said = printed(&removed);
    let mut buckets = String::from("Its buckets are kept:\n");
    writeln!(buckets, "  s3://{}\n  s3://{}", names.lake_bucket, names.failed_events_bucket)?;
    assert!(said.contains(&buckets), "{said}");
    assert!(said.contains("make redrive lands them"), "{said}");
    Ok(())
}

/// The emulator removes a crawler that runs; AWS does not. Its own test, which needs nothing but what `make` has installed.
#[test]
fn a_crawl_is_ended_before_the_stack_is_removed() -> Result<()> {
    let output = Command::new(project_root().join("target/tools/venv/bin/python"))
        .args(["-B", "local/test_undeploy.py"])
        .current_dir(project_root())
        .output()?;
    ensure!(output.status.success(), "{}", printed(&output));
    Ok(())
}

fn publish(stack: &Stack, count: u32) -> Result<()> {
    produce(stack, stack.topic(), &["--simulate", "--seed", "1", "--count", &count.to_string()]).map(drop)
}

async fn every_record_is_there_once(stack: &Stack, records: u64) -> Result<()> {
    let found = integrity(stack).await?;
    assert_eq!((found.landed(), found.rejected(), found.is_clean()), (records, 0, true), "{found:?}");
    assert_eq!(number(stack, "SELECT count(*) FROM bars").await?, records);
    Ok(())
}

/// Every ledger there is, by its key.
async fn ledgers(stack: &Stack) -> Result<BTreeMap<String, Ledger>> {
    let (s3, bucket) = (&stack.aws().s3, &stack.outputs().lake_bucket);
    let mut ledgers = BTreeMap::new();
    for (key, _) in stack.aws().list(bucket, "ledger/").await? {
        let object = s3.get_object().bucket(bucket).key(&key).send().await?;
        ledgers.insert(key, Ledger::parse(&object.body.collect().await?.to_vec())?);
    }
    Ok(ledgers)
}

/// Which is also the name of its consumer group: the emulator drops the one that template.yaml gives it.
async fn mapping_id(stack: &Stack) -> Result<String> {
    let ingest = &stack.outputs().ingest_function;
    let answer = stack.aws().lambda.list_event_source_mappings().function_name(ingest).send().await?;
    let id = answer.event_source_mappings().first().and_then(|mapping| mapping.uuid());
    Ok(id.context("the function has no event source mapping")?.to_owned())
}

fn committed(progress: &Progress) -> i64 {
    progress.partitions.iter().filter_map(|partition| partition.committed).sum()
}

async fn is_deployed(stack: &Stack) -> Result<bool> {
    let functions = stack.aws().lambda.list_functions().send().await?;
    let ingest = &stack.outputs().ingest_function;
    Ok(functions.functions().iter().any(|function| function.function_name() == Some(ingest)))
}

/// As `make undeploy` does, with nobody at the terminal.
fn undeploy(stack: &Stack, arguments: &[&str]) -> Result<Output> {
    Command::new(project_root().join("target/tools/venv/bin/python"))
        .args(["-B", "local/undeploy.py"])
        .args(arguments)
        .current_dir(project_root())
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| ["PATH", "HOME", "TMPDIR"].iter().any(|kept| name == kept)))
        .envs(stack.environment())
        .stdin(Stdio::null())
        .output()
        .context("cannot run local/undeploy.py")
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
