//! The single numbers of a report, and the headline that is made of them.

use chrono::NaiveDate;

use crate::declaration::{self, Aggregate, Fact};
use crate::format;
use crate::kept::Kept;
use crate::tally::Tally;
use crate::visible::shown;

/// How much of a text the headline has.
const MOST_LETTERS: usize = 60;

/// A fact as it is read.
#[derive(Debug)]
pub(crate) struct Stated<'a> {
    pub(crate) label: &'a str,
    pub(crate) value: String,
    pub(crate) unit: Option<&'a str>,
}

/// All facts that are declared, in that order.
pub(crate) fn state<'a>(kept: &Kept<'a>) -> Vec<Stated<'a>> {
    let declaration = kept.declaration;
    let stated = |(fact, tally): (&'a Fact, &Tally)| {
        let column = &declaration.columns[declaration.position(&fact.column)?];
        let is_counted =
            matches!(fact.of, Aggregate::Count | Aggregate::Distinct | Aggregate::Rising | Aggregate::Falling);
        let unit = column.unit.as_deref().filter(|_| !is_counted);
        Some(Stated { label: &fact.label, value: tally.text(fact.of, column), unit })
    };
    declaration.facts.iter().zip(&kept.tallies).filter_map(stated).collect()
}

/// The report in a line, whatever is in a symbol.
pub(crate) fn headline(kept: &Kept<'_>, date: NaiveDate) -> String {
    let declaration = kept.declaration;
    if kept.all.count == 0 {
        return declaration.empty_on(date);
    }
    let facts = state(kept);
    let fact = |label: &str| facts.iter().find(|fact| fact.label == label).map_or_else(String::new, in_a_line);
    let (head, rest) = declaration::split(&declaration.headline);
    rest.into_iter().fold(head.to_owned(), |line, (label, text)| line + &fact(label) + text)
}

fn in_a_line(fact: &Stated<'_>) -> String {
    let unit = if fact.unit == Some("%") && fact.value != format::NOTHING { " %" } else { "" };
    format!("{}{unit}", shown(&fact.value, MOST_LETTERS))
}
