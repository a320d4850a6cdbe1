//! What must hold for any input: each function panics where it does not.

mod json;

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::{Map, Value};
use serde_json::value::RawValue;
use shared::event::{Batch, Event, Record};
use shared::key::LandingTime;
use shared::reject::Reason;
use shared::run::{Decoded, Lot, Run, encode_strays};

const LANDING: LandingTime = LandingTime(0);

/// Batches and records that Lambda puts into one event at most.
const MOST_MEMBERS: usize = 20_000;

/// An event with a `records` object is never an error, unless there is more in it than Lambda sends; and each member of its batches is
/// either a record or a stray.
pub fn check_event(payload: &str) {
    let event = match Event::parse(payload) {
        Ok(event) => event,
        Err(error) => {
            assert!(json::batches(payload).is_none_or(|batches| members(&batches) > MOST_MEMBERS), "{error}");
            return;
        }
    };
    for batch in &event.batches {
        assert!(batch.records.is_sorted_by(|left, right| left.offset < right.offset), "{batch:?}");
        let run = decode(batch.topic, batch.partition, &batch.records);
        assert_eq!(run.landed + run.rejected, batch.records.len());
        assert!(run.rows() >= run.landed);
        assert_eq!(lines(&run.rejects), run.rejected);
        assert!(run.to_parquet().ends_with(b"PAR1"));
    }
    assert_eq!(lines(&encode_strays(&event.strays, LANDING)), event.strays.len());
    let (offsets, strays) = one_by_one(payload);
    assert_eq!(event.strays.len(), strays, "strays");
    assert_eq!(event.batches.iter().map(offsets_of).collect::<Vec<_>>(), offsets, "records");
}

/// Any value is landed, or rejected with its bytes and a reason.
pub fn check_row(value: &[u8]) {
    check_value(&STANDARD.encode(value), rows_of(value));
    // What Lambda should never send: a value that is not base64.
    if let Ok(text) = str::from_utf8(value)
        && STANDARD.decode(text).is_err()
    {
        check_value(text, None);
    }
}

/// `rows`: how many it has if it lands; none if it must not.
fn check_value(base64: &str, rows: Option<usize>) {
    let record = Record { offset: 1, timestamp_ms: None, key: None, value: Some(base64.into()), oversized: None };
    let records = [record];
    let run = decode("topic", 0, &records);
    assert_eq!(run.landed + run.rejected, 1);
    assert!(run.to_parquet().ends_with(b"PAR1"));
    if run.landed == 1 {
        assert_eq!(Some(run.rows()), rows);
        check_extra(run.to_parquet());
        return;
    }
    assert_eq!((run.rows(), lines(&run.rejects)), (0, 1));
    let reject: Value = serde_json::from_slice(&run.rejects).expect("a reject is JSON");
    assert_eq!(reject["kafka_value"], base64);
    assert!(Reason::ALL.iter().any(|reason| reject["reason"] == reason.code()), "{reject}");
    assert!(reject["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{reject}");
}

/// What a row keeps of unknown fields is an object that any reader takes, as `serde_json` does: in 128 levels, without a half of a
/// surrogate pair or a number that no double holds.
fn check_extra(file: Vec<u8>) {
    let reader = SerializedFileReader::new(Bytes::from(file)).expect("a Parquet file");
    for row in reader.get_row_iter(None).expect("rows") {
        let row = row.expect("a row");
        let extra = row.get_column_iter().find(|(name, _)| *name == "extra").map(|(_, extra)| extra);
        if let Some(Field::Str(extra)) = extra {
            serde_json::from_str::<Map<String, Value>>(extra).expect("an object that any reader takes");
        }
    }
}

fn members(batches: &[(&RawValue, &RawValue)]) -> usize {
    let in_batch = |batch: &RawValue| serde_json::from_str::<Vec<&RawValue>>(batch.get()).map_or(0, |pieces| pieces.len());
    batches.iter().map(|(_, batch)| 1 + in_batch(batch)).sum()
}

/// The elements of an array, one of anything else that is JSON.
fn rows_of(value: &[u8]) -> Option<usize> {
    let any: &RawValue = serde_json::from_slice(value).ok()?;
    Some(serde_json::from_str::<Vec<&RawValue>>(any.get()).map_or(1, |elements| elements.len()))
}

fn decode<'r>(topic: &'r str, partition: i32, records: &'r [Record<'_>]) -> Decoded<'r> {
    Run::new(topic, partition, records).expect("a batch has records").decode(LANDING, Lot { life: 1, undecided: false })
}

fn lines(text: &[u8]) -> usize {
    text.split_inclusive(|byte| *byte == b'\n').count()
}

fn offsets_of(batch: &Batch<'_>) -> BTreeSet<i64> {
    batch.records.iter().map(|record| record.offset).collect()
}

/// The offsets of each batch, and the number of strays, when each member comes in an event of its own.
fn one_by_one(payload: &str) -> (Vec<BTreeSet<i64>>, usize) {
    let (mut offsets, mut strays) = (Vec::new(), 0);
    for (name, batch) in json::batches(payload).expect("a parsed event has records") {
        let Ok(pieces) = serde_json::from_str::<Vec<&RawValue>>(batch.get()) else {
            strays += 1;
            continue;
        };
        let mut of_batch = BTreeSet::new();
        for piece in pieces {
            let alone = format!(r#"{{"records":{{{name}:[{piece}]}}}}"#);
            let event = Event::parse(&alone).expect("an event of one member");
            let records: Vec<_> = event.batches.iter().flat_map(|batch| &batch.records).collect();
            assert_eq!(records.len() + event.strays.len(), 1, "{alone}");
            of_batch.extend(records.iter().map(|record| record.offset));
            strays += event.strays.len();
        }
        if !of_batch.is_empty() {
            offsets.push(of_batch);
        }
    }
    (offsets, strays)
}
