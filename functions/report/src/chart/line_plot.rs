//! Lines over days.

use std::collections::{BTreeMap, BTreeSet};

use chrono::Datelike;
use chrono::NaiveDate;
use plotters::prelude::*;

use super::asked::{self, Trace};
use super::axis::DateAxis;
use super::colour::{self, AXIS};
use super::{Canvas, PlotError, is_drawable};
use crate::table::Value;

/// One line.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) label: String,
    /// Days of the common era, and the number of each.
    pub(super) points: Vec<(i32, f64)>,
}

impl Line {
    pub(super) fn last(&self) -> Option<f64> {
        self.points.last().map(|point| point.1)
    }
}

/// The points of two array columns; where either has nothing there is none.
pub(super) fn points(dates: &Value, numbers: &Value) -> Vec<(NaiveDate, f64)> {
    match (dates, numbers) {
        (Value::Dates(dates), Value::Decimals(numbers)) => {
            let known = dates.iter().zip(numbers).filter_map(|(date, number)| Some(((*date)?, (*number)?)));
            known.filter(|(_, number)| is_drawable(*number)).collect()
        }
        _ => Vec::new(),
    }
}

/// The same, by days of the common era.
pub(super) fn by_day(points: &[(NaiveDate, f64)]) -> Vec<(i32, f64)> {
    points.iter().map(|(date, number)| (date.num_days_from_ce(), *number)).collect()
}

/// Their numbers over the days that any of them has.
pub(super) fn trace(label: String, lines: &[Line]) -> Trace {
    let by_day: Vec<BTreeMap<i32, f64>> = lines.iter().map(|line| line.points.iter().copied().collect()).collect();
    let days: BTreeSet<i32> = by_day.iter().flat_map(|line| line.keys().copied()).collect();
    Trace {
        label,
        at: days.iter().map(|day| asked::since_1970(*day)).collect(),
        numbers: by_day.iter().map(|line| days.iter().map(|day| line.get(day).copied()).collect()).collect(),
    }
}

/// Draws them, and a thin line at the height of `baseline`.
pub(super) fn plot(lines: &[Line], axis: DateAxis, baseline: Option<f64>, canvas: Canvas) -> Result<String, PlotError> {
    let numbers = lines.iter().flat_map(|line| line.points.iter().map(|point| point.1)).chain(baseline);
    let (low, high) =
        numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), number| (low.min(number), high.max(number)));
    axis.plot(canvas, &(low..=high), |chart| {
        if let Some(baseline) = baseline {
            let days = [axis.first, axis.last].map(|day| (day.num_days_from_ce(), baseline));
            chart.draw_series(LineSeries::new(days, AXIS))?;
        }
        for (series, line) in lines.iter().enumerate() {
            let style = colour::series(series).stroke_width(2);
            chart.draw_series(LineSeries::new(line.points.iter().copied(), style))?;
        }
        Ok(())
    })
}
