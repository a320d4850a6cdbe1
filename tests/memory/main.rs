//! The memory of `ingest` is bounded, whatever is in an event: the built function as a process, on the worst that an event of 6 MB can
//! hold. Nothing here depends on how fast the machine is.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]
#![expect(clippy::print_stdout, reason = "the figures are what one runs it for")]

mod cases;
mod event;

use harness::{Function, bucket, tunables};
use serde_json::Value;

use cases::Case;

const MOST_MIB: u64 = 96;
/// What the allocator keeps of one kind of event is not all of use to the next.
const MOST_MIB_OF_ALL: u64 = 128;
/// Each time in another topic, so that each is landed: what one event leaves behind may cost the next one.
const EVENTS: usize = 3;

#[test]
fn no_event_takes_more_than_96_mib() {
    let missed: Vec<_> = cases::all()
        .into_iter()
        .filter_map(|case| {
            let bucket = bucket::start();
            let mut function = start(&bucket.address.to_string());
            for number in 0..EVENTS {
                invoke(&mut function, &case, number);
            }
            told(case.name, &function, MOST_MIB)
        })
        .collect();
    assert!(missed.is_empty(), "above {MOST_MIB} MiB: {missed:#?}");
}

#[test]
fn nor_do_all_of_them_one_after_the_other() {
    let bucket = bucket::start();
    let mut function = start(&bucket.address.to_string());
    for (number, case) in cases::all().into_iter().enumerate() {
        invoke(&mut function, &case, number);
    }
    assert_eq!(told("all of them, one after the other", &function, MOST_MIB_OF_ALL), None);
}

fn start(bucket: &str) -> Function {
    let endpoint = format!("http://{bucket}");
    let (name, tunables) = tunables();
    let variables =
        [("AWS_ENDPOINT_URL", endpoint.as_str()), ("LAKE_BUCKET", "lake"), ("GENERATION", "1"), (name, &tunables)];
    Function::start("IngestFunction", &variables)
}

fn invoke(function: &mut Function, case: &Case, number: usize) {
    let event = (case.event)(&format!("t{number}"));
    assert!(event.len() <= event::LARGEST, "{}: {} bytes", case.name, event.len());
    let answer = function.invoke(event);
    let Some(records) = case.records else {
        assert!(answer.is_err_and(|error| error.contains("not a Kafka event")), "{}", case.name);
        return;
    };
    let answer: Value = serde_json::from_str(&answer.unwrap_or_else(|error| panic!("{}: {error}", case.name))).unwrap();
    let count = |name: &str| answer[name].as_u64().unwrap();
    assert_eq!((count("records"), count("landed") + count("rejected")), (records, records), "{}: {answer}", case.name);
}

/// The most memory that it has had, if that is too much.
fn told(name: &str, function: &Function, most: u64) -> Option<String> {
    let peak = function.peak_memory() >> 20;
    let line = format!("{peak:4} MiB  {name}");
    println!("{line}");
    (peak >= most).then_some(line)
}
