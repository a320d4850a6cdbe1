//! The single numbers at the top of a page.

use maud::{Markup, html};

use crate::declaration::{Aggregate, Column, Declaration, Fact, Format};
use crate::format;
use crate::table::{Table, Value};

pub(super) fn render(declaration: &Declaration, table: &Table) -> Markup {
    let position = |fact: &Fact| declaration.position(&fact.column);
    html! {
        @if !declaration.facts.is_empty() {
            dl class="facts" {
                @for fact in &declaration.facts {
                    @if let Some(position) = position(fact) {
                        div {
                            dt { (fact.label) }
                            dd { (text(fact.of, &declaration.columns[position], table, position)) }
                        }
                    }
                }
            }
        }
    }
}

fn text(aggregate: Aggregate, column: &Column, table: &Table, position: usize) -> String {
    let known = || table.column(position).filter(|value| **value != Value::Null);
    let count = |count: usize| format::integer(i64::try_from(count).unwrap_or(i64::MAX));
    let numbers = || known().filter_map(Value::number);
    let value = match aggregate {
        Aggregate::Count => return count(known().count()),
        Aggregate::Rising => return count(numbers().filter(|number| *number > 0.0).count()),
        Aggregate::Falling => return count(numbers().filter(|number| *number < 0.0).count()),
        Aggregate::Sum if column.format == Format::Decimal => Some(Value::Decimal(numbers().sum())),
        Aggregate::Sum => Some(Value::Integer(known().map(integer).sum())),
        Aggregate::Max => known().cloned().reduce(largest),
        Aggregate::First => known().next().cloned(),
    };
    value.map_or_else(|| format::NOTHING.to_owned(), |value| format::value(column, &value))
}

fn integer(value: &Value) -> i64 {
    if let Value::Integer(integer) = value { *integer } else { 0 }
}

fn largest(left: Value, right: Value) -> Value {
    let is_larger = match (&left, &right) {
        (Value::Date(left), Value::Date(right)) => right > left,
        (Value::Timestamp(left), Value::Timestamp(right)) => right > left,
        _ => right.number() > left.number(),
    };
    if is_larger { right } else { left }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(aggregate: Aggregate, format: &str, values: &[Value]) -> String {
        let column = toml::from_str(&format!("name = 'c'\nlabel = 'C'\nformat = '{format}'\ndigits = 1")).unwrap();
        let table = Table { rows: values.iter().map(|value| vec![value.clone()]).collect() };
        text(aggregate, &column, &table, 0)
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
