//! Publishes stock bars to Apache Kafka, from a CSV file, a simulation or standard input: every one is acknowledged, or
//! counted as failed.

mod args;
mod bootstrap;
mod client;
mod config;
mod delivery;
#[cfg(feature = "tls")]
mod doctor;
mod inspect;
mod pace;
mod progress;
mod properties;
mod publish;
mod rehearsal;
mod resume;
mod run;
mod sending;
mod skipped;
mod source;
mod stop;
mod tally;
mod topic;

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;

use crate::args::{Args, Command, DoctorArgs, InspectArgs};
use crate::config::Config;
use crate::progress::Progress;
use crate::publish::Publisher;
use crate::resume::Resume;
use crate::sending::Sender;
use crate::source::{NoPast, NoRecord, Past, Plan, Rows};
use crate::stop::Stop;
use crate::tally::Shortfall;

/// How long silent brokers are waited for. The promise is an error within ten seconds.
const PATIENCE: Duration = Duration::from_secs(8);

/// What a run ends with that sent all it could, and that was too little: another try would send the same once more. clap takes the
/// same number for a command line that it does not understand.
const SHORTFALL: u8 = 2;

/// Where to see why a run fell short.
const ADVICE: &str = "; `producer inspect FILE` shows what a file is taken for, and why rows are skipped";

#[expect(clippy::print_stderr, reason = "the one place where an error reaches the user")]
fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(exit_code) => exit_code,
        Err(error) => {
            eprintln!("error: {error:#}");
            if error.is::<Shortfall>() { ExitCode::from(SHORTFALL) } else { ExitCode::FAILURE }
        }
    }
}

fn run(args: &Args) -> Result<ExitCode> {
    match &args.command {
        Some(Command::Doctor(doctor)) => examine(doctor),
        Some(Command::Inspect(inspect)) => self::inspect(inspect),
        None if args.dry_run => rehearse(args),
        None => publish(args),
    }
}

fn rehearse(args: &Args) -> Result<ExitCode> {
    let (source, limits) = config::source_and_limits(args, rand::random())?;
    let rows = source::open(&source, Box::new(NoPast))?;
    let mut skipped = config::skipped(args, &source)?;
    let rehearsal = rehearsal::rehearse(rows, &limits, &mut skipped, &Progress::new(None))?;
    writeln!(io::stdout(), "{rehearsal}")?;
    ended(rehearsal.shortfall(), &source)
}

/// A run that went well, if it did not fall short.
fn ended(shortfall: Option<Shortfall>, source: &Plan) -> Result<ExitCode> {
    match (shortfall, source) {
        (None, _) => Ok(ExitCode::SUCCESS),
        (Some(shortfall), Plan::Replay { .. } | Plan::Sample { .. }) => Err(shortfall.with(ADVICE).into()),
        (Some(shortfall), _) => Err(shortfall.into()),
    }
}

fn inspect(args: &InspectArgs) -> Result<ExitCode> {
    inspect::inspect(args, &mut io::stdout().lock())?.map_or(Ok(ExitCode::SUCCESS), |shortfall| Err(shortfall.into()))
}

#[cfg(feature = "tls")]
fn examine(args: &DoctorArgs) -> Result<ExitCode> {
    Ok(if doctor::examine(args)? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Half of what the doctor looks at is TLS.
#[cfg(not(feature = "tls"))]
fn examine(args: &DoctorArgs) -> Result<ExitCode> {
    client::settings(&args.broker)?;
    anyhow::bail!("the doctor needs TLS, and {}", client::WITHOUT_TLS)
}

fn publish(args: &Args) -> Result<ExitCode> {
    let config = Config::from_args(args, rand::random())?;
    let mut skipped = config::skipped(args, &config.source)?;
    let progress = Progress::new(config.total());
    let proven = match proven(&config.source)? {
        Proven::Rows(rows) => rows,
        Proven::None(rows) => {
            let rehearsal = rehearsal::rehearse(rows, &config.limits, &mut skipped, &progress)?;
            writeln!(io::stdout(), "{rehearsal}")?;
            return ended(rehearsal.shortfall(), &config.source);
        }
    };
    let (publisher, sentence) = Publisher::connect(&config.kafka, &config.topic, PATIENCE)?;
    progress.say(&sentence);
    let resume = match &config.resume {
        Some((start, kafka)) => {
            let say = |sentence: &str| progress.say(sentence);
            Some(Resume::begin(kafka, &config.topic.name, *start, &config.source, say)?)
        }
        None => None,
    };
    let past = || resume.as_ref().map_or_else(|| Box::new(NoPast) as Box<dyn Past>, Resume::past);
    // What was opened before this run had the topic may be another file by now.
    let proven = proven.filter(|_| resume.is_none());
    let rows = proven.map_or_else(|| source::open(&config.source, past()), Ok)?;
    let rows = match &resume {
        Some(resume) => resume.stamped(rows, &config.source)?,
        None => rows,
    };
    if let Some(seed) = config.source.seed() {
        progress.say(&format!("seed {seed}"));
    }

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        let mut stop = Stop::listen()?;
        let sender = Sender { limits: config.limits, skipped, progress, lease: resume.as_ref().map(Resume::lease) };
        io::Result::Ok(run::run(rows, sender, Arc::new(publisher), resume.as_ref(), &mut stop).await)
    })?;

    if outcome.tally.failed > 0 {
        // Some of it may arrive yet: the next producer is to wait as if this one had died.
        std::mem::forget(resume);
    }
    writeln!(io::stdout(), "{}", outcome.tally)?;
    match outcome.error {
        Some(error) => Err(error),
        None if outcome.tally.failed > 0 => Ok(ExitCode::FAILURE),
        None => ended(outcome.tally.shortfall().filter(|_| outcome.is_whole), &config.source),
    }
}

enum Proven {
    /// What has been opened, if it had to be.
    Rows(Option<Rows>),
    /// No row is a record: there is nothing to send.
    None(Rows),
}

/// Reads files up to their first record, so that a topic is not made for nothing. What a program writes is not waited for.
fn proven(source: &Plan) -> Result<Proven> {
    /// Rows that are kept back at most.
    const MOST: usize = 100_000;
    if !matches!(source, Plan::Replay { .. } | Plan::Sample { .. }) {
        return Ok(Proven::Rows(None));
    }
    let mut rows = source::open(source, Box::new(NoPast))?;
    let mut first = Vec::new();
    while first.len() < MOST {
        match rows.next() {
            None => return Ok(Proven::None(Box::new(first.into_iter()))),
            Some(row) => {
                let is_broken = matches!(row, Err(NoRecord::Broken(_)));
                let is_record = row.is_ok();
                first.push(row);
                if is_broken {
                    return Ok(Proven::None(Box::new(first.into_iter())));
                }
                if is_record {
                    break;
                }
            }
        }
    }
    Ok(Proven::Rows(Some(Box::new(first.into_iter().chain(rows)))))
}
