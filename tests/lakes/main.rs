//! Whatever is published: each record lands once, as rows or as a reject, and no report fails of it.
//!
//! Lakes are built by `ingest` from arbitrary records: any JSON, any timestamp, any offset, any key, any header. `LAKES` is how many
//! (500), `LAKES_SEED` which; with `LAKES_SECONDS` it goes on for so long, with other seeds.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "in a test a panic is the message")]

mod compaction;
mod engine;
mod oracle;
mod records;
mod sent;
mod spreadsheet;
mod topic;

use std::thread;
use std::time::{Duration, Instant};

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use report::catalog::Report;
use report::rehearsal::rehearse;
use tokio::runtime::Builder;

use engine::{Answer, Cells, Engine};
use records::Deliveries;

/// Each is a thread with an engine of its own.
const SIDE_BY_SIDE: u64 = 2;

#[test]
fn every_record_lands_once_and_no_report_fails_whatever_is_published() {
    let number = |name: &str| std::env::var(name).ok().map(|value| value.parse::<u64>().expect(name));
    let (lakes, seed) = (number("LAKES").unwrap_or(500), number("LAKES_SEED").unwrap_or(1));
    let limit = number("LAKES_SECONDS").map(Duration::from_secs);
    let started = Instant::now();
    let made: u64 = thread::scope(|scope| {
        let threads = (0..SIDE_BY_SIDE).map(|thread| {
            scope.spawn(move || {
                let mut engine = Engine::start();
                let share = lakes.div_ceil(SIDE_BY_SIDE);
                let mut made = 0;
                for round in 0.. {
                    check_lakes(&mut engine, share, seed + round * SIDE_BY_SIDE + thread);
                    made += share;
                    if limit.is_none_or(|limit| started.elapsed() >= limit) {
                        break;
                    }
                }
                made
            })
        });
        threads.collect::<Vec<_>>().into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    println!("{made} lakes, from seed {seed}");
}

/// What fails is shown as small as it can be made.
fn check_lakes(engine: &mut Engine, lakes: u64, seed: u64) {
    let config = Config {
        cases: u32::try_from(lakes).unwrap(),
        max_shrink_iters: 300,
        failure_persistence: None,
        ..Config::default()
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let engine = std::cell::RefCell::new(engine);
    let strategy = (records::deliveries(), records::first_offset());
    let checked = runner.run(&strategy, |(deliveries, first_offset)| {
        check(&mut engine.borrow_mut(), &deliveries, first_offset);
        Ok(())
    });
    if let Err(error) = checked {
        panic!("seed {seed}: {error}");
    }
}

fn check(engine: &mut Engine, deliveries: &Deliveries, first_offset: i64) {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let (lake, delivered) = runtime.block_on(topic::land(deliveries, first_offset));
    oracle::check(&lake, &delivered);
    let answers = engine.ask(&lake);
    for Answer { name, error, columns, rows } in &answers {
        assert_eq!(*error, None, "the query of {name}");
        if let Some(report) = engine.report(name) {
            render(report, columns, rows);
        }
    }
    // Some of them, for it takes as long again.
    if delivered.len() % 4 == 0 {
        let lake = runtime.block_on(compaction::compact(lake));
        for (before, after) in answers.iter().zip(engine.ask(&lake)).filter(|(before, _)| before.name != "extra") {
            assert_eq!(*before, after, "after compaction");
        }
    }
}

/// All that people and programs get to see of a report.
fn render(report: &Report, columns: &[String], rows: &[Cells]) {
    let (day, as_of) = engine::day();
    let made = rehearse(report, day, as_of, columns, rows).unwrap_or_else(|error| panic!("{error}"));
    for text in [&made.page, &made.index, &made.mail, &made.headline] {
        let control = text.chars().find(|letter| letter.is_control() && *letter != '\n');
        assert_eq!(control, None, "{}: {text}", report.name());
    }
    let csv = String::from_utf8(made.csv).unwrap();
    assert_eq!(spreadsheet::first_formula(&csv), None, "{}: {csv}", report.name());
    let json: serde_json::Value = serde_json::from_slice(&made.json).unwrap();
    assert_eq!(json["rows"].as_array().map(Vec::len), Some(rows.len()), "{}", report.name());
}
