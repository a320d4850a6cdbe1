//! Writes a sorted file, batch by batch.
//!
//! Parquet wants a row group column after column, and batches come row after row. So each column is encoded and compressed into
//! memory of its own, page by page, and these are put one behind the other when the group is complete.

use std::fs::File;
use std::path::Path;

use bytes::Bytes;
use parquet::column::writer::{ColumnCloseResult, ColumnWriter, ColumnWriterImpl, get_column_writer};
use parquet::data_type::DataType;
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterPropertiesPtr;
use parquet::file::writer::{SerializedFileWriter, SerializedPageWriter, TrackedWrite};
use shared::parquet_file::{merged_schema, properties_for};

use super::batch::{Batch, Column, Values};
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
    let properties = properties_for(bytes);
    let mut output = SerializedFileWriter::new(file, merged_schema(), properties.clone()).map_err(disk)?;
    let mut batch = Batch::default();
    let mut merged = Merged { rows: 0, bytes: 0 };
    let mut more = next_batch(&mut batch)?;
    while more {
        let mut group = Group::default();
        let mut sinks: Vec<_> = batch.columns.iter().map(|_| TrackedWrite::new(Vec::new())).collect();
        let mut writers = writers(&output, &properties, &mut sinks);
        while more && !group.is_full(limits) {
            for (writer, column) in writers.iter_mut().zip(&batch.columns) {
                put(writer, column).map_err(disk)?;
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
    };
    batch.columns.iter().map(of_column).sum()
}

fn writers<'s>(
    output: &Output,
    properties: &WriterPropertiesPtr,
    sinks: &'s mut [TrackedWrite<Vec<u8>>],
) -> Vec<ColumnWriter<'s>> {
    (output.schema_descr().columns().iter())
        .zip(sinks)
        .map(|(column, sink)| {
            let pages = Box::new(SerializedPageWriter::new(sink));
            get_column_writer(column.clone(), properties.clone(), pages)
        })
        .collect()
}

fn append(output: &mut Output, sinks: Vec<TrackedWrite<Vec<u8>>>, closed: Vec<ColumnCloseResult>) -> Result<()> {
    let mut group = output.next_row_group()?;
    for (sink, closed) in sinks.into_iter().zip(closed) {
        group.append_column(&Bytes::from(sink.into_inner()?), closed)?;
    }
    group.close()?;
    Ok(())
}

fn put(writer: &mut ColumnWriter<'_>, column: &Column) -> Result<()> {
    let levels = column.levels.as_deref();
    match (writer, &column.values) {
        (ColumnWriter::ByteArrayColumnWriter(writer), Values::Text(values)) => put_values(writer, values, levels),
        (ColumnWriter::Int32ColumnWriter(writer), Values::Int(values)) => put_values(writer, values, levels),
        (ColumnWriter::Int64ColumnWriter(writer), Values::Long(values)) => put_values(writer, values, levels),
        (ColumnWriter::DoubleColumnWriter(writer), Values::Double(values)) => put_values(writer, values, levels),
        _ => Err(ParquetError::General("a column has another type than its values".to_owned())),
    }
}

fn put_values<T: DataType>(
    writer: &mut ColumnWriterImpl<'_, T>,
    values: &[T::T],
    levels: Option<&[i16]>,
) -> Result<()> {
    let packed: Vec<T::T>;
    let values = match levels {
        Some(levels) if levels.contains(&0) => {
            let there = values.iter().zip(levels).filter(|(_, level)| **level == 1);
            packed = there.map(|(value, _)| value.clone()).collect();
            &packed
        }
        _ => values,
    };
    writer.write_batch(values, levels, None)?;
    Ok(())
}
