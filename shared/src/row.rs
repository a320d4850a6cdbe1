//! The row decoder: a record's value, base64 over JSON, to the rows it holds, or to the reason why it holds none.

mod usual;

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::bar::field;
use crate::extra::Extra;
use crate::json::{Json, Text};
use crate::looks;
use crate::moment::Moment;
use crate::reject::{Fault, Reason};

/// Rows of one record: more than bars with prices of two digits make of the 4.7 MB that an event holds in base64.
pub const MOST_ROWS: usize = 50_000;

/// Bytes of an interval.
const LONGEST_INTERVAL: usize = 16;

/// One bar as it goes into the lake.
#[derive(Debug, PartialEq)]
pub(crate) struct Row<'a> {
    pub(crate) symbol: Cow<'a, str>,
    /// Days since 1970-01-01.
    pub(crate) trade_date: i32,
    /// Of a bar within a day: milliseconds since 1970 UTC.
    pub(crate) bar_time_ms: Option<i64>,
    pub(crate) bar_interval: Option<Cow<'a, str>>,
    pub(crate) open: f64,
    pub(crate) high: f64,
    pub(crate) low: f64,
    pub(crate) close: f64,
    pub(crate) adj_close: Option<f64>,
    pub(crate) volume: Option<f64>,
    pub(crate) close_usd: Option<f64>,
    /// The fields that are not columns, as one JSON object.
    pub(crate) extra: Option<Vec<u8>>,
}

/// Decodes base64 into `buffer`, replacing what is there.
pub(crate) fn decode_base64<'b>(value: Option<&str>, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], Fault> {
    let value = value.ok_or_else(|| Fault::new(Reason::Tombstone, "the record has no value"))?;
    buffer.clear();
    if base64_simd::STANDARD.decode_append(value, buffer).is_err() {
        // The other decoder says what is wrong, and where; it is also the one to say so.
        buffer.clear();
        STANDARD
            .decode_vec(value, buffer)
            .map_err(|error| Fault::new(Reason::InvalidBase64, format!("the value is not base64: {error}")))?;
    }
    Ok(buffer)
}

/// Hands each row of a value to `take`, with its place in an array value (0 for a single object), as soon as it is read: an array
/// is never held in memory. A value lands whole or not at all: after an error the caller takes back what was handed over.
pub(crate) fn decode_rows<'a>(value: &'a [u8], mut take: impl FnMut(usize, Row<'a>)) -> Result<(), Fault> {
    match usual::row(value) {
        Some(row) => {
            take(0, row);
            Ok(())
        }
        None => judge_rows(value, take),
    }
}

/// The same for any value.
fn judge_rows<'a>(value: &'a [u8], mut take: impl FnMut(usize, Row<'a>)) -> Result<(), Fault> {
    if value.trim_ascii_start().first() != Some(&b'[') {
        let element: Element<'_> = serde_json::from_slice(value).map_err(|error| unreadable(value, &error, ""))?;
        take(0, element.into_row().map_err(|fault| with_a_hint(fault, value))?);
        return Ok(());
    }
    let mut elements = Elements { take, index: 0, fault: None };
    let mut json = serde_json::Deserializer::from_slice(value);
    let read = json.deserialize_seq(&mut elements).and_then(|()| json.end());
    match (elements.fault, read) {
        (Some(fault), _) => Err(fault),
        (None, Ok(())) if elements.index == 0 => Err(Fault::new(Reason::NotABar, "the array is empty")),
        (None, Ok(())) => Ok(()),
        (None, Err(error)) => Err(unreadable(value, &error, &place(elements.index))),
    }
}

/// `serde_json` refuses a number that no double can hold as it refuses bad syntax; the first is JSON all the same.
fn unreadable(value: &[u8], error: &serde_json::Error, place: &str) -> Fault {
    match serde_json::from_slice::<IgnoredAny>(value) {
        Ok(_) => Fault::new(Reason::InvalidField, format!("{place}{error}")),
        Err(_) => Fault::new(Reason::NotJson, format!("the value is not JSON: {error}; {}", looks::beginning(value))),
    }
}

/// Whoever sends no bars at all mostly sends something that holds them.
fn with_a_hint(fault: Fault, value: &[u8]) -> Fault {
    match fault.reason {
        Reason::MissingField | Reason::NotABar => match looks::instead(value) {
            Some(hint) => Fault::new(fault.reason, format!("{}; {hint}", fault.detail)),
            None => fault,
        },
        _ => fault,
    }
}

