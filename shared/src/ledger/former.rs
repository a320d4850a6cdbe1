//! The ledger as it was before there were lives: one per generation of the topic.

use serde::Deserialize;

use super::{Ledger, Life, Pending, Ranges};
use crate::key::Hour;

/// One life, without fingerprints.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Former {
    sequence: u64,
    landed: Ranges,
    newest_timestamp_ms: Option<i64>,
    holes_closed: u64,
    closed_through: Option<i64>,
    pending: Vec<Pending>,
}

pub(super) fn parse(bytes: &[u8]) -> Option<Former> {
    serde_json::from_slice(bytes).ok()
}

impl Former {
    pub(super) fn into_ledger(self) -> Ledger {
        let Self { sequence, landed, newest_timestamp_ms, holes_closed, closed_through, mut pending } = self;
        for run in &mut pending {
            run.intended_ms = end_of_hour(&run.bars);
        }
        let life = Life { life: 1, landed, newest_timestamp_ms, closed_through, ..Life::default() };
        Ledger { sequence, lives: vec![life], holes_closed, pending, ..Ledger::default() }
    }
}

/// The end of the hour in whose folder a run lands.
fn end_of_hour(bars: &str) -> Option<i64> {
    Hour::of_key(bars).map(|hour| hour.start().0 + 3_599_000)
}
