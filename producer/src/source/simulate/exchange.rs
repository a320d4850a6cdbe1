//! When exchanges trade: their hours, and the holidays that a rule tells. Those of a lunar calendar, or of a decree, are not simulated.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Weekday};
use chrono_tz::Tz;

/// Hours and minutes, by the exchange's clock.
type Time = (u32, u32);

/// One of the exchanges.
#[derive(Debug)]
pub(super) struct Exchange {
    zone: Tz,
    /// From and to: two where there is a pause.
    sessions: &'static [(Time, Time)],
    /// Month and day, each year.
    fixed: &'static [(u32, u32)],
    /// Days after Easter Sunday.
    easter: &'static [i64],
    /// Month, weekday, and which of the month; the last of it is 5.
    nth: &'static [(u32, Weekday, u8)],
}

const GOOD_FRIDAY: i64 = -2;
const EASTER_MONDAY: i64 = 1;
const ASCENSION: i64 = 39;
const WHIT_MONDAY: i64 = 50;

pub(super) const HONG_KONG: Exchange = Exchange {
    zone: Tz::Asia__Hong_Kong,
    sessions: &[((9, 30), (12, 0)), ((13, 0), (16, 0))],
    fixed: &[(1, 1), (5, 1), (7, 1), (10, 1), (12, 25), (12, 26)],
    easter: &[GOOD_FRIDAY, EASTER_MONDAY],
    nth: &[],
};
pub(super) const NEW_YORK: Exchange = Exchange {
    zone: Tz::America__New_York,
    sessions: &[((9, 30), (16, 0))],
    fixed: &[(1, 1), (6, 19), (7, 4), (12, 25)],
    easter: &[GOOD_FRIDAY],
    nth: &[
        (1, Weekday::Mon, 3),
        (2, Weekday::Mon, 3),
        (5, Weekday::Mon, 5),
        (9, Weekday::Mon, 1),
        (11, Weekday::Thu, 4),
    ],
};
pub(super) const SHANGHAI: Exchange = Exchange {
    zone: Tz::Asia__Shanghai,
    sessions: &[((9, 30), (11, 30)), ((13, 0), (15, 0))],
    fixed: &[(1, 1), (5, 1), (10, 1), (10, 2), (10, 3)],
    easter: &[],
    nth: &[],
};
pub(super) const TOKYO: Exchange = Exchange {
    zone: Tz::Asia__Tokyo,
    sessions: &[((9, 0), (11, 30)), ((12, 30), (15, 30))],
    fixed: &[
        (1, 1),
        (1, 2),
        (1, 3),
        (2, 11),
        (2, 23),
        (4, 29),
        (5, 3),
        (5, 4),
        (5, 5),
        (8, 11),
        (11, 3),
        (11, 23),
        (12, 31),
    ],
    easter: &[],
    nth: &[(1, Weekday::Mon, 2), (7, Weekday::Mon, 3), (9, Weekday::Mon, 3), (10, Weekday::Mon, 2)],
};
pub(super) const PARIS: Exchange = Exchange {
    zone: Tz::Europe__Paris,
    sessions: &[((9, 0), (17, 30))],
    fixed: &[(1, 1), (5, 1), (12, 25), (12, 26)],
    easter: &[GOOD_FRIDAY, EASTER_MONDAY],
    nth: &[],
};
pub(super) const TORONTO: Exchange = Exchange {
    zone: Tz::America__Toronto,
    sessions: &[((9, 30), (16, 0))],
    fixed: &[(1, 1), (7, 1), (12, 25), (12, 26)],
    easter: &[GOOD_FRIDAY],
    nth: &[(2, Weekday::Mon, 3), (8, Weekday::Mon, 1), (9, Weekday::Mon, 1), (10, Weekday::Mon, 2)],
};
pub(super) const MUMBAI: Exchange = Exchange {
    zone: Tz::Asia__Kolkata,
    sessions: &[((9, 15), (15, 30))],
    fixed: &[(1, 26), (5, 1), (8, 15), (10, 2), (12, 25)],
    easter: &[GOOD_FRIDAY],
    nth: &[],
};
pub(super) const FRANKFURT: Exchange = Exchange {
    zone: Tz::Europe__Berlin,
    sessions: &[((9, 0), (17, 30))],
    fixed: &[(1, 1), (5, 1), (12, 24), (12, 25), (12, 26), (12, 31)],
    easter: &[GOOD_FRIDAY, EASTER_MONDAY],
    nth: &[],
};
pub(super) const SEOUL: Exchange = Exchange {
    zone: Tz::Asia__Seoul,
    sessions: &[((9, 0), (15, 30))],
    fixed: &[(1, 1), (3, 1), (5, 1), (5, 5), (6, 6), (8, 15), (10, 3), (10, 9), (12, 25), (12, 31)],
    easter: &[],
    nth: &[],
};
pub(super) const ZURICH: Exchange = Exchange {
    zone: Tz::Europe__Zurich,
    sessions: &[((9, 0), (17, 30))],
    fixed: &[(1, 1), (1, 2), (5, 1), (8, 1), (12, 24), (12, 25), (12, 26), (12, 31)],
    easter: &[GOOD_FRIDAY, EASTER_MONDAY, ASCENSION, WHIT_MONDAY],
    nth: &[],
};
pub(super) const TAIPEI: Exchange = Exchange {
    zone: Tz::Asia__Taipei,
    sessions: &[((9, 0), (13, 30))],
    fixed: &[(1, 1), (2, 28), (4, 4), (4, 5), (5, 1), (10, 10)],
    easter: &[],
    nth: &[],
};
pub(super) const JOHANNESBURG: Exchange = Exchange {
    zone: Tz::Africa__Johannesburg,
    sessions: &[((9, 0), (17, 0))],
    fixed: &[(1, 1), (3, 21), (4, 27), (5, 1), (6, 16), (8, 9), (9, 24), (12, 16), (12, 25), (12, 26)],
    easter: &[GOOD_FRIDAY, EASTER_MONDAY],
    nth: &[],
};

