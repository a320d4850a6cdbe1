//! Writes a sorted file, batch by batch.
//!
//! Parquet wants a row group column after column, and batches come row after row. So each column is encoded and compressed into
//! memory of its own, page by page, and these are put one behind the other when the group is complete.

use std::fs::File;
use std::path::Path;

use bytes::Bytes;
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::Result;
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::writer::{SerializedFileWriter, TrackedWrite};
use shared::parquet_column::{ColumnWriter, Values};
use shared::parquet_file::{SMALL, merged_schema, properties_of};

use super::batch::{Batch, Column};
use super::limits::Limits;
use super::{MergeError, Merged};

type Output = SerializedFileWriter<File>;

/// Writes a file of the rows that `next_batch` hands out, until it says that there are none; they take so many bytes, about.
pub(super) fn write(
    limits: &Limits,
    path: &Path,
    bytes: usize,
    mut next_batch: impl FnMut(&mut Batch) -> Result<bool, MergeError>,
) -> Result<Merged, MergeError> {
    let disk = |error| MergeError::disk(path, error);
    let file = File::create(path).map_err(|error| MergeError::disk(path, error))?;
    let properties = properties_of(bytes < SMALL);
    let mut output = SerializedFileWriter::new(file, merged_schema(), properties.clone()).map_err(disk)?;
    let mut batch = Batch::default();
    let mut merged = Merged { rows: 0, bytes: 0 };
    let mut more = next_batch(&mut batch)?;
    while more {
        let mut group = Group::default();
        let mut sinks: Vec<_> = batch.columns.iter().map(|_| TrackedWrite::new(Vec::new())).collect();
        let mut writers = writers(&output, &properties, &mut sinks).map_err(disk)?;
        while more && !group.is_full(limits) {
            for (writer, column) in writers.iter_mut().zip(&batch.columns) {
                writer.write(&column.values, column.levels.as_deref()).map_err(disk)?;
            }
            group.rows += batch.rows;
            group.bytes += bytes_of(&batch);
            more = next_batch(&mut batch)?;
        }
        let closed = writers.into_iter().map(ColumnWriter::close).collect::<Result<Vec<_>>>().map_err(disk)?;
        append(&mut output, sinks, closed).map_err(disk)?;
        merged.rows += group.rows as u64;
    }
    let file = output.into_inner().map_err(disk)?;
    merged.bytes = file.metadata().map_err(|error| MergeError::disk(path, error))?.len();
    Ok(merged)
}

/// How much a row group has.
#[derive(Default)]
struct Group {
    rows: usize,
    bytes: usize,
}

impl Group {
    fn is_full(&self, limits: &Limits) -> bool {
        self.rows >= limits.group_rows || self.bytes >= limits.group_bytes
    }
}

/// What these rows take in a file, before compression; what repeats from row to row not counted.
fn bytes_of(batch: &Batch) -> usize {
    let of_column = |column: &Column| match &column.values {
        Values::Text(values) => {
            let mut before: &[u8] = &[];
            let mut bytes = 0;
            for (row, text) in values.iter().enumerate() {
                if column.levels.as_ref().is_none_or(|levels| levels[row] == 1) {
                    let text = text.data();
                    bytes += if std::ptr::eq(text, before) { 0 } else { text.len() };
                    before = text;
                }
            }
            bytes
        }
        Values::Int(values) => size_of_val(values.as_slice()),
        Values::Long(values) => size_of_val(values.as_slice()),
        Values::Double(values) => size_of_val(values.as_slice()),
        Values::Flag(values) => size_of_val(values.as_slice()),
    };
    batch.columns.iter().map(of_column).sum()
}

fn writers<'s>(
    output: &Output,
    properties: &WriterPropertiesPtr,
    sinks: &'s mut [TrackedWrite<Vec<u8>>],
) -> Result<Vec<ColumnWriter<'s>>> {
    let columns = output.schema_descr().columns().iter().zip(sinks);
    columns.map(|(column, sink)| ColumnWriter::new(column.clone(), properties.clone(), sink)).collect()
}

fn append(output: &mut Output, sinks: Vec<TrackedWrite<Vec<u8>>>, closed: Vec<ColumnCloseResult>) -> Result<()> {
    let mut group = output.next_row_group()?;
    for (sink, closed) in sinks.into_iter().zip(closed) {
        group.append_column(&Bytes::from(sink.into_inner()?), closed)?;
    }
    group.close()?;
    Ok(())
}
