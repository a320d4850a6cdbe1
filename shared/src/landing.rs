//! Landing: the protocol that brings one partition's records of an event into the lake exactly once, however often, and however
//! cut, they are delivered.
//!
//! It knows nothing of S3: [`Landing::step`] says what to do next, [`Landing::told`] hears how that went.
//!
//! 1. Load the ledger, unless this process knows one. An old one does no harm: its swap is lost.
//! 2. Settle every pending run. Its bars object is there: landed. It is not, and these records are that very run: write it.
//!    Else fence it: put an empty object at its key, so that whoever meant to write it no longer can, and blank its rejects.
//! 3. Drop the records that have landed. None left: done.
//! 4. The rest is one run per hole. Swap them into the ledger as pending: the intent. Lost: from 1.
//! 5. Which leaves them to be settled, as in 2: their rejects are created, then their bars.

use std::collections::HashMap;
use std::mem;

use crate::event::{Batch, Record};
use crate::key::{Generation, Keys, LandingTime};
use crate::ledger::{Ledger, MAX_HOLES, Pending, UnreadableLedger};
use crate::run::{Decoded, Run, empty_parquet};

/// Swaps that one landing may lose. Each means that another writer got ahead, so more of them than writers are not to be
/// expected; the event source delivers again.
const SWAPS_LOST_AT_MOST: u32 = 16;

/// Names one state of the ledger object (an `ETag`): a swap replaces that state and no other.
pub type Version = String;

/// What to do next.
#[derive(Debug)]
pub enum Step {
    /// Read the object at this key, with its version. Answer: [`Answer::Read`].
    Read(String),
    /// Write the object at `key` if it has this version, or if there is none. Answer: [`Answer::Swapped`]. A good moment to call
    /// [`Landing::encode_ahead`].
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
    /// Offsets begin anew: a record at a landed offset is newer than anything landed.
    #[error(
        "the record at offset {offset} of {topic}-{partition} has landed, but this one is newer than anything that has: the topic \
         was made anew; raise the parameter Generation to land it beside the old one"
    )]
    TopicMadeAnew {
        /// Kafka topic.
        topic: String,
        /// Kafka partition.
        partition: i32,
        /// The first such offset.
        offset: i64,
    },
    /// The ledger is not what was written.
    #[error(transparent)]
    UnreadableLedger(#[from] UnreadableLedger),
    /// Others swapped first, again and again.
    #[error("other writers changed the ledger of this partition {SWAPS_LOST_AT_MOST} times; try again")]
    Contended,
    /// The driver told something that was not asked.
    #[error("{0:?} is no answer to what was asked")]
    OutOfTurn(Answer),
}

/// What a process knows of one partition between events.
#[derive(Debug, Default)]
pub struct Known {
    /// The ledger, with its version where there is an object.
    ledger: Option<(Ledger, Option<Version>)>,
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
    /// Those of the skipped that may not be there: a hole at or above their offset was closed to keep the ledger small.
    pub uncertain: usize,
    /// Objects that it wrote into `bars` and `rejects`.
    pub objects: usize,
    /// What it sent to be written there, in bytes.
    pub bytes: usize,
    /// The newest Kafka timestamp of what it landed: milliseconds since 1970 UTC.
    pub newest_timestamp_ms: Option<i64>,
    /// Holes in the ledger now.
    pub holes: usize,
    /// Holes that were closed to keep the ledger small.
    pub holes_closed: u64,
}

/// The landing of one batch.
pub struct Landing<'r, 'a> {
    batch: &'r Batch<'a>,
    keys: Keys<'r>,
    time: LandingTime,
    known: Known,
    /// Runs of this batch that are pending, or about to be.
    prepared: Vec<Prepared<'r>>,
    state: State<'r>,
    swaps_lost: u32,
    /// Counted before this landing adds to what has landed.
    uncertain: Option<usize>,
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

impl<'r, 'a> Landing<'r, 'a> {
    /// The landing of this batch by a process that knows so much of its partition (at first [`Known::default`]).
    pub fn new(batch: &'r Batch<'a>, generation: Generation, time: LandingTime, known: Known) -> Self {
        Self {
            batch,
            keys: Keys { topic: batch.topic, partition: batch.partition, generation },
            time,
            known,
            prepared: Vec::new(),
            state: State::Settle,
            swaps_lost: 0,
            uncertain: None,
            outcome: Outcome::default(),
        }
    }

    /// What to do next.
    pub fn step(&mut self) -> Result<Step, LandingError> {
        if matches!(self.state, State::Settle) {
            self.state = self.settle()?;
        }
        Ok(match &mut self.state {
            State::Load => Step::Read(self.keys.ledger()),
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
                expected: self.known.ledger.as_ref().and_then(|(_, version)| version.clone()),
            },
            State::Settle | State::Done => Step::Done,
        })
    }

    /// Encodes the bars of the runs that are being swapped in, which otherwise happens when they are to be written.
    pub fn encode_ahead(&mut self) {
        for prepared in &mut self.prepared {
            prepared.bars.encode();
        }
    }

