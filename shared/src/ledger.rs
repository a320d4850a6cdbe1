//! The ledger: per partition, what has landed in each of its lives, plus the runs about to land.
//!
//! It is a write-ahead log of one object, changed only by compare-and-swap. How it is used is told in [`crate::landing`].

mod former;
mod marks;
mod packed;
mod ranges;
mod recent;

use serde::{Deserialize, Serialize};

use crate::event::Record;
use crate::fingerprint::{fingerprint, fingerprint_of_all};
use crate::key::{Hour, LandingTime};

pub use marks::{Mark, Marks};
pub use ranges::Ranges;
pub(crate) use recent::LandedRun;
pub use recent::Recent;

/// Holes that a life keeps, and a run. Each costs some 20 bytes in every swap; more than this many are given-up events of weeks, or the
/// markers that a transactional producer leaves between its records.
pub const MAX_HOLES: usize = 1000;
/// Holes that a life keeps when another has begun.
const MAX_FORMER_HOLES: usize = 100;
/// Holes of a life that were filled late, and of which it knows that.
const MAX_FILLED: usize = 32;
/// How much older a record may be than those before it, and still be told by its time.
pub(crate) const CLOCKS_DIFFER_MS: i64 = 60_000;
/// Lives that a ledger keeps. Of those before, nothing is delivered any more but what somebody kept for as long.
const MAX_LIVES: usize = 8;

/// What has landed of one partition, and what is about to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// Counts the swaps; part of every object key, so that no two intents ever share one.
    pub sequence: u64,
    /// The life that the log is in, as far as its records have told.
    pub current: u32,
    /// Another one, of which records have been delivered again since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<u32>,
    /// The lives, in the order in which they began; never empty.
    pub lives: Vec<Life>,
    /// The newest runs that have landed.
    #[serde(default, skip_serializing_if = "Recent::is_empty")]
    pub recent: Recent,
    /// Holes that were given up to keep the ledger small.
    pub holes_closed: u64,
    /// Up to which generation the ledgers of before have been taken in.
    pub generation: u32,
    /// Nothing is intended in a folder before this hour any more; none if no hour was ever sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<Hour>,
    /// It was just created, and nobody has looked yet which hours are sealed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fresh: bool,
    /// The runs about to land, or landed since: only their objects can tell.
    pub pending: Vec<Pending>,
}

/// A life: one history of the partition's offsets. It knows all that has landed of that history, also what landed in the life from
/// which it has its beginning.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Life {
    /// Its number, part of the keys of what lands in it.
    pub life: u32,
    /// When it last became the current one: milliseconds since 1970 UTC; none for the first, and for one that never did.
    pub opened_ms: Option<i64>,
    /// The offsets that have landed.
    pub landed: Ranges,
    /// The newest Kafka timestamp of all that has landed: milliseconds since 1970 UTC.
    pub newest_timestamp_ms: Option<i64>,
    /// The last offset of the holes that were given up. Up to it, being in `landed` does not prove that a record has landed.
    pub closed_through: Option<i64>,
    /// Where it begins: up to there it is the life from which it forked.
    #[serde(default, skip_serializing_if = "is_nought")]
    pub fork: i64,
    /// The newest Kafka timestamp that had landed of that one by then: what has been sent since is newer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_ms: Option<i64>,
    /// Whether records have landed that are older than those before them by more than clocks differ: then being older tells nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unordered: bool,
    /// Offsets that have landed when others had behind them: what is around them says nothing of them.
    #[serde(default, skip_serializing_if = "Ranges::is_empty")]
    pub filled: Ranges,
    /// Fingerprints of records that have landed.
    pub marks: Marks,
}

/// The intent to land one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    /// The life in which it lands.
    #[serde(default = "first_life")]
    pub life: u32,
    /// Offset of the first record.
    pub first: i64,
    /// Offset of the last record.
    pub last: i64,
    /// Offsets in between that have no record.
    #[serde(default, skip_serializing_if = "Ranges::is_empty")]
    pub gaps: Ranges,
    /// Records in between, both ends included.
    pub records: usize,
    /// Those of them that are rejects.
    pub rejected: usize,
    /// Whether they are rejects because nobody knows if they have landed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undecided: bool,
    /// Whether some are older than what was before them, by more than clocks differ.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unordered: bool,
    /// The newest Kafka timestamp of the run.
    pub newest_timestamp_ms: Option<i64>,
    /// When it was intended: milliseconds since 1970 UTC; none where that is not known.
    #[serde(default)]
    pub intended_ms: Option<i64>,
    /// Fingerprints of its records, the first and the last among them.
    #[serde(default)]
    pub marks: Marks,
    /// The fingerprint of all its records; none in a ledger of before.
    #[serde(default)]
    pub fingerprint: Option<u32>,
    /// Key of the bars object, which is the commit: the run has landed when it is there.
    pub bars: String,
    /// Key of the rejects object, if a record was rejected.
    pub rejects: Option<String>,
}

