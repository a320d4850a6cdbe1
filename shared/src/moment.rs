//! When a bar is of: a day, or a moment on it.

use std::ops::Range;

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

/// How intervals of a day and more are called.
const OF_DAYS: [&str; 17] = [
    "d", "day", "days", "daily", "w", "wk", "week", "weeks", "weekly", "mo", "month", "months", "monthly", "y", "year",
    "years", "yearly",
];

/// A day, and of a bar within it the moment too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// The day as it was sent, by its own clock: days since 1970-01-01.
    pub(crate) day: i32,
    /// The moment: milliseconds since 1970 UTC.
    pub(crate) time_ms: Option<i64>,
    /// Whether it is the first of its day, by its own clock.
    pub(crate) is_midnight: bool,
}

impl Moment {
    /// Reads `2026-11-20`, `2026-11-20T09:30:00-05:00` and what is like it: a `T` or a blank before the time; seconds and their parts
    /// may be missing, parts of a millisecond are cut off; `Z` or an offset, and if there is none, UTC. From the year 1 to 9999.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (date, time) = (text.get(..10)?, &text[10..]);
        let day = day(date)?;
        if time.is_empty() {
            return Some(Self { day: day.to_epoch_days(), time_ms: None, is_midnight: true });
        }
        let time = time.strip_prefix(['T', ' '])?;
        let end = time.find(['Z', 'z', '+', '-', ' ']).unwrap_or(time.len());
        let (clock, zone) = time.split_at(end);
        let clock = self::clock(clock)?;
        let utc = NaiveDateTime::new(day, clock).checked_sub_signed(offset(zone)?)?;
        let time_ms = utc.and_utc().timestamp_millis();
        let is_told = (1..=9999).contains(&utc.year());
        let is_midnight = clock == NaiveTime::MIN;
        is_told.then_some(Self { day: day.to_epoch_days(), time_ms: Some(time_ms), is_midnight })
    }

    /// What a bar of so long an interval is of: one of a day or more, that is told to begin with its day, is of the day.
    pub(crate) fn of_interval(self, interval: Option<&str>) -> Self {
        let is_daily = interval.is_some_and(|interval| {
            let unit = interval.trim_start_matches(|sign: char| sign.is_ascii_digit()).trim();
            let word = unit.to_ascii_lowercase();
            // Minutes are m, months M or mo.
            unit == "M" || OF_DAYS.contains(&word.as_str())
        });
        if is_daily && self.is_midnight { Self { time_ms: None, ..self } } else { self }
    }
}

fn day(text: &str) -> Option<NaiveDate> {
    let bytes = text.as_bytes();
    (bytes.len() == 10 && bytes[4] == b'-' && bytes[7] == b'-').then_some(())?;
    let year = number(text, 0..4)?.try_into().ok().filter(|year| *year >= 1)?;
    NaiveDate::from_ymd_opt(year, number(text, 5..7)?, number(text, 8..10)?)
}

fn clock(text: &str) -> Option<NaiveTime> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let has_seconds = whole.len() == 8;
    let is_formed = (has_seconds || (whole.len() == 5 && !text.contains('.')))
        && whole.bytes().enumerate().all(|(place, byte)| (byte == b':') == (place % 3 == 2));
    let is_part = !part.is_empty() && part.len() <= 9 && part.bytes().all(|byte| byte.is_ascii_digit());
    (is_formed && is_part).then_some(())?;
    let seconds = if has_seconds { number(whole, 6..8)? } else { 0 };
    let milliseconds = format!("{part:0<3}")[..3].parse().ok()?;
    NaiveTime::from_hms_milli_opt(number(whole, 0..2)?, number(whole, 3..5)?, seconds, milliseconds)
}

