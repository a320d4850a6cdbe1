//! What is delivered: records that each say by their partition and offset alone what they are.

use std::collections::BTreeSet;
use std::ops::Range;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Days, NaiveDate};
use ingest::{Lander, handle};
use serde_json::{Value, json};
use shared::key::LandingTime;
use store::S3Store;

pub(crate) const TOPIC: &str = "compacted-bars";
const SYMBOLS: [&str; 5] = ["HSI", "NYA", "IXIC", "GDAXI", "N225"];
/// Trade days that records are of, so many up to the last.
const TRADE_DAYS: i64 = 60;

/// An event as Lambda delivers it: of each partition these offsets.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) partitions: Vec<(i32, Range<i64>)>,
    /// The last trade day of its bars.
    pub(crate) last_day: NaiveDate,
    /// The time of its records, but for a second.
    pub(crate) published: LandingTime,
    /// When it lands.
    pub(crate) time: LandingTime,
    /// When it was given up, if `make redrive` brings it.
    pub(crate) given_up: Option<LandingTime>,
}

/// How many bars there are in a record's value.
pub(crate) fn bars_of(partition: i32, offset: i64) -> i64 {
    match (offset + i64::from(partition)) % 11 {
        // No JSON; no value.
        7 | 8 => 0,
        // Several at once.
        2 => 3,
        _ => 1,
    }
}

impl Event {
    pub(crate) fn new(partitions: Range<i32>, offsets: &Range<i64>, last_day: NaiveDate, time: LandingTime) -> Self {
        let partitions = partitions.map(|partition| (partition, offsets.clone())).collect();
        Self { partitions, last_day, published: LandingTime(time.0 - 5_000), time, given_up: None }
    }

    /// As `make redrive` brings it, when it was given up a minute after it had been published.
    pub(crate) fn redriven(&self, now: LandingTime) -> Self {
        Self { given_up: Some(LandingTime(self.published.0 + 60_000)), time: now, ..self.clone() }
    }

    pub(crate) fn records(&self) -> usize {
        self.partitions.iter().map(|(_, offsets)| offsets.clone().count()).sum()
    }

    /// Partition, offset and place of each bar.
    pub(crate) fn bars(&self) -> impl Iterator<Item = (i32, i64, i64)> {
        let records = self.partitions.iter().flat_map(|(partition, offsets)| {
            let partition = *partition;
            offsets.clone().map(move |offset| (partition, offset))
        });
        records.flat_map(|(partition, offset)| {
            (0..bars_of(partition, offset)).map(move |place| (partition, offset, place))
        })
    }

    /// Delivers it. How many records landed or were rejected.
    pub(crate) async fn land(&self, lander: &Lander<S3Store>) -> Result<usize> {
        let summary = handle(lander, &self.payload(), self.time, None).await.context("an event does not land")?;
        ensure!(summary.records == self.records() && summary.uncertain == 0, "{summary:?}");
        Ok(summary.landed + summary.rejected)
    }

    fn payload(&self) -> String {
        let batches: serde_json::Map<String, Value> = self
            .partitions
            .iter()
            .map(|(partition, offsets)| {
                let records = offsets.clone().map(|offset| self.record(*partition, offset)).collect();
                (format!("{TOPIC}-{partition}"), Value::Array(records))
            })
            .collect();
        let mut event = json!({"eventSource": "SelfManagedKafka", "bootstrapServers": "none:9092", "records": batches});
        if let Some(LandingTime(time)) = self.given_up {
            let time = DateTime::from_timestamp_millis(time).unwrap_or_default();
            event["givenUpAt"] = time.to_rfc3339().into();
        }
        event.to_string()
    }

    fn record(&self, partition: i32, offset: i64) -> Value {
        let value = match (bars_of(partition, offset), offset % 2) {
            (0, 0) => None,
            (0, _) => Some(format!("no bar {offset}")),
            (1, _) => Some(self.bar(partition, offset, 0).to_string()),
            (bars, _) => {
                let bars = (0..bars).map(|place| self.bar(partition, offset, place)).collect();
                Some(Value::Array(bars).to_string())
            }
        };
        // Some are older than what came before: late corrections, which do not count.
        let late = if offset % 13 == 5 { 20 * 3_600_000 } else { 0 };
        let mut record = json!({
            "topic": TOPIC, "partition": partition, "offset": offset, "timestampType": "CREATE_TIME", "headers": [],
            "timestamp": self.published.0 + offset - late,
        });
        if let Some(value) = value {
            record["value"] = BASE64_STANDARD.encode(value).into();
        }
        record
    }

    /// Several bars are of one symbol and day: corrections, also by another partition. (`T20:30:00-05:00` is of the next day in UTC.)
    fn bar(&self, partition: i32, offset: i64, place: i64) -> Value {
        let number = offset * 7 + i64::from(partition) * 3 + place * 5;
        let symbol = SYMBOLS[usize::try_from(number % 5).unwrap_or_default()];
        let back = u64::try_from((number / 5) % TRADE_DAYS).unwrap_or_default();
        let day = self.last_day.checked_sub_days(Days::new(back)).unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "small whole numbers")]
        let close = 1000.0 + (offset * 37 % 101) as f64 + f64::from(partition);
        // Some are within their day; the days of others are told by a daily bar as well.
        let within = format!("T{:02}:30:00-05:00", number % 24);
        let date = format!("{day}{}", if number % 7 == 3 { &within } else { "" });
        json!({
            "Index": symbol, "Date": date, "Open": close - 1.0, "High": close + 2.5, "Low": close - 3.0,
            "Close": close, "Adj Close": close, "Volume": offset * 100, "CloseUSD": close / 8.0, "venue": partition,
        })
    }
}

/// Each bar of these events is in the rows once, and nothing else.
pub(crate) fn check_once(what: &str, events: &[Event], rows: &[String]) -> Result<()> {
    let mut expected: Vec<String> = events
        .iter()
        .flat_map(Event::bars)
        .map(|(partition, offset, place)| {
            format!("kafka_partition={partition} kafka_offset={offset} kafka_index={place} ")
        })
        .collect();
    let mut found: Vec<String> = rows
        .iter()
        .map(|row| {
            let begin = row.find("kafka_partition=").unwrap_or_default();
            let end = row.find("kafka_timestamp=").unwrap_or(row.len());
            row[begin..end].to_owned()
        })
        .collect();
    expected.sort_unstable();
    found.sort_unstable();
    let distinct: BTreeSet<_> = expected.iter().collect();
    ensure!(distinct.len() == expected.len(), "{what}: an offset is sent twice");
    crate::rows::check_same(what, &expected, &found)
}
