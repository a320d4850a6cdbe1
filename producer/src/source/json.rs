//! JSON, sent byte by byte as it came: nothing that another program wrote is lost or changed here.

use std::collections::VecDeque;
use std::io::{self, BufRead};

use serde_json::Value;
use shared::bar::field;

use super::lines::{Ends, Lines};
use super::row::{NoRecord, Place, Record, Row};

/// How often JSON may stand in a JSON string.
const DEEPEST: usize = 4;
/// No object of a feed is longer.
const LONGEST: usize = 64 << 20;

/// Each line a record, and each object of an array that goes over lines. A record needs a symbol to be keyed by; all else in it is for
/// the reader of the topic to judge.
pub(crate) struct JsonRows<R> {
    lines: Lines<R>,
    ready: VecDeque<Row>,
    array: Option<Array>,
    /// Whether it has been said that strings are unwrapped.
    has_unwrapped: bool,
}

/// An array that is not over yet: no more of it than one element is held.
struct Array {
    line: u64,
    balance: Balance,
    element: Vec<u8>,
    /// The line in which the element begins.
    begun: u64,
}

/// How deep a place in JSON is.
#[derive(Default)]
struct Balance {
    depth: usize,
    in_text: bool,
    is_escaped: bool,
}

impl<R: BufRead> JsonRows<R> {
    pub(crate) fn new(reader: R) -> JsonRows<R> {
        JsonRows { lines: Lines::new(reader, Ends::Feeds), ready: VecDeque::new(), array: None, has_unwrapped: false }
    }

    /// Takes in the next line; `false` at the end.
    fn read(&mut self) -> io::Result<bool> {
        let Some((number, line)) = self.lines.next()? else {
            if let Some(array) = self.array.take() {
                let reason = format!("the array of line {} does not end", array.line);
                self.skip(array.begun, reason, array.element);
            }
            return Ok(!self.ready.is_empty());
        };
        let line = line.to_vec();
        let json = line.trim_ascii();
        if let Some(array) = self.array.take() {
            self.go_on(array, number, &line);
        } else if let Some(texts) = unwrapped(json) {
            if !std::mem::replace(&mut self.has_unwrapped, true) {
                self.tell(format!("line {number} is JSON in a JSON string: such lines are unwrapped"));
            }
            for text in texts {
                self.record(number, text.into_bytes());
            }
        } else if !goes_on(json) {
            self.record(number, line);
        } else if json.starts_with(b"[") {
            self.tell(format!("line {number} begins an array: each object in it is a record"));
            let array = Array { line: number, balance: Balance::default(), element: Vec::new(), begun: number };
            self.go_on(array, number, &line);
        } else {
            self.object(number, line)?;
        }
        Ok(true)
    }

    /// An object that is written over several lines.
    fn object(&mut self, number: u64, first: Vec<u8>) -> io::Result<()> {
        let mut balance = Balance::default();
        balance.take_all(&first);
        let mut object = first.clone();
        let mut taken = Vec::new();
        while balance.depth > 0
            && object.len() < LONGEST
            && let Some((next, line)) = self.lines.next()?
        {
            let line = line.to_vec();
            // Then the one above was cut off.
            let is_record = symbol(&line).is_ok();
            balance.take_all(&line);
            object.push(b'\n');
            object.extend_from_slice(&line);
            taken.push((next, line));
            if is_record {
                break;
            }
        }
        if balance.depth > 0 {
            self.lines.put_back(taken);
            object = first;
        }
        self.record(number, object);
        Ok(())
    }

    /// The next line of an array.
    fn go_on(&mut self, mut array: Array, number: u64, line: &[u8]) {
        if !array.element.is_empty() {
            array.element.push(b'\n');
        }
        for (place, byte) in line.iter().enumerate() {
            let before = array.balance.depth;
            let ends = before == 1 && !array.balance.in_text && matches!(byte, b',' | b']');
            array.balance.take(*byte);
            if ends {
                let element = std::mem::take(&mut array.element);
                if !element.is_empty() {
                    self.record(array.begun, element.trim_ascii_end().to_vec());
                }
            } else if before > 0 && !(array.element.is_empty() && byte.is_ascii_whitespace()) {
                if array.element.is_empty() {
                    array.begun = number;
                }
                array.element.push(*byte);
            }
            if before > 0 && array.balance.depth == 0 {
                let rest = line[place + 1..].trim_ascii();
                if !rest.is_empty() {
                    self.record(number, rest.to_vec());
                }
                return;
            }
        }
        if array.element.len() > LONGEST {
            self.skip(array.begun, format!("longer than {} MB", LONGEST >> 20), Vec::new());
            array.element.clear();
        }
        self.array = Some(array);
    }

    fn record(&mut self, number: u64, value: Vec<u8>) {
        match symbol(&value) {
            Ok(key) => self.ready.push_back(Ok(Record::new(key, value, Place::new(None, number)))),
            Err(reason) => self.skip(number, reason, value),
        }
    }

    fn skip(&mut self, line: u64, reason: String, raw: Vec<u8>) {
        let place = Place::new(None, line);
        self.ready.push_back(Err(NoRecord::Skipped { place, reason, raw, header: None }));
    }

    fn tell(&mut self, message: String) {
        self.ready.push_back(Err(NoRecord::Told(message)));
    }
}

impl<R: BufRead> Iterator for JsonRows<R> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        loop {
            if let Some(row) = self.ready.pop_front() {
                return Some(row);
            }
            match self.read() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(NoRecord::Broken(error.into()))),
            }
        }
    }
}

impl Balance {
    fn take_all(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.take(*byte);
        }
    }

    fn take(&mut self, byte: u8) {
        match byte {
            _ if std::mem::take(&mut self.is_escaped) => {}
            b'\\' if self.in_text => self.is_escaped = true,
            b'"' => self.in_text = !self.in_text,
            _ if self.in_text => {}
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }
}

/// Whether JSON is meant to go on in the next line. One that was cut off seldom ends like that.
fn goes_on(json: &[u8]) -> bool {
    let begins = json.starts_with(b"{") || json.starts_with(b"[");
    let is_open = matches!(json.last(), Some(b'{' | b'[' | b',' | b':'));
    begins && is_open && serde_json::from_slice::<serde::de::IgnoredAny>(json).is_err_and(|error| error.is_eof())
}

/// What stands in a JSON string, if that is JSON: the lines of it, each a record.
fn unwrapped(json: &[u8]) -> Option<Vec<String>> {
    if !json.starts_with(b"\"") {
        return None;
    }
    let mut text: String = serde_json::from_slice(json).ok()?;
    for _ in 1..DEEPEST {
        match serde_json::from_str(&text) {
            Ok(Value::String(inner)) => text = inner,
            _ => break,
        }
    }
    let is_json = |text: &str| text.trim_start().starts_with(['{', '[']);
    if !is_json(&text) {
        return None;
    }
    if serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok() {
        return Some(vec![text]);
    }
    let lines: Vec<String> = text.lines().filter(|line| !line.trim().is_empty()).map(ToOwned::to_owned).collect();
    lines.iter().all(|line| is_json(line)).then_some(lines)
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
mod tests;
