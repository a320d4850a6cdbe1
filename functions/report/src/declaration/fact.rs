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
        let fits: fn(Format) -> bool = match self.of {
            Aggregate::Count | Aggregate::Distinct => |_| true,
            Aggregate::Rising | Aggregate::Falling => Format::is_number,
            Aggregate::Sum => |format| format.is_number() && format != Format::Percent,
            Aggregate::Min | Aggregate::Max => |format| format.is_single() && !format.is_text(),
            Aggregate::First => Format::is_single,
        };
        Wanted { column: &self.column, fits, in_words: "a format it can be made from" }
    }
}

/// The text before the first `{name}`, and each name with the text after it.
pub(crate) fn split(text: &str) -> (&str, Vec<(&str, &str)>) {
    let mut pieces = text.split('{');
    let head = pieces.next().unwrap_or_default();
    (head, pieces.map(|piece| piece.split_once('}').unwrap_or((piece, ""))).collect())
}