fn place(index: usize) -> String {
    format!("element {index} of the array: ")
}

/// The elements of an array value, read one after the other until one is at fault.
struct Elements<F> {
    take: F,
    /// Of the element that is being read.
    index: usize,
    fault: Option<Fault>,
}

impl<'de, F: FnMut(usize, Row<'de>)> Visitor<'de> for &mut Elements<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of bars")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(element) = seq.next_element::<Element<'de>>()? {
            let row = if self.index < MOST_ROWS {
                element.into_row().map_err(|fault| Fault::new(fault.reason, place(self.index) + &fault.detail))
            } else {
                Err(Fault::new(Reason::TooManyRows, format!("the array has more than {MOST_ROWS} elements")))
            };
            match row {
                Ok(row) => (self.take)(self.index, row),
                Err(fault) => {
                    self.fault = Some(fault);
                    return Err(A::Error::custom("what follows is not read"));
                }
            }
            self.index += 1;
        }
        Ok(())
    }
}

/// The fields of one JSON object, not yet judged.
#[derive(Default)]
struct Fields<'a> {
    index: Option<Json<'a>>,
    date: Option<Json<'a>>,
    datetime: Option<&'a RawValue>,
    interval: Option<&'a RawValue>,
    open: Option<Json<'a>>,
    high: Option<Json<'a>>,
    low: Option<Json<'a>>,
    close: Option<Json<'a>>,
    adj_close: Option<Json<'a>>,
    volume: Option<Json<'a>>,
    close_usd: Option<Json<'a>>,
    repeated: Option<&'static str>,
    extra: Extra,
}

impl<'a> Fields<'a> {
    fn into_row(self) -> Result<Row<'a>, Fault> {
        if let Some(name) = self.repeated {
            return Err(Fault::new(Reason::InvalidField, format!("`{name}` stands twice")));
        }
        let symbol = text(field::INDEX, self.index)?;
        let mut extra = self.extra;
        let bar_interval = short_text(field::INTERVAL, self.interval, &mut extra);
        let moment = moment(self.date, self.datetime, &mut extra)?.of_interval(bar_interval.as_deref());
        Ok(Row {
            symbol,
            trade_date: moment.day,
            bar_time_ms: moment.time_ms,
            bar_interval,
            open: price(field::OPEN, self.open)?,
            high: price(field::HIGH, self.high)?,
            low: price(field::LOW, self.low)?,
            close: price(field::CLOSE, self.close)?,
            adj_close: optional(field::ADJ_CLOSE, self.adj_close)?,
            volume: volume(self.volume)?,
            close_usd: optional(field::CLOSE_USD, self.close_usd)?,
            extra: extra.into_json(),
        })
    }
}

/// The day, and the moment where one of the two fields tells it. What is not needed for it is no column.
fn moment(date: Option<Json<'_>>, datetime: Option<&RawValue>, extra: &mut Extra) -> Result<Moment, Fault> {
    let has_date = !matches!(date, None | Some(Json::Null));
    let text_of = |raw: &RawValue| serde_json::from_str::<Json<'_>>(raw.get()).ok()?.into_text().map(Cow::into_owned);
    let Some(datetime) = datetime.filter(|raw| raw.get() != "null") else {
        return moment_of(field::DATE, &text(field::DATE, date)?);
    };
    if !has_date {
        let text = text_of(datetime).ok_or_else(|| {
            Fault::new(
                Reason::MissingField,
                format!("`{}` is missing, and `{}` is no string", field::DATE, field::DATETIME),
            )
        })?;
        return moment_of(field::DATETIME, &text);
    }
    let day = moment_of(field::DATE, &text(field::DATE, date)?)?;
    let told = text_of(datetime).and_then(|text| Moment::parse(&text)).filter(|told| told.time_ms.is_some());
    match told {
        Some(told) if day.time_ms.is_none() => Ok(Moment { day: day.day, ..told }),
        _ => {
            extra.push(field::DATETIME, datetime);
            Ok(day)
        }
    }
}

fn moment_of(name: &str, text: &str) -> Result<Moment, Fault> {
    Moment::parse(text).ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        let form = "in the form YYYY-MM-DD, nor a moment on one as 2026-11-20T09:30:00-05:00";
        Fault::new(Reason::InvalidDate, format!("`{name}` is not a day from 0001-01-01 {form}: {shown:?}"))
    })
}

