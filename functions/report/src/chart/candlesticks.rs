//! A small chart per row: each bar is a line from its low to its high, with a body from its open to its close.

use std::ops::Range;

use chrono::Datelike;
use plotters::prelude::*;

use super::asked::{self, Clock, Trace, Traces};
use super::axis::{Chart, DateAxis};
use super::clock::ClockAxis;
use super::colour::{FALL, RISE};
use super::{Drawing, LegendEntry, PANEL, Panel, PlotError, Swatch, is_drawable, panels};
use crate::format;
use crate::table::{Rows, Value};

/// One bar, by its day of the common era or by its minute.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Candle {
    at: i32,
    open: f64,
    high: f64,
    low: f64,
    close: f64,
}

/// What the bars of a row stand over.
#[derive(Debug, Clone, Copy)]
enum Axis {
    Days(DateAxis),
    Clock(ClockAxis),
}

/// `columns` are those of the label, the dates or times, open, high, low and close.
pub(super) fn draw(rows: &Rows<'_>, columns: [usize; 6], most: usize) -> Result<Option<Drawing>, PlotError> {
    let [label, prices @ ..] = columns;
    let mut drawn = Vec::new();
    let mut traces = Vec::new();
    let mut shown = Vec::new();
    let mut clock = Clock::Days;
    for row in rows.iter() {
        let Some((candles, axis)) = candles(row, prices) else { continue };
        clock = axis.clock();
        let label = row[label].label();
        if drawn.len() < most {
            drawn.push(panel(label.clone(), &candles, axis)?);
            shown.push(axis.since_1970(&axis.roomy(merged(&candles).len()).0.places()));
        }
        traces.push(trace(label, &candles, axis));
    }
    let left_out = traces.len() - drawn.len();
    let names = ["open", "high", "low", "close"].map(str::to_owned).into();
    let traces = Traces {
        kind: asked::Kind::Candles,
        clock,
        names,
        digits: None,
        drawn: drawn.len(),
        panels: shown,
        rows: traces,
    };
    let legend = [(RISE, "closed above its open"), (FALL, "closed at or below it")];
    let legend = legend.map(|(colour, label)| LegendEntry::named(colour, label)).into();
    let drawing = panels::drawing(drawn, (legend, Swatch::Box), (most, left_out), traces);
    let x_unit = if clock == Clock::Minutes { "time, UTC" } else { "trade date" };
    Ok(drawing.map(|drawing| Drawing { x_unit: x_unit.to_owned(), ..drawing }))
}

fn trace(label: String, candles: &[Candle], axis: Axis) -> Trace {
    let prices: [fn(&Candle) -> f64; 4] =
        [|candle| candle.open, |candle| candle.high, |candle| candle.low, |candle| candle.close];
    Trace {
        label,
        at: candles.iter().map(|candle| axis.since_1970(&(candle.at..candle.at)).start).collect(),
        numbers: prices.map(|price| candles.iter().map(|candle| Some(price(candle))).collect()).into(),
    }
}

/// A bar without one of the four prices is left out. Where the high is below the low, which data-quality tells, the line still spans both.
fn candles(row: &[Value], [places, open, high, low, close]: [usize; 5]) -> Option<(Vec<Candle>, Axis)> {
    let number = |column: usize, place: usize| match &row[column] {
        Value::Decimals(numbers) => numbers.get(place).copied().flatten().filter(|number| is_drawable(*number)),
        _ => None,
    };
    let candle = |place: usize, at: i32| {
        Some(Candle {
            at,
            open: number(open, place)?,
            high: number(high, place)?,
            low: number(low, place)?,
            close: number(close, place)?,
        })
    };
    match &row[places] {
        Value::Dates(dates) => {
            let drawn = dates.iter().enumerate().filter_map(|(place, date)| candle(place, (*date)?.num_days_from_ce()));
            let candles: Vec<_> = drawn.collect();
            let axis = DateAxis::over(candles.iter().map(|candle| candle.at))?;
            Some((candles, Axis::Days(axis)))
        }
        Value::Times(times) => {
            let known = || times.iter().enumerate().filter_map(|(place, time)| Some((place, (*time)?)));
            let axis = ClockAxis::over(known().filter(|(place, _)| candle(*place, 0).is_some()).map(|(_, time)| time))?;
            let candles = known().filter_map(|(place, time)| candle(place, axis.place(time))).collect();
            Some((candles, Axis::Clock(axis)))
        }
        _ => None,
    }
}

