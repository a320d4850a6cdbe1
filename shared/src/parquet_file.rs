//! A Parquet file of the table `bars`: the one schema of the lake, and its writer. And the schema of the files into which many
//! such files are merged.

use std::sync::{Arc, LazyLock};

use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::errors::Result;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::{ColumnPath, TypePtr};

use crate::columns::{Columns, Optional};
use crate::parquet_column::RowGroup;

/// Kept in step with the table `bars` in template.yaml (a test in tests/ compares them). The timestamp is UTC; it is not
/// marked as adjusted to UTC because Athena's `timestamp` has no zone.
const SCHEMA: &str = "
message bars {
    required binary symbol (STRING);
    required int32 trade_date (DATE);
    required double open;
    required double high;
    required double low;
    required double close;
    optional double adj_close;
    optional double volume;
    optional double close_usd;
    optional binary extra (STRING);
    required binary kafka_topic (STRING);
    required int32 kafka_partition;
    required int64 kafka_offset;
    required int32 kafka_index;
    optional int64 kafka_timestamp (TIMESTAMP(MILLIS,false));
    optional int32 kafka_life;
    optional int64 bar_time (TIMESTAMP(MILLIS,false));
    optional binary bar_interval (STRING);
}";

#[expect(clippy::expect_used, reason = "a constant, parsed by every test")]
static SCHEMA_TYPE: LazyLock<TypePtr> =
    LazyLock::new(|| Arc::new(parse_message_type(SCHEMA).expect("the schema parses")));

/// In a merged file the folder is in the rows: where each of them landed.
pub const FOLDER_COLUMNS: [&str; 2] = ["dt", "hour"];

#[expect(clippy::expect_used, reason = "a constant, parsed by every test")]
static MERGED_SCHEMA_TYPE: LazyLock<TypePtr> = LazyLock::new(|| {
    let folder = FOLDER_COLUMNS.map(|name| format!("required binary {name} (STRING);")).concat();
    let schema = SCHEMA.replace('}', &format!("{folder} }}"));
    Arc::new(parse_message_type(&schema).expect("the schema parses"))
});

/// In bytes of values: some forty bars. Of a smaller file most is its footer, which is never compressed, and to set zstd up for each
/// column takes longer than all the rest.
pub const SMALL: usize = 4 << 10;

static COMPRESSED: LazyLock<WriterPropertiesPtr> =
    LazyLock::new(|| Arc::new(properties(Compression::ZSTD(ZstdLevel::default()))));
static OF_A_SMALL_FILE: LazyLock<WriterPropertiesPtr> =
    LazyLock::new(|| Arc::new(properties(Compression::UNCOMPRESSED)));

/// The schema of the tables `bars_compacted` and `daily_compacted`: that of `bars`, and then the folder in which the row landed.
pub fn merged_schema() -> TypePtr {
    MERGED_SCHEMA_TYPE.clone()
}

/// How a file of bars is written, and one whose values take less than [`SMALL`].
pub fn properties_of(is_small: bool) -> WriterPropertiesPtr {
    if is_small { OF_A_SMALL_FILE.clone() } else { COMPRESSED.clone() }
}

fn properties(compression: Compression) -> WriterProperties {
    let mut properties = WriterProperties::builder()
        .set_created_by("tickerlake".to_owned())
        .set_compression(compression)
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::Chunk);
    // Few distinct values; for prices and offsets a dictionary costs time and saves nothing.
    let repeating =
        ["symbol", "trade_date", "kafka_topic", "kafka_partition", "kafka_index", "kafka_life", "bar_interval"];
    for name in repeating.into_iter().chain(FOLDER_COLUMNS) {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(name), true);
    }
    properties.build()
}

/// The bytes of a file with these rows; a valid file without any if there are none.
pub(crate) fn write(topic: &str, partition: i32, life: u32, columns: &Columns) -> Vec<u8> {
    #[expect(
        clippy::expect_used,
        reason = "writing to a Vec cannot fail, and the columns are of equal length and in the schema's order"
    )]
    try_write(topic, partition, life, columns).expect("columns that fit the schema are written")
}

fn try_write(topic: &str, partition: i32, life: u32, columns: &Columns) -> Result<Vec<u8>> {
    let rows = columns.len();
    let properties = properties_of(columns.take_less_than(SMALL));
    let mut file = SerializedFileWriter::new(Vec::new(), SCHEMA_TYPE.clone(), properties)?;
    if rows > 0 {
        let mut group = RowGroup::begin(&mut file)?;
        put::<ByteArrayType>(&mut group, &columns.symbol)?;
        put::<Int32Type>(&mut group, &columns.trade_date)?;
        put::<DoubleType>(&mut group, &columns.open)?;
        put::<DoubleType>(&mut group, &columns.high)?;
        put::<DoubleType>(&mut group, &columns.low)?;
        put::<DoubleType>(&mut group, &columns.close)?;
        put_optional::<DoubleType>(&mut group, &columns.adj_close)?;
        put_optional::<DoubleType>(&mut group, &columns.volume)?;
        put_optional::<DoubleType>(&mut group, &columns.close_usd)?;
        put_optional::<ByteArrayType>(&mut group, &columns.extra)?;
        put::<ByteArrayType>(&mut group, &vec![ByteArray::from(topic); rows])?;
        put::<Int32Type>(&mut group, &vec![partition; rows])?;
        put::<Int64Type>(&mut group, &columns.offset)?;
        put::<Int32Type>(&mut group, &columns.index)?;
        put_optional::<Int64Type>(&mut group, &columns.timestamp_ms)?;
        group.put_packed::<Int32Type>(&vec![life.cast_signed(); rows], Some(&vec![1; rows]))?;
        put_optional::<Int64Type>(&mut group, &columns.bar_time_ms)?;
        put_optional::<ByteArrayType>(&mut group, &columns.bar_interval)?;
        group.close()?;
    }
    file.into_inner()
}

fn put<T: DataType>(group: &mut RowGroup<'_, Vec<u8>>, values: &[T::T]) -> Result<()> {
    group.put_packed::<T>(values, None)
}

fn put_optional<T: DataType>(group: &mut RowGroup<'_, Vec<u8>>, column: &Optional<T::T>) -> Result<()> {
    group.put_packed::<T>(&column.values, Some(&column.levels))
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::basic::{LogicalType, Repetition};

    #[test]
    fn a_merged_file_has_the_columns_of_bars_and_then_the_folder_as_required_strings() {
        let merged = merged_schema();
        let (bars, folder) = merged.get_fields().split_at(SCHEMA_TYPE.get_fields().len());
        assert_eq!(bars, SCHEMA_TYPE.get_fields());
        let names: Vec<_> = folder.iter().map(|column| column.name()).collect();
        assert_eq!(names, FOLDER_COLUMNS);
        for column in folder {
            assert_eq!(column.get_basic_info().repetition(), Repetition::REQUIRED);
            assert_eq!(column.get_basic_info().logical_type_ref(), Some(&LogicalType::String));
        }
    }
}
