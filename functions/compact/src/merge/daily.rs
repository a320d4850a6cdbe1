//! Whether a daily file is what its inputs come to, found out without the order in which the merge has rows of one day.
//!
//! The merge sees the newest row of a symbol, trade date and time within it first because its inputs are sorted. Here all inputs go ahead
//! in step, from one of these to the next, and of each the rows are compared with each other, wherever they stand, by the definition: a row
//! counts if none that is newer has a `dt` as late as its own. What is left is counted and added up, and must be what is in the file. So
//! every row is read once, and those of one time only are known at once. That the inputs are sorted is looked at on the way.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use parquet::data_type::ByteArray;

use super::batch::Batch;
use super::limits::Limits;
use super::source::Source;
use super::{MergeError, Tally, digest, order, place, tally};

/// Compares a daily file with the files that it was merged from, and says what is in it.
pub fn verify_daily(inputs: &[PathBuf], daily: &Path) -> Result<Tally, MergeError> {
    let found = tally(daily)?;
    let mut cursors = inputs.iter().map(|input| Cursor::open(input)).collect::<Result<Vec<_>, MergeError>>()?;
    let mut names = Names::default();
    let (mut rows, mut hash) = (0, 0_u128);
    while let Some(next) = cursors.iter().filter_map(Cursor::key).min() {
        let (symbol, time) = (next.0.clone(), next.1);
        let mut front: Option<Front> = None;
        for cursor in &mut cursors {
            while cursor.is_at(&symbol, time) {
                let row = cursor.candidate(&mut names);
                match &mut front {
                    Some(front) => front.meet(row, &names.known),
                    None => front = Some(Front { row, more: Vec::new() }),
                }
                cursor.advance()?;
            }
        }
        for row in front.iter().flat_map(Front::rows) {
            rows += 1;
            hash = hash.wrapping_add(row.digest);
        }
    }
    if (rows, hash) == (found.rows, found.hash) {
        return Ok(found);
    }
    Err(MergeError::NotDaily { file: daily.display().to_string(), found_rows: found.rows, expected_rows: rows })
}

/// Trade date, and the time within it; a daily bar has none, and comes first.
type Time = (i32, Option<i64>);

/// One of the inputs, and its next row.
struct Cursor {
    source: Source,
    batch: Batch,
    digests: Vec<u128>,
    next: usize,
    /// Rows before it.
    seen: u64,
}

/// In the order of merged files.
struct Key<'a>(&'a ByteArray, Time);

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Key<'_> {}

impl Ord for Key<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        order::compare_text(self.0, other.0).then_with(|| self.1.cmp(&other.1))
    }
}

impl PartialOrd for Key<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Cursor {
    fn open(path: &Path) -> Result<Self, MergeError> {
        let source = Source::open(path)?;
        let mut cursor = Self { source, batch: Batch::default(), digests: Vec::new(), next: 0, seen: 0 };
        cursor.refill()?;
        Ok(cursor)
    }

    fn refill(&mut self) -> Result<(), MergeError> {
        self.next = 0;
        self.source.next_batch(&mut self.batch, Limits::OF_A_LAMBDA.batch_rows)?;
        digest::rows(&self.batch, 0..self.batch.rows, &mut self.digests);
        Ok(())
    }

    /// None at the end.
    fn key(&self) -> Option<Key<'_>> {
        (self.next < self.batch.rows).then(|| Key(&self.batch.text(place::SYMBOL)[self.next], self.time()))
    }

    fn time(&self) -> Time {
        let (batch, row) = (&self.batch, self.next);
        let bar_time = batch.has(place::BAR_TIME, row).then(|| batch.long(place::BAR_TIME)[row]);
        (batch.int(place::TRADE_DATE)[row], bar_time)
    }

    fn is_at(&self, symbol: &ByteArray, time: Time) -> bool {
        self.key().is_some_and(|key| key == Key(symbol, time))
    }

    /// To the next row.
    fn advance(&mut self) -> Result<(), MergeError> {
        let before = self.key().map(|Key(symbol, time)| (symbol.clone(), time));
        self.next += 1;
        self.seen += 1;
        if self.next == self.batch.rows {
            self.refill()?;
        }
        match (before, self.key()) {
            (Some((symbol, time)), Some(key)) if key < Key(&symbol, time) => {
                Err(MergeError::Unsorted { file: self.source.name().to_owned(), row: self.seen })
            }
            _ => Ok(()),
        }
    }

    fn candidate(&self, names: &mut Names) -> Candidate {
        let (batch, row) = (&self.batch, self.next);
        let time = batch.has(place::KAFKA_TIMESTAMP, row).then(|| batch.long(place::KAFKA_TIMESTAMP)[row]);
        Candidate {
            time: time.filter(|time| order::TIMES.contains(time)),
            life: order::life(batch, row),
            offset: batch.long(place::KAFKA_OFFSET)[row],
            index: batch.int(place::KAFKA_INDEX)[row],
            partition: batch.int(place::KAFKA_PARTITION)[row],
            topic: names.number(batch.text(place::KAFKA_TOPIC)[row].data()),
            dt: names.number(batch.text(place::DT)[row].data()),
            digest: self.digests[row],
        }
    }
}

/// Topics and days, by number: there are few.
#[derive(Default)]
struct Names {
    known: Vec<Vec<u8>>,
    numbers: HashMap<Vec<u8>, usize>,
}

impl Names {
    fn number(&mut self, text: &[u8]) -> usize {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        self.known.push(text.to_owned());
        self.numbers.insert(text.to_owned(), self.known.len() - 1);
        self.known.len() - 1
    }
}

/// What is compared of a row, and its digest.
#[derive(Clone, Copy)]
struct Candidate {
    time: Option<i64>,
    life: i32,
    offset: i64,
    index: i32,
    partition: i32,
    topic: usize,
    dt: usize,
    digest: u128,
}

/// The rows of a symbol, trade date and time that count, of those seen so far. Nearly always one.
struct Front {
    row: Candidate,
    more: Vec<Candidate>,
}

impl Candidate {
    /// Greater is newer. Of two that nothing tells apart one counts, and it must be the same wherever they are met.
    fn newness<'n>(&self, names: &'n [Vec<u8>]) -> impl Ord + use<'n> {
        let order =
            (self.time, self.life, self.offset, self.index, Reverse(self.partition), Reverse(&names[self.topic]));
        (order, &names[self.dt], Reverse(self.digest))
    }

    /// Whether no `dt` makes this row the newest, because the other is there.
    fn is_behind(&self, other: &Self, names: &[Vec<u8>]) -> bool {
        names[other.dt] >= names[self.dt] && other.newness(names) >= self.newness(names)
    }
}

impl Front {
    fn meet(&mut self, new: Candidate, names: &[Vec<u8>]) {
        if self.rows().any(|row| new.is_behind(row, names)) {
            return;
        }
        self.more.retain(|row| !row.is_behind(&new, names));
        if self.row.is_behind(&new, names) {
            self.row = new;
        } else {
            self.more.push(new);
        }
    }

    fn rows(&self) -> impl Iterator<Item = &Candidate> {
        std::iter::once(&self.row).chain(&self.more)
    }
}
