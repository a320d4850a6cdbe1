//! `--dry-run`: the source is read as a run would read it, and nothing is sent.

use std::fmt;

use anyhow::Result;

use crate::progress::Progress;
use crate::sending::Limits;
use crate::skipped::Skipped;
use crate::source::Rows;
use crate::tally::{Shortfall, Tally};

/// What a run would have done.
pub(crate) struct Rehearsal {
    tally: Tally,
    is_whole: bool,
}

/// Reads until the end of the source, or until `limits` end it.
pub(crate) fn rehearse(rows: Rows, limits: &Limits, skipped: &mut Skipped, progress: &Progress) -> Result<Rehearsal> {
    let mut tally = Tally::default();
    for row in rows {
        match row {
            Ok(_) => {
                tally.read += 1;
                tally.sent += 1;
            }
            Err(no_record) => skipped.take(no_record, &mut tally, progress)?,
        }
        if limits.count == Some(tally.sent) {
            return Ok(Rehearsal { tally, is_whole: false });
        }
    }
    Ok(Rehearsal { tally, is_whole: true })
}

impl Rehearsal {
    /// Why a run would be no success.
    pub(crate) fn shortfall(&self) -> Option<Shortfall> {
        self.tally.shortfall().filter(|_| self.is_whole)
    }
}

impl fmt::Display for Rehearsal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { read, skipped, sent, .. } = self.tally;
        write!(f, "read {read}, skipped {skipped}, would send {sent}")
    }
}
