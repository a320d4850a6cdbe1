//! A small chart per row, with a line for each of several columns.

use super::asked::{self, Asked, Clock, Traces};
use super::axis::DateAxis;
use super::colour;
use super::line_plot::{self, Line};
use super::{Drawing, LegendEntry, PANEL, Panel, Picture, PlotError, Swatch};
use crate::format;
use crate::table::{Rows, Value};

/// What is drawn.
pub(super) struct Columns {
    /// Names the panel.
    pub(super) label: usize,
    pub(super) x: usize,
    pub(super) y: Vec<usize>,
    /// What the lines are called, in the order of `y`.
    pub(super) names: Vec<String>,
}

/// The first `most` rows that have something to draw.
pub(super) fn draw(rows: &Rows<'_>, columns: &Columns, most: usize) -> Result<Option<Drawing>, PlotError> {
    let mut panels = Vec::new();
    let mut traces = Vec::new();
    let mut shown = Vec::new();
    for row in rows.iter() {
        let lines = lines(row, columns);
        let days = lines.iter().flat_map(|line| line.points.iter().map(|point| point.0));
        let Some(axis) = DateAxis::over(days).filter(|_| lines.iter().any(|line| line.points.len() > 1)) else {
            continue;
        };
        let label = row[columns.label].label();
        if panels.len() < most {
            panels.push(panel(label.clone(), &lines, axis)?);
            let places = axis.places();
            shown.push(asked::since_1970(places.start)..asked::since_1970(places.end));
        }
        traces.push(line_plot::trace(label, &lines));
    }
    let left_out = traces.len() - panels.len();
    let traces = Traces {
        kind: asked::Kind::Lines,
        clock: Clock::Days,
        names: columns.names.clone(),
        digits: None,
        drawn: panels.len(),
        panels: shown,
        rows: traces,
    };
    let entry = |(series, name): (usize, &String)| LegendEntry::named(colour::series(series), name);
    let legend = columns.names.iter().enumerate().map(entry).collect();
    Ok(drawing(panels, (legend, Swatch::Line), (most, left_out), traces))
}

/// The first `most` panels of prices; none if there are none.
pub(super) fn drawing(
    panels: Vec<Panel>,
    (legend, swatch): (Vec<LegendEntry>, Swatch),
    (most, left_out): (usize, usize),
    traces: Traces,
) -> Option<Drawing> {
    let note = || format!("The first {most} rows are drawn, {} more are not.", format::count(left_out));
    (!panels.is_empty()).then(|| Drawing {
        summary: format!("{} small charts, one per row", panels.len()),
        picture: Picture::Panels(panels),
        y_unit: "local currency".to_owned(),
        x_unit: "trade date".to_owned(),
        legend,
        swatch,
        note: (left_out > 0).then(note),
        asked: Asked::Traces(traces),
    })
}

/// A line without points keeps its place, and so its colour.
fn lines(row: &[Value], columns: &Columns) -> Vec<Line> {
    let line = |(y, name): (&usize, &String)| Line {
        label: name.clone(),
        points: line_plot::by_day(&line_plot::points(&row[columns.x], &row[*y])),
    };
    columns.y.iter().zip(&columns.names).map(line).collect()
}

fn panel(label: String, lines: &[Line], axis: DateAxis) -> Result<Panel, PlotError> {
    let ends: Vec<String> =
        lines.iter().filter_map(|line| Some(format!("{} {}", line.label, format::price(line.last()?)))).collect();
    let value = lines.first().and_then(Line::last).map_or_else(String::new, format::price);
    Ok(Panel {
        value: format!("{value} on {}", axis.last),
        svg: line_plot::plot(lines, axis, None, PANEL)?,
        summary: format!("{label}, {}: {}", axis.in_words(), ends.join(", ")),
        label,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Table;

    fn row(label: &str, closes: &[f64]) -> Vec<Value> {
        let dates = ["2026-11-18", "2026-11-19", "2026-11-20"];
        vec![
            Value::Text(label.to_owned()),
            Value::Dates(dates[..closes.len()].iter().map(|date| date.parse().ok()).collect()),
            Value::Decimals(closes.iter().copied().map(Some).collect()),
            Value::Null,
        ]
    }

    #[test]
    fn each_row_with_two_points_is_a_panel_up_to_so_many() {
        let rows = vec![row("ONE", &[1.0]), row("A", &[1.0, 2.0]), row("B", &[1.0, 2.0, 3.0]), row("C", &[4.0, 4.0])];
        let table = Table { rows };
        let columns = Columns { label: 0, x: 1, y: vec![2, 3], names: vec!["close".to_owned(), "average".to_owned()] };
        let drawing = draw(&table.all(), &columns, 2).unwrap().unwrap();
        let Picture::Panels(panels) = drawing.picture else { panic!("no panels") };
        assert_eq!(
            panels.iter().map(|panel| panel.value.as_str()).collect::<Vec<_>>(),
            ["2.00 on 2026-11-19", "3.00 on 2026-11-20"]
        );
        assert_eq!(panels[1].summary, "B, trade date, 18 Nov 2026 to 20 Nov 2026: close 3.00");
        assert_eq!(drawing.note.unwrap(), "The first 2 rows are drawn, 1 more are not.");
        assert!(draw(&Table { rows: vec![row("ONE", &[1.0])] }.all(), &columns, 2).unwrap().is_none());
    }
}
