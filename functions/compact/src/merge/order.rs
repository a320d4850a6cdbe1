//! The order of rows in a merged file: by symbol, by trade date, by the time within it (a daily bar has none, and comes first), and then the
//! newest first.
//!
//! Which of two rows is newer is what `newest_bars.sql` says. Rows that it does not tell apart (a record that landed twice) stand by
//! `dt`, the latest first, and then by their digest: so there is one order, whatever the files in which rows come.

use std::cmp::Ordering;
use std::iter;
use std::ops::Range;

use parquet::data_type::ByteArray;

use super::batch::Batch;
use super::{digest, place};

/// 0001-01-01 00:00:00 and 9999-12-31 23:59:59.999 in milliseconds since 1970: what of `kafka_timestamp` counts as a time.
pub(super) const TIMES: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_300_799_999;

/// Of a record that landed before there were lives.
const FIRST_LIFE: i32 = 1;

/// What most comparisons are decided by: of a row, its trade date and its times as numbers that grow in the order of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Head {
    pub(super) date: u32,
    /// No time is the smallest.
    pub(super) bar_time: u64,
    /// Later is smaller; no time is the largest.
    pub(super) age: u64,
}

impl Head {
    pub(super) fn new(trade_date: i32, bar_time_ms: Option<i64>, timestamp_ms: Option<i64>) -> Self {
        let bar_time = bar_time_ms.map_or(0, |time| (time.cast_unsigned() ^ (1 << 63)).saturating_add(1));
        let time = timestamp_ms.filter(|time| TIMES.contains(time));
        let age = time.map_or(u64::MAX, |time| (TIMES.end() - time).cast_unsigned());
        Self { date: trade_date.cast_unsigned() ^ (1 << 31), bar_time, age }
    }
}

/// What decides between rows of one symbol and head.
#[derive(PartialEq, Eq)]
pub(super) struct Tail<'a> {
    pub(super) life: i32,
    pub(super) offset: i64,
    pub(super) index: i32,
    pub(super) partition: i32,
    pub(super) topic: &'a [u8],
    pub(super) dt: &'a [u8],
}

impl Tail<'_> {
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        (other.life.cmp(&self.life))
            .then_with(|| other.offset.cmp(&self.offset))
            .then_with(|| other.index.cmp(&self.index))
            .then_with(|| self.partition.cmp(&other.partition))
            .then_with(|| self.topic.cmp(other.topic))
            .then_with(|| other.dt.cmp(self.dt))
    }
}

/// One row of a batch, with what is compared first at hand.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) batch: &'a Batch,
    pub(super) at: usize,
    pub(super) head: Head,
}

impl<'a> Row<'a> {
    pub(super) fn new(batch: &'a Batch, row: usize) -> Self {
        Self { batch, at: row, head: head(batch, row) }
    }

    fn tail(&self) -> Tail<'a> {
        let (batch, row) = (self.batch, self.at);
        Tail {
            life: life(batch, row),
            offset: batch.long(place::KAFKA_OFFSET)[row],
            index: batch.int(place::KAFKA_INDEX)[row],
            partition: batch.int(place::KAFKA_PARTITION)[row],
            topic: batch.text(place::KAFKA_TOPIC)[row].data(),
            dt: batch.text(place::DT)[row].data(),
        }
    }

    fn digest(&self) -> u128 {
        let mut digests = Vec::new();
        digest::rows(self.batch, self.at..self.at + 1, &mut digests);
        digests[0]
    }

    pub(super) fn symbol(&self) -> &'a ByteArray {
        &self.batch.text(place::SYMBOL)[self.at]
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        compare_text(self.symbol(), other.symbol())
            .then_with(|| self.head.cmp(&other.head))
            .then_with(|| self.tail().compare(&other.tail()))
            .then_with(|| self.digest().cmp(&other.digest()))
    }
}

pub(super) fn head(batch: &Batch, row: usize) -> Head {
    let time = |place| batch.has(place, row).then(|| batch.long(place)[row]);
    Head::new(batch.int(place::TRADE_DATE)[row], time(place::BAR_TIME), time(place::KAFKA_TIMESTAMP))
}

/// The life of a row, also if it names none.
pub(super) fn life(batch: &Batch, row: usize) -> i32 {
    if batch.has(place::KAFKA_LIFE, row) { batch.int(place::KAFKA_LIFE)[row] } else { FIRST_LIFE }
}

/// The rows of a batch, cut where topic, partition or life change.
pub(super) fn same_records(batch: &Batch) -> impl Iterator<Item = Range<usize>> {
    let topics = batch.text(place::KAFKA_TOPIC);
    let partitions = batch.int(place::KAFKA_PARTITION);
    let mut from = 0;
    iter::from_fn(move || {
        let first = from;
        let known = (first < batch.rows).then(|| (life(batch, first), batch.has(place::KAFKA_LIFE, first)))?;
        while from < batch.rows
            && partitions[from] == partitions[first]
            && compare_text(&topics[from], &topics[first]).is_eq()
            && (life(batch, from), batch.has(place::KAFKA_LIFE, from)) == known
        {
            from += 1;
        }
        Some(first..from)
    })
}

/// Texts that repeat are mostly the same bytes at the same place.
pub(super) fn compare_text(one: &ByteArray, other: &ByteArray) -> Ordering {
    let (one, other) = (one.data(), other.data());
    if std::ptr::eq(one, other) { Ordering::Equal } else { one.cmp(other) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_is_none_is_older_than_any() {
        let head = |time| Head::new(0, None, time);
        let (first, last) = (*TIMES.start(), *TIMES.end());
        assert!(head(Some(last)) < head(Some(last - 1)));
        assert!(head(Some(0)) < head(Some(first)));
        for none in [None, Some(last + 1), Some(first - 1), Some(i64::MAX), Some(i64::MIN)] {
            assert!(head(Some(first)) < head(none), "{none:?}");
            assert_eq!(head(none), head(None), "{none:?}");
        }
    }

    #[test]
    fn dates_stand_in_their_order_also_before_1970() {
        let dates = [i32::MIN, -1, 0, 1, i32::MAX];
        assert!(dates.is_sorted_by_key(|date| Head::new(*date, None, None)));
    }

    #[test]
    fn a_daily_bar_stands_before_those_within_its_day() {
        let times = [None, Some(i64::MIN), Some(-1), Some(0), Some(1), Some(*TIMES.end())];
        assert!(times.is_sorted_by_key(|time| Head::new(0, *time, None)));
        assert!(Head::new(0, Some(1), Some(0)) < Head::new(0, Some(2), Some(7)));
        assert!(Head::new(0, Some(7), None) < Head::new(1, None, None));
    }
}
