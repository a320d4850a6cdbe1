//! Rows as the tests see them, written and read without the code that is tested.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Repetition, Type};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::record::{Field, RowAccessor};
use parquet::schema::parser::parse_message_type;
use proptest::prelude::*;

use crate::merge::limits::Limits;
use crate::merge::{Keep, Sorted, Sorter, merge_within};

/// One row. Numbers are compared bit by bit.
#[expect(clippy::struct_field_names, reason = "as the columns are called")]
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bar {
    pub(super) symbol: Vec<u8>,
    pub(super) trade_date: i32,
    /// open, high, low, close
    pub(super) prices: [u64; 4],
    /// `adj_close`, volume, `close_usd`
    pub(super) more: [Option<u64>; 3],
    pub(super) extra: Option<Vec<u8>>,
    pub(super) topic: String,
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) index: i32,
    pub(super) timestamp: Option<i64>,
    pub(super) life: Option<i32>,
    pub(super) bar_time: Option<i64>,
    pub(super) bar_interval: Option<String>,
    pub(super) dt: String,
    pub(super) hour: String,
}

impl Default for Bar {
    fn default() -> Self {
        Self {
            symbol: b"HSI".to_vec(),
            trade_date: 20_000,
            prices: [1.5, 2.0, 1.0, 1.75].map(f64::to_bits),
            more: [None, Some(0.0_f64.to_bits()), Some(2.0_f64.to_bits())],
            extra: None,
            topic: "stock-bars".into(),
            partition: 0,
            offset: 7,
            index: 0,
            timestamp: Some(1_795_374_300_000),
            life: Some(1),
            bar_time: None,
            bar_interval: None,
            dt: "2026-11-22".into(),
            hour: "19".into(),
        }
    }
}

/// The schema of landed objects today.
pub(super) const TODAY: &str = "message bars { required binary symbol (STRING); required int32 trade_date (DATE);
    required double open; required double high; required double low; required double close;
    optional double adj_close; optional double volume; optional double close_usd; optional binary extra (STRING);
    required binary kafka_topic (STRING); required int32 kafka_partition; required int64 kafka_offset; required int32 kafka_index;
    optional int64 kafka_timestamp (TIMESTAMP(MILLIS,false)); optional int32 kafka_life;
    optional int64 bar_time (TIMESTAMP(MILLIS,false)); optional binary bar_interval (STRING); }";

/// A file of these rows, in row groups of so many; its columns are those of the schema.
pub(super) fn encode(schema: &str, bars: &[Bar], group_rows: usize) -> Bytes {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder().set_data_page_row_count_limit(3).set_write_batch_size(2).build();
    let mut file = SerializedFileWriter::new(Vec::new(), schema.clone(), Arc::new(properties)).unwrap();
    for bars in bars.chunks(group_rows) {
        let mut group = file.next_row_group().unwrap();
        for column in schema.get_fields() {
            let optional = column.get_basic_info().repetition() == Repetition::OPTIONAL;
            let cells: Vec<_> = bars.iter().map(|bar| cell(bar, column.name())).collect();
            match column.get_physical_type() {
                Type::BYTE_ARRAY => put::<ByteArrayType>(&mut group, cells, optional, |cell| match cell {
                    Cell::Text(text) => ByteArray::from(text),
                    Cell::Number(number) => ByteArray::from(number.to_string().as_str()),
                }),
                Type::INT32 => put::<Int32Type>(&mut group, cells, optional, |cell| {
                    i32::try_from(cell.number().cast_signed()).unwrap()
                }),
                Type::INT64 => put::<Int64Type>(&mut group, cells, optional, |cell| cell.number().cast_signed()),
                Type::DOUBLE => put::<DoubleType>(&mut group, cells, optional, |cell| f64::from_bits(cell.number())),
                other => panic!("{other}"),
            }
        }
        group.close().unwrap();
    }
    file.into_inner().unwrap().into()
}

/// In a row with this the column has nothing.
pub(super) const NO_INDEX: i32 = -1;

enum Cell {
    Text(Vec<u8>),
    Number(u64),
}

impl Cell {
    fn number(self) -> u64 {
        match self {
            Self::Number(number) => number,
            Self::Text(text) => text.len() as u64,
        }
    }
}

fn cell(bar: &Bar, name: &str) -> Option<Cell> {
    let text = |text: &[u8]| Some(Cell::Text(text.to_vec()));
    let number = |number: i64| Some(Cell::Number(number.cast_unsigned()));
    match name {
        "symbol" => text(&bar.symbol),
        "trade_date" => number(bar.trade_date.into()),
        "open" => Some(Cell::Number(bar.prices[0])),
        "high" => Some(Cell::Number(bar.prices[1])),
        "low" => Some(Cell::Number(bar.prices[2])),
        "close" => Some(Cell::Number(bar.prices[3])),
        "adj_close" => bar.more[0].map(Cell::Number),
        "volume" => bar.more[1].map(Cell::Number),
        "close_usd" => bar.more[2].map(Cell::Number),
        "extra" => bar.extra.clone().map(Cell::Text),
        "kafka_topic" => text(bar.topic.as_bytes()),
        "kafka_partition" => number(bar.partition.into()),
        "kafka_offset" => number(bar.offset),
        "kafka_index" => (bar.index != NO_INDEX).then(|| Cell::Number(i64::from(bar.index).cast_unsigned())),
        "kafka_timestamp" => bar.timestamp.and_then(number),
        "kafka_life" => bar.life.and_then(|life| number(life.into())),
        "bar_time" => bar.bar_time.and_then(number),
        "bar_interval" => bar.bar_interval.as_ref().and_then(|interval| text(interval.as_bytes())),
        "dt" => text(bar.dt.as_bytes()),
        "hour" => text(bar.hour.as_bytes()),
        _ => number(1),
    }
}

