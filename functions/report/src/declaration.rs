//! `report.toml`: what a report is called, what its columns mean, what is drawn.

use serde::Deserialize;
use thiserror::Error;

/// The declaration of one report, as written in its `report.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Declaration {
    /// The heading of the page.
    pub(crate) title: String,
    /// What the page shows, in a sentence or two.
    pub(crate) description: String,
    /// What an empty page says; `{date}` stands for the day.
    pub(crate) empty: String,
    /// The columns of the query, in the order of the CSV and of the page.
    pub(crate) columns: Vec<Column>,
    /// Single numbers above the charts.
    #[serde(default)]
    pub(crate) facts: Vec<Fact>,
    #[serde(default)]
    pub(crate) charts: Vec<Chart>,
}

/// One column of the query.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Column {
    /// Its name in the query and in the CSV.
    pub(crate) name: String,
    /// Its heading on the page.
    pub(crate) label: String,
    /// A heading above it, shared with its neighbours of the same group.
    pub(crate) group: Option<String>,
    /// Shown beside the label.
    pub(crate) unit: Option<String>,
    pub(crate) format: Format,
    /// Decimal places of `decimal` and `percent`.
    #[serde(default = "two")]
    pub(crate) digits: usize,
    /// A change: with its sign, and coloured by it.
    #[serde(default)]
    pub(crate) signed: bool,
    /// Left off the page, not off the CSV, while each row has zero or nothing here.
    #[serde(default)]
    pub(crate) sparse: bool,
    /// Never on the page: for the CSV and for charts.
    #[serde(default)]
    pub(crate) csv_only: bool,
}

/// What a column holds, and so how it is read and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    Text,
    Date,
    /// A moment in UTC, shown to the minute.
    Timestamp,
    Integer,
    Decimal,
    /// Already times a hundred.
    Percent,
    /// Whole seconds.
    Duration,
    /// An array of numbers, shown as a sparkline.
    Numbers,
    /// An array of dates, for the x axis of a chart.
    Dates,
}

/// One number over all rows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fact {
    pub(crate) label: String,
    pub(crate) column: String,
    pub(crate) of: Aggregate,
}

/// How a fact is made from its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Aggregate {
    /// How many rows have a value.
    Count,
    /// How many are above zero.
    Rising,
    /// How many are below zero.
    Falling,
    Sum,
    /// The largest or the latest.
    Max,
    /// The value of the first row that has one.
    First,
}

/// One chart.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Chart {
    /// A line per row over two array columns, each line set to 100 at its first point.
    IndexedLines {
        title: String,
        /// Names the line.
        label: String,
        /// A column of dates.
        x: String,
        /// A column of numbers.
        y: String,
        /// How far before the newest point of all the chart begins.
        days: u32,
        /// What is said when there is nothing to draw.
        empty: String,
    },
    /// A stacked bar per row, at its hour.
    HourlyBars {
        title: String,
        /// A column of timestamps.
        x: String,
        /// Columns of integers, from the bottom up.
        y: Vec<String>,
        /// Of the y axis.
        unit: String,
        /// How many hours are shown, up to the end of the day.
        hours: u32,
        /// What is said when every bar is zero.
        empty: String,
    },
}

/// Something in a `report.toml` that does not fit together.
#[derive(Debug, PartialEq, Eq, Error)]
pub(crate) enum DeclarationError {
    #[error("column {0:?} is declared twice")]
    Twice(String),
    #[error("{place} names column {column:?}, which is not declared")]
    Undeclared { place: String, column: String },
    #[error("{place} names column {column:?}, which has the wrong format: {wanted} is wanted")]
    WrongFormat { place: String, column: String, wanted: &'static str },
}

impl Declaration {
    /// Checks that columns are named once, and that facts and charts name columns that fit.
    pub(crate) fn check(&self) -> Result<(), DeclarationError> {
        for (index, column) in self.columns.iter().enumerate() {
            if self.columns[..index].iter().any(|earlier| earlier.name == column.name) {
                return Err(DeclarationError::Twice(column.name.clone()));
            }
        }
        for fact in &self.facts {
            let wanted: &[Format] = match fact.of {
                Aggregate::Count => &[],
                Aggregate::Rising | Aggregate::Falling => &[Format::Decimal, Format::Percent, Format::Integer],
                Aggregate::Sum => &[Format::Integer, Format::Decimal],
                Aggregate::Max | Aggregate::First => {
                    &[Format::Integer, Format::Decimal, Format::Date, Format::Timestamp, Format::Duration]
                }
            };
            self.expect(&format!("fact {:?}", fact.label), &fact.column, wanted, "a format it can be made from")?;
        }
        for chart in &self.charts {
            let place = format!("chart {:?}", chart.title());
            match chart {
                Chart::IndexedLines { label, x, y, .. } => {
                    self.expect(&place, label, &[Format::Text], "text")?;
                    self.expect(&place, x, &[Format::Dates], "dates")?;
                    self.expect(&place, y, &[Format::Numbers], "numbers")?;
                }
                Chart::HourlyBars { x, y, .. } => {
                    self.expect(&place, x, &[Format::Timestamp], "timestamp")?;
                    for column in y {
                        self.expect(&place, column, &[Format::Integer], "integer")?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The place of a column, by its name.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    fn expect(
        &self,
        place: &str,
        name: &str,
        formats: &[Format],
        wanted: &'static str,
    ) -> Result<(), DeclarationError> {
        let (place, column) = (place.to_owned(), name.to_owned());
        match self.columns.iter().find(|candidate| candidate.name == name) {
            None => Err(DeclarationError::Undeclared { place, column }),
            Some(found) if !formats.is_empty() && !formats.contains(&found.format) => {
                Err(DeclarationError::WrongFormat { place, column, wanted })
            }
            Some(_) => Ok(()),
        }
    }
}

impl Chart {
    /// The heading of the chart.
    pub(crate) fn title(&self) -> &str {
        match self {
            Self::IndexedLines { title, .. } | Self::HourlyBars { title, .. } => title,
        }
    }

    /// What is said in its place when there is nothing to draw.
    pub(crate) fn empty(&self) -> &str {
        match self {
            Self::IndexedLines { empty, .. } | Self::HourlyBars { empty, .. } => empty,
        }
    }
}

fn two() -> usize {
    2
}
