//! What the function holds as a process: the built binary, between a runtime API and a bucket of this program's own. The most memory
//! that full events take, and its connections.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "in a benchmark a panic is the message")]
#![expect(clippy::print_stdout, reason = "the figures are what one runs it for")]

mod workload;

use std::process::ExitCode;

use harness::{Function, bucket};
use workload::FULL;

const FUNCTION: &str = "IngestFunction";
const LAKE: [(&str, &str); 2] = [("LAKE_BUCKET", "lake"), ("GENERATION", "1")];
const EVENTS: usize = 3;
/// Lambda cuts an event before its JSON is larger.
const LARGEST_EVENT: usize = 6 << 20;

const MOST_MEMORY: f64 = 96.0;

fn main() -> ExitCode {
    let (bars, _) = workload::bars();
    let values: Vec<_> = bars.iter().map(workload::json).collect();
    let bar = r#"{"Index":"X","Date":"2024-01-02","Open":1,"High":1,"Low":1,"Close":1,"Volume":1}"#;
    let array = format!("[{}]", [bar; 20].join(","));
    let rejects: Vec<_> = values.iter().map(|value| value.replace("Close", "close")).collect();
    let mut kept = full_events("bars", &padded(values));
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
    let memory = mebibytes(function.peak_memory());
    let kept = memory < MOST_MEMORY;
    println!(
        "{:>52} {memory:6.1} MiB, goal below {MOST_MEMORY} MiB{}",
        format!("memory, full events of {of}, peak"),
        if kept { "" } else { "  MISSED" }
    );
    let repeated = connections[EVENTS - 1] > connections[0];
    println!(
        "{:>52} {connections:?}{}",
        "connections to S3 after each event",
        if repeated { "  MISSED: more with each" } else { "" }
    );
    kept && !repeated
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
