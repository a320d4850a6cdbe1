//! The procedure "Reading the topic again" of RUNBOOK.md, with Kafka's own tool.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use local::{Stack, project_root};
use tests::path_with_java;

use crate::{committed, every_record_is_there_once, land, ledgers, mapping_id, printed, publish};

pub(crate) async fn what_nobody_delivers_any_more_lands_and_the_rest_is_skipped(stack: &mut Stack) -> Result<()> {
    // The group is past records that have not landed, as when Lambda could not keep what it gave up.
    stack.pause_event_source().await?;
    publish(stack, 300)?;
    reset_offsets(stack, "--to-latest").await?;
    stack.resume_event_source().await?;
    assert_eq!(committed(&land(stack).await?), 1_900);
    every_record_is_there_once(stack, 1_600).await?;

    stack.pause_event_source().await?;
    reset_offsets(stack, "--to-earliest").await?;
    stack.resume_event_source().await?;
    let progress = land(stack).await?;
    assert_eq!((progress.counts.records, progress.counts.given_up), (1_900, 0), "{progress:?}");
    every_record_is_there_once(stack, 1_900).await?;

    // Once more, and there is nothing left to land: a ledger changes only when something does.
    let all_landed = ledgers(stack).await?;
    stack.pause_event_source().await?;
    reset_offsets(stack, "--to-earliest").await?;
    stack.resume_event_source().await?;
    assert_eq!(land(stack).await?.counts.records, 1_900);
    assert_eq!(ledgers(stack).await?, all_landed);
    every_record_is_there_once(stack, 1_900).await
}

/// With the command that RUNBOOK.md shows, but for broker, group and topic, and for where the offsets are to be.
async fn reset_offsets(stack: &Stack, place: &str) -> Result<()> {
    let runbook = fs::read_to_string(project_root().join("RUNBOOK.md"))?;
    let command = runbook.lines().find_map(|line| line.strip_prefix("kafka-consumer-groups.sh "));
    let command = command.context("RUNBOOK.md has no kafka-consumer-groups.sh")?;
    ensure!(command.contains(" --to-earliest "), "{command}");
    let group = mapping_id(stack).await?;
    let arguments = command.split(' ').map(|argument| match argument {
        "broker-1:9092" => stack.bootstrap_servers(),
        "tickerlake" => &group,
        "stock-bars" => stack.topic(),
        "--to-earliest" => place,
        other => other,
    });
    let output = Command::new(project_root().join("broker/kafka.sh"))
        .arg("consumer-groups")
        .args(arguments)
        .env("KAFKA_LIBS", project_root().join("target/kafka/libs"))
        .env("PATH", path_with_java())
        .output()?;
    // The tool says what is wrong, and ends as if nothing were.
    let said = printed(&output);
    ensure!(output.status.success() && said.contains("NEW-OFFSET") && !said.contains("Error"), "{said}");
    Ok(())
}
