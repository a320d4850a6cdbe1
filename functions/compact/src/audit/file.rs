//! The Parquet file of an audit: the rows of a table `audits_compacted`.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::record::RowAccessor;
use parquet::schema::parser::parse_message_type;

use super::{Row, Sums};
use crate::merge::MergeError;

/// Kept in step with the table in template.yaml (a test in tests/ compares them).
pub(super) const SCHEMA: &str = "
message audits {
    required binary dt (STRING);
    required binary kafka_topic (STRING);
    required int32 kafka_partition;
    required int32 kafka_life;
    required int64 first_offset;
    required int64 last_offset;
    required int64 landed;
    required int64 rejected;
    required int64 bar_rows;
    required int64 duplicates;
    required boolean undecided;
}";

/// Writes a file of these rows.
pub(super) fn write(path: &Path, rows: &[Row]) -> Result<(), MergeError> {
    try_write(path, rows).map_err(|error| MergeError::disk(path, error))
}

fn try_write(path: &Path, rows: &[Row]) -> Result<()> {
    let properties = WriterProperties::builder()
        .set_created_by("tickerlake".to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .build();
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let mut file = SerializedFileWriter::new(File::create(path)?, schema, Arc::new(properties))?;
    let mut group = file.next_row_group()?;
    let group_of = &mut group;
    put::<ByteArrayType>(group_of, rows, |row| ByteArray::from(row.dt.as_str()))?;
    put::<ByteArrayType>(group_of, rows, |row| ByteArray::from(row.topic.as_str()))?;
    put::<Int32Type>(group_of, rows, |row| row.partition)?;
    put::<Int32Type>(group_of, rows, |row| row.life)?;
    put::<Int64Type>(group_of, rows, |row| row.first)?;
    put::<Int64Type>(group_of, rows, |row| row.last)?;
    put::<Int64Type>(group_of, rows, |row| row.sums.landed)?;
    put::<Int64Type>(group_of, rows, |row| row.sums.rejected)?;
    put::<Int64Type>(group_of, rows, |row| row.sums.bar_rows)?;
    put::<Int64Type>(group_of, rows, |row| row.sums.duplicates)?;
    put::<BoolType>(group_of, rows, |row| row.undecided)?;
    group.close()?;
    file.close()?;
    Ok(())
}

fn put<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, File>,
    rows: &[Row],
    value: impl Fn(&Row) -> T::T,
) -> Result<()> {
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General("the schema has fewer columns".to_owned()));
    };
    column.typed::<T>().write_batch(&rows.iter().map(value).collect::<Vec<_>>(), None, None)?;
    column.close()
}

/// Reads the rows of a part.
///
/// # Errors
/// A file that is none.
pub fn read(path: &Path) -> Result<Vec<Row>, MergeError> {
    let open = |path| SerializedFileReader::new(File::open(path)?);
    let rows = open(path).and_then(|file| file.get_row_iter(None)?.map(|row| of(&row?)).collect());
    rows.map_err(|source| MergeError::Read { file: path.display().to_string(), source })
}

fn of(row: &parquet::record::Row) -> Result<Row> {
    Ok(Row {
        dt: row.get_string(0)?.clone(),
        topic: row.get_string(1)?.clone(),
        partition: row.get_int(2)?,
        life: row.get_int(3)?,
        first: row.get_long(4)?,
        last: row.get_long(5)?,
        sums: Sums {
            landed: row.get_long(6)?,
            rejected: row.get_long(7)?,
            bar_rows: row.get_long(8)?,
            duplicates: row.get_long(9)?,
        },
        undecided: row.get_bool(10)?,
    })
}
