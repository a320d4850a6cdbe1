//! The table of a page.

use maud::{Markup, html};

use crate::declaration::{Column, Declaration, Format};
use crate::format;
use crate::kept::{Group, Kept};
use crate::sparkline;
use crate::table::Value;
use crate::visible::is_word;

/// More columns than these are printed smaller.
const MOST_COLUMNS_ON_PAPER: usize = 10;

/// At most so many rows. `name` is what a screen reader calls the table.
pub(super) fn render(kept: &Kept<'_>, group: &Group, name: &str, most: usize) -> Markup {
    let declaration = kept.declaration;
    let shown: Vec<(usize, &Column)> = declaration
        .columns
        .iter()
        .enumerate()
        .filter(|(position, column)| is_shown(declaration, column, group.filled[*position]))
        .collect();
    let columns: Vec<&Column> = shown.iter().map(|(_, column)| *column).collect();
    html! {
        div class="scroll" tabindex="0" role="region" aria-label=(name) {
            table data-sortable class=[(columns.len() > MOST_COLUMNS_ON_PAPER).then_some("dense")] {
                thead { (heading(&columns)) }
                tbody {
                    @for row in kept.rows(group).iter().take(most) {
                        tr { @for (place, (position, column)) in shown.iter().enumerate() {
                            (cell(column, &row[*position], place == 0))
                        } }
                    }
                }
            }
        }
        @if group.count > most {
            p class="more" {
                "The first " (format::count(most)) " of " (format::count(group.count))
                " rows. All of them are in the CSV and JSON files beside this page."
            }
        }
    }
}

fn is_shown(declaration: &Declaration, column: &Column, has_something: bool) -> bool {
    let is_heading = declaration.sections.as_ref() == Some(&column.name);
    !is_heading && !column.csv_only && (!column.sparse || has_something)
}

/// One row of labels, and above it one of groups if there are any.
fn heading(columns: &[&Column]) -> Markup {
    let has_groups = columns.iter().any(|column| column.group.is_some());
    let numbered: Vec<(usize, &&Column)> = columns.iter().enumerate().collect();
    let groups: Vec<&[(usize, &&Column)]> =
        numbered.chunk_by(|(_, left), (_, right)| left.group.is_some() && left.group == right.group).collect();
    html! {
        @if has_groups {
            tr {
                @for members in &groups {
                    @if let Some(group) = members.first().and_then(|(_, column)| column.group.as_ref()) {
                        th class="group" colspan=(members.len()) scope="colgroup" { span { (group) } }
                    } @else {
                        @for (place, column) in *members { (label(column, *place, 2)) }
                    }
                }
            }
        }
        tr {
            @for (place, column) in numbered.iter().filter(|(_, column)| !has_groups || column.group.is_some()) {
                (label(column, *place, 1))
            }
        }
    }
}

fn label(column: &Column, place: usize, height: u8) -> Markup {
    html! {
        th scope="col" data-column=(place) class=[is_number(column).then_some("number")] rowspan=[(height > 1).then_some(height)] {
            (column.label)
            @if let Some(unit) = &column.unit { " " span class="unit" { (unit) } }
        }
    }
}

fn cell(column: &Column, value: &Value, is_first: bool) -> Markup {
    let sort = sort_key(value);
    if let Value::Decimals(numbers) = value {
        return html! { td class="number" data-sort=[sort] { (sparkline::draw(numbers, column.digits)) } };
    }
    let text = format::value(column, value);
    if is_first {
        return html! { th scope="row" class=[text_class(column, &text)] data-sort=[sort] { (text) } };
    }
    let colour = match value {
        Value::Null | Value::Integer(0) => Some("muted"),
        _ if column.signed && text.starts_with('+') => Some("rise"),
        _ if column.signed && text.starts_with('−') => Some("fall"),
        _ => None,
    };
    let classes = [is_number(column).then_some("number"), text_class(column, &text), colour];
    let classes: Vec<&str> = classes.into_iter().flatten().collect();
    html! { td class=[(!classes.is_empty()).then(|| classes.join(" "))] data-sort=[sort] { (text) } }
}

/// What the script compares; nothing stays last.
fn sort_key(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Dates(_) | Value::Times(_) => None,
        Value::Decimals(numbers) => numbers.iter().flatten().next_back().map(f64::to_string),
        value => Some(value.label()),
    }
}

/// Wrapped where it is long; a symbol is not broken.
fn text_class(column: &Column, text: &str) -> Option<&'static str> {
    (column.format == Format::Text).then_some(if is_word(text) { "text whole" } else { "text" })
}

/// Aligned to the right.
fn is_number(column: &Column) -> bool {
    !matches!(column.format, Format::Text | Format::Date | Format::Month | Format::Timestamp)
}
