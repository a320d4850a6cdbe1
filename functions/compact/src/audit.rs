//! The audit: which offsets have landed or were rejected, by day, partition and life. It is made once, of what is sealed, so that the report
//! `integrity` need not look at those rows again.

mod file;
mod part;
mod rejects;

use std::collections::BTreeMap;

use shared::ledger::Ranges;

pub use file::read as read_file;
pub(crate) use part::write;
pub(crate) use rejects::read;

/// More pieces than this are not held in memory: each becomes a row of some 200 bytes.
const MOST_PIECES: usize = 250_000;

/// Offsets in a row that were found in the folders of one day: a row of the table `audits`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// The day of their folders, `2026-11-22`.
    pub dt: String,
    /// Kafka topic.
    pub topic: String,
    /// Kafka partition.
    pub partition: i32,
    /// The life of the partition.
    pub life: i32,
    /// Whether these records were kept because nobody knew whether they had landed: they may be there once more.
    pub undecided: bool,
    /// The first of the offsets.
    pub first: i64,
    /// The last: none between them is missing.
    pub last: i64,
    /// What is there of them.
    pub sums: Sums,
}

/// What can be added up over rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sums {
    /// Records with rows in `bars`.
    pub landed: i64,
    /// Records in `rejects`.
    pub rejected: i64,
    /// Rows in `bars`.
    pub bar_rows: i64,
    /// Rows beyond the one that each place in a record needs.
    pub duplicates: i64,
}

impl Sums {
    /// Both together.
    pub fn add(&mut self, other: &Self) {
        self.landed += other.landed;
        self.rejected += other.rejected;
        self.bar_rows += other.bar_rows;
        self.duplicates += other.duplicates;
    }
}

/// Whose offsets they are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Whose {
    dt: String,
    topic: String,
    partition: i32,
    life: i32,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Landed,
    Rejected,
    Undecided,
}

/// Counts what is in folders.
#[derive(Clone, Debug, Default)]
pub(crate) struct Audit {
    found: BTreeMap<Whose, Found>,
    pieces: usize,
    /// Something is there that cannot be told by offsets in a row.
    is_unclear: bool,
}

#[derive(Clone, Debug, Default)]
struct Found {
    offsets: Ranges,
    /// What comes next, as it nearly always does, makes this longer.
    open: Option<(i64, i64)>,
    newest: Option<Place>,
    rows: i64,
    duplicates: i64,
}

/// A row's record, its place in it, and whether that record had been there before.
#[derive(Clone, Copy, Debug)]
struct Place {
    offset: i64,
    index: i32,
    is_duplicate: bool,
}

impl Audit {
    /// Rows of `bars` of one partition and life, in the order of their file: offset, and place in the record. Rows of before there were lives
    /// cannot be told by offsets: there an offset that was used again differs by its timestamp.
    pub(crate) fn bars(
        &mut self,
        dt: &str,
        topic: &[u8],
        partition: i32,
        life: Option<i32>,
        rows: impl Iterator<Item = (i64, i32)>,
    ) {
        let topic = String::from_utf8_lossy(topic).into_owned();
        self.records((dt, topic, partition, life, What::Landed), rows);
    }

    /// A row of `rejects`.
    pub(crate) fn reject(&mut self, dt: &str, line: rejects::Line<'_>) {
        let (Some(partition), Some(offset)) = (line.kafka_partition, line.kafka_offset) else { return };
        let Some(topic) = line.kafka_topic else { return self.give_up() };
        let what = if line.reason.as_deref() == Some("undecided") { What::Undecided } else { What::Rejected };
        self.records((dt, topic.into_owned(), partition, line.kafka_life, what), [(offset, 0)].into_iter());
    }

    fn records(
        &mut self,
        (dt, topic, partition, life, what): (&str, String, i32, Option<i32>, What),
        rows: impl Iterator<Item = (i64, i32)>,
    ) {
        let Some(life) = life.filter(|_| !self.is_unclear) else { return self.give_up() };
        let whose = Whose { dt: dt.to_owned(), topic, partition, life, what };
        let found = self.found.entry(whose).or_default();
        for (offset, index) in rows {
            if offset < 0 {
                return self.give_up();
            }
            self.pieces += usize::from(found.take(offset, index));
        }
        if self.pieces > MOST_PIECES {
            self.give_up();
        }
    }

    fn give_up(&mut self) {
        *self = Self { is_unclear: true, ..Self::default() };
    }

    /// The rows; none if they cannot tell what is there.
    pub(crate) fn into_rows(self) -> Option<Vec<Row>> {
        let rows = self.found.into_iter().flat_map(|(whose, found)| found.rows(&whose)).collect();
        (!self.is_unclear).then_some(rows)
    }
}

impl Found {
    /// Whether it begins a piece.
    fn take(&mut self, offset: i64, index: i32) -> bool {
        self.rows += 1;
        if let Some(newest) = &mut self.newest
            && newest.offset == offset
            && newest.index < index
        {
            newest.index = index;
            self.duplicates += i64::from(newest.is_duplicate);
            return false;
        }
        let is_next = self.open.is_some_and(|(_, last)| last.checked_add(1) == Some(offset));
        let is_known = |found: &Self| {
            found.offsets.contains(offset) || found.open.is_some_and(|(first, last)| (first..=last).contains(&offset))
        };
        let is_duplicate = is_known(self);
        self.duplicates += i64::from(is_duplicate);
        self.newest = Some(Place { offset, index, is_duplicate });
        match &mut self.open {
            Some((_, last)) if is_next => *last = offset,
            _ if is_duplicate => {}
            _ => {
                self.close();
                self.open = Some((offset, offset));
                return true;
            }
        }
        false
    }

    fn close(&mut self) {
        if let Some((first, last)) = self.open.take() {
            self.offsets.insert(first, last);
        }
    }

    fn rows(mut self, whose: &Whose) -> Vec<Row> {
        self.close();
        let records: i64 = self.offsets.iter().map(|(first, last)| last - first + 1).sum();
        // Nearly always there are none; whose they are nobody asks, so all are in the first row.
        let (mut more_rows, mut duplicates) = (self.rows - records, self.duplicates);
        let rows = self.offsets.iter().map(|(first, last)| {
            let records = last - first + 1;
            let is_landed = whose.what == What::Landed;
            let bar_rows = if is_landed { records + std::mem::take(&mut more_rows) } else { 0 };
            let duplicates = std::mem::take(&mut duplicates);
            Row {
                dt: whose.dt.clone(),
                topic: whose.topic.clone(),
                partition: whose.partition,
                life: whose.life,
                undecided: whose.what == What::Undecided,
                first,
                last,
                sums: Sums {
                    landed: if is_landed { records } else { 0 },
                    rejected: if is_landed { 0 } else { records },
                    bar_rows,
                    // What is kept as undecided may be there once more.
                    duplicates: if whose.what == What::Undecided { 0 } else { duplicates },
                },
            }
        });
        rows.collect()
    }
}

#[cfg(test)]
mod tests;
