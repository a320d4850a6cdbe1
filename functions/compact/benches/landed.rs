//! Landed objects as `ingest` makes them.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use shared::event::Event;
use shared::key::LandingTime;
use shared::run::{Lot, Run};

/// A record of a partition.
pub(crate) struct Record {
    pub(crate) offset: usize,
    pub(crate) timestamp_ms: i64,
    pub(crate) value: String,
}

/// The object that one event with these records of a partition leaves behind.
pub(crate) fn object(partition: usize, records: impl IntoIterator<Item = Record>) -> Vec<u8> {
    let mut text = String::new();
    for Record { offset, timestamp_ms, value } in records {
        let comma = if text.is_empty() { "" } else { "," };
        let value = STANDARD.encode(value);
        let _ = write!(
            text,
            r#"{comma}{{"topic":"stock-bars","partition":{partition},"offset":{offset},"timestamp":{timestamp_ms},"timestampType":"CREATE_TIME","key":null,"value":"{value}","headers":[]}}"#,
        );
    }
    let text = format!(
        r#"{{"eventSource":"SelfManagedKafka","bootstrapServers":"b","records":{{"stock-bars-{partition}":[{text}]}}}}"#
    );
    let event = Event::parse(&text).unwrap();
    let batch = &event.batches[0];
    let run = Run::new(batch.topic, batch.partition, &batch.records).unwrap();
    run.decode(LandingTime(0), Lot { life: 1, undecided: false }).to_parquet()
}

/// A bar, with digits as real prices have them: `number` tells it from others. `more` are fields that are no columns.
pub(crate) fn bar(symbol: usize, date: &str, number: usize, more: &str) -> String {
    let close = 100.0 + f64::from(u32::try_from(number.wrapping_mul(2_654_435_761) % 100_000_000).unwrap()) / 1e6;
    format!(
        r#"{{{more}"Index":"SYM{symbol:04}","Date":"{date}","Open":{close},"High":{:.6},"Low":{:.6},"Close":{close},"Adj Close":{close},"Volume":{},"CloseUSD":{:.6}}}"#,
        close * 1.01,
        close * 0.99,
        number % 99_991,
        close * 0.9
    )
}
