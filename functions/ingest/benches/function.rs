//! What the function costs as a process: the built binary, between a runtime API and a bucket of this program's own. Its size, the
//! time from its start to its first request for work, the most memory that full events take, and its connections.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "in a benchmark a panic is the message")]
#![expect(clippy::print_stdout, reason = "the figures are what one runs it for")]

mod workload;

use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use harness::{Function, bootstrap, bucket};
use workload::FULL;

const FUNCTION: &str = "IngestFunction";
const LAKE: [(&str, &str); 2] = [("LAKE_BUCKET", "lake"), ("GENERATION", "1")];
const STARTS: usize = 50;
const EVENTS: usize = 3;
/// Lambda cuts an event before its JSON is larger.
const LARGEST_EVENT: usize = 6 << 20;

const MOST_SIZE: f64 = 10.0;
const MOST_MILLISECONDS: f64 = 10.0;
const MOST_MEMORY: f64 = 96.0;

fn main() -> ExitCode {
    let size = fs::metadata(bootstrap(FUNCTION)).unwrap().len();
    let mut kept = goal("size of the binary", mebibytes(size), "MiB", MOST_SIZE);

    let mut starts: Vec<_> = (0..STARTS).map(|_| Function::start(FUNCTION, &LAKE).until_ready()).collect();
    starts.sort();
    let median = starts[STARTS / 2];
    kept &= goal("start to the first request for work, median", milliseconds(median), "ms", MOST_MILLISECONDS);
    println!(
        "{:>52} {:6.1} to {:.1} ms",
        "fastest to slowest of 50 starts",
        milliseconds(starts[0]),
        milliseconds(starts[STARTS - 1])
    );

    let (bars, _) = workload::bars();
    let values: Vec<_> = bars.iter().map(workload::json).collect();
    let bar = r#"{"Index":"X","Date":"2024-01-02","Open":1,"High":1,"Low":1,"Close":1,"Volume":1}"#;
    let array = format!("[{}]", [bar; 20].join(","));
    let rejects: Vec<_> = values.iter().map(|value| value.replace("Close", "close")).collect();
    kept &= full_events("bars", &padded(values));
    kept &= full_events("rejects", &padded(rejects));
    kept &= full_events("arrays of bars", &as_many_as_fit(&array));
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Memory and connections of one process that gets full events one after the other.
fn full_events(of: &str, values: &[String]) -> bool {
    let bucket = bucket::start();
    let endpoint = format!("http://{}", bucket.address);
    let mut function = Function::start(
        FUNCTION,
        &[("AWS_ENDPOINT_URL", endpoint.as_str())].into_iter().chain(LAKE).collect::<Vec<_>>(),
    );
    let mut connections = Vec::new();
    for number in 0..EVENTS {
        let event = workload::event("stock-bars", number * values.len(), values);
        assert!((LARGEST_EVENT / 100 * 98..=LARGEST_EVENT).contains(&event.len()), "{of}: {} bytes", event.len());
        function.invoke(event).expect("the event lands");
        connections.push(bucket.connections());
    }
    let kept =
        goal(&format!("memory, full events of {of}, peak"), mebibytes(function.peak_memory()), "MiB", MOST_MEMORY);
    let repeated = connections[EVENTS - 1] > connections[0];
    println!(
        "{:>52} {connections:?}{}",
        "connections to S3 after each event",
        if repeated { "  MISSED: more with each" } else { "" }
    );
    kept && !repeated
}

fn goal(figure: &str, measured: f64, unit: &str, most: f64) -> bool {
    let kept = measured < most;
    println!("{figure:>52} {measured:6.1} {unit}, goal below {most} {unit}{}", if kept { "" } else { "  MISSED" });
    kept
}

/// With a field that makes the event as large as it can be.
fn padded(mut values: Vec<String>) -> Vec<String> {
    let spare = LARGEST_EVENT - workload::event("stock-bars", EVENTS * FULL, &values).len();
    let padding = "x".repeat(spare / FULL / 4 * 3 - 15);
    for value in &mut values {
        value.insert_str(1, &format!(r#""Source":"{padding}","#));
    }
    values
}

fn as_many_as_fit(value: &str) -> Vec<String> {
    let hundred = workload::event("stock-bars", EVENTS * FULL, [value; 100]).len();
    vec![value.to_owned(); LARGEST_EVENT * 100 / hundred]
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 bytes")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
