//! An event is what Lambda hands `ingest`: batches of records of one or more partitions.
//!
//! `aws_lambda_events` has a type for it, which refuses a whole event for one record without a timestamp or with a null
//! header. Lambda would then redeliver the event for ever, so here each record costs at most itself: what cannot be told apart
//! as a record becomes a [`Stray`].

mod envelope;
mod stranger;
mod usual;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use chrono::DateTime;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::json::{Json, Text};
use crate::oversized::{self, Oversized};
use envelope::{Named, Room};

/// Lambda puts at most 10,000 records into an event, each of a batch of its own at worst. What has more than that is no event of its, and
/// the memory for it is not to be had.
const MOST_MEMBERS: usize = 20_000;

/// Of a record: the next one has an offset too.
const OFFSETS: Range<i64> = 0..i64::MAX;

/// An event of more logs of one partition than this is in no order.
const MOST_LOGS: usize = 8;

/// The batches of one event, and what in it was not a record.
#[derive(Debug, Default)]
pub struct Event<'a> {
    /// One batch per partition, but where offsets begin again.
    pub batches: Vec<Batch<'a>>,
    /// What has no offset, or no partition, to be landed by.
    pub strays: Vec<Stray<'a>>,
    /// When Lambda gave the event up, if it comes from where such events are kept: milliseconds since 1970 UTC.
    pub given_up_ms: Option<i64>,
}

/// The records of one partition, in the order of their offsets, each offset once. An event with records from before and after its topic
/// was made anew has two batches of that partition.
#[derive(Debug, PartialEq)]
pub struct Batch<'a> {
    /// Kafka topic.
    pub topic: &'a str,
    /// Kafka partition.
    pub partition: i32,
    /// The records.
    pub records: Vec<Record<'a>>,
}

/// One Kafka record as Lambda delivers it.
#[derive(Clone, Debug, PartialEq)]
pub struct Record<'a> {
    /// Kafka offset.
    pub offset: i64,
    /// Kafka timestamp in milliseconds since 1970 UTC, whatever the producer chose; none where Kafka has none (-1).
    pub timestamp_ms: Option<i64>,
    /// The key in base64, as delivered.
    pub key: Option<Cow<'a, str>>,
    /// The value in base64, as delivered; none for a tombstone.
    pub value: Option<Cow<'a, str>>,
    /// Set where this stands in for a record that no event can hold.
    pub oversized: Option<Box<Oversized>>,
}

impl Record<'_> {
    /// The timestamp, if it is of the years 1 to 9999: what every reader of the lake takes for a time.
    pub fn trusted_timestamp_ms(&self) -> Option<i64> {
        const FIRST: i64 = -62_135_596_800_000;
        const LAST: i64 = 253_402_300_799_999;
        self.timestamp_ms.filter(|timestamp_ms| (FIRST..=LAST).contains(timestamp_ms))
    }
}

/// A part of an event that is not a record: Lambda does not send such, but losing it would be worse than keeping it.
#[derive(Debug, PartialEq)]
pub struct Stray<'a> {
    /// The name under which it was delivered, `topic-partition` for a batch, or the beginning of one that is too long to be that.
    pub source: String,
    /// Its JSON, as delivered.
    pub text: Cow<'a, str>,
    /// Why it is not a record.
    pub detail: String,
}

/// The payload is no Kafka event at all, so nothing in it can be landed or kept.
#[derive(Debug, thiserror::Error)]
#[error(
    "not a Kafka event: {0}; expected {{\"records\": {{\"topic-0\": [...]}}}} as a self-managed Kafka event source sends it"
)]
pub struct NotAKafkaEvent(String);

impl From<serde_json::Error> for NotAKafkaEvent {
    fn from(error: serde_json::Error) -> Self {
        Self(stranger::detail(&error))
    }
}

/// The payload of an invocation as text, which JSON is.
pub fn text(payload: &[u8]) -> Result<&str, NotAKafkaEvent> {
    str::from_utf8(payload).map_err(|error| NotAKafkaEvent(format!("not UTF-8: {error}")))
}

impl<'a> Event<'a> {
    /// Parses the payload of an invocation.
    pub fn parse(payload: &'a str) -> Result<Self, NotAKafkaEvent> {
        if let Some(batches) = usual::batches(payload, MOST_MEMBERS) {
            let batches = batches.into_iter().map(|(name, records)| (Cow::Borrowed(name), records)).collect();
            return Ok(Self::from_batches(batches, Vec::new(), None));
        }
        Self::parse_any(payload)
    }

