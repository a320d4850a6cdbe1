//! How large is each function, as AWS gets it, and how long does its process take from its start to its first request for work? Beside
//! `/bin/true`, which is started in the same rounds and does nothing: times differ threefold between machines, and their ratio does not.

#![expect(clippy::unwrap_used, reason = "in a benchmark a panic is the message")]
#![expect(clippy::print_stdout, reason = "the figures are what one runs it for")]

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use harness::{FUNCTIONS, Function, TOO_LARGE, bootstrap};

const ROUNDS: usize = 50;
/// 5 ms, where `/bin/true` starts and ends in 0.92.
const MOST_TIMES_TRUE: f64 = 5.5;

/// On Amazon Linux all certificates are in one file. Elsewhere there may be one file for each, too: a millisecond of reading.
const BUNDLES: [&str; 2] = ["/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-certificates.crt"];

const LAKE: (&str, &str) = ("LAKE_BUCKET", "lake");

/// What a function reads at its start.
fn variables(function: &str) -> &'static [(&'static str, &'static str)] {
    match function {
        "IngestFunction" => &[LAKE, ("GENERATION", "1")],
        "CrawlFunction" => &[("CRAWLER_NAME", "crawler")],
        "CompactFunction" => &[LAKE, ("GLUE_DATABASE", "stocks"), ("RAW_RETENTION_DAYS", "7")],
        "ReportFunction" => &[LAKE, ("GLUE_DATABASE", "stocks"), ("ATHENA_WORKGROUP", "reports")],
        other => panic!("{other}: what does it read?"),
    }
}

fn main() -> ExitCode {
    let bundle = BUNDLES.into_iter().find(|file| Path::new(file).exists()).map(|file| ("SSL_CERT_FILE", file));
    let mut nothing = Vec::new();
    let mut starts = FUNCTIONS.map(|_| Vec::new());
    for _ in 0..ROUNDS {
        nothing.push(start_of_nothing());
        for (name, starts) in FUNCTIONS.iter().zip(&mut starts) {
            let variables: Vec<_> = variables(name).iter().copied().chain(bundle).collect();
            starts.push(Function::start(name, &variables).until_ready());
        }
    }
    let nothing = median(nothing);
    println!(
        "start to the first request for work, medians of {ROUNDS}; /bin/true starts and ends in {:.2} ms",
        milliseconds(nothing)
    );
    let mut is_kept = true;
    for (name, mut starts) in FUNCTIONS.iter().zip(starts) {
        starts.sort();
        let size = fs::read(bootstrap(name)).unwrap().len();
        let start = starts[ROUNDS / 2];
        let times = start.as_secs_f64() / nothing.as_secs_f64();
        println!(
            "{name:>16} {:5.2} ms ({:.2} to {:.2}), {times:4.1} times /bin/true, goal below {MOST_TIMES_TRUE}{}; {:5.2} MiB, goal below {:.0}{}",
            milliseconds(start),
            milliseconds(starts[0]),
            milliseconds(starts[ROUNDS - 1]),
            missed(times < MOST_TIMES_TRUE),
            mebibytes(size),
            mebibytes(TOO_LARGE),
            missed(size < TOO_LARGE),
        );
        is_kept &= times < MOST_TIMES_TRUE && size < TOO_LARGE;
    }
    if is_kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn start_of_nothing() -> Duration {
    let started = Instant::now();
    assert!(Command::new("/bin/true").env_clear().status().unwrap().success());
    started.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn missed(is_kept: bool) -> &'static str {
    if is_kept { "" } else { " MISSED" }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 bytes")]
fn mebibytes(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
