//! The rows of a report as values, read from Athena's text by what the columns are declared to hold.

use chrono::{NaiveDate, NaiveDateTime};
use thiserror::Error;

use crate::declaration::{Column, Declaration, Format};
use crate::record::Record;
use crate::visible::shown;

/// Of what was found instead, in an error.
const MOST_SHOWN: usize = 200;

/// Of a text as a label.
const MOST_LETTERS: usize = 120;

/// Rows whose cells are in the order of the declared columns.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) rows: Vec<Vec<Value>>,
}

/// Some rows of a table, in its order.
#[derive(Debug, Clone)]
pub(crate) struct Rows<'a>(Vec<&'a [Value]>);

/// Where in a line of the result each declared column is.
#[derive(Debug)]
pub(crate) struct Columns(Vec<usize>);

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Text(String),
    Integer(i64),
    /// Always finite: NaN and infinity are read as null.
    Decimal(f64),
    Date(NaiveDate),
    Timestamp(NaiveDateTime),
    Decimals(Vec<Option<f64>>),
    Dates(Vec<Option<NaiveDate>>),
    Times(Vec<Option<NaiveDateTime>>),
}

/// A result that is not what the report declares.
#[derive(Debug, Error)]
pub enum TableError {
    /// A declared column that is not there.
    #[error("the query returns no column {0:?}, which report.toml declares")]
    Missing(String),
    /// A column that is not declared.
    #[error("the query returns a column {0:?}, which report.toml does not declare")]
    Undeclared(String),
    /// A cell that is not what its column holds.
    #[error("column {column:?} of row {row} is {found:?}, which is not of the declared format {format}")]
    Unreadable {
        /// Its name.
        column: String,
        /// Counted from 1.
        row: usize,
        /// What was there, or its beginning.
        found: String,
        /// What was to be there.
        format: String,
    },
    /// A row that lacks a cell, or has one too many.
    #[error("row {row} has {found} cells, not {wanted}")]
    Cells {
        /// Counted from 1.
        row: usize,
        /// How many there are.
        found: usize,
        /// How many columns there are.
        wanted: usize,
    },
}

impl Columns {
    /// Every declared column must be among the names, and no other.
    pub(crate) fn of(declaration: &Declaration, heading: &Record) -> Result<Self, TableError> {
        let names: Vec<String> =
            (0..heading.len()).map(|place| heading.cell(place).unwrap_or_default().into_owned()).collect();
        if let Some(name) = names.iter().find(|name| declaration.position(name).is_none()) {
            return Err(TableError::Undeclared(shown(name, MOST_SHOWN)));
        }
        let place = |column: &Column| {
            let place = names.iter().position(|name| *name == column.name);
            place.ok_or_else(|| TableError::Missing(column.name.clone()))
        };
        Ok(Self(declaration.columns.iter().map(place).collect::<Result<_, TableError>>()?))
    }

    /// The cells of a line in the order of the declared columns. `row` is its number, for an error.
    pub(crate) fn read(
        &self,
        declaration: &Declaration,
        row: usize,
        record: &Record,
    ) -> Result<Vec<Value>, TableError> {
        if record.len() != self.0.len() {
            return Err(TableError::Cells { row, found: record.len(), wanted: self.0.len() });
        }
        let read = |(column, place): (&Column, &usize)| {
            let Some(text) = record.cell(*place) else {
                return Ok(Value::Null);
            };
            parse(column.format, &text).ok_or_else(|| TableError::Unreadable {
                column: column.name.clone(),
                row,
                found: shown(&text, MOST_SHOWN),
                format: format!("{:?}", column.format),
            })
        };
        declaration.columns.iter().zip(&self.0).map(read).collect()
    }
}

impl Table {
    #[cfg(test)]
    pub(crate) fn all(&self) -> Rows<'_> {
        Rows(self.rows.iter().map(Vec::as_slice).collect())
    }

    /// The rows at these places.
    pub(crate) fn at(&self, places: &[usize]) -> Rows<'_> {
        Rows(places.iter().map(|place| self.rows[*place].as_slice()).collect())
    }
}

impl<'a> Rows<'a> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'a [Value]> {
        self.0.iter().copied()
    }

    /// The values of one column, from the first row to the last.
    pub(crate) fn column(&self, position: usize) -> impl Iterator<Item = &'a Value> {
        self.iter().filter_map(move |row| row.get(position))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Value {
    /// The value as a label: in a chart, or in the table of a page.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Text(text) => shown(text, MOST_LETTERS),
            value => value.to_plain(),
        }
    }

    /// The number behind a value that has one.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "counts and seconds, far below 2^53")]
            Self::Integer(integer) => Some(*integer as f64),
            Self::Decimal(decimal) => Some(*decimal),
            _ => None,
        }
    }

    /// The value as a machine reads it.
    pub(crate) fn to_plain(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Text(text) => text.clone(),
            Self::Integer(integer) => integer.to_string(),
            Self::Decimal(decimal) => decimal.to_string(),
            Self::Date(date) => date.to_string(),
            Self::Timestamp(timestamp) => plain_time(timestamp),
            Self::Decimals(decimals) => array(decimals, f64::to_string),
            Self::Dates(dates) => array(dates, |date| format!("\"{date}\"")),
            Self::Times(times) => array(times, |time| format!("\"{}\"", plain_time(time))),
        }
    }
}

