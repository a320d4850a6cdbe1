//! What a life says of the records of a batch: each by itself, then with those around it.

use crate::event::Record;
use crate::fingerprint::fingerprint;
use crate::key::LandingTime;
use crate::ledger::{CLOCKS_DIFFER_MS, Life};

use super::Verdict;

/// What one life says of one record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Evidence {
    /// Nothing has landed at its offset.
    Free,
    /// It has landed: its fingerprint is there.
    Same,
    /// Another record has landed at its offset: there is another fingerprint.
    Other,
    /// Another record has landed at its offset: this one is newer than all that has landed up to there.
    Newer,
    /// A record has landed at its offset, of a time like its own.
    OfItsTime,
    /// A record has landed at its offset; this one is older than all around.
    Older,
    /// A record has landed at its offset; it has no time, or one that says nothing.
    Nothing,
    /// Its offset may be of a hole that was closed.
    Closed,
    /// A record has landed at its offset when others had landed behind it already, so perhaps of another log than they.
    Alone,
}

impl Evidence {
    /// Another record has landed at its offset.
    pub(super) fn is_another(self) -> bool {
        matches!(self, Self::Other | Self::Newer)
    }
}

/// What the life says of each record by itself.
pub(super) fn evidence(life: &Life, records: &[Record<'_>], time: LandingTime) -> Vec<Evidence> {
    let behind_all = records.first().map(|record| record.offset) > life.landed.last();
    let evidence = |record: &Record<'_>| match evidence_of(life, record, time) {
        // It fills the hole that was closed. More than one of a log that was cut short would do so too, but among others.
        Evidence::Newer if records.len() == 1 && Some(record.offset) <= life.closed_through => Evidence::Free,
        evidence => evidence,
    };
    records.iter().map(|record| if behind_all { Evidence::Free } else { evidence(record) }).collect()
}

/// Whether the record is newer than all that has landed up to its offset: so it has not landed there.
pub(super) fn is_newer(life: &Life, record: &Record<'_>) -> bool {
    record.trusted_timestamp_ms().is_some_and(|timestamp_ms| Some(timestamp_ms) > life.newest_up_to(record.offset))
}

/// What the life says of a record by itself.
pub(super) fn evidence_of(life: &Life, record: &Record<'_>, LandingTime(now_ms): LandingTime) -> Evidence {
    if !life.landed.contains(record.offset) {
        return Evidence::Free;
    }
    if let Some(mark) = life.marks.at(record.offset) {
        return if mark.fingerprint == fingerprint(record) { Evidence::Same } else { Evidence::Other };
    }
    let closed = Some(record.offset) <= life.closed_through;
    let nothing = match (closed, life.filled.contains(record.offset)) {
        (true, _) => Evidence::Closed,
        (false, true) => Evidence::Alone,
        (false, false) => Evidence::Nothing,
    };
    let Some(timestamp_ms) = record.trusted_timestamp_ms() else { return nothing };
    let (oldest, newest) = life.times_around(record.offset);
    let behind = |other: Option<i64>| Some(timestamp_ms) < other.map(|other| other.saturating_sub(CLOCKS_DIFFER_MS));
    let older = behind(oldest);
    // Where no mark is below, times do not go on, or into the future, or a log forked between, they tell nothing.
    let oldest = if life.forks_before(record.offset) { oldest.max(life.after_ms) } else { oldest };
    let goes_on = oldest.is_some() && life.times_go_on() && newest <= Some(now_ms.saturating_add(CLOCKS_DIFFER_MS));
    let of_its_time = goes_on && !behind(oldest);
    match (nothing, is_newer(life, record)) {
        (_, true) => Evidence::Newer,
        (Evidence::Nothing, false) if older => Evidence::Older,
        (Evidence::Nothing, false) if of_its_time => Evidence::OfItsTime,
        (nothing, false) => nothing,
    }
}

/// Where a record's own evidence says nothing, that of the nearest records on both sides does: a batch is a piece of one log, and two
/// logs that agree at an offset agree at all below it.
pub(super) fn judge(life: &Life, records: &[Record<'_>], evidence: &[Evidence]) -> Vec<Verdict> {
    // What filled a hole late says nothing of those around it.
    let tells = |place: usize| {
        (evidence[place] == Evidence::Same || evidence[place].is_another())
            && !life.filled.contains(records[place].offset)
    };
    let of_beginning = |place: usize| records[place].offset < life.fork;
    let mut above = vec![None; records.len()];
    let mut next = None;
    for place in (0..records.len()).rev() {
        // What has landed since a life forked says nothing of what had landed before.
        above[place] =
            next.filter(|other| of_beginning(place) == of_beginning(*other)).map(|other: usize| evidence[other]);
        if tells(place) {
            next = Some(place);
        }
    }
    let mut differs_below = false;
    let mut verdicts = Vec::with_capacity(evidence.len());
    for (place, found) in evidence.iter().enumerate() {
        verdicts.push(match (*found, differs_below, above[place]) {
            (Evidence::Same, ..) => Verdict::Landed,
            (Evidence::Other | Evidence::Newer | Evidence::Free, ..) | (Evidence::Closed, true, None) => Verdict::Lands,
            // Or this life is none of one log: something was placed in it that was not its own.
            (Evidence::Alone, ..) | (_, true, Some(Evidence::Same)) => Verdict::Undecided,
            // The logs agree above, so they agree here, if this life is of one; and the closed hole may be this one's.
            (_, false, Some(Evidence::Same)) => Verdict::Assumed,
            (Evidence::Closed, ..) => Verdict::Undecided,
            (_, true, _) => Verdict::Lands,
            // The log is another one from somewhere here on. If times have told, they tell of this one too.
            (Evidence::OfItsTime, _, Some(Evidence::Newer) | None) => Verdict::Assumed,
            _ => Verdict::Undecided,
        });
        if tells(place) {
            differs_below = evidence[place].is_another();
        }
    }
    verdicts
}