/// A field of which only a short text is a column: anything else is kept as it was sent.
fn short_text<'a>(name: &str, value: Option<&'a RawValue>, extra: &mut Extra) -> Option<Cow<'a, str>> {
    let value = value.filter(|raw| raw.get() != "null")?;
    let text = serde_json::from_str::<Json<'a>>(value.get()).ok().and_then(Json::into_text);
    let text = text.filter(|text| text.len() <= LONGEST_INTERVAL);
    if text.is_none() {
        extra.push(name, value);
    }
    text
}

fn required<'a>(name: &str, value: Option<Json<'a>>) -> Result<Json<'a>, Fault> {
    match value {
        None => Err(Fault::new(Reason::MissingField, format!("`{name}` is missing"))),
        Some(Json::Null) => Err(Fault::new(Reason::MissingField, format!("`{name}` is null"))),
        Some(value) => Ok(value),
    }
}

fn text<'a>(name: &str, value: Option<Json<'a>>) -> Result<Cow<'a, str>, Fault> {
    match required(name, value)? {
        Json::Text(text) => Ok(text),
        other => Err(Fault::new(Reason::InvalidField, format!("`{name}` is {}, not a string", other.kind()))),
    }
}

/// Any finite number: crude oil has settled below zero, and spreads and rates often do.
#[expect(clippy::cast_precision_loss, reason = "a JSON number is a double to everyone who reads the lake")]
fn price(name: &str, value: Option<Json<'_>>) -> Result<f64, Fault> {
    match required(name, value)? {
        Json::Whole(number) => Ok(number as f64),
        Json::Number(number) => Ok(number),
        other => Err(Fault::new(Reason::InvalidField, format!("`{name}` is {}, not a number", other.kind()))),
    }
}

fn optional(name: &str, value: Option<Json<'_>>) -> Result<Option<f64>, Fault> {
    match value {
        None | Some(Json::Null) => Ok(None),
        value => price(name, value).map(Some),
    }
}

/// An index or a currency may have none.
fn volume(value: Option<Json<'_>>) -> Result<Option<f64>, Fault> {
    match optional(field::VOLUME, value)? {
        Some(volume) if volume < 0.0 => {
            Err(Fault::new(Reason::InvalidField, format!("`{}` is negative: {volume}", field::VOLUME)))
        }
        volume => Ok(volume),
    }
}

#[expect(clippy::large_enum_variant, reason = "nearly all are objects, and an allocation per record would be felt")]
enum Element<'a> {
    Object(Fields<'a>),
    /// With its article: "a number".
    Other(&'static str),
}

impl<'a> Element<'a> {
    fn into_row(self) -> Result<Row<'a>, Fault> {
        match self {
            Element::Object(fields) => fields.into_row(),
            Element::Other(kind) => Err(Fault::new(Reason::NotABar, format!("the value is {kind}, not an object"))),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Element<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ElementVisitor)
    }
}

struct ElementVisitor;