impl Exchange {
    /// When bars of so many minutes begin on a day, by the exchange's clock; none on a holiday, or at a weekend.
    pub(super) fn times(&self, day: NaiveDate, minutes: u32) -> Vec<DateTime<Tz>> {
        if !self.trades_on(day) {
            return Vec::new();
        }
        let at = |(hour, minute): Time| NaiveTime::from_hms_opt(hour, minute, 0);
        let sessions = self.sessions.iter().filter_map(|(open, close)| at(*open).zip(at(*close)));
        let times = sessions.flat_map(|(open, close)| {
            let count = (close - open).num_minutes() / i64::from(minutes.max(1));
            // One of less than a whole interval is none.
            (0..count).map(move |nth| open + TimeDelta::minutes(nth * i64::from(minutes)))
        });
        times.filter_map(|time| self.zone.from_local_datetime(&day.and_time(time)).earliest()).collect()
    }

    fn trades_on(&self, day: NaiveDate) -> bool {
        let is_weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
        let is_fixed = self.fixed.contains(&(day.month(), day.day()));
        let is_nth = self.nth.iter().any(|(month, weekday, nth)| {
            let which = if *nth < 5 { day.day().div_ceil(7) == u32::from(*nth) } else { is_in_last_week(day) };
            day.month() == *month && day.weekday() == *weekday && which
        });
        let is_of_easter = easter(day.year()).is_some_and(|sunday| self.easter.contains(&(day - sunday).num_days()));
        !(is_weekend || is_fixed || is_nth || is_of_easter)
    }
}

fn is_in_last_week(day: NaiveDate) -> bool {
    day.checked_add_days(Days::new(7)).is_none_or(|later| later.month() != day.month())
}

/// Easter Sunday, by the Gregorian calendar (the anonymous algorithm of Nature, 1876).
#[expect(clippy::many_single_char_names, reason = "as the algorithm has them")]
fn easter(year: i32) -> Option<NaiveDate> {
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 19 * l) / 433;
    let month = (h + l - 7 * m + 90) / 25;
    let day = (h + l - 7 * m + 33 * month + 19) % 32;
    NaiveDate::from_ymd_opt(year, month.try_into().ok()?, day.try_into().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn easter_is_where_the_calendar_has_it() {
        for (year, expected) in [
            (1961, "1961-04-02"),
            (2000, "2000-04-23"),
            (2024, "2024-03-31"),
            (2025, "2025-04-20"),
            (2038, "2038-04-25"),
        ] {
            assert_eq!(easter(year), Some(day(expected)));
        }
    }

    #[test]
    fn an_exchange_is_closed_on_its_holidays_and_at_weekends() {
        // Of 2024: Martin Luther King's day, Good Friday, Memorial day, Thanksgiving.
        for closed in ["2024-01-15", "2024-03-29", "2024-05-27", "2024-11-28", "2024-12-25", "2024-11-30"] {
            assert!(!NEW_YORK.trades_on(day(closed)), "{closed}");
        }
        for open in ["2024-01-16", "2024-04-01", "2024-05-20", "2024-11-29", "2024-12-24"] {
            assert!(NEW_YORK.trades_on(day(open)), "{open}");
        }
        assert!(!FRANKFURT.trades_on(day("2024-04-01")) && TOKYO.trades_on(day("2024-04-01")));
        // 251 or 252 a year.
        let year = (0..366).filter(|nth| NEW_YORK.trades_on(day("2024-01-01") + Days::new(*nth))).count();
        assert_eq!(year, 252);
    }

    #[test]
    fn a_session_has_its_pause_and_its_clock() {
        let times = HONG_KONG.times(day("2024-02-20"), 30);
        let shown: Vec<_> = times.iter().map(|time| time.format("%H:%M").to_string()).collect();
        assert_eq!(
            shown,
            ["09:30", "10:00", "10:30", "11:00", "11:30", "13:00", "13:30", "14:00", "14:30", "15:00", "15:30"]
        );
        assert_eq!(times[0].to_rfc3339(), "2024-02-20T09:30:00+08:00");
        // Summer time began in between.
        assert_eq!(NEW_YORK.times(day("2024-03-08"), 60)[0].to_rfc3339(), "2024-03-08T09:30:00-05:00");
        assert_eq!(NEW_YORK.times(day("2024-03-11"), 60)[0].to_rfc3339(), "2024-03-11T09:30:00-04:00");
        assert_eq!(NEW_YORK.times(day("2024-03-11"), 1).len(), 390);
        assert_eq!(NEW_YORK.times(day("2024-03-10"), 1).len(), 0);
    }
}
