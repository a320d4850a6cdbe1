//! JSON lines, sent byte by byte as they came: nothing that another program wrote is lost or changed here.

use std::io::BufRead;

use serde_json::Value;
use shared::bar::field;

use super::lines::Lines;
use super::{NoRecord, Record, Row};

/// Each line a record. A line needs a symbol to be keyed by; all else in it is for the reader of the topic to judge.
pub(crate) struct JsonLines<R> {
    lines: Lines<R>,
}

impl<R: BufRead> JsonLines<R> {
    pub(crate) fn new(reader: R) -> JsonLines<R> {
        JsonLines { lines: Lines::new(reader) }
    }
}

impl<R: BufRead> Iterator for JsonLines<R> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        let (line, bytes) = match self.lines.next() {
            Ok(next) => next?,
            Err(error) => return Some(Err(NoRecord::Broken(error.into()))),
        };
        Some(match symbol(bytes) {
            Ok(key) => Ok(Record { key, value: bytes.to_vec() }),
            Err(reason) => Err(NoRecord::Skipped { line, reason }),
        })
    }
}

/// The symbol of an object, or of the first object of an array.
fn symbol(json: &[u8]) -> Result<String, String> {
    let value: Value = serde_json::from_slice(json).map_err(|error| format!("not JSON: {error}"))?;
    match &value {
        Value::Object(_) => index(&value).map(ToOwned::to_owned),
        Value::Array(bars) => {
            let symbols = bars.iter().map(index).collect::<Result<Vec<_>, _>>()?;
            symbols.first().map(|first| (*first).to_owned()).ok_or_else(|| "an empty array".to_owned())
        }
        _ => Err("neither a JSON object nor an array of objects".to_owned()),
    }
}

fn index(bar: &Value) -> Result<&str, String> {
    let Value::Object(fields) = bar else {
        return Err("an array with something else than objects in it".to_owned());
    };
    match fields.get(field::INDEX) {
        Some(Value::String(symbol)) => Ok(symbol),
        Some(_) => Err(format!("{} is not a string", field::INDEX)),
        None => Err(format!("{} is missing", field::INDEX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(text: &[u8]) -> String {
        let line = |row: Row| match row {
            Ok(record) => format!("{} <- {}\n", record.key, String::from_utf8(record.value).unwrap()),
            Err(NoRecord::Skipped { line, reason }) => format!("line {line}: {reason}\n"),
            Err(NoRecord::Broken(error)) => format!("broken: {error}\n"),
        };
        JsonLines::new(text).map(line).collect()
    }

    #[test]
    fn a_line_is_sent_as_it_came_keyed_by_its_symbol() {
        let text = concat!(
            "  {\"Index\" : \"HSI\",\"Close\":1.50, \"odd\":\"\\u00e9\"} \r\n",
            "\n",
            "[{\"Index\":\"NYA\"},{\"Index\":\"IXIC\"}]\n",
            "{\"Index\":\"N225\",\"Close\":null}"
        );
        assert_eq!(
            listing(text.as_bytes()),
            concat!(
                "HSI <-   {\"Index\" : \"HSI\",\"Close\":1.50, \"odd\":\"\\u00e9\"} \n",
                "NYA <- [{\"Index\":\"NYA\"},{\"Index\":\"IXIC\"}]\n",
                "N225 <- {\"Index\":\"N225\",\"Close\":null}\n"
            )
        );
    }

    #[test]
    fn a_line_without_a_symbol_is_named_and_costs_itself_only() {
        let text = [
            &b"{\"Index\":\"HSI\",\"Close\":NaN}\n"[..],
            b"{\"index\":\"HSI\"}\n",
            b"{\"Index\":7}\n",
            b"\"HSI\"\n",
            b"[]\n",
            b"[{\"Index\":\"HSI\"},[\"HSI\"]]\n",
            b"\xff\xfe\n",
            b"{\"Index\":\"HSI\"}\n",
        ]
        .concat();
        insta::assert_snapshot!(listing(&text));
    }
}
