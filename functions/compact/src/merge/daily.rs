//! Whether a daily file is what its inputs come to, found out without the order that the merge goes by.
//!
//! The merge sees the newest row of a symbol and trade date first because its inputs are sorted. Here each row is compared with those
//! that are known of its symbol and trade date, wherever it stands, by the definition: a row counts if none that is newer has a `dt`
//! as late as its own. What is left is counted and added up, and must be what is in the file. Known is not the row but what is compared
//! and its digest, and not of all symbols and days at once: the inputs are read as often as it takes, each time for a share of them.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};

use super::batch::Batch;
use super::limits::Limits;
use super::source::Source;
use super::{MergeError, Tally, digest, order, place, tally};

/// Symbols and trade dates that are looked at in one pass: some 200 bytes each.
const DAYS_AT_ONCE: u64 = 400_000;

/// Compares a daily file with the files that it was merged from, and says what is in it.
pub fn verify_daily(inputs: &[PathBuf], daily: &Path) -> Result<Tally, MergeError> {
    verify_in_passes(inputs, daily, DAYS_AT_ONCE)
}

pub(super) fn verify_in_passes(inputs: &[PathBuf], daily: &Path, days_at_once: u64) -> Result<Tally, MergeError> {
    let found = tally(daily)?;
    let passes = found.rows / days_at_once + 1;
    let (mut rows, mut hash) = (0, 0_u128);
    let differs = |expected_rows| MergeError::NotDaily {
        file: daily.display().to_string(),
        found_rows: found.rows,
        expected_rows,
    };
    for pass in 0..passes {
        let mut days = Days::new(pass, passes);
        for input in inputs {
            let mut source = Source::open(input)?;
            let mut batch = Batch::default();
            while source.next_batch(&mut batch, Limits::OF_A_LAMBDA.batch_rows)? {
                days.look_at(&batch);
                // Each has a row in the file, and their digests fall into all passes alike. If there are far more, they need not all be
                // kept in memory to say so.
                let known = days.known.len() as u64;
                if known > 2 * found.rows / passes + 1000 {
                    return Err(differs(rows + known));
                }
            }
        }
        for row in days.known.values().flat_map(Front::rows) {
            rows += 1;
            hash = hash.wrapping_add(row.digest);
        }
    }
    if (rows, hash) == (found.rows, found.hash) { Ok(found) } else { Err(differs(rows)) }
}

/// What is known of the symbols and trade dates of one pass.
struct Days {
    pass: u64,
    passes: u64,
    /// By the digest of symbol, trade date and time within it.
    known: HashMap<u128, Front>,
    /// Topics and days, by number: there are few.
    names: Vec<Vec<u8>>,
    numbers: HashMap<Vec<u8>, usize>,
    digests: Vec<u128>,
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

/// The rows of a symbol and trade date that count, of those seen so far. Nearly always one.
struct Front {
    row: Candidate,
    more: Vec<Candidate>,
}

impl Days {
    fn new(pass: u64, passes: u64) -> Self {
        Self { pass, passes, known: HashMap::new(), names: Vec::new(), numbers: HashMap::new(), digests: Vec::new() }
    }

    fn look_at(&mut self, batch: &Batch) {
        let mut digests = std::mem::take(&mut self.digests);
        digest::rows(batch, 0..batch.rows, &mut digests);
        let times = batch.long(place::KAFKA_TIMESTAMP);
        for (row, digest) in digests.iter().copied().enumerate() {
            let mut day = digest::bytes(batch.text(place::SYMBOL)[row].data());
            day = digest::pair(day, batch.int(place::TRADE_DATE)[row].cast_unsigned().into());
            if batch.has(place::BAR_TIME, row) {
                day = digest::pair(day, batch.long(place::BAR_TIME)[row].cast_unsigned());
            }
            #[expect(clippy::cast_possible_truncation, reason = "any part of it will do")]
            if day as u64 % self.passes != self.pass {
                continue;
            }
            let time = batch.has(place::KAFKA_TIMESTAMP, row).then(|| times[row]);
            let candidate = Candidate {
                time: time.filter(|time| order::TIMES.contains(time)),
                life: order::life(batch, row),
                offset: batch.long(place::KAFKA_OFFSET)[row],
                index: batch.int(place::KAFKA_INDEX)[row],
                partition: batch.int(place::KAFKA_PARTITION)[row],
                topic: self.name(batch.text(place::KAFKA_TOPIC)[row].data()),
                dt: self.name(batch.text(place::DT)[row].data()),
                digest,
            };
            match self.known.entry(day) {
                Entry::Occupied(mut known) => known.get_mut().meet(candidate, &self.names),
                Entry::Vacant(place) => {
                    place.insert(Front { row: candidate, more: Vec::new() });
                }
            }
        }
        self.digests = digests;
    }

    fn name(&mut self, text: &[u8]) -> usize {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        self.names.push(text.to_owned());
        self.numbers.insert(text.to_owned(), self.names.len() - 1);
        self.names.len() - 1
    }
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
