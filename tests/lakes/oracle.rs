//! Every record that was delivered is in `bars` or in `rejects`, once, with all that it was.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, RowAccessor};
use serde_json::{Map, Value};
use store::Memory;

use crate::sent;
use crate::topic::Delivered;

/// By partition and offset.
type Place = (i32, i64);

/// A row of `bars`, as far as it must agree with its record.
struct Row {
    index: i32,
    bar: sent::Bar,
    timestamp_ms: Option<i64>,
    extra: Option<Map<String, Value>>,
}

/// Panics where something is missing, twice, or not what was delivered.
pub(crate) fn check(lake: &Memory, delivered: &[Delivered]) {
    let mut rows = rows(lake);
    let (mut rejects, strays) = rejects(lake);
    for record in delivered {
        let Some(offset) = record.offset else {
            assert!(strays.contains(&record.json), "a stray is missing: {record:?}");
            continue;
        };
        match (rows.remove(&(record.partition, offset)), rejects.remove(&(record.partition, offset))) {
            (Some(rows), None) => check_rows(record, &rows),
            (None, Some(reject)) => check_reject(record, &reject),
            (None, None) => panic!("it is neither in bars nor in rejects: {record:?}"),
            (Some(_), Some(_)) => panic!("it is in bars and in rejects: {record:?}"),
        }
    }
    assert!(rows.is_empty() && rejects.is_empty(), "what nobody delivered: {:?} {:?}", rows.keys(), rejects.keys());
}

fn check_rows(record: &Delivered, rows: &[Row]) {
    if let Some(sent) = sent::bars(&record.json) {
        let mut landed: Vec<_> = rows.iter().map(|row| (row.index, &row.bar)).collect();
        landed.sort_by_key(|(index, _)| *index);
        let landed: Vec<_> = landed.into_iter().map(|(_, bar)| bar).collect();
        assert_eq!(landed, sent.iter().collect::<Vec<_>>(), "the bars of {record:?}");
    }
    let mut indexes: Vec<_> = rows.iter().map(|row| row.index).collect();
    indexes.sort_unstable();
    assert!((0..).zip(&indexes).all(|(place, index)| place == *index), "rows {indexes:?} of {record:?}");
    let sent = record.json["timestamp"].as_i64().filter(|timestamp| *timestamp != -1);
    for row in rows {
        let kept = row.extra.as_ref().and_then(|extra| extra.get("_kafka_timestamp")).and_then(Value::as_i64);
        assert_eq!(row.timestamp_ms.or(kept), sent, "the time of {record:?}");
        assert!(row.timestamp_ms.is_none_or(|time| (-62_135_596_800_000..=253_402_300_799_999).contains(&time)));
        let rest = row.extra.as_ref().and_then(|extra| extra.get("_rest")).map(|rest| rest.as_str().unwrap());
        assert!(rest.is_none_or(|rest| rest.starts_with('{') && rest.ends_with('}')), "{rest:?} of {record:?}");
    }
}

fn check_reject(record: &Delivered, reject: &Map<String, Value>) {
    assert_eq!(sent::bars(&record.json), None, "there are bars in it: {record:?} {reject:?}");
    let sent = |name: &str| record.json.get(name).cloned().unwrap_or_default();
    assert_eq!((&reject["kafka_key"], &reject["kafka_value"]), (&sent("key"), &sent("value")));
    let timestamp = record.json["timestamp"].as_i64().filter(|timestamp| *timestamp != -1);
    assert_eq!(reject["kafka_timestamp"].as_i64(), timestamp, "the time of {record:?}");
    assert!(reject["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{reject:?}");
}

/// No row is there twice: the indexes of a record's rows would not be those from 0.
fn rows(lake: &Memory) -> HashMap<Place, Vec<Row>> {
    let mut rows = HashMap::<Place, Vec<Row>>::new();
    for (_, file) in lake.objects("bars/") {
        let reader = SerializedFileReader::new(bytes::Bytes::from(file)).unwrap();
        for row in reader.get_row_iter(None).unwrap().map(Result::unwrap) {
            let place = (row.get_int(11).unwrap(), row.get_long(12).unwrap());
            // `serde_json` takes what every reader takes: no half of a surrogate pair, no number beyond a double, 128 levels.
            let extra = row.get_string(9).ok().map(|extra| serde_json::from_str(extra).unwrap());
            let timestamp_ms = row.get_timestamp_millis(14).ok();
            let bar = bar(&row);
            rows.entry(place).or_default().push(Row { index: row.get_int(13).unwrap(), bar, timestamp_ms, extra });
        }
    }
    rows
}

fn bar(row: &parquet::record::Row) -> sent::Bar {
    let fields: Vec<&Field> = row.get_column_iter().map(|(_, field)| field).collect();
    let Field::Date(days) = fields[1] else { panic!("a day: {:?}", fields[1]) };
    let number = |place: usize| row.get_double(place).ok();
    let time_ms = row.get_timestamp_millis(16).ok();
    sent::Bar {
        symbol: row.get_string(0).unwrap().clone(),
        days: *days,
        time_ms,
        numbers: [2, 3, 4, 5, 6, 7, 8].map(number),
    }
}

/// And what strays were.
fn rejects(lake: &Memory) -> (HashMap<Place, Map<String, Value>>, Vec<Value>) {
    let (mut rejects, mut strays) = (HashMap::new(), Vec::new());
    for (_, lines) in lake.objects("rejects/") {
        for line in String::from_utf8(lines).unwrap().lines() {
            let reject: Map<String, Value> = serde_json::from_str(line).unwrap();
            let number = |name: &str| reject[name].as_i64();
            if let Some((partition, offset)) = number("kafka_partition").zip(number("kafka_offset")) {
                let place = (i32::try_from(partition).unwrap(), offset);
                assert!(!rejects.contains_key(&place), "{place:?} is rejected twice");
                rejects.insert(place, reject);
            } else {
                let text = STANDARD.decode(reject["kafka_value"].as_str().unwrap()).unwrap();
                strays.push(serde_json::from_slice(&text).unwrap());
            }
        }
    }
    (rejects, strays)
}