/// A ledger that cannot be read: nothing lands on top of it, since what has landed is not known.
#[derive(Debug, thiserror::Error)]
#[error(
    "the ledger cannot be read: {0}; restore a version of the object that can (RUNBOOK.md, Taking back what was deleted)"
)]
pub struct UnreadableLedger(#[source] serde_json::Error);

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_nought(offset: &i64) -> bool {
    *offset == 0
}

fn first_life() -> u32 {
    1
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            sequence: 0,
            current: 1,
            seen: None,
            lives: vec![Life { life: 1, ..Life::default() }],
            recent: Recent::default(),
            holes_closed: 0,
            generation: 1,
            sealed: None,
            fresh: false,
            pending: Vec::new(),
        }
    }
}

impl Ledger {
    /// Reads a ledger from its JSON, also one as it was before there were lives.
    pub fn parse(bytes: &[u8]) -> Result<Self, UnreadableLedger> {
        let ledger = serde_json::from_slice::<Self>(bytes)
            .or_else(|error| former::parse(bytes).map(former::Former::into_ledger).ok_or(error))
            .map_err(UnreadableLedger)?;
        if ledger.lives.iter().any(|life| life.life == ledger.current) {
            Ok(ledger)
        } else {
            Err(UnreadableLedger(serde::de::Error::custom("its current life is not among its lives")))
        }
    }

    /// Its JSON.
    pub fn to_bytes(&self) -> Vec<u8> {
        #[expect(clippy::expect_used, reason = "integers and strings always serialize")]
        serde_json::to_vec(self).expect("a ledger serializes")
    }

    /// When what is intended now lands, as its folders tell it: not before the hours that are sealed, whatever a clock says.
    pub(crate) fn folder_time(&self, time: LandingTime) -> LandingTime {
        LandingTime(self.sealed.map_or(time.0, |sealed| sealed.start().0.max(time.0)))
    }

    /// A life by its number.
    pub fn life(&self, number: u32) -> Option<&Life> {
        self.lives.iter().find(|life| life.life == number)
    }

    /// The life that the log is in.
    pub fn current(&self) -> &Life {
        // There always is one: `parse` looks, and nothing removes it.
        self.life(self.current).unwrap_or(&self.lives[0])
    }

    /// The life in which a batch is expected that begins with this record: the current one; but the one that was seen again, if the batch
    /// goes on there and not in the current one.
    pub(crate) fn expects(&self, first: Option<&Record<'_>>) -> u32 {
        let seen = self.seen.and_then(|seen| self.life(seen)).filter(|seen| seen.goes_on_at(first));
        if self.current().goes_on_at(first) { self.current } else { seen.map_or(self.current, |seen| seen.life) }
    }

    /// Hears of which life a batch was. The log is in that one if it `lands` there. What had landed before says only that it may be: somebody
    /// may have sent an old event again. And what begins below all may be what nobody had read yet of the log that it was in `before`.
    pub(crate) fn heard_of(&mut self, life: u32, lands: bool, before: Option<u32>, now_ms: i64) {
        if lands {
            self.seen = before;
        } else if life != self.current {
            self.seen = Some(life);
        }
        if lands && life != self.current {
            self.current = life;
            if let Some(life) = self.lives.iter_mut().find(|its| its.life == life) {
                life.opened_ms = Some(now_ms);
            }
        }
    }

    /// Takes a run into what has landed.
    pub(crate) fn land(&mut self, run: &Pending) {
        let Pending { life, first, last, .. } = *run;
        if let Some(fingerprint) = run.fingerprint {
            self.recent.push(LandedRun { life, first, last, fingerprint, undecided: run.undecided });
        }
        let newest_life = self.lives.len() - 1;
        let mut lives = self.lives.iter_mut().enumerate();
        // It may have been dropped, with all that landed in it.
        if let Some((place, life)) = lives.rfind(|(_, life)| life.life == run.life) {
            life.land(run, age(place, newest_life));
        }
    }