fn put<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    cells: Vec<Option<Cell>>,
    optional: bool,
    value: impl Fn(Cell) -> T::T,
) {
    let levels: Vec<_> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    let values: Vec<_> = cells.into_iter().flatten().map(value).collect();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<T>().write_batch(&values, optional.then_some(levels.as_slice()), None).unwrap();
    column.close().unwrap();
}

/// The rows of a merged file, in its order.
pub(super) fn decode(path: &Path) -> Vec<Bar> {
    let file = SerializedFileReader::new(std::fs::File::open(path).unwrap()).unwrap();
    file.get_row_iter(None)
        .unwrap()
        .map(|row| {
            let row = row.unwrap();
            let double = |at| row.get_double(at).ok().map(f64::to_bits);
            let text = |at| row.get_string(at).ok().map(|text| text.as_bytes().to_vec());
            let name = |at| row.get_string(at).unwrap().clone();
            Bar {
                symbol: text(0).unwrap(),
                trade_date: match row.get_column_iter().nth(1) {
                    Some((_, Field::Date(days))) => *days,
                    other => panic!("{other:?}"),
                },
                prices: [2, 3, 4, 5].map(|at| double(at).unwrap()),
                more: [6, 7, 8].map(double),
                extra: text(9),
                topic: name(10),
                partition: row.get_int(11).unwrap(),
                offset: row.get_long(12).unwrap(),
                index: row.get_int(13).unwrap(),
                timestamp: row.get_timestamp_millis(14).ok(),
                life: row.get_int(15).ok(),
                bar_time: row.get_timestamp_millis(16).ok(),
                bar_interval: row.get_string(17).ok().cloned(),
                dt: name(18),
                hour: name(19),
            }
        })
        .collect()
}

/// Small enough that a few rows go over each of them.
pub(super) const SMALL: Limits = Limits { batch_rows: 3, chunk_bytes: 6000, group_rows: 20, group_bytes: 3000 };

/// A folder, and what the tests do in it.
pub(super) struct Scratch(tempfile::TempDir);

impl Scratch {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Sorts these rows, each group of one folder as an object.
    pub(super) fn sort(&self, name: &str, bars: &[Bar]) -> Sorted {
        std::fs::create_dir(self.path(name)).unwrap();
        let mut sorter = Sorter::within(SMALL, &self.path(name));
        for bars in bars.chunk_by(|one, other| (&one.dt, &one.hour) == (&other.dt, &other.hour)) {
            sorter.push(encode(TODAY, bars, 7), &bars[0].dt, &bars[0].hour).unwrap();
        }
        sorter.finish().unwrap()
    }

    pub(super) fn merge(&self, name: &str, inputs: &[PathBuf], keep: Keep) -> PathBuf {
        let merged = merge_within(&SMALL, inputs, &self.path(name), keep).unwrap();
        assert_eq!(merged.bytes, self.path(name).metadata().unwrap().len());
        self.path(name)
    }
}

fn double() -> impl Strategy<Value = u64> {
    let odd = [0.0, -0.0, 1.5, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE / 2.0, f64::NAN, -f64::NAN];
    prop_oneof![prop::sample::select(odd.map(f64::to_bits).to_vec()), any::<u64>()]
}

/// Any row; few symbols, days and times, so that rows meet.
pub(super) fn any_bar() -> impl Strategy<Value = Bar> {
    let symbol = prop_oneof![
        4 => prop::sample::select(vec!["", "A", "A\0", "AAAAAAAAB", "AAAAAAAAC", "Ä", "\u{10ffff}"]).prop_map(String::from),
        1 => ".{0,12}",
    ];
    let date = prop_oneof![3 => 0..3_i32, 1 => prop::sample::select(vec![i32::MIN, -1, i32::MAX])];
    let times = vec![
        None,
        Some(1),
        Some(2),
        Some(i64::MIN),
        Some(i64::MAX),
        Some(253_402_300_799_999),
        Some(253_402_300_800_000),
    ];
    let extra = prop_oneof![4 => Just(None), 2 => Just(Some(String::new())), 2 => ".{0,300}".prop_map(Some)];
    let record = (
        prop::sample::select(vec!["stock-bars", "other"]),
        0..2_i32,
        prop_oneof![4 => 0..6_i64, 1 => any::<i64>()],
        0..2_i32,
        prop::sample::select(times),
        prop::sample::select(vec![None, Some(1), Some(2), Some(-1)]),
        prop::sample::select(vec![None, None, Some(-1), Some(0), Some(1)]),
        prop::sample::select(vec![None, Some("1m".to_owned()), Some(String::new())]),
    );
    let folder = (1..4_u8, 0..2_u8);
    let values = (prop::array::uniform4(double()), prop::array::uniform3(prop::option::of(double())), extra);
    (symbol, date, values, record, folder).prop_map(
        |(symbol, trade_date, (prices, more, extra), record, (day, hour))| {
            let (topic, partition, offset, index, timestamp, life, bar_time, bar_interval) = record;
            Bar {
                symbol: symbol.into_bytes(),
                trade_date,
                prices,
                more,
                extra: extra.map(String::into_bytes),
                topic: topic.to_owned(),
                partition,
                offset,
                index,
                timestamp,
                life,
                bar_time,
                bar_interval,
                dt: format!("2026-11-0{day}"),
                hour: format!("0{hour}"),
            }
        },
    )
}
