//! Landing: the protocol that brings one partition's records of an event into the lake exactly once, however often, and however
//! cut, they are delivered.
//!
//! It knows nothing of S3: [`Protocol::step`] says what to do next, [`Protocol::told`] hears how that went.
//!
//! 1. Load the ledger, unless this process knows one. An old one does no harm: its swap is lost. Where there is none, create it empty, and
//!    see then which hours are sealed ([`crate::sealing`]).
//! 2. Settle every pending run. Its bars object is there: landed. It is not, and these records are that very run: write it.
//!    Else fence it: put an empty object at its key, so that whoever meant to write it no longer can, and blank its rejects.
//! 3. Drop the records that have landed. None left: done. The others are of the life that the log is in, or begin another.
//! 4. The rest is one run per hole, in a folder that is not sealed. Swap them into the ledger as pending: the intent. Lost: from 1.
//! 5. Which leaves them to be settled, as in 2: their rejects are created, then their bars.

mod placing;

use std::collections::HashMap;
use std::mem;

use crate::error_type::ErrorType;
use crate::event::{Batch, Record};
use crate::fingerprint::run_fingerprint;
use crate::key::{Generation, Keys, LandingTime, SEAL};
use crate::ledger::{Ledger, MAX_HOLES, Pending, Ranges, UnreadableLedger, gaps};
use crate::run::{Decoded, Lot, Run, empty_parquet};
use crate::sealing::{Seal, UnreadableSeal};
use placing::{Placing, Verdict, keep_together, place};

/// Swaps that one landing may lose. Each means that another writer got ahead, so more of them than writers are not to be
/// expected; the event source delivers again.
const SWAPS_LOST_AT_MOST: u32 = 16;
/// A run that is pending for so long has no writer any more: no invocation lives for an hour.
const WRITTEN_WITHIN_MS: i64 = 3_600_000;
/// And after so long the absence of its bars is no evidence that they were never there: somebody may have removed them.
pub(crate) const ABSENCE_TELLS_FOR_MS: i64 = 86_400_000;

/// Names one state of the ledger object (an `ETag`): a swap replaces that state and no other.
pub type Version = String;

/// What to do next.
#[derive(Debug)]
pub enum Step {
    /// Read the object at this key, with its version. Answer: [`Answer::Read`].
    Read(String),
    /// Write the object at `key` if it has this version, or if there is none. Answer: [`Answer::Swapped`]. A good moment to call
    /// [`Protocol::meanwhile`].
    Swap {
        /// Key of the ledger.
        key: String,
        /// The new ledger.
        body: Vec<u8>,
        /// The version to replace; none: create.
        expected: Option<Version>,
    },
    /// Say what is at this key. Answer: [`Answer::Found`].
    Find(String),
    /// Write the object unless there is one at its key. Answer: [`Answer::Created`].
    Create(Object),
    /// Write the object, whatever is there. Answer: [`Answer::Written`].
    Overwrite(Object),
    /// Every record is in the lake.
    Done,
}

/// An object to write.
#[derive(Debug)]
pub struct Object {
    /// Where.
    pub key: String,
    /// What.
    pub body: Vec<u8>,
    /// What it is; a store must tell fences from bars.
    pub kind: Kind,
}

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Parquet: the rows of a run.
    Bars,
    /// Parquet without rows at the key of a run that can never land now.
    Fence,
    /// Parquet without rows in the place of a run that has landed: its rows are read in a part.
    Hollow,
    /// JSON lines.
    Rejects,
}

/// How a step went.
#[derive(Debug)]
pub enum Answer {
    /// The object's bytes and version; none if there is no object.
    Read(Option<(Vec<u8>, Version)>),
    /// The ledger's new version; none if it was not at the version expected.
    Swapped(Option<Version>),
    /// What is there, if anything.
    Found(Option<Kind>),
    /// Whether it was created; no if there was one.
    Created(bool),
    /// It was written.
    Written,
}

