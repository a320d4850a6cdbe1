//! The axes of a chart, and those of one over days.

use std::ops::{Range, RangeInclusive};

use chrono::{Datelike, NaiveDate};
use plotters::coord::combinators::WithKeyPoints;
use plotters::coord::types::{RangedCoordf64, RangedCoordi32};
use plotters::prelude::*;

use super::colour::{AXIS, GRID};
use super::{Canvas, PlotError, RIGHT_MARGIN, TOP_MARGIN, X_LABEL_AREA, Y_LABEL_AREA, label_style};
use crate::format::Scale;

/// What is drawn into: days of the common era or minutes, and numbers.
pub(super) type Chart<'a, 'b> =
    ChartContext<'a, SVGBackend<'b>, Cartesian2d<WithKeyPoints<RangedCoordi32>, RangedCoordf64>>;

/// The days that a chart runs over.
#[derive(Debug, Clone, Copy)]
pub(super) struct DateAxis {
    pub(super) first: NaiveDate,
    pub(super) last: NaiveDate,
    /// Days of room on either side, without a label.
    pub(super) room: i32,
}

/// The distance of two labels.
#[derive(Debug, Clone, Copy)]
enum Step {
    Days(usize),
    Months(u32),
    Years(i32),
}

impl DateAxis {
    /// From the earliest of these days to the latest.
    pub(super) fn over(days: impl Iterator<Item = i32> + Clone) -> Option<Self> {
        let first = NaiveDate::from_num_days_from_ce_opt(days.clone().min()?)?;
        Some(Self { first, last: NaiveDate::from_num_days_from_ce_opt(days.max()?)?, room: 0 })
    }

    /// In words, below the chart.
    pub(super) fn in_words(self) -> String {
        let day = |day: NaiveDate| day.format("%-d %b %Y").to_string();
        format!("trade date, {} to {}", day(self.first), day(self.last))
    }

    /// The days of the common era from one end of the axis to the other.
    pub(super) fn places(self) -> Range<i32> {
        let (first, last) = (self.first.num_days_from_ce(), self.last.num_days_from_ce());
        first - self.room..last.max(first + 1) + self.room
    }

    fn step(self, labels: u32) -> Step {
        let days = u32::try_from((self.last - self.first).num_days()).unwrap_or_default();
        let fits = |step_days: u32| days / step_days <= labels;
        if days <= 120 {
            return Step::Days(usize::try_from(days / labels + 1).unwrap_or(1));
        }
        if let Some(months) = [1, 2, 3, 6].into_iter().find(|months| fits(months * 30)) {
            return Step::Months(months);
        }
        let years = [1, 2, 5, 10, 20, 50, 100].into_iter().find(|years| fits(years * 365));
        Step::Years(years.and_then(|years| i32::try_from(years).ok()).unwrap_or(500))
    }

    fn ticks(self, step: Step) -> Vec<i32> {
        let days = self.first.num_days_from_ce()..=self.last.num_days_from_ce();
        match step {
            // From the last day back: it is the one that is looked for.
            Step::Days(step) => days.rev().step_by(step).collect(),
            Step::Months(step) => {
                let months = (self.first.year()..=self.last.year()).flat_map(|year| {
                    (1..=12).step_by(usize::try_from(step).unwrap_or(1)).map(move |month| (year, month))
                });
                let firsts = months.filter_map(|(year, month)| NaiveDate::from_ymd_opt(year, month, 1));
                firsts.map(|day| day.num_days_from_ce()).filter(|day| days.contains(day)).collect()
            }
            Step::Years(step) => {
                let years = (self.first.year()..=self.last.year()).filter(|year| year % step == 0);
                let firsts = years.filter_map(|year| NaiveDate::from_ymd_opt(year, 1, 1));
                firsts.map(|day| day.num_days_from_ce()).filter(|day| days.contains(day)).collect()
            }
        }
    }

