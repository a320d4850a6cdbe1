//! What was typed: the command line, and the environment variables that stand for it.
#![expect(clippy::doc_markdown, reason = "these comments are the help text, which shows a backtick as a backtick")]

mod choices;
mod file;

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::builder::FalseyValueParser;
use clap::{Parser, Subcommand, ValueEnum};

pub(crate) use self::file::{DialectArgs, InspectArgs};
use crate::resume::Start;

const EXAMPLES: &str = "\
Examples:
  The tutorial's file, once, as fast as the broker takes it:
    producer --bootstrap-servers broker-1:9092 --create-topic --partitions 3 --csv indexProcessed.csv

  What a file is taken for, and what of it would be skipped; sends nothing:
    producer inspect bars.csv

  A file of one symbol, as a portal gives it (Nasdaq's here), and all files of a folder, called by their symbols:
    producer --bootstrap-servers broker-1:9092 --csv HistoricalData.csv --symbol ACME
    producer --bootstrap-servers broker-1:9092 --csv 'stooq/*.txt' --symbol-from-file

  Ten bars a second, drawn at random from the file until Ctrl-C:
    producer --bootstrap-servers broker-1:9092 --csv indexProcessed.csv --order sample --rate 10

  A hundred thousand simulated bars, the same ones each time:
    producer --bootstrap-servers broker-1:9092 --simulate --seed 7 --count 100000

  Bars of five minutes, in the hours of 14 exchanges:
    producer --bootstrap-servers broker-1:9092 --simulate --interval 5m --count 100000

  Bars that another program writes, JSON or CSV:
    ./market-feed | producer --bootstrap-servers broker-1:9092 --stdin

  What a feed writes to files, for ever; after a restart, behind what is on the topic:
    producer --bootstrap-servers broker-1:9092 --follow /var/lib/feed --resume

  A broker with TLS and a password (keep the password out of the process list):
    export KAFKA_PROPERTIES=sasl.username=lake,sasl.password=...
    producer --bootstrap-servers broker-1:9096 --csv indexProcessed.csv \\
      -X security.protocol=SASL_SSL -X sasl.mechanism=SCRAM-SHA-512

SIGINT and SIGTERM stop reading and send what is queued (30 s at most; a second signal ends at once).
The last line, on stdout, adds up: read = skipped + on the topic before + sent, sent = acknowledged + failed.
The exit code is 0 only when something was sent, not more was skipped than sent, and every record sent was acknowledged.";

const DOCTOR_EXAMPLES: &str = "\
Examples:
  A plaintext listener inside a VPC:
    producer doctor --bootstrap-servers broker-1:9092 --topic stock-bars

  A listener with TLS and a password, of a broker with a CA of its own (keep the password out of the process list):
    export KAFKA_PROPERTIES=sasl.username=lake,sasl.password=...
    producer doctor --bootstrap-servers broker-1:9096 -X security.protocol=SASL_SSL \\
      -X sasl.mechanism=SCRAM-SHA-512 -X ssl.ca.location=ca.pem

Each line begins with ok, note (works, but should be known) or bad, and says what to do. Nothing is changed, nothing is
sent to the topic, and no password is printed. The exit code is 0 only when nothing is bad.";

/// Publishes stock bars to an Apache Kafka topic, each acknowledged by all in-sync replicas.
#[derive(Parser)]
#[command(
    name = "producer",
    version,
    after_help = EXAMPLES,
    max_term_width = 120,
    subcommand_negates_reqs = true,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) source: SourceArgs,

    #[command(flatten)]
    pub(crate) dialect: DialectArgs,

    #[command(flatten)]
    pub(crate) kafka: KafkaArgs,

    /// Only read the source and name what would be skipped; asks no broker. Exit code as if it had been sent
    #[arg(long, help_heading = "Source")]
    pub(crate) dry_run: bool,

    /// Order of the rows of --csv [default: replay]
    #[arg(long, value_enum, env = "PRODUCER_ORDER", help_heading = "Source")]
    pub(crate) order: Option<Order>,

    /// Begin again at the end of the file, until --count or a signal
    #[arg(long, env = "PRODUCER_REPEAT", value_parser = FalseyValueParser::new(), help_heading = "Source")]
    pub(crate) repeat: bool,

    /// Seed of --simulate and of --order sample [default: drawn anew, and printed]
    #[arg(long, value_name = "N", env = "PRODUCER_SEED", help_heading = "Source")]
    pub(crate) seed: Option<u64>,

    /// First day of the simulation, which goes on to the end of the year 9999 [default: 2021-06-01]
    #[arg(long, value_name = "YYYY-MM-DD", env = "PRODUCER_FROM", help_heading = "Source")]
    pub(crate) from: Option<NaiveDate>,

    /// Go on behind the newest rows on the topic, each of which carries its place; one producer at a time
    #[arg(
        long,
        value_name = "FROM",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "newest",
        env = "PRODUCER_RESUME",
        help_heading = "Source"
    )]
    pub(crate) resume: Option<Start>,

    /// Stop at the first row that cannot be a bar, instead of skipping and counting it
    #[arg(long, env = "PRODUCER_STRICT", value_parser = FalseyValueParser::new(), help_heading = "Source")]
    pub(crate) strict: bool,

    /// Keep rows that are skipped, as they were, at the end of this file, below the header that they had
    #[arg(long, value_name = "FILE", env = "PRODUCER_SKIPPED", help_heading = "Source")]
    pub(crate) skipped: Option<PathBuf>,

    /// Records a second, evenly spaced; 0: as fast as the broker takes them
    #[arg(
        long,
        value_name = "N",
        default_value = "0",
        env = "PRODUCER_RATE",
        value_parser = rate,
        help_heading = "Pace"
    )]
    pub(crate) rate: f64,

    /// Stop after N records have been sent; with --resume, after N that are on the topic, those from before among them
    #[arg(
        long,
        value_name = "N",
        env = "PRODUCER_COUNT",
        value_parser = clap::value_parser!(u64).range(1..),
        help_heading = "Pace"
    )]
    pub(crate) count: Option<u64>,
}

