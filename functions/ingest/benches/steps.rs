//! The three steps from an event to a file, each by itself, in processor time of this thread.

use std::fs;
use std::hint::black_box;
use std::time::Duration;

use shared::event::Event;
use shared::key::LandingTime;
use shared::run::{Lot, Run};

pub(crate) const NAMES: [&str; 3] = ["parse the event", "decode the records", "encode the file"];

/// How often each is done: Linux tells a thread's time in steps of some milliseconds.
const TIMES: u32 = 200;

/// What an event with one partition takes.
pub(crate) fn ours(event: &str) -> [Duration; 3] {
    let (parsing, parsed) = timed(|| Event::parse(black_box(event)).unwrap());
    let batch = &parsed.batches[0];
    let run = Run::new(batch.topic, batch.partition, &batch.records).unwrap();
    let (decoding, decoded) = timed(|| run.decode(LandingTime(0), Lot { life: 1, undecided: false }));
    let (encoding, _) = timed(|| decoded.to_parquet());
    [parsing, decoding, encoding]
}

/// What a step takes, and what it makes.
pub(crate) fn timed<T>(step: impl Fn() -> T) -> (Duration, T) {
    let started = processor_time();
    for _ in 1..TIMES {
        black_box(step());
    }
    let made = step();
    ((processor_time().saturating_sub(started)) / TIMES, made)
}

fn processor_time() -> Duration {
    let told = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(told.split(' ').next().unwrap().parse().unwrap())
}
