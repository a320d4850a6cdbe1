//! A trading day as portals and programs write it.
//!
//! `02/03/2024` is read only in an order that the column itself has shown, by a number above 12 somewhere, or that the user has
//! named. Everything else stands for one day, or for none.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime};

use super::clock::{Clock, Span};

/// Which of day and month comes first where the year comes last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Order {
    DayFirst,
    MonthFirst,
}

/// How days are written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Style {
    /// In any form that stands for one day; with the year last in this order, once it is known.
    Any(Option<Order>),
    /// In this form of `chrono`, as `%d.%m.%y`, and in no other.
    Pattern(String),
}

/// Why a text is no day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Wrong {
    Nonsense,
    /// A time of day behind `EST` or what is like it, which is not the same everywhere.
    UnclearZone,
    /// A time of day that the clocks of its zone left out.
    NoSuchTime,
    /// Day and month come before the year, and nobody has said in which order.
    Undecided,
    /// A day only in this order, which is not the column's.
    OtherOrder(Order),
    /// `20-Feb-65` is of 1965 or of 2065.
    TwoDigitYear,
}

/// The day as `YYYY-MM-DD`, or the moment as `YYYY-MM-DDTHH:MM:SS` with a zone, of a bar within it. The day is the one that stands in the
/// text: that of the exchange. `time` is what a column of its own says of the time.
pub(crate) fn read(text: &str, time: &str, style: &Style, span: Span) -> Result<String, Wrong> {
    let stamp = match style {
        Style::Any(order) => {
            if time.is_empty()
                && let Some(day) = iso(text)
            {
                return Ok(day);
            }
            stamp(text, *order)?
        }
        Style::Pattern(pattern) => match NaiveDateTime::parse_from_str(text, pattern) {
            Ok(stamp) => Stamp { day: stamp.date(), clock: Some(Clock::local(stamp.time())), seconds: None },
            Err(_) => Stamp::of(NaiveDate::parse_from_str(text, pattern).map_err(|_| Wrong::Nonsense)?),
        },
    };
    let stamp = if time.is_empty() { stamp.seen_in(span) } else { stamp.at(time)? };
    let day = written(stamp.day)?;
    match stamp.clock {
        // Daily bars are told by the first moment of their day.
        Some(clock) if span.is_within || !clock.is_midnight() => clock.stamp(stamp.day, span),
        _ => Ok(day),
    }
}

/// Whether a text stands for a day, or may.
pub(crate) fn is_a_day(text: &str) -> bool {
    !matches!(read(text, "", &Style::Any(None), Span::default()), Err(Wrong::Nonsense))
}

/// Whether a row is of a bar within a day, as far as its time tells; `None` if it has no day.
pub(crate) fn is_within(text: &str, time: &str, style: &Style) -> Option<bool> {
    let day = read(text, time, style, Span::default());
    match day {
        Ok(day) => Some(day.contains('T')),
        Err(Wrong::UnclearZone | Wrong::NoSuchTime) => Some(true),
        Err(_) => None,
    }
}

/// A day, and the time where one stands beside it.
struct Stamp {
    day: NaiveDate,
    clock: Option<Clock>,
    /// What stood there were seconds since 1970: a moment without a clock.
    seconds: Option<NaiveDateTime>,
}

impl Stamp {
    fn of(day: NaiveDate) -> Stamp {
        Stamp { day, clock: None, seconds: None }
    }

    /// With a time from another column.
    fn at(self, time: &str) -> Result<Stamp, Wrong> {
        let clock = Clock::parse(time).ok_or(Wrong::Nonsense)?;
        match self.clock {
            // Two times of one row.
            Some(own) if !own.is_midnight() => Err(Wrong::Nonsense),
            _ => Ok(Stamp { clock: Some(clock), ..self }),
        }
    }

