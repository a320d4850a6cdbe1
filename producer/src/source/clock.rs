//! The time of day that stands beside a day, and where its clock is.

use std::fmt;

use chrono::{FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone};
use chrono_tz::Tz;

use super::date::Wrong;

/// A time of day as it was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Clock {
    pub(crate) time: NaiveTime,
    zone: Zone,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Zone {
    /// Nothing is said.
    None,
    Offset(FixedOffset),
    Named(Tz),
    /// `EST` and what is like it: an offset for some, a place for others.
    Unclear,
}

/// What is known of the bars of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Span {
    /// They are bars within days, so that one of midnight is no day's.
    pub(crate) is_within: bool,
    /// Where the clock is of times that say nothing of it: `--time-zone`.
    pub(crate) zone: Option<Tz>,
}

impl Clock {
    /// In UTC.
    pub(crate) fn utc(time: NaiveTime) -> Clock {
        Clock { time, zone: Zone::Named(Tz::UTC) }
    }

    /// That of a pattern, which knows no zone.
    pub(crate) fn local(time: NaiveTime) -> Clock {
        Clock { time, zone: Zone::None }
    }

    pub(crate) fn is_midnight(self) -> bool {
        self.time == NaiveTime::MIN
    }

    /// Reads `09:30`, `9:30:00.5 PM`, `153000`, each with or without a zone; `None` if it is no time.
    pub(crate) fn parse(text: &str) -> Option<Clock> {
        let text = text.trim();
        if let Some(time) = digits_only(text) {
            return Some(Clock::local(time));
        }
        let end = text.find(|character: char| !(character.is_ascii_digit() || ":.".contains(character)));
        let (clock, rest) = text.split_at(end.unwrap_or(text.len()));
        let (clock, part) = clock.split_once('.').unwrap_or((clock, ""));
        let is_part = part.len() <= 9 && part.bytes().all(|byte| byte.is_ascii_digit());
        let mut parts = clock.split(':').map(|part| part.parse::<u32>().ok().filter(|_| part.len() <= 2));
        let (hour, minute) = (parts.next()??, parts.next()??);
        let second = parts.next().unwrap_or(Some(0))?;
        if parts.next().is_some() || !is_part || text.ends_with('.') {
            return None;
        }
        let rest = rest.trim_start();
        // `America/New_York` begins so, too.
        let half = rest.get(..2).filter(|_| !rest[2..].starts_with(|sign: char| sign.is_alphabetic()));
        let (hour, zone) = match half.map(str::to_ascii_uppercase).as_deref() {
            Some("AM") if hour == 12 => (0, &rest[2..]),
            Some("PM") if hour < 12 => (hour + 12, &rest[2..]),
            Some("AM" | "PM") => (hour, &rest[2..]),
            _ => (hour, rest),
        };
        // The end of a day is the beginning of another, of which nothing stands here.
        let milliseconds = format!("{part:0<3}")[..3].parse().ok()?;
        Some(Clock {
            time: NaiveTime::from_hms_milli_opt(hour, minute, second, milliseconds)?,
            zone: zone_of(zone.trim())?,
        })
    }

    /// The moment, as `Date` says it: the day by the clock's own zone, which stands behind it.
    pub(crate) fn stamp(self, day: NaiveDate, span: Span) -> Result<String, Wrong> {
        let local = NaiveDateTime::new(day, self.time);
        let offset = match (self.zone, span.zone) {
            (Zone::Offset(offset), _) => offset,
            (Zone::Named(zone), _) | (Zone::None | Zone::Unclear, Some(zone)) => offset_at(zone, local)?,
            (Zone::None, None) => return Ok(written(local, "Z")),
            (Zone::Unclear, None) => return Err(Wrong::UnclearZone),
        };
        Ok(written(local, &offset.to_string()))
    }
}

/// Of an hour that a clock shows twice the first one is meant: a file cannot say which.
fn offset_at(zone: Tz, local: NaiveDateTime) -> Result<FixedOffset, Wrong> {
    let offset = zone.offset_from_local_datetime(&local).earliest().ok_or(Wrong::NoSuchTime)?;
    Ok(offset.fix())
}

fn written(local: NaiveDateTime, zone: &str) -> String {
    let zone = if zone == "+00:00" { "Z" } else { zone };
    let form =
        if local.and_utc().timestamp_subsec_millis() == 0 { "%Y-%m-%dT%H:%M:%S" } else { "%Y-%m-%dT%H:%M:%S%.3f" };
    format!("{}{zone}", local.format(form))
}

