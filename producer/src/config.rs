//! What was meant: the arguments, checked against each other.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, bail, ensure};
use chrono::{Datelike, NaiveDate};
use rdkafka::ClientConfig;

use crate::args::{Args, Order, SourceArgs};
use crate::client;
use crate::resume::{MOST_QUEUED, Start};
use crate::sending::Limits;
use crate::skipped::Skipped;
use crate::source::choices::{Choices, minutes_of};
use crate::source::{self, Files, Plan};
use crate::topic::Topic;

/// The tutorial's data end the day before.
const AFTER_THE_TUTORIAL: NaiveDate = NaiveDate::from_ymd_opt(2021, 6, 1).unwrap();

/// librdkafka's name for how many records may wait.
const QUEUE: &str = "queue.buffering.max.messages";

/// Minutes between two pauses of an exchange.
const SHORTEST_SESSION: u32 = 120;

/// One publication, as the user meant it.
pub(crate) struct Config {
    pub(crate) source: Plan,
    pub(crate) kafka: ClientConfig,
    pub(crate) topic: Topic,
    pub(crate) limits: Limits,
    /// Where to begin, if places go along, and what consumers are told that see to it.
    pub(crate) resume: Option<(Start, ClientConfig)>,
}

/// What is read, and how much of it: all that `--dry-run` needs.
pub(crate) fn source_and_limits(args: &Args, drawn_seed: u64) -> Result<(Plan, Limits)> {
    let source = source_plan(args, args.seed.unwrap_or(drawn_seed))?;
    Ok((source, Limits { rate: args.rate, count: args.count }))
}

/// What is done with rows that cannot be bars.
pub(crate) fn skipped(args: &Args, source: &Plan) -> Result<Skipped> {
    let sources = match source {
        Plan::Replay { files, .. } | Plan::Sample { files, .. } => files.paths()?,
        Plan::Follow { named, .. } => named.clone(),
        Plan::Simulate { .. } | Plan::Stdin { .. } => Vec::new(),
    };
    Skipped::new(args.strict, args.skipped.as_deref(), &sources)
}

impl Config {
    /// `drawn_seed` is the seed to use where none was typed and one is needed.
    pub(crate) fn from_args(args: &Args, drawn_seed: u64) -> Result<Config> {
        let (mut source, limits) = source_and_limits(args, drawn_seed)?;
        let mut kafka = client::settings(&args.kafka.broker)?;
        let mut resume = None;
        if let Some(start) = args.resume.filter(|start| *start != Start::Off) {
            can_resume(args, &source, &kafka)?;
            if let Plan::Replay { files, .. } = &mut source {
                // A pattern is looked at once: files that come later are of the next run.
                files.named = each_once(files.paths()?)?;
            }
            resume = Some((start, kafka.clone()));
            for of_consumers in ["group.id", "session.timeout.ms"] {
                kafka.remove(of_consumers);
            }
            // A row that is lost with others behind it on the topic would never be sent again.
            kafka.set("enable.gapless.guarantee", "true").set("message.timeout.ms", "0");
            if kafka.get(QUEUE).is_none() {
                kafka.set(QUEUE, MOST_QUEUED.to_string());
            }
        }
        Ok(Config {
            source,
            kafka,
            topic: Topic {
                name: args.kafka.broker.topic.clone(),
                create: args.kafka.create_topic,
                partitions: args.kafka.partitions,
                replication_factor: args.kafka.replication_factor,
            },
            limits,
            resume,
        })
    }

    /// How many rows are to come, where it can be told.
    pub(crate) fn total(&self) -> Option<u64> {
        [source::total(&self.source), self.limits.count].into_iter().flatten().min()
    }
}

