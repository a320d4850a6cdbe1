//! The landing protocol, simulated: several processes land overlapping events on one store, interleaved at every operation, with
//! crashes, lost and late requests, sleeping writers, and events cut anew, given up and replayed. It runs the lander that is
//! deployed; only the store is another. The same seed is the same run.
//!
//! `make simulate SEEDS=100000 FROM=0` runs more of it, with progress.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "in a test a panic is the message, and what is printed is kept"
)]

mod broker;
mod oracle;
mod run;
mod world;

use std::env;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use run::{Counts, simulate};
use world::Without;

/// What `make test` runs.
const SEEDS: u64 = 3000;
/// Of a withoutd protocol, at least one of so many seeds must fail.
const SEEDS_TO_CATCH: u64 = 2000;

#[test]
fn every_record_lands_exactly_once_whatever_happens() {
    let number = |name: &str| env::var(name).ok().map(|text| text.parse::<u64>().expect("SEEDS and FROM are numbers"));
    let (from, seeds) = (number("FROM").unwrap_or(0), number("SEEDS").unwrap_or(SEEDS));
    let (counts, failure) = run_seeds(from, from + seeds, None);
    if let Some((seed, violation)) = failure {
        panic!("seed {seed}: {violation}\n\n{}", trace_of(seed, None));
    }
    println!("{seeds} seeds from {from}: {counts:#?}");
    // What never happened was not tested.
    for (what, count) in counts.named() {
        assert!(count > 0 || seeds < 1000, "no {what} in {seeds} seeds");
    }
}

#[test]
fn a_protocol_without_one_of_its_parts_is_caught() {
    for without in Without::ALL {
        let (_, failure) = run_seeds(0, SEEDS_TO_CATCH, Some(without));
        let (seed, violation) =
            failure.unwrap_or_else(|| panic!("without {without:?}: not noticed in {SEEDS_TO_CATCH} seeds"));
        println!("without {without:?}: seed {seed}: {violation}");
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    let without = Some(Without::Fence);
    let (_, failure) = run_seeds(0, SEEDS_TO_CATCH, without);
    let (seed, violation) = failure.expect("a protocol without a fence fails");
    let trace = trace_of(seed, without);
    assert_eq!(trace, trace_of(seed, without));
    assert!(trace.ends_with(&violation), "{trace}");
    assert!(trace.lines().count() > 10, "{trace}");
}

/// Runs seeds on all cores until one fails.
fn run_seeds(from: u64, to: u64, without: Option<Without>) -> (Counts, Option<(u64, String)>) {
    let (next, failed) = (AtomicU64::new(from), AtomicBool::new(false));
    let result = Mutex::new((Counts::default(), None::<(u64, String)>));
    let started = Instant::now();
    let work = || {
        let mut counts = Counts::default();
        while !failed.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= to {
                break;
            }
            if seed > from && (seed - from).is_multiple_of(10_000) {
                println!("{} seeds, {} s", seed - from, started.elapsed().as_secs());
            }
            match simulate(seed, without, None) {
                Ok(of_seed) => counts.add(&of_seed),
                Err(violation) => {
                    failed.store(true, Ordering::Relaxed);
                    let mut result = result.lock().unwrap_or_else(PoisonError::into_inner);
                    if result.1.as_ref().is_none_or(|(other, _)| seed < *other) {
                        result.1 = Some((seed, violation));
                    }
                }
            }
        }
        result.lock().unwrap_or_else(PoisonError::into_inner).0.add(&counts);
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    result.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The run of a seed that fails, in words.
fn trace_of(seed: u64, without: Option<Without>) -> String {
    let mut trace = Vec::new();
    let violation = simulate(seed, without, Some(&mut trace)).err().unwrap_or_default();
    trace.push(violation);
    trace.join("\n")
}
