//! Files of other times, and what is none.

use bytes::Bytes;
use parquet::basic::Compression;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};

use super::bar::{Bar, NO_INDEX, SMALL, Scratch, TODAY, decode, encode};
use crate::merge::{Keep, MergeError, Sorter, merge, tally};

fn push(object: Bytes) -> Result<Vec<Bar>, MergeError> {
    let scratch = Scratch::new();
    std::fs::create_dir(scratch.path("runs")).unwrap();
    let mut sorter = Sorter::within(SMALL, &scratch.path("runs"));
    sorter.push(object, "2026-11-22", "19")?;
    let runs = sorter.finish()?.runs;
    Ok(decode(&scratch.merge("merged", &runs, Keep::Every)))
}

fn bars() -> Vec<Bar> {
    (0..20)
        .map(|offset| Bar {
            offset: 20 - offset,
            extra: (offset % 3 == 0).then(|| vec![b'x'; usize::try_from(offset).unwrap()]),
            timestamp: (offset % 4 > 0).then_some(5),
            bar_time: (offset % 5 > 0).then_some(7),
            bar_interval: (offset % 5 == 1).then(|| "1m".to_owned()),
            ..Bar::default()
        })
        .collect()
}

fn sorted(mut bars: Vec<Bar>) -> Vec<Bar> {
    bars.sort();
    bars
}

#[test]
fn a_column_that_came_later_is_null_in_old_files() {
    let (old, _) = TODAY.split_once(" optional int32 kafka_life;").unwrap();
    let old = format!("{old} }}");
    let expected: Vec<_> =
        bars().into_iter().map(|bar| Bar { life: None, bar_time: None, bar_interval: None, ..bar }).collect();
    assert_eq!(sorted(push(encode(&old, &bars(), 7)).unwrap()), sorted(expected));
}

#[test]
fn a_column_that_was_required_once_and_one_that_is_optional_elsewhere_are_read() {
    let old = TODAY.replace("optional double volume", "required double volume");
    assert_eq!(sorted(push(encode(&old, &bars(), 7)).unwrap()), sorted(bars()));
    // Other engines write every column so.
    let other = TODAY.replace("required", "optional");
    assert_eq!(sorted(push(encode(&other, &bars(), 7)).unwrap()), sorted(bars()));
}

#[test]
fn columns_are_found_by_their_names() {
    let (start, rest) = TODAY.split_once("{ required binary symbol (STRING);").unwrap();
    let moved = format!("{start}{{ {}", rest.replace('}', "required binary symbol (STRING); }"));
    assert_eq!(sorted(push(encode(&moved, &bars(), 7)).unwrap()), sorted(bars()));
}

