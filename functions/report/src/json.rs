//! The rows of a report as JSON: what a program reads.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::catalog::Report;
use crate::declaration::{Column, Declaration};
use crate::page::Moment;
use crate::table::Value;

#[derive(Serialize)]
struct Document<'a> {
    report: &'a str,
    title: &'a str,
    date: String,
    as_of: String,
    generated_at: String,
    /// In the order of the CSV.
    columns: Vec<Heading<'a>>,
}

#[derive(Serialize)]
struct Heading<'a> {
    name: &'a str,
    label: &'a str,
    unit: Option<&'a str>,
}

impl<'a> Heading<'a> {
    fn of(column: &'a Column) -> Self {
        Self { name: &column.name, label: &column.label, unit: column.unit.as_deref() }
    }
}

/// Written as it is read, without a copy: there may be many thousands.
struct Row<'a> {
    declaration: &'a Declaration,
    cells: &'a [Value],
}

/// Everything up to the first row.
///
/// `{"report","title","date","as_of","generated_at","columns":[{"name","label","unit"}],"rows":[{"<name>":…}]}`. Numbers are numbers, a date is
/// `YYYY-MM-DD`, a timestamp is `YYYY-MM-DDThh:mm:ss` in UTC, nothing is null.
///
/// # Errors
/// None that is known, here and of a row: a table has no value that JSON lacks.
pub(crate) fn begin(report: &Report, moment: Moment, file: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let declaration = &report.declaration;
    let time = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
    let document = Document {
        report: &report.name,
        title: &declaration.title,
        date: moment.date.to_string(),
        as_of: time(moment.as_of),
        generated_at: time(moment.generated_at),
        columns: declaration.columns.iter().map(Heading::of).collect(),
    };
    serde_json::to_writer(&mut *file, &document)?;
    // The rows come before its closing brace.
    file.pop();
    file.extend_from_slice(br#","rows":["#);
    Ok(())
}

/// One row more.
pub(crate) fn row(
    declaration: &Declaration,
    cells: &[Value],
    is_first: bool,
    file: &mut Vec<u8>,
) -> Result<(), serde_json::Error> {
    if !is_first {
        file.push(b',');
    }
    serde_json::to_writer(file, &Row { declaration, cells })
}

pub(crate) fn end(file: &mut Vec<u8>) {
    file.extend_from_slice(b"]}");
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_map(Some(self.cells.len()))?;
        for (column, cell) in self.declaration.columns.iter().zip(self.cells) {
            row.serialize_entry(&column.name, cell)?;
        }
        row.end()
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Integer(integer) => serializer.serialize_i64(*integer),
            Self::Decimal(decimal) => serializer.serialize_f64(*decimal),
            Self::Decimals(decimals) => decimals.serialize(serializer),
            Self::Dates(dates) => serializer.collect_seq(dates.iter().map(|date| date.map(|date| date.to_string()))),
            Self::Times(times) => {
                serializer.collect_seq(times.iter().map(|time| time.as_ref().map(crate::table::plain_time)))
            }
            Self::Text(_) | Self::Date(_) | Self::Timestamp(_) => serializer.serialize_str(&self.to_plain()),
        }
    }
}
