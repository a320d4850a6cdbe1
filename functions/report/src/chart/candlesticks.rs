//! A small chart per row: each bar is a line from its low to its high, with a body from its open to its close.

use chrono::Datelike;
use plotters::prelude::*;

use super::axis::DateAxis;
use super::colour::{FALL, RISE};
use super::{Drawing, LegendEntry, PANEL, Panel, PlotError, Swatch, is_drawable, panels};
use crate::format;
use crate::table::{Rows, Value};

/// One bar, by its day of the common era.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Candle {
    day: i32,
    open: f64,
    high: f64,
    low: f64,
    close: f64,
}

/// `columns` are those of the label, the dates, open, high, low and close.
pub(super) fn draw(rows: &Rows<'_>, columns: [usize; 6], most: usize) -> Result<Option<Drawing>, PlotError> {
    let [label, prices @ ..] = columns;
    let mut drawn = Vec::new();
    let mut left_out = 0;
    for row in rows.iter() {
        let candles = candles(row, prices);
        let Some(axis) = DateAxis::over(candles.iter().map(|candle| candle.day)) else { continue };
        if drawn.len() == most {
            left_out += 1;
        } else {
            drawn.push(panel(row[label].label(), &candles, axis)?);
        }
    }
    let legend = [(RISE, "closed above its open"), (FALL, "closed at or below it")];
    let legend = legend.map(|(colour, label)| LegendEntry::named(colour, label)).into();
    Ok(panels::drawing(drawn, (legend, Swatch::Box), most, left_out))
}

/// A day without one of the four prices is left out. Where the high is below the low, which data-quality tells, the line still spans both.
fn candles(row: &[Value], [dates, open, high, low, close]: [usize; 5]) -> Vec<Candle> {
    let Value::Dates(dates) = &row[dates] else {
        return Vec::new();
    };
    let number = |column: usize, place: usize| match &row[column] {
        Value::Decimals(numbers) => numbers.get(place).copied().flatten().filter(|number| is_drawable(*number)),
        _ => None,
    };
    let candle = |(place, date): (usize, &Option<chrono::NaiveDate>)| {
        Some(Candle {
            day: (*date)?.num_days_from_ce(),
            open: number(open, place)?,
            high: number(high, place)?,
            low: number(low, place)?,
            close: number(close, place)?,
        })
    };
    dates.iter().enumerate().filter_map(candle).collect()
}

fn panel(label: String, candles: &[Candle], axis: DateAxis) -> Result<Panel, PlotError> {
    let prices = || candles.iter().flat_map(|candle| [candle.open, candle.high, candle.low, candle.close]);
    let low = prices().fold(f64::INFINITY, f64::min);
    let high = prices().fold(f64::NEG_INFINITY, f64::max);
    let days = u32::try_from((axis.last - axis.first).num_days())? + 2;
    // So that the first and the last body are whole.
    let roomy = DateAxis { room: 1, ..axis };
    let width = (PANEL.width / days.max(1) * 6 / 10).clamp(2, 12);
    let svg = roomy.plot(PANEL, &(low..=high), |chart| {
        let bodies = candles.iter().map(|candle| {
            let Candle { day, open, high, low, close } = *candle;
            CandleStick::new(day, open, high, low, close, RISE.filled(), FALL.filled(), width)
        });
        chart.draw_series(bodies)?;
        // A body of no height is not drawn: this is its line.
        let half = i32::try_from(width / 2)?;
        chart.draw_series(candles.iter().map(|candle| {
            let colour = if candle.open < candle.close { RISE } else { FALL };
            EmptyElement::at((candle.day, candle.close)) + PathElement::new([(-half, 0), (half, 0)], colour)
        }))?;
        Ok(())
    })?;
    let close = candles.last().map_or_else(String::new, |candle| format::price(candle.close));
    Ok(Panel {
        value: format!("{close} on {}", axis.last),
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
        assert_eq!(candles(&table.rows[0], [1, 2, 3, 4, 5]).len(), 1);
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
