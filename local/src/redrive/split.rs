//! An event that no function can be invoked with, in parts that it can be: records one after the other, as they stand. A record that
//! is too large by itself is replaced by what [stands in](shared::oversized) for it.

use std::borrow::Cow;

use anyhow::{Context as _, Result, ensure};
use shared::event::{self, Record};
use shared::key;
use shared::oversized::stand_in;

use super::record::KeptEvent;
use crate::event_source::PAYLOAD_LIMIT_BYTES;

/// What a payload must be smaller than. (Lambda's refusal says "smaller", its documentation "6 MB".)
const LIMIT: usize = PAYLOAD_LIMIT_BYTES;

const HEAD: &str = r#"{"eventSource":"SelfManagedKafka","records":{"#;
const TAIL: &str = "]}}";

/// The parts of an event.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    /// To be fed in this order.
    pub(super) events: Vec<KeptEvent>,
    /// To be put into the lake before.
    pub(super) oversized: Vec<Oversized>,
}

/// A record's JSON, and its key in the lake.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Oversized {
    pub(super) key: String,
    pub(super) json: String,
}

/// Whether the event is too large to be fed.
pub(super) fn is_too_large(event: &KeptEvent) -> bool {
    event.json.len() + event.added_bytes() >= LIMIT
}

/// Cuts an event. `lake` is the bucket for what no event can hold.
///
/// # Errors
/// It cannot be cut without a loss: with the reason.
pub(super) fn split(event: &KeptEvent, lake: Option<&str>) -> Result<Parts> {
    split_at(event, lake, LIMIT - event.added_bytes())
}

fn split_at(event: &KeptEvent, lake: Option<&str>, limit: usize) -> Result<Parts> {
    let mut parts = Parts::default();
    let mut part = Part::default();
    for (name, pieces) in event::pieces(&event.json)? {
        let batch = serde_json::Value::from(name.as_ref()).to_string();
        let mut last = -1;
        for piece in pieces {
            let mut json = Cow::Borrowed(piece.get());
            // What is no record has no offset; ingest keeps it.
            if let Ok(record) = serde_json::from_str::<Record<'_>>(&json) {
                // Lambda's are.
                ensure!(record.offset > last, "it is too large to be fed, and its records are not in order");
                last = record.offset;
                if Part::default().length_with(&batch, &json) >= limit {
                    let lake = lake.context(
                        "a record of it is larger than any event, and its bytes go into the lake: name the lake's bucket, \
                         --lake",
                    )?;
                    let key = key::oversized(&name, record.offset, &json)
                        .with_context(|| format!("{name:?} is no partition of a topic"))?;
                    let in_its_place = stand_in(&record, json.len(), &format!("s3://{lake}/{key}"));
                    parts.oversized.push(Oversized { key, json: json.into_owned() });
                    json = Cow::Owned(in_its_place);
                }
            }
            if part.length_with(&batch, &json) >= limit {
                parts.events.extend(part.take(event));
            }
            ensure!(part.length_with(&batch, &json) < limit, "a part of it is too large to be fed, and is no record");
            part.push(&batch, &json);
        }
    }
    parts.events.extend(part.take(event));
    Ok(parts)
}

/// An event under construction.
#[derive(Default)]
struct Part {
    json: String,
    records: u64,
    batch: String,
}

impl Part {
    /// `batch` is its name as JSON.
    fn length_with(&self, batch: &str, record: &str) -> usize {
        self.json.len() + self.before(batch).map(str::len).iter().sum::<usize>() + record.len() + TAIL.len()
    }

    fn push(&mut self, batch: &str, record: &str) {
        for text in self.before(batch) {
            self.json.push_str(text);
        }
        batch.clone_into(&mut self.batch);
        self.json.push_str(record);
        self.records += 1;
    }

