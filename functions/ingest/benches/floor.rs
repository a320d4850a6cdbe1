//! The floor under the encoding: the least that the same crates can do for the same Parquet file, when nothing is checked that the data
//! contract asks for. It knows where each field of the event and of the bar begins, believes what it finds there, and makes no reject.

use std::collections::HashMap;
use std::hint::black_box;
use std::str;
use std::time::Duration;

use chrono::NaiveDate;
use memchr::{memchr, memchr2, memmem};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::TypePtr;
use shared::parquet_file::properties_of;

use crate::steps::timed;

/// The records of an event with one partition.
struct Records<'a> {
    topic: &'a str,
    partition: i32,
    all: Vec<Record<'a>>,
}

struct Record<'a> {
    offset: i64,
    timestamp_ms: i64,
    value: &'a [u8],
}

#[derive(Default)]
struct Columns {
    symbol: Vec<ByteArray>,
    trade_date: Vec<i32>,
    /// Open, high, low, close, adjusted close, volume, close in US dollars.
    numbers: [Vec<f64>; 7],
}

/// The Parquet file of an event with one partition; `schema` is that of the table.
pub(crate) fn encode(payload: &str, schema: &TypePtr) -> Vec<u8> {
    let records = parse(payload);
    write(&records, &decode(&records), schema)
}

/// What each step of it takes.
pub(crate) fn steps(payload: &str, schema: &TypePtr) -> [Duration; 3] {
    let (parsing, records) = timed(|| parse(black_box(payload)));
    let (decoding, columns) = timed(|| decode(&records));
    let (encoding, _) = timed(|| write(&records, &columns, schema));
    [parsing, decoding, encoding]
}

fn parse(payload: &str) -> Records<'_> {
    let mut rest = payload.as_bytes();
    skip(&mut rest, &memmem::Finder::new("\"records\":{\""));
    let name = str::from_utf8(take_until(&mut rest, b'"')).unwrap();
    let (topic, partition) = name.rsplit_once('-').unwrap();
    let [offset, timestamp, value] = ["\"offset\":", "\"timestamp\":", "\"value\":\""].map(memmem::Finder::new);
    let mut all = Vec::new();
    while skip(&mut rest, &offset) {
        let offset = integer(take_until(&mut rest, b','));
        skip(&mut rest, &timestamp);
        let timestamp_ms = integer(take_until(&mut rest, b','));
        skip(&mut rest, &value);
        all.push(Record { offset, timestamp_ms, value: take_until(&mut rest, b'"') });
    }
    Records { topic, partition: partition.parse().unwrap(), all }
}

fn decode(records: &Records<'_>) -> Columns {
    let mut columns = Columns::default();
    let mut symbols = HashMap::<Vec<u8>, ByteArray>::new();
    let mut buffer = Vec::new();
    for record in &records.all {
        buffer.clear();
        base64_simd::STANDARD.decode_append(record.value, &mut buffer).unwrap();
        let mut rest = &buffer["{\"Index\":\"".len()..];
        let symbol = take_until(&mut rest, b'"');
        if !symbols.contains_key(symbol) {
            symbols.insert(symbol.to_owned(), ByteArray::from(symbol.to_owned()));
        }
        columns.symbol.push(symbols[symbol].clone());
        rest = &rest[",\"Date\":\"".len()..];
        columns.trade_date.push(days(str::from_utf8(take_until(&mut rest, b'"')).unwrap()));
        for column in &mut columns.numbers {
            take_until(&mut rest, b':');
            let end = memchr2(b',', b'}', rest).unwrap();
            column.push(str::from_utf8(&rest[..end]).unwrap().parse().unwrap());
            rest = &rest[end..];
        }
    }
    columns
}

/// Goes on behind the next of these; not, if there is none.
fn skip(rest: &mut &[u8], wanted: &memmem::Finder<'_>) -> bool {
    let found = wanted.find(rest);
    if let Some(place) = found {
        *rest = &rest[place + wanted.needle().len()..];
    }
    found.is_some()
}

/// What stands before this byte; goes on behind it.
fn take_until<'a>(rest: &mut &'a [u8], end: u8) -> &'a [u8] {
    let place = memchr(end, rest).unwrap();
    let taken = &rest[..place];
    *rest = &rest[place + 1..];
    taken
}

fn integer(digits: &[u8]) -> i64 {
    digits.iter().fold(0, |number, digit| number * 10 + i64::from(digit - b'0'))
}

fn days(date: &str) -> i32 {
    let number = |range: std::ops::Range<usize>| date[range].parse::<u32>().unwrap();
    NaiveDate::from_ymd_opt(number(0..4).cast_signed(), number(5..7), number(8..10)).unwrap().to_epoch_days()
}

fn write(records: &Records<'_>, columns: &Columns, schema: &TypePtr) -> Vec<u8> {
    let rows = records.all.len();
    let (all, none) = (vec![1; rows], vec![0; rows]);
    let mut file = SerializedFileWriter::new(Vec::new(), schema.clone(), properties_of(false)).unwrap();
    let mut group = file.next_row_group().unwrap();
    put::<ByteArrayType>(&mut group, &columns.symbol, None);
    put::<Int32Type>(&mut group, &columns.trade_date, None);
    for (place, numbers) in columns.numbers.iter().enumerate() {
        put::<DoubleType>(&mut group, numbers, (place > 3).then_some(&all));
    }
    put::<ByteArrayType>(&mut group, &[], Some(&none));
    put::<ByteArrayType>(&mut group, &vec![ByteArray::from(records.topic); rows], None);
    put::<Int32Type>(&mut group, &vec![records.partition; rows], None);
    put::<Int64Type>(&mut group, &records.all.iter().map(|record| record.offset).collect::<Vec<_>>(), None);
    put::<Int32Type>(&mut group, &vec![0; rows], None);
    put::<Int64Type>(&mut group, &records.all.iter().map(|record| record.timestamp_ms).collect::<Vec<_>>(), Some(&all));
    put::<Int32Type>(&mut group, &vec![1; rows], Some(&all));
    put::<Int64Type>(&mut group, &[], Some(&none));
    put::<ByteArrayType>(&mut group, &[], Some(&none));
    group.close().unwrap();
    file.into_inner().unwrap()
}

fn put<T: DataType>(group: &mut SerializedRowGroupWriter<'_, Vec<u8>>, values: &[T::T], levels: Option<&[i16]>) {
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<T>().write_batch(values, levels, None).unwrap();
    column.close().unwrap();
}
