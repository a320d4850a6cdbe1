//! Values as people read them.

use std::fmt::Write as _;

use crate::declaration::{Column, Format};
use crate::table::Value;

/// What stands where there is no value.
pub(crate) const NOTHING: &str = "–";

/// A cell or a fact, without its unit.
pub(crate) fn value(column: &Column, value: &Value) -> String {
    match value {
        Value::Null | Value::Decimals(_) | Value::Dates(_) | Value::Times(_) => NOTHING.to_owned(),
        Value::Text(_) => value.label(),
        Value::Integer(seconds) if column.format == Format::Duration => duration(*seconds),
        Value::Integer(number) => signed(column, *number > 0, integer((*number).into())),
        Value::Decimal(number) if column.format == Format::Amount => amount(*number),
        Value::Decimal(number) => {
            let text = decimal(*number, digits(column, *number));
            let is_rise = *number > 0.0 && !is_zero(&text);
            signed(column, is_rise, text)
        }
        Value::Date(date) => date.to_string(),
        Value::Timestamp(timestamp) => timestamp.format("%Y-%m-%d %H:%M").to_string(),
    }
}

/// A whole number with thousands separators.
pub(crate) fn integer(integer: i128) -> String {
    group_thousands(&integer.to_string())
}

/// Two digits a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// How many there are.
pub(crate) fn count(count: usize) -> String {
    integer(i128::try_from(count).unwrap_or(i128::MAX))
}

/// Rounded, with thousands separators, a true minus sign and no negative zero.
pub(crate) fn decimal(number: f64, digits: usize) -> String {
    let rounded = format!("{number:.digits$}");
    let unsigned = rounded.trim_start_matches('-');
    if is_zero(unsigned) { unsigned.to_owned() } else { group_thousands(&rounded) }
}

/// What large numbers of one axis are divided by, and the letter for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    pub(crate) divisor: f64,
    letter: &'static str,
}

impl Scale {
    /// Of an axis whose largest number is this one.
    pub(crate) fn of(largest: f64) -> Self {
        let (divisor, letter) = match largest.abs() {
            large if large >= 1e12 => (1e12, "T"),
            large if large >= 1e9 => (1e9, "B"),
            large if large >= 1e6 => (1e6, "M"),
            _ => (1.0, ""),
        };
        Self { divisor, letter }
    }

    /// `digits` are those after the division.
    pub(crate) fn show(self, number: f64, digits: usize) -> String {
        format!("{}{}", decimal(number / self.divisor, digits), self.letter)
    }
}

/// To three digits or four, from a million on.
fn amount(number: f64) -> String {
    let scale = Scale::of(number);
    scale.show(number, usize::from(scale.divisor > 1.0))
}

/// A price to two decimal places; one below 1 has more.
pub(crate) fn price(number: f64) -> String {
    decimal(number, price_digits(number))
}

/// The decimal places of a price.
pub(crate) fn price_digits(number: f64) -> usize {
    2 + zeros(number)
}

/// Those of the column, and for a price below 1 more; for a change of less than a cent, too.
fn digits(column: &Column, number: f64) -> usize {
    let is_price = column.format == Format::Decimal && column.unit.is_some();
    let is_seen = column.signed && number.abs() >= 0.01;
    column.digits + if is_price && !is_seen { zeros(number) } else { 0 }
}

/// How many places more it takes to see three digits of a number below 1.
fn zeros(number: f64) -> usize {
    const MOST: f64 = 10.0;
    if number == 0.0 || number.abs() >= 1.0 {
        return 0;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 10")]
    let zeros = ((-number.abs().log10()).floor() + 1.0).clamp(1.0, MOST) as usize;
    zeros
}

/// The two largest units: `12 s`, `25 min 1 s`, `3 h 4 min`, `5 d 3 h`.
pub(crate) fn duration(seconds: i64) -> String {
    let sign = if seconds < 0 { "−" } else { "" };
    let total = seconds.unsigned_abs();
    let (minutes, hours, days) = (total / 60, total / 3_600, total / 86_400);
    let (large, small) = match total {
        0..60 => return format!("{sign}{total} s"),
        60..3_600 => (format!("{minutes} min"), format!("{} s", total % 60)),
        3_600..86_400 => (format!("{hours} h"), format!("{} min", minutes % 60)),
        _ => (format!("{days} d"), format!("{} h", hours % 24)),
    };
    format!("{sign}{large} {small}")
}

/// Milliseconds, or seconds from one second on.
pub(crate) fn milliseconds(milliseconds: u64) -> String {
    if milliseconds < 1_000 {
        return format!("{milliseconds} ms");
    }
    #[expect(clippy::cast_precision_loss, reason = "a Lambda lives for minutes")]
    let seconds = milliseconds as f64 / 1_000.0;
    format!("{} s", decimal(seconds, 1))
}

/// In binary units, with one decimal place.
pub(crate) fn bytes(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut size = bytes as f64;
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if size < 1_024.0 {
            break;
        }
        size /= 1_024.0;
        unit = larger;
    }
    format!("{} {unit}", decimal(size, usize::from(unit != "B")))
}