    /// Seconds since 1970 are of another day where the exchange is.
    fn seen_in(self, span: Span) -> Stamp {
        let Some((seconds, zone)) = self.seconds.zip(span.zone) else { return self };
        let there = seconds.and_utc().with_timezone(&zone).naive_local();
        Stamp { day: there.date(), clock: Some(Clock::local(there.time())), seconds: None }
    }
}

/// The order that a text shows, where it has its year last.
pub(crate) fn evidence(text: &str) -> Shown {
    let Some([first, second, year]) = numbers(apart(text).0) else {
        return Shown::Nothing;
    };
    match (first.parse::<u32>(), second.parse::<u32>()) {
        (Ok(first), Ok(second)) if year.len() == 4 && first.min(second) > 0 => match (first > 12, second > 12) {
            (true, false) => Shown::One(Order::DayFirst),
            (false, true) => Shown::One(Order::MonthFirst),
            (false, false) if first != second => Shown::Either,
            _ => Shown::Nothing,
        },
        _ => Shown::Nothing,
    }
}

/// What a text shows of the order of day and month.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Shown {
    /// It has none, or is a day in no order.
    Nothing,
    /// It is one day or another.
    Either,
    One(Order),
}

/// What most files have: no need to take it apart.
fn iso(text: &str) -> Option<String> {
    let bytes: &[u8; 10] = text.as_bytes().try_into().ok()?;
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = *bytes else {
        return None;
    };
    let number = |digits: &[u8]| {
        digits
            .iter()
            .try_fold(0_u32, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0')))
    };
    let year = i32::try_from(number(&[y0, y1, y2, y3])?).ok()?;
    let day = NaiveDate::from_ymd_opt(year, number(&[m0, m1])?, number(&[d0, d1])?)?;
    (day.year() > 0).then(|| text.to_owned())
}

fn written(day: NaiveDate) -> Result<String, Wrong> {
    let (year, month, day) = (day.year(), day.month(), day.day());
    if (1..=9999).contains(&year) { Ok(format!("{year:04}-{month:02}-{day:02}")) } else { Err(Wrong::Nonsense) }
}

/// The day, and the time that follows it.
fn apart(text: &str) -> (&str, Option<&str>) {
    let split = |at: usize| (text[..at].trim_end(), Some(text[at..].trim_start_matches(['T', 't', ' '])));
    if let Some(colon) = text.find(':') {
        return match text[..colon].rfind(['T', 't', ' ']) {
            Some(at) => split(at),
            None => (text, None),
        };
    }
    // `20240219 000000`
    match text.split_once(' ') {
        Some((day, time)) if day.len() == 8 && is_digits(day) && is_digits(time) => split(8),
        _ => (text, None),
    }
}

fn stamp(text: &str, order: Option<Order>) -> Result<Stamp, Wrong> {
    let (day, time) = apart(text);
    let day = match (is_digits(day), time) {
        (false, _) => one_day(day, order)?,
        (true, None) => return digits_only(day),
        // Seconds have their time in them.
        (true, Some(_)) if day.len() != 8 => return Err(Wrong::Nonsense),
        (true, Some(_)) => digits_only(day)?.day,
    };
    let clock = time.map(|time| Clock::parse(time).ok_or(Wrong::Nonsense)).transpose()?;
    Ok(Stamp { day, clock, seconds: None })
}

fn one_day(text: &str, order: Option<Order>) -> Result<NaiveDate, Wrong> {
    let Some([first, second, third]) = numbers(text) else {
        return with_month_name(text);
    };
    let day = |year: &str, month: &str, day: &str| {
        let day = NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
        day.filter(|_| year.len() == 4)
    };
    if first.len() == 4 {
        return day(first, second, third).ok_or(Wrong::Nonsense);
    }
    let (european, american) = (day(third, second, first), day(third, first, second));
    match (european, american, order) {
        (Some(european), Some(american), _) if european == american => Ok(european),
        (Some(day), _, Some(Order::DayFirst)) | (_, Some(day), Some(Order::MonthFirst)) => Ok(day),
        (Some(_), _, None) | (_, Some(_), None) => Err(Wrong::Undecided),
        (Some(_), None, Some(_)) => Err(Wrong::OtherOrder(Order::DayFirst)),
        (None, Some(_), Some(_)) => Err(Wrong::OtherOrder(Order::MonthFirst)),
        (None, None, _) if third.len() == 2 => Err(Wrong::TwoDigitYear),
        (None, None, _) => Err(Wrong::Nonsense),
    }
}

/// `20240219`, and the seconds or milliseconds since 1970.
fn digits_only(text: &str) -> Result<Stamp, Wrong> {
    let number: i64 = text.parse().map_err(|_| Wrong::Nonsense)?;
    let stamp = match text.len() {
        8 => {
            let day = NaiveDate::parse_from_str(text, "%Y%m%d").ok();
            // A day first would begin a year that no exchange has seen.
            return day.filter(|day| (1500..=2500).contains(&day.year())).map(Stamp::of).ok_or(Wrong::Nonsense);
        }
        9 | 10 => DateTime::from_timestamp(number, 0),
        12 | 13 => DateTime::from_timestamp_millis(number),
        _ => None,
    };
    let stamp = stamp.ok_or(Wrong::Nonsense)?;
    let clock = Some(Clock::utc(stamp.time()));
    Ok(Stamp { day: stamp.date_naive(), clock, seconds: Some(stamp.naive_utc()) })
}

/// `20-Feb-2024`, `Feb 20, 2024`.
fn with_month_name(text: &str) -> Result<NaiveDate, Wrong> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let words: Vec<&str> = text.split(['-', '/', '.', ',', ' ']).filter(|word| !word.is_empty()).collect();
    let [first, second, year] = words[..] else {
        return Err(Wrong::Nonsense);
    };
    let month = |word: &str| {
        let word = word.to_ascii_lowercase();
        let of = |name: &&str| word == **name || word == name[..3] || word == "sept" && name.starts_with("sept");
        MONTHS.iter().position(of)
    };
    let (month, day) = match (month(first), month(second)) {
        (Some(month), None) => (month, second),
        (None, Some(month)) => (month, first),
        _ => return Err(Wrong::Nonsense),
    };
    if year.len() == 2 && is_digits(year) {
        return Err(Wrong::TwoDigitYear);
    }
    let month = u32::try_from(month + 1).map_err(|_| Wrong::Nonsense)?;
    let day = day.parse().ok().zip(year.parse().ok()).filter(|_| is_digits(day) && is_digits(year) && year.len() == 4);
    day.and_then(|(day, year)| NaiveDate::from_ymd_opt(year, month, day)).ok_or(Wrong::Nonsense)
}

