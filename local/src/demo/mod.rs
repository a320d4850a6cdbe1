//! The demo: bars through the whole system, counted at both ends.

mod producer;
mod summary;

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail, ensure};
use chrono::Utc;
use tokio::time::Instant;

use crate::console::{Console, Step, say};
use crate::live::{Pages, Server};
use crate::{Integrity, Stack, StackOptions, compact, crawl};
use summary::{Lake, Summary};

const LAND_LIMIT: Duration = Duration::from_mins(10);
const STEPS: usize = 7;

/// What the demo publishes.
#[derive(Debug, Clone)]
pub enum Source {
    /// The rows of a CSV file.
    Csv(PathBuf),
    /// So many bars of the simulator.
    Simulator {
        /// Number of bars.
        count: u64,
    },
}

/// Runs the demo and prints what it does. `open` serves the reports afterwards, until `interrupted`.
///
/// # Errors
/// Nothing of the file can be published: with the reasons, before anything starts. A step failed: with its name, the cause and the
/// log. The records are not each in the lake exactly once, or none of them as a bar.
pub async fn run(
    source: Source,
    options: StackOptions,
    open: bool,
    interrupted: impl Future<Output = ()>,
) -> Result<()> {
    let mut console = Console::new(STEPS);
    let mut interrupted = std::pin::pin!(interrupted);
    if let Source::Csv(file) = &source {
        ensure!(file.is_file(), "there is no file {}: name a CSV file of bars", file.display());
        tokio::select! {
            checked = producer::check(file) => checked?,
            () = &mut interrupted => bail!("interrupted"),
        }
    }
    let mut stack = tokio::select! {
        stack = start(options, &mut console) => stack?,
        () = &mut interrupted => bail!("interrupted"),
    };
    let outcome = tokio::select! {
        summary = pass_through(&mut stack, &source, &mut console) => summary,
        () = &mut interrupted => Err(anyhow::anyhow!("interrupted")),
    };
    let stopped = stack.stop().await;
    let summary = outcome?;
    stopped.context("stop the stack")?;
    say(&summary.to_string());
    let checked = summary.check();
    if open {
        let server = Server::start(Pages::Copy { lake: summary.lake().to_owned() }).await?;
        say(&format!("  open       {} (until Ctrl-C)", server.url()));
        interrupted.await;
    }
    checked
}

async fn start(options: StackOptions, console: &mut Console) -> Result<Stack> {
    // Not KAFKA_TOPIC, which is for `local up`. And somebody else's broker may hold records already; the sums need a topic that holds
    // only this run's.
    let delete_topic = options.bootstrap_servers.is_some();
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let topic = if delete_topic { format!("stock-bars-demo-{seconds}") } else { "stock-bars".to_owned() };
    let options = StackOptions { topic, delete_topic, ..options };
    let step = console.step("start Kafka and the AWS emulator, deploy template.yaml");
    let stack = Stack::start_telling(options, |reached| step.say(reached)).await.with_context(|| step.failed())?;
    step.done("the stack is up");
    Ok(stack)
}

async fn pass_through(stack: &mut Stack, source: &Source, console: &mut Console) -> Result<Summary> {
    let began = Instant::now();
    let step = console.step(&match source {
        Source::Csv(file) => format!("publish the bars of {}", file.display()),
        Source::Simulator { count } => format!("publish {count} simulated bars"),
    });
    step.hide();
    let published = producer::publish(stack, source).await.with_context(|| step.failed())?;
    step.done(&published.line);

    let step = console.step("land them: the Kafka event source invokes the ingest function");
    let progress = land(stack, &step).await.with_context(|| step.failed())?;
    let land_seconds = began.elapsed().as_secs_f64();
    step.done(&format!("{} records in {} events", progress.counts.records, progress.counts.events));

    let step = console.step("crawl: the crawl function starts the Glue crawler");
    crawl::run(stack.aws(), stack.outputs())
        .await
        .with_context(|| emulator_log(stack))
        .with_context(|| step.failed())?;
    step.done("the crawler is ready");

    let step = console.step("compact: the compact function merges small objects into few");
    let next_hour = compact::next_hour(Utc::now());
    let compacted = compact::run(stack.aws(), &stack.outputs().compact_function, Some(&next_hour)).await;
    let compacted = compacted.with_context(|| emulator_log(stack)).with_context(|| step.failed())?;
    step.done(&compacted.in_words());

    let step = console.step("report: the report function queries Athena and publishes");
    let day = Utc::now().format("%Y-%m-%d");
    let event = serde_json::json!({ "date": day.to_string() }).to_string();
    let reported = stack.aws().invoke(&stack.outputs().report_function, event.into_bytes()).await;
    let reported = reported.with_context(|| emulator_log(stack)).with_context(|| step.failed())?;
    step.done("the reports are written");

    let step = console.step("read the integrity report, and copy the lake");
    let integrity = Integrity::published(stack.aws(), &reported).await.with_context(|| step.failed())?;
    let lake = Lake::copy(stack).await.with_context(|| emulator_log(stack)).with_context(|| step.failed())?;
    let reject = if integrity.landed() == 0 { a_reject(stack).await.with_context(|| step.failed())? } else { None };
    step.done(&format!("copied to {}", stack.folder().lake().display()));
    Ok(Summary::new(stack, published, progress, land_seconds, integrity, lake, reject))
}

/// Why one of the rejected records was, if any was.
async fn a_reject(stack: &Stack) -> Result<Option<String>> {
    let query = "SELECT reason, detail FROM rejects ORDER BY kafka_partition, kafka_offset LIMIT 1";
    let rows = stack.athena_query(query).await?;
    Ok(rows.into_iter().next().map(|row| row.into_iter().flatten().collect::<Vec<_>>().join(": ")))
}

fn emulator_log(stack: &Stack) -> String {
    format!("see {}", stack.folder().log("emulator").display())
}

async fn land(stack: &Stack, step: &Step) -> Result<crate::Progress> {
    let mut retries = 0;
    let watch = |progress: &crate::Progress| {
        let on_topic = progress.on_topic();
        step.note(&format!("{} of {on_topic} records", on_topic - progress.lag()));
        if progress.counts.retries > retries {
            retries = progress.counts.retries;
            let error = progress.counts.last_error.as_deref().unwrap_or("unknown");
            step.say(&format!("invocation failed, trying again: {error}"));
        }
    };
    let drained = stack.event_source()?.wait_until_drained(LAND_LIMIT, watch).await;
    drained.with_context(|| format!("see {}", stack.folder().log("event-source").display()))
}
