//! Sorts the rows of landed objects, chunk by chunk.

use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::batch::Batch;
use super::chunk::Chunk;
use super::limits::Limits;
use super::order::same_records;
use super::source::Source;
use super::tally::{Counter, Tally};
use super::{MergeError, place, writer};
use crate::audit::{Audit, Row};

/// Gathers the rows of landed objects, and leaves them behind sorted, in files below a scratch folder.
pub struct Sorter {
    scratch: PathBuf,
    limits: Limits,
    batch: Batch,
    chunk: Chunk,
    counter: Counter,
    audit: Audit,
    runs: Vec<PathBuf>,
}

/// What a sorter leaves behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sorted {
    /// Sorted files; none if there was no row.
    pub runs: Vec<PathBuf>,
    /// What is in them together.
    pub tally: Tally,
    /// Which offsets they are of; none if offsets cannot tell.
    pub audit: Option<Vec<Row>>,
}

impl Sorter {
    /// `scratch` is a folder for this alone. It is there, and whoever has made it empties it.
    pub fn new(scratch: &Path) -> Self {
        Self::within(Limits::OF_A_LAMBDA, scratch)
    }

    pub(super) fn within(limits: Limits, scratch: &Path) -> Self {
        Self {
            scratch: scratch.to_owned(),
            limits,
            batch: Batch::default(),
            chunk: Chunk::default(),
            counter: Counter::default(),
            audit: Audit::default(),
            runs: Vec::new(),
        }
    }

    /// Takes the rows of one landed object, and the folder in which it was. Whether it has any: a fence has none, nor has what was hollowed.
    pub fn push(&mut self, object: Bytes, dt: &str, hour: &str) -> Result<bool, MergeError> {
        let mut source = Source::landed(object, dt, hour)?;
        let mut has_rows = false;
        while source.next_batch(&mut self.batch, self.limits.batch_rows)? {
            has_rows = true;
            audit(&mut self.audit, dt, &self.batch);
            let digests = self.counter.count(&self.batch);
            self.chunk.take(&self.batch, digests);
            if self.chunk.bytes() >= self.limits.chunk_bytes {
                self.write_run()?;
            }
        }
        Ok(has_rows)
    }

    /// Ends the last run.
    pub fn finish(mut self) -> Result<Sorted, MergeError> {
        if !self.chunk.is_empty() {
            self.write_run()?;
        }
        Ok(Sorted { runs: self.runs, tally: self.counter.into_tally(), audit: self.audit.into_rows() })
    }

    fn write_run(&mut self) -> Result<(), MergeError> {
        let path = self.scratch.join(format!("run-{:06}.parquet", self.runs.len()));
        let rows = self.chunk.sorted();
        let mut left = rows.chunks(self.limits.batch_rows);
        writer::write(&self.limits, &path, self.chunk.bytes(), |batch| {
            batch.clear();
            let Some(rows) = left.next() else { return Ok(false) };
            self.chunk.give(rows, batch);
            Ok(true)
        })?;
        drop(rows);
        self.chunk.clear();
        self.runs.push(path);
        Ok(())
    }
}

fn audit(audit: &mut Audit, dt: &str, batch: &Batch) {
    let (offsets, indexes) = (batch.long(place::KAFKA_OFFSET), batch.int(place::KAFKA_INDEX));
    for rows in same_records(batch) {
        let first = rows.start;
        let life = batch.has(place::KAFKA_LIFE, first).then(|| batch.int(place::KAFKA_LIFE)[first]);
        let topic = batch.text(place::KAFKA_TOPIC)[first].data();
        let places = rows.map(|row| (offsets[row], indexes[row]));
        audit.bars(dt, topic, batch.int(place::KAFKA_PARTITION)[first], life, places);
    }
}
