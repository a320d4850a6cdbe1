//! What is in files, counted: what went into a merge is compared with what came out of it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use parquet::data_type::ByteArray;

use super::batch::Batch;
use super::limits::Limits;
use super::source::Source;
use super::{MergeError, digest, order, place};

/// Rows, counted and added up so that their order does not matter. Equal tallies mean the same rows: a row that is lost, there twice,
/// or has another value in any column makes another sum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many.
    pub rows: u64,
    /// The sum of the 128-bit digests of whole rows: every column, `dt` and `hour`.
    pub hash: u128,
    /// By topic, partition and life (the first, where a row names none).
    pub records: BTreeMap<(String, i32, u32), Span>,
}

/// Rows of one life of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// How many: a record may have several.
    pub rows: u64,
    /// The lowest offset.
    pub first: i64,
    /// The highest offset.
    pub last: i64,
}

impl Span {
    fn join(&mut self, other: &Self) {
        self.rows += other.rows;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

impl Tally {
    /// As if the rows of both had been counted together.
    pub fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        self.hash = self.hash.wrapping_add(other.hash);
        for (records, span) in &other.records {
            match self.records.entry(records.clone()) {
                Entry::Occupied(mut known) => known.get_mut().join(span),
                Entry::Vacant(place) => {
                    place.insert(*span);
                }
            }
        }
    }
}

/// Reads a file back and counts its rows.
pub fn tally(file: &Path) -> Result<Tally, MergeError> {
    let mut source = Source::open(file)?;
    let mut counter = Counter::default();
    let mut batch = Batch::default();
    while source.next_batch(&mut batch, Limits::OF_A_LAMBDA.batch_rows)? {
        counter.count(&batch);
    }
    Ok(counter.into_tally())
}

/// Counts batch by batch.
#[derive(Default)]
pub(super) struct Counter {
    rows: u64,
    hash: u128,
    /// By partition and life; of each the topics, which is mostly one.
    records: HashMap<(i32, i32), Vec<(ByteArray, Span)>>,
    digests: Vec<u128>,
}

impl Counter {
    /// Counts these rows, and says what their digests are.
    pub(super) fn count(&mut self, batch: &Batch) -> &[u128] {
        digest::rows(batch, 0..batch.rows, &mut self.digests);
        self.rows += batch.rows as u64;
        self.hash = self.digests.iter().fold(self.hash, |sum, digest| sum.wrapping_add(*digest));
        let topics = batch.text(place::KAFKA_TOPIC);
        let partitions = batch.int(place::KAFKA_PARTITION);
        let offsets = batch.long(place::KAFKA_OFFSET);
        // Rows of one symbol are mostly of one partition, and a lookup for each would be felt.
        for rows in order::same_records(batch) {
            let first = rows.start;
            let mut span = Span { rows: 0, first: offsets[first], last: offsets[first] };
            for row in rows {
                span.join(&Span { rows: 1, first: offsets[row], last: offsets[row] });
            }
            self.join((partitions[first], order::life(batch, first)), &topics[first], span);
        }
        &self.digests
    }

    fn join(&mut self, records: (i32, i32), topic: &ByteArray, span: Span) {
        let topics = self.records.entry(records).or_default();
        match topics.iter_mut().find(|(known, _)| known == topic) {
            Some((_, known)) => known.join(&span),
            // A copy: the topic itself would keep its page in memory.
            None => topics.push((topic.data().into(), span)),
        }
    }

    pub(super) fn into_tally(self) -> Tally {
        let mut tally = Tally { rows: self.rows, hash: self.hash, records: BTreeMap::new() };
        for ((partition, life), topics) in self.records {
            for (topic, span) in topics {
                let topic = String::from_utf8_lossy(topic.data()).into_owned();
                let records = BTreeMap::from([((topic, partition, life.cast_unsigned()), span)]);
                tally.add(&Tally { records, ..Tally::default() });
            }
        }
        tally
    }
}