    /// Begins a life at this offset of another: up to it, the two are one. Returns its number.
    pub(crate) fn open(&mut self, of: u32, offset: i64, opened_ms: Option<i64>) -> u32 {
        let number = self.lives.iter().map(|life| life.life).max().unwrap_or_default() + 1;
        let parent = self.life(of);
        let after_ms = parent.and_then(|life| life.newest_timestamp_ms);
        let beginning = parent.map(|life| life.up_to(offset)).unwrap_or_default();
        self.lives.push(Life { life: number, opened_ms, fork: offset, after_ms, ..beginning });
        while self.lives.len() > MAX_LIVES {
            let oldest = self.lives.iter().position(|life| life.life != self.current && life.life != number);
            self.lives.remove(oldest.unwrap_or_default());
        }
        let newest_life = self.lives.len() - 1;
        for (place, life) in self.lives.iter_mut().enumerate() {
            if let Some(end) = life.landed.last() {
                life.marks.thin(end, age(place, newest_life));
            }
        }
        number
    }

    /// Takes in the lives of a ledger of before, that of the next generation.
    pub(crate) fn take_in(&mut self, former: Self, generation: u32) {
        self.generation = generation;
        self.sealed = self.sealed.max(former.sealed);
        self.sequence = self.sequence.max(former.sequence);
        self.holes_closed += former.holes_closed;
        let nothing = self.lives.iter().all(|life| life.landed.is_empty()) && self.pending.is_empty();
        for life in former.lives {
            let number = self.lives.iter().map(|life| life.life + 1).max().unwrap_or_default().max(generation);
            let pending = former.pending.iter().filter(|run| run.life == life.life).cloned();
            self.pending.extend(pending.map(|run| Pending { life: number, ..run }));
            // Nobody knows when. It was the current one until now.
            self.lives.push(Life { life: number, opened_ms: Some(0), ..life });
            self.current = number;
        }
        if nothing && self.lives.len() > 1 {
            self.lives.remove(0);
        }
    }

    /// Closes holes of a life until at most `most` are left: the smallest first, which are the likeliest to be no records but Kafka's
    /// markers, and of these the oldest. Not those into which a pending run is about to land: if that run is fenced, its records must
    /// still find their place. Returns how many were closed.
    pub(crate) fn close_holes(&mut self, most: usize) -> u64 {
        let mut closed = 0;
        for life in &mut self.lives {
            let most = if life.life == self.current { most } else { most.min(MAX_FORMER_HOLES) };
            let too_many = life.landed.holes().saturating_sub(most);
            if too_many == 0 {
                continue;
            }
            let awaited = |(first, last): &(i64, i64)| {
                self.pending.iter().any(|run| run.life == life.life && run.first <= *last && *first <= run.last)
            };
            let mut holes: Vec<_> = life.landed.iter_holes().filter(|hole| !awaited(hole)).collect();
            holes.sort_unstable_by_key(|(first, last)| (last - first, *first));
            for (first, last) in holes.into_iter().take(too_many) {
                life.landed.insert(first, last);
                life.closed_through = life.closed_through.max(Some(last));
                closed += 1;
            }
        }
        self.holes_closed += closed;
        closed
    }
}

/// A life's place before the newest.
fn age(place: usize, newest: usize) -> u32 {
    u32::try_from(newest - place).unwrap_or(u32::MAX)
}

impl Life {
    fn land(&mut self, run: &Pending, age: u32) {
        let mut marks = run.marks.clone();
        if run.undecided {
            // Where another has landed, nobody knows which of the two it is.
            marks.retain(|mark| !self.landed.contains(mark.offset));
        }
        if Some(run.first) < self.landed.last() {
            self.filled.insert(run.first, run.last);
            self.filled.keep_last(MAX_FILLED);
        }
        self.marks.land(&marks, run.first, run.newest_timestamp_ms, self.newest_timestamp_ms);
        for (first, last) in run.ranges() {
            self.landed.insert(first, last);
        }
        self.newest_timestamp_ms = self.newest_timestamp_ms.max(run.newest_timestamp_ms);
        self.unordered |= run.unordered;
        self.closed_through = self.closed_through.max(run.closed_through());
        if let Some(end) = self.landed.last() {
            self.marks.thin(end, age);
        }
    }

    /// Whether a batch that begins with this record begins right behind what has landed.
    pub(crate) fn goes_on_at(&self, first: Option<&Record<'_>>) -> bool {
        self.landed.last().zip(first).is_some_and(|(last, first)| last.checked_add(1) == Some(first.offset))
    }

    /// Whether it has only what was given up, and nothing else was ever of it.
    pub(crate) fn was_never_current(&self) -> bool {
        self.opened_ms.is_none() && self.life != first_life()
    }

    /// What has landed below the offset.
    fn up_to(&self, offset: i64) -> Self {
        Self {
            landed: self.landed.cut(offset),
            newest_timestamp_ms: self.newest_up_to(offset - 1),
            unordered: self.unordered,
            closed_through: self.closed_through.map(|closed| closed.min(offset - 1)),
            filled: self.filled.cut(offset),
            marks: self.marks.below(offset),
            ..Self::default()
        }
    }