impl Axis {
    /// Places from the first to the last, with some room for the first and the last body; and how many these are.
    fn roomy(self, candles: usize) -> (Self, u32) {
        match self {
            Self::Days(axis) => {
                let days = u32::try_from((axis.last - axis.first).num_days()).unwrap_or(u32::MAX - 2) + 2;
                (Self::Days(DateAxis { room: 1, ..axis }), days)
            }
            Self::Clock(axis) => {
                let distance = axis.minutes() / u32::try_from(candles).unwrap_or(u32::MAX).max(1);
                let room = i32::try_from(distance.max(1)).unwrap_or(1);
                (Self::Clock(axis.with_room(room)), u32::try_from(candles).unwrap_or(u32::MAX - 2) + 2)
            }
        }
    }

    /// What its chart shows.
    fn places(self) -> Range<i32> {
        match self {
            Self::Days(axis) => axis.places(),
            Self::Clock(axis) => axis.places(),
        }
    }

    fn clock(self) -> Clock {
        match self {
            Self::Days(_) => Clock::Days,
            Self::Clock(_) => Clock::Minutes,
        }
    }

    fn since_1970(self, places: &Range<i32>) -> Range<i64> {
        let since = |place: i32| match self {
            Self::Days(_) => asked::since_1970(place),
            Self::Clock(axis) => axis.minutes_before() + i64::from(place),
        };
        since(places.start)..since(places.end)
    }

    fn in_words(self) -> String {
        match self {
            Self::Days(axis) => axis.in_words(),
            Self::Clock(axis) => axis.in_words(),
        }
    }

    fn last(self) -> String {
        match self {
            Self::Days(axis) => format!("on {}", axis.last),
            Self::Clock(axis) => format!("at {} UTC", axis.last().format("%Y-%m-%d %H:%M")),
        }
    }
}

fn panel(label: String, candles: &[Candle], axis: Axis) -> Result<Panel, PlotError> {
    let prices = || candles.iter().flat_map(|candle| [candle.open, candle.high, candle.low, candle.close]);
    let low = prices().fold(f64::INFINITY, f64::min);
    let high = prices().fold(f64::NEG_INFINITY, f64::max);
    let drawn = merged(candles);
    // So that the first and the last body are whole.
    let (roomy, places) = axis.roomy(drawn.len());
    let width = (PANEL.width / places.max(1) * 6 / 10).clamp(2, 12);
    let draw = |chart: &mut Chart<'_, '_>| {
        let bodies = drawn.iter().map(|candle| {
            let Candle { at, open, high, low, close } = *candle;
            CandleStick::new(at, open, high, low, close, RISE.filled(), FALL.filled(), width)
        });
        chart.draw_series(bodies)?;
        // A body of no height is not drawn: this is its line.
        let half = i32::try_from(width / 2)?;
        chart.draw_series(drawn.iter().map(|candle| {
            let colour = if candle.open < candle.close { RISE } else { FALL };
            EmptyElement::at((candle.at, candle.close)) + PathElement::new([(-half, 0), (half, 0)], colour)
        }))?;
        Ok(())
    };
    let svg = match roomy {
        Axis::Days(axis) => axis.plot(PANEL, &(low..=high), draw)?,
        Axis::Clock(axis) => axis.plot(PANEL, &(low..=high), draw)?,
    };
    let close = candles.last().map_or_else(String::new, |candle| format::price(candle.close));
    Ok(Panel {
        value: format!("{close} {}", axis.last()),
        svg,
        summary: format!(
            "{label}, {}: {} bars between {} and {}, the last close {close}",
            axis.in_words(),
            candles.len(),
            format::price(low),
            format::price(high)
        ),
        label,
    })
}

