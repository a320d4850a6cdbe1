//! An event that is given up, as Lambda writes it to an S3 on-failure destination.
//!
//! The fields are those of "Capturing discarded batches for Amazon MSK and self-managed Apache Kafka event sources" in the AWS
//! Lambda Developer Guide. The key is the one that the guide gives for streams, without the shard: it names none for Kafka.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::batch::{Batch, Position};
use super::mapping::Mapping;

/// An event that is not delivered any more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GivenUp<'a> {
    pub(crate) batch: &'a Batch,
    /// The JSON of the batch.
    pub(crate) event: &'a [u8],
    pub(crate) condition: Condition,
}

/// Why it was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    RetryAttemptsExhausted { invocations: u32 },
    MaximumPayloadSizeExceeded,
}

impl GivenUp<'_> {
    /// Key of the object, and the object.
    pub(crate) fn object(&self, mapping: &Mapping, time: DateTime<Utc>) -> (String, Vec<u8>) {
        let day_and_time = time.format("%Y/%m/%d/%Y-%m-%dT%H.%M.%S");
        let key = format!("aws/lambda/{}/{day_and_time}-{}", mapping.id, random_uuid());
        let record = self.invocation_record(mapping, time);
        // Strings and numbers into memory: there is nothing that could fail.
        (key, serde_json::to_vec(&record).unwrap_or_default())
    }

    fn invocation_record<'a>(&'a self, mapping: &'a Mapping, time: DateTime<Utc>) -> InvocationRecord<'a> {
        let (condition, invocations) = match self.condition {
            Condition::RetryAttemptsExhausted { invocations } => ("RetryAttemptsExhausted", invocations),
            Condition::MaximumPayloadSizeExceeded => ("MaximumPayloadSizeExceeded", 0),
        };
        InvocationRecord {
            request_context: RequestContext {
                request_id: random_uuid(),
                function_arn: &mapping.function,
                condition,
                approximate_invoke_count: invocations,
            },
            response_context: (invocations > 0).then_some(ResponseContext {
                status_code: 200,
                executed_version: "$LATEST",
                function_error: "Unhandled",
            }),
            version: "1.0",
            timestamp: rfc3339(time),
            batch_info: BatchInfo {
                batch_size: self.batch.records(),
                bootstrap_servers: &mapping.bootstrap_servers,
                payload_size: self.event.len(),
                records_info: self
                    .batch
                    .ends()
                    .map(|(partition, first, last)| (partition, RecordsInfo::of(first, last)))
                    .collect(),
            },
            payload: String::from_utf8_lossy(self.event),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InvocationRecord<'a> {
    request_context: RequestContext<'a>,
    response_context: Option<ResponseContext<'a>>,
    version: &'a str,
    timestamp: String,
    #[serde(rename = "KafkaBatchInfo")]
    batch_info: BatchInfo<'a>,
    /// The event as text, not as JSON.
    payload: std::borrow::Cow<'a, str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    request_id: String,
    function_arn: &'a str,
    condition: &'a str,
    approximate_invoke_count: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseContext<'a> {
    status_code: u16,
    executed_version: &'a str,
    function_error: &'a str,
}

/// Without `eventSourceArn`, which only MSK has.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchInfo<'a> {
    batch_size: usize,
    bootstrap_servers: &'a str,
    payload_size: usize,
    records_info: BTreeMap<String, RecordsInfo>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RecordsInfo {
    first_record_offset: String,
    last_record_offset: String,
    first_record_timestamp: Option<String>,
    last_record_timestamp: Option<String>,
}

impl RecordsInfo {
    fn of(first: Position, last: Position) -> Self {
        let time = |position: Position| DateTime::from_timestamp_millis(position.timestamp).map(rfc3339);
        Self {
            first_record_offset: first.offset.to_string(),
            last_record_offset: last.offset.to_string(),
            first_record_timestamp: time(first),
            last_record_timestamp: time(last),
        }
    }
}

fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Version 4.
fn random_uuid() -> String {
    let random: u128 = rand::random();
    let bits = (random & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;
    use serde_json::{Value, json};

    use super::super::access::Access;
    use super::super::batch::{Limits, PAYLOAD_LIMIT_BYTES};
    use super::super::mapping::{Backoff, StartingPosition};
    use super::super::record::Record;
    use super::*;

    fn mapping() -> Mapping {
        Mapping {
            id: "mapping-id".to_owned(),
            function: "arn:aws:lambda:us-east-1:000000000000:function:ingest".to_owned(),
            bootstrap_servers: "127.0.0.1:9092".to_owned(),
            access: Access::default(),
            topic: "stock-bars".to_owned(),
            consumer_group: "tickerlake".to_owned(),
            start: StartingPosition::TrimHorizon,
            limits: Limits { records: 10_000, bytes: PAYLOAD_LIMIT_BYTES },
            window: std::time::Duration::from_millis(500),
            retries: Some(10),
            backoff: Backoff::default(),
            on_failure_bucket: Some("failed".to_owned()),
        }
    }

    fn written(condition: Condition) -> (String, Value, String) {
        let mapping = mapping();
        let mut batch = Batch::new(&mapping.topic, &mapping.bootstrap_servers, mapping.limits);
        for (partition, offset) in [(0, 7), (1, 3), (1, 4)] {
            let timestamp = 1_795_374_311_000 + offset;
            let json = RawValue::from_string(format!(r#"{{"offset":{offset},"price":1.0}}"#)).unwrap();
            batch.offer(Record { partition, offset, timestamp, json }).unwrap();
        }
        let event = batch.to_json();
        let time = DateTime::from_timestamp_millis(1_795_374_400_250).unwrap();
        let (key, object) = GivenUp { batch: &batch, event: &event, condition }.object(&mapping, time);
        let mut record: Value = serde_json::from_slice(&object).unwrap();
        record["requestContext"]["requestId"] = json!("random");
        (key, record, String::from_utf8(event).unwrap())
    }

    #[test]
    fn the_object_is_the_invocation_record_with_the_event_as_text() {
        let (key, record, event) = written(Condition::RetryAttemptsExhausted { invocations: 11 });
        let (name, uuid) = key.split_at(key.len() - 36);
        assert_eq!(name, "aws/lambda/mapping-id/2026/11/22/2026-11-22T19.06.40-");
        assert_eq!(uuid.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{uuid}");
        assert_eq!(record["payload"], json!(event));
        insta::assert_snapshot!(serde_json::to_string_pretty(&record).unwrap());
    }

    #[test]
    fn a_record_that_no_event_can_hold_was_never_answered() {
        let (_, record, _) = written(Condition::MaximumPayloadSizeExceeded);
        assert_eq!(record["requestContext"]["condition"], "MaximumPayloadSizeExceeded");
        assert_eq!(record["requestContext"]["approximateInvokeCount"], 0);
        assert_eq!(record["responseContext"], Value::Null);
    }

    #[test]
    fn uuids_are_random_ones_of_version_4() {
        let (one, other) = (random_uuid(), random_uuid());
        assert_ne!(one, other);
        assert_eq!(one.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&one.as_bytes()[19]), "{one}");
    }
}