    /// The same for any payload.
    fn parse_any(payload: &'a str) -> Result<Self, NotAKafkaEvent> {
        let room = Room::new(MOST_MEMBERS);
        match envelope::read::<Vec<Record<'a>>>(payload, &room) {
            Ok(read) => return Ok(Self::from_batches(read.batches, Vec::new(), read.given_up_at)),
            Err(error) if room.is_exceeded() => return Err(error.into()),
            Err(_) => {}
        }
        // Something in it is off. Rare, so only now is the event read a second time, piece by piece.
        let room = Room::new(MOST_MEMBERS);
        let read = envelope::read::<&RawValue>(payload, &room)?;
        let mut strays = Vec::new();
        let mut sound = Vec::with_capacity(read.batches.len());
        for (name, records) in read.batches {
            let records = sift(&name, records, &room, &mut strays)?;
            sound.push((name, records));
        }
        Ok(Self::from_batches(sound, strays, read.given_up_at))
    }

    fn from_batches(
        named: Vec<Named<'a, Vec<Record<'a>>>>,
        mut strays: Vec<Stray<'a>>,
        given_up_at: Option<&RawValue>,
    ) -> Self {
        let mut batches = Vec::with_capacity(named.len());
        for (name, mut records) in named {
            let address = match &name {
                Cow::Borrowed(name) => split_name(name),
                // Only a name with an escape in it is not borrowed, and no letter of a topic needs one.
                Cow::Owned(_) => None,
            };
            let Some((topic, partition)) = address else {
                strays.extend(records.iter().map(|record| Stray::unaddressed(&name, record)));
                continue;
            };
            // Mostly once.
            while !records.is_empty() {
                let rest = in_order(&mut records);
                batches.push(Batch { topic, partition, records });
                records = rest;
            }
        }
        let given_up_at = given_up_at.and_then(|text| serde_json::from_str::<Cow<'_, str>>(text.get()).ok());
        let given_up = given_up_at.and_then(|text| DateTime::parse_from_rfc3339(&text).ok());
        Self { batches, strays, given_up_ms: given_up.map(|time| time.timestamp_millis()) }
    }
}

/// Leaves the first records whose offsets grow, and returns the others. An event is read from a log in its order: where offsets fall back,
/// another log begins. What is in no order at all is put into one.
fn in_order<'a>(records: &mut Vec<Record<'a>>) -> Vec<Record<'a>> {
    let falls_back = |pair: &[Record<'_>]| pair[1].offset <= pair[0].offset;
    let Some(place) = records.windows(2).position(falls_back) else { return Vec::new() };
    if records.windows(2).filter(|pair| falls_back(pair)).count() < MOST_LOGS {
        return records.split_off(place + 1);
    }
    records.sort_by_key(|record| record.offset);
    let mut rest = Vec::new();
    records.dedup_by(|record, before| {
        if record.offset == before.offset && record != before {
            rest.push(record.clone());
        }
        record.offset == before.offset
    });
    rest
}

/// A batch as it stands: its name, and its members, whatever they are.
pub type Pieces<'a> = (Cow<'a, str>, Vec<&'a RawValue>);

/// The batches of an event as they stand.
pub fn pieces(payload: &str) -> Result<Vec<Pieces<'_>>, NotAKafkaEvent> {
    Ok(envelope::read(payload, &Room::new(MOST_MEMBERS))?.batches)
}

impl Stray<'_> {
    fn unaddressed(source: &str, record: &Record<'_>) -> Self {
        let quoted = |text: &Option<Cow<'_, str>>| serde_json::Value::from(text.as_deref()).to_string();
        let text = format!(
            r#"{{"offset":{},"timestamp":{},"key":{},"value":{}}}"#,
            record.offset,
            serde_json::Value::from(record.timestamp_ms),
            quoted(&record.key),
            quoted(&record.value),
        );
        Self {
            source: stranger::name(source),
            text: text.into(),
            detail: "the batch's name is not topic-partition".to_owned(),
        }
    }
}

/// `stock-bars-0` is partition 0 of `stock-bars`. What is not written as Kafka writes it (`-00`, `+0`, a slash) would be a second
/// name, and so a second ledger, for the same partition.
pub(crate) fn split_name(name: &str) -> Option<(&str, i32)> {
    let (topic, partition) = name.rsplit_once('-')?;
    let written_by_kafka = |topic: &str| {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        (1..=249).contains(&topic.len()) && topic.bytes().all(legal)
    };
    let number: i32 = partition.parse().ok().filter(|number| *number >= 0)?;
    (written_by_kafka(topic) && number.to_string() == partition).then_some((topic, number))
}