#[test]
fn a_value_that_would_have_no_place_is_an_error_that_names_its_column() {
    let cases = [
        (TODAY.replace('}', "optional int32 venue; }"), "unknown column `venue`"),
        (TODAY.replace('}', "required binary dt (STRING); }"), "unknown column `dt`"),
        (TODAY.replace('}', "required double open; }"), "column `open` twice"),
        (TODAY.replace("required double close;", ""), "no column `close`"),
        (TODAY.replace("double close;", "int64 close;"), "column `close`"),
        (TODAY.replace("(TIMESTAMP(MILLIS,false))", "(TIMESTAMP(MICROS,false))"), "column `kafka_timestamp`"),
        (TODAY.replace("(DATE)", ""), "column `trade_date`"),
    ];
    for (schema, expected) in cases {
        let error = push(encode(&schema, &bars(), 7)).unwrap_err();
        assert!(matches!(error, MergeError::NotBars { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn a_null_where_there_must_be_a_value_is_an_error_that_names_its_column() {
    let schema = TODAY.replace("required int32 kafka_index;", "optional int32 kafka_index;");
    let mut bars = bars();
    bars[12].index = NO_INDEX;
    let error = push(encode(&schema, &bars, 7)).unwrap_err();
    assert!(matches!(error, MergeError::Read { .. }), "{error}");
    assert!(error.to_string().contains("`kafka_index` has nothing in some row"), "{error}");
}

#[test]
fn what_is_no_parquet_is_an_error() {
    for object in [Bytes::new(), Bytes::from_static(b"PAR1"), encode(TODAY, &bars(), 7).slice(..200)] {
        let error = push(object).unwrap_err();
        assert!(matches!(error, MergeError::Read { .. }), "{error}");
    }
}

#[test]
fn a_fence_has_no_rows() {
    assert_eq!(push(shared::run::empty_parquet().into()).unwrap(), []);
    assert_eq!(push(encode(&TODAY.replace(" optional int32 kafka_life;", ""), &[], 1)).unwrap(), []);
}

#[test]
fn a_merged_file_has_the_merged_schema_and_says_in_each_chunk_what_is_in_it() {
    let scratch = Scratch::new();
    let mut bars = bars();
    bars[3].extra = Some(vec![b'y'; 5000]);
    let file = scratch.merge("merged", &scratch.sort("runs", &bars).runs, Keep::Every);
    let reader = SerializedFileReader::new(std::fs::File::open(&file).unwrap()).unwrap();
    let metadata = reader.metadata();
    assert_eq!(metadata.file_metadata().schema(), shared::parquet_file::merged_schema().as_ref());
    assert!(metadata.num_row_groups() > 1, "the limits cut it");
    for group in metadata.row_groups() {
        for column in group.columns() {
            let statistics = column.statistics().unwrap();
            assert!(statistics.null_count_opt().is_some(), "{}", column.column_path());
            let bounds = statistics.min_bytes_opt().zip(statistics.max_bytes_opt());
            assert_eq!(bounds.is_some(), statistics.null_count_opt() < Some(column.num_values().cast_unsigned()));
            assert!(bounds.is_none_or(|(least, most)| least.len().max(most.len()) <= 64));
        }
    }
}

#[test]
fn a_small_merged_file_is_not_compressed() {
    for (rows, is_compressed) in [(10, false), (200, true)] {
        let scratch = Scratch::new();
        let bars: Vec<_> = (0..rows).map(|offset| Bar { offset, ..Bar::default() }).collect();
        let merged = scratch.merge("merged", &scratch.sort("runs", &bars).runs, Keep::Every);
        let reader = SerializedFileReader::new(std::fs::File::open(&merged).unwrap()).unwrap();
        for column in reader.metadata().row_groups().iter().flat_map(RowGroupMetaData::columns) {
            assert_eq!(column.compression() != Compression::UNCOMPRESSED, is_compressed, "{rows} rows");
        }
        let mut found = decode(&merged);
        found.sort();
        assert_eq!(found, bars);
    }
}

#[test]
fn a_file_that_is_not_sorted_is_refused() {
    let scratch = Scratch::new();
    let merged = TODAY.replace('}', "required binary dt (STRING); required binary hour (STRING); }");
    let newest_first: Vec<_> = (0..20).map(|age| Bar { offset: 20 - age, ..Bar::default() }).collect();
    let sorted = scratch.path("sorted");
    std::fs::write(&sorted, encode(&merged, &newest_first, 7)).unwrap();
    scratch.merge("merged", std::slice::from_ref(&sorted), Keep::Every);
    assert_eq!(tally(&sorted).unwrap().rows, 20);
    for row in 1..20 {
        let mut bars = newest_first.clone();
        bars.swap(row - 1, row);
        let file = scratch.path("unsorted");
        std::fs::write(&file, encode(&merged, &bars, 7)).unwrap();
        match merge(&[file], &scratch.path("out"), Keep::Every) {
            Err(MergeError::Unsorted { row: found, .. }) => assert_eq!(found, row as u64),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_disk_that_cannot_be_written_is_an_error_that_names_the_file() {
    let scratch = Scratch::new();
    let error = merge(&[], &scratch.path("missing/merged"), Keep::Every).unwrap_err();
    assert!(matches!(&error, MergeError::Disk { file, .. } if file.contains("missing")), "{error}");
}
