//! The command line of the local stack.

use std::future::Future;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::builder::NonEmptyStringValueParser as NonEmpty;
use clap::{Parser, Subcommand};
use local::demo::{self, Source};
use local::redrive::{self, Named, Place};
use local::{StackOptions, compact, stack_folder, up};
use tokio::signal::unix::{SignalKind, signal};

/// The whole system on this machine: real Kafka, the AWS emulator, the deployed template.yaml
#[derive(Parser)]
#[command(
    version,
    after_help = "\
Environment:
  KAFKA_BOOTSTRAP_SERVERS        a broker that runs already (host:port,host:port), instead of one of its own
  KAFKA_TOPIC                    the topic of `local up` (default stock-bars)
  LOCAL_STACK                    as --name
  AWS_*                          for `local redrive` alone: the account that it works on

Examples:
  local demo                     35,000 simulated bars from the topic to the reports
  local demo --data bars.csv     the bars of a file
  local demo --open              and its reports in a browser, until Ctrl-C
  local up                       the stack, until Ctrl-C
  local compact                  merges the small objects of that stack
  local redrive --dry-run        what Lambda gave up on and would be fed back to the function"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Publish bars, land them, crawl, report; exit 0 only if every record is found again
    Demo {
        /// CSV file of bars, columns as Index,Date,Open,High,Low,Close,Adj Close,Volume,CloseUSD
        #[arg(long, value_name = "FILE")]
        data: Option<PathBuf>,
        /// Number of simulated bars, without --data
        #[arg(long, value_name = "N", default_value_t = 35_000, conflicts_with = "data", value_parser = clap::value_parser!(u64).range(1..))]
        count: u64,
        /// Serve the reports afterwards, on 127.0.0.1 until Ctrl-C
        #[arg(long)]
        open: bool,
        #[command(flatten)]
        beside: Beside,
    },
    /// Start the stack, say how to use it, and keep it up until Ctrl-C
    Up {
        #[command(flatten)]
        beside: Beside,
    },
    /// Merge the small objects of the stack of `local up`, all that have landed until now
    Compact {
        #[command(flatten)]
        beside: Beside,
    },
    /// Feed what Lambda gave up on back to the ingest function, and remove what has landed; exit 0 only if nothing is kept
    #[command(after_help = "\
Region and credentials are those of the AWS tools: AWS_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID, ~/.aws and so on. It may be
stopped and repeated at any time: an object is removed only when its records have landed, and what has landed is skipped.

Environment (without any of the options; target/local/env has them):
  FAILED_EVENTS_BUCKET, INGEST_FUNCTION, LAKE_BUCKET   as --bucket, --function and --lake

Examples:
  local redrive --dry-run                 what the stack tickerlake would be fed
  local redrive --stack tickerlake-test   another stack
  local redrive --bucket tickerlake-failedeventsbucket-1x2y --function tickerlake-IngestFunction-3z4w
  set -a; . target/local/env; set +a; local redrive
                                          the stack of `make up`")]
    Redrive {
        /// Stack whose outputs name buckets and function [default: tickerlake]
        #[arg(long, value_name = "NAME", conflicts_with_all = ["bucket", "function", "lake"], value_parser = NonEmpty::new())]
        stack: Option<String>,
        /// Bucket with what Lambda gave up on
        #[arg(long, value_name = "NAME", requires = "function", value_parser = NonEmpty::new())]
        bucket: Option<String>,
        /// Ingest function, by name or ARN
        #[arg(long, value_name = "NAME", requires = "bucket", value_parser = NonEmpty::new())]
        function: Option<String>,
        /// The lake's bucket, where the bytes go of a record that is larger than any event
        #[arg(long, value_name = "NAME", requires = "bucket", value_parser = NonEmpty::new())]
        lake: Option<String>,
        /// Only list what would be fed
        #[arg(long)]
        dry_run: bool,
    },
}

/// Another stack beside the first.
#[derive(clap::Args)]
struct Beside {
    /// Another stack than the one in target/local, which may run beside it: in target/local-NAME
    #[arg(long, value_name = "NAME", env = "LOCAL_STACK", value_parser = name)]
    name: Option<String>,
}

impl Beside {
    fn options(&self) -> StackOptions {
        let name = self.name.as_deref().filter(|name| !name.is_empty());
        StackOptions { folder: stack_folder(name), ..StackOptions::from_environment() }
    }
}

/// It becomes a folder that is emptied.
fn name(typed: &str) -> Result<String, String> {
    let fits = typed.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if fits { Ok(typed.to_owned()) } else { Err("must be lower-case letters, digits and hyphens".to_owned()) }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ended =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start").and_then(|runtime| {
            let ended = runtime.block_on(run(arguments.command));
            // A call into librdkafka may still wait for a broker that is gone.
            runtime.shutdown_timeout(Duration::from_secs(2));
            ended
        });
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<bool> {
    let interrupted = interrupted()?;
    match command {
        Command::Demo { data, count, open, beside } => {
            let source = data.map_or(Source::Simulator { count }, Source::Csv);
            demo::run(source, beside.options(), open, interrupted).await.map(|()| true)
        }
        Command::Compact { beside } => compact::now(&beside.options()).await.map(|()| true),
        Command::Redrive { stack, bucket, function, lake, dry_run } => {
            let named = bucket.zip(function).map(|(bucket, function)| Named { bucket, function, lake });
            redrive::run(Place::chosen(stack, named), dry_run, interrupted).await
        }
        Command::Up { beside } => up::run(beside.options(), interrupted).await.map(|()| true),
    }
}

/// Ends with the first signal that asks this process to end.
fn interrupted() -> Result<impl Future<Output = ()>> {
    let mut signals = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()]
        .into_iter()
        .map(signal)
        .collect::<Result<Vec<_>, _>>()
        .context("cannot listen for signals")?;
    Ok(async move {
        let received = signals.iter_mut().map(|signal| Box::pin(signal.recv()));
        futures::future::select_all(received).await;
    })
}
