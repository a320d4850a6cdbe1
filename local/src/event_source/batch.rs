//! The event under construction: which records fit, and its exact size.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::record::Record;

/// Lambda's limit for the payload of a synchronous invocation, in bytes of JSON.
pub(crate) const PAYLOAD_LIMIT_BYTES: usize = 6 * 1024 * 1024;

/// Where an event is cut.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) records: usize,
    pub(crate) bytes: usize,
}

/// Records of one topic that will be delivered together, in the order of each partition.
#[derive(Debug)]
pub(crate) struct Batch {
    limits: Limits,
    topic: String,
    bootstrap_servers: String,
    partitions: BTreeMap<i32, Partition>,
    records: usize,
    /// Size of [`Batch::to_json`], kept along so that nothing is serialized twice.
    bytes: usize,
}

#[derive(Debug)]
struct Partition {
    records: Vec<Box<RawValue>>,
    first: Position,
    last: Position,
}

/// Where and when a record is on its partition.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Position {
    pub(crate) offset: i64,
    /// Milliseconds since 1970 UTC; -1 if it has none.
    pub(crate) timestamp: i64,
}

impl Batch {
    pub(crate) fn new(topic: &str, bootstrap_servers: &str, limits: Limits) -> Self {
        let mut batch = Self {
            limits,
            topic: topic.to_owned(),
            bootstrap_servers: bootstrap_servers.to_owned(),
            partitions: BTreeMap::new(),
            records: 0,
            bytes: 0,
        };
        batch.bytes = batch.to_json().len();
        batch
    }

    /// A record that is too large for any event, in one of its own that is too large to be delivered.
    pub(crate) fn oversized(topic: &str, bootstrap_servers: &str, record: Record) -> Self {
        let mut batch = Self::new(topic, bootstrap_servers, Limits { records: 1, bytes: usize::MAX });
        // There is room for one record, however large.
        let _ = batch.offer(record);
        batch
    }

    /// Takes the record, or gives it back because the event would be too large with it: by records or by bytes.
    pub(crate) fn offer(&mut self, record: Record) -> Result<(), Record> {
        let bytes = self.bytes + self.bytes_added_by(&record);
        if self.records == self.limits.records || bytes > self.limits.bytes {
            return Err(record);
        }
        self.bytes = bytes;
        self.records += 1;
        let position = Position { offset: record.offset, timestamp: record.timestamp };
        let partition = self.partitions.entry(record.partition).or_insert_with(|| Partition {
            records: Vec::new(),
            first: position,
            last: position,
        });
        partition.last = position;
        partition.records.push(record.json);
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.records == 0
    }

    pub(crate) fn is_full(&self) -> bool {
        self.records == self.limits.records
    }

    pub(crate) fn records(&self) -> usize {
        self.records
    }

    /// Per partition the offset to commit once the event is acknowledged: one past its last record.
    pub(crate) fn next_offsets(&self) -> impl Iterator<Item = (i32, i64)> {
        self.partitions.iter().map(|(partition, taken)| (*partition, taken.last.offset + 1))
    }

    /// Per partition, by its name in the event, its first and last record.
    pub(crate) fn ends(&self) -> impl Iterator<Item = (String, Position, Position)> {
        self.partitions.iter().map(|(partition, taken)| (self.key(*partition), taken.first, taken.last))
    }

