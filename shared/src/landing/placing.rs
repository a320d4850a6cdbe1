//! Placing: which records of a batch have landed, and in which life the others land.
//!
//! Kafka may give the same offsets to other records: a topic made anew, a log cut short, a broker restored. So an offset that has
//! landed says nothing yet: the record at it must be the one that has. What tells is, in this order, a fingerprint; a timestamp that is
//! newer than any that has landed up to there; the records around it, because a batch is a piece of one log, and two logs that
//! agree at one offset agree at all below it; and a timestamp like those around. A record of which nothing tells is kept as a reject:
//! so it is not lost, and not a row twice.

mod evidence;

use std::ops::Range;

use crate::event::Record;
use crate::fingerprint::{fingerprint, run_fingerprint};
use crate::key::LandingTime;
use crate::ledger::{Ledger, Life};
use evidence::{CLOCKS_DIFFER_MS, Evidence, evidence, evidence_of, judge};

/// So many objects an event may have of records that are kept.
const MOST_STRETCHES: usize = 16;

/// What becomes of a record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// It has landed.
    Landed,
    /// It counts as landed: its time says so, or what is around it. But nothing proves it.
    Assumed,
    /// It lands.
    Lands,
    /// It may have landed or not: it is kept as a reject.
    Undecided,
}

/// Where a batch belongs.
pub(crate) struct Placing {
    /// In the order of the records.
    pub(crate) verdicts: Vec<Verdict>,
    /// The life in which they land.
    pub(crate) life: u32,
}

/// Judges the records of a batch, of which some are known to have landed. Opens a life if they are of none; makes the life in which they
/// land the current one. `given_up_ms` is when the event was given up, if it comes from where such events are kept: then they are of the
/// life of that time.
pub(crate) fn place(
    ledger: &mut Ledger,
    records: &[Record<'_>],
    mut landed: Vec<bool>,
    time: LandingTime,
    given_up_ms: Option<i64>,
) -> Placing {
    let (home, in_turn) = home(ledger, records, &mut landed, given_up_ms);
    let evidence = evidence(home, records, time);
    let mut verdicts = judge(home, records, &evidence);
    if given_up_ms.is_some() {
        // It comes out of turn, and nothing else keeps it: only its own evidence counts.
        let own = |evidence| matches!(evidence, Evidence::Free | Evidence::Same | Evidence::Other | Evidence::Newer);
        let unknown = (0..records.len()).filter(|place| !own(evidence[*place]));
        unknown.for_each(|place| verdicts[place] = Verdict::Undecided);
    } else if home.life != ledger.current && ledger.current().goes_on_at(records.first()) {
        // The end of the batch is known here, but its beginning may be what comes next there.
        for place in 0..records.len() {
            if evidence[place] != Evidence::Same && verdicts[place] != Verdict::Lands {
                verdicts[place] = Verdict::Undecided;
            }
        }
    }
    let mut forks = false;
    for (place, verdict) in verdicts.iter_mut().enumerate() {
        if landed[place] {
            *verdict = Verdict::Landed;
        } else {
            forks |= *verdict == Verdict::Lands && evidence[place] != Evidence::Free;
        }
    }
    let (mut life, mut fork) = (home.life, None);
    let may_take = |life: &&Life| {
        let any = given_up_ms.is_some() && life.was_never_current();
        (any || goes_on_or_fills(life, records[0].offset)) && fits(life, records, &landed, time)
    };
    let other = ledger.lives.iter().rfind(|life| forks && may_take(life));
    if let Some(other) = other {
        life = other.life;
        verdicts = landed.iter().map(|landed| if *landed { Verdict::Landed } else { Verdict::Lands }).collect();
    }
    let goes_on = if forks && other.is_none() { None } else { ledger.life(life) };
    let in_turn = goes_on.filter(|life| in_turn && life.life == home.life);
    doubt(&mut verdicts, ledger, (home.life, goes_on), in_turn, records, time);
    if goes_on.is_none() {
        let another = |place: &usize| lands_or_is_kept(verdicts[*place]) && evidence[*place] != Evidence::Free;
        fork = (0..records.len()).find(another).map(|place| records[place].offset);
    }
    // An invocation that slept meanwhile, and what was given up, tell of the log as it was.
    let of_now = given_up_ms.is_none() && Some(time.0) >= ledger.current().opened_ms;
    if let Some(offset) = fork {
        life = ledger.open(life, offset, of_now.then_some(time.0));
    }
    if of_now && !records.is_empty() {
        let lands = verdicts.contains(&Verdict::Lands);
        ledger.heard_of(life, lands || fork.is_some(), time.0);
    }
    Placing { verdicts, life }
}

/// Where what is kept and what is not alternate too often, everything in between is kept too: each stretch is an object of its own.
pub(crate) fn keep_together(verdicts: &mut [Verdict]) {
    let kept = |verdict: &Verdict| *verdict == Verdict::Undecided;
    let stretches = verdicts.chunk_by(|left, right| left == right).filter(|stretch| kept(&stretch[0])).count();
    let ends = verdicts.iter().position(kept).zip(verdicts.iter().rposition(kept));
    if let Some((first, last)) = ends.filter(|_| stretches > MOST_STRETCHES) {
        verdicts[first..=last].fill(Verdict::Undecided);
    }
}

fn lands_or_is_kept(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Lands | Verdict::Undecided)
}

