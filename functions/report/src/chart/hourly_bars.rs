//! Stacked bars at their hours; an hour without a row stays empty, because that is what one looks for.

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};
use plotters::prelude::*;

use super::asked::{Asked, Mark};
use super::colour::{self, AXIS, GRID, series_colour};
use super::{
    Canvas, Drawing, LegendEntry, NARROW, Picture, PlotError, RIGHT_MARGIN, Swatch, TOP_MARGIN, WIDE, X_LABEL_AREA,
    Y_LABEL_AREA, label_style,
};
use crate::format;
use crate::table::{Rows, Value};

/// What is drawn.
pub(super) struct Axes<'a> {
    /// A column of timestamps.
    pub(super) x: usize,
    /// Columns of integers, from the bottom up, and what they are called.
    pub(super) y: Vec<usize>,
    pub(super) labels: Vec<String>,
    pub(super) unit: &'a str,
    pub(super) hours: u32,
    /// The chart ends with the end of this day.
    pub(super) last_day: NaiveDate,
}

/// Lower than lines, so that two of these charts fit on a screen.
const HEIGHT: u32 = 220;

/// Half of the gap between two bars, in minutes.
const GAP: i32 = 7;

struct Bar {
    /// Since the start of the chart.
    minute: i32,
    /// One per series.
    counts: Vec<i64>,
}

pub(super) fn draw(rows: &Rows<'_>, axes: Axes<'_>) -> Result<Option<Drawing>, PlotError> {
    let end = axes.last_day.checked_add_days(Days::new(1)).unwrap_or(axes.last_day).and_time(NaiveTime::MIN);
    let start = end - TimeDelta::hours(axes.hours.into());
    let bars: Vec<Bar> = rows.iter().filter_map(|row| bar(row, &axes, start)).collect();
    let totals: Vec<i64> = (0..axes.y.len()).map(|series| bars.iter().map(|bar| bar.counts[series]).sum()).collect();
    if totals.iter().all(|total| *total == 0) {
        return Ok(None);
    }
    let has_one_series = axes.y.len() == 1;
    let marks = bars.iter().filter_map(|bar| mark(bar, &axes, start)).collect();
    let legend = axes.labels.into_iter().zip(&totals).enumerate().filter(|(_, (_, total))| **total != 0);
    let legend: Vec<LegendEntry> = legend
        .map(|(series, (label, total))| LegendEntry {
            colour: series_colour(series),
            label,
            value: format::integer((*total).into()),
        })
        .collect();
    let parts: Vec<String> = legend.iter().map(|entry| format!("{} {}", entry.value, entry.label)).collect();
    let hours_with_bars = bars.iter().filter(|bar| bar.counts.iter().any(|count| *count != 0)).count();
    Ok(Some(Drawing {
        picture: Picture::Whole {
            wide: plot(&bars, start, axes.hours, Canvas { height: HEIGHT, ..WIDE })?,
            narrow: plot(&bars, start, axes.hours, Canvas { height: HEIGHT, ..NARROW })?,
        },
        y_unit: axes.unit.to_owned(),
        x_unit: "hour of landing, UTC".to_owned(),
        summary: format!("bars in {hours_with_bars} of {} hours, together {}", axes.hours, parts.join(", ")),
        legend: if has_one_series { Vec::new() } else { legend },
        swatch: Swatch::Box,
        note: None,
        asked: Asked::Marks(marks),
    }))
}

/// An hour with nothing in it has no shape.
fn mark(bar: &Bar, axes: &Axes<'_>, start: NaiveDateTime) -> Option<Mark> {
    let hour = start + TimeDelta::minutes(bar.minute.into());
    let counted = bar.counts.iter().zip(&axes.labels).enumerate().filter(|(_, (count, _))| **count > 0);
    let value = |(series, (count, label)): (usize, (&i64, &String))| {
        let colour = (axes.y.len() > 1).then(|| series_colour(series));
        (colour, format!("{} {label}", format::integer((*count).into())))
    };
    let values: Vec<_> = counted.map(value).collect();
    let label = format!("{} UTC", hour.format("%Y-%m-%d %H:%M"));
    (!values.is_empty()).then_some(Mark { label, shapes: values.len(), values })
}

fn bar(row: &[Value], axes: &Axes<'_>, start: NaiveDateTime) -> Option<Bar> {
    let Value::Timestamp(moment) = row[axes.x] else {
        return None;
    };
    let minute = (moment - start).num_minutes();
    let count = |position: &usize| if let Value::Integer(count) = row[*position] { count.max(0) } else { 0 };
    let is_shown = (0..i64::from(axes.hours) * 60).contains(&minute);
    let minute = i32::try_from(minute).ok().filter(|_| is_shown)?;
    Some(Bar { minute, counts: axes.y.iter().map(count).collect() })
}

