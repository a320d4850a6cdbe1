//! The x axis of a chart over the times of a day, in UTC.

use std::ops::{Range, RangeInclusive};

use chrono::{NaiveDateTime, TimeDelta, Timelike};

use super::axis::{Chart, plot};
use super::{Canvas, PlotError};

/// Minutes between two labels.
const STEPS: [i32; 12] = [1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720];
const MINUTES_PER_DAY: i32 = 1440;

/// The times that a chart runs over, as minutes from the first of them.
#[derive(Debug, Clone, Copy)]
pub(super) struct ClockAxis {
    first: NaiveDateTime,
    last: i32,
    /// Minutes of room on either side, without a label.
    room: i32,
}

impl ClockAxis {
    /// From the earliest of these times to the latest.
    pub(super) fn over(times: impl Iterator<Item = NaiveDateTime> + Clone) -> Option<Self> {
        let first = times.clone().min()?.with_second(0)?.with_nanosecond(0)?;
        let axis = Self { first, last: 0, room: 0 };
        Some(Self { last: axis.place(times.max()?), ..axis })
    }

    pub(super) fn with_room(self, room: i32) -> Self {
        Self { room, ..self }
    }

    /// Where a time is.
    pub(super) fn place(self, time: NaiveDateTime) -> i32 {
        i32::try_from((time - self.first).num_minutes()).unwrap_or(i32::MAX / 2).min(i32::MAX / 2)
    }

    /// From one end of the axis to the other.
    pub(super) fn places(self) -> Range<i32> {
        -self.room..self.last.max(1) + self.room
    }

    /// From 1970-01-01 to its first.
    pub(super) fn minutes_before(self) -> i64 {
        self.first.and_utc().timestamp().div_euclid(60)
    }

    /// How many minutes it has.
    pub(super) fn minutes(self) -> u32 {
        self.last.unsigned_abs()
    }

    /// The day, and the last time on the axis.
    pub(super) fn last(self) -> NaiveDateTime {
        self.time(self.last)
    }

    /// In words, below the chart.
    pub(super) fn in_words(self) -> String {
        let (first, last) = (self.first, self.last());
        let form = if first.date() == last.date() { "%H:%M" } else { "%-d %b %Y %H:%M" };
        format!("{} to {} UTC", first.format("%-d %b %Y %H:%M"), last.format(form))
    }

    fn time(self, minutes: i32) -> NaiveDateTime {
        self.first.checked_add_signed(TimeDelta::minutes(minutes.into())).unwrap_or(self.first)
    }

    /// Whole steps of the clock.
    fn ticks(self, labels: u32) -> Vec<i32> {
        let most = i32::try_from(labels.max(1)).unwrap_or(1);
        let step = STEPS
            .into_iter()
            .find(|step| self.last / step < most)
            .unwrap_or(MINUTES_PER_DAY * (self.last / MINUTES_PER_DAY / most + 1));
        let into_the_day = i32::try_from(self.first.num_seconds_from_midnight() / 60).unwrap_or_default();
        let first = (step - into_the_day % step) % step;
        (first..=self.last).step_by(usize::try_from(step).unwrap_or(1)).collect()
    }

    /// An SVG of this size with both axes, into which `draw` draws.
    pub(super) fn plot(
        self,
        canvas: Canvas,
        heights: &RangeInclusive<f64>,
        draw: impl FnOnce(&mut Chart<'_, '_>) -> Result<(), PlotError>,
    ) -> Result<String, PlotError> {
        let label = |minutes: i32| self.time(minutes).format("%H:%M").to_string();
        plot(canvas, heights, (self.places(), self.ticks(canvas.x_labels)), &label, draw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(first: &str, last: &str) -> ClockAxis {
        ClockAxis::over([first, last].map(|time| time.parse().unwrap()).into_iter()).unwrap()
    }

    #[test]
    fn times_are_named_at_whole_steps_of_the_clock() {
        let labels = |first, last| {
            let axis = axis(first, last);
            axis.ticks(7).into_iter().map(|tick| axis.time(tick).format("%H:%M").to_string()).collect::<Vec<_>>()
        };
        let of_a_session = labels("2026-11-20T14:30:00", "2026-11-20T20:59:00");
        assert_eq!(of_a_session, ["15:00", "16:00", "17:00", "18:00", "19:00", "20:00"]);
        assert_eq!(labels("2026-11-20T14:30:00", "2026-11-20T14:30:59"), ["14:30"]);
        assert_eq!(
            labels("2026-11-20T00:00:00", "2026-11-20T23:59:00"),
            ["00:00", "04:00", "08:00", "12:00", "16:00", "20:00"]
        );
        assert_eq!(labels("2026-11-20T23:00:00", "2026-11-21T01:00:00"), ["23:00", "23:30", "00:00", "00:30", "01:00"]);
        assert!(labels("0001-01-01T00:00:00", "9999-12-31T00:00:00").len() <= 8);
    }

    #[test]
    fn a_day_is_named_once_if_it_is_one() {
        assert_eq!(axis("2026-11-20T14:30:00", "2026-11-20T20:59:00").in_words(), "20 Nov 2026 14:30 to 20:59 UTC");
        assert_eq!(
            axis("2026-11-20T23:30:00", "2026-11-21T00:30:00").in_words(),
            "20 Nov 2026 23:30 to 21 Nov 2026 00:30 UTC"
        );
    }
}
