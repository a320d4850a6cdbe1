//! What one event came to.

use serde::Serialize;
use shared::key::LandingTime;
use shared::landing::Outcome;

/// What one event came to: the function's result, its log line and its metrics.
#[derive(Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Records in the event: landed, rejected and skipped; those of parts that failed are not in it.
    pub records: usize,
    /// Records whose rows this event brought into the lake.
    pub landed: usize,
    /// Records kept with the reason why they are no bars.
    pub rejected: usize,
    /// Records that were there before, landed or rejected.
    pub skipped: usize,
    /// Records of which nothing proves whether they were there before: skipped, or kept as rejects.
    pub uncertain: usize,
    /// Those of them that are kept as rejects.
    pub undecided: usize,
    /// Objects of bars and rejects written.
    pub objects: usize,
    /// Their size in bytes.
    pub bytes: usize,
    /// Milliseconds from the newest record's Kafka timestamp to its landing, for the partition that is furthest behind.
    pub lag_ms: Option<i64>,
    /// Holes in the ledgers of the event's partitions.
    pub holes: usize,
    /// Holes that were closed to keep those ledgers small.
    pub holes_closed: u64,
    /// Parts of the event that did not land.
    #[serde(skip)]
    pub failed: usize,
}

impl Summary {
    pub(crate) fn add(&mut self, part: &Outcome, time: LandingTime) {
        self.records += part.landed + part.rejected + part.skipped;
        self.landed += part.landed;
        self.rejected += part.rejected;
        self.skipped += part.skipped;
        self.uncertain += part.uncertain;
        self.undecided += part.undecided;
        self.objects += part.objects;
        self.bytes += part.bytes;
        self.holes += part.holes;
        self.holes_closed += part.holes_closed;
        let lag_ms = part.newest_timestamp_ms.map(|newest| (time.0 - newest).max(0));
        self.lag_ms = self.lag_ms.max(lag_ms);
    }
}
