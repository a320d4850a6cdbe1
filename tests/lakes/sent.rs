//! What was sent, where there is no doubt that it is bars: a record that all would take must land, with its values.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{NaiveDate, NaiveDateTime};
use serde_json::{Map, Value};

#[derive(Debug, PartialEq)]
pub(crate) struct Bar {
    pub(crate) symbol: String,
    /// Since 1970-01-01.
    pub(crate) days: i32,
    /// Of a bar within its day, in milliseconds since 1970.
    pub(crate) time_ms: Option<i64>,
    /// Open, high, low, close, adjusted close, volume, close in USD.
    pub(crate) numbers: [Option<f64>; 7],
}

/// Those of a delivered record; none where there is a doubt.
pub(crate) fn bars(record: &Value) -> Option<Vec<Bar>> {
    if record.get("tooLarge").is_some() {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(record["value"].as_str()?).ok()?).ok()?;
    let elements = match serde_json::from_str(&text).ok()? {
        Value::Array(elements) => elements,
        element => vec![element],
    };
    let is_each_once = |name| text.matches(&format!("\"{name}\"")).count() <= elements.len();
    let names =
        ["Index", "Date", "Datetime", "Interval", "Open", "High", "Low", "Close", "Adj Close", "Volume", "CloseUSD"];
    // Escapes can write a name in another way.
    if elements.is_empty() || text.contains("\\u00") || !names.into_iter().all(is_each_once) {
        return None;
    }
    elements.iter().map(|element| bar(element.as_object()?)).collect()
}

fn bar(fields: &Map<String, Value>) -> Option<Bar> {
    let text = |name: &str| fields.get(name)?.as_str();
    // Where both or an interval say when it was, the decoder's own tests tell what counts.
    if fields.contains_key("Datetime") || fields.contains_key("Interval") {
        return None;
    }
    let date = text("Date").filter(|date| !date.starts_with(['-', '+']) && !date.starts_with("0000"))?;
    let (days, time_ms) = match date.len() {
        10 => (NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?.to_epoch_days(), None),
        // `2026-11-20T09:30:00Z`
        20 if !date.contains(":60") => {
            let time = NaiveDateTime::parse_from_str(date, "%Y-%m-%dT%H:%M:%SZ").ok()?;
            (time.date().to_epoch_days(), Some(time.and_utc().timestamp_millis()))
        }
        _ => return None,
    };
    let required = |name: &str| fields.get(name)?.as_f64().map(Some);
    let optional = |name: &str| match fields.get(name) {
        None | Some(Value::Null) => Some(None),
        Some(value) => value.as_f64().map(Some),
    };
    let volume = optional("Volume")?;
    if volume.is_some_and(|volume| volume < 0.0) {
        return None;
    }
    Some(Bar {
        symbol: text("Index")?.to_owned(),
        days,
        time_ms,
        numbers: [
            required("Open")?,
            required("High")?,
            required("Low")?,
            required("Close")?,
            optional("Adj Close")?,
            volume,
            optional("CloseUSD")?,
        ],
    })
}
