//! Merges the rows of many Parquet files into one, sorted.
//!
//! Landed objects go through a [`Sorter`], which leaves sorted files behind (runs). [`merge`] makes one sorted file of runs and of files
//! that it has made before. Rows stand by symbol, by trade date and time within it, and then newest first. [`Tally`] is what is compared: no row may be
//! lost, doubled or changed on the way. [`verify_daily`] is the same for a file that keeps only the rows that count.
//!
//! Nothing here is held whole, however much there is: of each input some thousand rows, of what is sorted one chunk, of the output one
//! row group, compressed. Files and bytes only, no clock: the same inputs give the same bytes.

mod batch;
mod chunk;
mod daily;
pub(crate) mod digest;
mod kway;
mod limits;
mod order;
mod place;
mod sorter;
mod source;
mod tally;
mod writer;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use parquet::errors::ParquetError;

pub use daily::verify_daily;
pub use sorter::{Sorted, Sorter};
pub use tally::{Span, Tally, tally};

use kway::Merge;
use limits::Limits;

/// Which rows of its inputs a merged file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// All of them.
    Every,
    /// Per symbol, trade date and time within it (a daily bar has none) those that can be the newest: the newest of all, and any of a later `dt` than all that are newer. So
    /// whoever looks at the rows from some `dt` on finds the newest of them.
    Daily,
}

/// A merged file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merged {
    /// Rows in it.
    pub rows: u64,
    /// Its size.
    pub bytes: u64,
}

/// Why files cannot be merged. None of it goes away by itself.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// A column is missing, unknown, or not what it is in the lake: a value of it could be lost.
    #[error("{file} is not a Parquet file of bars: {why}")]
    NotBars {
        /// Its path, or "the object".
        file: String,
        /// Which column, and what is wrong with it.
        why: String,
    },
    /// The bytes of a file are no Parquet, or not what they should be.
    #[error("{file} cannot be read: {source}")]
    Read {
        /// Its path, or "the object".
        file: String,
        /// What the reader says.
        source: ParquetError,
    },
    /// A file cannot be opened, made or written; mostly because the disk is full.
    #[error("{file}: {source}")]
    Disk {
        /// Its path.
        file: String,
        /// What the system says.
        source: ParquetError,
    },
    /// A file to be merged is not sorted as merged files are.
    #[error("{file} is not sorted: row {row} belongs further up")]
    Unsorted {
        /// Its path.
        file: String,
        /// Counted from 0.
        row: u64,
    },
    /// A daily file is not what its inputs come to.
    #[error("{file} is not what its inputs come to: it has {found_rows} rows, and {expected_rows} were expected{}",
        if found_rows == expected_rows { ", with other values" } else { "" })]
    NotDaily {
        /// Its path.
        file: String,
        /// Rows in it.
        found_rows: u64,
        /// Rows of its inputs that count.
        expected_rows: u64,
    },
}

impl MergeError {
    /// An object at which the library gives up in a panic.
    pub(crate) fn damaged() -> Self {
        let source = ParquetError::General("its bytes are damaged".to_owned());
        Self::Read { file: "the object".to_owned(), source }
    }

    pub(crate) fn disk(file: &Path, error: impl Into<ParquetError>) -> Self {
        Self::Disk { file: file.display().to_string(), source: error.into() }
    }
}

/// Merges sorted files (runs, and files made by this) into one sorted file.
pub fn merge(inputs: &[PathBuf], output: &Path, keep: Keep) -> Result<Merged, MergeError> {
    merge_within(&Limits::OF_A_LAMBDA, inputs, output, keep)
}

fn merge_within(limits: &Limits, inputs: &[PathBuf], output: &Path, keep: Keep) -> Result<Merged, MergeError> {
    let mut merge = Merge::open(inputs, keep, limits.batch_rows)?;
    writer::write(limits, output, merge.bytes(), |batch| merge.next_batch(batch))
}
