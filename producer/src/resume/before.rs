//! What the topic says of sources when a run begins.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::items::{Items, sum_of};
use super::newest::Found;
use super::place::{Emptied, Last, Lasts, Mark, SourceId, Sum, add_emptied};
use crate::source::{NoRecord, Past, Place, Row, Rows, Verdict, generation_of};

/// Generations of a file, one after the other, of which nothing may have arrived.
const UNHEARD: u32 = 16;

/// How far each source was in each partition.
#[derive(Clone, Debug, Default)]
pub(crate) struct Before {
    /// By partition.
    pub(super) lasts: Vec<Lasts>,
    /// Partitions of the topic.
    of_topic: i32,
    pub(super) emptied: Emptied,
    is_to_begin_anew: bool,
}

/// The name that a file has from anywhere. Where it cannot be told, or is not the only one to be written so, there is none: another would be
/// another source.
pub(crate) fn absolute(file: impl AsRef<Path>) -> Result<String> {
    let file = file.as_ref();
    let cannot = || format!("--resume knows files by their full names, and cannot tell the one of {}", file.display());
    let full = file.canonicalize().with_context(cannot)?;
    match full.into_os_string().into_string() {
        Ok(name) => Ok(name),
        Err(full) => {
            bail!("--resume knows files by their full names, and {} is no UTF-8: give it another name", full.display())
        }
    }
}

impl Before {
    /// Refuses what can no longer be told, unless all is to be begun anew.
    pub(super) fn new(topic: &str, found: Vec<Found>, of_topic: i32, is_to_begin_anew: bool) -> Result<Before> {
        let mut known = Emptied::new();
        for found in &found {
            add_emptied(&mut known, &found.emptied_before);
        }
        let mut emptied = Emptied::new();
        for (partition, found) in (0..).zip(&found) {
            // A run that began anew knew what is missing there, and all runs since.
            let Some(end) = found.emptied.or(found.cut) else { continue };
            if known.get(&partition).is_none_or(|known| *known < end) && !is_to_begin_anew {
                bail!(
                    "partition {partition} of topic {topic} does not say any more what --resume has sent there, since retention has \
                     deleted records of it: --resume=anew sends from the first row, also where --resume was never used on this topic"
                );
            }
            emptied.insert(partition, end);
        }
        let lasts = found.into_iter().map(|found| found.lasts).collect();
        Ok(Before { lasts, of_topic, emptied, is_to_begin_anew })
    }

    #[cfg(test)]
    pub(super) fn of(lasts: Vec<Lasts>, of_topic: i32) -> Before {
        Before { lasts, of_topic, ..Before::default() }
    }

    pub(super) fn last(&self, source: SourceId, partition: usize) -> Option<&Last> {
        self.lasts.get(partition)?.get(&source)
    }

    fn lasts_of(&self, source: SourceId) -> impl Iterator<Item = &Last> {
        self.lasts.iter().filter_map(move |lasts| lasts.get(&source))
    }

    /// The furthest that is on the topic.
    pub(super) fn end(&self, source: SourceId) -> Option<Mark> {
        self.lasts_of(source).map(|last| last.mark).max()
    }

    /// How many partitions a source is spread over.
    pub(super) fn partitions(&self, source: SourceId) -> i32 {
        self.lasts_of(source).map(|last| last.partitions).next().unwrap_or(self.of_topic)
    }

    pub(super) fn sources(&self) -> BTreeSet<SourceId> {
        self.lasts.iter().flat_map(Lasts::keys).copied().collect()
    }

    /// The source of this name that is sent now.
    pub(super) fn current(&self, name: &str) -> SourceId {
        let generation = match self.generation(name) {
            Some(known) => known + u32::from(self.is_to_begin_anew),
            None => 0,
        };
        SourceId::of(&generation_of(name, generation))
    }

    /// Forgets sources that are none of these.
    pub(super) fn keep(&mut self, kept: &BTreeSet<SourceId>) {
        for lasts in &mut self.lasts {
            lasts.retain(|source, _| kept.contains(source));
        }
    }

