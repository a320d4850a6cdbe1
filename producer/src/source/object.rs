//! A JSON object, written field by field.

use serde::Serialize;

/// Room for a bar: most need no more.
const ROOM: usize = 256;

pub(crate) struct Object {
    text: Vec<u8>,
}

impl Object {
    pub(crate) fn new() -> Object {
        Object { text: Vec::with_capacity(ROOM) }
    }

    /// `name` is one as JSON has it between its quotes ([`escaped`]).
    pub(crate) fn put<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> serde_json::Result<()> {
        self.name(name);
        serde_json::to_writer(&mut self.text, value)
    }

    /// A value that is JSON already, in pieces.
    pub(crate) fn put_json(&mut self, name: &str, value: &[&str]) {
        self.name(name);
        for piece in value {
            self.text.extend_from_slice(piece.as_bytes());
        }
    }

    pub(crate) fn end(mut self) -> Vec<u8> {
        if self.text.is_empty() {
            self.text.push(b'{');
        }
        self.text.push(b'}');
        self.text
    }

    fn name(&mut self, name: &str) {
        let before: &[u8] = if self.text.is_empty() { b"{\"" } else { b",\"" };
        self.text.extend_from_slice(before);
        self.text.extend_from_slice(name.as_bytes());
        self.text.extend_from_slice(b"\":");
    }
}

/// A text as JSON has it between its quotes.
pub(crate) fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let mut object = Object::new();
        object.put(&escaped("a \"b\"\n"), "c \"d\"\u{1}").unwrap();
        object.put("e", &1.5).unwrap();
        object.put_json("f", &["2", ".50"]);
        let text = String::from_utf8(object.end()).unwrap();
        assert_eq!(text, r#"{"a \"b\"\n":"c \"d\"\u0001","e":1.5,"f":2.50}"#);
        assert_eq!(Object::new().end(), b"{}");
    }
}