/// How far a clock of this zone is ahead of UTC.
fn offset(zone: &str) -> Option<TimeDelta> {
    let zone = zone.trim_start_matches(' ');
    if matches!(zone, "" | "Z" | "z") {
        return Some(TimeDelta::zero());
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits = zone.strip_prefix(['+', '-'])?;
    let minutes = match digits.len() {
        2 => 0,
        4 => number(digits, 2..4)?,
        5 if digits.as_bytes()[2] == b':' => number(digits, 3..5)?,
        _ => return None,
    };
    let hours = number(digits, 0..2)?;
    let is_told = hours <= 18 && minutes < 60;
    is_told.then(|| TimeDelta::minutes(sign * i64::from(hours * 60 + minutes)))
}

fn number(text: &str, range: Range<usize>) -> Option<u32> {
    let digits = text.get(range)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(text: &str) -> Option<(String, Option<String>)> {
        let Moment { day, time_ms, .. } = Moment::parse(text)?;
        let day = NaiveDate::from_epoch_days(day)?.to_string();
        let time = time_ms.map(|time_ms| {
            chrono::DateTime::from_timestamp_millis(time_ms).unwrap_or_default().format("%FT%T%.3f").to_string()
        });
        Some((day, time))
    }

    #[test]
    fn a_day_is_told_by_its_own_clock_and_the_moment_in_utc() {
        let cases = [
            ("2026-11-20", "2026-11-20", None),
            ("2026-11-20T09:30", "2026-11-20", Some("2026-11-20T09:30:00.000")),
            ("2026-11-20 09:30:15.25", "2026-11-20", Some("2026-11-20T09:30:15.250")),
            ("2026-11-20 09:30:00-05:00", "2026-11-20", Some("2026-11-20T14:30:00.000")),
            // What is evening there is the next day in UTC.
            ("2026-11-20T20:00:00-0500", "2026-11-20", Some("2026-11-21T01:00:00.000")),
            ("2026-11-20T00:30:00+09", "2026-11-20", Some("2026-11-19T15:30:00.000")),
            ("2026-11-20T09:30:00.123456789Z", "2026-11-20", Some("2026-11-20T09:30:00.123")),
            ("2026-11-20 09:30:00 +05:45", "2026-11-20", Some("2026-11-20T03:45:00.000")),
            ("0001-01-01", "0001-01-01", None),
            ("9999-12-31T23:59:59.999", "9999-12-31", Some("9999-12-31T23:59:59.999")),
        ];
        for (text, day, time) in cases {
            assert_eq!(told(text), Some((day.to_owned(), time.map(str::to_owned))), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for text in [
            "",
            "2026-11-2",
            "0000-01-01",
            "2026-02-29",
            "20261120",
            "2026-11-20T",
            "2026-11-20 9:30",
            "2026-11-20T24:00:00",
            "2026-11-20T09:30:60",
            "2026-11-20T09:30.5",
            "2026-11-20T09:30:00.",
            "2026-11-20T09:30:00 EST",
            "2026-11-20T09:30:00+5",
            "2026-11-20T09:30:00+19:00",
            "2026-11-20T09:30:00+05:60",
            "0001-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-00:01",
            "2026-11-20x09:30:00",
            "198é-12-3",
            "2026-11-20T09:30:00Zulu",
            "２０２６-11-20",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_bar_of_a_day_or_more_is_of_its_day() {
        let midnight = Moment::parse("2026-11-20 00:00:00-05:00").unwrap();
        for interval in ["1d", "5d", "1wk", "1mo", "1M", "1D", "1 day", "1Day", "daily", "WEEKLY"] {
            assert_eq!(midnight.of_interval(Some(interval)).time_ms, None, "{interval}");
        }
        for interval in [None, Some("1m"), Some("60m"), Some("1h"), Some("1Min"), Some("")] {
            assert_eq!(midnight.of_interval(interval), midnight, "{interval:?}");
        }
        let noon = Moment::parse("2026-11-20 12:00:00").unwrap();
        assert_eq!(noon.of_interval(Some("1d")), noon, "what does not begin with its day");
    }

    proptest! {
        #[test]
        fn any_text_is_a_moment_of_the_years_1_to_9999_or_none(text in "[0-9T: .Z+-]{0,32}|.{0,32}") {
            if let Some(Moment { day, time_ms, .. }) = Moment::parse(&text) {
                let year = NaiveDate::from_epoch_days(day).unwrap().year();
                prop_assert!((1..=9999).contains(&year));
                if let Some(time_ms) = time_ms {
                    // No clock is more than a day ahead or behind.
                    prop_assert!((time_ms.div_euclid(86_400_000) - i64::from(day)).abs() <= 1);
                }
            }
        }
    }
}
