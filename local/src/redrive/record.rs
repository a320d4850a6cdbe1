//! What Lambda's event source keeps of an event that it gave up: an invocation record with the whole event in it.

use std::collections::HashMap;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// An event as the function was given it, byte for byte, and when it was given up: offsets may have been used again since, and that tells
/// of which life of the topic its records are.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct KeptEvent {
    pub(super) json: String,
    /// Kafka records in it, of all partitions.
    pub(super) records: u64,
    /// RFC 3339, UTC.
    pub(super) given_up_at: Option<String>,
}

impl KeptEvent {
    /// What the function is invoked with: it says when the event was given up.
    pub(super) fn payload(&self) -> String {
        match (&self.given_up_at, self.json.split_once('{')) {
            // It is the first member of an object that has others.
            (Some(at), Some((before, members))) => {
                format!(r#"{before}{{"givenUpAt":{},{members}"#, serde_json::Value::from(at.as_str()))
            }
            _ => self.json.clone(),
        }
    }

    /// The payload is at most so much longer than the event.
    pub(super) fn added_bytes(&self) -> usize {
        self.given_up_at.as_ref().map_or(0, |at| at.len() * 6 + 16)
    }

    /// Takes the event out of an object of the on-failure bucket.
    ///
    /// # Errors
    /// The object is not such a record, in words.
    pub(super) fn read(object: &[u8]) -> Result<Self> {
        let record: InvocationRecord<'_> =
            serde_json::from_slice(object).context("it is not an invocation record of lambda")?;
        let payload = record.payload.context("it has no payload, the event itself, which lambda keeps in s3 only")?;
        // Documented as the text of the event; the event itself is what lambda writes to other destinations.
        let json = match payload.get().as_bytes().first() {
            Some(b'"') => serde_json::from_str::<String>(payload.get()).context("its payload is no text")?,
            Some(b'{') => payload.get().to_owned(),
            _ => bail!("its payload is neither an event nor the text of one"),
        };
        let event: Event<'_> = serde_json::from_str(&json).context("its payload is not a kafka event")?;
        let records = event.records.values().map(|records| records.len() as u64).sum();
        Ok(Self { json, records, given_up_at: record.timestamp })
    }
}

#[derive(Deserialize)]
struct InvocationRecord<'a> {
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    /// RFC 3339, UTC.
    timestamp: Option<String>,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    records: HashMap<std::borrow::Cow<'a, str>, Vec<IgnoredAny>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A price whose digits a float would lose.
    const EVENT: &str = r#"{"eventSource":"SelfManagedKafka","records":{"t-0":[{"offset":1,"p":0.10},{}],"t-1":[{}]}}"#;

    #[test]
    fn the_event_comes_out_as_it_went_in_from_text_and_from_json() {
        let as_text = serde_json::json!({ "version": "1.0", "KafkaBatchInfo": {}, "payload": EVENT }).to_string();
        let as_json = format!(r#"{{"payload": {EVENT}, "version":"1.0"}}"#);
        for object in [as_text, as_json] {
            let kept = KeptEvent::read(object.as_bytes()).unwrap();
            assert_eq!(kept, KeptEvent { json: EVENT.to_owned(), records: 3, given_up_at: None });
        }
    }

    #[test]
    fn an_event_says_when_it_was_given_up() {
        let object = serde_json::json!({ "timestamp": "2026-11-22T19:05:11.250Z", "payload": EVENT }).to_string();
        let kept = KeptEvent::read(object.as_bytes()).unwrap();
        let rest = EVENT.strip_prefix('{').unwrap();
        assert_eq!(kept.payload(), format!(r#"{{"givenUpAt":"2026-11-22T19:05:11.250Z",{rest}"#));
        assert!(kept.payload().len() <= kept.json.len() + kept.added_bytes());
        assert_eq!(shared::event::Event::parse(&kept.payload()).unwrap().given_up_ms, Some(1_795_374_311_250));
    }

    #[test]
    fn an_event_without_records_is_an_event() {
        assert_eq!(KeptEvent::read(br#"{"payload":"{\"records\":{}}"}"#).unwrap().records, 0);
    }

    #[test]
    fn what_is_no_such_record_says_why() {
        let objects: [&[u8]; 9] = [
            b"",
            b"\xff\xfe",
            b"PAR1",
            br#"["payload"]"#,
            br#"{"version":"1.0"}"#,
            br#"{"payload":null}"#,
            br#"{"payload":[]}"#,
            br#"{"payload":"hello"}"#,
            br#"{"payload":{"Records":[{"eventSource":"aws:s3"}]}}"#,
        ];
        let errors = objects.map(|object| format!("{:#}", KeptEvent::read(object).unwrap_err()));
        insta::assert_snapshot!(errors.join("\n"));
    }
}
