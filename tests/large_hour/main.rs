//! The memory of `compact` is bounded, whatever has landed in an hour: the built function as a process, between a bucket and a catalog of
//! this program's own, on an hour of two million rows. Nothing here depends on how fast the machine is; what it took of the processor is
//! told, for docs/speed.md.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]
#![expect(clippy::print_stdout, reason = "the figures are what one runs it for")]

mod aws;

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use harness::Function;
use harness::http::Server;
use serde_json::{Value, json};
use shared::event::Event;
use shared::key::{Keys, LandingTime};
use shared::run::{Lot, Run};

use aws::Aws;

/// 2026-01-05T10:00:00Z
const LANDED: LandingTime = LandingTime(1_767_607_200_000);
const SYMBOLS: usize = 500;
/// Of a Lambda of 1,024 MiB half is for what nobody has thought of.
const MOST_MIB: u64 = 512;

#[test]
fn an_hour_of_two_million_rows_takes_less_than_half_a_gibibyte() {
    let cases = [
        ("objects of 10,000 rows", 200, 10_000, 0),
        ("objects of 50 rows", 8_000, 50, 0),
        ("large rows", 400, 500, 2_000),
    ];
    let missed: Vec<_> = cases.into_iter().filter(|case| !is_small(*case)).collect();
    assert!(missed.is_empty(), "above {MOST_MIB} MiB: {missed:?}");
}

fn is_small((name, objects, rows, more): (&str, usize, usize, usize)) -> bool {
    let aws = Arc::new(Mutex::new(Aws::default()));
    // Few that are different, for what is built to be tested is slow at making them.
    let different: Vec<_> = (0..10).map(|number| object(number, rows, more)).collect();
    for number in 0..objects {
        let offset = i64::try_from(number * rows).unwrap();
        let key = Keys { topic: "t", partition: 0 }.bars(1, (offset, offset), 1, LANDED);
        aws.lock().unwrap().put(&key, different[number % different.len()].clone());
    }
    let answering = Arc::clone(&aws);
    let server = Server::start(move |request| answering.lock().unwrap().answer(&request));
    let endpoint = format!("http://{}", server.address);
    let variables = [
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("LAKE_BUCKET", "lake"),
        ("GLUE_DATABASE", "stocks"),
        ("RAW_RETENTION_DAYS", "7"),
    ];
    let mut function = Function::start("CompactFunction", &variables);
    let answer: Value = serde_json::from_str(&function.invoke("{}".to_owned()).unwrap()).unwrap();
    assert_eq!((&answer["objects"], &answer["rows"]), (&json!(objects), &json!(objects * rows)), "{answer}");
    let (peak, seconds) = (function.peak_memory() >> 20, function.processor_time().as_secs_f64());
    println!(
        "{peak:4} MiB, {seconds:5.1} s of a processor: {name}, {objects} of them, of {} bytes in all",
        answer["bytes"]
    );
    peak < MOST_MIB
}

/// A landed object, with a field that is no column in each row and does not compress, of so many characters.
fn object(number: usize, rows: usize, more: usize) -> Vec<u8> {
    let mut state = 1 + number as u64;
    let mut random = |bytes: usize| {
        let bytes: Vec<u8> = (0..bytes)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                state.to_be_bytes()[0]
            })
            .collect();
        BASE64_STANDARD.encode(bytes)
    };
    let records: Vec<_> = (0..rows)
        .map(|row| {
            let place = number * rows + row;
            let close = f64::from(u32::try_from(place * 7_919 % 1_000_000).unwrap()) / 1e4;
            let bar = json!({ "Index": format!("SYM{:04}", place % SYMBOLS), "Date": "2026-01-05", "Open": close, "High": close * 1.01,
                "Low": close * 0.99, "Close": close, "Volume": place, "Note": random(more / 4 * 3) });
            json!({ "offset": row, "timestamp": LANDED.0, "value": BASE64_STANDARD.encode(bar.to_string()) })
        })
        .collect();
    let event = json!({ "eventSource": "SelfManagedKafka", "records": { "t-0": records } }).to_string();
    let event = Event::parse(&event).unwrap();
    let batch = &event.batches[0];
    let run = Run::new(batch.topic, batch.partition, &batch.records).unwrap();
    run.decode(LANDED, Lot { life: 1, undecided: false }).to_parquet()
}
