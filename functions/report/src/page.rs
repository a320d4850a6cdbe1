//! The page of a report: one self-contained HTML file.
//!
//! Everything that comes out of a query is text to `maud`, which escapes it; the charts alone are put in as they are,
//! and the drawing library escapes their text.

mod behind;
mod figure;
mod frame;
mod rows;
pub(crate) mod script;

use std::sync::LazyLock;

use chrono::{DateTime, NaiveDate, Utc};
use maud::{Markup, html};

use crate::athena::Answer;
use crate::catalog::Report;
use crate::chart::{self, ChartError, Drawing};
use crate::declaration::Chart;
use crate::facts;
use crate::format;
use crate::kept::{Group, Kept};
use crate::visible::shown;
use behind::Question;
pub(crate) use frame::frame;

/// Of a page, with everything in it.
pub(crate) const MOST_BYTES: usize = 1_000_000;

/// More rows of a table than these are for the files: a browser takes long over them, and nobody reads them.
const MOST_ROWS: usize = 200;

/// A page that is too large has fewer, but these.
const FEWEST_ROWS: usize = 10;

/// Of the name of a section.
const MOST_LETTERS: usize = 120;

/// What a page says beside the rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// The UTC day that the report is about.
    pub(crate) date: NaiveDate,
    pub(crate) as_of: DateTime<Utc>,
    pub(crate) generated_at: DateTime<Utc>,
}

/// The page as HTML. It links what lies beside it: `report.csv`, `report.json`, and `index.html` two folders up.
pub(crate) fn render(report: &Report, kept: &Kept<'_>, answer: &Answer, moment: Moment) -> Result<String, ChartError> {
    let mut rows = MOST_ROWS;
    loop {
        let page = with_rows(report, kept, answer, moment, rows)?;
        if page.len() <= MOST_BYTES || rows <= FEWEST_ROWS {
            return Ok(page);
        }
        rows /= 2;
    }
}

/// At most so many in each table.
fn with_rows(
    report: &Report,
    kept: &Kept<'_>,
    answer: &Answer,
    moment: Moment,
    rows: usize,
) -> Result<String, ChartError> {
    let declaration = &report.declaration;
    let mut questions = Vec::new();
    let body = html! {
        header {
            nav {
                span class="brand" { "tickerlake" }
                a class="beside" href="../../index.html" { "All reports" }
                a class="beside" href="report.csv" { "CSV" }
                a class="beside" href="report.json" { "JSON" }
            }
            h1 { (declaration.title) " " time datetime=(moment.date) { (moment.date.format("%-d %B %Y")) } }
            p class="description" { (declaration.description) }
        }
        main {
            @if moment.date > moment.generated_at.date_naive() {
                p class="notice" {
                    (moment.date) " has not come yet. This is what had landed until "
                    (moment.generated_at.format("%Y-%m-%d %H:%M UTC")) "."
                }
            }
            @if kept.all.count == 0 {
                section class="empty" {
                    h2 { "Nothing to show" }
                    p { (declaration.empty_on(moment.date)) }
                }
            } @else {
                (stated(kept))
                (charts(kept, &kept.all, None, moment, &mut questions)?)
                (tables(kept, moment, rows, &mut questions)?)
            }
            (method(report))
        }
        (footer(report, kept, answer, moment, questions.iter().any(Question::has_traces)))
    };
    let title = format!("{} · {}", declaration.title, moment.date);
    Ok(asked(&title, &body, &questions))
}

/// The page with what its charts are asked for, as far as there is room.
fn asked(title: &str, body: &Markup, questions: &[Question]) -> String {
    let mut scripts = vec![&script::SORTING];
    if questions.is_empty() {
        return frame(title, body, None, &scripts);
    }
    scripts.push(&script::ASKING);
    if questions.iter().any(Question::has_traces) {
        scripts.extend([&script::LIBRARY, &script::EXPLORING]);
    }
    let without = frame(title, body, Some(""), &scripts).len();
    let data = behind::to_json(questions, MOST_BYTES.saturating_sub(without + 1));
    frame(title, body, Some(&data), &scripts)
}

fn stated(kept: &Kept<'_>) -> Markup {
    let facts = facts::state(kept);
    html! {
        @if !facts.is_empty() {
            dl class="facts" {
                @for fact in &facts {
                    div {
                        dt { (fact.label) }
                        dd class=[is_whole(&fact.value).then_some("whole")] { bdi { (fact.value) } @if let Some(unit) = fact.unit { " " span class="unit" { (unit) } } }
                    }
                }
            }
        }
    }
}

/// A single number or a date; what is longer may be wrapped.
fn is_whole(value: &str) -> bool {
    const MOST: usize = 14;
    !value.contains(' ') && value.chars().count() <= MOST
}

