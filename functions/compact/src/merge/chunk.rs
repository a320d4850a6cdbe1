//! Rows that are sorted together, in memory.

use std::collections::HashMap;

use bytes::Bytes;
use parquet::data_type::ByteArray;

use shared::parquet_column::Values;

use super::batch::{Batch, each_type};
use super::order::{self, Head, Tail};
use super::place;

/// The texts that repeat: each is kept once.
const REPEATING: [usize; 4] = [place::SYMBOL, place::KAFKA_TOPIC, place::DT, place::HOUR];
const SYMBOL: usize = 0;
const TOPIC: usize = 1;
const DT: usize = 2;

/// Rows in the order in which they came.
#[derive(Default)]
pub(super) struct Chunk {
    /// Without the texts that repeat.
    rows: Batch,
    texts: [Texts; REPEATING.len()],
    digests: Vec<u128>,
    /// What the texts take that do not repeat, and each one that does once.
    text_bytes: usize,
}

/// A row of a chunk, with what decides most comparisons.
pub(super) struct Place {
    /// Which symbol, in their order.
    rank: u32,
    head: Head,
    row: u32,
}

impl Chunk {
    /// Forgets its rows, and keeps the memory for the next.
    pub(super) fn clear(&mut self) {
        self.rows.clear();
        for texts in &mut self.texts {
            texts.clear();
        }
        self.digests.clear();
        self.text_bytes = 0;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.rows == 0
    }

    /// What it takes in memory while it is sorted, about.
    pub(super) fn bytes(&self) -> usize {
        let of_columns: usize = (self.rows.columns.iter())
            .map(|column| {
                let levels = column.levels.as_deref().map_or(0, size_of_val);
                levels + each_type!(&column.values, values => size_of_val(values.as_slice()))
            })
            .sum();
        let per_row = size_of::<u128>() + size_of::<Place>() + size_of::<u32>() * REPEATING.len();
        of_columns + per_row * self.rows.rows + self.text_bytes
    }

    /// Appends rows, of which these are the digests.
    pub(super) fn take(&mut self, batch: &Batch, digests: &[u128]) {
        for (place, (column, from)) in self.rows.columns.iter_mut().zip(&batch.columns).enumerate() {
            let repeating = REPEATING.iter().position(|repeating| *repeating == place);
            match (&from.values, repeating) {
                (Values::Text(texts), Some(at)) => self.text_bytes += self.texts[at].take(texts),
                (Values::Text(texts), None) => {
                    // What is not there has no data.
                    let there = (0..batch.rows).filter(|row| batch.has(place, *row));
                    self.text_bytes += there.map(|row| texts[row].len()).sum::<usize>();
                    column.extend(from, 0..batch.rows);
                }
                _ => column.extend(from, 0..batch.rows),
            }
        }
        self.rows.rows += batch.rows;
        self.digests.extend_from_slice(digests);
    }

    /// Its rows in the order of merged files.
    pub(super) fn sorted(&self) -> Vec<Place> {
        let ranks = self.texts[SYMBOL].ranks();
        let mut rows: Vec<_> = (0..self.rows.rows)
            .map(|row| {
                #[expect(clippy::cast_possible_truncation, reason = "a chunk has at most 128 MB")]
                let at = row as u32;
                Place {
                    rank: ranks[self.texts[SYMBOL].rows[row] as usize],
                    head: order::head(&self.rows, row),
                    row: at,
                }
            })
            .collect();
        rows.sort_unstable_by(|one, other| {
            (one.rank, one.head).cmp(&(other.rank, other.head)).then_with(|| {
                let (one, other) = (one.row as usize, other.row as usize);
                (self.tail(one).compare(&self.tail(other))).then_with(|| self.digests[one].cmp(&self.digests[other]))
            })
        });
        rows
    }

    fn tail(&self, row: usize) -> Tail<'_> {
        Tail {
            life: order::life(&self.rows, row),
            offset: self.rows.long(place::KAFKA_OFFSET)[row],
            index: self.rows.int(place::KAFKA_INDEX)[row],
            partition: self.rows.int(place::KAFKA_PARTITION)[row],
            topic: self.texts[TOPIC].of(row).data(),
            dt: self.texts[DT].of(row).data(),
        }
    }

    /// Appends these rows to a batch.
    pub(super) fn give(&self, rows: &[Place], batch: &mut Batch) {
        for (place, (column, from)) in batch.columns.iter_mut().zip(&self.rows.columns).enumerate() {
            let repeating = REPEATING.iter().position(|repeating| *repeating == place);
            let rows = rows.iter().map(|place| place.row as usize);
            match (&mut column.values, repeating) {
                (Values::Text(texts), Some(at)) => texts.extend(rows.map(|row| self.texts[at].of(row).clone())),
                _ => column.gather(from, rows),
            }
        }
        batch.rows += rows.len();
    }
}

/// A column of texts that repeat.
#[derive(Default)]
struct Texts {
    known: HashMap<Bytes, u32>,
    list: Vec<ByteArray>,
    /// Of each row, which text.
    rows: Vec<u32>,
}

impl Texts {
    /// What a text takes beside its bytes, about.
    const OVERHEAD: usize = 128;

    /// Appends the texts of some rows, and says how many bytes more are kept.
    fn take(&mut self, texts: &[ByteArray]) -> usize {
        let mut more = 0;
        let mut last: Option<(&[u8], u32)> = None;
        for text in texts {
            let text = text.data();
            let known = match last {
                Some((before, at)) if std::ptr::eq(before, text) => Some(at),
                _ => self.known.get(text).copied(),
            };
            let at = known.unwrap_or_else(|| {
                // A copy: the text itself would keep its page in memory.
                let text = Bytes::copy_from_slice(text);
                more += text.len() + Self::OVERHEAD;
                #[expect(clippy::cast_possible_truncation, reason = "a chunk has at most 128 MB")]
                let at = self.list.len() as u32;
                self.list.push(ByteArray::from(text.clone()));
                self.known.insert(text, at);
                at
            });
            last = Some((text, at));
            self.rows.push(at);
        }
        more
    }

    fn clear(&mut self) {
        self.known.clear();
        self.list.clear();
        self.rows.clear();
    }

    fn of(&self, row: usize) -> &ByteArray {
        &self.list[self.rows[row] as usize]
    }

    /// The place of each text among all, in the order of their bytes.
    fn ranks(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..).take(self.list.len()).collect();
        order.sort_unstable_by(|one, other| self.list[*one as usize].data().cmp(self.list[*other as usize].data()));
        let mut ranks = vec![0; order.len()];
        for (rank, text) in (0..).zip(order) {
            ranks[text as usize] = rank;
        }
        ranks
    }
}
