//! Rows on their way out: what is on the topic already is passed over, the rest gets its partition and its place.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Error, anyhow};

use rdkafka::message::{Header, OwnedHeaders};

use super::place::{Last, Lasts, Mark, PLACE, PLACES, Place, SourceId, places, sum};
use crate::source::{NoRecord, Place as RowPlace, Record, Row, Rows};

/// Records of a partition between two that say the places of all sources: so many are read when a run starts.
pub(crate) const BETWEEN_PLACES: u32 = 1000;

/// Where a record goes, and what it says of its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stamp {
    pub(crate) partition: i32,
    pub(crate) place: String,
    pub(crate) places: Option<String>,
}

impl Stamp {
    pub(crate) fn headers(&self) -> OwnedHeaders {
        let headers = OwnedHeaders::new().insert(Header { key: PLACE, value: Some(&self.place) });
        match &self.places {
            Some(places) => headers.insert(Header { key: PLACES, value: Some(places) }),
            None => headers,
        }
    }
}

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

/// Names the source of a row.
pub(crate) struct Names {
    /// Of rows whose place says none.
    pub(crate) only: String,
    known: HashMap<Arc<str>, SourceId>,
}

impl Names {
    pub(crate) fn new(only: String) -> Names {
        Names { only, known: HashMap::new() }
    }

    pub(crate) fn of(&mut self, file: Option<&Arc<str>>) -> SourceId {
        match file {
            None => SourceId::of(&self.only),
            Some(file) => *self.known.entry(file.clone()).or_insert_with(|| SourceId::of(&absolute(file))),
        }
    }
}

/// The name that a file has from anywhere.
pub(crate) fn absolute(file: &str) -> String {
    std::fs::canonicalize(file).map_or_else(|_| file.to_owned(), |path| path.display().to_string())
}

/// Counts the records of a line.
#[derive(Default)]
pub(crate) struct Items {
    last: Option<(SourceId, Mark)>,
    made_up: u64,
}

impl Items {
    /// The mark of the next record, which is of this line; 0 of what was made up, which has a number in place of a line.
    pub(crate) fn mark(&mut self, source: SourceId, line: u64) -> Mark {
        let mut mark = Mark { line, item: 0 };
        if line == 0 {
            self.made_up += 1;
            mark.line = self.made_up;
        }
        if let Some((before, last)) = self.last
            && before == source
            && last.line == mark.line
        {
            mark.item = last.item + 1;
        }
        self.last = Some((source, mark));
        mark
    }
}

/// What is known of a partition while records are sent to it.
struct Sending {
    lasts: Lasts,
    /// Records since one with `places`; none of this run yet.
    since_places: Option<u32>,
}

/// The rows of a source, stamped.
pub(crate) struct Stamped {
    rows: Rows,
    names: Names,
    items: Items,
    partitions: i32,
    /// How far each source was in each partition before this run.
    before: Vec<Lasts>,
    sending: Vec<Sending>,
}

impl Stamped {
    /// `before` is by partition.
    pub(crate) fn new(rows: Rows, names: Names, before: Vec<Lasts>, partitions: i32) -> Stamped {
        let sending = before.iter().map(|lasts| Sending { lasts: lasts.clone(), since_places: None }).collect();
        Stamped { rows, names, items: Items::default(), partitions, before, sending }
    }

    fn stamp(&mut self, mut record: Record) -> Row {
        let source = self.names.of(record.place.source());
        let mark = self.items.mark(source, record.place.line);
        let partition = partition_of(&record.key, self.partitions);
        let index = usize::try_from(partition).unwrap_or_default();
        if let Some(last) = self.before[index].get(&source).filter(|last| mark <= last.mark) {
            let is_other = mark == last.mark && sum(&record.value) != last.sum;
            return Err(if is_other { NoRecord::Broken(changed(&record.place)) } else { NoRecord::Present });
        }
        let sending = &mut self.sending[index];
        sending.lasts.insert(source, Last { mark, sum: sum(&record.value) });
        let since_places = (sending.lasts.len() > 1).then(|| match sending.since_places {
            Some(records) if records < BETWEEN_PLACES => records + 1,
            _ => 0,
        });
        sending.since_places = since_places;
        let place = Place { source, mark, partitions: self.partitions, since_places };
        let places = (since_places == Some(0)).then(|| places(&sending.lasts, source));
        record.stamp = Some(Box::new(Stamp { partition, place: place.to_string(), places }));
        Ok(record)
    }

