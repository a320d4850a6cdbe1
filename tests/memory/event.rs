//! Events that are as large as Lambda makes them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Lambda cuts an event before its JSON is larger.
pub(crate) const LARGEST: usize = 6 << 20;
/// What base64 makes of this fits beside the rest of one record.
pub(crate) const LARGEST_VALUE: usize = (LARGEST - 400) / 4 * 3;

/// An event of one batch.
pub(crate) fn of(topic: &str, records: &str) -> String {
    format!(r#"{{"eventSource":"SelfManagedKafka","records":{{"{topic}-0":[{records}]}}}}"#)
}

/// An event with a record for each value.
pub(crate) fn of_values<V: AsRef<[u8]>>(topic: &str, values: impl IntoIterator<Item = V>) -> String {
    of(topic, &joined((0..).zip(values).map(|(offset, value)| record(offset, value.as_ref()))))
}

pub(crate) fn record(offset: usize, value: &[u8]) -> String {
    format!(r#"{{"offset":{offset},"timestamp":1795370753000,"value":"{}"}}"#, STANDARD.encode(value))
}

pub(crate) fn joined(items: impl IntoIterator<Item = String>) -> String {
    items.into_iter().collect::<Vec<_>>().join(",")
}

/// A text that begins and ends so, with as many pieces between as make it so long.
pub(crate) fn filled(begin: &str, piece: &str, end: &str, length: usize) -> String {
    let pieces = (length - begin.len() - end.len()) / piece.len();
    [begin, &piece.repeat(pieces), end].concat()
}
