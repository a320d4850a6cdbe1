//! Sealing: from then on nothing lands in the folders before an hour, whoever tries, and what was about to has landed or never will.
//!
//! What is read from sealed folders is read for good, so their rows may be merged into other files. Like landing it says what to do, and
//! does nothing. Of one ledger:
//!
//! 1. Swap in that the hour is sealed, and nothing else: whoever knew the ledger of before, swaps in vain from now on. A landing that
//!    reads it chooses later folders.
//! 2. Settle what was pending then with folders before the hour: its bars are there, or a fence takes their place.
//!
//! A ledger may be created meanwhile, by a process whose clock is slow. So the hour stands in an object of its own before the ledgers are
//! listed ([`Seal`]), and whoever creates a ledger reads that afterwards: one of the two sees the other.

use std::mem;

use serde::{Deserialize, Serialize};

use crate::key::{Hour, LandingTime};
use crate::landing::{ABSENCE_TELLS_FOR_MS, Answer, Kind, LandingError, Object, Protocol, Step, Version};
use crate::ledger::{Ledger, Pending};
use crate::run::empty_parquet;

/// Swaps that one sealing may lose. Writers swap with every event; so many in a row, each between a read and the next request, is no luck.
const SWAPS_LOST_AT_MOST: u32 = 100;

/// Up to which hour all ledgers are sealed, or are about to be. It only grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// Nothing lands in a folder before this hour.
    pub sealed: Hour,
}

impl Seal {
    /// Reads it from its JSON.
    pub fn parse(bytes: &[u8]) -> Result<Self, UnreadableSeal> {
        serde_json::from_slice(bytes).map_err(UnreadableSeal)
    }

    /// Its JSON.
    pub fn to_bytes(self) -> Vec<u8> {
        format!("{{\"sealed\":\"{}\"}}", self.sealed).into_bytes()
    }
}

/// A seal that cannot be read: nothing lands in a new ledger, since it might land where nobody looks any more.
#[derive(Debug, thiserror::Error)]
#[error(
    "catalog/seal.json cannot be read: {0}; restore a version of the object that can (RUNBOOK.md, Taking back what was deleted)"
)]
pub struct UnreadableSeal(#[source] serde_json::Error);

/// The sealing of one ledger.
#[derive(Debug)]
pub struct Sealing {
    key: String,
    hour: Hour,
    time: LandingTime,
    /// What is to be settled, once it is sealed.
    pending: Vec<Pending>,
    swaps_lost: u32,
    fenced: usize,
    state: State,
}

#[derive(Debug)]
enum State {
    Load,
    Seal(Ledger, Version),
    /// Nothing is asked: the next pending run, if there is one.
    Next,
    Find(Pending),
    Fence(Pending),
    BlankRejects(Pending),
}

impl Sealing {
    /// Seals the hours before `hour` in the ledger at this key. The time is now.
    pub fn new(key: String, hour: Hour, time: LandingTime) -> Self {
        Self { key, hour, time, pending: Vec::new(), swaps_lost: 0, fenced: 0, state: State::Load }
    }

    /// How many runs can never land now that were about to.
    pub fn fenced(&self) -> usize {
        self.fenced
    }

    fn settle(&mut self, ledger: Ledger) -> State {
        let before = |run: &Pending| Hour::of_key(&run.bars).is_none_or(|folder| folder < self.hour);
        self.pending = ledger.pending.into_iter().filter(before).collect();
        State::Next
    }

    /// Also where a fence was there: whoever put it may have died before this. As in landing: later, absence is no evidence that the bars
    /// were never there.
    fn blank(&self, run: Pending) -> State {
        let absence_tells = run.intended_ms.is_none_or(|then| self.time.0 - then < ABSENCE_TELLS_FOR_MS);
        if run.rejects.is_some() && absence_tells { State::BlankRejects(run) } else { State::Next }
    }
}

impl Protocol for Sealing {
    fn step(&mut self) -> Result<Step, LandingError> {
        if matches!(self.state, State::Next) {
            let Some(run) = self.pending.pop() else { return Ok(Step::Done) };
            self.state = State::Find(run);
        }
        Ok(match &self.state {
            State::Load => Step::Read(self.key.clone()),
            State::Seal(ledger, version) => {
                Step::Swap { key: self.key.clone(), body: ledger.to_bytes(), expected: Some(version.clone()) }
            }
            State::Find(run) => Step::Find(run.bars.clone()),
            State::Fence(run) => {
                Step::Create(Object { key: run.bars.clone(), body: empty_parquet(), kind: Kind::Fence })
            }
            State::BlankRejects(run) => {
                let key = run.rejects.clone().unwrap_or_default();
                Step::Overwrite(Object { key, body: Vec::new(), kind: Kind::Rejects })
            }
            State::Next => Step::Done,
        })
    }

    fn told(&mut self, answer: Answer) -> Result<(), LandingError> {
        self.state = match (mem::replace(&mut self.state, State::Load), answer) {
            (State::Load, Answer::Read(Some((bytes, version)))) => {
                let mut ledger = Ledger::parse(&bytes)?;
                if ledger.sealed >= Some(self.hour) {
                    self.settle(ledger)
                } else {
                    (ledger.sealed, ledger.fresh) = (Some(self.hour), false);
                    State::Seal(ledger, version)
                }
            }
            (State::Seal(ledger, _), Answer::Swapped(Some(_))) => self.settle(ledger),
            (State::Seal(..), Answer::Swapped(None)) => {
                self.swaps_lost += 1;
                if self.swaps_lost == SWAPS_LOST_AT_MOST {
                    return Err(LandingError::Contended(SWAPS_LOST_AT_MOST));
                }
                State::Load
            }
            (State::Find(run), Answer::Found(None)) => State::Fence(run),
            (State::Find(run), Answer::Found(Some(Kind::Fence))) => self.blank(run),
            (State::Fence(run), Answer::Created(true)) => {
                self.fenced += 1;
                self.blank(run)
            }
            (State::Fence(run), Answer::Created(false)) => State::Find(run),
            // The first: it was removed since it was listed.
            (State::Load, Answer::Read(None))
            | (State::Find(_), Answer::Found(Some(_)))
            | (State::BlankRejects(_), Answer::Written) => State::Next,
            (_, answer) => return Err(LandingError::OutOfTurn(answer)),
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests;
