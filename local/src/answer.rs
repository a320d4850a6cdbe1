//! What the ingest function says became of an event.

use std::ops::AddAssign;

use serde::Deserialize;

/// The records of an event, or of several.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Answer {
    /// Records in the event.
    pub(crate) records: u64,
    /// Records that are bars.
    #[serde(default)]
    pub(crate) landed: u64,
    /// Records that are kept as rejects.
    #[serde(default)]
    pub(crate) rejected: u64,
    /// Records that had landed before.
    #[serde(default)]
    pub(crate) skipped: u64,
    /// Records of which it does not know whether they had landed before.
    #[serde(default)]
    pub(crate) uncertain: u64,
    /// Those of them that are kept as rejects.
    #[serde(default)]
    pub(crate) undecided: u64,
}

impl Answer {
    /// None if it is no answer of this function's.
    pub(crate) fn read(body: &str) -> Option<Self> {
        serde_json::from_str(body).ok()
    }
}

impl AddAssign for Answer {
    fn add_assign(&mut self, other: Self) {
        self.records += other.records;
        self.landed += other.landed;
        self.rejected += other.rejected;
        self.skipped += other.skipped;
        self.uncertain += other.uncertain;
        self.undecided += other.undecided;
    }
}