/// What cannot be gone on with is refused before it is begun.
fn can_resume(args: &Args, source: &Plan, kafka: &ClientConfig) -> Result<()> {
    match source {
        Plan::Stdin { .. } => bail!(
            "--resume needs a source that can be read again, and standard input cannot: let the program write to a file, and --follow it"
        ),
        Plan::Replay { files, .. }
            if files.paths()?.iter().any(|path| path.exists() && !path.is_file() || path.as_os_str() == "-") =>
        {
            bail!("--resume needs files that can be read again: unpack them, and name them with --csv")
        }
        Plan::Replay { repeat: true, .. } => bail!("--resume does not go with --repeat, which has no end to go on to"),
        Plan::Sample { .. } => bail!("--resume does not go with --order sample, which has no order to go on in"),
        Plan::Simulate { .. } => {
            ensure!(args.seed.is_some(), "--resume needs the --seed of the simulation to go on with");
        }
        Plan::Replay { .. } | Plan::Follow { .. } => {}
    }
    for timeout in ["message.timeout.ms", "delivery.timeout.ms"] {
        ensure!(
            kafka.get(timeout).is_none(),
            "--resume gives up on no record, since what is behind it would hide it for ever: leave out {timeout}"
        );
    }
    for identity in ["group.instance.id", "group.protocol"] {
        ensure!(kafka.get(identity).is_none(), "--resume is a member of its group by itself: leave out {identity}");
    }
    if let Some(session) = kafka.get("session.timeout.ms") {
        ensure!(
            session.parse::<u32>().is_ok(),
            "--resume needs a number of milliseconds in session.timeout.ms, and {session} is none"
        );
    }
    if let Some(queued) = kafka.get(QUEUE) {
        ensure!(
            queued.parse::<u32>().is_ok_and(|queued| (1..=MOST_QUEUED).contains(&queued)),
            "--resume reads, when it begins, what may have been queued: leave out {QUEUE}={queued}, or at most {MOST_QUEUED}"
        );
    }
    let partitioner = kafka.get("partitioner").unwrap_or("consistent_random");
    ensure!(
        ["consistent_random", "consistent"].contains(&partitioner),
        "--resume chooses partitions as librdkafka's consistent_random does: leave out partitioner={partitioner}"
    );
    Ok(())
}

/// Rows of a file that is named twice would be on the topic twice.
fn each_once(paths: Vec<PathBuf>) -> Result<Vec<PathBuf>> {
    let mut seen: BTreeMap<PathBuf, &PathBuf> = BTreeMap::new();
    for path in &paths {
        // What is not there is found later.
        let Ok(full) = path.canonicalize() else { continue };
        if let Some(other) = seen.insert(full, path) {
            bail!(
                "--resume sends each file once, and {} and {} are the same: leave one of them out",
                other.display(),
                path.display()
            );
        }
    }
    Ok(paths)
}

