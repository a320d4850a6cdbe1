//! A line per row: as the numbers are, or so that all begin at 100, which lets a symbol of 500 points be compared with one of 30,000.

use chrono::{Days, NaiveDate};

use super::asked::{self, Asked, Clock, Traces};
use super::axis::DateAxis;
use super::colour::{MOST_SERIES, series_colour};
use super::line_plot::{self, Line};
use super::{Drawing, LegendEntry, NARROW, Picture, PlotError, Swatch, WIDE, is_drawable};
use crate::format;
use crate::table::{Rows, Value};

/// What is drawn, and how it is told.
pub(super) struct Form<'a> {
    /// Before the newest point of all.
    pub(super) days: Option<u32>,
    pub(super) unit: &'a str,
    /// Decimal places.
    pub(super) digits: usize,
    /// How many lines, from the first row.
    pub(super) most: usize,
}

/// `columns` are those of the label, the dates and the numbers.
pub(super) fn draw(rows: &Rows<'_>, columns: [usize; 3], form: &Form<'_>) -> Result<Option<Drawing>, PlotError> {
    let Form { days, unit, digits, most } = *form;
    let most = most.min(MOST_SERIES);
    let oldest = days.and_then(|days| oldest_shown(rows, columns[1], days)).unwrap_or(NaiveDate::MIN);
    let (mut lines, older) = lines_since(rows, columns, |dates, numbers| {
        let known = line_plot::points(dates, numbers);
        line_plot::by_day(&known.into_iter().filter(|(date, _)| *date >= oldest).collect::<Vec<_>>())
    });
    let others = lines.split_off(lines.len().min(most));
    let Some(axis) = days_of(&lines) else {
        return Ok(None);
    };
    let end = |line: &Line| line.last().map_or_else(String::new, |last| format::decimal(last, digits));
    let ends: Vec<String> = lines.iter().map(|line| format!("{} at {}", line.label, end(line))).collect();
    Ok(Some(Drawing {
        picture: whole(&lines, axis, None)?,
        y_unit: unit.to_owned(),
        x_unit: axis.in_words(),
        summary: format!("lines that end with {}", ends.join(", ")),
        legend: legend(&lines, end),
        swatch: Swatch::Line,
        note: note((most, "first"), others.len(), &older, oldest),
        asked: asked(lines, others, digits),
    }))
}

/// Those that are drawn, and the others.
fn asked(drawn: Vec<Line>, others: Vec<Line>, digits: usize) -> Asked {
    let count = drawn.len();
    let trace = |line: Line| line_plot::trace(line.label.clone(), &[line]);
    Asked::Traces(Traces {
        kind: asked::Kind::Together,
        clock: Clock::Days,
        names: vec![String::new()],
        digits: Some(digits),
        drawn: count,
        panels: Vec::new(),
        rows: drawn.into_iter().chain(others).map(trace).collect(),
    })
}

/// The same, each line divided by its first number since `days` before the newest of all.
pub(super) fn draw_indexed(rows: &Rows<'_>, columns: [usize; 3], days: u32) -> Result<Option<Drawing>, PlotError> {
    let Some(oldest) = oldest_shown(rows, columns[1], days) else {
        return Ok(None);
    };
    let (mut lines, older) = lines_since(rows, columns, |dates, numbers| indexed(dates, numbers, oldest));
    lines.sort_by(|left, right| move_of(right).abs().total_cmp(&move_of(left).abs()));
    let others = lines.split_off(lines.len().min(MOST_SERIES));
    lines.sort_by(|left, right| move_of(right).total_cmp(&move_of(left)));
    let Some(axis) = days_of(&lines) else {
        return Ok(None);
    };
    let end = |line: &Line| format::decimal(100.0 + move_of(line), 1);
    let ends: Vec<String> = lines.iter().map(|line| format!("{} at {}", line.label, end(line))).collect();
    Ok(Some(Drawing {
        picture: whole(&lines, axis, Some(100.0))?,
        y_unit: "first bar drawn = 100".to_owned(),
        x_unit: axis.in_words(),
        summary: format!("lines that begin at 100 and end with {}", ends.join(", ")),
        legend: legend(&lines, end),
        swatch: Swatch::Line,
        note: note((MOST_SERIES, "that moved most"), others.len(), &older, oldest),
        asked: asked(lines, others, 1),
    }))
}

/// So many days before the newest of all dates.
fn oldest_shown(rows: &Rows<'_>, dates: usize, days: u32) -> Option<NaiveDate> {
    let newest = rows.column(dates).filter_map(newest_date).max()?;
    newest.checked_sub_days(Days::new(days.into()))
}

/// The lines of two points and more, and the names of those that have fewer. A row without dates is not meant to be drawn.
fn lines_since(
    rows: &Rows<'_>,
    columns: [usize; 3],
    points: impl Fn(&Value, &Value) -> Vec<(i32, f64)>,
) -> (Vec<Line>, Vec<String>) {
    let mut lines = Vec::new();
    let mut older = Vec::new();
    for row in rows.iter().filter(|row| row[columns[1]] != Value::Null) {
        let label = row[columns[0]].label();
        let points = points(&row[columns[1]], &row[columns[2]]);
        if points.len() > 1 { lines.push(Line { label, points }) } else { older.push(label) }
    }
    (lines, older)
}

fn days_of(lines: &[Line]) -> Option<DateAxis> {
    DateAxis::over(lines.iter().flat_map(|line| line.points.iter().map(|point| point.0)))
}

