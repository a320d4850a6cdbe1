//! What is counted over all rows of a report, whether they are kept or not.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

use crate::declaration::{Aggregate, Column, Declaration, Format};
use crate::format;
use crate::table::Value;

/// Different values are counted up to here.
const MOST_DISTINCT: usize = 100_000;

/// A fact as far as the rows have been seen.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Of the values that are counted.
    count: usize,
    integers: i128,
    decimals: f64,
    /// The smallest, the largest or the first.
    chosen: Option<Value>,
    hashes: HashSet<u64>,
}

/// One for each fact that is declared, in that order.
pub(crate) fn tallies(declaration: &Declaration) -> Vec<Tally> {
    declaration.facts.iter().map(|_| Tally::default()).collect()
}

/// Counts a row in.
pub(crate) fn add(declaration: &Declaration, tallies: &mut [Tally], row: &[Value]) {
    let section = declaration.sections.as_ref().and_then(|column| declaration.position(column));
    for (fact, tally) in declaration.facts.iter().zip(tallies) {
        let is_of = match (&fact.section, section) {
            (Some(name), Some(position)) => matches!(&row[position], Value::Text(text) if text == name),
            _ => true,
        };
        if let Some(position) = declaration.position(&fact.column).filter(|_| is_of) {
            tally.add(fact.of, &row[position]);
        }
    }
}

impl Tally {
    fn add(&mut self, aggregate: Aggregate, value: &Value) {
        if *value == Value::Null {
            return;
        }
        let number = value.number();
        let is_counted = match aggregate {
            Aggregate::Rising => number.is_some_and(|number| number > 0.0),
            Aggregate::Falling => number.is_some_and(|number| number < 0.0),
            _ => true,
        };
        self.count += usize::from(is_counted);
        match (aggregate, value) {
            (Aggregate::Sum, Value::Integer(integer)) => self.integers += i128::from(*integer),
            (Aggregate::Sum, _) => self.decimals += number.unwrap_or_default(),
            (Aggregate::Distinct, value) if self.hashes.len() <= MOST_DISTINCT => {
                let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(value.to_plain());
                self.hashes.insert(hash);
            }
            (Aggregate::First, value) if self.chosen.is_none() => self.chosen = Some(value.clone()),
            (Aggregate::Min | Aggregate::Max, value) => {
                let is_better = self.chosen.as_ref().is_none_or(|chosen| match aggregate {
                    Aggregate::Min => is_larger(chosen, value),
                    _ => is_larger(value, chosen),
                });
                if is_better {
                    self.chosen = Some(value.clone());
                }
            }
            _ => {}
        }
    }

    /// As the fact is read.
    pub(crate) fn text(&self, aggregate: Aggregate, column: &Column) -> String {
        let chosen = match aggregate {
            Aggregate::Count | Aggregate::Rising | Aggregate::Falling => return format::count(self.count),
            Aggregate::Distinct if self.hashes.len() > MOST_DISTINCT => {
                return format!("more than {}", format::count(MOST_DISTINCT));
            }
            Aggregate::Distinct => return format::count(self.hashes.len()),
            Aggregate::Sum if column.format == Format::Integer => return format::integer(self.integers),
            Aggregate::Sum if self.decimals.is_finite() => {
                return format::value(column, &Value::Decimal(self.decimals));
            }
            Aggregate::Sum => None,
            Aggregate::Min | Aggregate::Max | Aggregate::First => self.chosen.as_ref(),
        };
        chosen.map_or_else(|| format::NOTHING.to_owned(), |chosen| format::value(column, chosen))
    }
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
        let mut tally = Tally::default();
        for value in values {
            tally.add(aggregate, value);
        }
        tally.text(aggregate, &column)
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

    #[test]
    fn a_sum_of_the_largest_numbers_is_no_overflow() {
        let sum = fact(Aggregate::Sum, "integer", &[Value::Integer(i64::MAX), Value::Integer(i64::MAX)]);
        assert_eq!(sum, "18,446,744,073,709,551,614");
    }

    #[test]
    fn different_values_are_counted_up_to_a_bound() {
        let values: Vec<Value> = (0..100_002).map(Value::Integer).collect();
        assert_eq!(fact(Aggregate::Distinct, "integer", &values[..100_000]), "100,000");
        assert_eq!(fact(Aggregate::Distinct, "integer", &values), "more than 100,000");
    }
}
