//! Publishes stock bars to Apache Kafka, from a CSV file, a simulation or standard input: every one is acknowledged, or
//! counted as failed.

mod args;
mod config;
mod delivery;
#[cfg(feature = "tls")]
mod doctor;
mod pace;
mod progress;
mod properties;
mod publish;
mod rehearsal;
mod run;
mod source;
mod stop;
mod tally;
mod topic;

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;

use crate::args::{Args, Command, DoctorArgs};
use crate::config::Config;
use crate::progress::Progress;
use crate::publish::Publisher;
use crate::stop::Stop;

/// How long silent brokers are waited for. The promise is an error within ten seconds.
const PATIENCE: Duration = Duration::from_secs(8);

#[expect(clippy::print_stderr, reason = "the one place where an error reaches the user")]
fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(exit_code) => exit_code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> Result<ExitCode> {
    match &args.command {
        Some(Command::Doctor(doctor)) => examine(doctor),
        None if args.dry_run => rehearse(&args),
        None => publish(args),
    }
}

fn rehearse(args: &Args) -> Result<ExitCode> {
    let (source, limits) = config::source_and_limits(args, rand::random())?;
    let rehearsal = rehearsal::rehearse(source::open(&source)?, &limits, &Progress::new(None))?;
    writeln!(io::stdout(), "{rehearsal}")?;
    Ok(if rehearsal.has_any() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(feature = "tls")]
fn examine(args: &DoctorArgs) -> Result<ExitCode> {
    Ok(if doctor::examine(args)? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Half of what the doctor looks at is TLS.
#[cfg(not(feature = "tls"))]
fn examine(args: &DoctorArgs) -> Result<ExitCode> {
    config::client(&args.broker)?;
    anyhow::bail!("the doctor needs TLS, and {}", config::WITHOUT_TLS)
}

fn publish(args: Args) -> Result<ExitCode> {
    let config = Config::from_args(args, rand::random())?;
    let rows = source::open(&config.source)?;
    let mut progress = Progress::new(config.total());
    let (publisher, sentence) = Publisher::connect(&config.kafka, &config.topic, PATIENCE)?;
    progress.say(&sentence);
    if let Some(seed) = config.source.seed() {
        progress.say(&format!("seed {seed}"));
    }

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        let mut stop = Stop::listen()?;
        io::Result::Ok(run::run(rows, &config.limits, &publisher, &mut progress, &mut stop).await)
    })?;

    writeln!(io::stdout(), "{}", outcome.tally)?;
    match outcome.error {
        Some(error) => Err(error),
        None if outcome.tally.failed > 0 => Ok(ExitCode::FAILURE),
        None => Ok(ExitCode::SUCCESS),
    }
}