/// clap's `requires` cannot say this: it gives way to the exclusive group that the sources form.
fn source_plan(args: &Args, seed: u64) -> Result<Plan> {
    let SourceArgs { csv, simulate, follow, .. } = &args.source;
    let choices = args.dialect.choices()?;
    ensure!(!csv.is_empty() || args.order.is_none(), "--order goes with --csv");
    ensure!(!csv.is_empty() || !args.repeat, "--repeat goes with --csv");
    ensure!(*simulate || args.from.is_none(), "--from goes with --simulate");
    let interval = choices.interval.clone();
    let is_of_a_file = Choices { interval: None, ..choices.clone() } != Choices::default();
    ensure!(!(*simulate && is_of_a_file), "how a file is read goes with --csv, --stdin and --follow");
    if *simulate {
        let from = args.from.unwrap_or(AFTER_THE_TUTORIAL);
        ensure!((1..=9999).contains(&from.year()), "--from {from} is not a day of the years 1 to 9999");
        if let Some(interval) = interval.as_deref().filter(|interval| *interval != "1d") {
            let minutes = minutes_of(interval).filter(|minutes| *minutes <= SHORTEST_SESSION);
            ensure!(minutes.is_some(), "--interval {interval}: what is simulated are bars of 1m to 2h, or of 1d");
        }
        return Ok(Plan::Simulate { from, seed, interval });
    }
    if !follow.is_empty() {
        ensure!(
            !args.dry_run,
            "--dry-run reads to the end, and --follow has none: producer inspect FILE shows what a file is taken for"
        );
        return Ok(Plan::Follow { named: follow.clone(), choices });
    }
    if csv.is_empty() {
        return Ok(Plan::Stdin { choices });
    }
    let is_input = csv.iter().any(|path| path.as_os_str() == "-");
    ensure!(!(is_input && args.repeat), "--repeat needs files: standard input can be read once");
    let files = Files { named: csv.clone(), choices };
    Ok(match args.order {
        Some(Order::Sample) if args.repeat => {
            bail!("--repeat goes with --order replay; a sample never ends by itself")
        }
        Some(Order::Sample) => Plan::Sample { files, seed },
        _ => Plan::Replay { files, repeat: args.repeat },
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn config(typed: &[&str]) -> Result<Config> {
        let broker = ["producer", "--bootstrap-servers", "broker-1:9092"];
        Config::from_args(&Args::try_parse_from([&broker, typed].concat())?, 42)
    }

    fn message(typed: &[&str]) -> String {
        config(typed).err().unwrap().to_string()
    }

    #[test]
    fn each_source_is_planned_as_typed() {
        let files = || Files { named: vec!["bars.csv".into()], choices: Choices::default() };
        let from = || "2021-06-01".parse().unwrap();
        let plan = |typed: &[&str]| config(typed).unwrap().source;
        assert_eq!(plan(&["--csv", "bars.csv", "--repeat"]), Plan::Replay { files: files(), repeat: true });
        assert_eq!(plan(&["--csv", "bars.csv", "--order", "sample"]), Plan::Sample { files: files(), seed: 42 });
        assert_eq!(plan(&["--simulate", "--seed", "7"]), Plan::Simulate { from: from(), seed: 7, interval: None });
        let interval = Some("5m".to_owned());
        let simulated = plan(&["--simulate", "--seed", "7", "--interval", "5m"]);
        assert_eq!(simulated, Plan::Simulate { from: from(), seed: 7, interval });
        for wrong in ["30s", "3h", "1wk"] {
            assert!(message(&["--simulate", "--interval", wrong]).contains("1m to 2h"));
        }
        let choices = Choices { separator: Some(b';'), ..Choices::default() };
        assert_eq!(plan(&["--stdin", "--separator", ";"]), Plan::Stdin { choices });
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        assert!(message(&["--csv", "bars.csv", "--order", "sample", "--repeat"]).contains("--order replay"));
        assert!(message(&["--simulate", "--repeat"]).contains("--csv"));
        assert!(message(&["--stdin", "--order", "sample"]).contains("--csv"));
        assert!(message(&["--stdin", "--from", "2021-06-01"]).contains("--simulate"));
        assert!(message(&["--stdin", "--partitions", "3"]).contains("--create-topic"));
        assert!(message(&["--simulate", "--symbol", "ACME"]).contains("--csv"));
        assert!(message(&["--csv", "-", "--repeat"]).contains("--repeat needs files"));
        assert!(message(&["--simulate", "--from", "+12000-01-01"]).contains("years 1 to 9999"));
    }

    #[test]
    fn what_cannot_be_gone_on_with_is_refused() {
        for (typed, told) in [
            (&["--stdin"][..], "--follow it"),
            (&["--csv", "-"], "can be read again"),
            (&["--csv", "bars.csv", "--repeat"], "--repeat"),
            (&["--csv", "bars.csv", "--order", "sample"], "--order sample"),
            (&["--simulate"], "--seed"),
            (&["--csv", "/dev/null"], "can be read again"),
            (&["--csv", "bars.csv", "-X", "partitioner=murmur2"], "partitioner=murmur2"),
            (&["--csv", "bars.csv", "-X", "message.timeout.ms=3000"], "leave out message.timeout.ms"),
            (&["--csv", "bars.csv", "-X", "session.timeout.ms=10s"], "10s is none"),
        ] {
            let message = message(&[typed, &["--resume"]].concat());
            assert!(message.contains("--resume") && message.contains(told), "{message}");
        }
        let resumed = |typed: &[&str]| config(typed).unwrap().resume.map(|(start, _)| start);
        assert_eq!(resumed(&["--csv", "bars.csv"]), None);
        assert_eq!(resumed(&["--csv", "bars.csv", "--resume"]), Some(Start::Newest));
        assert_eq!(resumed(&["--resume=anew", "--follow", "feeds"]), Some(Start::Anew));
        // As a variable says it.
        assert_eq!(resumed(&["--resume=true", "--follow", "feeds"]), Some(Start::Newest));
        for off in ["--resume=", "--resume=false", "--resume=0"] {
            assert_eq!(resumed(&[off, "--stdin"]), None, "{off}");
        }
    }

    #[test]
    fn a_file_that_is_named_twice_is_refused_and_a_pattern_is_looked_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let [file, link] = ["a.csv", "b.csv"].map(|name| folder.path().join(name).display().to_string());
        std::fs::write(&file, "").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let twice = message(&["--csv", &file, &link, "--resume"]);
        assert!(twice.contains(&format!("{file} and {link} are the same")), "{twice}");
        assert!(config(&["--csv", &file, &link]).is_ok());
        let pattern = folder.path().join("*.csv").display().to_string();
        let Plan::Replay { files, .. } = config(&["--csv", &pattern, "--resume"]).unwrap().source else { panic!() };
        assert_eq!(files.named, [PathBuf::from(file)]);
    }

    #[test]
    fn what_is_followed_has_no_end_to_rehearse() {
        assert!(message(&["--follow", "bars.csv", "--dry-run"]).contains("producer inspect"));
    }

    #[test]
    fn a_property_wins_over_the_option_of_the_same_meaning() {
        let kafka = config(&["--stdin", "-X", "bootstrap.servers=broker-2:9092"]).unwrap().kafka;
        assert_eq!(kafka.get("bootstrap.servers"), Some("broker-2:9092"));
    }

    #[test]
    fn a_broker_must_be_named() {
        let args = Args::try_parse_from(["producer", "--stdin", "--bootstrap-servers", ""]).unwrap();
        let message = Config::from_args(&args, 42).err().unwrap().to_string();
        assert!(message.contains("--bootstrap-servers") && message.contains("KAFKA_BOOTSTRAP_SERVERS"), "{message}");
    }
}
