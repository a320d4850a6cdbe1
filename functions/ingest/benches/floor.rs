//! The floor under the encoding: the least that the same crates can do for the same Parquet file, with every check left out that the
//! data contract asks for. It believes each record; one bad byte and it panics.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::NaiveDate;
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{ColumnPath, TypePtr};
use serde::Deserialize;

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    records: HashMap<&'a str, Vec<Record<'a>>>,
}

#[derive(Deserialize)]
struct Record<'a> {
    offset: i64,
    timestamp: i64,
    value: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Bar<'a> {
    index: &'a str,
    date: &'a str,
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    #[serde(rename = "Adj Close")]
    adj_close: Option<f64>,
    volume: Option<f64>,
    #[serde(rename = "CloseUSD")]
    close_usd: Option<f64>,
}

#[derive(Default)]
struct Columns {
    symbol: Vec<ByteArray>,
    trade_date: Vec<i32>,
    open: Vec<f64>,
    high: Vec<f64>,
    low: Vec<f64>,
    close: Vec<f64>,
    adj_close: Vec<f64>,
    volume: Vec<f64>,
    close_usd: Vec<f64>,
    offset: Vec<i64>,
    timestamp_ms: Vec<i64>,
}

/// The Parquet file of an event with one partition; `schema` is that of the table.
pub(crate) fn encode(payload: &str, schema: &TypePtr) -> Vec<u8> {
    let event: Event<'_> = serde_json::from_str(payload).unwrap();
    let (name, records) = event.records.iter().next().unwrap();
    let (topic, partition) = name.rsplit_once('-').unwrap();
    let mut columns = Columns::default();
    let mut symbols = HashMap::<String, ByteArray>::new();
    let mut buffer = Vec::new();
    for record in records {
        buffer.clear();
        STANDARD.decode_vec(record.value, &mut buffer).unwrap();
        let bar: Bar<'_> = serde_json::from_slice(&buffer).unwrap();
        if !symbols.contains_key(bar.index) {
            symbols.insert(bar.index.to_owned(), ByteArray::from(bar.index));
        }
        columns.symbol.push(symbols[bar.index].clone());
        columns.trade_date.push(days(bar.date));
        columns.open.push(bar.open);
        columns.high.push(bar.high);
        columns.low.push(bar.low);
        columns.close.push(bar.close);
        columns.adj_close.extend(bar.adj_close);
        columns.volume.extend(bar.volume);
        columns.close_usd.extend(bar.close_usd);
        columns.offset.push(record.offset);
        columns.timestamp_ms.push(record.timestamp);
    }
    write(topic, partition.parse().unwrap(), &columns, schema)
}

fn days(date: &str) -> i32 {
    let number = |range: std::ops::Range<usize>| date[range].parse::<u32>().unwrap();
    NaiveDate::from_ymd_opt(number(0..4).cast_signed(), number(5..7), number(8..10)).unwrap().to_epoch_days()
}

fn write(topic: &str, partition: i32, columns: &Columns, schema: &TypePtr) -> Vec<u8> {
    let mut properties = WriterProperties::builder()
        .set_created_by("tickerlake".to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::Chunk);
    for name in ["symbol", "trade_date", "kafka_topic", "kafka_partition", "kafka_index", "kafka_life"] {
        properties = properties.set_column_dictionary_enabled(ColumnPath::from(name), true);
    }
    let rows = columns.offset.len();
    let (all, none) = (vec![1; rows], vec![0; rows]);
    let mut file = SerializedFileWriter::new(Vec::new(), schema.clone(), Arc::new(properties.build())).unwrap();
    let mut group = file.next_row_group().unwrap();
    put::<ByteArrayType>(&mut group, &columns.symbol, None);
    put::<Int32Type>(&mut group, &columns.trade_date, None);
    put::<DoubleType>(&mut group, &columns.open, None);
    put::<DoubleType>(&mut group, &columns.high, None);
    put::<DoubleType>(&mut group, &columns.low, None);
    put::<DoubleType>(&mut group, &columns.close, None);
    put::<DoubleType>(&mut group, &columns.adj_close, Some(&all));
    put::<DoubleType>(&mut group, &columns.volume, Some(&all));
    put::<DoubleType>(&mut group, &columns.close_usd, Some(&all));
    put::<ByteArrayType>(&mut group, &[], Some(&none));
    put::<ByteArrayType>(&mut group, &vec![ByteArray::from(topic); rows], None);
    put::<Int32Type>(&mut group, &vec![partition; rows], None);
    put::<Int64Type>(&mut group, &columns.offset, None);
    put::<Int32Type>(&mut group, &vec![0; rows], None);
    put::<Int64Type>(&mut group, &columns.timestamp_ms, Some(&all));
    put::<Int32Type>(&mut group, &vec![1; rows], Some(&all));
    group.close().unwrap();
    file.into_inner().unwrap()
}

fn put<T: DataType>(group: &mut SerializedRowGroupWriter<'_, Vec<u8>>, values: &[T::T], levels: Option<&[i16]>) {
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<T>().write_batch(values, levels, None).unwrap();
    column.close().unwrap();
}
