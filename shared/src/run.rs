//! A run is consecutive records of one partition that land together, as one object.

use crate::columns::Columns;
use crate::event::{Record, Stray};
use crate::key::LandingTime;
use crate::reject::{Fault, Lines, Reason};
use crate::{parquet_file, row};

pub use crate::row::MOST_ROWS;

/// Consecutive records of one partition; never empty.
#[derive(Clone, Copy, Debug)]
pub struct Run<'r, 'a> {
    topic: &'r str,
    partition: i32,
    records: &'r [Record<'a>],
    first: i64,
    last: i64,
}

/// How a run lands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lot {
    /// The life in which it lands.
    pub life: u32,
    /// Its records are kept as rejects, because nobody knows whether they have landed.
    pub undecided: bool,
}

/// A run with every record judged: what lands, but for the Parquet, which is encoded while the intent is on its way.
pub struct Decoded<'r> {
    topic: &'r str,
    partition: i32,
    life: u32,
    columns: Columns,
    /// JSON lines; empty if no record was rejected.
    pub rejects: Vec<u8>,
    /// Records whose rows go into the bars object.
    pub landed: usize,
    /// Records that are in `rejects`.
    pub rejected: usize,
    /// The newest Kafka timestamp of the run that can be one: milliseconds since 1970 UTC.
    pub newest_timestamp_ms: Option<i64>,
}

impl<'r, 'a> Run<'r, 'a> {
    /// A run of these records, which are in the order of their offsets; none without records.
    pub fn new(topic: &'r str, partition: i32, records: &'r [Record<'a>]) -> Option<Self> {
        let (first, last) = (records.first()?.offset, records.last()?.offset);
        Some(Self { topic, partition, records, first, last })
    }

    /// Offset of the first record.
    pub fn first(&self) -> i64 {
        self.first
    }

    /// Offset of the last record.
    pub fn last(&self) -> i64 {
        self.last
    }

    /// Decodes every record. Pure, and the same for the same records, time and lot.
    pub fn decode(&self, landing: LandingTime, Lot { life, undecided }: Lot) -> Decoded<'r> {
        let mut columns = Columns::default();
        let mut rejects = Lines::new(landing.rfc3339());
        let mut rejected = 0;
        let mut buffer = Vec::new();
        for record in self.records {
            let decoded = if undecided {
                Err(Fault::undecided(record.oversized.as_deref()))
            } else {
                decode(record, &mut buffer, &mut columns)
            };
            if let Err(fault) = decoded {
                rejects.push(self.topic, self.partition, life, record, &fault);
                rejected += 1;
            }
        }
        Decoded {
            topic: self.topic,
            partition: self.partition,
            life,
            columns,
            rejects: rejects.into_bytes(),
            landed: self.records.len() - rejected,
            rejected,
            newest_timestamp_ms: self.records.iter().filter_map(Record::trusted_timestamp_ms).max(),
        }
    }
}

impl Decoded<'_> {
    /// Rows of the bars object: at least one for each landed record.
    pub fn rows(&self) -> usize {
        self.columns.len()
    }

    /// The bars object: Parquet; a file without rows if every record was rejected.
    pub fn to_parquet(&self) -> Vec<u8> {
        parquet_file::write(self.topic, self.partition, self.life, &self.columns)
    }
}

/// A Parquet file without rows: what a fence holds, so that a query reads nothing from it.
pub fn empty_parquet() -> Vec<u8> {
    parquet_file::write("", 0, 1, &Columns::default())
}