fn plot(bars: &[Bar], start: NaiveDateTime, hours: u32, canvas: Canvas) -> Result<String, PlotError> {
    let highest = bars.iter().map(|bar| bar.counts.iter().sum::<i64>()).max().unwrap_or_default();
    // Room above the highest bar, and no fractions of a record on the axis.
    let top = highest.saturating_add((highest / 12).max(1));
    let counts: Vec<i64> = (0..=top).step_by(usize::try_from(step_below(top))?).collect();
    let minutes = i32::try_from(hours)? * 60;
    let hours_per_label = (hours / canvas.x_labels).next_multiple_of(6).max(6);
    let ticks: Vec<i32> = (0..minutes).step_by(usize::try_from(hours_per_label * 60)?).collect();
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (canvas.width, canvas.height)).into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .margin_top(TOP_MARGIN)
            .margin_right(RIGHT_MARGIN)
            .x_label_area_size(X_LABEL_AREA)
            .y_label_area_size(Y_LABEL_AREA)
            .build_cartesian_2d((0..minutes).with_key_points(ticks), (0..top).with_key_points(counts))?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .y_max_light_lines(0)
            .axis_style(AXIS)
            .bold_line_style(GRID)
            .label_style(label_style())
            .x_label_formatter(&|minute| minute_label(start, *minute))
            .y_label_formatter(&|count| format::integer((*count).into()))
            .draw()?;
        for bar in bars {
            let mut base = 0;
            for (series, count) in bar.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                let corners = [(bar.minute + GAP, base), (bar.minute + 60 - GAP, base + count)];
                chart.draw_series([Rectangle::new(corners, colour::series(series).filled())])?;
                base += count;
            }
        }
        root.present()?;
    }
    Ok(svg)
}

/// A round step of which at most six fit below the top. (The library's own steps overflow for whole numbers.)
fn step_below(top: i64) -> i64 {
    let mut magnitude: i64 = 1;
    loop {
        for digit in [1, 2, 5] {
            let step = magnitude.saturating_mul(digit);
            if top / step <= 6 {
                return step;
            }
        }
        magnitude = magnitude.saturating_mul(10);
    }
}

/// The date at midnight, else the time.
fn minute_label(start: NaiveDateTime, minute: i32) -> String {
    let moment = start + TimeDelta::minutes(minute.into());
    if moment.hour() == 0 { moment.format("%-d %b").to_string() } else { moment.format("%H:%M").to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Table;

    fn draw_rows(rows: Vec<Vec<Value>>) -> Option<Drawing> {
        let labels = vec!["not JSON".to_owned(), "date".to_owned()];
        let last_day = "2026-11-22".parse().unwrap();
        draw(&Table { rows }.all(), Axes { x: 0, y: vec![1, 2], labels, unit: "rejects", hours: 48, last_day }).unwrap()
    }

    fn row(moment: &str, counts: [i64; 2]) -> Vec<Value> {
        let moment = NaiveDateTime::parse_from_str(&format!("{moment}:00"), "%Y-%m-%d %H:%M").ok();
        vec![moment.map_or(Value::Null, Value::Timestamp), Value::Integer(counts[0]), Value::Integer(counts[1])]
    }

    #[test]
    fn each_count_above_zero_is_one_rectangle() {
        let drawing = draw_rows(vec![row("2026-11-21 00", [1, 0]), row("2026-11-22 23", [2, 3])]).unwrap();
        let Picture::Whole { wide, .. } = drawing.picture else { panic!("not one picture") };
        assert_eq!(wide.matches("<rect").count(), 3);
        assert_eq!(drawing.summary, "bars in 2 of 48 hours, together 3 not JSON, 3 date");
        assert!(wide.contains("22 Nov"), "the x axis names the day");
    }

    #[test]
    fn the_steps_of_the_axis_are_round_and_few() {
        assert_eq!([1, 6, 7, 13, 31, 50_568, i64::MAX].map(step_below)[..6], [1, 1, 2, 2, 5, 10_000]);
    }

    #[test]
    fn hours_outside_of_the_two_days_are_not_drawn() {
        assert!(draw_rows(vec![row("2026-11-20 23", [5, 5]), row("2026-11-23 00", [5, 5])]).is_none());
        assert!(draw_rows(vec![row("2026-11-21 00", [i64::MAX / 4, 5])]).is_some());
    }

    #[test]
    fn nothing_but_zeros_is_no_chart() {
        assert!(draw_rows(vec![row("2026-11-22 10", [0, 0])]).is_none());
        assert!(draw_rows(Vec::new()).is_none());
    }
}
