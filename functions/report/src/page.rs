//! The page of a report: one self-contained HTML file.
//!
//! Everything that comes out of a query is text to `maud`, which escapes it; the charts alone are put in as they are,
//! and the drawing library escapes their text.

mod figure;
mod frame;
mod rows;

use chrono::{DateTime, NaiveDate, Utc};
use maud::{Markup, html};

use crate::athena::Answer;
use crate::catalog::Report;
use crate::chart::{self, ChartError};
use crate::declaration::Declaration;
use crate::facts;
use crate::format;
use crate::table::{Rows, Table};
pub(crate) use frame::frame;

/// What a page says beside the rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// The UTC day that the report is about.
    pub(crate) date: NaiveDate,
    pub(crate) as_of: DateTime<Utc>,
    pub(crate) generated_at: DateTime<Utc>,
}

/// The page as HTML. It links what lies beside it: `report.csv`, `report.json`, and `index.html` two folders up.
pub(crate) fn render(report: &Report, table: &Table, answer: &Answer, moment: Moment) -> Result<String, ChartError> {
    let declaration = &report.declaration;
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
            @if table.rows.is_empty() {
                section class="empty" {
                    h2 { "Nothing to show" }
                    p { (declaration.empty_on(moment.date)) }
                }
            } @else {
                (stated(report, table))
                (charts(report, &table.all(), None, moment)?)
                (tables(report, table, moment)?)
            }
            (method(report))
        }
        (footer(report, table, answer, moment))
    };
    let title = format!("{} · {}", declaration.title, moment.date);
    Ok(frame(&title, &body))
}

fn stated(report: &Report, table: &Table) -> Markup {
    let facts = facts::state(&report.declaration, table);
    html! {
        @if !facts.is_empty() {
            dl class="facts" {
                @for fact in &facts {
                    div {
                        dt { (fact.label) }
                        dd class=[(!fact.value.contains(' ')).then_some("whole")] { (fact.value) @if let Some(unit) = fact.unit { " " span class="unit" { (unit) } } }
                    }
                }
            }
        }
    }
}

/// Those of a section, or those of no section.
fn charts(report: &Report, rows: &Rows<'_>, section: Option<&str>, moment: Moment) -> Result<Markup, ChartError> {
    let declaration = &report.declaration;
    let declared = declaration.charts.iter().filter(|chart| chart.section.as_deref() == section);
    let drawn = declared
        .map(|chart| Ok(figure::render(chart, chart::draw(chart, declaration, rows, moment.date)?.as_ref())))
        .collect::<Result<Vec<Markup>, ChartError>>()?;
    Ok(html! { @for chart in &drawn { (chart) } })
}

fn tables(report: &Report, table: &Table, moment: Moment) -> Result<Markup, ChartError> {
    let declaration = &report.declaration;
    let Some(position) = declaration.sections.as_ref().and_then(|column| declaration.position(column)) else {
        return Ok(rows::render(declaration, &table.all(), "All rows"));
    };
    let sections = section_names(declaration, table, position)
        .into_iter()
        .map(|name| {
            let rows = table.section(position, &name);
            let charts = charts(report, &rows, Some(&name), moment)?;
            Ok(html! {
                section class="part" {
                    h2 { (name) }
                    (charts)
                    @if rows.len() > 0 { (rows::render(declaration, &rows, &name)) }
                }
            })
        })
        .collect::<Result<Vec<Markup>, ChartError>>()?;
    Ok(html! { @for section in &sections { (section) } })
}

/// Those of the rows, and those of charts: a section that has a chart is there without rows too, to say why.
fn section_names(declaration: &Declaration, table: &Table, position: usize) -> Vec<String> {
    let mut names = table.texts(position);
    let declared: Vec<&String> = declaration.charts.iter().filter_map(|chart| chart.section.as_ref()).collect();
    for (place, name) in declared.iter().enumerate() {
        if !names.contains(name) {
            // Before the next that is declared, where a reader looks for it.
            let next = declared[place + 1..].iter().find_map(|next| names.iter().position(|known| known == *next));
            names.insert(next.unwrap_or(names.len()), (*name).clone());
        }
    }
    names
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

fn footer(report: &Report, table: &Table, answer: &Answer, moment: Moment) -> Markup {
    let minute = |time: DateTime<Utc>| time.format("%Y-%m-%d %H:%M UTC").to_string();
    let folders = report
        .folder_from(moment.date, moment.as_of)
        .map_or_else(|| "all folders".to_owned(), |first| format!("what landed from {first} on"));
    let entries = [
        ("Generated", minute(moment.generated_at)),
        ("As of", minute(moment.as_of)),
        ("Rows", format::count(table.rows.len())),
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
        }
    }
}

#[cfg(test)]
mod tests;
