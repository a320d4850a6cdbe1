//! Rows on their way out: what is on the topic already is passed over, the rest gets its partition and its place.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Error, Result, anyhow};

use super::before::{Before, absolute};
use super::items::{Items, sum_of};
use super::place::{Last, Lasts, Place, SourceId, places};
use crate::source::{NoRecord, Place as RowPlace, Record, Row, Rows, Stamp};

/// Records of a partition between two that say all there is to know of it: so many are read when a run starts.
pub(crate) const BETWEEN_PLACES: u32 = 1000;
/// The longest time between them, so that retention takes none away that is needed.
const PLACES_EVERY: Duration = Duration::from_hours(1);

/// The partition that librdkafka would choose of so many (its `consistent_random`): other producers send a symbol to the same.
pub(crate) fn partition_of(key: &str, partitions: i32) -> i32 {
    let place = u64::from(crc32fast::hash(key.as_bytes())) % u64::from(partitions.unsigned_abs().max(1));
    i32::try_from(place).unwrap_or_default()
}

/// What is said when a source is not what it was.
pub(crate) fn changed(place: &RowPlace) -> Error {
    anyhow!(
        "{place} is not what was sent as this line before: --resume goes on with the same rows only; --resume=anew sends all of them from \
         the first on"
    )
}

/// A source, as its rows are stamped.
#[derive(Clone, Copy)]
struct Source {
    id: SourceId,
    /// How many partitions its records are spread over: as many as when it was begun.
    partitions: i32,
}

/// What is known of a partition while records are sent to it.
struct Sending {
    lasts: Lasts,
    /// Records since one with `places`, and when that was; none of this run yet.
    since_places: Option<(u32, Instant)>,
}

/// The rows of a source, stamped.
pub(crate) struct Stamped {
    rows: Rows,
    before: Before,
    /// The source of rows that name none.
    only: String,
    known: HashMap<Option<Arc<str>>, Source>,
    items: Items,
    sending: Vec<Sending>,
}

impl Stamped {
    pub(crate) fn new(rows: Rows, before: Before, only: String) -> Stamped {
        let sending = |lasts: &Lasts| Sending { lasts: lasts.clone(), since_places: None };
        let sending = before.lasts.iter().map(sending).collect();
        Stamped { rows, before, only, known: HashMap::new(), items: Items::default(), sending }
    }

    fn source(&mut self, place: &RowPlace) -> Result<Source> {
        let named = place.source();
        if let Some(known) = self.known.get(&named.cloned()) {
            return Ok(*known);
        }
        let id = match (named, &place.source) {
            (_, Some(followed)) => SourceId::of(followed),
            (Some(file), None) => self.before.current(&absolute(&**file)?),
            (None, None) => self.before.current(&self.only),
        };
        let source = Source { id, partitions: self.before.partitions(id) };
        self.known.insert(named.cloned(), source);
        Ok(source)
    }

    fn stamp(&mut self, mut record: Record) -> Row {
        let Source { id, partitions } = self.source(&record.place).map_err(NoRecord::Broken)?;
        let mark = self.items.mark(id, record.place.line);
        let partition = partition_of(&record.key, partitions);
        let index = usize::try_from(partition).unwrap_or_default();
        let last = Last { mark, sum: sum_of(&record), partitions };
        if let Some(before) = self.before.last(id, index).filter(|before| mark <= before.mark) {
            let is_other = mark == before.mark && last.sum != before.sum;
            return Err(if is_other { NoRecord::Broken(changed(&record.place)) } else { NoRecord::Present });
        }
        let Some(sending) = self.sending.get_mut(index) else {
            return Err(NoRecord::Broken(anyhow!("the topic has fewer partitions than it had")));
        };
        sending.lasts.insert(id, last);
        let now = Instant::now();
        let has_more = sending.lasts.len() > 1 || !self.before.emptied.is_empty();
        sending.since_places = has_more.then(|| match sending.since_places {
            Some((records, at)) if records < BETWEEN_PLACES && now - at < PLACES_EVERY => (records + 1, at),
            _ => (0, now),
        });
        let since_places = sending.since_places.map(|(records, _)| records);
        let place = Place { source: id, last, since_places };
        let places = (since_places == Some(0)).then(|| places(&sending.lasts, id, &self.before.emptied));
        record.stamp = Some(Box::new(Stamp { partition, place: place.to_string(), places }));
        Ok(record)
    }

    /// Whether a row was dealt with before this run: one behind it is on the topic.
    fn was_before(&mut self, place: &RowPlace) -> bool {
        let source = self.source(place);
        source.is_ok_and(|source| self.before.end(source.id).is_some_and(|end| place.line < end.line))
    }
}

impl Iterator for Stamped {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        Some(match self.rows.next()? {
            Ok(record) => self.stamp(record),
            Err(NoRecord::Skipped { place, .. }) if self.was_before(&place) => Err(NoRecord::SkippedBefore),
            other => other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::place::{Emptied, Mark, Sum};
    use super::*;

    fn record(key: &str, file: &str, line: u64) -> Record {
        let value = format!("{file} {line}").into_bytes();
        let place = RowPlace { source: Some(file.into()), ..RowPlace::new(Some(file.into()), line) };
        Record::new(key.to_owned(), value, place)
    }

    fn rows(file: &str, lines: u64) -> Vec<Record> {
        (2..lines + 2).map(|line| record(["A", "B", "C"][usize::try_from(line % 3).unwrap()], file, line)).collect()
    }

    /// What the stamps of a partition say, in the order of its records.
    fn stamps(rows: Vec<Record>, before: Before) -> Vec<Stamp> {
        let rows = Box::new(rows.into_iter().map(Ok));
        Stamped::new(rows, before, String::new()).flatten().map(|record| *record.stamp.unwrap()).collect()
    }

    #[test]
    fn symbols_go_where_librdkafka_sends_them() {
        // `rd_kafka_msg_partitioner_consistent`: a CRC-32, modulo. The test on the broker compares with librdkafka itself.
        assert_eq!([0, 1, 2].map(|n| partition_of(["HSI", "NYA", "IXIC"][n], 1)), [0, 0, 0]);
        assert_eq!(partition_of("", 7), 0);
        assert_eq!(i64::from(partition_of("HSI", 1000)), i64::from(crc32fast::hash(b"HSI")) % 1000);
    }

    #[test]
    fn one_source_says_no_others_and_several_do_at_the_first_and_each_thousandth_record() {
        let one = stamps(rows("a", 5), Before::of(vec![Lasts::new()], 1));
        assert!(one.iter().all(|stamp| stamp.places.is_none() && !stamp.place.contains("/1-")));
        let last = Last { mark: Mark { line: 6, item: 0 }, sum: Sum::of(1), partitions: 1 };
        let before = Before::of(vec![Lasts::from([(SourceId::of("a"), last)])], 1);
        let two = stamps(rows("b", 2500), before);
        let with: Vec<usize> = (0..2500).filter(|place| two[*place].places.is_some()).collect();
        assert_eq!(with, [0, 1001, 2002]);
        assert!(two[1000].place.ends_with("/1-1000"));
    }

    #[test]
    fn the_ends_of_emptied_partitions_go_along() {
        let mut before = Before::of(vec![Lasts::new()], 1);
        before.emptied = Emptied::from([(0, 70)]);
        let stamps = stamps(rows("a", 2), before);
        assert_eq!((stamps[0].places.as_deref(), stamps[1].places.as_deref()), (Some("=0:70"), None));
        assert!(stamps[1].place.ends_with("/1-1"));
    }
}
