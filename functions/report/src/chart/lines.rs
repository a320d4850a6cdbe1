//! Lines that all begin at 100, so that a symbol of 500 points and one of 30,000 can be compared.

use chrono::{Datelike, Days, NaiveDate};
use plotters::prelude::*;

use super::{
    AXIS, Canvas, Drawing, GRID, LegendEntry, MOST_SERIES, NARROW, RIGHT_MARGIN, Swatch, TOP_MARGIN, WIDE,
    X_LABEL_AREA, Y_LABEL_AREA, label_style, series_sentinel,
};
use crate::format;
use crate::table::{Table, Value};

struct Line {
    label: String,
    /// Days of the common era, and the index.
    points: Vec<(i32, f64)>,
}

/// `columns` are those of the label, the dates and the numbers.
pub(super) fn draw(table: &Table, columns: [usize; 3], days: u32) -> Result<Option<Drawing>, String> {
    let Some(newest) = table.column(columns[1]).filter_map(newest_date).max() else {
        return Ok(None);
    };
    let oldest = newest.checked_sub_days(Days::new(days.into())).unwrap_or(NaiveDate::MIN);
    let mut lines = Vec::new();
    let mut older = Vec::new();
    for row in &table.rows {
        let label = row[columns[0]].to_plain();
        let points = indexed(&row[columns[1]], &row[columns[2]], oldest);
        if points.len() > 1 { lines.push(Line { label, points }) } else { older.push(label) }
    }
    if lines.is_empty() {
        return Ok(None);
    }
    lines.sort_by(|left, right| move_of(right).abs().total_cmp(&move_of(left).abs()));
    let left_out = lines.len().saturating_sub(MOST_SERIES);
    lines.truncate(MOST_SERIES);
    lines.sort_by(|left, right| move_of(right).total_cmp(&move_of(left)));
    let first_day = lines.iter().filter_map(|line| line.points.first()).map(|point| point.0).min();
    let first = first_day.and_then(NaiveDate::from_num_days_from_ce_opt).unwrap_or(oldest);
    Ok(Some(Drawing {
        wide: plot(&lines, first, newest, WIDE).map_err(|error| error.to_string())?,
        narrow: plot(&lines, first, newest, NARROW).map_err(|error| error.to_string())?,
        y_unit: "first bar drawn = 100".to_owned(),
        x_unit: format!("trade date, {} to {}", first.format("%-d %b %Y"), newest.format("%-d %b %Y")),
        summary: summary(&lines),
        legend: legend(&lines),
        swatch: Swatch::Line,
        note: note(left_out, &older, oldest),
    }))
}

fn newest_date(dates: &Value) -> Option<NaiveDate> {
    match dates {
        Value::Dates(dates) => dates.iter().flatten().max().copied(),
        _ => None,
    }
}

fn indexed(dates: &Value, numbers: &Value, oldest: NaiveDate) -> Vec<(i32, f64)> {
    let (Value::Dates(dates), Value::Decimals(numbers)) = (dates, numbers) else {
        return Vec::new();
    };
    let known = dates.iter().zip(numbers).filter_map(|(date, number)| Some(((*date)?, (*number)?)));
    let recent: Vec<(NaiveDate, f64)> = known.filter(|(date, _)| *date >= oldest).collect();
    match recent.first() {
        Some((_, base)) if *base > 0.0 => {
            recent.iter().map(|(date, number)| (date.num_days_from_ce(), 100.0 * number / base)).collect()
        }
        _ => Vec::new(),
    }
}

