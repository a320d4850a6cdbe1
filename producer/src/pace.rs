//! The pace of `--rate`: when the next record is due.

use std::time::{Duration, Instant};

/// After a stall (a full queue, a slow source) the records that it held up are not sent in one burst, beyond this much.
const CATCH_UP: Duration = Duration::from_millis(100);

/// Evenly spaced due times. It only reckons: the caller brings the clock and does the waiting.
pub(crate) struct Pace {
    interval: Duration,
    next: Instant,
}

impl Pace {
    /// `rate` records a second from `start` on; 0 is no limit.
    pub(crate) fn new(rate: f64, start: Instant) -> Pace {
        let interval = if rate > 0.0 { Duration::from_secs_f64(rate.recip()) } else { Duration::ZERO };
        Pace { interval, next: start }
    }

    /// When the next record may be sent; `None` when no time is too early.
    pub(crate) fn due(&self) -> Option<Instant> {
        (!self.interval.is_zero()).then_some(self.next)
    }

    /// A record has been sent at `now`.
    pub(crate) fn sent(&mut self, now: Instant) {
        let earliest = now.checked_sub(CATCH_UP).unwrap_or(self.next);
        self.next = self.next.max(earliest) + self.interval;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a pace on a clock that moves only by waiting; returns when each record was sent, in ms from the start.
    fn run(rate: f64, records: usize, stall_before: Option<(usize, Duration)>) -> Vec<u128> {
        let start = Instant::now() + Duration::from_secs(10);
        let mut pace = Pace::new(rate, start);
        let mut now = start;
        (0..records)
            .map(|record| {
                if let Some((_, stall)) = stall_before.filter(|(stalled, _)| *stalled == record) {
                    now += stall;
                }
                now = pace.due().map_or(now, |due| now.max(due));
                pace.sent(now);
                (now - start).as_millis()
            })
            .collect()
    }

    #[test]
    fn records_are_evenly_spaced() {
        assert_eq!(run(4.0, 5, None), [0, 250, 500, 750, 1000]);
    }

    #[test]
    fn a_rate_below_one_waits_for_seconds() {
        assert_eq!(run(0.5, 3, None), [0, 2000, 4000]);
    }

    #[test]
    fn no_rate_is_no_waiting() {
        assert_eq!(run(0.0, 3, None), [0, 0, 0]);
    }

    #[test]
    fn a_small_delay_is_caught_up() {
        assert_eq!(run(20.0, 4, Some((1, Duration::from_millis(90)))), [0, 90, 100, 150]);
    }

    #[test]
    fn a_stall_is_not_followed_by_a_burst() {
        let sent = run(100.0, 100, Some((50, Duration::from_mins(1))));
        let burst = sent.iter().filter(|at| (60_000..=60_490).contains(*at)).count();
        assert!(burst <= 11, "{burst} records at once after the stall");
        assert!(sent[99] >= 60_490 + 390);
    }
}