/// `153000`, `1530`, `93000` (of which spreadsheets have taken the zero), and `000000`.
fn digits_only(text: &str) -> Option<NaiveTime> {
    if text.is_empty() {
        return Some(NaiveTime::MIN);
    }
    let number =
        text.parse::<u32>().ok().filter(|_| text.len() <= 6 && text.bytes().all(|byte| byte.is_ascii_digit()))?;
    let number = if text.len() <= 4 { number * 100 } else { number };
    NaiveTime::from_hms_opt(number / 10_000, number / 100 % 100, number % 100)
}

/// `None` if it is no zone.
fn zone_of(text: &str) -> Option<Zone> {
    let text = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if text.is_empty() {
        return Some(Zone::None);
    }
    if ["Z", "UTC", "GMT"].iter().any(|utc| text.eq_ignore_ascii_case(utc)) {
        return Some(Zone::Named(Tz::UTC));
    }
    if text.starts_with(['+', '-']) {
        let text = if text.len() == 3 { format!("{text}00") } else { text.to_owned() };
        return text.parse().ok().map(Zone::Offset);
    }
    if let (true, Ok(zone)) = (text.contains('/'), text.parse()) {
        return Some(Zone::Named(zone));
    }
    let is_zone = text.len() <= 40 && text.chars().all(|sign| sign.is_ascii_alphanumeric() || "+-:/_ ".contains(sign));
    is_zone.then_some(Zone::Unclear)
}

impl fmt::Display for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("bars within days")?;
        match self.zone {
            Some(zone) => write!(formatter, ", times without a zone in {zone}"),
            None => formatter.write_str(", times without a zone in UTC"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stamp(time: &str, zone: Option<Tz>) -> Result<String, Wrong> {
        let day = NaiveDate::from_ymd_opt(2024, 3, 11).unwrap();
        Clock::parse(time).ok_or(Wrong::Nonsense)?.stamp(day, Span { is_within: true, zone })
    }

    #[test]
    fn a_time_has_the_zone_that_stands_beside_it_or_was_named_or_is_of_utc() {
        for (time, expected) in [
            ("09:30", "2024-03-11T09:30:00Z"),
            ("9:30:15.25", "2024-03-11T09:30:15.250Z"),
            ("09:30:00-05:00", "2024-03-11T09:30:00-05:00"),
            ("09:30:00 +0530", "2024-03-11T09:30:00+05:30"),
            ("09:30:00+09", "2024-03-11T09:30:00+09:00"),
            ("02:30 PM", "2024-03-11T14:30:00Z"),
            ("12:00 am", "2024-03-11T00:00:00Z"),
            ("153000", "2024-03-11T15:30:00Z"),
            ("93000", "2024-03-11T09:30:00Z"),
            ("0930", "2024-03-11T09:30:00Z"),
            ("09:30 America/New_York", "2024-03-11T09:30:00-04:00"),
            ("09:30 UTC", "2024-03-11T09:30:00Z"),
        ] {
            assert_eq!(stamp(time, None).as_deref(), Ok(expected), "{time}");
        }
        let new_york = Some(Tz::America__New_York);
        assert_eq!(stamp("09:30", new_york).as_deref(), Ok("2024-03-11T09:30:00-04:00"));
        assert_eq!(stamp("09:30 EST", new_york).as_deref(), Ok("2024-03-11T09:30:00-04:00"));
        assert_eq!(stamp("09:30Z", new_york).as_deref(), Ok("2024-03-11T09:30:00Z"));
        assert_eq!(stamp("09:30 EST", None), Err(Wrong::UnclearZone));
    }

    #[test]
    fn an_hour_that_a_clock_leaves_out_is_none_and_one_that_it_shows_twice_is_the_first() {
        let at = |day, time| {
            let span = Span { is_within: true, zone: Some(Tz::America__New_York) };
            Clock::parse(time).unwrap().stamp(NaiveDate::from_ymd_opt(2024, 3, day).unwrap(), span)
        };
        assert_eq!(at(10, "02:30"), Err(Wrong::NoSuchTime));
        let day = NaiveDate::from_ymd_opt(2024, 11, 3).unwrap();
        let span = Span { is_within: true, zone: Some(Tz::America__New_York) };
        assert_eq!(Clock::parse("01:30").unwrap().stamp(day, span).as_deref(), Ok("2024-11-03T01:30:00-04:00"));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "noon",
            "25:00",
            "24:00",
            "12:60",
            "1:2:3:4",
            "12:30:00.",
            "1234567",
            "9.30",
            "12:30:00 (local)",
            "09:30+9:x",
        ] {
            assert_eq!(Clock::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_time_or_none(text in "\\PC{0,20}|[0-9:. +AMPZ-]{0,24}") {
            if let Some(clock) = Clock::parse(&text) {
                let _ = clock.stamp(NaiveDate::MIN, Span::default());
                let _ = clock.stamp(NaiveDate::MAX, Span { is_within: true, zone: Some(Tz::Pacific__Apia) });
            }
        }
    }
}
