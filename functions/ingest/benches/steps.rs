//! The three steps from an event to a file, each by itself, in processor time of this thread.

use std::fs;
use std::hint::black_box;
use std::time::Duration;

use shared::event::Event;
use shared::key::LandingTime;
use shared::run::{Lot, Run};

pub(crate) const NAMES: [&str; 3] = ["parse the event", "decode the records", "encode the file"];

/// What an event with one partition takes.
pub(crate) fn ours(event: &str) -> [Duration; 3] {
    let (parsing, parsed) = timed(|| Event::parse(black_box(event)).unwrap());
    let batch = &parsed.batches[0];
    let lot = Lot { life: 1, undecided: false };
    let (decoding, decoded) = timed(|| {
        let run = Run::new(batch.topic, batch.partition, &batch.records).unwrap();
        run.decode(LandingTime(0), lot)
    });
    let (encoding, _) = timed(|| black_box(decoded.to_parquet()));
    [parsing, decoding, encoding]
}

/// Of each step.
pub(crate) fn medians(rounds: &[[Duration; 3]]) -> [Duration; 3] {
    [0, 1, 2].map(|step| {
        let mut times: Vec<_> = rounds.iter().map(|times| times[step]).collect();
        times.sort();
        times[times.len() / 2]
    })
}

pub(crate) fn timed<T>(step: impl FnOnce() -> T) -> (Duration, T) {
    let started = processor_time();
    let made = step();
    (processor_time().saturating_sub(started), made)
}

fn processor_time() -> Duration {
    let told = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(told.split(' ').next().unwrap().parse().unwrap())
}