    /// Hears how the step went.
    pub fn told(&mut self, answer: Answer) -> Result<(), LandingError> {
        // Should this fail, it is from the start again.
        self.state = match (mem::replace(&mut self.state, State::Load), answer) {
            (State::Load, Answer::Read(object)) => {
                self.known.ledger = Some(match object {
                    Some((bytes, version)) => (Ledger::parse(&bytes)?, Some(version)),
                    None => (Ledger::default(), None),
                });
                State::Settle
            }
            (State::Find(run), Answer::Found(None)) => match self.prepare_again(&run) {
                Some(prepared) => prepared.write(),
                None => State::Fence(run),
            },
            (State::Find(run), Answer::Found(Some(Kind::Fence))) | (State::Fence(run), Answer::Created(true)) => {
                // Also where an old fence is found: whoever put it may have died before this.
                if run.rejects.is_some() { State::BlankRejects(run) } else { self.settled(run, Settled::Void) }
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
            (State::Swap(_), Answer::Swapped(None)) => {
                self.swaps_lost += 1;
                if self.swaps_lost == SWAPS_LOST_AT_MOST {
                    return Err(LandingError::Contended);
                }
                State::Load
            }
            (_, answer) => return Err(LandingError::OutOfTurn(answer)),
        };
        Ok(())
    }

    /// What it came to, and what this process knows now, after [`Step::Done`].
    pub fn finish(mut self) -> (Outcome, Known) {
        self.outcome.skipped = self.batch.records.len() - self.outcome.landed - self.outcome.rejected;
        self.outcome.uncertain = self.uncertain.unwrap_or_default();
        (self.outcome, self.known)
    }

    /// The first pending run that is not settled; if all are, the swap of what is left to land.
    fn settle(&mut self) -> Result<State<'r>, LandingError> {
        let Some((ledger, _)) = &self.known.ledger else { return Ok(State::Load) };
        if let Some(run) = ledger.pending.iter().find(|run| !self.known.settled.contains_key(&run.bars)) {
            let mine = self.prepared.iter().position(|prepared| prepared.run == *run);
            return Ok(match mine {
                Some(index) => self.prepared.remove(index).write(),
                None => State::Find(run.clone()),
            });
        }
        let mut next = ledger.clone();
        for run in mem::take(&mut next.pending) {
            if self.known.settled.get(&run.bars) == Some(&Settled::Landed) {
                next.land(&run);
            }
        }
        self.outcome.holes = next.landed.holes();
        self.check_topic(&next)?;
        let records = &self.batch.records;
        self.uncertain.get_or_insert_with(|| records.iter().filter(|record| next.is_uncertain(record.offset)).count());
        Ok(self.intend(next))
    }

    /// Never skip silently what only looks landed.
    fn check_topic(&self, ledger: &Ledger) -> Result<(), LandingError> {
        let newer = |record: &&Record<'_>| {
            record.trusted_timestamp_ms() > ledger.newest_timestamp_ms && ledger.landed.contains(record.offset)
        };
        match self.batch.records.iter().find(newer) {
            None => Ok(()),
            Some(record) => Err(LandingError::TopicMadeAnew {
                topic: self.batch.topic.to_owned(),
                partition: self.batch.partition,
                offset: record.offset,
            }),
        }
    }

    /// One run per hole of what has not landed, swapped in as pending.
    fn intend(&mut self, mut ledger: Ledger) -> State<'r> {
        let batch = self.batch;
        let landed = &ledger.landed;
        let place = |record: &Record<'_>| (landed.contains(record.offset), landed.below(record.offset));
        let runs: Vec<_> = batch
            .records
            .chunk_by(|left, right| place(left) == place(right))
            .filter(|records| records.first().is_some_and(|record| !landed.contains(record.offset)))
            .filter_map(|records| Run::new(batch.topic, batch.partition, records))
            .collect();
        if runs.is_empty() {
            return State::Done;
        }
        ledger.sequence += 1;
        self.prepared = runs.into_iter().map(|run| self.prepare(run, ledger.sequence)).collect();
        ledger.pending = self.prepared.iter().map(|prepared| prepared.run.clone()).collect();
        ledger.close_holes(MAX_HOLES);
        State::Swap(ledger)
    }

    fn prepare(&self, run: Run<'r, 'a>, sequence: u64) -> Prepared<'r> {
        let (first, last) = (run.first(), run.last());
        let mut decoded = run.decode(self.time);
        let rejects = mem::take(&mut decoded.rejects);
        let rejects_key = || self.keys.rejects(first, last, sequence, self.time);
        let run = Pending {
            first,
            last,
            records: decoded.landed + decoded.rejected,
            rejected: decoded.rejected,
            newest_timestamp_ms: decoded.newest_timestamp_ms,
            bars: self.keys.bars(first, last, sequence, self.time),
            rejects: (decoded.rejected > 0).then(rejects_key),
        };
        Prepared { run, rejects, bars: Bars::Decoded(Box::new(decoded)) }
    }

    /// The pending run made of these records, if it is the same: then it may be finished for whoever began it.
    fn prepare_again(&self, pending: &Pending) -> Option<Prepared<'r>> {
        let records = &self.batch.records;
        let start = records.partition_point(|record| record.offset < pending.first);
        let end = records.partition_point(|record| record.offset <= pending.last);
        let run = Run::new(self.batch.topic, self.batch.partition, &records[start..end])?;
        let mut prepared = self.prepare(run, 0);
        // The keys, with their folder and sequence, are those of the intent.
        prepared.run.bars.clone_from(&pending.bars);
        if prepared.run.rejects.is_some() {
            prepared.run.rejects.clone_from(&pending.rejects);
        }
        (prepared.run == *pending).then_some(prepared)
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
        self.known.ledger = Some((ledger, Some(version)));
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