    /// Reads a source as far as it was sent, and compares its lines with what is known of them.
    pub(super) fn compare<R: Iterator<Item = Row>>(
        &self,
        name: &str,
        rows: impl FnOnce() -> Result<R>,
    ) -> Result<Verdict> {
        let source = SourceId::of(name);
        let mut left: BTreeMap<Mark, Sum> = self.lasts_of(source).map(|last| (last.mark, last.sum)).collect();
        let Some(end) = left.keys().max().copied() else { return Ok(Verdict::New) };
        let mut items = Items::default();
        let mut seen = Place::default();
        for row in rows()? {
            // What a row is taken for may have changed: its line and its symbol have not.
            let (place, mark, sum) = match row {
                Ok(record) => (record.place.clone(), items.mark(source, record.place.line), Some(sum_of(&record))),
                Err(NoRecord::Skipped { place, .. }) => {
                    let mark = Mark { line: place.line, item: 0 };
                    (place, mark, None)
                }
                // What cannot be read is not another for that.
                Err(NoRecord::Broken(error)) => return Err(error),
                Err(_) => continue,
            };
            if mark > end {
                break;
            }
            seen = place;
            if left.remove(&mark).is_some_and(|known| sum.is_some_and(|sum| known != sum)) {
                return Ok(Verdict::Other(seen));
            }
            if left.is_empty() {
                return Ok(Verdict::Same);
            }
        }
        Ok(Verdict::Other(seen))
    }

    /// The source of which these rows have all that is known, of several the one of which most is.
    fn holding<R: Iterator<Item = Row>>(&self, rows: impl FnOnce() -> Result<R>) -> Result<Option<SourceId>> {
        let mut at: BTreeMap<Mark, Vec<(SourceId, Sum)>> = BTreeMap::new();
        let mut left: BTreeMap<SourceId, usize> = BTreeMap::new();
        for (source, last) in self.lasts.iter().flatten() {
            at.entry(last.mark).or_default().push((*source, last.sum));
            *left.entry(*source).or_default() += 1;
        }
        let Some(end) = at.keys().max().copied() else { return Ok(None) };
        let (mut items, mut found) = (Items::default(), None);
        let any = SourceId::of("");
        for row in rows()? {
            let record = match row {
                Ok(record) => record,
                Err(NoRecord::Broken(error)) => return Err(error),
                Err(_) => continue,
            };
            let mark = items.mark(any, record.place.line);
            if mark > end || left.is_empty() {
                break;
            }
            let sum = sum_of(&record);
            for (source, known) in at.get(&mark).into_iter().flatten() {
                let Some(more) = left.get_mut(source) else { continue };
                *more -= usize::from(*known == sum);
                if *known != sum {
                    left.remove(source);
                } else if *more == 0 {
                    left.remove(source);
                    found = Some(*source);
                }
            }
        }
        Ok(found)
    }
}

impl Past for Before {
    fn is_empty(&self) -> bool {
        self.lasts.iter().all(Lasts::is_empty)
    }

    fn holds(&self, rows: &dyn Fn() -> Result<Rows>) -> Result<Option<String>> {
        Ok(self.holding(rows)?.map(|source| format!("#{source}")))
    }

    fn generation(&self, name: &str) -> Option<u32> {
        let is_known = |generation: &u32| self.end(SourceId::of(&generation_of(name, *generation))).is_some();
        // One of which nothing arrived may have a successor that did.
        let mut last = None;
        let mut generation = 0;
        while generation <= last.map_or(0, |last| last + 1) + UNHEARD {
            last = Some(generation).filter(is_known).or(last);
            generation += 1;
        }
        last
    }

    fn is_to_begin_anew(&self) -> bool {
        self.is_to_begin_anew
    }

