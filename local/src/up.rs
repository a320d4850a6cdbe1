//! The stack for working with it: up until Ctrl-C.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::console::{Console, Step, say};
use crate::live::{History, Maker, Moment, Pages, Server};
use crate::rejects::Rejects;
use crate::{Counts, Stack, StackOptions};

const LOOK: Duration = Duration::from_secs(1);

/// Starts the stack, says how to use it, and keeps it up until `interrupted`.
///
/// # Errors
/// It did not start, or a part of it ended by itself.
pub async fn run(options: StackOptions, interrupted: impl Future<Output = ()>) -> Result<()> {
    let mut console = Console::new(2);
    let mut interrupted = std::pin::pin!(interrupted);
    let step = console.step("start Kafka and the AWS emulator, deploy template.yaml");
    let mut stack = tokio::select! {
        stack = Stack::start_telling(options, |reached| step.say(reached)) => {
            stack.with_context(|| step.failed())?
        }
        () = &mut interrupted => bail!("interrupted"),
    };
    step.done("the stack is up");
    stack.write_environment_file()?;
    let (moments, seen) = watch::channel(Moment::default());
    let pages = Pages::Live {
        moments: seen,
        maker: Arc::new(Maker::new(stack.aws(), stack.outputs())),
        topic: stack.topic().to_owned(),
        publish: publish(&stack),
    };
    let server = Server::start(pages).await?;
    say(&how_to_use(&stack, &server.url()));
    let ended = tokio::select! {
        ended = look_on(&mut stack, &mut console, &moments) => ended,
        () = &mut interrupted => Ok(()),
    };
    say("\nstopping");
    stack.stop().await?;
    ended
}

async fn look_on(stack: &mut Stack, console: &mut Console, moments: &watch::Sender<Moment>) -> Result<()> {
    let step = console.step("land what is published, until Ctrl-C");
    let (mut seen, mut told) = (Counts::default(), Counts::default());
    let mut rejects = Rejects::default();
    let mut history = History::default();
    loop {
        stack.check_running()?;
        let progress = stack.event_source()?.progress().await?;
        let counts = &progress.counts;
        if counts.given_up > seen.given_up {
            step.say(&format!("{} records given up, and kept for `make redrive`", counts.given_up));
        }
        if counts.retries > seen.retries {
            step.say(&format!(
                "invocation failed, trying again: {}",
                counts.last_error.as_deref().unwrap_or("unknown")
            ));
        }
        if counts.records > told.records && progress.lag() == 0 {
            step.say(&what_became(counts));
            let rejected = counts.rejected - told.rejected;
            if rejected > 0 {
                say_why(&step, stack, &mut rejects, rejected, &mut history).await;
            }
            told = counts.clone();
        }
        step.note(&match progress.lag() {
            0 => "no record waits".to_owned(),
            lag => format!("up to {lag} records waiting"),
        });
        moments.send_replace(history.take(&progress, Instant::now()));
        seen = progress.counts;
        sleep(LOOK).await;
    }
}

/// All since the start. What the function does not say of a record is not said here.
fn what_became(counts: &Counts) -> String {
    let Counts { records, events, landed, rejected, skipped, .. } = counts;
    let untold = records.saturating_sub(landed + rejected + skipped);
    let others = [(*skipped, "had landed before"), (untold, "of which the function says nothing")];
    let mut parts = vec![format!("{landed} landed"), format!("{rejected} rejected")];
    parts.extend(others.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
    let events = if *events == 1 { "1 event".to_owned() } else { format!("{events} events") };
    format!("{records} records in {events}: {}", parts.join(", "))
}

async fn say_why(step: &Step, stack: &Stack, rejects: &mut Rejects, rejected: u64, history: &mut History) {
    let bucket = &stack.outputs().lake_bucket;
    let examples = match rejects.new_examples(stack.aws(), bucket).await {
        Ok(examples) => examples,
        Err(error) => return step.say(&format!("why, is not to be had: {error:#}")),
    };
    for example in &examples {
        step.say(&format!("rejected: {example}"));
        history.reject(example.to_string());
    }
    if rejected > examples.len() as u64 {
        step.say(&format!("all of them are in s3://{bucket}/rejects/"));
    }
}

fn publish(stack: &Stack) -> String {
    let (servers, topic) = (stack.bootstrap_servers(), stack.topic());
    format!("target/debug/producer --bootstrap-servers {servers} --topic {topic} --simulate --count 1000")
}

fn how_to_use(stack: &Stack, page: &str) -> String {
    let (servers, topic, outputs) = (stack.bootstrap_servers(), stack.topic(), stack.outputs());
    let folder = stack.folder();
    format!(
        r#"
  open        {page} what lands, as it lands, and the reports
  Kafka       {servers}, topic {topic}
  AWS         {endpoint} (any key; region us-east-1)
  lake        s3://{bucket}/
  tables      {database}.bars, {database}.daily, {database}.rejects; workgroup {workgroup}
  functions   {ingest}, {crawl}, {compact}, {report}
  logs        {logs}
  environment {environment}

  publish     {publish}
  compact     make compact
  redrive     set -a; . {environment}; set +a; make redrive
  look        (with the AWS CLI) set -a; . {environment}; set +a; aws s3 ls --recursive s3://{bucket}/
  one event   PATH="$PWD/target/tools/venv/bin:$PATH" cargo lambda watch --invoke-address 127.0.0.1 --env-file {environment}
"#,
        publish = publish(stack),
        endpoint = stack.endpoint(),
        bucket = outputs.lake_bucket,
        database = outputs.database,
        workgroup = outputs.workgroup,
        ingest = outputs.ingest_function,
        crawl = outputs.crawl_function,
        compact = outputs.compact_function,
        report = outputs.report_function,
        logs = folder.logs().display(),
        environment = folder.environment_file().display(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_landed_is_told_apart_from_what_did_not() {
        let counts = Counts { records: 9, events: 2, landed: 6, rejected: 3, ..Counts::default() };
        assert_eq!(what_became(&counts), "9 records in 2 events: 6 landed, 3 rejected");
        let counts = Counts { records: 12, events: 1, skipped: 1, ..counts };
        assert_eq!(
            what_became(&counts),
            "12 records in 1 event: 6 landed, 3 rejected, 1 had landed before, 2 of which the function says nothing"
        );
    }
}
