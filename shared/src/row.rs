//! The row decoder: a record's value, base64 over JSON, to the rows it holds, or to the reason why it holds none.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::NaiveDate;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::bar::field;
use crate::json::{Json, Text};
use crate::reject::{Fault, Reason};

/// One bar as it goes into the lake.
#[derive(Debug, PartialEq)]
pub(crate) struct Row<'a> {
    pub(crate) symbol: Cow<'a, str>,
    /// Days since 1970-01-01.
    pub(crate) trade_date: i32,
    pub(crate) open: f64,
    pub(crate) high: f64,
    pub(crate) low: f64,
    pub(crate) close: f64,
    pub(crate) adj_close: Option<f64>,
    pub(crate) volume: f64,
    pub(crate) close_usd: Option<f64>,
    /// The fields that are not columns, as one JSON object, members as they were sent.
    pub(crate) extra: Option<String>,
}

/// Decodes base64 into `buffer`, replacing what is there.
pub(crate) fn decode_base64<'b>(value: Option<&str>, buffer: &'b mut Vec<u8>) -> Result<&'b [u8], Fault> {
    let value = value.ok_or_else(|| Fault::new(Reason::Tombstone, "the record has no value"))?;
    buffer.clear();
    STANDARD
        .decode_vec(value, buffer)
        .map_err(|error| Fault::new(Reason::InvalidBase64, format!("the value is not base64: {error}")))?;
    Ok(buffer)
}

/// Hands each row of a value to `take`, with its place in an array value (0 for a single object). A value lands whole or not
/// at all: `take` is not called when any row of it is at fault.
pub(crate) fn decode_rows<'a>(value: &'a [u8], mut take: impl FnMut(usize, Row<'a>)) -> Result<(), Fault> {
    let unreadable = |error| syntax_or_number(value, &error);
    if value.trim_ascii_start().first() != Some(&b'[') {
        take(0, into_row(serde_json::from_slice(value).map_err(unreadable)?, None)?);
        return Ok(());
    }
    let elements: Vec<Element<'_>> = serde_json::from_slice(value).map_err(unreadable)?;
    if elements.is_empty() {
        return Err(Fault::new(Reason::NotABar, "the array is empty"));
    }
    let rows = elements.into_iter().enumerate().map(|(index, element)| into_row(element, Some(index)));
    let rows: Vec<Row<'_>> = rows.collect::<Result<_, _>>()?;
    for (index, row) in rows.into_iter().enumerate() {
        take(index, row);
    }
    Ok(())
}

/// `serde_json` refuses a number that no double can hold as it refuses bad syntax; the first is JSON all the same.
fn syntax_or_number(value: &[u8], error: &serde_json::Error) -> Fault {
    match serde_json::from_slice::<IgnoredAny>(value) {
        Ok(_) => Fault::new(Reason::InvalidField, error.to_string()),
        Err(_) => Fault::new(Reason::NotJson, format!("the value is not JSON: {error}")),
    }
}

fn into_row(element: Element<'_>, index: Option<usize>) -> Result<Row<'_>, Fault> {
    let row = match element {
        Element::Object(fields) => fields.into_row(),
        Element::Other(kind) => Err(Fault::new(Reason::NotABar, format!("the value is {kind}, not an object"))),
    };
    row.map_err(|fault| match index {
        Some(index) => Fault::new(fault.reason, format!("element {index} of the array: {}", fault.detail)),
        None => fault,
    })
}

/// The fields of one JSON object, not yet judged.
#[derive(Default)]
struct Fields<'a> {
    index: Option<Json<'a>>,
    date: Option<Json<'a>>,
    open: Option<Json<'a>>,
    high: Option<Json<'a>>,
    low: Option<Json<'a>>,
    close: Option<Json<'a>>,
    adj_close: Option<Json<'a>>,
    volume: Option<Json<'a>>,
    close_usd: Option<Json<'a>>,
    repeated: Option<&'static str>,
    unknown: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Fields<'a> {
    fn into_row(self) -> Result<Row<'a>, Fault> {
        if let Some(name) = self.repeated {
            return Err(Fault::new(Reason::InvalidField, format!("`{name}` stands twice")));
        }
        Ok(Row {
            symbol: text(field::INDEX, self.index)?,
            trade_date: days(&text(field::DATE, self.date)?)?,
            open: amount(field::OPEN, self.open)?,
            high: amount(field::HIGH, self.high)?,
            low: amount(field::LOW, self.low)?,
            close: amount(field::CLOSE, self.close)?,
            adj_close: optional_amount(field::ADJ_CLOSE, self.adj_close)?,
            volume: amount(field::VOLUME, self.volume)?,
            close_usd: optional_amount(field::CLOSE_USD, self.close_usd)?,
            extra: (!self.unknown.is_empty()).then(|| object_of(&self.unknown)),
        })
    }
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

#[expect(clippy::cast_precision_loss, reason = "a JSON number is a double to everyone who reads the lake")]
fn amount(name: &str, value: Option<Json<'_>>) -> Result<f64, Fault> {
    let number = match required(name, value)? {
        Json::Whole(number) => number as f64,
        Json::Number(number) => number,
        other => return Err(Fault::new(Reason::InvalidField, format!("`{name}` is {}, not a number", other.kind()))),
    };
    if number < 0.0 {
        return Err(Fault::new(Reason::InvalidField, format!("`{name}` is negative: {number}")));
    }
    Ok(number)
}