fn whole(lines: &[Line], axis: DateAxis, baseline: Option<f64>) -> Result<Picture, PlotError> {
    let wide = line_plot::plot(lines, axis, baseline, WIDE)?;
    Ok(Picture::Whole { wide, narrow: line_plot::plot(lines, axis, baseline, NARROW)? })
}

fn newest_date(dates: &Value) -> Option<NaiveDate> {
    match dates {
        Value::Dates(dates) => dates.iter().flatten().max().copied(),
        _ => None,
    }
}

fn indexed(dates: &Value, numbers: &Value, oldest: NaiveDate) -> Vec<(i32, f64)> {
    let known = line_plot::points(dates, numbers);
    let recent: Vec<(NaiveDate, f64)> = known.into_iter().filter(|(date, _)| *date >= oldest).collect();
    match recent.first() {
        Some((_, base)) if *base > 0.0 => {
            let base = *base;
            let share = |(day, number): (i32, f64)| (day, 100.0 * number / base);
            line_plot::by_day(&recent).into_iter().map(share).filter(|(_, index)| is_drawable(*index)).collect()
        }
        _ => Vec::new(),
    }
}

/// How far the line has gone from 100.
fn move_of(line: &Line) -> f64 {
    line.last().map_or(0.0, |index| index - 100.0)
}

fn legend(lines: &[Line], end: impl Fn(&Line) -> String) -> Vec<LegendEntry> {
    let entry = |(series, line): (usize, &Line)| LegendEntry {
        colour: series_colour(series),
        label: line.label.clone(),
        value: end(line),
    };
    lines.iter().enumerate().map(entry).collect()
}

/// `drawn` says which are, if there are more than can be told apart.
fn note((most, drawn): (usize, &str), left_out: usize, older: &[String], oldest: NaiveDate) -> Option<String> {
    let mut notes = Vec::new();
    if left_out > 0 {
        notes.push(format!("The {most} {drawn} are drawn, {left_out} more are not."));
    }
    if !older.is_empty() {
        let names = if older.len() > 5 { format!("{} symbols", older.len()) } else { older.join(", ") };
        let since = if oldest == NaiveDate::MIN { String::new() } else { format!(" since {oldest}") };
        notes.push(format!("Not drawn, with fewer than two usable values{since}: {names}."));
    }
    (!notes.is_empty()).then(|| notes.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Table;

    fn row(label: &str, dates: &[&str], closes: &[f64]) -> Vec<Value> {
        vec![
            Value::Text(label.to_owned()),
            Value::Dates(dates.iter().map(|date| date.parse().ok()).collect()),
            Value::Decimals(closes.iter().copied().map(Some).collect()),
        ]
    }

    #[test]
    fn each_line_begins_at_100_and_the_legend_is_sorted_by_its_end() {
        let dates = ["2026-11-19", "2026-11-20"];
        let table = Table { rows: vec![row("A", &dates, &[50.0, 45.0]), row("B", &dates, &[3.0, 6.0])] };
        let drawing = draw_indexed(&table.all(), [0, 1, 2], 45).unwrap().unwrap();
        assert_eq!(drawing.summary, "lines that begin at 100 and end with B at 200.0, A at 90.0");
        assert_eq!(drawing.x_unit, "trade date, 19 Nov 2026 to 20 Nov 2026");
        assert_eq!(drawing.note, None);
    }

    #[test]
    fn a_symbol_whose_bars_are_older_than_the_chart_is_named_below_it() {
        let table = Table {
            rows: vec![
                row("A", &["2026-11-19", "2026-11-20"], &[50.0, 45.0]),
                row("OLD", &["2017-11-27", "2017-11-28"], &[1.0, 2.0]),
            ],
        };
        let note = draw_indexed(&table.all(), [0, 1, 2], 45).unwrap().unwrap().note.unwrap();
        assert_eq!(note, "Not drawn, with fewer than two usable values since 2026-10-06: OLD.");
    }

    #[test]
    fn of_many_symbols_those_that_moved_most_are_drawn() {
        let dates = ["2026-11-19", "2026-11-20"];
        let rows = (0..20_u8).map(|n| row(&n.to_string(), &dates, &[100.0, 100.0 + f64::from(n)])).collect();
        let drawing = draw_indexed(&Table { rows }.all(), [0, 1, 2], 45).unwrap().unwrap();
        let labels: Vec<&str> = drawing.legend.iter().map(|entry| entry.label.as_str()).collect();
        assert_eq!((labels.len(), labels[0], labels[15]), (16, "19", "4"));
        assert_eq!(drawing.note.unwrap(), "The 16 that moved most are drawn, 4 more are not.");
    }

    #[test]
    fn a_number_without_measure_is_left_out_and_the_others_are_drawn() {
        let dates = ["2026-11-18", "2026-11-19", "2026-11-20"];
        let table =
            Table { rows: vec![row("A", &dates, &[1e-300, 1e10, 2e-300]), row("B", &dates, &[1.0, 1e307, 2.0])] };
        let drawing = draw_indexed(&table.all(), [0, 1, 2], 45).unwrap().unwrap();
        assert_eq!(drawing.summary, "lines that begin at 100 and end with A at 200.0, B at 200.0");
    }

    #[test]
    fn one_bar_or_none_is_no_chart() {
        let table = Table { rows: vec![row("A", &["2026-11-20"], &[50.0])] };
        assert!(draw_indexed(&table.all(), [0, 1, 2], 45).unwrap().is_none());
        assert!(draw_indexed(&Table { rows: Vec::new() }.all(), [0, 1, 2], 45).unwrap().is_none());
    }
}
