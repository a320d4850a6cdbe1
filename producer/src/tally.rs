//! The sums of a run.

use std::fmt;
use std::time::Duration;

/// Counts of records. After the end, `read = skipped + present + sent` and `sent = acknowledged + failed`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tally {
    pub(crate) read: u64,
    pub(crate) skipped: u64,
    /// On the topic before the run.
    pub(crate) present: u64,
    pub(crate) sent: u64,
    pub(crate) acknowledged: u64,
    pub(crate) failed: u64,
    pub(crate) elapsed: Duration,
}

/// Less was sent than a success takes, for reasons that lie in the source.
#[derive(Debug)]
pub(crate) struct Shortfall(String);

impl Tally {
    /// Records that were sent and not heard of since.
    pub(crate) fn on_the_way(&self) -> u64 {
        self.sent.saturating_sub(self.acknowledged + self.failed)
    }

    /// Why a run that came to the end of its source is no success, though nothing went wrong on the way.
    pub(crate) fn shortfall(&self) -> Option<Shortfall> {
        match (self.sent + self.present, self.skipped) {
            (0, 0) => Some("nothing to send: there was no row".to_owned()),
            (0, skipped) => Some(format!("nothing to send: all rows were skipped ({skipped})")),
            (sent, skipped) if skipped > sent => Some(format!("more rows were skipped ({skipped}) than sent ({sent})")),
            _ => None,
        }
        .map(Shortfall)
    }

    /// Acknowledged records a second.
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    pub(crate) fn rate(&self) -> f64 {
        if self.elapsed.is_zero() { 0.0 } else { self.acknowledged as f64 / self.elapsed.as_secs_f64() }
    }
}

impl Shortfall {
    /// With more to say at its end.
    pub(crate) fn with(self, more: &str) -> Shortfall {
        Shortfall(self.0 + more)
    }
}

impl fmt::Display for Shortfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Shortfall {}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { read, skipped, present, sent, acknowledged, failed, elapsed } = self;
        write!(f, "read {read}, skipped {skipped}, ")?;
        if *present > 0 {
            write!(f, "on the topic before {present}, ")?;
        }
        write!(
            f,
            "sent {sent}, acknowledged {acknowledged}, failed {failed}, \
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
    fn a_run_falls_short_that_sends_nothing_or_less_than_it_skips() {
        let of = |sent, skipped| Tally { skipped, sent, ..Tally::default() }.shortfall().map(|shortfall| shortfall.0);
        assert_eq!(of(5, 5), None);
        assert_eq!(of(4, 5).as_deref(), Some("more rows were skipped (5) than sent (4)"));
        assert_eq!(of(0, 5).as_deref(), Some("nothing to send: all rows were skipped (5)"));
        assert_eq!(of(0, 0).as_deref(), Some("nothing to send: there was no row"));
    }

    #[test]
    fn the_end_line_has_every_sum_in_its_order() {
        let elapsed = Duration::from_millis(1900);
        let tally =
            Tally { read: 50_570, skipped: 2, present: 0, sent: 50_568, acknowledged: 50_567, failed: 1, elapsed };
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
