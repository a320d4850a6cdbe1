//! The rows of a report as values, read from Athena's text by what the columns are declared to hold.

use chrono::{NaiveDate, NaiveDateTime};
use thiserror::Error;

use crate::athena::Answer;
use crate::declaration::{Declaration, Format};

/// Rows whose cells are in the order of the declared columns.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) rows: Vec<Vec<Value>>,
}

/// Some rows of a table, in its order.
#[derive(Debug, Clone)]
pub(crate) struct Rows<'a>(Vec<&'a [Value]>);

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
}

/// An answer that is not what the report declares.
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
        /// What was there.
        found: String,
        /// What was to be there.
        format: String,
    },
    /// CSV that cannot be made.
    #[error("the rows cannot be written as CSV: {0}")]
    Csv(#[from] csv::Error),
}

impl Table {
    /// Every declared column must be in the answer, and no other.
    pub(crate) fn parse(declaration: &Declaration, answer: &Answer) -> Result<Self, TableError> {
        if let Some(name) = answer.columns.iter().find(|name| declaration.position(name).is_none()) {
            return Err(TableError::Undeclared(name.clone()));
        }
        let positions = declaration
            .columns
            .iter()
            .map(|column| {
                let position = answer.columns.iter().position(|name| *name == column.name);
                position.ok_or_else(|| TableError::Missing(column.name.clone()))
            })
            .collect::<Result<Vec<usize>, TableError>>()?;
        let parse_row = |(index, cells): (usize, &Vec<Option<String>>)| {
            let columns = declaration.columns.iter().zip(&positions);
            columns
                .map(|(column, position)| {
                    let Some(text) = cells.get(*position).and_then(Option::as_deref) else {
                        return Ok(Value::Null);
                    };
                    parse(column.format, text).ok_or_else(|| TableError::Unreadable {
                        column: column.name.clone(),
                        row: index + 1,
                        found: text.to_owned(),
                        format: format!("{:?}", column.format),
                    })
                })
                .collect()
        };
        let rows = answer.rows.iter().enumerate().map(parse_row).collect::<Result<Vec<Vec<Value>>, TableError>>()?;
        Ok(Self { rows })
    }

    pub(crate) fn all(&self) -> Rows<'_> {
        Rows(self.rows.iter().map(Vec::as_slice).collect())
    }

    /// The rows whose text in one column is this one.
    pub(crate) fn section(&self, position: usize, name: &str) -> Rows<'_> {
        let is_of = |row: &&[Value]| row[position].to_plain() == name;
        Rows(self.rows.iter().map(Vec::as_slice).filter(is_of).collect())
    }

    /// The texts of one column, in the order in which they appear.
    pub(crate) fn texts(&self, position: usize) -> Vec<String> {
        let mut texts: Vec<String> = Vec::new();
        for row in &self.rows {
            let text = row[position].to_plain();
            if texts.last() != Some(&text) && !texts.contains(&text) {
                texts.push(text);
            }
        }
        texts
    }

    /// RFC 4180 with a heading; a null is empty, an array is JSON, a number has all its digits.
    pub(crate) fn to_csv(&self, declaration: &Declaration) -> Result<Vec<u8>, TableError> {
        let mut csv = csv::Writer::from_writer(Vec::new());
        csv.write_record(declaration.columns.iter().map(|column| &column.name))?;
        for row in &self.rows {
            csv.write_record(row.iter().map(Value::to_plain))?;
        }
        csv.into_inner().map_err(|error| csv::Error::from(error.into_error()).into())
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
            Self::Timestamp(timestamp) => timestamp.format("%Y-%m-%dT%H:%M:%S").to_string(),
            Self::Decimals(decimals) => array(decimals, f64::to_string),
            Self::Dates(dates) => array(dates, |date| format!("\"{date}\"")),
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
        Format::Timestamp => Value::Timestamp(NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok()?),
        Format::Numbers => Value::Decimals(parse_array(text, |item| {
            item.parse().ok().map(|decimal: f64| decimal.is_finite().then_some(decimal))
        })?),
        Format::Dates => Value::Dates(parse_array(text, |item| item.parse().ok().map(Some))?),
    })
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
        assert_eq!(parse(Format::Numbers, "[]"), Some(Value::Decimals(Vec::new())));
        assert_eq!(parse(Format::Numbers, "1.0, 2.0"), None);
        assert_eq!(parse(Format::Numbers, "[1.0, two]"), None);
    }

    #[test]
    fn an_answer_that_does_not_fit_its_declaration_names_the_column() {
        let declaration = "title = 'T'\ndescription = ''\nempty = ''\nheadline = ''\n\
                           [[columns]]\nname = 'close'\nlabel = 'Close'\nformat = 'decimal'";
        let declaration: Declaration = toml::from_str(declaration).unwrap();
        let message = |columns: &[&str], cell: &str| {
            let answer = Answer {
                columns: columns.iter().map(|name| (*name).to_owned()).collect(),
                rows: vec![vec![Some(cell.to_owned())]],
                query_id: String::new(),
                scanned_bytes: 0,
                engine_milliseconds: 0,
            };
            Table::parse(&declaration, &answer).unwrap_err().to_string()
        };
        assert_eq!(message(&[], "1"), r#"the query returns no column "close", which report.toml declares"#);
        assert_eq!(
            message(&["close", "open"], "1"),
            r#"the query returns a column "open", which report.toml does not declare"#
        );
        assert_eq!(
            message(&["close"], "n/a"),
            r#"column "close" of row 1 is "n/a", which is not of the declared format Decimal"#
        );
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
