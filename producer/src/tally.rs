//! The sums of a run.

use std::fmt;
use std::time::Duration;

/// Counts of records. After the end, `read = skipped + sent` and `sent = acknowledged + failed`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tally {
    pub(crate) read: u64,
    pub(crate) skipped: u64,
    pub(crate) sent: u64,
    pub(crate) acknowledged: u64,
    pub(crate) failed: u64,
    pub(crate) elapsed: Duration,
}

impl Tally {
    /// Records that were sent and not heard of since.
    pub(crate) fn on_the_way(&self) -> u64 {
        self.sent.saturating_sub(self.acknowledged + self.failed)
    }

    /// Acknowledged records a second.
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    pub(crate) fn rate(&self) -> f64 {
        if self.elapsed.is_zero() { 0.0 } else { self.acknowledged as f64 / self.elapsed.as_secs_f64() }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { read, skipped, sent, acknowledged, failed, elapsed } = self;
        write!(
            f,
            "read {read}, skipped {skipped}, sent {sent}, acknowledged {acknowledged}, failed {failed}, \
             {:.1} s, {:.0} records/s",
            elapsed.as_secs_f64(),
            self.rate(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_line_has_every_sum_in_its_order() {
        let elapsed = Duration::from_millis(1900);
        let tally = Tally { read: 50_570, skipped: 2, sent: 50_568, acknowledged: 50_567, failed: 1, elapsed };
        assert_eq!(
            tally.to_string(),
            "read 50570, skipped 2, sent 50568, acknowledged 50567, failed 1, 1.9 s, 26614 records/s"
        );
        assert_eq!(
            Tally::default().to_string(),
            "read 0, skipped 0, sent 0, acknowledged 0, failed 0, 0.0 s, 0 records/s"
        );
    }
}