    /// An SVG of this size with both axes, into which `draw` draws.
    pub(super) fn plot(
        self,
        canvas: Canvas,
        heights: &RangeInclusive<f64>,
        draw: impl FnOnce(&mut Chart<'_, '_>) -> Result<(), PlotError>,
    ) -> Result<String, PlotError> {
        let step = self.step(canvas.x_labels);
        plot(canvas, heights, (self.places(), self.ticks(step)), &|day| label(step, day), draw)
    }
}

/// An SVG of this size with both axes, into which `draw` draws. The x axis has labels at some of its places.
pub(super) fn plot(
    canvas: Canvas,
    heights: &RangeInclusive<f64>,
    (places, labelled): (Range<i32>, Vec<i32>),
    label: &dyn Fn(i32) -> String,
    draw: impl FnOnce(&mut Chart<'_, '_>) -> Result<(), PlotError>,
) -> Result<String, PlotError> {
    let (low, high) = aired(heights);
    let scale = Scale::of(high.abs().max(low.abs()));
    let digits = digits_for((high - low) / scale.divisor);
    let y_labels = usize::try_from(canvas.height / 40)?;
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (canvas.width, canvas.height)).into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .margin_top(TOP_MARGIN)
            .margin_right(RIGHT_MARGIN)
            .x_label_area_size(X_LABEL_AREA)
            .y_label_area_size(Y_LABEL_AREA)
            .build_cartesian_2d(places.with_key_points(labelled), low..high)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .y_labels(y_labels)
            .y_max_light_lines(0)
            .axis_style(AXIS)
            .bold_line_style(GRID)
            .label_style(label_style())
            .x_label_formatter(&|place| label(*place))
            .y_label_formatter(&|number| scale.show(*number, digits))
            .draw()?;
        draw(&mut chart)?;
        root.present()?;
    }
    Ok(svg)
}

fn label(step: Step, day: i32) -> String {
    let form = match step {
        Step::Days(_) => "%-d %b",
        Step::Months(_) => "%b %Y",
        Step::Years(_) => "%Y",
    };
    NaiveDate::from_num_days_from_ce_opt(day).map_or_else(String::new, |day| day.format(form).to_string())
}

/// Room above and below, also where all numbers are one.
fn aired(heights: &RangeInclusive<f64>) -> (f64, f64) {
    let (low, high) = (*heights.start(), *heights.end());
    let air = ((high - low) * 0.06).max(high.abs() * 0.002);
    // Nothing but zeros, or so near that no step between labels could be told from zero.
    let air = if air > 1e-200 { air } else { 0.01 };
    (low - air, high + air)
}

/// As many decimal places as tell two labels of the y axis apart.
fn digits_for(height: f64) -> usize {
    const MOST: f64 = 10.0;
    let places = -(height / 5.0).log10();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 10")]
    let places = places.ceil().clamp(0.0, MOST) as usize;
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(first: &str, last: &str) -> Vec<String> {
        let axis = DateAxis { first: first.parse().unwrap(), last: last.parse().unwrap(), room: 0 };
        let step = axis.step(8);
        axis.ticks(step).into_iter().map(|day| label(step, day)).collect()
    }

    #[test]
    fn a_low_price_has_an_axis_of_its_own_size() {
        let (low, high) = aired(&(0.000_100..=0.000_104));
        assert!(low > 0.000_099 && high < 0.000_105, "{low} {high}");
        assert_eq!([5.0, 0.5, 0.04, 0.000_005, 0.0].map(digits_for), [0, 1, 3, 6, 10]);
        assert_eq!(aired(&(0.0..=0.0)), (-0.01, 0.01));
    }

    #[test]
    fn days_months_or_years_are_named_as_far_as_they_fit() {
        assert_eq!(labels("2026-11-01", "2026-11-22")[..2], ["22 Nov", "19 Nov"]);
        assert_eq!(labels("2026-03-15", "2026-11-22")[..2], ["Apr 2026", "May 2026"]);
        assert_eq!(labels("2025-01-15", "2026-11-22")[..2], ["Apr 2025", "Jul 2025"]);
        assert_eq!(labels("1965-12-31", "2021-05-28"), ["1970", "1980", "1990", "2000", "2010", "2020"]);
        assert_eq!(labels("2026-11-22", "2026-11-22"), ["22 Nov"]);
    }
}
