//! The records as Lambda delivers them, and what became of each.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ingest::{Lander, handle};
use serde_json::{Value, json};
use shared::key::{Generation, LandingTime};
use store::Memory;

use crate::records::{Content, Deliveries, Record};

/// 2026-11-19T07:00:00Z
const FIRST_HOUR: i64 = 1_795_071_600_000;
const HOUR: i64 = 3_600_000;

/// A record as it was delivered.
#[derive(Clone, Debug)]
pub(crate) struct Delivered {
    pub(crate) partition: i32,
    /// None of a record that has no offset that one can be after.
    pub(crate) offset: Option<i64>,
    pub(crate) json: Value,
}

/// Delivers all of it to `ingest`, as it is deployed but for its store; the lake, and each record that was delivered.
pub(crate) async fn land(deliveries: &Deliveries, first_offset: i64) -> (Memory, Vec<Delivered>) {
    let lander = Lander::new(Memory::default(), Generation(1));
    let mut delivered = Vec::new();
    let mut events = Vec::new();
    let mut next = [Some(first_offset); 2];
    for event in &deliveries.events {
        let begin = delivered.len();
        for ((partition, records), next) in (0..).zip(&event.partitions).zip(&mut next) {
            for record in records {
                // After the last offset that there is, the topic ends.
                let Some(offset) = *next else { continue };
                *next = offset.checked_add(record.gap);
                let json = as_delivered(partition, offset, record);
                delivered.push(Delivered { partition, offset: Some(offset).filter(|offset| *offset < i64::MAX), json });
            }
        }
        delivered.extend(event.strays.iter().map(|stray| {
            let json = serde_json::from_str(stray).unwrap();
            Delivered { partition: 0, offset: None, json }
        }));
        events.push((payload(&delivered[begin..]), LandingTime(FIRST_HOUR + i64::from(event.hour) * HOUR)));
    }
    for again in &deliveries.repeated {
        let (payload, LandingTime(time)) = events[again.index(events.len())].clone();
        events.push((payload, LandingTime(time + HOUR)));
    }
    for (payload, time) in &events {
        let summary = handle(&lander, payload, *time, None).await.unwrap();
        assert_eq!(summary.records, summary.landed + summary.rejected + summary.skipped, "{summary:?}");
    }
    (lander.into_store(), delivered)
}

fn as_delivered(partition: i32, offset: i64, record: &Record) -> Value {
    let signed = |bytes: &Vec<u8>| bytes.iter().map(|byte| byte.cast_signed()).collect::<Vec<i8>>();
    let headers: Vec<_> =
        record.headers.iter().map(|(name, value)| json!({ name.as_str(): value.as_ref().map(signed) })).collect();
    let mut json = json!({
        "topic": "bars", "partition": partition, "offset": offset, "timestamp": record.timestamp, "timestampType": "CREATE_TIME",
        "headers": headers,
    });
    if let Some(key) = &record.key {
        json["key"] = STANDARD.encode(key).into();
    }
    match &record.value {
        Content::Tombstone => {}
        Content::Bytes(bytes) => json["value"] = STANDARD.encode(bytes).into(),
        Content::Delivered(text) => json["value"] = text.as_str().into(),
        Content::TooLarge => json["tooLarge"] = json!({"bytes": 7_000_000, "at": "s3://lake/oversized/x.json"}),
    }
    json
}

fn payload(delivered: &[Delivered]) -> String {
    let of =
        |partition| delivered.iter().filter(move |record| record.partition == partition).map(|record| &record.json);
    let batches = [0, 1].map(|partition| of(partition).collect::<Vec<_>>());
    json!({
        "eventSource": "SelfManagedKafka", "bootstrapServers": "broker:9092",
        "records": {"bars-0": batches[0], "bars-1": batches[1]},
    })
    .to_string()
}
