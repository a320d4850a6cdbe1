//! Events a second, one under way for each partition, as fast as they are taken.

use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use harness::{Function, bucket};

const FUNCTION: &str = "IngestFunction";
const LAKE: [(&str, &str); 2] = [("LAKE_BUCKET", "lake"), ("GENERATION", "1")];
const PARTITIONS: [usize; 2] = [1, 16];
/// Most records that Lambda puts into one event, and what a quiet topic has in a short window.
const RECORDS: [usize; 2] = [10_000, 100];
/// The bucket answers at once, and after what S3 takes for a small object.
const ANSWERS: [Duration; 2] = [Duration::ZERO, Duration::from_millis(30)];
/// Events of each partition that are measured: fewer of sixteen, for memory.
const EVENTS: [usize; 2] = [32, 6];

pub(crate) fn measure() {
    println!(
        "events that ingest lands in a second, one under way for each partition (of records, all partitions together):"
    );
    for records in RECORDS {
        for answer in ANSWERS {
            for (partitions, events) in PARTITIONS.into_iter().zip(EVENTS) {
                let landed = land(partitions, events, records, answer);
                println!(
                    "{:>2} partition{} {records:>6} records an event, S3 answers {:<11} {:6.1} events/s, {:9.0} records/s, {:.2} processors busy",
                    partitions,
                    if partitions == 1 { ", " } else { "s," },
                    if answer.is_zero() { "at once:".to_owned() } else { format!("in {} ms:", answer.as_millis()) },
                    landed.events_per_second,
                    landed.events_per_second * f64::from(u32::try_from(records).unwrap_or(u32::MAX)),
                    landed.processors,
                );
            }
        }
    }
}

struct Landed {
    events_per_second: f64,
    /// How many the functions kept busy.
    processors: f64,
}

fn land(partitions: usize, events: usize, records: usize, answer: Duration) -> Landed {
    let bucket = bucket::answering_after(answer);
    let endpoint = format!("http://{}", bucket.address);
    let variables: Vec<_> = [("AWS_ENDPOINT_URL", endpoint.as_str())].into_iter().chain(LAKE).collect();
    let mut functions: Vec<(Function, Vec<String>)> = (0..partitions)
        .map(|partition| {
            let mut function = Function::start(FUNCTION, &variables);
            // Warms up.
            lands(&mut function, event(partition, 0, records), records);
            let events = (1..=events).map(|number| event(partition, number * records, records)).collect();
            (function, events)
        })
        .collect();
    let spent = |functions: &[(Function, Vec<String>)]| -> Duration {
        functions.iter().map(|(function, _)| function.processor_time()).sum()
    };
    let before = spent(&functions);
    let started = Instant::now();
    thread::scope(|scope| {
        for (function, events) in &mut functions {
            scope.spawn(move || {
                for event in events.drain(..) {
                    lands(function, event, records);
                }
            });
        }
    });
    let seconds = started.elapsed().as_secs_f64();
    let processors = spent(&functions).saturating_sub(before).as_secs_f64() / seconds;
    let all = u32::try_from(partitions * events).unwrap_or(u32::MAX);
    Landed { events_per_second: f64::from(all) / seconds, processors }
}

fn lands(function: &mut Function, event: String, records: usize) {
    let answer = function.invoke(event).unwrap_or_else(|error| panic!("the event does not land: {error}"));
    assert!(answer.replace(' ', "").contains(&format!("\"landed\":{records}")), "{answer}");
}

/// An event of one partition, as Lambda writes it.
fn event(partition: usize, first_offset: usize, records: usize) -> String {
    let records: Vec<_> = (first_offset..first_offset + records).map(|offset| record(partition, offset)).collect();
    let head = r#"{"eventSource":"SelfManagedKafka","bootstrapServers":"b-1:9092","records":{"stock-bars-"#;
    format!("{head}{partition}\":[{}]}}}}", records.join(","))
}

fn record(partition: usize, offset: usize) -> String {
    let (key, value) = (STANDARD.encode("HSI"), STANDARD.encode(bar(offset)));
    let timestamp = 1_795_370_753_000 + offset;
    format!(
        r#"{{"topic":"stock-bars","partition":{partition},"offset":{offset},"timestamp":{timestamp},"timestampType":"CREATE_TIME","key":"{key}","value":"{value}","headers":[]}}"#
    )
}

/// As the producer writes one.
pub(crate) fn bar(number: usize) -> String {
    let (price, year, month, day) =
        (20_000 + number % 9_973, 1990 + number / 336 % 30, number / 28 % 12 + 1, number % 28 + 1);
    format!(
        r#"{{"Index":"HSI","Date":"{year}-{month:02}-{day:02}","Open":{price}.300049,"High":{price}.900391,"Low":{price}.099609,"Close":{price}.5,"Adj Close":{price}.5,"Volume":{number}.0,"CloseUSD":2607.12}}"#
    )
}
