//! What a row keeps of the fields that are not columns: one JSON object that every reader of the lake can read.
//!
//! A member stands as it was sent where any reader takes it as it is. What not all of them take (`DuckDB` and Trino fail a whole query
//! for one value that they cannot read) stands as text: the member `_rest` is a string that holds an object of those members, as they
//! were sent. So nothing is lost, and no value stands under its name in another form.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;

use serde_json::value::RawValue;

/// The members that stand as text.
const REST: &str = "_rest";
/// A Kafka timestamp that the column cannot hold.
const TIMESTAMP: &str = "_kafka_timestamp";

/// Levels of a value; `extra` itself is one more. `DuckDB` reads 128, as `serde_json` does.
const MOST_LEVELS: usize = 100;
/// Jackson, which Trino reads JSON with, takes 50,000 characters of a name and 1,000 of a number, if nobody tells it otherwise.
const LONGEST_NAME: usize = 10_000;
const LONGEST_NUMBER: usize = 300;

/// The object under construction: each of the two without its closing brace, and empty without members.
#[derive(Default)]
pub(crate) struct Extra {
    members: Vec<u8>,
    rest: Vec<u8>,
    names: Names,
}

impl Extra {
    /// Takes a member in.
    pub(crate) fn push(&mut self, name: &str, value: &RawValue) {
        let stands = name.len() <= LONGEST_NAME
            && ![REST, TIMESTAMP].contains(&name)
            && is_readable(value.get())
            && self.names.insert(name);
        append(if stands { &mut self.members } else { &mut self.rest }, name, value.get());
    }

    /// The object; none without members.
    pub(crate) fn into_json(mut self) -> Option<Vec<u8>> {
        if !self.rest.is_empty() {
            self.rest.push(b'}');
            // At once, for it may be megabytes: what grows by doubling takes twice as much.
            self.members.reserve(self.rest.len() * 2);
            begin(&mut self.members, REST);
            quote(&mut self.members, &String::from_utf8_lossy(&self.rest));
        }
        (!self.members.is_empty()).then(|| {
            self.members.push(b'}');
            self.members
        })
    }
}

/// The object with a Kafka timestamp in it that the column cannot hold.
pub(crate) fn with_timestamp(extra: Option<Vec<u8>>, timestamp_ms: i64) -> Vec<u8> {
    let mut json = Vec::new();
    append(&mut json, TIMESTAMP, &timestamp_ms.to_string());
    match extra {
        Some(extra) => {
            json.push(b',');
            json.extend_from_slice(&extra[1..]);
        }
        None => json.push(b'}'),
    }
    json
}

fn append(json: &mut Vec<u8>, name: &str, value: &str) {
    begin(json, name);
    json.extend_from_slice(value.as_bytes());
}

fn begin(json: &mut Vec<u8>, name: &str) {
    json.push(if json.is_empty() { b'{' } else { b',' });
    quote(json, name);
    json.push(b':');
}

fn quote(json: &mut Vec<u8>, text: &str) {
    let is_plain = |byte| byte >= b' ' && byte != b'"' && byte != b'\\';
    // A string into memory: there is nothing that could fail.
    let _ = if text.bytes().all(is_plain) {
        write!(json, "\"{text}\"")
    } else {
        serde_json::to_writer(json, text).map_err(Into::into)
    };
}

/// Names that have been seen, by their hash. Most records have a handful.
#[derive(Default)]
struct Names {
    few: Vec<u64>,
    many: HashSet<u64>,
}

impl Names {
    const FEW: usize = 16;

    /// Whether the name is new. (Two of one hash would be taken for one, and the second stand as text: no loss.)
    fn insert(&mut self, name: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        let hash = hasher.finish();
        if self.few.contains(&hash) {
            return false;
        }
        if self.few.len() < Self::FEW {
            self.few.push(hash);
            return true;
        }
        self.many.insert(hash)
    }
}

/// Whether every reader takes this value. It is JSON; what its syntax allows and readers do not is a half of a surrogate pair, a
/// number that no double holds, a name that stands twice in an object, and whatever is very deep or very long.
fn is_readable(json: &str) -> bool {
    let mut rest = json;
    // The names of each open object; an array has none.
    let mut open: Vec<Names> = Vec::new();
    while let Some(byte) = rest.bytes().next() {
        let length = match byte {
            b'"' => {
                let length = string_length(rest);
                let text = &rest[..length];
                let is_name = rest[length..].trim_ascii_start().starts_with(':');
                let is_fine = match open.last_mut().filter(|_| is_name) {
                    Some(names) => decoded(text).is_some_and(|name| name.len() <= LONGEST_NAME && names.insert(&name)),
                    None => !text.contains("\\u") || decoded(text).is_some(),
                };
                if !is_fine {
                    return false;
                }
                length
            }
            b'[' | b'{' => {
                open.push(Names::default());
                if open.len() > MOST_LEVELS {
                    return false;
                }
                1
            }
            b']' | b'}' => {
                open.pop();
                1
            }
            b'-' | b'0'..=b'9' => {
                let is_part = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
                let length = rest.bytes().take_while(|byte| is_part(*byte)).count();
                if length > LONGEST_NUMBER || !rest[..length].parse().is_ok_and(f64::is_finite) {
                    return false;
                }
                length
            }
            // White space, commas, colons, and the letters of true, false and null.
            _ => 1,
        };
        rest = &rest[length..];
    }
    true
}