fn optional_amount(name: &str, value: Option<Json<'_>>) -> Result<Option<f64>, Fault> {
    match value {
        None | Some(Json::Null) => Ok(None),
        value => amount(name, value).map(Some),
    }
}

/// Days since 1970-01-01 of a `YYYY-MM-DD`.
fn days(date: &str) -> Result<i32, Fault> {
    let digits = |range: std::ops::Range<usize>| {
        let digits = date.get(range)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u32>().ok())?
    };
    let well_formed = date.len() == 10 && date.as_bytes()[4] == b'-' && date.as_bytes()[7] == b'-';
    well_formed
        .then(|| NaiveDate::from_ymd_opt(digits(0..4)?.try_into().ok()?, digits(5..7)?, digits(8..10)?))
        .flatten()
        .map(|day| day.to_epoch_days())
        .ok_or_else(|| {
            let shown: String = date.chars().take(40).collect();
            Fault::new(Reason::InvalidDate, format!("`{}` is not a day in the form YYYY-MM-DD: {shown:?}", field::DATE))
        })
}

fn object_of(members: &[(Cow<'_, str>, &RawValue)]) -> String {
    let mut json = String::from("{");
    for (name, value) in members {
        if json.len() > 1 {
            json.push(',');
        }
        json.push_str(&serde_json::Value::from(name.as_ref()).to_string());
        json.push(':');
        json.push_str(value.get());
    }
    json.push('}');
    json
}

#[expect(clippy::large_enum_variant, reason = "nearly all are objects, and an allocation per record would be felt")]
enum Element<'a> {
    Object(Fields<'a>),
    /// With its article: "a number".
    Other(&'static str),
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
                _ => {
                    fields.unknown.push((name, map.next_value()?));
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
            open: 2_568.300_049,
            high: 2569.0,
            low: 2560.0,
            close: 2_568.300_049,
            adj_close: Some(2_568.300_049),
            volume: 0.0,
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
    fn adj_close_and_close_usd_may_be_missing_or_null() {
        let value =
            r#"{"Index":"X","Date":"2024-02-29","Open":1,"High":1,"Low":1,"Close":1,"Volume":3,"CloseUSD":null}"#;
        let (_, row) = rows(value).unwrap().remove(0);
        assert_eq!((row.adj_close, row.close_usd, row.trade_date), (None, None, 19_782));
    }

    #[test]
    fn unknown_fields_are_kept_as_they_were_sent() {
        let value = HSI.replace("\"Open\"", r#""src\u0041": {"a" : [1e400, null]},"Open""#);
        let extra = rows(&value).unwrap().remove(0).1.extra.unwrap();
        assert_eq!(extra, r#"{"srcA":{"a" : [1e400, null]}}"#);
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
            ("{}".into(), Reason::MissingField, "`Index` is missing"),
            (replaced("2569.0", "null"), Reason::MissingField, "`High` is null"),
            (replaced("2569.0", "\"2569.0\""), Reason::InvalidField, "`High` is a string, not a number"),
            (replaced("2569.0", "-1"), Reason::InvalidField, "`High` is negative: -1"),
            (replaced("2569.0", "1e999"), Reason::InvalidField, "number out of range"),
            (replaced("333.87900637", "{}"), Reason::InvalidField, "`CloseUSD` is an object"),
            (replaced("\"HSI\"", "7"), Reason::InvalidField, "`Index` is a number, not a string"),
            (replaced("\"Low\"", "\"High\""), Reason::InvalidField, "`High` stands twice"),
            (replaced("1986-12-31", "1986-02-29"), Reason::InvalidDate, "`Date` is not a day"),
            (replaced("1986-12-31", "31.12.1986"), Reason::InvalidDate, "\"31.12.1986\""),
            (replaced("1986-12-31", "1986-12-311"), Reason::InvalidDate, "`Date`"),
            (replaced("1986-12-31", "198é-12-3"), Reason::InvalidDate, "`Date`"),
            (replaced("\"1986-12-31\"", "19861231"), Reason::InvalidField, "`Date` is a number, not a string"),
        ];
        for (value, reason, detail) in cases {
            let fault = rows(&value).unwrap_err();
            assert_eq!(fault.reason, reason, "{value}: {}", fault.detail);
            assert!(fault.detail.contains(detail), "{value}: {}", fault.detail);
        }
    }

    #[test]
    fn an_array_with_one_bad_element_gives_no_row_at_all() {
        let value = format!("[{HSI},{{}}]");
        let mut taken = 0;
        assert!(decode_rows(value.as_bytes(), |_, _| taken += 1).is_err());
        assert_eq!(taken, 0);
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
        fn any_bytes_are_rows_or_a_fault(value in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            let _ = decode_rows(&value, |_, _| ());
        }

        #[test]
        fn a_bar_with_any_piece_of_it_replaced_is_rows_or_a_fault(start in 0..HSI.len(), length in 0_usize..20, piece in ".{0,8}") {
            let end = (start + length).min(HSI.len());
            let mut taken = 0;
            let mutated = format!("{}{piece}{}", &HSI[..start], &HSI[end..]);
            let decoded = decode_rows(mutated.as_bytes(), |_, _| taken += 1);
            assert_eq!(decoded.is_ok(), taken > 0);
        }

        #[test]
        fn a_price_is_stored_as_the_very_number_that_was_sent(price in 0.0..1e300_f64) {
            let value = HSI.replace("2569.0", &serde_json::Value::from(price).to_string());
            assert_eq!(rows(&value).unwrap()[0].1.high.to_bits(), price.to_bits());
        }
    }
}
