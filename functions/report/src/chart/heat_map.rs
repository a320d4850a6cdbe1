//! A coloured square for each pair of names.

use std::ops::RangeInclusive;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::asked::{Asked, Mark};
use super::colour::{AXIS, COLD, INK, WARM};
use super::{Canvas, Drawing, LegendEntry, NARROW, Picture, PlotError, Swatch, TOP_MARGIN, WIDE, fitting, label_style};
use crate::format;
use crate::table::{Rows, Value};
use crate::visible::shown;

const MOST_NAMES: usize = 16;
/// Of a name in what a cell says.
const MOST_LETTERS: usize = 60;
/// In pixels.
const CELL_HEIGHT: u32 = 40;
/// The place of a pair on each axis, and what of that is coloured.
const CELL: i32 = 100;
const SQUARE: i32 = 96;
const X_LABELS: u32 = 30;
const RIGHT: u32 = 8;
/// Narrower than this, a column is named by its number, which stands before the name of its row.
const NAMED_CELL: u32 = 70;
/// Narrower than this, a cell does not say its number.
const NUMBERED_CELL: u32 = 34;
/// Of the colour at either end: text on it must still be read.
const STRONGEST: f64 = 0.5;

struct Grid {
    names: Vec<String>,
    /// By row and column; none where the pair has no number.
    cells: Vec<Vec<Option<f64>>>,
    range: RangeInclusive<f64>,
    digits: usize,
}

/// `columns` are those of the one name, the other name and the value.
pub(super) fn draw(
    rows: &Rows<'_>,
    columns: [usize; 3],
    range: RangeInclusive<f64>,
    digits: usize,
) -> Result<Option<Drawing>, PlotError> {
    let pair = |row: &[Value]| [row[columns[0]].to_plain(), row[columns[1]].to_plain()];
    let mut names: Vec<String> = Vec::new();
    for name in rows.iter().map(pair).map(|[row, _]| row).chain(rows.iter().map(pair).map(|[_, column]| column)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let left_out = names.len().saturating_sub(MOST_NAMES);
    names.truncate(MOST_NAMES);
    let mut cells = vec![vec![None; names.len()]; names.len()];
    let mut known = 0;
    for row in rows.iter() {
        let [one, other] = pair(row).map(|name| names.iter().position(|known| *known == name));
        if let (Some(one), Some(other), Some(number)) = (one, other, row[columns[2]].number()) {
            cells[one][other] = Some(number);
            cells[other][one] = Some(number);
            known += 1;
        }
    }
    if known == 0 {
        return Ok(None);
    }
    for (place, row) in cells.iter_mut().enumerate() {
        row[place].get_or_insert(*range.end());
    }
    let height = TOP_MARGIN + X_LABELS + CELL_HEIGHT * u32::try_from(names.len())?;
    let count = names.len();
    let grid = Grid { names, cells, range, digits };
    let end = |colour: RGBColor, number: f64| LegendEntry::named(colour, &format::decimal(number, 0));
    Ok(Some(Drawing {
        picture: Picture::Whole {
            wide: plot(&grid, Canvas { height, ..WIDE })?,
            narrow: plot(&grid, Canvas { height, ..NARROW })?,
        },
        y_unit: String::new(),
        x_unit: String::new(),
        summary: format!("{known} pairs of {count} names; the table below has the numbers"),
        legend: vec![end(COLD, *grid.range.start()), end(WARM, *grid.range.end())],
        swatch: Swatch::Box,
        note: (left_out > 0).then(|| format!("The first {MOST_NAMES} names are drawn, {left_out} more are not.")),
        asked: Asked::Marks(marks(&grid)),
    }))
}

/// A cell without a number has no shape.
fn marks(grid: &Grid) -> Vec<Mark> {
    let mut marks = Vec::new();
    for (name, cells) in grid.names.iter().zip(&grid.cells) {
        for (other, number) in grid.names.iter().zip(cells) {
            if let Some(number) = number {
                let values = vec![(None, format::decimal(*number, grid.digits))];
                let label = format!("{} and {}", shown(name, MOST_LETTERS), shown(other, MOST_LETTERS));
                marks.push(Mark { label, values, shapes: 1 });
            }
        }
    }
    marks
}

fn plot(grid: &Grid, canvas: Canvas) -> Result<String, PlotError> {
    let count = u32::try_from(grid.names.len())?;
    let labels_width = (canvas.width * 3 / 10).min(150);
    let cell_width = (canvas.width - labels_width - RIGHT) / count;
    let is_named = cell_width >= NAMED_CELL;
    let row_name = |index: usize| {
        let name = &grid.names[index];
        fitting(&if is_named { name.clone() } else { format!("{} {name}", index + 1) }, labels_width - 10)
    };
    let column_name = |index: usize| {
        if is_named { fitting(&grid.names[index], cell_width - 6) } else { (index + 1).to_string() }
    };
    let side = i32::try_from(count)? * CELL;
    let middles: Vec<i32> = (0..side / CELL).map(|index| index * CELL + CELL / 2).collect();
    let index_of = |at: i32| middles.iter().position(|middle| *middle == at);
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (canvas.width, canvas.height)).into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .margin_top(TOP_MARGIN)
            .margin_right(RIGHT)
            .x_label_area_size(X_LABELS)
            .y_label_area_size(labels_width)
            .build_cartesian_2d(
                (0..side).with_key_points(middles.clone()),
                (0..side).with_key_points(middles.clone()),
            )?;
        chart
            .configure_mesh()
            .disable_mesh()
            .x_labels(grid.names.len())
            .y_labels(grid.names.len())
            .axis_style(AXIS)
            .label_style(label_style())
            .x_label_formatter(&|at| index_of(*at).map_or_else(String::new, column_name))
            // The first row is at the top.
            .y_label_formatter(&|at| index_of(side - *at).map_or_else(String::new, row_name))
            .draw()?;
        for (row, cells) in grid.cells.iter().enumerate() {
            for (column, number) in cells.iter().enumerate() {
                let (x, y) = (middles[column], side - middles[row]);
                if let Some(number) = number {
                    let corners = [(x - SQUARE / 2, y - SQUARE / 2), (x + SQUARE / 2, y + SQUARE / 2)];
                    chart.draw_series([Rectangle::new(corners, shade(*number, &grid.range).filled())])?;
                }
                if cell_width >= NUMBERED_CELL {
                    let text = number
                        .map_or_else(|| format::NOTHING.to_owned(), |number| format::decimal(number, grid.digits));
                    let style = label_style().color(&INK).pos(Pos::new(HPos::Center, VPos::Center));
                    chart.draw_series([Text::new(text, (x, y), style)])?;
                }
            }
        }
        root.present()?;
    }
    Ok(svg)
}

