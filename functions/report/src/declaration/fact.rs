//! Single numbers over the rows of a report, and the headline that is made of them.

use serde::Deserialize;

use super::{Format, Wanted};

/// One number over all rows, or over those of a section.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fact {
    pub(crate) label: String,
    pub(crate) column: String,
    pub(crate) of: Aggregate,
    /// Only the rows of this section count.
    pub(crate) section: Option<String>,
}

/// How a fact is made from its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Aggregate {
    /// How many rows have a value.
    Count,
    /// How many values there are.
    Distinct,
    /// How many are above zero.
    Rising,
    /// How many are below zero.
    Falling,
    Sum,
    /// The smallest or the earliest.
    Min,
    /// The largest or the latest.
    Max,
    /// The value of the first row that has one.
    First,
}

impl Fact {
    pub(super) fn wanted(&self) -> Wanted<'_> {
        const NUMBERS: &[Format] = &[Format::Decimal, Format::Amount, Format::Percent, Format::Integer];
        const ORDERED: &[Format] = &[
            Format::Integer,
            Format::Decimal,
            Format::Amount,
            Format::Percent,
            Format::Date,
            Format::Timestamp,
            Format::Duration,
        ];
        const SINGLE: &[Format] = &[
            Format::Text,
            Format::Month,
            Format::Integer,
            Format::Decimal,
            Format::Amount,
            Format::Percent,
            Format::Date,
            Format::Timestamp,
            Format::Duration,
        ];
        let formats: &[Format] = match self.of {
            Aggregate::Count | Aggregate::Distinct => &[],
            Aggregate::Rising | Aggregate::Falling => NUMBERS,
            Aggregate::Sum => &[Format::Integer, Format::Decimal, Format::Amount],
            Aggregate::Min | Aggregate::Max => ORDERED,
            Aggregate::First => SINGLE,
        };
        Wanted { column: &self.column, formats, in_words: "a format it can be made from" }
    }
}

/// The names between braces.
pub(super) fn placeholders(text: &str) -> Vec<&str> {
    text.split('{').skip(1).map(|rest| rest.split_once('}').map_or(rest, |(name, _)| name)).collect()
}
