//! One Kafka record as Lambda writes it.

use anyhow::Result;
use base64::display::Base64Display;
use base64::prelude::BASE64_STANDARD;
use rdkafka::message::{Headers as _, Message, Timestamp};
use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};
use serde_json::value::{RawValue, to_raw_value};

/// A record in an event: its place on the topic and its JSON.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    /// Milliseconds since 1970 UTC; -1 if it has none.
    pub(crate) timestamp: i64,
    pub(crate) json: Box<RawValue>,
}

impl Record {
    pub(crate) fn encode(message: &impl Message) -> Result<Self> {
        let (timestamp, timestamp_type) = match message.timestamp() {
            Timestamp::CreateTime(millis) => (millis, "CREATE_TIME"),
            Timestamp::LogAppendTime(millis) => (millis, "LOG_APPEND_TIME"),
            Timestamp::NotAvailable => (-1, "NO_TIMESTAMP_TYPE"),
        };
        let headers = message.headers().map(|headers| {
            headers.iter().map(|header| Header { name: header.key, value: header.value }).collect::<Vec<_>>()
        });
        let json = to_raw_value(&RecordJson {
            topic: message.topic(),
            partition: message.partition(),
            offset: message.offset(),
            timestamp,
            timestamp_type,
            key: message.key().map(Base64),
            value: message.payload().map(Base64),
            headers: headers.unwrap_or_default(),
        })?;
        Ok(Self { partition: message.partition(), offset: message.offset(), timestamp, json })
    }
}

/// The fields in Lambda's order. A record without key or value (a tombstone) has no such field: that is what Lambda
/// sends, and consumers that expect a null break on it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RecordJson<'a> {
    topic: &'a str,
    partition: i32,
    offset: i64,
    timestamp: i64,
    timestamp_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<Base64<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Base64<'a>>,
    headers: Vec<Header<'a>>,
}

struct Base64<'a>(&'a [u8]);

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Base64Display::new(self.0, &BASE64_STANDARD))
    }
}

struct Header<'a> {
    name: &'a str,
    value: Option<&'a [u8]>,
}

impl Serialize for Header<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Lambda is written in Java, where a byte has a sign.
        let signed = self.value.map(|bytes| bytes.iter().map(|byte| byte.cast_signed()).collect::<Vec<i8>>());
        let mut header = serializer.serialize_map(Some(1))?;
        header.serialize_entry(self.name, &signed)?;
        header.end()
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::message::{Header as KafkaHeader, OwnedHeaders, OwnedMessage};

    use super::*;

    fn message(
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        timestamp: Timestamp,
        headers: Option<OwnedHeaders>,
    ) -> OwnedMessage {
        let owned = |bytes: &[u8]| bytes.to_vec();
        OwnedMessage::new(value.map(owned), key.map(owned), "stock-bars".to_owned(), timestamp, 2, 41, headers)
    }

    fn json(message: &OwnedMessage) -> String {
        Record::encode(message).unwrap().json.get().to_owned()
    }

    #[test]
    fn a_record_has_the_fields_of_lambda_in_their_order() {
        let headers = OwnedHeaders::new()
            .insert(KafkaHeader { key: "trace", value: Some(&[104_u8, 255]) })
            .insert(KafkaHeader { key: "empty", value: Some("") });
        let full =
            message(Some(b"HSI"), Some(br#"{"Index":"HSI"}"#), Timestamp::CreateTime(1_795_370_753_000), Some(headers));
        insta::assert_snapshot!(json(&full), @r#"{"topic":"stock-bars","partition":2,"offset":41,"timestamp":1795370753000,"timestampType":"CREATE_TIME","key":"SFNJ","value":"eyJJbmRleCI6IkhTSSJ9","headers":[{"trace":[104,-1]},{"empty":[]}]}"#);
    }

    #[test]
    fn a_tombstone_has_no_value_and_a_record_without_key_no_key() {
        let tombstone = message(None, None, Timestamp::LogAppendTime(5), None);
        insta::assert_snapshot!(json(&tombstone), @r#"{"topic":"stock-bars","partition":2,"offset":41,"timestamp":5,"timestampType":"LOG_APPEND_TIME","headers":[]}"#);
    }

    #[test]
    fn an_empty_value_is_not_a_tombstone_and_a_missing_timestamp_is_kafkas_minus_one() {
        let headers = OwnedHeaders::new().insert(KafkaHeader::<&str> { key: "null", value: None });
        let odd = message(None, Some(b""), Timestamp::NotAvailable, Some(headers));
        insta::assert_snapshot!(json(&odd), @r#"{"topic":"stock-bars","partition":2,"offset":41,"timestamp":-1,"timestampType":"NO_TIMESTAMP_TYPE","value":"","headers":[{"null":null}]}"#);
    }

    #[test]
    fn the_type_that_other_functions_use_understands_it() {
        let headers = OwnedHeaders::new().insert(KafkaHeader { key: "trace", value: Some(&[104_u8, 255]) });
        let message = message(Some(b"HSI"), Some(b"{}"), Timestamp::CreateTime(1_795_370_753_000), Some(headers));
        let known: aws_lambda_events::kafka::KafkaRecord = serde_json::from_str(&json(&message)).unwrap();
        assert_eq!((known.topic.as_deref(), known.partition, known.offset), (Some("stock-bars"), 2, 41));
        assert_eq!(known.timestamp.timestamp_millis(), 1_795_370_753_000);
        assert_eq!((known.key.as_deref(), known.value.as_deref()), (Some("SFNJ"), Some("e30=")));
        assert_eq!(known.headers[0]["trace"], [104, -1]);
    }
}
