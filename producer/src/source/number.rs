//! A number as portals and spreadsheets write it: with a currency, thousands separators, a decimal comma, `1.23M`.
//!
//! What can be read in two ways is not read: `1,234` is a number only where the file has shown which of the two it means by a comma.

use std::fmt;

/// What stands before the decimals.
#[derive(Clone, Copy, Debug, PartialEq, clap::ValueEnum)]
pub(crate) enum Decimal {
    /// `1,060.12`
    Point,
    /// `1.060,12`
    Comma,
    #[value(skip)]
    /// No number has shown it: a point alone is one, and what has a comma is read where it can be read in one way only.
    Unsure,
}

/// What a cell says.
#[derive(Debug, PartialEq)]
pub(crate) enum Reading<'a> {
    /// A number, and the currency that stood beside it.
    Number(f64, Option<&'a str>),
    /// Nothing, or one of the usual marks for it.
    Missing,
    /// More than a number can be, or `inf`.
    NotFinite,
    /// A number in one way with a decimal point, and in another with a decimal comma.
    Ambiguous,
    Nonsense,
}

/// Marks of a missing value, in lower case.
const MISSING: [&str; 19] = [
    "", "-", "--", "---", "–", "—", "n/a", "#n/a", "na", "n.a.", "null", "(null)", "none", "nan", "nat", "nil", ".",
    "?", "\\n",
];

/// Signs and codes of currencies; `£` and `GBP` are not told to be the same.
const CURRENCIES: [&str; 47] = [
    "$", "€", "£", "¥", "₹", "₩", "₽", "₺", "₴", "₪", "฿", "₫", "US$", "HK$", "C$", "CA$", "A$", "AU$", "NZ$", "S$",
    "NT$", "R$", "kr", "zł", "USD", "EUR", "GBP", "GBX", "JPY", "CNY", "INR", "KRW", "CHF", "CAD", "AUD", "HKD", "SEK",
    "NOK", "DKK", "PLN", "BRL", "ZAR", "TRY", "MXN", "SGD", "NZD", "TWD",
];

/// Powers of ten that letters stand for. A per cent sign is taken off: a yield of `4.25%` is 4.25.
const SCALES: [(&str, i32); 11] = [
    ("", 0),
    ("%", 0),
    ("k", 3),
    ("m", 6),
    ("mn", 6),
    ("mln", 6),
    ("mio", 6),
    ("b", 9),
    ("bn", 9),
    ("mrd", 9),
    ("t", 12),
];

/// Reads a cell without blanks around it.
pub(crate) fn read(text: &str, decimal: Decimal) -> Reading<'_> {
    // Most numbers; `nan` and `inf` are read too, and are none.
    if decimal != Decimal::Comma
        && let Ok(number) = text.parse::<f64>()
        && number.is_finite()
    {
        return Reading::Number(number, None);
    }
    if is_missing(text) {
        return Reading::Missing;
    }
    if matches!(text.trim_start_matches(['-', '+']).to_ascii_lowercase().as_str(), "inf" | "infinity" | "∞") {
        return Reading::NotFinite;
    }
    let Some(parts) = Parts::of(text) else {
        return Reading::Nonsense;
    };
    // `$102.25`: no more to do.
    if decimal != Decimal::Comma
        && (parts.exponent, parts.scale) == (0, 0)
        && !parts.digits.starts_with('+')
        && let Ok(number) = parts.digits.parse::<f64>()
    {
        return finite(if parts.is_negative { -number } else { number }, parts.currency);
    }
    let decimal = match (decimal, evidence_of(parts.digits)) {
        (Decimal::Unsure, Some(shown)) => shown,
        (Decimal::Unsure, None) if parts.digits.contains(',') => return Reading::Ambiguous,
        (Decimal::Unsure, None) => Decimal::Point,
        (known, _) => known,
    };
    let number = plain(parts.digits, decimal).and_then(|plain| {
        let exponent = parts.exponent.checked_add(parts.scale)?;
        format!("{}{plain}e{exponent}", if parts.is_negative { "-" } else { "" }).parse().ok()
    });
    number.map_or(Reading::Nonsense, |number| finite(number, parts.currency))
}

/// How a number stands in a cell that need not be read, since what would be written of it is the same text.
#[derive(Debug, PartialEq)]
pub(crate) enum Plain {
    /// `1071`, which is written as `1071.0`.
    Whole,
    /// `1060.12`
    Decimal,
}

/// Most numbers are plain: short enough that no digit can change, and without zeros that would go. `None` says nothing of others.
pub(crate) fn plain_as_written(text: &str) -> Option<Plain> {
    /// So many digits come back from any number as they were.
    const MOST_DIGITS: usize = 15;
    let bytes = text.as_bytes();
    let whole = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if whole == 0 || whole > 1 && bytes[0] == b'0' || bytes.len() > MOST_DIGITS {
        return None;
    }
    let (Some(b'.'), Some(last)) = (bytes.get(whole), bytes.get(whole + 1..).and_then(<[u8]>::last)) else {
        return (whole == bytes.len()).then_some(Plain::Whole);
    };
    let decimals = &bytes[whole + 1..];
    let has_its_zeros = *last == b'0' && decimals != b"0";
    // Such are written with an exponent.
    let is_small = bytes[0] == b'0' && decimals[0] == b'0' && decimals != b"0";
    (!has_its_zeros && !is_small && decimals.iter().all(u8::is_ascii_digit)).then_some(Plain::Decimal)
}

