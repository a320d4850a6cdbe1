//! What the user has settled about a file; all else is sniffed.

use chrono_tz::Tz;
use encoding_rs::Encoding;

use super::compression::Compression;
use super::date::Style;
use super::header::{Field, Wanted};
use super::number::Decimal;

/// Each is `None` where the file itself is to show it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Choices {
    pub(crate) compression: Option<Compression>,
    pub(crate) encoding: Option<&'static Encoding>,
    pub(crate) separator: Option<u8>,
    pub(crate) quotes: Quotes,
    pub(crate) header: HeaderAt,
    pub(crate) dates: Option<Style>,
    pub(crate) zone: Option<Tz>,
    pub(crate) interval: Option<String>,
    pub(crate) decimal: Option<Decimal>,
    pub(crate) map: Vec<(Field, Option<String>)>,
    pub(crate) symbol: Option<SymbolIs>,
}

/// What stands around cells.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Quotes {
    #[default]
    Found,
    /// A quote is text.
    Nothing,
    Sign(u8),
}

/// Where the names of the columns stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum HeaderAt {
    #[default]
    Found,
    Line(u64),
    /// In no line: these are the columns.
    Nowhere(Vec<String>),
}

/// Where the symbol is, if not in a column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SymbolIs {
    Typed(String),
    FileName,
}

impl Choices {
    pub(crate) fn wanted(&self) -> Wanted {
        Wanted { map: self.map.clone(), symbol_is_given: self.symbol.is_some() }
    }
}

/// What stands behind the number of an interval.
pub(crate) fn unit_of(interval: &str) -> &str {
    interval.trim_start_matches(|sign: char| sign.is_ascii_digit())
}

/// Whether bars of an interval are within days.
pub(crate) fn is_within_days(interval: &str) -> bool {
    ["s", "m", "min", "h"].contains(&unit_of(interval))
}

/// How many minutes an interval has, if it is one of whole minutes or hours.
pub(crate) fn minutes_of(interval: &str) -> Option<u32> {
    let unit = unit_of(interval);
    let number: u32 = interval[..interval.len() - unit.len()].parse().ok()?;
    match unit {
        "m" | "min" => Some(number),
        "h" => number.checked_mul(60),
        _ => None,
    }
    .filter(|minutes| *minutes > 0)
}
