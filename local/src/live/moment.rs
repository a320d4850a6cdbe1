//! What there is to see of an event source at a time, and how fast it goes.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::{Counts, Progress};

/// What a rate is taken over.
const RATE_OVER: Duration = Duration::from_secs(5);
/// Seconds that are drawn.
const DRAWN: usize = 120;
/// Reasons of rejects that are shown.
const REASONS: usize = 5;

/// One moment, ready to be shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Moment {
    pub(crate) partitions: Vec<Partition>,
    pub(crate) counts: Counts,
    /// Records a second that the function acknowledges.
    pub(crate) rate: f64,
    /// Records acknowledged in each of the last seconds, the newest last.
    pub(crate) seconds: Vec<u64>,
    /// Why records were rejected, the newest last.
    pub(crate) reasons: Vec<String>,
}

/// One partition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Partition {
    pub(crate) number: i32,
    /// First offset that is there, and the one behind the last.
    pub(crate) offsets: (i64, i64),
    /// Next offset to deliver.
    pub(crate) next: i64,
    pub(crate) lag: i64,
    /// Records a second.
    pub(crate) rate: f64,
}

/// What was seen before.
#[derive(Debug, Default)]
pub(crate) struct History {
    seen: VecDeque<(Instant, u64, Vec<i64>)>,
    seconds: VecDeque<u64>,
    reasons: VecDeque<String>,
}

impl History {
    pub(crate) fn reject(&mut self, reason: String) {
        self.reasons.push_back(reason);
        if self.reasons.len() > REASONS {
            self.reasons.pop_front();
        }
    }

    /// Takes in what is seen each second.
    pub(crate) fn take(&mut self, progress: &Progress, now: Instant) -> Moment {
        let records = progress.counts.records;
        let nexts: Vec<i64> = progress.partitions.iter().map(|it| it.committed.unwrap_or(it.offsets.start)).collect();
        let before = self.seen.back().map_or(records, |(_, before, _)| *before);
        self.seconds.push_back(records.saturating_sub(before));
        if self.seconds.len() > DRAWN {
            self.seconds.pop_front();
        }
        while self.seen.front().is_some_and(|(at, _, _)| now - *at > RATE_OVER) {
            self.seen.pop_front();
        }
        self.seen.push_back((now, records, nexts.clone()));
        let first = self.seen.front();
        let elapsed = first.map_or(0.0, |(at, _, _)| (now - *at).as_secs_f64());
        let since = |before: i64, after: i64| {
            #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
            let records = (after - before).max(0) as f64;
            if elapsed > 0.0 { records / elapsed } else { 0.0 }
        };
        let count = |records: u64| i64::try_from(records).unwrap_or(i64::MAX);
        let partition = |(place, it): (usize, &crate::PartitionProgress)| {
            // A partition that was added has no past.
            let before = first.and_then(|(_, _, nexts)| nexts.get(place)).copied().unwrap_or(nexts[place]);
            Partition {
                number: it.offsets.partition,
                offsets: (it.offsets.start, it.offsets.end),
                next: nexts[place],
                lag: it.lag(),
                rate: since(before, nexts[place]),
            }
        };
        Moment {
            partitions: progress.partitions.iter().enumerate().map(partition).collect(),
            rate: first.map_or(0.0, |(_, before, _)| since(count(*before), count(records))),
            counts: progress.counts.clone(),
            seconds: self.seconds.iter().copied().collect(),
            reasons: self.reasons.iter().cloned().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PartitionOffsets, PartitionProgress};

    fn progress(records: u64, committed: &[i64]) -> Progress {
        let partition = |(number, committed): (usize, &i64)| PartitionProgress {
            offsets: PartitionOffsets { partition: i32::try_from(number).unwrap(), start: 0, end: 1000 },
            committed: Some(*committed),
        };
        let partitions = committed.iter().enumerate().map(partition).collect();
        Progress { partitions, counts: Counts { records, ..Counts::default() } }
    }

    #[test]
    fn rates_are_of_the_last_seconds_and_a_new_partition_has_none() {
        let (mut history, start) = (History::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        let first = history.take(&progress(0, &[0]), at(0));
        assert!(first.rate.abs() < f64::EPSILON);
        history.take(&progress(100, &[100]), at(1));
        let moment = history.take(&progress(400, &[300, 900]), at(2));
        assert!((moment.rate - 200.0).abs() < 1e-9, "{moment:?}");
        assert!(
            (moment.partitions[0].rate - 150.0).abs() < 1e-9 && moment.partitions[1].rate.abs() < 1e-9,
            "{moment:?}"
        );
        assert_eq!((moment.seconds.clone(), moment.partitions[0].lag), (vec![0, 100, 300], 700));
        // Long idle: what was then is over.
        let idle = history.take(&progress(400, &[300, 900]), at(20));
        assert!(idle.rate.abs() < f64::EPSILON);
    }

    #[test]
    fn no_more_is_kept_than_is_shown() {
        let mut history = History::default();
        for reason in 0..20 {
            history.reject(reason.to_string());
        }
        for _ in 0..200 {
            history.take(&progress(0, &[0]), Instant::now());
        }
        let moment = history.take(&progress(0, &[0]), Instant::now());
        assert_eq!(
            (moment.seconds.len(), moment.reasons),
            (DRAWN, ["15", "16", "17", "18", "19"].map(String::from).to_vec())
        );
    }
}
