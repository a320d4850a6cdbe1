//! The table of a page.

use maud::{Markup, html};

use crate::declaration::{Column, Declaration, Format};
use crate::format;
use crate::sparkline;
use crate::table::{Table, Value};

pub(super) fn render(declaration: &Declaration, table: &Table) -> Markup {
    let shown: Vec<(usize, &Column)> = declaration
        .columns
        .iter()
        .enumerate()
        .filter(|(position, column)| is_shown(column, table, *position))
        .collect();
    let columns: Vec<&Column> = shown.iter().map(|(_, column)| *column).collect();
    html! {
        div class="scroll" tabindex="0" role="region" aria-label="All rows" {
            table {
                thead { (heading(&columns)) }
                tbody {
                    @for row in &table.rows {
                        tr { @for (place, (position, column)) in shown.iter().enumerate() {
                            (cell(column, &row[*position], place == 0))
                        } }
                    }
                }
            }
        }
    }
}

fn is_shown(column: &Column, table: &Table, position: usize) -> bool {
    let has_something = |value: &Value| *value != Value::Null && value.number() != Some(0.0);
    !column.csv_only && (!column.sparse || table.column(position).any(has_something))
}

/// One row of labels, and above it one of groups if there are any.
fn heading(columns: &[&Column]) -> Markup {
    let groups: Vec<&[&Column]> =
        columns.chunk_by(|left, right| left.group.is_some() && left.group == right.group).collect();
    let has_groups = columns.iter().any(|column| column.group.is_some());
    html! {
        @if has_groups {
            tr {
                @for members in &groups {
                    @if let Some(group) = members.first().and_then(|column| column.group.as_ref()) {
                        th class="group" colspan=(members.len()) scope="colgroup" { span { (group) } }
                    } @else {
                        @for column in *members { (label(column, 2)) }
                    }
                }
            }
        }
        tr { @for column in columns.iter().filter(|column| !has_groups || column.group.is_some()) { (label(column, 1)) } }
    }
}

fn label(column: &Column, height: u8) -> Markup {
    html! {
        th scope="col" class=[is_number(column).then_some("number")] rowspan=[(height > 1).then_some(height)] {
            (column.label)
            @if let Some(unit) = &column.unit { " " span class="unit" { (unit) } }
        }
    }
}

fn cell(column: &Column, value: &Value, is_first: bool) -> Markup {
    if let Value::Decimals(numbers) = value {
        return html! { td class="number" { (sparkline::draw(numbers, column.digits)) } };
    }
    let text = format::value(column, value);
    if is_first {
        return html! { th scope="row" { (text) } };
    }
    let colour = match value {
        Value::Null | Value::Integer(0) => Some("muted"),
        _ if column.signed && text.starts_with('+') => Some("rise"),
        _ if column.signed && text.starts_with('−') => Some("fall"),
        _ => None,
    };
    let classes = [is_number(column).then_some("number"), colour];
    let classes: Vec<&str> = classes.into_iter().flatten().collect();
    html! { td class=[(!classes.is_empty()).then(|| classes.join(" "))] { (text) } }
}

/// Aligned to the right.
fn is_number(column: &Column) -> bool {
    !matches!(column.format, Format::Text | Format::Date | Format::Timestamp)
}