    fn verdict(&self, name: &str, rows: &dyn Fn() -> Result<Rows>) -> Result<Verdict> {
        self.compare(name, rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Record;

    fn record(line: u64) -> Record {
        Record::new("A".to_owned(), format!("row {line}").into_bytes(), Place::new(None, line))
    }

    fn last(line: u64) -> Last {
        Last { mark: Mark { line, item: 0 }, sum: sum_of(&record(line)), partitions: 2 }
    }

    #[test]
    fn a_source_is_the_same_if_it_has_the_same_lines_where_each_partition_stopped() {
        let source = SourceId::of("a");
        let before = Before::of(vec![Lasts::from([(source, last(3))]), Lasts::from([(source, last(5))])], 2);
        let verdict = |lines: &[u64], name: &str| {
            before.compare(name, || Ok(lines.iter().map(|line| Ok(record(*line))))).unwrap()
        };
        assert_eq!(verdict(&[2, 3, 4, 5, 6], "a"), Verdict::Same);
        assert!(matches!(verdict(&[2, 3, 4], "a"), Verdict::Other(_)));
        assert_eq!(verdict(&[2], "b"), Verdict::New);
        let other = |line: u64| Ok(Record { value: b"other".to_vec(), ..record(line) });
        let rows = || Ok([2, 3, 4, 5].into_iter().map(other));
        assert_eq!(before.compare("a", rows).unwrap(), Verdict::Other(Place::new(None, 3)));
        let unreadable = || Ok([Ok(record(2)), Err(NoRecord::Broken(anyhow::anyhow!("a bad disk")))].into_iter());
        assert_eq!(before.compare("a", unreadable).unwrap_err().to_string(), "a bad disk");
    }

    #[test]
    fn rows_are_known_as_what_was_sent_of_some_source_whatever_it_was_called() {
        let [one, two] = ["one", "two"].map(SourceId::of);
        let before = Before::of(vec![Lasts::from([(one, last(3)), (two, last(2))]), Lasts::from([(one, last(5))])], 2);
        let holding = |lines: &[u64]| before.holding(|| Ok(lines.iter().map(|line| Ok(record(*line))))).unwrap();
        assert_eq!(holding(&[2, 3, 4, 5, 6]), Some(one));
        assert_eq!((holding(&[2, 3, 4]), holding(&[3, 4])), (Some(two), None));
        assert_eq!(SourceId::of(&format!("#{one}")), one);
    }

    #[test]
    fn a_generation_is_known_also_where_nothing_of_the_one_before_arrived() {
        let source = |generation| SourceId::of(&generation_of("a", generation));
        let before = Before::of(vec![Lasts::from([(source(2), last(3)), (source(9), last(3))])], 1);
        assert_eq!((before.generation("a"), before.current("a")), (Some(9), source(9)));
    }

    #[cfg(unix)]
    #[test]
    fn files_without_a_full_name_of_their_own_have_none() {
        use std::os::unix::ffi::OsStrExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(std::ffi::OsStr::from_bytes(b"a\xff.csv"));
        std::fs::write(&path, "").unwrap();
        assert!(absolute(&path).unwrap_err().to_string().contains("is no UTF-8"));
        assert!(absolute(folder.path().join("none.csv")).unwrap_err().to_string().contains("cannot tell"));
    }

    #[test]
    fn a_source_that_is_begun_anew_is_the_next_of_its_name() {
        let [first, second] = [0, 1].map(|generation| SourceId::of(&generation_of("a", generation)));
        let before = Before::of(vec![Lasts::from([(first, last(3)), (second, last(2))])], 1);
        assert_eq!((before.generation("a"), before.generation("b")), (Some(1), None));
        assert_eq!(before.current("a"), second);
        let anew = Before { is_to_begin_anew: true, ..before };
        assert_eq!(anew.current("a"), SourceId::of(&generation_of("a", 2)));
        assert_eq!(anew.current("b"), SourceId::of("b"));
    }

    #[test]
    fn a_partition_that_was_emptied_or_cut_is_refused_unless_it_was_so_before() {
        let there = |before: &Emptied| Found {
            lasts: Lasts::from([(SourceId::of("a"), last(3))]),
            emptied_before: before.clone(),
            ..Found::default()
        };
        let emptied = |_: &Emptied| Found { emptied: Some(70), ..Found::default() };
        let cut = |before: &Emptied| Found { cut: Some(70), ..there(before) };
        let kinds: [&dyn Fn(&Emptied) -> Found; 2] = [&emptied, &cut];
        for kind in kinds {
            let found = |before: Emptied| vec![there(&before), kind(&before)];
            let refused = Before::new("bars", found(Emptied::new()), 2, false).unwrap_err().to_string();
            assert!(refused.contains("partition 1"), "{refused}");
            assert!(Before::new("bars", found(Emptied::from([(1, 60)])), 2, false).is_err());
            for kept in [
                Before::new("bars", found(Emptied::from([(1, 70)])), 2, false),
                Before::new("bars", found(Emptied::new()), 2, true),
            ] {
                assert_eq!(kept.unwrap().emptied, Emptied::from([(1, 70)]));
            }
        }
    }
}
