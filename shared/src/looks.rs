//! What a value looks like that is no bar, for whoever has to find out who sends it.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::Value;

/// So many bytes of the beginning are shown.
const SHOWN: usize = 16;
/// An object that is larger is not looked into.
const LARGEST_LOOKED_INTO: usize = 1 << 16;

/// Of a value that is not JSON: how it begins, and what that is the beginning of.
pub(crate) fn beginning(value: &[u8]) -> String {
    let first = &value[..value.len().min(SHOWN)];
    let is_plain = first.iter().all(|byte| (b' '..=b'~').contains(byte));
    let more = if value.len() > SHOWN { " …" } else { "" };
    let mut told = if value.is_empty() {
        "it is empty".to_owned()
    } else if is_plain {
        format!("it begins with {:?}{more}", String::from_utf8_lossy(first))
    } else {
        let bytes: Vec<_> = first.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("it begins with the bytes {}{more}", bytes.join(" "))
    };
    if let Some(what) = what_begins_so(value) {
        // Writing to a String cannot fail.
        let _ = write!(told, ", as {what}");
    }
    told
}

fn what_begins_so(value: &[u8]) -> Option<&'static str> {
    const REGISTRY: &str =
        "what a serializer with a schema registry writes (Avro, Protobuf, JSON Schema): publish plain JSON";
    const UTF_16: &str = "UTF-16 does: publish UTF-8";
    match value {
        [0xef, 0xbb, 0xbf, ..] => Some("a byte order mark: publish UTF-8 without one"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'{' | b'[', 0, ..] | [0, b'{' | b'[', ..] => Some(UTF_16),
        [0, _, _, _, _, ..] => Some(REGISTRY),
        [0x1f, 0x8b, ..] => Some("gzip does: publish it unpacked; Kafka compresses by itself (compression.type)"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            Some("zstd does: publish it unpacked; Kafka compresses by itself (compression.type)")
        }
        [b'{', b'\'', ..] | [b'[', b'{', b'\'', ..] => Some("what Python's str() makes of a dict: use json.dumps"),
        [b'A'..=b'Z' | b'a'..=b'z', ..] if value.contains(&b',') => {
            Some("a line of CSV does: `producer --csv` publishes such files")
        }
        _ => None,
    }
}

/// Of JSON that is no bar: what it is instead, if that is plain to see.
pub(crate) fn instead(value: &[u8]) -> Option<String> {
    if value.len() > LARGEST_LOOKED_INTO {
        return None;
    }
    // Not `from_slice`, which refuses what follows.
    match Value::deserialize(&mut serde_json::Deserializer::from_slice(value)).ok()? {
        Value::String(text) => {
            let inner = serde_json::from_str::<Value>(&text).ok()?;
            inner.is_object().then(|| "it is JSON in a JSON string: it was encoded twice".to_owned())
        }
        Value::Object(members) => {
            let is_bar = |value: &Value| value.get("Index").is_some() || value.get("Open").is_some();
            let (name, _) = members.iter().find(|(_, value)| is_bar(value))?;
            Some(format!(
                "there is one in `{name}`, as in an envelope of Kafka Connect's or Debezium's: publish what is in it, without schemas"
            ))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_no_json_is_told_by_how_it_begins() {
        let cases: [(&[u8], &str); 12] = [
            (b"", "it is empty"),
            (
                b"\x00\x00\x00\x00\x07\x02HSI",
                "it begins with the bytes 00 00 00 00 07 02 48 53 49, as what a serializer with a schema registry",
            ),
            (b"\xef\xbb\xbf{\"Index\":1}", "ef bb bf 7b 22 49 6e 64 65 78 22 3a 31 7d, as a byte order mark"),
            (b"\xff\xfe{\0", "as UTF-16 does"),
            (b"{\0\"\0", "as UTF-16 does"),
            (b"\0{\0\"\0", "as UTF-16 does"),
            (b"\x1f\x8b\x08", "as gzip does"),
            (b"\x28\xb5\x2f\xfd", "as zstd does"),
            (b"{'Index': 'HSI', 'Open': 1}", "it begins with \"{'Index': 'HSI',\" \u{2026}, as what Python's str()"),
            (b"HSI,1986-12-31,1,1,1,1", "it begins with \"HSI,1986-12-31,1\" \u{2026}, as a line of CSV"),
            (b"hello", "it begins with \"hello\""),
            (b"\x80\x81", "it begins with the bytes 80 81"),
        ];
        for (value, expected) in cases {
            let told = beginning(value);
            assert!(told.contains(expected), "{told}");
        }
    }

    #[test]
    fn json_that_holds_a_bar_says_where() {
        let bar = r#"{"Index":"HSI","Open":1}"#;
        let twice = serde_json::to_string(bar).unwrap();
        assert!(instead(twice.as_bytes()).unwrap().contains("encoded twice"));
        for name in ["payload", "after", "value"] {
            let envelope = format!(r#"{{"schema":{{}},"before":null,"{name}":{bar}}}"#);
            assert!(instead(envelope.as_bytes()).unwrap().starts_with(&format!("there is one in `{name}`")));
        }
        for other in ["7", "\"text\"", "\"[1]\"", "{}", r#"{"a":{"b":1}}"#, "["] {
            assert_eq!(instead(other.as_bytes()), None, "{other}");
        }
    }
}
