//! The records of a line, and what it is known again by.

use std::collections::HashMap;

use super::place::{Mark, SourceId, Sum};
use crate::source::Record;

/// What a record is known again by: its line, and its symbol.
pub(crate) fn sum_of(record: &Record) -> Sum {
    let line = record.place.sum.unwrap_or_else(|| crc32fast::hash(&record.value));
    // Another symbol may go to another partition.
    Sum::of(line ^ crc32fast::hash(record.key.as_bytes()))
}

/// Counts the records of a line.
#[derive(Default)]
pub(crate) struct Items(HashMap<SourceId, Mark>);

impl Items {
    /// The mark of the next record, which is of this line. What was made up is of line 0, and has a number in place of it.
    pub(crate) fn mark(&mut self, source: SourceId, line: u64) -> Mark {
        let next = match (self.0.get(&source), line) {
            (Some(last), 0) => Mark { line: last.line + 1, item: 0 },
            (None, 0) => Mark { line: 1, item: 0 },
            (Some(last), line) if last.line == line => Mark { line, item: last.item + 1 },
            _ => Mark { line, item: 0 },
        };
        self.0.insert(source, next);
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_one_line_are_told_apart_also_where_sources_alternate() {
        let mut items = Items::default();
        let (one, two) = (SourceId::of("a"), SourceId::of("b"));
        let marks =
            [(one, 1), (two, 1), (one, 1), (one, 2), (two, 1)].map(|(source, line)| items.mark(source, line).item);
        assert_eq!(marks, [0, 0, 1, 0, 1]);
        let made_up = [0, 0, 0].map(|line| items.mark(SourceId::of("c"), line).line);
        assert_eq!(made_up, [1, 2, 3]);
    }
}