/// The strays of an event as JSON lines.
pub fn encode_strays(strays: &[Stray<'_>], landing: LandingTime) -> Vec<u8> {
    let mut lines = Lines::new(landing.rfc3339());
    for stray in strays {
        lines.push_stray(stray);
    }
    lines.into_bytes()
}

fn decode(record: &Record<'_>, buffer: &mut Vec<u8>, columns: &mut Columns) -> Result<(), Fault> {
    if let Some(oversized) = &record.oversized {
        return Err(Fault::new(Reason::TooLarge, oversized.to_string()));
    }
    let value = row::decode_base64(record.value.as_deref(), buffer)?;
    let before = columns.mark();
    let decoded = row::decode_rows(value, |index, row| columns.push(record, index, row));
    if decoded.is_err() {
        columns.back_to(&before);
    }
    decoded
}

#[cfg(test)]
mod tests {
    use parquet::basic::Compression;
    use parquet::file::metadata::ColumnChunkMetaData;
    use parquet::file::reader::{FileReader, SerializedFileReader};

    use super::*;
    use crate::bar::Bar;
    use crate::oversized::Oversized;

    /// 2026-11-22T19:05:11.250Z
    const LANDING: LandingTime = LandingTime(1_795_374_311_250);
    const LOT: Lot = Lot { life: 3, undecided: false };

    fn record(offset: i64, value: Option<&str>) -> Record<'static> {
        use base64::Engine;
        Record {
            offset,
            timestamp_ms: (offset != 13).then_some(1_795_374_300_000 + offset),
            key: Some("SFNJ".into()),
            oversized: None,
            value: value.map(|value| base64::engine::general_purpose::STANDARD.encode(value).into()),
        }
    }

    fn bar(close: f64) -> String {
        let bar = Bar {
            symbol: "HSI".into(),
            date: "1986-12-31".into(),
            open: 1.5,
            high: 2.0,
            low: 1.0,
            close,
            adj_close: None,
            volume: Some(0.0),
            close_usd: Some(0.1),
        };
        serde_json::to_string(&bar).unwrap()
    }

    fn read_back(file: Vec<u8>) -> Vec<String> {
        let reader = SerializedFileReader::new(bytes::Bytes::from(file)).unwrap();
        reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect()
    }

    #[test]
    fn a_run_becomes_rows_and_rejects() {
        let with_extra = bar(3.25).replace("{\"Index\"", "{\"venue\":\"XHKG\",\"Index\"");
        let records = [
            record(10, Some(&bar(1.75))),
            record(11, None),
            record(12, Some(&format!("[{},{}]", bar(2.0), bar(0.1 + 0.2)))),
            record(13, Some(&with_extra)),
            record(17, Some("NaN")),
        ];
        let run = Run::new("stock-bars", 2, &records).unwrap();
        assert_eq!((run.first(), run.last()), (10, 17));
        let decoded = run.decode(LANDING, LOT);
        assert_eq!((decoded.landed, decoded.rejected, decoded.rows()), (3, 2, 4));
        assert_eq!(decoded.newest_timestamp_ms, Some(1_795_374_300_017));
        insta::assert_snapshot!(read_back(decoded.to_parquet()).join("\n"));
        insta::assert_snapshot!(String::from_utf8(decoded.rejects).unwrap());
    }

    #[test]
    fn a_small_file_is_not_compressed_and_reads_as_a_large_one_does() {
        let venue = format!(r#"{{"venue":"{}","#, "X".repeat(8192));
        for (rows, value, compressed) in [
            (1, bar(1.5), false),
            (30, bar(1.5), false),
            (1, bar(1.5).replacen('{', &venue, 1), true),
            (1000, bar(1.5), true),
        ] {
            let records: Vec<_> = (0..rows).map(|offset| record(offset, Some(&value))).collect();
            let file = Run::new("t", 0, &records).unwrap().decode(LANDING, LOT).to_parquet();
            let reader = SerializedFileReader::new(bytes::Bytes::from(file.clone())).unwrap();
            let columns = reader.metadata().row_group(0).columns();
            let is_compressed = |column: &ColumnChunkMetaData| column.compression() != Compression::UNCOMPRESSED;
            assert!(columns.iter().all(|column| is_compressed(column) == compressed), "{rows} rows");
            assert_eq!(i64::try_from(read_back(file).len()).unwrap(), rows);
        }
    }

    #[test]
    fn an_array_with_a_bad_element_leaves_no_row_of_it_between_its_neighbours() {
        let with_all = bar(2.0).replace('{', r#"{"Adj Close":1,"venue":"X","#);
        let records = [
            record(1, Some(&with_all)),
            record(2, Some(&format!("[{with_all},{},{with_all},{{}}]", bar(3.0)))),
            record(3, Some(&bar(4.0))),
            record(4, Some(&with_all)),
        ];
        let together = Run::new("t", 0, &records).unwrap().decode(LANDING, LOT);
        assert_eq!((together.landed, together.rejected, together.rows()), (3, 1, 3));
        let without = [records[0].clone(), records[2].clone(), records[3].clone()];
        let without = Run::new("t", 0, &without).unwrap().decode(LANDING, LOT);
        assert_eq!(together.to_parquet(), without.to_parquet());
    }

    #[test]
    fn a_timestamp_that_is_no_time_is_kept_and_counts_for_nothing() {
        let absurd =
            |offset, value: &str| Record { timestamp_ms: Some(9_223_372_036_854_776), ..record(offset, Some(value)) };
        let with_extra = bar(3.25).replace('{', r#"{"venue":"XHKG","#);
        let records = [record(1, Some(&bar(1.0))), absurd(2, &bar(2.0)), absurd(3, &with_extra), absurd(4, "NaN")];
        let decoded = Run::new("t", 0, &records).unwrap().decode(LANDING, LOT);
        assert_eq!(decoded.newest_timestamp_ms, Some(1_795_374_300_001));
        let rows = read_back(decoded.to_parquet());
        assert!(rows[1].contains(r#"extra: "{"_kafka_timestamp":9223372036854776}""#), "{}", rows[1]);
        assert!(rows[2].contains(r#"extra: "{"_kafka_timestamp":9223372036854776,"venue":"XHKG"}""#), "{}", rows[2]);
        assert!(rows[1..].iter().all(|row| row.contains("kafka_timestamp: null")), "{rows:?}");
        let reject: serde_json::Value = serde_json::from_slice(&decoded.rejects).unwrap();
        assert_eq!(reject["kafka_timestamp"], 9_223_372_036_854_776_i64);
    }

    #[test]
    fn what_stands_in_for_a_record_that_no_event_can_hold_is_a_reject() {
        let at = "s3://lake/oversized/t-0-7.json".to_owned();
        let oversized = Some(Box::new(Oversized { bytes: 8_000_000, at }));
        let records = [Record { oversized, ..record(7, None) }];
        let decoded = Run::new("t", 0, &records).unwrap().decode(LANDING, LOT);
        let reject: serde_json::Value = serde_json::from_slice(&decoded.rejects).unwrap();
        assert_eq!((&reject["reason"], &reject["kafka_offset"]), (&"too_large".into(), &7.into()));
        assert!(reject["detail"].as_str().unwrap().ends_with(" s3://lake/oversized/t-0-7.json"), "{reject}");
    }

    #[test]
    fn a_run_without_a_good_record_is_a_file_without_rows() {
        let records = [record(5, None)];
        let decoded = Run::new("t", 0, &records).unwrap().decode(LANDING, LOT);
        assert_eq!((decoded.landed, decoded.rejected, decoded.rows()), (0, 1, 0));
        assert_eq!(read_back(decoded.to_parquet()), Vec::<String>::new());
    }

    #[test]
    fn the_same_records_and_time_give_the_same_bytes() {
        let records = [record(1, Some(&bar(1.0))), record(2, None)];
        let decode = || Run::new("t", 0, &records).unwrap().decode(LANDING, LOT);
        assert_eq!((decode().to_parquet(), decode().rejects), (decode().to_parquet(), decode().rejects));
    }
}