impl<'de> Visitor<'de> for ElementVisitor {
    type Value = Element<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a bar")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Fields::default();
        while let Some(Text(name)) = map.next_key()? {
            let (known, place) = match name.as_ref() {
                field::INDEX => (field::INDEX, &mut fields.index),
                field::DATE => (field::DATE, &mut fields.date),
                field::OPEN => (field::OPEN, &mut fields.open),
                field::HIGH => (field::HIGH, &mut fields.high),
                field::LOW => (field::LOW, &mut fields.low),
                field::CLOSE => (field::CLOSE, &mut fields.close),
                field::ADJ_CLOSE => (field::ADJ_CLOSE, &mut fields.adj_close),
                field::VOLUME => (field::VOLUME, &mut fields.volume),
                field::CLOSE_USD => (field::CLOSE_USD, &mut fields.close_usd),
                field::DATETIME if fields.datetime.is_none() => {
                    fields.datetime = Some(map.next_value()?);
                    continue;
                }
                field::INTERVAL if fields.interval.is_none() => {
                    fields.interval = Some(map.next_value()?);
                    continue;
                }
                _ => {
                    fields.extra.push(&name, map.next_value()?);
                    continue;
                }
            };
            if place.replace(map.next_value()?).is_some() {
                fields.repeated = Some(known);
            }
        }
        Ok(Element::Object(fields))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Element::Other("an array"))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Element::Other("null"))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Element::Other("a boolean"))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Element::Other("a number"))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Element::Other("a number"))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Element::Other("a number"))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Element::Other("a string"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HSI: &str = r#"{"Index":"HSI","Date":"1986-12-31","Open":2568.300049,"High":2569.0,"Low":2560,"Close":2568.300049,"Adj Close":2568.300049,"Volume":0.0,"CloseUSD":333.87900637}"#;

    fn rows(value: &str) -> Result<Vec<(usize, Row<'_>)>, Fault> {
        let mut rows = Vec::new();
        decode_rows(value.as_bytes(), |index, row| rows.push((index, row)))?;
        Ok(rows)
    }

    fn hsi() -> Row<'static> {
        Row {
            symbol: "HSI".into(),
            trade_date: 6208,
            bar_time_ms: None,
            bar_interval: None,
            open: 2_568.300_049,
            high: 2569.0,
            low: 2560.0,
            close: 2_568.300_049,
            adj_close: Some(2_568.300_049),
            volume: Some(0.0),
            close_usd: Some(333.879_006_37),
            extra: None,
        }
    }

    #[test]
    fn the_tutorials_bar_is_one_row() {
        assert_eq!(rows(HSI).unwrap(), [(0, hsi())]);
    }

    #[test]
    fn each_element_of_an_array_is_a_row() {
        assert_eq!(rows(&format!("[{HSI}]")).unwrap(), [(0, hsi())]);
        assert_eq!(rows(&format!("[{HSI},{HSI}]")).unwrap(), [(0, hsi()), (1, hsi())]);
    }

    #[test]
    fn adj_close_close_usd_and_volume_may_be_missing_or_null() {
        for rest in ["", r#","Adj Close":null,"Volume":null,"CloseUSD":null"#] {
            let value = format!(r#"{{"Index":"X","Date":"2024-02-29","Open":1,"High":1,"Low":1,"Close":1{rest}}}"#);
            let (_, row) = rows(&value).unwrap().remove(0);
            assert_eq!((row.adj_close, row.close_usd, row.volume, row.trade_date), (None, None, None, 19_782));
        }
    }

    #[test]
    fn a_price_may_be_negative() {
        let value = r#"{"Index":"CL","Date":"2020-04-20","Open":17.73,"High":17.85,"Low":-40.32,"Close":-37.63,"Adj Close":-37.63,"Volume":247947,"CloseUSD":-37.63}"#;
        let (_, row) = rows(value).unwrap().remove(0);
        assert_eq!((row.low, row.close, row.adj_close, row.close_usd), (-40.32, -37.63, Some(-37.63), Some(-37.63)));
    }

    #[test]
    fn a_bar_within_a_day_has_its_moment_and_what_it_spans() {
        let moment = |fields: &str| {
            let value = HSI.replace(r#""Date":"1986-12-31""#, fields);
            let (_, row) = rows(&value).unwrap().remove(0);
            let extra = row.extra.map(|extra| String::from_utf8(extra).unwrap()).unwrap_or_default();
            (row.trade_date, row.bar_time_ms, row.bar_interval.map(Cow::into_owned), extra)
        };
        let ms = 6208 * 86_400_000 + (9 * 60 + 30) * 60_000;
        let minute = Some("1m".to_owned());
        let none = String::new;
        assert_eq!(moment(r#""Date":"1986-12-31T09:30:00Z","Interval":"1m""#), (6208, Some(ms), minute, none()));
        assert_eq!(moment(r#""Datetime":"1986-12-31 10:30:00+01:00""#), (6208, Some(ms), None, none()));
        assert_eq!(moment(r#""Date":null,"Datetime":"1986-12-31 09:30""#), (6208, Some(ms), None, none()));
        assert_eq!(
            moment(r#""Date":"1986-12-31","Datetime":"1986-12-31 09:30","Interval":null"#),
            (6208, Some(ms), None, none())
        );
        // What tells no moment is kept as it was sent.
        for kept in [r#""Datetime":7"#, r#""Datetime":"noon""#, r#""Datetime":"1986-12-31""#, r#""Interval":60"#] {
            let expected = (6208, None, None, format!("{{{kept}}}"));
            assert_eq!(moment(&format!(r#""Date":"1986-12-31",{kept}"#)), expected);
        }
        let both = r#""Date":"1986-12-31T09:30:00Z","Datetime":"1986-12-31T09:31:00Z""#;
        assert_eq!(moment(both), (6208, Some(ms), None, r#"{"Datetime":"1986-12-31T09:31:00Z"}"#.to_owned()));
        // A yfinance day.
        let daily = r#""Date":"1986-12-31 00:00:00-05:00","Interval":"1d""#;
        assert_eq!(moment(daily), (6208, None, Some("1d".to_owned()), none()));
    }

    #[test]
    fn unknown_fields_are_kept_as_they_were_sent() {
        let value = HSI.replace("\"Open\"", r#""src\u0041": {"a" : [1e300, null]},"Open""#);
        let extra = rows(&value).unwrap().remove(0).1.extra.unwrap();
        assert_eq!(String::from_utf8(extra).unwrap(), r#"{"srcA":{"a" : [1e300, null]}}"#);
    }

    #[test]
    fn an_unknown_field_that_not_every_reader_takes_is_kept_as_text() {
        let deep = format!("{}{}", "[".repeat(900_000), "]".repeat(900_000));
        for odd in ["\"\\ud800\"", &deep] {
            let value = HSI.replace("\"Open\"", &format!(r#""odd":{odd},"Open""#));
            let extra: serde_json::Value =
                serde_json::from_slice(&rows(&value).unwrap()[0].1.extra.clone().unwrap()).unwrap();
            assert_eq!(extra["_rest"], format!(r#"{{"odd":{odd}}}"#));
        }
    }

    #[test]
    fn what_is_no_bar_has_a_reason_that_names_the_field() {
        let replaced = |from: &str, to: &str| HSI.replace(from, to);
        let cases = [
            ("tombstone-like text".to_owned(), Reason::NotJson, "the value is not JSON"),
            (String::new(), Reason::NotJson, "the value is not JSON"),
            (replaced("2569.0", "NaN"), Reason::NotJson, "the value is not JSON"),
            (format!("{HSI} {HSI}"), Reason::NotJson, "trailing characters"),
            ("5".into(), Reason::NotABar, "the value is a number"),
            ("null".into(), Reason::NotABar, "the value is null"),
            ("[]".into(), Reason::NotABar, "the array is empty"),
            (format!("[{HSI},[]]"), Reason::NotABar, "element 1 of the array: the value is an array"),
            (
                format!("[{HSI},7 what follows is not read"),
                Reason::NotABar,
                "element 1 of the array: the value is a number",
            ),
            (
                format!("[{HSI},{}]", replaced("2569.0", "1e999")),
                Reason::InvalidField,
                "element 1 of the array: number out",
            ),
            (format!("[{HSI}"), Reason::NotJson, "the value is not JSON"),
            (format!("[{HSI}] {HSI}"), Reason::NotJson, "trailing characters"),
            ("{}".into(), Reason::MissingField, "`Index` is missing"),
            (replaced("2569.0", "null"), Reason::MissingField, "`High` is null"),
            (replaced("2569.0", "\"2569.0\""), Reason::InvalidField, "`High` is a string, not a number"),
            (replaced("2569.0", "-"), Reason::NotJson, "the value is not JSON"),
            (replaced("\"Volume\":0.0", "\"Volume\":-1"), Reason::InvalidField, "`Volume` is negative: -1"),
            (
                replaced("\"Volume\":0.0", "\"Volume\":\"0\""),
                Reason::InvalidField,
                "`Volume` is a string, not a number",
            ),
            (replaced("2569.0", "1e999"), Reason::InvalidField, "number out of range"),
            (replaced("333.87900637", "{}"), Reason::InvalidField, "`CloseUSD` is an object"),
            (replaced("\"HSI\"", "7"), Reason::InvalidField, "`Index` is a number, not a string"),
            (replaced("\"Low\"", "\"High\""), Reason::InvalidField, "`High` stands twice"),
            (replaced("1986-12-31", "1986-02-29"), Reason::InvalidDate, "`Date` is not a day"),
            (replaced("1986-12-31", "0000-12-31"), Reason::InvalidDate, "`Date` is not a day from 0001-01-01"),
            (replaced("1986-12-31", "31.12.1986"), Reason::InvalidDate, "\"31.12.1986\""),
            (replaced("1986-12-31", "1986-12-311"), Reason::InvalidDate, "`Date`"),
            (replaced("1986-12-31", "198é-12-3"), Reason::InvalidDate, "`Date`"),
            (replaced("1986-12-31", "1986-12-31T25:00:00"), Reason::InvalidDate, "nor a moment on one"),
            (
                replaced(r#""Date":"1986-12-31""#, r#""Datetime":"noon""#),
                Reason::InvalidDate,
                "`Datetime` is not a day",
            ),
            (replaced(r#""Date":"1986-12-31""#, r#""Datetime":7"#), Reason::MissingField, "`Date` is missing, and"),
            (replaced("\"1986-12-31\"", "19861231"), Reason::InvalidField, "`Date` is a number, not a string"),
        ];
        for (value, reason, detail) in cases {
            let fault = rows(&value).unwrap_err();
            assert_eq!(fault.reason, reason, "{value}: {}", fault.detail);
            assert!(fault.detail.contains(detail), "{value}: {}", fault.detail);
        }
    }

    #[test]
    fn an_array_is_given_up_at_its_first_bad_element() {
        let mut taken = Vec::new();
        let value = format!("[{HSI},{{}},{HSI}]");
        let fault = decode_rows(value.as_bytes(), |index, _| taken.push(index)).unwrap_err();
        assert_eq!((fault.detail.as_str(), taken), ("element 1 of the array: `Index` is missing", vec![0]));
    }

    #[test]
    fn a_record_has_at_most_so_many_rows() {
        let bar = r#"{"Index":"","Date":"2024-01-02","Open":0,"High":0,"Low":0,"Close":0}"#;
        let array = |count: usize| format!("[{}]", vec![bar; count].join(","));
        let mut taken = 0;
        decode_rows(array(MOST_ROWS).as_bytes(), |_, _| taken += 1).unwrap();
        assert_eq!(taken, MOST_ROWS);
        let fault = decode_rows(array(MOST_ROWS + 1).as_bytes(), |_, _| ()).unwrap_err();
        assert_eq!(
            (fault.reason, fault.detail.as_str()),
            (Reason::TooManyRows, "the array has more than 50000 elements")
        );
    }

    #[test]
    fn base64_is_checked() {
        let mut buffer = vec![1, 2, 3];
        assert_eq!(decode_base64(None, &mut buffer).unwrap_err().reason, Reason::Tombstone);
        assert_eq!(decode_base64(Some("a*b="), &mut buffer).unwrap_err().reason, Reason::InvalidBase64);
        assert_eq!(decode_base64(Some("e30="), &mut buffer).unwrap(), b"{}");
    }

    proptest::proptest! {
        #[test]
        fn base64_is_what_both_decoders_say(
            bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200), place in 0..300_usize, piece in "[A-Za-z0-9+/=_ -]{0,5}|.?"
        ) {
            let whole = STANDARD.encode(&bytes);
            let place = place.min(whole.len());
            for value in [whole.clone(), format!("{}{piece}{}", &whole[..place], &whole[place..]), format!("{}{piece}", &whole[..place])] {
                let mut buffer = vec![7; 3];
                let decoded = decode_base64(Some(&value), &mut buffer).ok();
                assert_eq!(decoded, STANDARD.decode(&value).ok().as_deref(), "{value}");
            }
        }

        #[test]
        fn any_bytes_are_rows_or_a_fault(value in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            let _ = decode_rows(&value, |_, _| ());
        }

        #[test]
        fn a_bar_with_any_piece_of_it_replaced_is_rows_or_a_fault(start in 0..HSI.len(), length in 0_usize..20, piece in ".{0,8}") {
            let end = (start + length).min(HSI.len());
            let mut taken = 0;
            let mutated = format!("{}{piece}{}", &HSI[..start], &HSI[end..]);
            let decoded = decode_rows(mutated.as_bytes(), |_, _| taken += 1);
            assert_eq!(decoded.is_ok(), taken > 0, "{decoded:?}");
        }

        #[test]
        fn a_price_is_stored_as_the_very_number_that_was_sent(price in -1e300..1e300_f64) {
            let value = HSI.replace("2569.0", &serde_json::Value::from(price).to_string());
            assert_eq!(rows(&value).unwrap()[0].1.high.to_bits(), price.to_bits());
        }
    }
}