fn array<T>(items: &[Option<T>], plain: impl Fn(&T) -> String) -> String {
    let items: Vec<String> = items.iter().map(|item| item.as_ref().map_or("null".to_owned(), &plain)).collect();
    format!("[{}]", items.join(","))
}

fn parse(format: Format, text: &str) -> Option<Value> {
    Some(match format {
        Format::Text | Format::Month => Value::Text(text.to_owned()),
        Format::Integer | Format::Duration => Value::Integer(text.parse().ok()?),
        Format::Decimal | Format::Amount | Format::Percent => {
            let decimal: f64 = text.parse().ok()?;
            if decimal.is_finite() { Value::Decimal(decimal) } else { Value::Null }
        }
        Format::Date => Value::Date(text.parse().ok()?),
        Format::Timestamp => Value::Timestamp(parse_time(text)?),
        Format::Numbers => Value::Decimals(parse_array(text, |item| {
            item.parse().ok().map(|decimal: f64| decimal.is_finite().then_some(decimal))
        })?),
        Format::Dates => Value::Dates(parse_array(text, |item| item.parse().ok().map(Some))?),
        Format::Times => Value::Times(parse_array(text, |item| parse_time(item).map(Some))?),
    })
}

fn parse_time(text: &str) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok()
}

pub(crate) fn plain_time(time: &NaiveDateTime) -> String {
    time.format("%Y-%m-%dT%H:%M:%S").to_string()
}

/// `[1.0, null]` as Athena prints an array, `[1.0, None]` and `['2026-11-22']` as the local engine does.
fn parse_array<T>(text: &str, parse: impl Fn(&str) -> Option<Option<T>>) -> Option<Vec<Option<T>>> {
    let inner = text.trim().strip_prefix('[')?.strip_suffix(']')?.trim();
    if inner.is_empty() {
        return Some(Vec::new());
    }
    inner
        .split(',')
        .map(|item| match item.trim().trim_matches(['\'', '"']) {
            "null" | "NULL" | "None" => Some(None),
            item => parse(item),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_of_both_engines_are_read_alike() {
        let numbers = Some(Value::Decimals(vec![Some(1.0), None, Some(12_345_000.0), None]));
        assert_eq!(parse(Format::Numbers, "[1.0, null, 1.2345E7, NaN]"), numbers);
        assert_eq!(parse(Format::Numbers, "[1.0, None, 12345000.0, nan]"), numbers);
        let dates = Some(Value::Dates(vec!["2026-11-22".parse().ok(), None]));
        assert_eq!(parse(Format::Dates, "[2026-11-22, null]"), dates);
        assert_eq!(parse(Format::Dates, "['2026-11-22', None]"), dates);
        let known = Value::Times(vec!["2026-11-22T14:30:00".parse().ok(), None]);
        assert_eq!(known.to_plain(), r#"["2026-11-22T14:30:00",null]"#);
        let times = Some(known);
        assert_eq!(parse(Format::Times, "[2026-11-22 14:30:00.000, null]"), times);
        assert_eq!(parse(Format::Times, "['2026-11-22 14:30:00', None]"), times);
        assert_eq!(parse(Format::Numbers, "[]"), Some(Value::Decimals(Vec::new())));
        assert_eq!(parse(Format::Numbers, "1.0, 2.0"), None);
        assert_eq!(parse(Format::Numbers, "[1.0, two]"), None);
    }

    #[test]
    fn a_result_that_does_not_fit_its_declaration_names_the_column() {
        let declaration = "title = 'T'\ndescription = ''\nempty = ''\nheadline = ''\n\
                           [[columns]]\nname = 'close'\nlabel = 'Close'\nformat = 'decimal'";
        let declaration: Declaration = toml::from_str(declaration).unwrap();
        let message = |names: &[&str], cells: &[&str]| {
            let record = |cells: &[&str]| Record::of(cells.iter().map(|cell| Some(*cell)));
            let columns = Columns::of(&declaration, &record(names));
            columns.and_then(|columns| columns.read(&declaration, 1, &record(cells))).unwrap_err().to_string()
        };
        assert_eq!(message(&[], &["1"]), r#"the query returns no column "close", which report.toml declares"#);
        assert_eq!(
            message(&["close", "open"], &["1", "2"]),
            r#"the query returns a column "open", which report.toml does not declare"#
        );
        assert_eq!(
            message(&["close"], &["n/a\u{1b}"]),
            r#"column "close" of row 1 is "n/a␛", which is not of the declared format Decimal"#
        );
        assert_eq!(message(&["close"], &["1", "2"]), "row 1 has 2 cells, not 1");
    }

    #[test]
    fn timestamps_are_read_with_and_without_milliseconds() {
        let expected = parse(Format::Timestamp, "2026-11-22 19:00:00");
        assert!(expected.is_some());
        assert_eq!(parse(Format::Timestamp, "2026-11-22 19:00:00.000"), expected);
    }

    #[test]
    fn a_number_that_is_none_is_null_and_text_is_no_number() {
        assert_eq!(parse(Format::Decimal, "Infinity"), Some(Value::Null));
        assert_eq!(parse(Format::Decimal, "nan"), Some(Value::Null));
        assert_eq!(parse(Format::Decimal, "1,5"), None);
        assert_eq!(parse(Format::Integer, "1.5"), None);
    }
}
