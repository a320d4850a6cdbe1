//! The ledger: per partition, the set of landed offset ranges plus the runs about to land.
//!
//! It is a write-ahead log of one object, changed only by compare-and-swap. How it is used is told in [`crate::landing`].

mod ranges;

use serde::{Deserialize, Serialize};

pub use ranges::Ranges;

/// Holes that a ledger keeps. Each costs some 20 bytes in every swap; more than this many are given-up events of weeks, or the
/// markers that a transactional producer leaves between its records.
pub const MAX_HOLES: usize = 1000;

/// What has landed of one partition, and what is about to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// Counts the swaps; part of every object key, so that no two intents ever share one.
    pub sequence: u64,
    /// The offsets that have landed.
    pub landed: Ranges,
    /// The newest Kafka timestamp of all that has landed: milliseconds since 1970 UTC.
    pub newest_timestamp_ms: Option<i64>,
    /// Holes that were given up to keep the ledger small.
    pub holes_closed: u64,
    /// The last offset of those holes. Up to it, being in `landed` does not prove that a record has landed.
    pub closed_through: Option<i64>,
    /// The runs about to land, or landed since: only their objects can tell.
    pub pending: Vec<Pending>,
}

/// The intent to land one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    /// Offset of the first record.
    pub first: i64,
    /// Offset of the last record.
    pub last: i64,
    /// Records in between, both ends included.
    pub records: usize,
    /// Those of them that are rejects.
    pub rejected: usize,
    /// The newest Kafka timestamp of the run.
    pub newest_timestamp_ms: Option<i64>,
    /// Key of the bars object, which is the commit: the run has landed when it is there.
    pub bars: String,
    /// Key of the rejects object, if a record was rejected.
    pub rejects: Option<String>,
}

/// A ledger that cannot be read: nothing lands on top of it, since what has landed is not known.
#[derive(Debug, thiserror::Error)]
#[error("the ledger cannot be read: {0}; restore the object, or start over by raising the parameter Generation")]
pub struct UnreadableLedger(#[source] serde_json::Error);

impl Ledger {
    /// Reads a ledger from its JSON.
    pub fn parse(bytes: &[u8]) -> Result<Self, UnreadableLedger> {
        serde_json::from_slice(bytes).map_err(UnreadableLedger)
    }

    /// Its JSON.
    pub fn to_bytes(&self) -> Vec<u8> {
        #[expect(clippy::expect_used, reason = "integers and strings always serialize")]
        serde_json::to_vec(self).expect("a ledger serializes")
    }

    /// Takes a run into what has landed.
    pub(crate) fn land(&mut self, run: &Pending) {
        self.landed.insert(run.first, run.last);
        self.newest_timestamp_ms = self.newest_timestamp_ms.max(run.newest_timestamp_ms);
    }

    /// Whether this offset counts as landed, and may be of a hole that was closed.
    pub(crate) fn is_uncertain(&self, offset: i64) -> bool {
        Some(offset) <= self.closed_through && self.landed.contains(offset)
    }

    /// Closes the oldest holes until at most `most` are left, those excepted into which a pending run is about to land: if
    /// that run is fenced, its records must still find their place. Returns how many were closed.
    pub(crate) fn close_holes(&mut self, most: usize) -> u64 {
        let mut closed = 0;
        while self.landed.holes() > most {
            let awaited = |first, last| self.pending.iter().any(|run| run.first <= last && first <= run.last);
            let Some((first, last)) = self.landed.iter_holes().find(|(first, last)| !awaited(*first, *last)) else {
                break;
            };
            self.landed.insert(first, last);
            self.closed_through = self.closed_through.max(Some(last));
            closed += 1;
        }
        self.holes_closed += closed;
        closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(first: i64, last: i64) -> Pending {
        Pending {
            first,
            last,
            records: 1,
            rejected: 0,
            newest_timestamp_ms: Some(7),
            bars: "bars/k.parquet".into(),
            rejects: None,
        }
    }

    #[test]
    fn a_ledger_is_the_json_that_the_design_shows() {
        let mut ledger = Ledger { sequence: 17, pending: vec![pending(312, 411)], ..Ledger::default() };
        ledger.landed.insert(0, 199);
        ledger.landed.insert(260, 311);
        let json = String::from_utf8(ledger.to_bytes()).unwrap();
        insta::assert_snapshot!(json);
        assert_eq!(Ledger::parse(json.as_bytes()).unwrap(), ledger);
    }

    #[test]
    fn what_is_no_ledger_is_an_error_that_says_what_to_do() {
        for text in [
            "",
            "{}",
            r#"{"sequence":-1}"#,
            r#"{"sequence":1,"landed":[[5,3]],"newest_timestamp_ms":null,"holes_closed":0,"closed_through":null,"pending":[]}"#,
        ] {
            let error = Ledger::parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("Generation"), "{error}");
        }
    }

    #[test]
    fn the_oldest_holes_are_closed_but_never_one_that_a_run_is_about_to_fill() {
        let mut ledger = Ledger { pending: vec![pending(12, 13)], ..Ledger::default() };
        for first in [0, 10, 20, 30, 40] {
            ledger.landed.insert(first, first);
        }
        assert_eq!(ledger.close_holes(4), 0);
        assert_eq!(ledger.close_holes(2), 2);
        // 11 to 19 is awaited, so 21 to 29 went after 1 to 9.
        assert_eq!(serde_json::to_string(&ledger.landed).unwrap(), "[[0,10],[20,30],[40,40]]");
        assert_eq!(ledger.close_holes(0), 1);
        assert_eq!(serde_json::to_string(&ledger.landed).unwrap(), "[[0,10],[20,40]]");
        assert_eq!((ledger.holes_closed, ledger.closed_through), (3, Some(39)));
    }
}