/// Several bars as one candle, where there are more than the picture has room for.
fn merged(candles: &[Candle]) -> Vec<Candle> {
    const MOST: usize = 80;
    let merge = |bars: &[Candle]| {
        let rest = bars.get(1..).unwrap_or_default();
        rest.iter().fold(bars[0], |all, bar| Candle {
            high: all.high.max(bar.high),
            low: all.low.min(bar.low),
            close: bar.close,
            ..all
        })
    };
    candles.chunks(candles.len().div_ceil(MOST).max(1)).map(merge).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::Picture;
    use crate::table::Table;

    fn row(label: &str, prices: [Option<f64>; 4]) -> Vec<Value> {
        let mut row = vec![
            Value::Text(label.to_owned()),
            Value::Dates(vec!["2026-11-19".parse().ok(), "2026-11-20".parse().ok()]),
        ];
        row.extend(prices.map(|price| Value::Decimals(vec![Some(10.0), price])));
        row
    }

    #[test]
    fn a_body_per_bar_green_above_its_open_and_red_else() {
        let table = Table { rows: vec![row("A", [Some(10.0), Some(13.0), Some(9.0), Some(12.0)])] };
        let drawing = draw(&table.all(), [0, 1, 2, 3, 4, 5], 6).unwrap().unwrap();
        let Picture::Panels(panels) = drawing.picture else { panic!("no panels") };
        assert_eq!(
            panels[0].summary,
            "A, trade date, 19 Nov 2026 to 20 Nov 2026: 2 bars between 9.00 and 13.00, the last close 12.00"
        );
        assert_eq!(
            (panels[0].svg.matches("#000400").count() > 0, panels[0].svg.matches("#000500").count() > 0),
            (true, true)
        );
    }

    #[test]
    fn bars_within_a_day_stand_at_their_times() {
        let mut row = row("A", [Some(10.0), Some(13.0), Some(9.0), Some(12.0)]);
        row[1] = Value::Times(vec!["2026-11-20T14:30:00".parse().ok(), "2026-11-20T14:35:00".parse().ok()]);
        let (found, _) = candles(&row, [1, 2, 3, 4, 5]).unwrap();
        assert_eq!(found.iter().map(|candle| candle.at).collect::<Vec<_>>(), [0, 5]);
        let drawing = draw(&Table { rows: vec![row] }.all(), [0, 1, 2, 3, 4, 5], 6).unwrap().unwrap();
        assert_eq!(drawing.x_unit, "time, UTC");
        let Picture::Panels(panels) = drawing.picture else { panic!("no panels") };
        assert_eq!(panels[0].value, "12.00 at 2026-11-20 14:35 UTC");
        assert_eq!(
            panels[0].summary,
            "A, 20 Nov 2026 14:30 to 14:35 UTC: 2 bars between 9.00 and 13.00, the last close 12.00"
        );
    }

    #[test]
    fn more_bars_than_there_is_room_for_are_drawn_together() {
        let candle = |at: i32| Candle {
            at,
            open: f64::from(at),
            high: f64::from(at) + 2.0,
            low: 1.0,
            close: f64::from(at) + 1.0,
        };
        let candles: Vec<Candle> = (0..1_500).map(candle).collect();
        let merged = merged(&candles);
        assert_eq!(merged.len(), 79);
        assert_eq!(merged[78], Candle { at: 1_482, open: 1_482.0, high: 1_501.0, low: 1.0, close: 1_500.0 });
        assert_eq!(super::merged(&candles[..80]), candles[..80]);
    }

    #[test]
    fn a_bar_that_ends_where_it_began_is_a_line() {
        let flat = [Some(10.0), Some(10.0), Some(10.0), Some(10.0)];
        let table = Table { rows: vec![row("A", flat)] };
        let drawing = draw(&table.all(), [0, 1, 2, 3, 4, 5], 6).unwrap().unwrap();
        let Picture::Panels(panels) = drawing.picture else { panic!("no panels") };
        assert_eq!(panels[0].svg.matches("<polyline fill=\"none\" opacity=\"1\" stroke=\"#000500\"").count(), 2);
    }

    #[test]
    fn a_bar_without_one_of_its_prices_is_left_out_and_none_at_all_is_no_chart() {
        let table = Table { rows: vec![row("A", [Some(10.0), None, Some(9.0), Some(12.0)])] };
        assert_eq!(candles(&table.rows[0], [1, 2, 3, 4, 5]).unwrap().0.len(), 1);
        let nothing = Table {
            rows: vec![vec![
                Value::Text("A".to_owned()),
                Value::Null,
                Value::Null,
                Value::Null,
                Value::Null,
                Value::Null,
            ]],
        };
        assert!(draw(&nothing.all(), [0, 1, 2, 3, 4, 5], 6).unwrap().is_none());
    }
}
