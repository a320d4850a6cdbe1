//! `--dry-run`: the source is read as a run would read it, and nothing is sent.

use std::fmt;

use anyhow::Result;

use crate::progress::Progress;
use crate::run::{Limits, skip};
use crate::source::{NoRecord, Rows};
use crate::tally::Tally;

/// What a run would have done.
pub(crate) struct Rehearsal {
    tally: Tally,
}

/// Reads until the end of the source, or until `limits` end it.
pub(crate) fn rehearse(rows: Rows, limits: &Limits, progress: &Progress) -> Result<Rehearsal> {
    let mut tally = Tally::default();
    for row in rows {
        match row {
            Ok(_) => {
                tally.read += 1;
                tally.sent += 1;
            }
            Err(NoRecord::Skipped { line, reason }) => skip(&mut tally, limits, progress, line, &reason)?,
            Err(NoRecord::Broken(error)) => return Err(error.context("the source failed")),
        }
        if limits.count == Some(tally.sent) {
            break;
        }
    }
    Ok(Rehearsal { tally })
}

impl Rehearsal {
    /// Whether a run would send anything.
    pub(crate) fn has_any(&self) -> bool {
        self.tally.sent > 0
    }
}

impl fmt::Display for Rehearsal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { read, skipped, sent, .. } = self.tally;
        write!(f, "read {read}, skipped {skipped}, would send {sent}")
    }
}