fn plot(
    lines: &[Line],
    first: NaiveDate,
    last: NaiveDate,
    canvas: Canvas,
) -> Result<String, Box<dyn std::error::Error>> {
    let (low, high) = lines
        .iter()
        .flat_map(|line| &line.points)
        .fold((100.0_f64, 100.0_f64), |(low, high), (_, index)| (low.min(*index), high.max(*index)));
    let air = ((high - low) * 0.06).max(0.5);
    let digits = usize::from(high - low < 4.0);
    let (first_day, last_day) = (first.num_days_from_ce(), last.num_days_from_ce());
    let step = usize::try_from((last_day - first_day) / i32::try_from(canvas.x_labels)? + 1)?;
    let ticks: Vec<i32> = (first_day..=last_day).rev().step_by(step).collect();
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (canvas.width, canvas.height)).into_drawing_area();
        let mut chart = ChartBuilder::on(&root)
            .margin_top(TOP_MARGIN)
            .margin_right(RIGHT_MARGIN)
            .x_label_area_size(X_LABEL_AREA)
            .y_label_area_size(Y_LABEL_AREA)
            .build_cartesian_2d((first_day..last_day).with_key_points(ticks), low - air..high + air)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .y_labels(8)
            .y_max_light_lines(0)
            .axis_style(AXIS)
            .bold_line_style(GRID)
            .label_style(label_style())
            .x_label_formatter(&|day| {
                NaiveDate::from_num_days_from_ce_opt(*day)
                    .map_or_else(String::new, |day| day.format("%-d %b").to_string())
            })
            .y_label_formatter(&|index| format::decimal(*index, digits))
            .draw()?;
        chart.draw_series(LineSeries::new([(first_day, 100.0), (last_day, 100.0)], AXIS))?;
        for (series, line) in lines.iter().enumerate() {
            let style = series_sentinel(series).stroke_width(2);
            chart.draw_series(LineSeries::new(line.points.iter().copied(), style))?;
        }
        root.present()?;
    }
    Ok(svg)
}

/// How far the line has gone from 100.
fn move_of(line: &Line) -> f64 {
    line.points.last().map_or(0.0, |(_, index)| index - 100.0)
}

fn legend(lines: &[Line]) -> Vec<LegendEntry> {
    let entry = |(series, line): (usize, &Line)| LegendEntry {
        series,
        label: line.label.clone(),
        value: format::decimal(100.0 + move_of(line), 1),
    };
    lines.iter().enumerate().map(entry).collect()
}

fn summary(lines: &[Line]) -> String {
    let ends: Vec<String> =
        lines.iter().map(|line| format!("{} at {}", line.label, format::decimal(100.0 + move_of(line), 1))).collect();
    format!("lines that begin at 100 and end with {}", ends.join(", "))
}

fn note(left_out: usize, older: &[String], oldest: NaiveDate) -> Option<String> {
    let mut notes = Vec::new();
    if left_out > 0 {
        notes.push(format!("The {MOST_SERIES} that moved most are drawn, {left_out} more are not."));
    }
    if !older.is_empty() {
        let names = if older.len() > 5 { format!("{} symbols", older.len()) } else { older.join(", ") };
        notes.push(format!("Not drawn, with fewer than two usable closes since {oldest}: {names}."));
    }
    (!notes.is_empty()).then(|| notes.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let drawing = draw(&table, [0, 1, 2], 45).unwrap().unwrap();
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
        let note = draw(&table, [0, 1, 2], 45).unwrap().unwrap().note.unwrap();
        assert_eq!(note, "Not drawn, with fewer than two usable closes since 2026-10-06: OLD.");
    }

    #[test]
    fn of_many_symbols_those_that_moved_most_are_drawn() {
        let dates = ["2026-11-19", "2026-11-20"];
        let rows = (0..20_u8).map(|n| row(&n.to_string(), &dates, &[100.0, 100.0 + f64::from(n)])).collect();
        let drawing = draw(&Table { rows }, [0, 1, 2], 45).unwrap().unwrap();
        let labels: Vec<&str> = drawing.legend.iter().map(|entry| entry.label.as_str()).collect();
        assert_eq!((labels.len(), labels[0], labels[15]), (16, "19", "4"));
        assert_eq!(drawing.note.unwrap(), "The 16 that moved most are drawn, 4 more are not.");
    }

    #[test]
    fn one_bar_or_none_is_no_chart() {
        let table = Table { rows: vec![row("A", &["2026-11-20"], &[50.0])] };
        assert!(draw(&table, [0, 1, 2], 45).unwrap().is_none());
        assert!(draw(&Table { rows: Vec::new() }, [0, 1, 2], 45).unwrap().is_none());
    }
}