    /// Whether a row was dealt with before this run: one behind it is on the topic.
    fn was_before(&mut self, place: &RowPlace) -> bool {
        let source = self.names.of(place.source());
        let lasts = self.before.iter().filter_map(|lasts| lasts.get(&source));
        lasts.map(|last| last.mark.line).max().is_some_and(|line| place.line < line)
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
    use super::*;

    fn record(key: &str, file: &str, line: u64) -> Record {
        let value = format!("{file} {line}").into_bytes();
        Record::new(key.to_owned(), value, RowPlace::new(Some(file.into()), line))
    }

    /// Sends rows to a log per partition.
    fn send(logs: &mut [Vec<Stamp>], rows: Vec<Record>, before: Vec<Lasts>) {
        let count = i32::try_from(logs.len()).unwrap();
        let rows = Box::new(rows.into_iter().map(Ok));
        for record in Stamped::new(rows, Names::new(String::new()), before, count).flatten() {
            let stamp = *record.stamp.unwrap();
            logs[usize::try_from(stamp.partition).unwrap()].push(stamp);
        }
    }

    fn rows(files: &[&str], lines: u64) -> Vec<Record> {
        let of = |file: &str| {
            (2..lines + 2)
                .map(|line| record(["A", "B", "C"][usize::try_from(line % 3).unwrap()], file, line))
                .collect::<Vec<_>>()
        };
        files.iter().flat_map(|file| of(file)).collect()
    }

    #[test]
    fn symbols_go_where_librdkafka_sends_them() {
        // `rd_kafka_msg_partitioner_consistent`, as the test of the program sees it too.
        assert_eq!([0, 1, 2].map(|n| partition_of(["HSI", "NYA", "IXIC"][n], 1)), [0, 0, 0]);
        assert_eq!(partition_of("", 7), 0);
        assert_eq!(i64::from(partition_of("HSI", 1000)), i64::from(crc32fast::hash(b"HSI")) % 1000);
    }

    #[test]
    fn one_source_says_no_others_and_several_do_at_the_first_and_each_thousandth_record() {
        let mut logs = vec![Vec::new()];
        send(&mut logs, rows(&["a"], 5), vec![Lasts::new()]);
        assert!(logs[0].iter().all(|stamp| stamp.places.is_none() && !stamp.place.contains("/1-")));
        let before = Lasts::from([(SourceId::of("a"), Last { mark: Mark { line: 6, item: 0 }, sum: 1 })]);
        let mut logs = vec![Vec::new()];
        send(&mut logs, rows(&["b"], 2500), vec![before]);
        let with: Vec<usize> = (0..2500).filter(|place| logs[0][*place].places.is_some()).collect();
        assert_eq!(with, [0, 1001, 2002]);
        assert!(logs[0][1000].place.ends_with("/1-1000"));
    }

    #[test]
    fn records_of_one_line_are_told_apart() {
        let mut items = Items::default();
        let (one, two) = (SourceId::of("a"), SourceId::of("b"));
        let marks =
            [(one, 1), (one, 1), (one, 2), (two, 2), (two, 2)].map(|(source, line)| items.mark(source, line).item);
        assert_eq!(marks, [0, 1, 0, 0, 1]);
        let made_up = [0, 0, 0].map(|line| items.mark(one, line).line);
        assert_eq!(made_up, [1, 2, 3]);
    }
}
