//! The page of a report: one self-contained HTML file.
//!
//! Everything that comes out of a query is text to `maud`, which escapes it; the charts alone are put in as they are,
//! and the drawing library escapes their text.

mod facts;
mod rows;

use chrono::{DateTime, NaiveDate, Utc};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::athena::Answer;
use crate::catalog::Report;
use crate::chart::{self, ChartError, Drawing, LegendEntry, Swatch};
use crate::declaration::Chart;
use crate::format;
use crate::table::Table;

/// What a page says beside the rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    /// The UTC day that the report is about.
    pub(crate) date: NaiveDate,
    pub(crate) as_of: DateTime<Utc>,
    pub(crate) generated_at: DateTime<Utc>,
}

/// The page as HTML.
pub(crate) fn render(report: &Report, table: &Table, answer: &Answer, moment: Moment) -> Result<String, ChartError> {
    let declaration = &report.declaration;
    let charts = declaration
        .charts
        .iter()
        .map(|chart| Ok((chart, chart::draw(chart, declaration, table, moment.date)?)))
        .collect::<Result<Vec<(&Chart, Option<Drawing>)>, ChartError>>()?;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (declaration.title) " · " (moment.date) }
                style { (PreEscaped(include_str!("page.css"))) }
            }
            body {
                header {
                    p class="brand" { "tickerlake" }
                    h1 { (declaration.title) " " time datetime=(moment.date) { (moment.date.format("%-d %B %Y")) } }
                    p class="description" { (declaration.description) }
                }
                main {
                    @if table.rows.is_empty() {
                        section class="empty" {
                            h2 { "Nothing to show" }
                            p { (declaration.empty.replace("{date}", &moment.date.to_string())) }
                        }
                    } @else {
                        (facts::render(declaration, table))
                        div class="charts" {
                            @for (chart, drawing) in &charts { (figure(chart, drawing.as_ref())) }
                        }
                        (rows::render(declaration, table))
                    }
                }
                (footer(table, answer, moment))
            }
        }
    };
    Ok(page.into_string())
}

fn figure(chart: &Chart, drawing: Option<&Drawing>) -> Markup {
    let Some(drawing) = drawing else {
        return html! {
            figure class="chart" {
                figcaption { (chart.title()) }
                p class="muted" { (chart.empty()) }
            }
        };
    };
    let label = format!("{}: {}", chart.title(), drawing.summary);
    html! {
        figure class="chart" {
            figcaption { (chart.title()) span class="unit" { (drawing.y_unit) } }
            div role="img" aria-label=(label) {
                div class="wide" { (PreEscaped(&drawing.wide)) }
                div class="narrow" { (PreEscaped(&drawing.narrow)) }
            }
            p class="axis" { (drawing.x_unit) }
            @if !drawing.legend.is_empty() {
                ul class="legend" { @for entry in &drawing.legend { li { (legend(entry, drawing.swatch)) } } }
            }
            @if let Some(note) = &drawing.note { p class="muted" { (note) } }
        }
    }
}

fn legend(entry: &LegendEntry, swatch: Swatch) -> Markup {
    let colour = chart::series_colour(entry.series);
    html! {
        svg width="22" height="10" viewBox="0 0 22 10" aria-hidden="true" {
            @match swatch {
                Swatch::Line => line x1="1" y1="5" x2="21" y2="5" stroke=(colour) stroke-width="3" {},
                Swatch::Box => rect x="6" width="10" height="10" rx="2" fill=(colour) {},
            }
        }
        " " (entry.label) " " span class="value" { (entry.value) }
    }
}

fn footer(table: &Table, answer: &Answer, moment: Moment) -> Markup {
    let minute = |time: DateTime<Utc>| time.format("%Y-%m-%d %H:%M UTC").to_string();
    let rows = i64::try_from(table.rows.len()).unwrap_or(i64::MAX);
    let entries = [
        ("Generated", minute(moment.generated_at)),
        ("As of", minute(moment.as_of)),
        ("Rows", format::integer(rows)),
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