/// What to do instead of publishing.
#[derive(Subcommand)]
pub(crate) enum Command {
    Doctor(DoctorArgs),
    Inspect(InspectArgs),
}

/// Before a deployment: examines the way to the broker, its certificate, the login and the topic, one line each
#[derive(clap::Args)]
#[command(after_help = DOCTOR_EXAMPLES, max_term_width = 120)]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) broker: BrokerArgs,
}

/// Where the bars come from: exactly one.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct SourceArgs {
    /// Files with a row to a bar (names, patterns, or - for standard input), packed or not; columns are found by their
    /// names, and those that are no field of a bar go along
    #[arg(long, value_name = "FILE", num_args = 1.., env = "PRODUCER_CSV", help_heading = "Source")]
    pub(crate) csv: Vec<PathBuf>,

    /// Random walk of the tutorial's 14 indices, endless unless --count is given
    #[arg(long, env = "PRODUCER_SIMULATE", value_parser = FalseyValueParser::new(), help_heading = "Source")]
    pub(crate) simulate: bool,

    /// Files that are written on, read as they grow (as tail -F does, also when they are turned), folders of such files, or patterns:
    /// JSON lines or CSV
    #[arg(long, value_name = "FILE", num_args = 1.., env = "PRODUCER_FOLLOW", help_heading = "Source")]
    pub(crate) follow: Vec<PathBuf>,

    /// What another program writes to standard input: JSON lines or a JSON array, of objects with an Index, sent byte by
    /// byte as they are; or CSV
    #[arg(long, env = "PRODUCER_STDIN", value_parser = FalseyValueParser::new(), help_heading = "Source")]
    pub(crate) stdin: bool,
}

/// Where the bars go.
#[derive(clap::Args)]
pub(crate) struct KafkaArgs {
    #[command(flatten)]
    pub(crate) broker: BrokerArgs,

    /// Create the topic if it does not exist
    #[arg(long, env = "KAFKA_CREATE_TOPIC", value_parser = FalseyValueParser::new(), help_heading = "Kafka")]
    pub(crate) create_topic: bool,

    /// Partitions of the topic to create
    #[arg(
        long,
        value_name = "N",
        default_value = "3",
        requires = "create_topic",
        env = "KAFKA_PARTITIONS",
        value_parser = clap::value_parser!(i32).range(1..),
        help_heading = "Kafka"
    )]
    pub(crate) partitions: i32,

    /// Replicas of the topic to create [default: the broker's default.replication.factor]
    #[arg(
        long,
        value_name = "N",
        requires = "create_topic",
        env = "KAFKA_REPLICATION_FACTOR",
        value_parser = clap::value_parser!(i32).range(1..=i64::from(i16::MAX)),
        help_heading = "Kafka"
    )]
    pub(crate) replication_factor: Option<i32>,
}

/// The topic, and the way to it.
#[derive(clap::Args)]
pub(crate) struct BrokerArgs {
    /// Brokers to ask for the others, comma separated
    #[arg(long, value_name = "HOST:PORT,...", env = "KAFKA_BOOTSTRAP_SERVERS", help_heading = "Kafka")]
    pub(crate) bootstrap_servers: Option<String>,

    /// Topic of the bars
    #[arg(long, value_name = "NAME", default_value = "stock-bars", env = "KAFKA_TOPIC", help_heading = "Kafka")]
    pub(crate) topic: String,

    /// Any librdkafka property, as often as needed; wins over KAFKA_PROPERTIES
    #[arg(short = 'X', value_name = "PROPERTY=VALUE", help_heading = "Kafka")]
    pub(crate) property: Vec<String>,

    /// Properties as one list, separated by commas, or by line breaks where a value has a comma in it
    #[arg(long, value_name = "LIST", env = "KAFKA_PROPERTIES", hide_env_values = true, help_heading = "Kafka")]
    pub(crate) properties: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Order {
    /// From the first row to the last
    Replay,
    /// At random, with replacement, until --count or a signal; the file is held in memory
    Sample,
}

fn rate(typed: &str) -> Result<f64, String> {
    const SLOWEST: f64 = 0.001;
    match typed.parse::<f64>() {
        Ok(rate) if rate == 0.0 || (SLOWEST..=1e9).contains(&rate) => Ok(rate),
        _ => Err(format!("must be 0, or a number from {SLOWEST} up")),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn exactly_one_source_is_wanted() {
        for sources in [&[][..], &["--simulate", "--stdin"], &["--simulate", "--csv", "bars.csv"], &["--csv"]] {
            assert!(Args::try_parse_from([&["producer"], sources].concat()).is_err(), "{sources:?}");
        }
        for sources in
            [&["--stdin"][..], &["--csv", "a.csv", "b.csv", "--symbol", "ACME"], &["inspect", "a.csv", "b.csv"]]
        {
            assert!(Args::try_parse_from([&["producer"], sources].concat()).is_ok(), "{sources:?}");
        }
    }

    #[test]
    fn a_rate_is_zero_or_a_number_that_a_clock_can_keep() {
        assert_eq!(rate("0"), Ok(0.0));
        assert_eq!(rate("0.5"), Ok(0.5));
        for bad in ["-1", "nan", "inf", "1e-300", "ten"] {
            assert!(rate(bad).is_err(), "{bad}");
        }
    }
}