    /// What stands between the records so far and one of this batch.
    fn before<'b>(&self, batch: &'b str) -> [&'b str; 3] {
        match self.records {
            0 => [HEAD, batch, ":["],
            _ if self.batch == batch => [",", "", ""],
            _ => ["],", batch, ":["],
        }
    }

    /// The event so far, if it has records.
    fn take(&mut self, whole: &KeptEvent) -> Option<KeptEvent> {
        let Part { json, records, .. } = std::mem::take(self);
        (records > 0).then(|| KeptEvent { json: json + TAIL, records, given_up_at: whole.given_up_at.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(json: &str) -> KeptEvent {
        KeptEvent { json: json.to_owned(), records: 0, given_up_at: None }
    }

    fn record(offset: i64, length: usize) -> String {
        format!(r#"{{"offset":{offset},"timestamp":5,"value":"{}"}}"#, "a".repeat(length))
    }

    #[test]
    fn the_parts_have_every_record_in_its_order_and_are_small_enough() {
        let (first, second) = ([0, 1, 2, 3].map(|offset| record(offset, 100)), [7, 8].map(|offset| record(offset, 10)));
        let json = format!(
            r#"{{"eventSource":"SelfManagedKafka","x":[],"records":{{"t-0":[{}],"t-1":[],"t-2":[{},7]}}}}"#,
            first.join(","),
            second.join(",")
        );
        for limit in 300..1200 {
            let parts = split_at(&event(&json), None, limit).unwrap();
            let mut found = Vec::new();
            for part in &parts.events {
                assert!(part.json.len() < limit, "{limit}: {}", part.json);
                let mut records = 0;
                for (name, pieces) in event::pieces(&part.json).unwrap() {
                    records += pieces.len() as u64;
                    found.extend(pieces.iter().map(|piece| format!("{name} {}", piece.get())));
                }
                assert_eq!(part.records, records);
            }
            let expected = first.iter().map(|record| format!("t-0 {record}"));
            let expected = expected.chain(second.iter().map(|record| format!("t-2 {record}")));
            assert_eq!(found, expected.chain(["t-2 7".to_owned()]).collect::<Vec<_>>(), "{limit}");
        }
    }

    #[test]
    fn a_record_that_is_too_large_is_replaced_among_its_neighbours() {
        let large = record(8, 900);
        let json = format!(r#"{{"records":{{"t-0":[{},{large},{}]}}}}"#, record(7, 10), record(9, 10));
        let parts = split_at(&event(&json), Some("lake"), 800).unwrap();
        let [Oversized { key, json }] = &parts.oversized[..] else { panic!("{parts:?}") };
        assert_eq!(*json, large);
        let stand_in =
            format!(r#"{{"offset":8,"timestamp":5,"tooLarge":{{"bytes":{},"at":"s3://lake/{key}"}}}}"#, large.len());
        let expected = format!("{HEAD}\"t-0\":[{},{stand_in},{}{TAIL}", record(7, 10), record(9, 10));
        assert_eq!(parts.events, [KeptEvent { json: expected, records: 3, given_up_at: None }]);
    }

    #[test]
    fn what_cannot_be_cut_without_a_loss_is_not() {
        let refused = |json: String, lake| split_at(&event(&json), lake, 300).unwrap_err().to_string();
        let unordered = format!(r#"{{"records":{{"t-0":[{},{}]}}}}"#, record(2, 200), record(1, 200));
        assert!(refused(unordered, Some("lake")).ends_with("its records are not in order"));
        let large = format!(r#"{{"records":{{"t-0":[{}]}}}}"#, record(2, 400));
        assert!(refused(large.clone(), None).contains("name the lake's bucket, --lake"));
        assert!(refused(large.replace("t-0", "../t"), Some("lake")).ends_with("is no partition of a topic"));
        let no_record = format!(r#"{{"records":{{"t-0":["{}"]}}}}"#, "a".repeat(400));
        assert!(refused(no_record, Some("lake")).ends_with("is no record"));
    }
}
