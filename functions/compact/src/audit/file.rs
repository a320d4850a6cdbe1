//! The Parquet file of an audit: the rows of a table `audits_compacted`.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::properties::WriterProperties;
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use shared::parquet_column::{self, ColumnReader, RowGroup, Values};

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
    let mut group = RowGroup::begin(&mut file)?;
    for column in columns_of(rows) {
        group.put(&column)?;
    }
    group.close()?;
    file.close()?;
    Ok(())
}

/// As the schema has them.
fn columns_of(rows: &[Row]) -> [Values; 11] {
    let text = |value: fn(&Row) -> &str| Values::Text(rows.iter().map(|row| ByteArray::from(value(row))).collect());
    let int = |value: fn(&Row) -> i32| Values::Int(rows.iter().map(value).collect());
    let long = |value: fn(&Row) -> i64| Values::Long(rows.iter().map(value).collect());
    [
        text(|row| &row.dt),
        text(|row| &row.topic),
        int(|row| row.partition),
        int(|row| row.life),
        long(|row| row.first),
        long(|row| row.last),
        long(|row| row.sums.landed),
        long(|row| row.sums.rejected),
        long(|row| row.sums.bar_rows),
        long(|row| row.sums.duplicates),
        Values::Flag(rows.iter().map(|row| row.undecided).collect()),
    ]
}

/// Reads the rows of a part.
///
/// # Errors
/// A file that is none.
pub fn read(path: &Path) -> Result<Vec<Row>, MergeError> {
    try_read(path).map_err(|source| MergeError::Read { file: path.display().to_string(), source })
}

fn try_read(path: &Path) -> Result<Vec<Row>> {
    let file = Arc::new(File::open(path)?);
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&*file)?;
    if metadata.file_metadata().schema() != &parse_message_type(SCHEMA)? {
        return Err(ParquetError::General("it has other columns than an audit".to_owned()));
    }
    let mut rows = Vec::new();
    for group in metadata.row_groups() {
        rows.append(&mut rows_of(&file, group)?);
    }
    Ok(rows)
}

fn rows_of(file: &Arc<File>, group: &RowGroupMetaData) -> Result<Vec<Row>> {
    let rows = parquet_column::rows_of(group)?;
    let mut columns = columns_of(&[]);
    for (values, column) in columns.iter_mut().zip(group.columns()) {
        let pages = SerializedPageReader::new(file.clone(), column, rows, None)?;
        ColumnReader::new(column.column_descr_ptr(), Box::new(pages))?.read(rows, values, None)?;
    }
    let [
        Values::Text(dt),
        Values::Text(topic),
        Values::Int(partition),
        Values::Int(life),
        Values::Long(first),
        Values::Long(last),
        Values::Long(landed),
        Values::Long(rejected),
        Values::Long(bar_rows),
        Values::Long(duplicates),
        Values::Flag(undecided),
    ] = &columns
    else {
        return Err(ParquetError::General("an audit has other columns".to_owned()));
    };
    (0..rows)
        .map(|row| {
            Ok(Row {
                dt: dt[row].as_utf8()?.to_owned(),
                topic: topic[row].as_utf8()?.to_owned(),
                partition: partition[row],
                life: life[row],
                first: first[row],
                last: last[row],
                sums: Sums {
                    landed: landed[row],
                    rejected: rejected[row],
                    bar_rows: bar_rows[row],
                    duplicates: duplicates[row],
                },
                undecided: undecided[row],
            })
        })
        .collect()
}