/// The records of a batch; the error is that there are too many of them.
fn sift<'a>(
    name: &str,
    batch: &'a RawValue,
    room: &Room,
    strays: &mut Vec<Stray<'a>>,
) -> Result<Vec<Record<'a>>, serde_json::Error> {
    let mut sound = Vec::new();
    let mut stray = |text: &'a str, error: &serde_json::Error| {
        strays.push(Stray { source: stranger::name(name), text: text.into(), detail: stranger::detail(error) });
    };
    let pieces = envelope::pieces(batch, room, |piece: &'a RawValue| match serde_json::from_str(piece.get()) {
        Ok(record) => sound.push(record),
        Err(error) => stray(piece.get(), &error),
    });
    match pieces {
        Err(error) if room.is_exceeded() => Err(error),
        Err(error) => {
            stray(batch.get(), &error);
            Ok(sound)
        }
        Ok(()) => Ok(sound),
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Record<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RecordVisitor)
    }
}

struct RecordVisitor;

impl<'de> Visitor<'de> for RecordVisitor {
    type Value = Record<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a Kafka record")
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Err(envelope::no_string(&self))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let (mut offset, mut timestamp_ms, mut key, mut value, mut oversized) = (None, None, None, None, None);
        while let Some(Text(name)) = map.next_key()? {
            match name.as_ref() {
                "offset" => offset = map.next_value::<Json<'de>>()?.as_i64().filter(|offset| OFFSETS.contains(offset)),
                "timestamp" => {
                    timestamp_ms = map.next_value::<Json<'de>>()?.as_i64().filter(|timestamp| *timestamp != -1);
                }
                "key" => key = map.next_value::<Json<'de>>()?.into_text(),
                "value" => {
                    value = match map.next_value::<Json<'de>>()? {
                        Json::Null => None,
                        Json::Text(text) => Some(text),
                        other => {
                            return Err(M::Error::custom(format_args!("`value` is {}, not base64 text", other.kind())));
                        }
                    };
                }
                oversized::MARK => oversized = Some(map.next_value()?),
                // Topic and partition are told by the batch's name; headers and the rest are not part of a bar.
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let offset = offset.ok_or_else(|| {
            M::Error::custom(format_args!("`offset` is missing or not a whole number from 0 to {}", OFFSETS.end - 1))
        })?;
        Ok(Record { offset, timestamp_ms, key, value, oversized })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(offset: i64) -> Record<'static> {
        Record { offset, timestamp_ms: Some(7), key: None, value: Some("e30=".into()), oversized: None }
    }