    /// No record that has landed at this offset or below has a newer timestamp.
    pub(crate) fn newest_up_to(&self, offset: i64) -> Option<i64> {
        self.marks.around(offset).1.map_or(self.newest_timestamp_ms, |mark| mark.newest_timestamp_ms)
    }

    /// Between which timestamps those lie that have landed about this offset, as far as marks tell: the newest below, the newest up to it.
    pub(crate) fn times_around(&self, offset: i64) -> (Option<i64>, Option<i64>) {
        let (below, _) = self.marks.around(offset);
        (below.and_then(|mark| mark.newest_timestamp_ms), self.newest_up_to(offset))
    }

    /// Whether what has landed has more than one timestamp, as far as marks tell.
    pub(crate) fn times_go_on(&self) -> bool {
        self.marks.iter().next().and_then(|first| first.newest_timestamp_ms) < self.newest_timestamp_ms
    }

    /// Whether the life forked between the offset and the nearest mark below.
    pub(crate) fn forks_before(&self, offset: i64) -> bool {
        self.fork <= offset && self.marks.around(offset).0.is_none_or(|mark| mark.offset < self.fork)
    }

    /// Whether one of these, which are about to land, is older than what is before it by more than clocks differ.
    pub(crate) fn falls_behind(&self, records: &[Record<'_>]) -> bool {
        let mut newest = self.newest_timestamp_ms;
        records.iter().filter_map(Record::trusted_timestamp_ms).any(|timestamp_ms| {
            newest = newest.max(Some(timestamp_ms));
            newest.is_some_and(|newest| timestamp_ms < newest.saturating_sub(CLOCKS_DIFFER_MS))
        })
    }

    /// The marks of records that are about to land in this life, and the fingerprint of them all.
    pub(crate) fn marks_of(&self, records: &[Record<'_>]) -> (Marks, Option<u32>) {
        let mut marks = Marks::default();
        let (Some(first), Some(last)) = (records.first(), records.last()) else { return (marks, None) };
        let end = self.landed.last().map_or(last.offset, |end| end.max(last.offset));
        let mut newest_timestamp_ms = None;
        let fingerprints: Vec<_> = records.iter().map(fingerprint).collect();
        for (record, fingerprint) in records.iter().zip(&fingerprints) {
            newest_timestamp_ms = newest_timestamp_ms.max(record.trusted_timestamp_ms());
            let at_an_end = record.offset == first.offset || record.offset == last.offset;
            if at_an_end || marks::keeps(record.offset, end, 0) {
                marks.push(Mark { offset: record.offset, fingerprint: *fingerprint, newest_timestamp_ms });
            }
        }
        let of_all = fingerprint_of_all(records.iter().map(|record| record.offset).zip(fingerprints));
        (marks, Some(of_all))
    }
}

impl Pending {
    /// The offsets that have a record.
    fn ranges(&self) -> Vec<(i64, i64)> {
        let mut ranges = Vec::new();
        let mut first = self.first;
        for (gap_first, gap_last) in self.gaps.iter() {
            ranges.push((first, gap_first - 1));
            first = gap_last + 1;
        }
        ranges.push((first, self.last));
        ranges
    }

    /// The last of its offsets if some that have no record are not among its gaps: more than a ledger could carry.
    fn closed_through(&self) -> Option<i64> {
        let offsets: i128 = self.ranges().iter().map(|(first, last)| i128::from(*last) - i128::from(*first) + 1).sum();
        let all_told = usize::try_from(offsets).is_ok_and(|offsets| offsets == self.records);
        // A ledger of before tells no gaps at all.
        (!all_told && !self.marks.is_empty()).then_some(self.last)
    }
}

/// The offsets between these records that have none; of too many gaps the largest, and how many others there are.
pub(crate) fn gaps(records: &[Record<'_>]) -> (Ranges, u64) {
    let pairs = records.windows(2).map(|pair| (pair[0].offset + 1, pair[1].offset - 1));
    let mut gaps: Vec<_> = pairs.filter(|(first, last)| first <= last).collect();
    let others = gaps.len().saturating_sub(MAX_HOLES);
    if others > 0 {
        gaps.sort_by_key(|(first, last)| std::cmp::Reverse(last - first));
        gaps.truncate(MAX_HOLES);
    }
    let mut ranges = Ranges::default();
    for (first, last) in gaps {
        ranges.insert(first, last);
    }
    (ranges, others as u64)
}

#[cfg(test)]
mod tests;
