//! What stays in memory of a report's rows, however many there are: the first of each table, and what is counted over all.

use crate::declaration::Declaration;
use crate::table::{Rows, Table, Value};
use crate::tally::{self, Tally};

/// More than a page shows: charts may look at more rows than the table below them has.
const MOST_ROWS: usize = 1_000;

/// More tables than these are for the files.
const MOST_SECTIONS: usize = 40;

/// The rows of a report as far as its page needs them.
#[derive(Debug)]
pub(crate) struct Kept<'a> {
    pub(crate) declaration: &'a Declaration,
    table: Table,
    /// All rows, whatever their section.
    pub(crate) all: Group,
    /// In the order in which they appear; none if the report has no sections.
    pub(crate) sections: Vec<Group>,
    /// Rows of further sections.
    pub(crate) unsectioned: usize,
    pub(crate) tallies: Vec<Tally>,
}

/// The rows of one table.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) name: String,
    /// Where in the kept table the first of them are.
    places: Vec<usize>,
    /// How many there are, kept or not.
    pub(crate) count: usize,
    /// For each column whether some row, kept or not, has more than zero or nothing in it.
    pub(crate) filled: Vec<bool>,
}

impl<'a> Kept<'a> {
    pub(crate) fn new(declaration: &'a Declaration) -> Self {
        Self {
            declaration,
            table: Table::default(),
            all: Group::of(declaration, String::new()),
            sections: Vec::new(),
            unsectioned: 0,
            tallies: tally::tallies(declaration),
        }
    }

    #[cfg(test)]
    pub(crate) fn of(declaration: &'a Declaration, rows: impl IntoIterator<Item = Vec<Value>>) -> Self {
        let mut kept = Self::new(declaration);
        for row in rows {
            kept.add(row);
        }
        kept
    }

    pub(crate) fn add(&mut self, row: Vec<Value>) {
        let section = self.section_of(&row);
        tally::add(self.declaration, &mut self.tallies, &row);
        let place = self.table.rows.len();
        let mut is_kept = self.all.add(&row, place);
        match section {
            Section::None => {}
            Section::At(index) => is_kept |= self.sections[index].add(&row, place),
            Section::Further => self.unsectioned += 1,
        }
        if is_kept {
            self.table.rows.push(row);
        }
    }

    /// The first rows of a group.
    pub(crate) fn rows(&self, group: &Group) -> Rows<'_> {
        self.table.at(&group.places)
    }

    fn section_of(&mut self, row: &[Value]) -> Section {
        let declared = self.declaration.sections.as_ref();
        let Some(position) = declared.and_then(|column| self.declaration.position(column)) else {
            return Section::None;
        };
        let name = row[position].to_plain();
        // The newest first: rows of a section mostly follow each other.
        if let Some(index) = self.sections.iter().rposition(|section| section.name == name) {
            return Section::At(index);
        }
        if self.sections.len() == MOST_SECTIONS {
            return Section::Further;
        }
        self.sections.push(Group::of(self.declaration, name));
        Section::At(self.sections.len() - 1)
    }
}

enum Section {
    None,
    At(usize),
    Further,
}

impl Group {
    fn of(declaration: &Declaration, name: String) -> Self {
        Self { name, filled: vec![false; declaration.columns.len()], ..Self::default() }
    }

    /// Rows that are not kept, if there are any.
    pub(crate) fn is_cut(&self) -> bool {
        self.count > self.places.len()
    }

    /// Counts the row; whether it is to be kept, at this place.
    fn add(&mut self, row: &[Value], place: usize) -> bool {
        self.count += 1;
        for (filled, value) in self.filled.iter_mut().zip(row) {
            *filled |= has_something(value);
        }
        let is_kept = self.places.len() < MOST_ROWS;
        if is_kept {
            self.places.push(place);
        }
        is_kept
    }
}

fn has_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Text(text) => !text.is_empty(),
        value => value.number() != Some(0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts;

    const DECLARATION: &str = r#"
title = ""
description = ""
empty = ""
headline = ""
sections = "section"

[[columns]]
name = "section"
label = ""
format = "text"

[[columns]]
name = "number"
label = ""
format = "integer"

[[facts]]
label = "Sum"
column = "number"
of = "sum"
"#;

    fn row(section: &str, number: i64) -> Vec<Value> {
        vec![Value::Text(section.to_owned()), Value::Integer(number)]
    }

    #[test]
    fn of_very_many_rows_the_first_stay_and_all_are_counted() {
        let declaration: Declaration = toml::from_str(DECLARATION).unwrap();
        let rows = (0..5_000).map(|number| row(if number % 2 == 0 { "even" } else { "odd" }, number));
        let kept = Kept::of(&declaration, rows.chain([row("late", 0)]));
        let counts: Vec<(&str, usize, usize, bool)> = kept
            .sections
            .iter()
            .map(|section| (section.name.as_str(), section.count, kept.rows(section).len(), section.filled[1]))
            .collect();
        assert_eq!(counts, [("even", 2_500, 1_000, true), ("odd", 2_500, 1_000, true), ("late", 1, 1, false)]);
        assert_eq!((kept.all.count, kept.rows(&kept.all).len()), (5_001, 1_000));
        assert_eq!(kept.table.rows.len(), 2_001, "a row of two groups is kept once");
        assert_eq!(facts::state(&kept)[0].value, "12,497,500", "of all rows");
    }

    #[test]
    fn very_many_sections_are_bounded_too() {
        let declaration: Declaration = toml::from_str(DECLARATION).unwrap();
        let kept = Kept::of(&declaration, (0..100_000).map(|number| row(&number.to_string(), 1)));
        assert_eq!((kept.sections.len(), kept.unsectioned, kept.table.rows.len()), (40, 99_960, 1_000));
    }
}