    fn parse(payload: &str) -> Event<'_> {
        Event::parse(payload).unwrap()
    }

    #[test]
    fn an_event_of_two_partitions_gives_two_batches() {
        let event = parse(
            r#"{"eventSource":"SelfManagedKafka","bootstrapServers":"b:9092","records":{
                "a-b-0":[{"topic":"a-b","partition":0,"offset":5,"timestamp":7,"timestampType":"CREATE_TIME","key":"SA==","value":"e30=",
                          "headers":[{"h":[104,-1]},{"n":null}]}],
                "a-b-12":[{"offset":0,"timestamp":-1,"headers":null}]}}"#,
        );
        assert_eq!(
            event.batches,
            [
                Batch { topic: "a-b", partition: 0, records: vec![Record { key: Some("SA==".into()), ..record(5) }] },
                Batch {
                    topic: "a-b",
                    partition: 12,
                    records: vec![Record { timestamp_ms: None, value: None, ..record(0) }]
                },
            ]
        );
        assert_eq!(event.strays, []);
    }

    #[test]
    fn a_record_that_is_none_costs_only_itself() {
        let event = parse(
            r#"{"records":{"t-0":[{"offset":1,"timestamp":7,"value":"e30="}, 5, {"value":"eA=="}, {"offset":2,"value":{}},
                {"offset":3,"timestamp":7,"value":"e30="}],"t-1":null,"t":[{"offset":4}]}}"#,
        );
        assert_eq!(event.batches, [Batch { topic: "t", partition: 0, records: vec![record(1), record(3)] }]);
        let strays: Vec<_> = event.strays.iter().map(|stray| (stray.source.as_str(), stray.text.as_ref())).collect();
        assert_eq!(
            strays,
            [
                ("t-0", "5"),
                ("t-0", r#"{"value":"eA=="}"#),
                ("t-0", r#"{"offset":2,"value":{}}"#),
                ("t-1", "null"),
                ("t", r#"{"offset":4,"timestamp":null,"key":null,"value":null}"#),
            ]
        );
    }

    #[test]
    fn a_batch_whose_name_has_an_escape_is_kept_and_costs_only_itself() {
        let event =
            parse(r#"{"records":{"t\u000d-1":[{"offset":4}],"t-0":[{"offset":3,"timestamp":7,"value":"e30="}]}}"#);
        assert_eq!(event.batches, [Batch { topic: "t", partition: 0, records: vec![record(3)] }]);
        let strays: Vec<_> = event.strays.iter().map(|stray| stray.source.as_str()).collect();
        assert_eq!(strays, ["t\r-1"]);
    }

    #[test]
    fn where_offsets_begin_again_another_batch_does() {
        let batches = |offsets: &[i64]| -> Vec<Vec<i64>> {
            let records: Vec<_> = offsets.iter().map(|offset| format!(r#"{{"offset":{offset}}}"#)).collect();
            let payload = format!(r#"{{"records":{{"t-0":[{}]}}}}"#, records.join(","));
            let event = parse(&payload);
            let offsets = |batch: &Batch<'_>| batch.records.iter().map(|record| record.offset).collect();
            event.batches.iter().map(offsets).collect()
        };
        assert_eq!(batches(&[7, 8, 9, 0, 1, 7]), [vec![7, 8, 9], vec![0, 1, 7]]);
        assert_eq!(batches(&[3, 3]), [vec![3], vec![3]]);
        // In no order: the same record is there once.
        assert_eq!(batches(&[9, 8, 7, 6, 5, 5, 4, 3, 2, 1]), [vec![1, 2, 3, 4, 5, 6, 7, 8, 9]]);
    }

    #[test]
    fn two_records_at_one_offset_are_two_batches_in_any_order() {
        let falling = (0..10).rev().map(|offset| format!(r#"{{"offset":{offset}}}"#)).collect::<Vec<_>>().join(",");
        let payload = format!(r#"{{"records":{{"t-0":[{falling},{{"offset":4,"timestamp":9}}]}}}}"#);
        let event = parse(&payload);
        let counts: Vec<_> = event.batches.iter().map(|batch| batch.records.len()).collect();
        assert_eq!(counts, [10, 1]);
        assert_eq!(event.batches[1].records[0].timestamp_ms, Some(9));
    }

    #[test]
    fn an_event_that_was_given_up_says_when_and_any_other_says_nothing() {
        let given_up_ms = |at: &str| parse(&format!(r#"{{"givenUpAt":{at},"records":{{}}}}"#)).given_up_ms;
        assert_eq!(given_up_ms(r#""2026-11-22T19:05:11.250Z""#), Some(1_795_374_311_250));
        for other in ["null", "7", "{}", r#""""#, r#""yesterday""#] {
            assert_eq!(given_up_ms(other), None, "{other}");
        }
        assert_eq!(parse(r#"{"records":{}}"#).given_up_ms, None);
    }

    #[test]
    fn a_stray_has_no_more_of_the_batchs_name_and_of_what_was_found_than_can_be_read() {
        let (name, text) = ("n".repeat(100_000), "\u{7f}".repeat(100_000));
        let event = format!(r#"{{"records":{{"{name}":[{{"offset":1}},0],"t-0":["{text}"],"t-1":"{text}"}}}}"#);
        let event = parse(&event);
        assert_eq!(event.strays.len(), 4);
        for stray in event.strays {
            assert!(stray.source.len() < 300 && stray.detail.len() < 400, "{stray:?}");
        }
        for payload in [format!("\"{text}\""), format!(r#"{{"records":"{text}"}}"#)] {
            let error = Event::parse(&payload).unwrap_err().to_string();
            assert!(error.contains("invalid type: a string, expected an "), "{error}");
        }
    }

    #[test]
    fn an_offset_after_which_there_is_none_is_no_offset() {
        let event = parse(r#"{"records":{"t-0":[{"offset":9223372036854775806},{"offset":9223372036854775807}]}}"#);
        let offsets: Vec<_> = event.batches[0].records.iter().map(|record| record.offset).collect();
        assert_eq!((offsets, event.strays.len()), (vec![i64::MAX - 1], 1));
    }

    #[test]
    fn a_timestamp_is_trusted_from_the_year_1_to_9999() {
        let trusted = |timestamp_ms| Record { timestamp_ms: Some(timestamp_ms), ..record(0) }.trusted_timestamp_ms();
        for edge in [-62_135_596_800_000, 253_402_300_799_999, 0] {
            assert_eq!(trusted(edge), Some(edge));
        }
        for beyond in [-62_135_596_800_001, 253_402_300_800_000, 9_223_372_036_854_776, i64::MAX, i64::MIN] {
            assert_eq!(trusted(beyond), None);
        }
        let event = parse(r#"{"records":{"t-0":[{"offset":0,"timestamp":-1},{"offset":1,"timestamp":-2}]}}"#);
        let timestamps: Vec<_> = event.batches[0].records.iter().map(|record| record.timestamp_ms).collect();
        assert_eq!(timestamps, [None, Some(-2)]);
    }

    #[test]
    fn an_event_of_more_members_than_lambda_sends_is_refused() {
        let record = |offset: usize| format!(r#"{{"offset":{offset}}}"#);
        let records = |count: usize| (0..count).map(record).collect::<Vec<_>>().join(",");
        let alone = |partition: usize| format!(r#""t-{partition}":[{}]"#, record(0));
        let full = (0..10_000).map(alone).collect::<Vec<_>>().join(",");
        assert_eq!(parse(&format!(r#"{{"records":{{{full}}}}}"#)).batches.len(), 10_000);
        let too_many = [
            format!(r#""t-0":[{}]"#, records(20_000)),
            format!(r#""t-0":[{}]"#, vec!["0"; 20_000].join(",")),
            format!(r#""t-0":[0],"t-1":[{}]"#, records(20_000)),
            vec![r#""":[]"#; 20_001].join(","),
            vec![r#""":0"#; 20_001].join(","),
        ];
        for batches in too_many {
            let error = Event::parse(&format!(r#"{{"records":{{{batches}}}}}"#)).unwrap_err().to_string();
            assert!(error.contains("it has more than 20000 batches and records"), "{error}");
        }
    }

    #[test]
    fn an_event_without_records_is_refused_and_one_with_none_is_empty() {
        for payload in ["{}", "[]", "null", r#"{"records":[]}"#, r#"{"records":null}"#, r#"[{"t-0":[]}]"#, "{"] {
            let error = Event::parse(payload).unwrap_err().to_string();
            assert!(error.starts_with("not a Kafka event: "), "{payload}: {error}");
        }
        assert!(parse(r#"{"records":{}}"#).batches.is_empty());
        assert!(parse(r#"{"records":{"t-0":[]}}"#).batches.is_empty());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_an_event_or_an_error(payload in ".*") {
            let _ = Event::parse(&payload);
        }

        #[test]
        fn an_event_with_a_records_object_is_never_an_error(name in ".*", batches in proptest::collection::vec(member(), 0..5)) {
            let name = serde_json::Value::from(name);
            let batches: Vec<_> = batches.iter().map(|batch| format!("{name}:{batch},{name}:[{batch}]")).collect();
            let payload = format!(r#"{{"records":{{{}}}}}"#, batches.join(","));
            let event = Event::parse(&payload).unwrap();
            let records: usize = event.batches.iter().map(|batch| batch.records.len()).sum();
            // A bare one holds no record, so it is a stray; the other is either.
            assert_eq!(records + event.strays.len(), 2 * batches.len());
        }

        #[test]
        fn any_member_of_a_batch_is_a_record_or_a_stray(members in proptest::collection::vec(member(), 0..20)) {
            let payload = format!(r#"{{"records":{{"t-0":[{}]}}}}"#, members.join(","));
            let event = Event::parse(&payload).unwrap();
            let records: usize = event.batches.iter().map(|batch| batch.records.len()).sum();
            for batch in &event.batches {
                assert!(batch.records.is_sorted_by(|left, right| left.offset < right.offset), "{batch:?}");
            }
            assert!(records + event.strays.len() <= members.len());
            let valid = members.iter().filter(|member| serde_json::from_str::<Record<'_>>(member).is_ok()).count();
            assert_eq!(event.strays.len(), members.len() - valid);
        }
    }

    /// JSON that looks more or less like a record.
    fn member() -> impl proptest::strategy::Strategy<Value = String> {
        use proptest::prelude::*;
        let value = prop_oneof![
            Just("null".to_owned()),
            any::<i64>().prop_map(|number| number.to_string()),
            any::<f64>().prop_filter("JSON", |number| number.is_finite()).prop_map(|number| format!("{number:e}")),
            ".*".prop_map(|text| serde_json::Value::from(text).to_string()),
            Just("[{}]".to_owned()),
        ];
        let name = prop_oneof![
            Just("offset"),
            Just("timestamp"),
            Just("key"),
            Just("value"),
            Just("headers"),
            Just("\\u006fffset")
        ];
        let fields = proptest::collection::vec((name, value.clone()), 0..6)
            .prop_map(|fields| {
                fields.iter().map(|(name, value)| format!(r#""{name}":{value}"#)).collect::<Vec<_>>().join(",")
            })
            .prop_map(|fields| format!("{{{fields}}}"));
        prop_oneof![fields, value]
    }
}
