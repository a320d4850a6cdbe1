//! The records of these tests: each says by its offset alone what it is, so that the lake can be held to it.

use std::collections::BTreeMap;
use std::ops::Range;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use local::PartitionIntegrity;
use serde_json::{Value, json};

/// What is on the topics, by topic and partition: the number of records, with offsets from 0 on.
pub(crate) type Published = BTreeMap<(String, i32), i64>;

/// Every fifth record is none that can become a bar.
pub(crate) fn is_reject(offset: i64) -> bool {
    offset % 5 == 3
}

pub(crate) fn value(offset: i64) -> String {
    if is_reject(offset) {
        format!("no bar {offset}")
    } else {
        format!(r#"{{"Index":"HSI","Date":"2021-05-31","Open":1,"High":2,"Low":1,"Close":2,"Volume":{offset}}}"#)
    }
}

/// The event in which Lambda would deliver these offsets of these partitions.
pub(crate) fn event(topic: &str, partitions: Range<i32>, offsets: Range<i64>) -> Vec<u8> {
    let records: serde_json::Map<String, Value> = partitions
        .map(|partition| {
            let batch = offsets.clone().map(|offset| record(topic, partition, offset)).collect();
            (format!("{topic}-{partition}"), Value::Array(batch))
        })
        .collect();
    json!({ "eventSource": "SelfManagedKafka", "bootstrapServers": "127.0.0.1:9092", "records": records })
        .to_string()
        .into_bytes()
}

fn record(topic: &str, partition: i32, offset: i64) -> Value {
    json!({
        "topic": topic,
        "partition": partition,
        "offset": offset,
        "timestamp": 1_795_370_000_000_i64 + offset,
        "timestampType": "CREATE_TIME",
        "key": BASE64_STANDARD.encode("HSI"),
        "value": BASE64_STANDARD.encode(value(offset)),
        "headers": [],
    })
}

/// One line for each partition: what the lake must hold.
pub(crate) fn expected(published: &Published) -> Vec<String> {
    let line = |(topic, partition): &(String, i32), records: i64| {
        let rejects = (0..records).filter(|offset| is_reject(*offset)).count();
        let bars = (0..records).count() - rejects;
        let last = records - 1;
        format!("{topic} {partition}: {bars} bars, {rejects} rejects, offsets 0 to {last}, 0 duplicates, 0 holes")
    };
    published.iter().map(|(partition, records)| line(partition, *records)).collect()
}

/// The same line, as the report on the lake's integrity has it.
pub(crate) fn landed(partition: &PartitionIntegrity) -> String {
    let PartitionIntegrity {
        topic, partition, first_offset, last_offset, bar_rows, rejected, duplicates, holes, ..
    } = partition;
    format!(
        "{topic} {partition}: {bar_rows} bars, {rejected} rejects, offsets {first_offset} to {last_offset}, \
         {duplicates} duplicates, {holes} holes"
    )
}