    /// The event, exactly as Lambda sends it.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        let event = Event {
            source: "SelfManagedKafka",
            bootstrap_servers: &self.bootstrap_servers,
            records: self
                .partitions
                .iter()
                .map(|(partition, taken)| (self.key(*partition), taken.records.as_slice()))
                .collect(),
        };
        let mut json = Vec::with_capacity(self.bytes);
        // Strings, numbers and finished JSON into memory: there is nothing that could fail.
        let _ = serde_json::to_writer(&mut json, &event);
        json
    }

    fn key(&self, partition: i32) -> String {
        format!("{}-{partition}", self.topic)
    }

    /// The record's own JSON, the comma before it, and `"topic-0":[]` where it is the first of its partition.
    fn bytes_added_by(&self, record: &Record) -> usize {
        let json = record.json.get().len();
        if self.partitions.contains_key(&record.partition) {
            return json + ",".len();
        }
        let comma = if self.partitions.is_empty() { 0 } else { ",".len() };
        // A topic's name has only letters, digits, dots, underscores and hyphens: JSON escapes none of them.
        json + comma + self.key(record.partition).len() + "\"\":[]".len()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    #[serde(rename = "eventSource")]
    source: &'a str,
    bootstrap_servers: &'a str,
    records: BTreeMap<String, &'a [Box<RawValue>]>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(partition: i32, offset: i64, json: &str) -> Record {
        Record { partition, offset, timestamp: 1, json: RawValue::from_string(json.to_owned()).unwrap() }
    }

    fn batch(records: usize, bytes: usize) -> Batch {
        Batch::new("stock-bars", "127.0.0.1:9092", Limits { records, bytes })
    }

    fn text(batch: &Batch) -> String {
        String::from_utf8(batch.to_json()).unwrap()
    }

    #[test]
    fn an_event_holds_several_partitions_each_in_its_own_order() {
        let mut batch = batch(10, 10_000);
        for (partition, offset) in [(1, 7), (0, 3), (1, 8), (10, 0), (1, 12)] {
            batch.offer(record(partition, offset, &format!(r#"{{"p":{partition},"o":{offset}}}"#))).unwrap();
        }
        insta::assert_snapshot!(text(&batch), @r#"{"eventSource":"SelfManagedKafka","bootstrapServers":"127.0.0.1:9092","records":{"stock-bars-0":[{"p":0,"o":3}],"stock-bars-1":[{"p":1,"o":7},{"p":1,"o":8},{"p":1,"o":12}],"stock-bars-10":[{"p":10,"o":0}]}}"#);
        assert_eq!(batch.next_offsets().collect::<Vec<_>>(), [(0, 4), (1, 13), (10, 1)]);
    }

    #[test]
    fn the_size_is_that_of_the_json_after_every_record() {
        let mut batch = batch(100, 100_000);
        assert_eq!(batch.bytes, batch.to_json().len());
        for (length, offset) in (0..40).enumerate() {
            let partition = [0, 5, 0, 12][length % 4];
            batch.offer(record(partition, offset, &format!("\"{}\"", "é".repeat(length)))).unwrap();
            assert_eq!(batch.bytes, batch.to_json().len());
        }
    }

    #[test]
    fn the_cut_comes_before_the_very_byte_that_is_too_much() {
        let mut measured = batch(10, usize::MAX);
        measured.offer(record(0, 0, "[1,2,3]")).unwrap();
        measured.offer(record(0, 1, "[4,5,6]")).unwrap();
        measured.offer(record(1, 0, "[7,8,9]")).unwrap();
        let exact = measured.bytes;

        for (limit, fits) in [(exact, true), (exact - 1, false)] {
            let mut batch = batch(10, limit);
            batch.offer(record(0, 0, "[1,2,3]")).unwrap();
            batch.offer(record(0, 1, "[4,5,6]")).unwrap();
            assert_eq!(batch.offer(record(1, 0, "[7,8,9]")).is_ok(), fits);
            assert!(batch.to_json().len() <= limit);
        }
    }

    #[test]
    fn a_refused_record_comes_back_and_leaves_the_event_as_it_was() {
        let mut batch = batch(1, 10_000);
        batch.offer(record(0, 0, "1")).unwrap();
        let before = (text(&batch), batch.bytes, batch.records());
        assert!(batch.is_full());
        let refused = batch.offer(record(0, 1, "2")).unwrap_err();
        assert_eq!((refused.offset, refused.json.get()), (1, "2"));
        assert_eq!((text(&batch), batch.bytes, batch.records()), before);
        assert_eq!(batch.next_offsets().collect::<Vec<_>>(), [(0, 1)]);
    }

    #[test]
    fn a_record_that_no_event_can_hold_is_refused_by_an_empty_one() {
        let mut batch = batch(10, PAYLOAD_LIMIT_BYTES);
        let value = format!("\"{}\"", "a".repeat(PAYLOAD_LIMIT_BYTES));
        assert!(batch.offer(record(0, 0, &value)).is_err());
        assert!(batch.is_empty());
    }
}
