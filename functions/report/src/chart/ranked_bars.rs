//! A horizontal bar per row, in the order of the rows: to the right above zero, to the left below.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::asked::{Asked, Mark};
use super::colour::{AXIS, FALL, INK, RISE};
use super::{
    Canvas, Drawing, NARROW, Picture, PlotError, RIGHT_MARGIN, Swatch, TOP_MARGIN, WIDE, fitting, is_drawable,
    label_style,
};
use crate::format::Scale;
use crate::table::{Rows, Value};

struct Bar {
    label: String,
    number: f64,
    text: String,
}

const MOST_BARS: usize = 40;
/// In pixels.
const BAR_HEIGHT: u32 = 24;
/// The place of a bar on its axis, and what of that is drawn.
const BAR: i32 = 100;
const BODY: i32 = 72;
const LABELS: u32 = 110;
/// For each letter of the number at the end of a bar.
const LETTER: f64 = 8.0;

/// `columns` are those of the label and the value.
pub(super) fn draw(
    rows: &Rows<'_>,
    columns: [usize; 2],
    unit: &str,
    digits: usize,
) -> Result<Option<Drawing>, PlotError> {
    let largest = rows
        .column(columns[1])
        .filter_map(Value::number)
        .filter(|number| is_drawable(*number))
        .map(f64::abs)
        .fold(0.0, f64::max);
    let scale = Scale::of(largest);
    let bar = |row: &[Value]| {
        let number = row[columns[1]].number().filter(|number| is_drawable(*number))?;
        let sign = if number > 0.0 { "+" } else { "" };
        let digits = if scale.divisor > 1.0 { 2 } else { digits };
        let text = format!("{sign}{}", scale.show(number, digits));
        Some(Bar { label: row[columns[0]].label(), number, text })
    };
    let mut bars: Vec<Bar> = rows.iter().filter_map(bar).collect();
    let left_out = bars.len().saturating_sub(MOST_BARS);
    bars.truncate(MOST_BARS);
    if bars.is_empty() {
        return Ok(None);
    }
    let parts: Vec<String> = bars.iter().map(|bar| format!("{} {}", bar.label, bar.text)).collect();
    let height = TOP_MARGIN * 2 + BAR_HEIGHT * u32::try_from(bars.len())?;
    Ok(Some(Drawing {
        picture: Picture::Whole {
            wide: plot(&bars, Canvas { height, ..WIDE })?,
            narrow: plot(&bars, Canvas { height, ..NARROW })?,
        },
        y_unit: unit.to_owned(),
        x_unit: String::new(),
        summary: format!("bars of {}", parts.join(", ")),
        legend: Vec::new(),
        swatch: Swatch::Box,
        note: (left_out > 0).then(|| format!("The first {MOST_BARS} are drawn, {left_out} more are not.")),
        asked: Asked::Marks(bars.iter().map(|bar| mark(bar, unit)).collect()),
    }))
}

fn mark(bar: &Bar, unit: &str) -> Mark {
    Mark { label: bar.label.clone(), values: vec![(None, format!("{} {unit}", bar.text))], shapes: 1 }
}

fn plot(bars: &[Bar], canvas: Canvas) -> Result<String, PlotError> {
    let low = bars.iter().map(|bar| bar.number).fold(0.0, f64::min);
    let high = bars.iter().map(|bar| bar.number).fold(0.0, f64::max);
    let span = (high - low).max(f64::MIN_POSITIVE);
    // Where bars end, a number must fit between them and the edge.
    let inner = f64::from(canvas.width - LABELS - RIGHT_MARGIN);
    let sides = f64::from(u8::from(low < 0.0)) + f64::from(u8::from(high > 0.0));
    #[expect(clippy::cast_precision_loss, reason = "a dozen letters")]
    let letters = bars.iter().map(|bar| bar.text.chars().count()).max().unwrap_or_default() as f64;
    let number_width = (LETTER * (letters + 1.0)).min(inner / 3.0);
    let air = span * number_width / (inner - sides * number_width);
    let left = if low < 0.0 { low - air } else { 0.0 };
    let right = if high > 0.0 { high + air } else { 0.0 };
    let range = if right > left { left..right } else { -1.0..1.0 };
    let count = bars.len();
    let top = i32::try_from(count)? * BAR;
    // The first is at the top.
    let places: Vec<i32> = (0..top / BAR).rev().map(|from_below| from_below * BAR + BAR / 2).collect();
    let labels: Vec<String> = bars.iter().map(|bar| fitting(&bar.label, LABELS - 12)).collect();
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (canvas.width, canvas.height)).into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .margin_top(TOP_MARGIN)
            .margin_bottom(TOP_MARGIN)
            .margin_right(RIGHT_MARGIN)
            .y_label_area_size(LABELS)
            .build_cartesian_2d(range, (0..top).with_key_points(places.clone()))?;
        chart
            .configure_mesh()
            .disable_mesh()
            .y_labels(count)
            .axis_style(AXIS)
            .label_style(label_style())
            .y_label_formatter(&|at| {
                let index = places.iter().position(|place| place == at);
                index.map_or_else(String::new, |index| labels[index].clone())
            })
            .draw()?;
        for (bar, at) in bars.iter().zip(&places) {
            let colour = if bar.number < 0.0 { FALL } else { RISE };
            chart
                .draw_series([Rectangle::new([(0.0, at - BODY / 2), (bar.number, at + BODY / 2)], colour.filled())])?;
            let side = if bar.number < 0.0 { HPos::Right } else { HPos::Left };
            let style = label_style().color(&INK).pos(Pos::new(side, VPos::Center));
            let gap = span * 6.0 / inner * if bar.number < 0.0 { -1.0 } else { 1.0 };
            chart.draw_series([Text::new(bar.text.clone(), (bar.number + gap, *at), style)])?;
        }
        chart.draw_series(LineSeries::new([(0.0, 0), (0.0, top)], AXIS))?;
        root.present()?;
    }
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Table;

    #[test]
    fn each_number_is_a_bar_on_its_side_of_zero() {
        let rows = [("UP", Value::Decimal(12.3)), ("DOWN", Value::Decimal(-4.0)), ("NONE", Value::Null)];
        let table = Table { rows: rows.map(|(label, value)| vec![Value::Text(label.to_owned()), value]).to_vec() };
        let drawing = draw(&table.all(), [0, 1], "%", 1).unwrap().unwrap();
        assert_eq!(drawing.summary, "bars of UP +12.3, DOWN −4.0");
        let Picture::Whole { wide, .. } = drawing.picture else { panic!("not one picture") };
        assert_eq!((wide.matches("#000400").count(), wide.matches("#000500").count()), (1, 1));
    }

    #[test]
    fn a_number_without_measure_is_left_out() {
        let rows =
            [("A", 1e307), ("B", 2.0)].map(|(label, value)| vec![Value::Text(label.to_owned()), Value::Decimal(value)]);
        let drawing = draw(&Table { rows: rows.to_vec() }.all(), [0, 1], "%", 1).unwrap().unwrap();
        assert_eq!(drawing.summary, "bars of B +2.0");
    }

    #[test]
    fn zeros_are_drawn_and_no_numbers_are_no_chart() {
        let flat = Table { rows: vec![vec![Value::Text("FLAT".to_owned()), Value::Decimal(0.0)]] };
        assert!(draw(&flat.all(), [0, 1], "%", 1).unwrap().is_some());
        assert!(draw(&Table { rows: Vec::new() }.all(), [0, 1], "%", 1).unwrap().is_none());
    }
}
