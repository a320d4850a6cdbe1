//! A record that no event can hold: Lambda gives it up without a try, and `make redrive` brings it into the lake as a reject.
//!
//! Its JSON, as Lambda kept it, is put beside the tables first. Then `ingest` is given a record that stands in for it, at its offset, and
//! lands that as it lands any other. What marks it is a field of the record in the event, and those are made by Lambda: a publisher
//! has only what is inside of key, value and headers.

use std::fmt;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, Error};
use serde_json::value::RawValue;

use crate::event::Record;
use crate::json::Json;

/// The field of a record that marks a stand-in.
pub const MARK: &str = "tooLarge";

/// A longer key stays with the other bytes.
const LONGEST_KEY: usize = 10_000;

/// What stands in place of a record's value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Oversized {
    /// Length of its JSON in an event.
    pub bytes: usize,
    /// Where that JSON is, as an S3 URI.
    pub at: String,
}

/// By hand, for an error that does not repeat what was found.
impl<'de> Deserialize<'de> for Oversized {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        struct Fields<'a> {
            #[serde(borrow)]
            bytes: Json<'a>,
            #[serde(borrow)]
            at: Json<'a>,
        }
        let json = <&RawValue>::deserialize(deserializer)?.get();
        let fields = json.starts_with('{').then(|| serde_json::from_str::<Fields<'_>>(json));
        let of = |fields: Fields<'_>| {
            let bytes = fields.bytes.as_i64().and_then(|bytes| usize::try_from(bytes).ok())?;
            Some(Self { bytes, at: fields.at.into_text()?.into_owned() })
        };
        fields.and_then(Result::ok).and_then(of).ok_or_else(|| {
            D::Error::custom(format_args!("`{MARK}` is not an object with `bytes`, a number, and `at`, a string"))
        })
    }
}

impl fmt::Display for Oversized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no event can hold its {} bytes of JSON, which are at {}", self.bytes, self.at)
    }
}

/// The JSON of what stands in for a record whose own JSON is at `at`.
pub fn stand_in(record: &Record<'_>, bytes: usize, at: &str) -> String {
    #[derive(Serialize)]
    struct StandIn<'a> {
        offset: i64,
        #[serde(skip_serializing_if = "Option::is_none")]
        timestamp: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        key: Option<&'a str>,
        #[serde(rename = "tooLarge")]
        mark: Oversized,
    }
    let stand_in = StandIn {
        offset: record.offset,
        timestamp: record.timestamp_ms,
        key: record.key.as_deref().filter(|key| key.len() <= LONGEST_KEY),
        mark: Oversized { bytes, at: at.to_owned() },
    };
    #[expect(clippy::expect_used, reason = "strings and integers always serialize")]
    serde_json::to_string(&stand_in).expect("a stand-in serializes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_has_the_place_of_the_record_and_says_where_its_bytes_are() {
        let record = Record {
            offset: 7,
            timestamp_ms: Some(1),
            key: Some("SFNJ".into()),
            value: Some("e30=".into()),
            oversized: None,
        };
        let json = stand_in(&record, 8_000_000, "s3://lake/oversized/t-0-7.json");
        assert_eq!(
            json,
            r#"{"offset":7,"timestamp":1,"key":"SFNJ","tooLarge":{"bytes":8000000,"at":"s3://lake/oversized/t-0-7.json"}}"#
        );
        let mark = Oversized { bytes: 8_000_000, at: "s3://lake/oversized/t-0-7.json".into() };
        let expected = Record { value: None, oversized: Some(Box::new(mark)), ..record };
        assert_eq!(serde_json::from_str::<Record<'_>>(&json).unwrap(), expected);
    }
}