/// Why a partition's records cannot land now.
#[derive(Debug, thiserror::Error)]
pub enum LandingError {
    /// The ledger is not what was written.
    #[error(transparent)]
    UnreadableLedger(#[from] UnreadableLedger),
    /// What is sealed is not what was written.
    #[error(transparent)]
    UnreadableSeal(#[from] UnreadableSeal),
    /// Others swapped first, so often.
    #[error("other writers changed the ledger of this partition {0} times; try again")]
    Contended(u32),
    /// The driver told something that was not asked.
    #[error("{0:?} is no answer to what was asked")]
    OutOfTurn(Answer),
}

impl LandingError {
    /// What kind of error it is to whoever invoked a function.
    pub fn error_type(&self) -> ErrorType {
        match self {
            Self::UnreadableLedger(_) | Self::UnreadableSeal(_) => ErrorType::LakeDamaged,
            Self::Contended(_) => ErrorType::LedgerContended,
            Self::OutOfTurn(_) => ErrorType::Defect,
        }
    }
}

/// A protocol on the objects of the lake that says what to do, and does nothing.
pub trait Protocol {
    /// What to do next.
    fn step(&mut self) -> Result<Step, LandingError>;

    /// While a swap is under way there is time for this.
    fn meanwhile(&mut self) {}

    /// Hears how the step went.
    fn told(&mut self, answer: Answer) -> Result<(), LandingError>;
}

/// What a process knows of one partition between events.
#[derive(Debug, Default)]
pub struct Known {
    /// The ledger, with its version.
    ledger: Option<(Ledger, Version)>,
    /// What became of pending runs, by the key of their bars: final, so true of any later ledger too.
    settled: HashMap<String, Settled>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Settled {
    Landed,
    /// It never will.
    Void,
}

/// What landing came to.
#[derive(Debug, Default, PartialEq)]
pub struct Outcome {
    /// Records whose rows this landing brought into the lake.
    pub landed: usize,
    /// Records that it kept as rejects.
    pub rejected: usize,
    /// Records that were there before.
    pub skipped: usize,
    /// Records of which nothing proves whether they had landed before: kept as rejects, or skipped as of their time.
    pub uncertain: usize,
    /// Those of them that are kept as rejects.
    pub undecided: usize,
    /// Objects that it wrote into `bars` and `rejects`.
    pub objects: usize,
    /// What it sent to be written there, in bytes.
    pub bytes: usize,
    /// The newest Kafka timestamp of what it landed: milliseconds since 1970 UTC.
    pub newest_timestamp_ms: Option<i64>,
    /// Holes in the life that the log is in.
    pub holes: usize,
    /// Holes that were closed to keep the ledger small.
    pub holes_closed: u64,
}

/// The landing of one batch.
pub struct Landing<'r, 'a> {
    batch: &'r Batch<'a>,
    keys: Keys<'r>,
    generation: Generation,
    time: LandingTime,
    given_up_ms: Option<i64>,
    known: Known,
    /// Runs of this batch that are pending, or about to be.
    prepared: Vec<Prepared<'r>>,
    state: State<'r>,
    /// What is pending is what this landing has swapped in.
    intended: bool,
    swaps_lost: u32,
    outcome: Outcome,
}

/// A run with what goes into its objects.
struct Prepared<'r> {
    run: Pending,
    rejects: Vec<u8>,
    bars: Bars<'r>,
}

enum Bars<'r> {
    Decoded(Box<Decoded<'r>>),
    Parquet(Vec<u8>),
}

/// What is asked, with what the answer is about.
enum State<'r> {
    Load,
    /// There is none: it is created, with what former ones knew.
    Begin(Ledger),
    /// It is new: what is sealed is to be known before anything is intended.
    ReadSeal(Ledger, Version),
    /// The ledger of a former generation, to be taken into this one.
    LoadFormer(Ledger, Option<Version>, u32),
    /// It, about to be replaced by what only a reader of lives can read: so nobody else goes on with it.
    Freeze(Ledger, Option<Version>, u32, Ledger, Version),
    /// Nothing is asked: what comes next follows from what is known.
    Settle,
    Find(Pending),
    CreateRejects(Prepared<'r>),
    CreateBars(Prepared<'r>),
    Fence(Pending),
    BlankRejects(Pending),
    Swap(Ledger),
    Done,
}

impl Protocol for Landing<'_, '_> {
    fn step(&mut self) -> Result<Step, LandingError> {
        if matches!(self.state, State::Settle) {
            self.state = self.settle();
        }
        Ok(match &mut self.state {
            State::Load => Step::Read(self.keys.ledger()),
            State::Begin(ledger) => Step::Swap { key: self.keys.ledger(), body: ledger.to_bytes(), expected: None },
            State::ReadSeal(..) => Step::Read(SEAL.to_owned()),
            State::LoadFormer(_, _, generation) => Step::Read(self.keys.former_ledger(Generation(*generation))),
            State::Freeze(_, _, generation, former, version) => Step::Swap {
                key: self.keys.former_ledger(Generation(*generation)),
                body: former.to_bytes(),
                expected: Some(version.clone()),
            },
            State::Find(run) => Step::Find(run.bars.clone()),
            State::CreateRejects(prepared) => {
                let key = prepared.run.rejects.clone().unwrap_or_default();
                self.outcome.bytes += prepared.rejects.len();
                Step::Create(Object { key, body: mem::take(&mut prepared.rejects), kind: Kind::Rejects })
            }
            State::CreateBars(prepared) => {
                let body = prepared.bars.take_parquet();
                self.outcome.bytes += body.len();
                Step::Create(Object { key: prepared.run.bars.clone(), body, kind: Kind::Bars })
            }
            State::Fence(run) => {
                Step::Create(Object { key: run.bars.clone(), body: empty_parquet(), kind: Kind::Fence })
            }
            State::BlankRejects(run) => {
                let key = run.rejects.clone().unwrap_or_default();
                Step::Overwrite(Object { key, body: Vec::new(), kind: Kind::Rejects })
            }
            State::Swap(ledger) => Step::Swap {
                key: self.keys.ledger(),
                body: ledger.to_bytes(),
                expected: self.known.ledger.as_ref().map(|(_, version)| version.clone()),
            },
            State::Settle | State::Done => Step::Done,
        })
    }

    /// Encodes the bars of the runs that are being swapped in, which otherwise happens when they are to be written.
    fn meanwhile(&mut self) {
        for prepared in &mut self.prepared {
            prepared.bars.encode();
        }
    }

    fn told(&mut self, answer: Answer) -> Result<(), LandingError> {
        // Should this fail, it is from the start again.
        self.state = match (mem::replace(&mut self.state, State::Load), answer) {
            (State::Load, Answer::Read(object)) => {
                self.intended = false;
                let (ledger, version) = match object {
                    Some((bytes, version)) => (Ledger::parse(&bytes)?, Some(version)),
                    None => (Ledger::default(), None),
                };
                self.loaded(ledger, version)
            }
            (State::Begin(ledger), Answer::Swapped(Some(version))) => State::ReadSeal(ledger, version),
            (State::ReadSeal(mut ledger, version), Answer::Read(seal)) => {
                if let Some((bytes, _)) = seal {
                    ledger.sealed = ledger.sealed.max(Some(Seal::parse(&bytes)?.sealed));
                }
                ledger.fresh = false;
                self.known.ledger = Some((ledger, version));
                State::Settle
            }
            (State::LoadFormer(mut ledger, version, generation), Answer::Read(None)) => {
                ledger.generation = generation;
                self.loaded(ledger, version)
            }
            (State::LoadFormer(ledger, version, generation), Answer::Read(Some((bytes, its_version)))) => {
                State::Freeze(ledger, version, generation, Ledger::parse(&bytes)?, its_version)
            }
            (State::Freeze(mut ledger, version, generation, former, _), Answer::Swapped(Some(_))) => {
                ledger.take_in(former, generation);
                self.loaded(ledger, version)
            }
            (State::Freeze(ledger, version, generation, ..), Answer::Swapped(None)) => {
                State::LoadFormer(ledger, version, generation)
            }
            (State::Find(run), Answer::Found(None)) => match self.prepare_again(&run) {
                Some(prepared) => prepared.write(),
                None => State::Fence(run),
            },
            (State::Find(run), Answer::Found(Some(Kind::Fence))) | (State::Fence(run), Answer::Created(true)) => {
                // Also where an old fence is found: whoever put it may have died before this.
                let absence_tells = run.intended_ms.is_none_or(|then| self.time.0 - then < ABSENCE_TELLS_FOR_MS);
                if run.rejects.is_some() && absence_tells {
                    State::BlankRejects(run)
                } else {
                    self.settled(run, Settled::Void)
                }
            }
            (State::Find(run), Answer::Found(Some(_))) => self.settled(run, Settled::Landed),
            // The writer made it after all, or another fenced it at the same time: only a look can tell.
            (State::Fence(run), Answer::Created(false)) => State::Find(run),
            (State::BlankRejects(run), Answer::Written) => self.settled(run, Settled::Void),
            (State::CreateRejects(prepared), Answer::Created(_)) => State::CreateBars(prepared),
            (State::CreateBars(prepared), Answer::Created(true)) => {
                self.outcome.add(&prepared.run);
                self.settled(prepared.run, Settled::Landed)
            }
            // A fence; or another delivery wrote it, or an earlier try of this very request whose answer was lost.
            (State::CreateBars(prepared), Answer::Created(false)) => State::Find(prepared.run),
            (State::Swap(ledger), Answer::Swapped(Some(version))) => {
                self.swapped(ledger, version);
                State::Settle
            }
            (State::Begin(_) | State::Swap(_), Answer::Swapped(None)) => {
                self.swaps_lost += 1;
                if self.swaps_lost == SWAPS_LOST_AT_MOST {
                    return Err(LandingError::Contended(SWAPS_LOST_AT_MOST));
                }
                State::Load
            }
            (_, answer) => return Err(LandingError::OutOfTurn(answer)),
        };
        Ok(())
    }
}

impl<'r, 'a> Landing<'r, 'a> {
    /// The landing of this batch by a process that knows so much of its partition (at first [`Known::default`]). A batch without
    /// records settles what has been pending for long.
    pub fn new(batch: &'r Batch<'a>, generation: Generation, time: LandingTime, known: Known) -> Self {
        Self {
            batch,
            keys: Keys { topic: batch.topic, partition: batch.partition },
            generation,
            time,
            given_up_ms: None,
            known,
            prepared: Vec::new(),
            state: State::Settle,
            intended: false,
            swaps_lost: 0,
            outcome: Outcome::default(),
        }
    }

    /// The landing of a batch that was given up then: milliseconds since 1970 UTC.
    #[must_use]
    pub fn given_up(self, given_up_ms: Option<i64>) -> Self {
        Self { given_up_ms, ..self }
    }

    /// What it came to, and what this process knows now, after [`Step::Done`].
    pub fn finish(mut self) -> (Outcome, Known) {
        let kept = self.outcome.landed + self.outcome.rejected;
        // One that has landed may have been kept as well.
        self.outcome.skipped = self.batch.records.len().saturating_sub(kept);
        (self.outcome, self.known)
    }

    /// The first pending run that is not settled; if all are, the swap of what is left to land.
    fn settle(&mut self) -> State<'r> {
        let Some((ledger, _)) = &self.known.ledger else { return State::Load };
        let may_be_written = |run: &Pending| run.intended_ms.is_some_and(|then| self.time.0 - then < WRITTEN_WITHIN_MS);
        if self.batch.records.is_empty() && ledger.pending.iter().any(may_be_written) {
            return State::Done;
        }
        if let Some(run) = ledger.pending.iter().find(|run| !self.known.settled.contains_key(&run.bars)) {
            let mine = self.prepared.iter().position(|prepared| prepared.run == *run);
            return match mine {
                Some(index) => self.prepared.remove(index).write(),
                None => State::Find(run.clone()),
            };
        }
        let all_landed = |run: &Pending| self.known.settled.get(&run.bars) == Some(&Settled::Landed);
        if self.intended && ledger.pending.iter().all(all_landed) {
            return State::Done;
        }
        let mut next = ledger.clone();
        for run in mem::take(&mut next.pending).iter().filter(|run| all_landed(run)) {
            next.land(run);
        }
        self.outcome.holes = next.current().landed.holes();
        self.intend(next)
    }

    /// One run per hole of what has not landed, swapped in as pending.
    fn intend(&mut self, mut ledger: Ledger) -> State<'r> {
        let records = &self.batch.records;
        let Some((before, _)) = &self.known.ledger else { return State::Load };
        let heard = (ledger.current, ledger.seen, ledger.generation);
        let Placing { mut verdicts, life, kept_before } = place(&mut ledger, records, self.time, self.given_up_ms);
        keep_together(&mut verdicts);
        let count = |what: Verdict| verdicts.iter().filter(|verdict| **verdict == what).count();
        // Whatever it was before a swap was lost, or a run of this landing was fenced: what has landed since is known.
        self.outcome.undecided = kept_before + count(Verdict::Undecided);
        self.outcome.uncertain = self.outcome.undecided + count(Verdict::Assumed);
        let runs = self.runs(&verdicts, ledger.life(life).map(|life| &life.landed), life);
        if runs.is_empty() {
            // Nothing to land. Still, a run may have been pending for too long, or the log have gone over to another life.
            let settles = records.is_empty() && !before.pending.is_empty();
            if !settles && (ledger.current, ledger.seen, ledger.generation) == heard {
                return State::Done;
            }
        }
        ledger.sequence += 1;
        self.prepared = runs.into_iter().filter_map(|(records, lot)| self.prepare(&mut ledger, records, lot)).collect();
        ledger.pending = self.prepared.iter().map(|prepared| prepared.run.clone()).collect();
        ledger.close_holes(MAX_HOLES);
        State::Swap(ledger)
    }

    /// What lands, and what is kept, one run per hole.
    fn runs(&self, verdicts: &[Verdict], landed: Option<&Ranges>, life: u32) -> Vec<(&'r [Record<'a>], Lot)> {
        let records = &self.batch.records;
        let hole = |record: &Record<'_>| landed.map_or(0, |landed| landed.below(record.offset));
        let mut runs = Vec::new();
        let mut start = 0;
        for stretch in verdicts.chunk_by(|left, right| left == right) {
            let its = &records[start..start + stretch.len()];
            start += stretch.len();
            match stretch[0] {
                Verdict::Landed | Verdict::Assumed => {}
                Verdict::Lands => {
                    let lot = Lot { life, undecided: false };
                    let holes = its.chunk_by(|left, right| hole(left) == hole(right));
                    runs.extend(holes.map(|records| (records, lot)));
                }
                Verdict::Undecided => runs.push((its, Lot { life, undecided: true })),
            }
        }
        runs
    }