/// Of the string that the text begins with, its quotes included.
fn string_length(json: &str) -> usize {
    let mut is_escaped = false;
    let end = json.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    end.map_or(json.len(), |end| end + 2)
}

/// The text of a JSON string; none if half of a surrogate pair is in it.
fn decoded(string: &str) -> Option<std::borrow::Cow<'_, str>> {
    serde_json::from_str::<crate::json::Text<'_>>(string).ok().map(|text| text.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extra(members: &[(&str, &str)]) -> Option<String> {
        let mut extra = Extra::default();
        for (name, value) in members {
            extra.push(name, serde_json::from_str(value).unwrap());
        }
        extra.into_json().map(|json| String::from_utf8(json).unwrap())
    }

    /// What `extra` holds of one member that cannot stand as it is.
    fn as_text(name: &str, value: &str) -> String {
        let members = format!("{{{}:{value}}}", serde_json::Value::from(name));
        format!(r#"{{"_rest":{}}}"#, serde_json::Value::from(members))
    }

    #[test]
    fn what_every_reader_takes_stands_as_it_was_sent() {
        assert_eq!(extra(&[]), None);
        let deep = format!("{}{}", "[".repeat(MOST_LEVELS), "]".repeat(MOST_LEVELS));
        for value in [
            r#"{"a" : [1e300, null], "b": {"a": 1}}"#,
            r#""\ud83d\ude00 \u0000 \" \\ud800 ""#,
            r#"[{"a":1},{"a":2},"a","a"]"#,
            "123456789012345678901234567890",
            "-0.0e-7",
            "1e-400",
            "true",
            &deep,
        ] {
            assert_eq!(extra(&[("x", value)]), Some(format!(r#"{{"x":{value}}}"#)));
        }
    }

    #[test]
    fn what_some_reader_does_not_take_stands_as_text() {
        let deep = format!("{}{}", "[".repeat(MOST_LEVELS + 1), "]".repeat(MOST_LEVELS + 1));
        let digits = format!("0.{}", "1".repeat(LONGEST_NUMBER));
        let name = format!(r#"{{"{}":1}}"#, "n".repeat(LONGEST_NAME + 1));
        for value in [
            r#""\ud800""#,
            r#""\udc00\ud800""#,
            r#"{"\ud800":1}"#,
            r#"{"a":1,"b":2,"\u0061":3}"#,
            r#"[{"x":[1e400]}]"#,
            "-1e400",
            &deep,
            &digits,
            &name,
        ] {
            assert_eq!(extra(&[("x", value)]).unwrap(), as_text("x", value));
        }
    }

    #[test]
    fn a_name_that_cannot_stand_goes_into_the_text_and_the_others_stay() {
        let long = "n".repeat(LONGEST_NAME + 1);
        for name in ["_rest", "_kafka_timestamp", &long] {
            assert_eq!(extra(&[(name, "1")]).unwrap(), as_text(name, "1"));
        }
        assert_eq!(
            extra(&[("a", "1"), ("a", "2"), ("b\n", "[]"), ("a", "{}")]).unwrap(),
            r#"{"a":1,"b\n":[],"_rest":"{\"a\":2,\"a\":{}}"}"#
        );
    }

    #[test]
    fn of_many_names_a_second_one_is_noticed_too() {
        let names: Vec<String> = (0..50).chain([3, 40]).map(|number| number.to_string()).collect();
        let members: Vec<_> = names.iter().map(|name| (name.as_str(), "0")).collect();
        let json: serde_json::Value = serde_json::from_str(&extra(&members).unwrap()).unwrap();
        assert_eq!(json["_rest"], r#"{"3":0,"40":0}"#);
        assert_eq!(json.as_object().unwrap().len(), 51);
    }

    #[test]
    fn a_timestamp_comes_first() {
        let json = |extra| String::from_utf8(with_timestamp(extra, i64::MIN)).unwrap();
        assert_eq!(json(None), r#"{"_kafka_timestamp":-9223372036854775808}"#);
        assert_eq!(json(Some(br#"{"a":1}"#.to_vec())), r#"{"_kafka_timestamp":-9223372036854775808,"a":1}"#);
    }
}