/// Those of a section, or those of no section.
fn charts(
    kept: &Kept<'_>,
    group: &Group,
    section: Option<&str>,
    moment: Moment,
    questions: &mut Vec<Question>,
) -> Result<Markup, ChartError> {
    let (declaration, rows) = (kept.declaration, kept.rows(group));
    let declared: Vec<&Chart> = declaration.charts.iter().filter(|chart| chart.section.as_deref() == section).collect();
    let drawn = declared
        .iter()
        .map(|chart| {
            let drawing = chart::draw(chart, declaration, &rows, moment.date)?;
            let figure = figure::render(chart, drawing.as_ref(), questions.len());
            let question =
                |drawing: Drawing| Question { title: chart.title.clone(), asked: drawing.asked, rows: group.count };
            questions.extend(drawing.map(question));
            Ok(figure)
        })
        .collect::<Result<Vec<Markup>, ChartError>>()?;
    Ok(html! {
        @for chart in &drawn { (chart) }
        @if group.is_cut() && !drawn.is_empty() {
            p class="more" { "Only the first " (format::count(rows.len())) " of " (format::count(group.count)) " rows are looked at for what is drawn." }
        }
    })
}

fn tables(
    kept: &Kept<'_>,
    moment: Moment,
    most_rows: usize,
    questions: &mut Vec<Question>,
) -> Result<Markup, ChartError> {
    let declaration = kept.declaration;
    if declaration.sections.is_none() {
        return Ok(rows::render(kept, &kept.all, "All rows", most_rows));
    }
    let sections = sections(kept)
        .into_iter()
        .map(|(name, group)| {
            let charts = charts(kept, group, Some(name), moment, questions)?;
            let shown = shown(name, MOST_LETTERS);
            Ok(html! {
                section class="part" {
                    h2 { (shown) }
                    (charts)
                    @if group.count > 0 { (rows::render(kept, group, &shown, most_rows)) }
                }
            })
        })
        .collect::<Result<Vec<Markup>, ChartError>>()?;
    Ok(html! {
        @for section in &sections { (section) }
        @if kept.unsectioned > 0 {
            p class="more" { (format::count(kept.unsectioned)) " rows of further sections are in the CSV and JSON files beside this page." }
        }
    })
}

/// Those of the rows, and those of charts: a section that has a chart is there without rows too, to say why.
fn sections<'a>(kept: &'a Kept<'a>) -> Vec<(&'a str, &'a Group)> {
    static NOTHING: LazyLock<Group> = LazyLock::new(Group::default);
    let mut sections: Vec<(&str, &Group)> =
        kept.sections.iter().map(|section| (section.name.as_str(), section)).collect();
    let declared: Vec<&str> = kept.declaration.charts.iter().filter_map(|chart| chart.section.as_deref()).collect();
    for (place, name) in declared.iter().enumerate() {
        let place_of = |wanted: &str| sections.iter().position(|(name, _)| *name == wanted);
        if place_of(name).is_none() {
            // Before the next that is declared, where a reader looks for it.
            let next = declared[place + 1..].iter().find_map(|next| place_of(next));
            sections.insert(next.unwrap_or(sections.len()), (name, &NOTHING));
        }
    }
    sections
}

fn method(report: &Report) -> Markup {
    html! {
        @if !report.declaration.method.is_empty() {
            details class="method" {
                summary { "How these numbers are made" }
                @for paragraph in &report.declaration.method { p { (paragraph) } }
            }
        }
    }
}

fn footer(report: &Report, kept: &Kept<'_>, answer: &Answer, moment: Moment, has_library: bool) -> Markup {
    let minute = |time: DateTime<Utc>| time.format("%Y-%m-%d %H:%M UTC").to_string();
    let folders = report
        .folder_from(moment.date, moment.as_of)
        .map_or_else(|| "all folders".to_owned(), |first| format!("what landed from {first} on"));
    let entries = [
        ("Generated", minute(moment.generated_at)),
        ("As of", minute(moment.as_of)),
        ("Rows", format::count(kept.all.count)),
        ("Read", folders),
        ("Scanned", format::bytes(answer.scanned_bytes)),
        ("Engine time", format::milliseconds(answer.engine_milliseconds)),
        ("Cost, estimated at $5 per TB and 10 MB at least", format::cost(answer.scanned_bytes)),
        ("Athena query", answer.query_id.clone()),
    ];
    html! {
        footer {
            dl {
                @for (name, value) in &entries { div { dt { (name) } dd { (value) } } }
            }
            @if has_library {
                p class="notice-of-library" {
                    "Charts by TradingView Lightweight Charts™, copyright (с) 2023 TradingView, Inc. "
                    a href="https://www.tradingview.com/" { "www.tradingview.com" }
                    ", under the Apache License 2.0."
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