/// What Athena takes for a query in US dollars: 5 per TB scanned, 10 MB at least
/// (<https://aws.amazon.com/athena/pricing/>). A workgroup with reserved capacity is billed otherwise.
pub(crate) fn cost(scanned_bytes: u64) -> String {
    const LEAST_BYTES: u64 = 10 << 20;
    const DOLLARS_PER_TERABYTE: f64 = 5.0;
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let terabytes = scanned_bytes.max(LEAST_BYTES) as f64 / (1_u64 << 40) as f64;
    let dollars = terabytes * DOLLARS_PER_TERABYTE;
    format!("${}", decimal(dollars, if dollars < 0.01 { 6 } else { 2 }))
}

fn signed(column: &Column, is_rise: bool, text: String) -> String {
    if column.signed && is_rise { format!("+{text}") } else { text }
}

fn is_zero(text: &str) -> bool {
    !text.bytes().any(|byte| byte.is_ascii_digit() && byte != b'0')
}

fn group_thousands(number: &str) -> String {
    let (sign, unsigned) = number.strip_prefix('-').map_or(("", number), |rest| ("−", rest));
    let (whole, fraction) = unsigned.find('.').map_or((unsigned, ""), |point| unsigned.split_at(point));
    let mut grouped = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_thousands_separators_and_no_negative_zero() {
        let cases = [(0.0, "0.00"), (-0.004, "0.00"), (999.0, "999.00"), (1000.0, "1,000.00")];
        for (number, expected) in cases {
            assert_eq!(decimal(number, 2), expected);
        }
        assert_eq!(decimal(-1_234_567.891, 2), "−1,234,567.89");
        assert_eq!(decimal(1_234_567.5, 0), "1,234,568");
        assert_eq!(group_thousands("-123"), "−123");
    }

    #[test]
    fn a_price_below_one_keeps_three_digits_and_an_amount_has_a_letter() {
        let price: Column = toml::from_str("name = 'p'\nlabel = 'P'\nunit = 'USD'\nformat = 'decimal'").unwrap();
        let shown = [0.0135, -0.5, 0.000_012_34, 0.0, 1.0].map(|number| value(&price, &Value::Decimal(number)));
        assert_eq!(shown, ["0.0135", "−0.500", "0.0000123", "0.00", "1.00"]);
        let amounts: Column = toml::from_str("name = 'a'\nlabel = 'A'\nunit = 'USD'\nformat = 'amount'").unwrap();
        let shown =
            [62_319_952_918_854.0, 180_931_042.0, 12_345.6].map(|number| value(&amounts, &Value::Decimal(number)));
        assert_eq!(shown, ["62.3T", "180.9M", "12,346"]);
    }

    #[test]
    fn large_numbers_of_an_axis_have_a_letter() {
        let shown = [(999_999.0, 0), (1_210_000.0, 2), (-2.5e9, 1), (7e12, 0)].map(|(n, d)| Scale::of(n).show(n, d));
        assert_eq!(shown, ["999,999", "1.21M", "−2.5B", "7T"]);
    }

    #[test]
    fn a_change_has_its_sign() {
        let column: Column = toml::from_str("name = 'c'\nlabel = 'C'\nformat = 'decimal'\nsigned = true").unwrap();
        let shown = [1.5, -1.5, 0.001].map(|change| value(&column, &Value::Decimal(change)));
        assert_eq!(shown, ["+1.50", "−1.50", "0.00"]);
        assert_eq!(value(&column, &Value::Null), NOTHING);
    }

    #[test]
    fn durations_show_their_two_largest_units() {
        let shown = [-3, 0, 59, 61, 3_600, 90_061, 86_400 * 1_234].map(duration);
        assert_eq!(shown, ["−3 s", "0 s", "59 s", "1 min 1 s", "1 h 0 min", "1 d 1 h", "1234 d 0 h"]);
    }

    #[test]
    fn sizes_times_and_costs_have_units() {
        assert_eq!([0, 1_023, 1_024, 5 << 30].map(bytes), ["0 B", "1,023 B", "1.0 KiB", "5.0 GiB"]);
        assert_eq!([999, 1_250].map(milliseconds), ["999 ms", "1.2 s"]);
        assert_eq!([0, 1 << 40, 3 << 38].map(cost), ["$0.000048", "$5.00", "$3.75"]);
    }
}