/// What a number alone shows of the file that it stands in; `None` where it shows nothing.
pub(crate) fn evidence(text: &str) -> Option<Decimal> {
    evidence_of(Parts::of(text)?.digits)
}

/// Whether a point stands where one of thousands would.
pub(crate) fn may_be_thousands(text: &str) -> bool {
    Parts::of(text).is_some_and(|parts| parts.digits.contains('.') && evidence_of(parts.digits).is_none())
}

fn evidence_of(digits: &str) -> Option<Decimal> {
    let last = digits.rfind(['.', ','])?;
    let (mark, which, other) = if digits[last..].starts_with('.') {
        ('.', Decimal::Point, Decimal::Comma)
    } else {
        (',', Decimal::Comma, Decimal::Point)
    };
    let (before, after) = (&digits[..last], &digits[last + 1..]);
    if before.contains(mark) {
        // Decimals begin once, so these are thousands.
        return is_grouped(digits, mark).then_some(other);
    }
    let has_both = before.contains(['.', ',']);
    let may_be_thousands = after.len() == 3 && (1..=3).contains(&before.len()) && !before.starts_with('0');
    (has_both || !may_be_thousands).then_some(which)
}

pub(crate) fn is_missing(text: &str) -> bool {
    // The longest mark; most cells that come here are longer, or numbers.
    text.len() <= 6 && MISSING.contains(&text.to_ascii_lowercase().as_str())
}

fn finite(number: f64, currency: Option<&str>) -> Reading<'_> {
    if number.is_finite() { Reading::Number(number, currency) } else { Reading::NotFinite }
}

/// The digits with nothing between them but a point before the decimals.
fn plain(digits: &str, decimal: Decimal) -> Option<String> {
    let (point, thousands) = if decimal == Decimal::Comma { (',', '.') } else { ('.', ',') };
    let (whole, decimals) = digits.split_once(point).unwrap_or((digits, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let separator = whole.chars().find(|character| !character.is_ascii_digit());
    let whole = match separator {
        None => whole.to_owned(),
        Some(separator) if separator == thousands || is_thin(separator) => {
            is_grouped(whole, separator).then(|| whole.replace(separator, ""))?
        }
        Some(_) => return None,
    };
    let is_number = are_digits(&whole) && are_digits(decimals) && !(whole.is_empty() && decimals.is_empty());
    is_number.then(|| format!("{whole}.{decimals}"))
}

/// What parts thousands and nothing else: apostrophes and blanks.
fn is_thin(character: char) -> bool {
    matches!(character, '\'' | '’' | ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}')
}

/// Whether digits stand in groups of three, or of two as in India, but for the last, which has three.
fn is_grouped(digits: &str, separator: char) -> bool {
    let mut groups = digits.split(separator).map(str::len);
    let (Some(first), Some(last)) = (groups.next(), groups.next_back()) else {
        return false;
    };
    // Nobody writes 0,812 for 812.
    let is_decimal = digits.starts_with('0');
    !is_decimal && (1..=3).contains(&first) && last == 3 && groups.all(|group| group == 2 || group == 3)
}

/// A number with what stands around its digits taken off.
struct Parts<'a> {
    is_negative: bool,
    /// Digits, and what stands between them.
    digits: &'a str,
    exponent: i32,
    scale: i32,
    currency: Option<&'a str>,
}

impl Parts<'_> {
    fn of(text: &str) -> Option<Parts<'_>> {
        let bracketed = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        let mut signs = u8::from(bracketed.is_some());
        let mut rest = bracketed.unwrap_or(text).trim();
        let mut currency = None;
        // `-$1` as well as `$-1`.
        for _ in 0..2 {
            if let Some(unsigned) = rest.strip_prefix(['-', '\u{2212}']) {
                signs += 1;
                rest = unsigned.trim_start();
            }
            let start = rest.find(|character: char| "+-\u{2212}.,0123456789".contains(character))?;
            if start > 0 {
                currency = Some(known_currency(rest[..start].trim_end())?);
                rest = rest[start..].trim_start();
            }
        }
        if signs == 0 {
            rest = rest.strip_prefix('+').unwrap_or(rest);
        }
        let end = rest.rfind(|character: char| character.is_ascii_digit() || character == '.')? + 1;
        let (number, word) = (&rest[..end], rest[end..].trim());
        let lower = word.to_ascii_lowercase();
        let scale = SCALES.iter().find(|(name, _)| *name == lower).map(|(_, scale)| *scale);
        if scale.is_none() {
            let beside = known_currency(word)?;
            if currency.replace(beside).is_some() {
                return None;
            }
        }
        let (digits, exponent) = match number.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, exponent.parse().ok()?),
            None => (number, 0),
        };
        let parts = Parts { is_negative: signs == 1, digits, exponent, scale: scale.unwrap_or(0), currency };
        (signs <= 1).then_some(parts)
    }
}

fn known_currency(word: &str) -> Option<&str> {
    CURRENCIES.contains(&word).then_some(word)
}

impl fmt::Display for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Decimal::Point => "point",
            Decimal::Comma => "comma",
            Decimal::Unsure => "point or comma",
        })
    }
}

#[cfg(test)]
mod tests;