/// Three numbers with the same sign between them.
fn numbers(text: &str) -> Option<[&str; 3]> {
    let separator = text.find(['-', '/', '.'])?;
    let mut parts = text.split(&text[separator..=separator]);
    let numbers = [parts.next()?, parts.next()?, parts.next()?];
    let is_number = |part: &&str| is_digits(part) && part.len() <= 4;
    (parts.next().is_none() && numbers.iter().all(is_number) && numbers[1].len() <= 2).then_some(numbers)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl fmt::Display for Order {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Order::DayFirst => "day/month/year",
            Order::MonthFirst => "month/day/year",
        })
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wrong::Nonsense => formatter.write_str("is not a day"),
            Wrong::UnclearZone => formatter
                .write_str("has a time of day in a zone that is not the same everywhere: --time-zone America/New_York says where it is"),
            Wrong::NoSuchTime => formatter.write_str("has a time of day that the clocks of its zone left out"),
            Wrong::Undecided => formatter
                .write_str("has day and month in an order that nothing has shown: --date-format dmy or mdy says which"),
            Wrong::OtherOrder(order) => write!(formatter, "is a day only as {order}, which is not the file's order"),
            Wrong::TwoDigitYear => {
                formatter.write_str("does not say the century: --date-format with %y says how to read it")
            }
        }
    }
}

#[cfg(test)]
mod tests;