/// The further from the middle of the range, the stronger.
fn shade(number: f64, range: &RangeInclusive<f64>) -> RGBAColor {
    let half = (range.end() - range.start()) / 2.0;
    let from_middle = ((number - range.start() - half) / half).clamp(-1.0, 1.0);
    let colour = if from_middle < 0.0 { COLD } else { WARM };
    colour.mix(from_middle.abs() * STRONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Table;

    fn pair(one: &str, other: &str, number: Option<f64>) -> Vec<Value> {
        vec![Value::Text(one.to_owned()), Value::Text(other.to_owned()), number.map_or(Value::Null, Value::Decimal)]
    }

    #[test]
    fn a_pair_is_drawn_both_ways_round_and_a_name_with_itself_once() {
        let table = Table { rows: vec![pair("A", "B", Some(-0.5)), pair("A", "C", None), pair("B", "C", Some(0.25))] };
        let drawing = draw(&table.all(), [0, 1, 2], -1.0..=1.0, 2).unwrap().unwrap();
        assert_eq!(drawing.summary, "2 pairs of 3 names; the table below has the numbers");
        let Picture::Whole { wide, narrow } = drawing.picture else { panic!("not one picture") };
        assert_eq!((wide.matches("#000600").count(), wide.matches("#000700").count()), (2, 5));
        assert_eq!(wide.matches("−0.50").count(), 2);
        assert_eq!(narrow.matches("1.00").count(), 3);
    }

    #[test]
    fn many_names_are_numbered_where_there_is_no_room_for_them() {
        let rows = (0..12).map(|number| pair("FIRST", &format!("NAME{number}"), Some(0.1))).collect();
        let drawing = draw(&Table { rows }.all(), [0, 1, 2], -1.0..=1.0, 2).unwrap().unwrap();
        let Picture::Whole { narrow, .. } = drawing.picture else { panic!("not one picture") };
        assert!(narrow.contains("13 NAME11") && !narrow.contains("0.10"), "{narrow}");
    }

    #[test]
    fn pairs_without_a_number_are_no_chart() {
        let table = Table { rows: vec![pair("A", "B", None)] };
        assert!(draw(&table.all(), [0, 1, 2], -1.0..=1.0, 2).unwrap().is_none());
    }
}
