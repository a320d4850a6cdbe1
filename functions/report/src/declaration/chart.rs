//! The charts that a report may declare.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Format, Wanted};

/// One chart.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub(crate) struct Chart {
    pub(crate) title: String,
    /// What is said when there is nothing to draw.
    pub(crate) empty: String,
    /// Only the rows of this section are drawn, above their table.
    pub(crate) section: Option<String>,
    pub(crate) kind: Kind,
}

/// What is drawn, from which columns.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Kind {
    /// A line per row over two array columns, each line set to 100 at its first point.
    IndexedLines {
        /// Names the line.
        label: String,
        /// A column of dates.
        x: String,
        /// A column of numbers.
        y: String,
        /// How far before the newest point of all the chart begins.
        days: u32,
    },
    /// A line per row over two array columns.
    Lines {
        label: String,
        x: String,
        y: String,
        /// Of the y axis.
        unit: String,
        /// How far before the newest point of all the chart begins; without it, with the oldest.
        days: Option<u32>,
        /// How many rows are drawn, from the first.
        rows: usize,
    },
    /// A small chart per row, with a line for each of several columns.
    LinesByRow {
        label: String,
        x: String,
        /// Columns of numbers; each names its line.
        y: Vec<String>,
        /// How many rows are drawn, from the first.
        rows: usize,
    },
    /// A small chart per row: from open to close a body, from low to high a line.
    Candlesticks {
        label: String,
        x: String,
        open: String,
        high: String,
        low: String,
        close: String,
        /// How many rows are drawn, from the first.
        rows: usize,
    },
    /// A bar per row, to the right above zero and to the left below.
    RankedBars {
        label: String,
        /// A column of numbers.
        value: String,
        unit: String,
    },
    /// A coloured square for each pair of names. A pair that is there one way round is drawn both ways; a name with itself is `high`.
    HeatMap {
        row: String,
        column: String,
        value: String,
        /// The number at the cold end of the colours.
        low: f64,
        /// The number at the warm end.
        high: f64,
    },
    /// A stacked bar per row, at its hour.
    HourlyBars {
        /// A column of timestamps.
        x: String,
        /// Columns of integers, from the bottom up.
        y: Vec<String>,
        unit: String,
        /// How many hours are shown, up to the end of the day.
        hours: u32,
    },
}

impl TryFrom<Map<String, Value>> for Chart {
    type Error = serde_json::Error;

    /// What all charts have is taken out first: serde cannot refuse unknown fields and flatten at once.
    fn try_from(mut table: Map<String, Value>) -> Result<Self, Self::Error> {
        #[derive(Deserialize)]
        struct Common {
            title: String,
            empty: String,
            section: Option<String>,
        }
        let Common { title, empty, section } = Common::deserialize(&table)?;
        for name in ["title", "empty", "section"] {
            table.remove(name);
        }
        Ok(Self { title, empty, section, kind: Kind::deserialize(Value::Object(table))? })
    }
}

impl Kind {
    /// The columns that it is made of.
    pub(super) fn wanted(&self) -> Vec<Wanted<'_>> {
        match self {
            Self::IndexedLines { label, x, y, .. } | Self::Lines { label, x, y, .. } => {
                vec![text(label), dates(x), numbers(y)]
            }
            Self::LinesByRow { label, x, y, .. } => {
                [text(label), dates(x)].into_iter().chain(y.iter().map(|column| numbers(column))).collect()
            }
            Self::Candlesticks { label, x, open, high, low, close, .. } => {
                let x = Wanted {
                    column: x,
                    fits: |format| matches!(format, Format::Dates | Format::Times),
                    in_words: "dates or times",
                };
                vec![text(label), x, numbers(open), numbers(high), numbers(low), numbers(close)]
            }
            Self::RankedBars { label, value, .. } => vec![text(label), number(value)],
            Self::HeatMap { row, column, value, .. } => vec![text(row), text(column), number(value)],
            Self::HourlyBars { x, y, .. } => {
                let integer = |column| Wanted { column, fits: |format| format == Format::Integer, in_words: "integer" };
                let x = Wanted { column: x, fits: |format| format == Format::Timestamp, in_words: "timestamp" };
                std::iter::once(x).chain(y.iter().map(|column| integer(column))).collect()
            }
        }
    }
}

fn text(column: &str) -> Wanted<'_> {
    Wanted { column, fits: |format| format == Format::Text, in_words: "text" }
}

fn dates(column: &str) -> Wanted<'_> {
    Wanted { column, fits: |format| format == Format::Dates, in_words: "dates" }
}

fn numbers(column: &str) -> Wanted<'_> {
    Wanted { column, fits: |format| format == Format::Numbers, in_words: "numbers" }
}

fn number(column: &str) -> Wanted<'_> {
    Wanted {
        column,
        fits: |format| format.is_number() && format != Format::Integer,
        in_words: "decimal, amount or percent",
    }
}
