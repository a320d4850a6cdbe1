//! The single numbers of a report, and the headline that is made of them.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::declaration::{self, Aggregate, Column, Declaration, Fact, Format};
use crate::format;
use crate::table::{Rows, Table, Value};

/// A fact as it is read.
#[derive(Debug)]
pub(crate) struct Stated<'a> {
    pub(crate) label: &'a str,
    pub(crate) value: String,
    pub(crate) unit: Option<&'a str>,
}

/// All facts that are declared, in that order.
pub(crate) fn state<'a>(declaration: &'a Declaration, table: &Table) -> Vec<Stated<'a>> {
    let stated = |fact: &'a Fact| {
        let position = declaration.position(&fact.column)?;
        let column = &declaration.columns[position];
        let rows = rows_of(fact, declaration, table);
        let is_counted =
            matches!(fact.of, Aggregate::Count | Aggregate::Distinct | Aggregate::Rising | Aggregate::Falling);
        let unit = column.unit.as_deref().filter(|_| !is_counted);
        Some(Stated { label: &fact.label, value: text(fact.of, column, &rows, position), unit })
    };
    declaration.facts.iter().filter_map(stated).collect()
}

/// The report in a line, whatever is in a symbol.
pub(crate) fn headline(declaration: &Declaration, table: &Table, date: NaiveDate) -> String {
    if table.rows.is_empty() {
        return declaration.empty_on(date);
    }
    let facts = state(declaration, table);
    let fact = |label: &str| facts.iter().find(|fact| fact.label == label).map_or_else(String::new, in_a_line);
    let (head, rest) = declaration::split(&declaration.headline);
    let line = rest.into_iter().fold(head.to_owned(), |line, (label, text)| line + &fact(label) + text);
    line.replace(char::is_control, " ")
}

fn in_a_line(fact: &Stated<'_>) -> String {
    let unit = if fact.unit == Some("%") && fact.value != format::NOTHING { " %" } else { "" };
    format!("{}{unit}", fact.value)
}

fn rows_of<'a>(fact: &Fact, declaration: &Declaration, table: &'a Table) -> Rows<'a> {
    let position = declaration.sections.as_ref().and_then(|column| declaration.position(column));
    match (&fact.section, position) {
        (Some(section), Some(position)) => table.section(position, section),
        _ => table.all(),
    }
}

fn text(aggregate: Aggregate, column: &Column, rows: &Rows<'_>, position: usize) -> String {
    let known = || rows.column(position).filter(|value| **value != Value::Null);
    let numbers = || known().filter_map(Value::number);
    let value = match aggregate {
        Aggregate::Count => return format::count(known().count()),
        Aggregate::Distinct => return format::count(known().map(Value::to_plain).collect::<BTreeSet<String>>().len()),
        Aggregate::Rising => return format::count(numbers().filter(|number| *number > 0.0).count()),
        Aggregate::Falling => return format::count(numbers().filter(|number| *number < 0.0).count()),
        Aggregate::Sum if column.format != Format::Integer => Some(Value::Decimal(numbers().sum())),
        Aggregate::Sum => Some(Value::Integer(known().map(integer).sum())),
        Aggregate::Min => known().reduce(|left, right| if is_larger(left, right) { right } else { left }).cloned(),
        Aggregate::Max => known().reduce(|left, right| if is_larger(right, left) { right } else { left }).cloned(),
        Aggregate::First => known().next().cloned(),
    };
    value.map_or_else(|| format::NOTHING.to_owned(), |value| format::value(column, &value))
}

fn integer(value: &Value) -> i64 {
    if let Value::Integer(integer) = value { *integer } else { 0 }
}

fn is_larger(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Date(left), Value::Date(right)) => left > right,
        (Value::Timestamp(left), Value::Timestamp(right)) => left > right,
        _ => left.number() > right.number(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(aggregate: Aggregate, format: &str, values: &[Value]) -> String {
        let column = toml::from_str(&format!("name = 'c'\nlabel = 'C'\nformat = '{format}'\ndigits = 1")).unwrap();
        let table = Table { rows: values.iter().map(|value| vec![value.clone()]).collect() };
        text(aggregate, &column, &table.all(), 0)
    }

    #[test]
    fn facts_pass_over_nulls() {
        let values = [Value::Decimal(-2.0), Value::Null, Value::Decimal(1.5), Value::Decimal(0.0)];
        let of = |aggregate| fact(aggregate, "decimal", &values);
        assert_eq!(of(Aggregate::Count), "3");
        assert_eq!(of(Aggregate::Rising), "1");
        assert_eq!(of(Aggregate::Falling), "1");
        assert_eq!(of(Aggregate::Sum), "−0.5");
        assert_eq!(of(Aggregate::Max), "1.5");
        assert_eq!(of(Aggregate::Min), "−2.0");
        assert_eq!(of(Aggregate::Distinct), "3");
        assert_eq!(of(Aggregate::First), "−2.0");
    }

    #[test]
    fn the_newest_date_is_the_largest_and_without_values_there_is_a_dash() {
        let dates = ["2026-11-20", "2026-11-22", "2026-11-21"].map(|date| Value::Date(date.parse().unwrap()));
        assert_eq!(fact(Aggregate::Max, "date", &dates), "2026-11-22");
        assert_eq!(fact(Aggregate::First, "date", &[Value::Null]), format::NOTHING);
        assert_eq!(fact(Aggregate::Sum, "integer", &[Value::Integer(1_200), Value::Null]), "1,200");
    }
}
