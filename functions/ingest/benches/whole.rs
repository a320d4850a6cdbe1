//! What the whole function costs, seen from outside: the built binary, fed full events by a runtime API, writing to a bucket that
//! discards. Seconds of processor time for a million records, and into what they go. Beside it, in the same rounds, the same function
//! in Python, as someone writes it who has measured.
//!
//! Time is that of processors, of the process and of the kernel for it: what else the machine does changes it less than time on the wall.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "in a benchmark a panic is the message")]
#![expect(clippy::print_stdout, reason = "the figures are what one runs it for")]

mod steps;
mod workload;

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use harness::{Function, bucket, tunables};
use workload::FULL;

const ROUNDS: usize = 5;
/// Events of a round, after those that warm up.
const EVENTS: usize = 30;
const WARM_UP: usize = 2;
/// Records per second of processor time, as a multiple of what Python does in the same run.
const LEAST_TIMES_PYTHON: f64 = 4.0;

/// What a function has cost.
#[derive(Clone, Copy)]
struct Cost {
    /// Of a processor, for a million records.
    seconds: f64,
    /// The most bytes of memory.
    memory: u64,
}

/// What is measured of it.
#[derive(Clone, Copy, PartialEq)]
enum Delivery {
    First,
    /// All of it has landed: it is received, parsed and found in the ledger.
    Second,
}

fn main() -> ExitCode {
    let (bars, source) = workload::bars();
    let values: Vec<_> = bars.iter().map(workload::json).collect();
    let event = |number: usize| workload::event("stock-bars", number * FULL, &values);
    let events: Vec<_> = (0..WARM_UP + EVENTS).map(event).collect();
    println!("{EVENTS} events of {FULL} records, {} bytes each, {source}; medians of {ROUNDS} rounds", events[0].len());

    let mut rounds = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        rounds[0].push(run(ingest(), &events, Delivery::First));
        rounds[1].push(run(ingest(), &events, Delivery::Second));
        rounds[2].push(run(python(), &events, Delivery::First));
    }
    let [whole, second, python] = rounds.map(median);
    let [parse, decode, encode] = steps::ours(&events[WARM_UP]).map(|time| for_a_million(time, FULL));

    println!("seconds of a processor for a million records:");
    for (what, seconds) in [
        ("receive the event, and find what has landed", second.seconds - parse),
        (steps::NAMES[0], parse),
        (steps::NAMES[1], decode),
        (steps::NAMES[2], encode),
        ("sign and send, and what is left", whole.seconds - second.seconds - decode - encode),
    ] {
        println!("{what:>48} {seconds:6.2} s, {:3.0} %", seconds / whole.seconds * 100.0);
    }
    for (name, cost) in [("ingest", whole), ("the same in Python", python)] {
        println!(
            "{name:>48} {:6.2} s: {:8.0} records per second of a processor, {:4.0} MiB at most",
            cost.seconds,
            1e6 / cost.seconds,
            mebibytes(cost.memory)
        );
    }
    let times = python.seconds / whole.seconds;
    println!("{times:.1} times what Python does, goal at least {LEAST_TIMES_PYTHON:.0}");
    if times >= LEAST_TIMES_PYTHON { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// As `make bench-whole` has built it, for AWS.
fn ingest() -> Command {
    Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/lambda/ingest/bootstrap"))
}

/// `make bench-whole` has installed what it needs.
fn python() -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(root.join("../../target/peer/venv/bin/python"));
    command.arg(root.join("benches/peer.py"));
    command
}

fn run(function: Command, events: &[String], delivery: Delivery) -> Cost {
    let bucket = bucket::discarding(".parquet");
    let endpoint = format!("http://{}", bucket.address);
    let (name, tunables) = tunables();
    let variables =
        [("AWS_ENDPOINT_URL", endpoint.as_str()), ("LAKE_BUCKET", "lake"), ("GENERATION", "1"), (name, &tunables)];
    let mut function = Function::start_command(function, "ingest", &variables, None);
    for event in if delivery == Delivery::First { &events[..WARM_UP] } else { events } {
        function.invoke(event.clone()).expect("the event lands");
    }
    let before = function.processor_time();
    for event in &events[WARM_UP..] {
        let answer = function.invoke(event.clone()).expect("the event lands");
        let landed = format!("\"landed\":{}", if delivery == Delivery::First { FULL } else { 0 });
        assert!(answer.replace(' ', "").contains(&landed), "{answer}");
    }
    let spent = function.processor_time().saturating_sub(before);
    Cost { seconds: for_a_million(spent, EVENTS * FULL), memory: function.peak_memory() }
}

fn for_a_million(time: Duration, records: usize) -> f64 {
    time.as_secs_f64() * 1e6 / f64::from(u32::try_from(records).unwrap())
}

fn median(mut costs: Vec<Cost>) -> Cost {
    costs.sort_by(|one, other| one.seconds.total_cmp(&other.seconds));
    costs[ROUNDS / 2]
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 bytes")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
