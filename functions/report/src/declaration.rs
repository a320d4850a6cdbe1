//! `report.toml`: what a report is called, what its columns mean, what is drawn.

mod chart;
mod fact;

use chrono::NaiveDate;
use serde::Deserialize;
use thiserror::Error;

pub(crate) use chart::{Chart, Kind};
pub(crate) use fact::{Aggregate, Fact, split};

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
    /// How the numbers are made, a paragraph each.
    #[serde(default)]
    pub(crate) method: Vec<String>,
    /// The report in a line, for the index and the mail; `{label}` stands for the fact of that label.
    pub(crate) headline: String,
    /// Its place among the lines of the mail; without it, the headline is on the index only.
    pub(crate) mail: Option<u8>,
    /// How many days of folders before the day the query reads; without it, all of them.
    pub(crate) lookback_days: Option<u32>,
    /// A text column: the rows of each of its values are a table of their own, under that text.
    pub(crate) sections: Option<String>,
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
    /// Its name in the query, in the CSV and in the JSON.
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
    /// Left off a table of the page, not off the files, while each of its rows has zero or nothing here.
    #[serde(default)]
    pub(crate) sparse: bool,
    /// Never in a table of the page: for the files, for charts and for facts.
    #[serde(default)]
    pub(crate) csv_only: bool,
}

/// What a column holds, and so how it is read and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Format {
    Text,
    Date,
    /// A calendar month as `YYYY-MM`.
    Month,
    /// A moment in UTC, shown to the minute.
    Timestamp,
    Integer,
    /// With a unit it is a price: one below 1 has more decimal places.
    Decimal,
    /// A decimal of which the size matters, not the last digit: `62.3T`.
    Amount,
    /// Already times a hundred.
    Percent,
    /// Whole seconds.
    Duration,
    /// An array of numbers, shown as a sparkline.
    Numbers,
    /// An array of dates, for the x axis of a chart.
    Dates,
    /// An array of moments in UTC, for the x axis of candlesticks.
    Times,
}

impl Format {
    /// A number that is more or less than another, and than zero.
    fn is_number(self) -> bool {
        matches!(self, Self::Integer | Self::Decimal | Self::Amount | Self::Percent)
    }

    fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Month)
    }

    /// One value, not an array.
    fn is_single(self) -> bool {
        !matches!(self, Self::Numbers | Self::Dates | Self::Times)
    }
}

/// Something in a `report.toml` that does not fit together.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum DeclarationError {
    /// Two columns of one name.
    #[error("column {0:?} is declared twice")]
    Twice(String),
    /// A name that no column has.
    #[error("{place} names column {column:?}, which is not declared")]
    Undeclared {
        /// Where it is named.
        place: String,
        /// The name.
        column: String,
    },
    /// A column that cannot be used there.
    #[error("{place} names column {column:?}, which has the wrong format: {wanted} is wanted")]
    WrongFormat {
        /// Where it is named.
        place: String,
        /// The name.
        column: String,
        /// What would do.
        wanted: &'static str,
    },
    /// A section where there are none.
    #[error("{place} is of section {section:?}, but the report declares no sections")]
    NoSections {
        /// What is of that section.
        place: String,
        /// The section.
        section: String,
    },
    /// The headline names a fact that is not there.
    #[error("the headline names fact {0:?}, which is not declared")]
    Headline(String),
}

/// A column that something names, and which formats it may have.
pub(crate) struct Wanted<'a> {
    column: &'a str,
    fits: fn(Format) -> bool,
    in_words: &'static str,
}

impl Declaration {
    /// Checks that columns are named once, and that sections, facts, charts and the headline name what fits.
    pub(crate) fn check(&self) -> Result<(), DeclarationError> {
        for (index, column) in self.columns.iter().enumerate() {
            if self.columns[..index].iter().any(|earlier| earlier.name == column.name) {
                return Err(DeclarationError::Twice(column.name.clone()));
            }
        }
        if let Some(column) = &self.sections {
            self.expect("sections", &Wanted { column, fits: |format| format == Format::Text, in_words: "text" })?;
        }
        for fact in &self.facts {
            let place = format!("fact {:?}", fact.label);
            self.expect_section(&place, fact.section.as_ref())?;
            self.expect(&place, &fact.wanted())?;
        }
        for chart in &self.charts {
            let place = format!("chart {:?}", chart.title);
            self.expect_section(&place, chart.section.as_ref())?;
            for wanted in chart.kind.wanted() {
                self.expect(&place, &wanted)?;
            }
        }
        let is_fact = |name: &str| self.facts.iter().any(|fact| fact.label == name);
        match fact::split(&self.headline).1.into_iter().find(|(name, _)| !is_fact(name)) {
            Some((unknown, _)) => Err(DeclarationError::Headline(unknown.to_owned())),
            None => Ok(()),
        }
    }

    /// What an empty page of that day says.
    pub(crate) fn empty_on(&self, date: NaiveDate) -> String {
        self.empty.replace("{date}", &date.to_string())
    }

    /// The place of a column, by its name.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    fn expect(&self, place: &str, wanted: &Wanted<'_>) -> Result<(), DeclarationError> {
        let (place, column) = (place.to_owned(), wanted.column.to_owned());
        match self.columns.iter().find(|candidate| candidate.name == wanted.column) {
            None => Err(DeclarationError::Undeclared { place, column }),
            Some(found) if !(wanted.fits)(found.format) => {
                Err(DeclarationError::WrongFormat { place, column, wanted: wanted.in_words })
            }
            Some(_) => Ok(()),
        }
    }

    fn expect_section(&self, place: &str, section: Option<&String>) -> Result<(), DeclarationError> {
        match section {
            Some(section) if self.sections.is_none() => {
                Err(DeclarationError::NoSections { place: place.to_owned(), section: section.clone() })
            }
            _ => Ok(()),
        }
    }
}

fn two() -> usize {
    2
}
