//! What Lambda's event source keeps of an event that it gave up: an invocation record with the whole event in it.

use std::collections::HashMap;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// An event as the function was given it, byte for byte.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct KeptEvent {
    pub(super) json: String,
    /// Kafka records in it, of all partitions.
    pub(super) records: u64,
}

impl KeptEvent {
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
        Ok(Self { json, records })
    }
}

#[derive(Deserialize)]
struct InvocationRecord<'a> {
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
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
            assert_eq!(kept, KeptEvent { json: EVENT.to_owned(), records: 3 });
        }
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