/// The life that knows the last of the records that any life knows, else the one that is expected; and whether what lands there is in turn.
/// Notes which records are known.
fn home<'l>(
    ledger: &'l Ledger,
    records: &[Record<'_>],
    landed: &mut [bool],
    given_up_ms: Option<i64>,
) -> (&'l Life, bool) {
    let expected = given_up_ms.map_or_else(|| ledger.expects(records.first()), |then| life_at(ledger, then));
    let runs = known_runs(ledger, records);
    let mut home = (None, false, 0);
    for (place, life) in ledger.lives.iter().enumerate() {
        let mut last = None;
        let of_runs = runs.iter().filter(|(of, _)| *of == life.life).flat_map(|(_, places)| places.clone());
        for known in of_runs.chain(known(life, records)) {
            landed[known] = true;
            last = last.max(Some(known));
        }
        home = home.max((last, life.life == expected, place));
    }
    let (known, expected, place) = home;
    (&ledger.lives[place], given_up_ms.is_none() && (expected || known.is_some()))
}

/// The last life that had become the current one by then.
fn life_at(ledger: &Ledger, time_ms: i64) -> u32 {
    let begun = ledger.lives.iter().filter(|life| life.opened_ms.is_some_and(|opened_ms| opened_ms <= time_ms));
    begun.max_by_key(|life| life.opened_ms).unwrap_or(&ledger.lives[0]).life
}

/// The recent runs of which the batch has all records: each with its life, and where they are.
fn known_runs(ledger: &Ledger, records: &[Record<'_>]) -> Vec<(u32, Range<usize>)> {
    let runs = ledger.recent.runs().iter().filter_map(|run| {
        let start = records.binary_search_by_key(&run.first, |record| record.offset).ok()?;
        let end = records.binary_search_by_key(&run.last, |record| record.offset).ok()? + 1;
        (run_fingerprint(&records[start..end]) == run.fingerprint).then_some((run.life, start..end))
    });
    runs.collect()
}

/// The places of those records that have landed in this life by their marks.
fn known<'k>(life: &'k Life, records: &'k [Record<'_>]) -> impl Iterator<Item = usize> + 'k {
    let ends = records.first().zip(records.last()).map(|(first, last)| (first.offset, last.offset));
    let marks = ends.map(|(first, last)| life.marks.between(first, last)).unwrap_or_default();
    marks.iter().filter_map(|mark| {
        let place = records.binary_search_by_key(&mark.offset, |record| record.offset).ok()?;
        (fingerprint(&records[place]) == mark.fingerprint).then_some(place)
    })
}

/// Whether the offset is right behind what has landed, or below.
fn goes_on_or_fills(life: &Life, offset: i64) -> bool {
    life.landed.last().is_some_and(|last| offset <= last.saturating_add(1))
}

/// What is about to land may have landed in another life, where no mark is left of it: there its neighbours tell, or its time. Only what
/// goes on where the log is, right behind its end or with times that do not fall behind, is what is to be expected.
fn doubt(
    verdicts: &mut [Verdict],
    ledger: &Ledger,
    (home, goes_on): (u32, Option<&Life>),
    in_turn: Option<&Life>,
    records: &[Record<'_>],
    time: LandingTime,
) {
    let last = in_turn.and_then(|life| life.landed.last());
    let behind_the_end = |record: &&Record<'_>| in_turn.is_some() && Some(record.offset) > last;
    let first = records.iter().find(behind_the_end).map(|record| record.offset);
    let right_behind = first == Some(last.map_or(0, |last| last.saturating_add(1)));
    // One clock in the future, and all others fall behind: so its time does not count.
    let now_ms = time.0.saturating_add(CLOCKS_DIFFER_MS);
    let newest = in_turn.and_then(|life| life.newest_timestamp_ms).filter(|newest| *newest <= now_ms);
    let newest = newest.map(|newest| newest.saturating_sub(CLOCKS_DIFFER_MS));
    let falls_behind = |record: &Record<'_>| record.trusted_timestamp_ms().is_some_and(|time| Some(time) < newest);
    let doubtful = |record: &Record<'_>| !behind_the_end(&record) || (!right_behind && falls_behind(record));
    let mut lands = verdicts.iter().zip(records);
    if ledger.lives.len() == 1 || !lands.any(|(verdict, record)| *verdict == Verdict::Lands && doubtful(record)) {
        return;
    }
    let here = goes_on.map_or(home, |life| life.life);
    for life in ledger.lives.iter().filter(|life| life.life != here) {
        let evidence = evidence(life, records, time);
        for (place, verdict) in judge(life, records, &evidence).into_iter().enumerate() {
            let there = verdict != Verdict::Lands && evidence[place] != Evidence::Older;
            if verdicts[place] == Verdict::Lands && doubtful(&records[place]) && there {
                verdicts[place] = Verdict::Undecided;
            }
        }
    }
}

/// Whether this life has no other record where these are that have not landed anywhere.
fn fits(life: &Life, records: &[Record<'_>], landed: &[bool], time: LandingTime) -> bool {
    let free = |(record, landed): (&Record<'_>, &bool)| *landed || evidence_of(life, record, time) == Evidence::Free;
    records.iter().zip(landed).all(free)
}

#[cfg(test)]
mod tests;
