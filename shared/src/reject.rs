//! A reject is a record that can never become a bar; it is kept with its bytes and its reason.

use std::fmt;

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};

use crate::event::{Record, Stray};
use crate::oversized::Oversized;

/// Why a record is no bar. The codes are stable: reports and alarms count by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The record has no value.
    Tombstone,
    /// The value, as delivered, is not base64.
    InvalidBase64,
    /// The value is not JSON; a bare `NaN`, as Python writes it, is not.
    NotJson,
    /// JSON, but neither an object nor a non-empty array of objects.
    NotABar,
    /// A field that every bar has is missing or null.
    MissingField,
    /// A field has the wrong type, is not finite, or stands twice; or the volume is negative.
    InvalidField,
    /// `Date` is not a day of the calendar from the year 1 in the form YYYY-MM-DD.
    InvalidDate,
    /// An array of more bars than one record may hold.
    TooManyRows,
    /// No event can hold the record; its bytes are elsewhere in the lake.
    TooLarge,
    /// What was delivered is not a record with an offset.
    MalformedRecord,
    /// Its offset was used before, and nobody knows whether by this very record.
    Undecided,
}

impl Reason {
    /// Every reason there is.
    pub const ALL: [Reason; 11] = [
        Reason::Tombstone,
        Reason::InvalidBase64,
        Reason::NotJson,
        Reason::NotABar,
        Reason::MissingField,
        Reason::InvalidField,
        Reason::InvalidDate,
        Reason::TooManyRows,
        Reason::TooLarge,
        Reason::MalformedRecord,
        Reason::Undecided,
    ];

    /// The stable code, as it stands in the table `rejects`.
    pub fn code(self) -> &'static str {
        match self {
            Reason::Tombstone => "tombstone",
            Reason::InvalidBase64 => "invalid_base64",
            Reason::NotJson => "not_json",
            Reason::NotABar => "not_a_bar",
            Reason::MissingField => "missing_field",
            Reason::InvalidField => "invalid_field",
            Reason::InvalidDate => "invalid_date",
            Reason::TooManyRows => "too_many_rows",
            Reason::TooLarge => "too_large",
            Reason::MalformedRecord => "malformed_record",
            Reason::Undecided => "undecided",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A reason with the sentence that names the field.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The reason.
    pub reason: Reason,
    /// What is wrong, in words.
    pub detail: String,
}

impl Fault {
    pub(crate) fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }

    pub(crate) fn undecided(oversized: Option<&Oversized>) -> Self {
        const WHY: &str = "its offset was used before, and nothing says whether this very record has landed then";
        let detail = oversized.map_or_else(|| WHY.to_owned(), |oversized| format!("{WHY}; {oversized}"));
        Self::new(Reason::Undecided, detail)
    }
}

/// One line of a rejects object: the columns of the table `rejects`.
#[derive(Serialize)]
struct Line<'a> {
    kafka_topic: &'a str,
    kafka_partition: Option<i32>,
    kafka_offset: Option<i64>,
    kafka_timestamp: Option<i64>,
    kafka_key: Option<&'a str>,
    kafka_value: Option<Value<'a>>,
    reason: &'a str,
    detail: &'a str,
    landed_at: &'a str,
    kafka_life: Option<u32>,
}

impl Line<'_> {
    /// About so many bytes.
    fn length(&self) -> usize {
        let value = match self.kafka_value {
            None => 0,
            Some(Value::Base64(text)) => text.len(),
            Some(Value::Bytes(bytes)) => bytes.len().div_ceil(3) * 4,
        };
        value + self.kafka_key.map_or(0, str::len) + self.detail.len() + self.kafka_topic.len() + 300
    }
}

/// A value in base64: as it was delivered, or made while it is written, for it may be megabytes.
enum Value<'a> {
    Base64(&'a str),
    Bytes(&'a [u8]),
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Base64(text) => serializer.serialize_str(text),
            Value::Bytes(bytes) => serializer.collect_str(&Base64Display::new(bytes, &STANDARD)),
        }
    }
}

/// Rejects as JSON lines, one per record.
pub(crate) struct Lines {
    landed_at: String,
    bytes: Vec<u8>,
}

impl Lines {
    /// `landed_at`: UTC, RFC 3339.
    pub(crate) fn new(landed_at: String) -> Self {
        Self { landed_at, bytes: Vec::new() }
    }

    pub(crate) fn push(&mut self, topic: &str, partition: i32, life: u32, record: &Record<'_>, fault: &Fault) {
        let columns = Line {
            kafka_topic: topic,
            kafka_partition: Some(partition),
            kafka_offset: Some(record.offset),
            kafka_timestamp: record.timestamp_ms,
            kafka_key: record.key.as_deref(),
            kafka_value: record.value.as_deref().map(Value::Base64),
            reason: fault.reason.code(),
            detail: &fault.detail,
            landed_at: &self.landed_at,
            kafka_life: Some(life),
        };
        append(&mut self.bytes, &columns);
    }

    /// A stray has no offset; its JSON, in base64, stands where the value would.
    pub(crate) fn push_stray(&mut self, stray: &Stray<'_>) {
        let line = Line {
            kafka_topic: &stray.source,
            kafka_partition: None,
            kafka_offset: None,
            kafka_timestamp: None,
            kafka_key: None,
            kafka_value: Some(Value::Bytes(stray.text.as_bytes())),
            reason: Reason::MalformedRecord.code(),
            detail: &stray.detail,
            landed_at: &self.landed_at,
            kafka_life: None,
        };
        append(&mut self.bytes, &line);
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

fn append(bytes: &mut Vec<u8>, line: &Line<'_>) {
    // At once, where it is much: what grows by doubling takes twice as much.
    bytes.reserve(line.length());
    #[expect(clippy::expect_used, reason = "strings and integers always serialize, and a Vec takes them all")]
    serde_json::to_writer(&mut *bytes, line).expect("a line serializes");
    bytes.push(b'\n');
}
