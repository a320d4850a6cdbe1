//! Placing: which records of a batch have landed, and in which life the others land.
//!
//! Kafka may give the same offsets to other records: a topic made anew, a log cut short, a broker restored. So an offset that has
//! landed says nothing yet: the record at it must be the one that has. What tells is, in this order, a fingerprint; a timestamp that is
//! newer than any that has landed up to there; the records around it, because a batch is a piece of one log, and two logs that
//! agree at one offset agree at all below it; and a timestamp like those around. A record of which nothing tells is kept as a reject:
//! so it is not lost, and not a row twice.

mod evidence;

use crate::event::Record;
use crate::fingerprint::{fingerprint, run_fingerprint};
use crate::key::LandingTime;
use crate::ledger::{LandedRun, Ledger, Life};
use evidence::{Evidence, evidence, evidence_of, is_newer, judge};

/// So many objects an event may have of records that are kept.
const MOST_STRETCHES: usize = 16;
/// So many offsets may be left out where two batches follow each other: Kafka's markers.
const SMALL_GAP: i64 = 10;

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
    /// Records that had been kept before because nobody knew if they had landed.
    pub(crate) kept_before: usize,
}

/// Judges the records of a batch. Opens a life if they are of none; makes the life in which they land the current one. `given_up_ms` is
/// when the event was given up, if it comes from where such events are kept: then they are of the life of that time.
pub(crate) fn place(
    ledger: &mut Ledger,
    records: &[Record<'_>],
    time: LandingTime,
    given_up_ms: Option<i64>,
) -> Placing {
    // An invocation that slept meanwhile, and what was given up, tell of the log as it was.
    let of_now = given_up_ms.is_none() && Some(time.0) >= ledger.current().opened_ms;
    let then = given_up_ms.or((!of_now).then_some(time.0));
    let Home { life: home, known, in_turn, landed, kept_before } = home(ledger, records, then);
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
    // Below all that has landed a log does not go on.
    let below = of_now && !known && home.life == ledger.current && is_below(home, records);
    let of_another = |place: usize, verdict: Verdict| {
        verdict == Verdict::Lands && !landed[place] && (below || evidence[place] != Evidence::Free)
    };
    let forks = |verdicts: &[Verdict]| (0..records.len()).any(|place| of_another(place, verdicts[place]));
    let forked = forks(&verdicts);
    let may_take = |life: &&Life| {
        let any = given_up_ms.is_some() && life.was_never_current();
        let goes_on = goes_on_or_fills(life, records[0].offset) && (given_up_ms.is_some() || !is_below(life, records));
        life.life != home.life && (any || goes_on) && fits(life, records, &landed, time)
    };
    let other = ledger.lives.iter().rfind(|life| forked && may_take(life));
    if other.is_some() {
        verdicts.fill(Verdict::Lands);
    }
    for (verdict, _) in verdicts.iter_mut().zip(&landed).filter(|(_, landed)| **landed) {
        *verdict = Verdict::Landed;
    }
    let goes_on = other.or_else(|| (!forked).then_some(home));
    let in_turn = goes_on.filter(|life| in_turn && given_up_ms.is_none() && life.life == home.life);
    doubt(&mut verdicts, ledger, (home.life, goes_on), in_turn, records, time);
    let mut life = other.map_or(home.life, |other| other.life);
    let before = below.then_some(ledger.current);
    if goes_on.is_none() && forks(&verdicts) {
        let kept = |place: usize| verdicts[place] == Verdict::Undecided && evidence[place] != Evidence::Free;
        let fork = (0..records.len()).find(|place| of_another(*place, verdicts[*place]) || kept(*place));
        if let Some(fork) = fork {
            life = ledger.open(life, records[fork].offset, of_now.then_some(time.0));
        }
    }
    if of_now && !records.is_empty() {
        ledger.heard_of(life, verdicts.contains(&Verdict::Lands), before, time.0);
    }
    Placing { verdicts, life, kept_before }
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

/// Where a batch is at home, and what is known of it.
struct Home<'l> {
    life: &'l Life,
    /// Whether it knows some of the records.
    known: bool,
    /// Whether what lands there is in turn.
    in_turn: bool,
    /// Of each record, whether it is known to have landed, in any life.
    landed: Vec<bool>,
    /// Those of them that are kept because nobody knew if they had landed.
    kept_before: usize,
}

/// The life that knows the last of the records that any life knows, else the one that is expected: that of the time `then`, if the batch tells
/// of the log as it was then.
fn home<'l>(ledger: &'l Ledger, records: &[Record<'_>], then: Option<i64>) -> Home<'l> {
    let expected = then.map_or_else(|| ledger.expects(records.first()), |then| life_at(ledger, then));
    let mut landed = vec![false; records.len()];
    let mut kept_before = 0;
    let mut best = (None, false, 0);
    for (place, life) in ledger.lives.iter().enumerate() {
        let mut last = None;
        for run in ledger.recent.runs().iter().filter(|run| run.life == life.life) {
            for known in known_of_run(run, life, records) {
                kept_before += usize::from(run.undecided && !landed[known]);
                landed[known] = true;
                last = last.max(Some(known));
            }
        }
        for known in known(life, records) {
            landed[known] = true;
            last = last.max(Some(known));
        }
        best = best.max((last, life.life == expected, place));
    }
    let (known, is_expected, place) = best;
    let in_turn = is_expected || known.is_some();
    Home { life: &ledger.lives[place], known: known.is_some(), in_turn, landed, kept_before }
}

/// The last life that had become the current one by then.
fn life_at(ledger: &Ledger, time_ms: i64) -> u32 {
    let begun = ledger.lives.iter().filter(|life| life.opened_ms.is_some_and(|opened_ms| opened_ms <= time_ms));
    begun.max_by_key(|life| life.opened_ms).unwrap_or(&ledger.lives[0]).life
}

/// The places of those records that have landed with a recent run: all of it, by its fingerprint; or of a piece what is below one that is known
/// by its mark, if none is another. A run is a piece of one log, as a batch is.
fn known_of_run(run: &LandedRun, life: &Life, records: &[Record<'_>]) -> Vec<usize> {
    let start = records.partition_point(|record| record.offset < run.first);
    let end = records.partition_point(|record| record.offset <= run.last);
    let piece = &records[start..end];
    let (Some(first), Some(last)) = (piece.first(), piece.last()) else { return Vec::new() };
    if (first.offset, last.offset) == (run.first, run.last) {
        let same = run_fingerprint(piece) == run.fingerprint;
        return if same { (start..end).collect() } else { Vec::new() };
    }
    let is_other = |record: &Record<'_>| {
        let mark = life.marks.at(record.offset);
        is_newer(life, record) || mark.is_some_and(|mark| mark.fingerprint != fingerprint(record))
    };
    let Some(last_known) = known(life, piece).last().filter(|last| !piece[..*last].iter().any(is_other)) else {
        return Vec::new();
    };
    // Not what the run left out, whatever has become of it.
    let landed_with_it =
        |offset| life.landed.contains(offset) && !life.filled.contains(offset) && Some(offset) > life.closed_through;
    (start..=start + last_known).filter(|place| landed_with_it(records[*place].offset)).collect()
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

/// Whether the batch ends below all that has landed, and not just there: what ends there is the beginning, which came late.
fn is_below(life: &Life, records: &[Record<'_>]) -> bool {
    let first = life.landed.iter().next().map(|(first, _)| first);
    records.last().is_some_and(|last| Some(last.offset.saturating_add(SMALL_GAP)) < first)
}

/// What is about to land may have landed in another life, where no mark is left of it: there its neighbours tell, or its time. Only what
/// goes on right behind the end of the log is what is to be expected.
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
    let right_behind = first.is_some_and(|first| first.saturating_sub(last.unwrap_or(-1)) <= SMALL_GAP);
    let doubtful = |record: &Record<'_>| !(right_behind && behind_the_end(&record));
    let mut lands = verdicts.iter().zip(records);
    if ledger.lives.len() == 1 || !lands.any(|(verdict, record)| *verdict == Verdict::Lands && doubtful(record)) {
        return;
    }
    let here = goes_on.map_or(home, |life| life.life);
    for life in ledger.lives.iter().filter(|life| life.life != here) {
        let evidence = evidence(life, records, time);
        for (place, verdict) in judge(life, records, &evidence).into_iter().enumerate() {
            let older = evidence[place] == Evidence::Older && !life.unordered;
            let there = verdict != Verdict::Lands && !older;
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
