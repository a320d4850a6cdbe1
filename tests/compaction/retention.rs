//! For how long landed objects keep their rows may be changed at any time.

use anyhow::{Context, Result, ensure};
use chrono::NaiveDate;
use shared::key::{Hour, LandingTime};

use crate::lake::{DAY_MS, HOUR_MS, Lab};
use crate::rows::{self, check_same};
use crate::sent::Event;

/// A day.
const DAY: LandingTime = LandingTime(20_775 * DAY_MS);

pub(crate) async fn a_retention_that_is_changed_within_a_day_counts_for_all_of_it(lab: &Lab) -> Result<()> {
    let lake = lab.lake("retention").await?;
    let at = |hour: i64| LandingTime(DAY.0 + hour * HOUR_MS);
    let last_day = NaiveDate::from_ymd_opt(2026, 3, 31).context("a day")?;
    let lander = lake.lander();
    // For ever, a day, for ever, a day.
    for (hour, retention_days) in [(2, 0), (8, 1), (14, 0), (26, 1)] {
        Event::new(0..1, &(hour * 10..hour * 10 + 6), last_day, at(hour)).land(&lander).await?;
        lake.compact(Some(Hour::of(at(hour + 1))), at(hour + 2), retention_days).await?;
    }
    let read = rows::read(&lake).await?;
    let for_ever = lake.compact(None, at(4 * 24), 0).await?;
    ensure!((for_ever.hollowed, for_ever.strange_days) == (0, 0), "{for_ever:?}");
    let for_a_day = lake.compact(None, at(4 * 24), 1).await?;
    ensure!((for_a_day.hollowed, for_a_day.strange_days) == (3, 0), "{for_a_day:?}");
    check_same("hollow", &read, &rows::read(&lake).await?)
}