    fn prepare(&self, ledger: &mut Ledger, records: &'r [Record<'a>], lot: Lot) -> Option<Prepared<'r>> {
        let mut prepared = self.decode(records, lot)?;
        let (gaps, others) = gaps(records);
        ledger.holes_closed += others;
        let run = &mut prepared.run;
        run.gaps = gaps;
        let life = ledger.life(lot.life)?;
        (run.marks, run.fingerprint) = life.marks_of(records);
        run.unordered = life.falls_behind(records);
        let folder = ledger.folder_time(self.time);
        run.bars = self.keys.bars(lot.life, (run.first, run.last), ledger.sequence, folder);
        if run.rejected > 0 {
            run.rejects = Some(self.keys.rejects(lot.life, (run.first, run.last), ledger.sequence, folder));
        }
        Some(prepared)
    }

    /// The records of this run, if the batch has them all. Of one that a version before intended nothing is known but how many.
    fn has(&self, pending: &Pending) -> Option<&'r [Record<'a>]> {
        let records = &self.batch.records;
        let start = records.partition_point(|record| record.offset < pending.first);
        let end = records.partition_point(|record| record.offset <= pending.last);
        let records = &records[start..end];
        let same = records.len() == pending.records && pending.fingerprint == Some(run_fingerprint(records));
        same.then_some(records)
    }

    /// The pending run made of these records, if it is the same: then it may be finished for whoever began it.
    fn prepare_again(&self, pending: &Pending) -> Option<Prepared<'r>> {
        let records = self.has(pending)?;
        let lot = Lot { life: pending.life, undecided: pending.undecided };
        let Prepared { run, rejects, bars } = self.decode(records, lot)?;
        // The rest of it, the keys with their folder and sequence among them, is that of the intent.
        let told = |run: &Pending| (run.first, run.last, run.rejected);
        (told(&run) == told(pending)).then(|| Prepared { run: pending.clone(), rejects, bars })
    }

    fn decode(&self, records: &'r [Record<'a>], lot: Lot) -> Option<Prepared<'r>> {
        let run = Run::new(self.batch.topic, self.batch.partition, records)?;
        let (first, last) = (run.first(), run.last());
        let mut decoded = run.decode(self.time, lot);
        let rejects = mem::take(&mut decoded.rejects);
        let run = Pending {
            life: lot.life,
            first,
            last,
            records: decoded.landed + decoded.rejected,
            rejected: decoded.rejected,
            undecided: lot.undecided,
            newest_timestamp_ms: decoded.newest_timestamp_ms,
            intended_ms: Some(self.time.0),
            ..Pending::default()
        };
        Some(Prepared { run, rejects, bars: Bars::Decoded(Box::new(decoded)) })
    }

    /// The ledger is known once those of former generations are in it.
    fn loaded(&mut self, ledger: Ledger, version: Option<Version>) -> State<'r> {
        if ledger.generation < self.generation.0 {
            let next = ledger.generation + 1;
            return State::LoadFormer(ledger, version, next);
        }
        match version {
            Some(version) if ledger.fresh => State::ReadSeal(ledger, version),
            Some(version) => {
                self.known.ledger = Some((ledger, version));
                State::Settle
            }
            None => State::Begin(Ledger { fresh: true, ..ledger }),
        }
    }

    fn settled(&mut self, run: Pending, how: Settled) -> State<'r> {
        self.known.settled.insert(run.bars, how);
        State::Settle
    }

    fn swapped(&mut self, ledger: Ledger, version: Version) {
        let closed_before = self.known.ledger.as_ref().map_or(0, |(before, _)| before.holes_closed);
        self.outcome.holes_closed += ledger.holes_closed - closed_before;
        // What was pending before is in `landed` now, or void.
        self.known.settled.clear();
        self.intended = true;
        self.known.ledger = Some((ledger, version));
    }
}

impl<'r> Prepared<'r> {
    fn write(self) -> State<'r> {
        if self.run.rejects.is_some() { State::CreateRejects(self) } else { State::CreateBars(self) }
    }
}

impl Bars<'_> {
    fn encode(&mut self) {
        if let Self::Decoded(decoded) = self {
            *self = Self::Parquet(decoded.to_parquet());
        }
    }

    fn take_parquet(&mut self) -> Vec<u8> {
        self.encode();
        match self {
            Self::Parquet(parquet) => mem::take(parquet),
            Self::Decoded(_) => Vec::new(),
        }
    }
}

impl Outcome {
    fn add(&mut self, run: &Pending) {
        self.landed += run.records - run.rejected;
        self.rejected += run.rejected;
        self.objects += 1 + usize::from(run.rejects.is_some());
        self.newest_timestamp_ms = self.newest_timestamp_ms.max(run.newest_timestamp_ms);
    }
}

#[cfg(test)]
mod tests;
