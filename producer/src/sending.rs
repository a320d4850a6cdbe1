//! The thread that reads rows and hands them over. Reading may block, and a signal must not wait for it.
//!
//! A record is made and given to librdkafka by one thread: passing it to another one would cost as much as either.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio::sync::oneshot::{self, Receiver};

use crate::pace::Pace;
use crate::progress::Progress;
use crate::publish::{Handed, Publisher};
use crate::resume::Lease;
use crate::skipped::Skipped;
use crate::source::{Record, Rows};
use crate::tally::Tally;

/// Wait before a record is offered again to a full queue.
const QUEUE_FULL_PAUSE: Duration = Duration::from_millis(2);
/// Records between two looks at what librdkafka reports.
const BETWEEN_REPORTS: u64 = 256;

/// When to end, and how fast to go there.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// Records a second; 0 is no limit.
    pub(crate) rate: f64,
    pub(crate) count: Option<u64>,
}

/// Why sending has ended by itself.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum End {
    Source,
    Count,
}

/// What the thread needs beside the rows.
pub(crate) struct Sender {
    pub(crate) limits: Limits,
    pub(crate) skipped: Skipped,
    pub(crate) progress: Progress,
    /// How long this process may send. With one, nothing is sent behind a record that does not arrive.
    pub(crate) lease: Option<Lease>,
}

/// The thread, as seen from outside.
pub(crate) struct Sending {
    state: Arc<State>,
    ended: Receiver<Result<End>>,
}

struct State(Mutex<Shared>);

struct Shared {
    tally: Tally,
    /// Until it is to stop.
    publisher: Option<Arc<Publisher>>,
}

impl Sending {
    /// Begins to read and to send. The thread is left behind in its read when the program ends.
    pub(crate) fn begin(rows: Rows, mut sender: Sender, publisher: Arc<Publisher>) -> Sending {
        let shared = Shared { tally: Tally::default(), publisher: Some(publisher) };
        let state = Arc::new(State(Mutex::new(shared)));
        let (end, ended) = oneshot::channel();
        let of_thread = state.clone();
        thread::spawn(move || {
            if let Some(result) = sender.send_all(rows, &of_thread).transpose() {
                // Nobody may listen any more: then nobody wants to know.
                let _ = end.send(result);
            }
        });
        Sending { state, ended }
    }

    /// How sending has ended. Loses nothing when cancelled.
    pub(crate) async fn ended(&mut self) -> Result<End> {
        match (&mut self.ended).await {
            Ok(result) => result,
            Err(_) => bail!("reading the source has ended before its end: a defect of this program"),
        }
    }

    /// Once this has returned, nothing is handed over any more, and the thread has the publisher no more.
    pub(crate) fn stop(&self) {
        self.state.shared().publisher = None;
    }

    /// What has been read, skipped and sent until now.
    pub(crate) fn tally(&self) -> Tally {
        self.state.shared().tally.clone()
    }
}

impl State {
    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sender {
    /// `None` if it was stopped.
    fn send_all(&mut self, mut rows: Rows, state: &State) -> Result<Option<End>> {
        let mut pace = Pace::new(self.limits.rate, Instant::now());
        while !self.is_enough(&state.shared().tally) {
            match rows.next() {
                None => return Ok(Some(End::Source)),
                Some(Ok(record)) => {
                    if let Some(due) = pace.due() {
                        thread::sleep(due.saturating_duration_since(Instant::now()));
                    }
                    if !self.send(&record, state)? {
                        return Ok(None);
                    }
                    if pace.due().is_some() {
                        pace.sent(Instant::now());
                    }
                }
                Some(Err(no_record)) => {
                    let mut shared = state.shared();
                    if shared.publisher.is_none() {
                        return Ok(None);
                    }
                    self.skipped.take(no_record, &mut shared.tally, &self.progress)?;
                }
            }
        }
        Ok(Some(End::Count))
    }

    /// Whether it was wanted still.
    fn send(&self, record: &Record, state: &State) -> Result<bool> {
        loop {
            let mut shared = state.shared();
            let Some(publisher) = &shared.publisher else { return Ok(false) };
            // Whoever looks after this run ends it, and says why. Nothing more may leave until then.
            let is_over = self.lease.as_ref().is_some_and(Lease::is_over);
            if is_over {
                publisher.drop_queue();
            }
            let handed = if is_over { Handed::Back } else { publisher.hand_over(record)? };
            let is_back = matches!(handed, Handed::Back);
            if is_back || shared.tally.sent.is_multiple_of(BETWEEN_REPORTS) {
                publisher.take_reports(Duration::ZERO);
            }
            if !is_back {
                shared.tally.read += 1;
                shared.tally.sent += 1;
                if self.lease.is_some() && matches!(handed, Handed::TooLarge) {
                    // What is before it is on its way, and nothing behind it.
                    bail!("with --resume nothing is sent behind a record that is too large");
                }
                return Ok(true);
            }
            drop(shared);
            thread::sleep(QUEUE_FULL_PAUSE);
        }
    }

    fn is_enough(&self, tally: &Tally) -> bool {
        self.limits.count == Some(tally.sent + tally.present)
    }
}

#[cfg(test)]
mod tests {
    use std::iter;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc;

    use rdkafka::ClientConfig;
    use rdkafka::mocking::MockCluster;
    use rdkafka::producer::DefaultProducerContext;

    use super::*;
    use crate::source::{NoRecord, Place};
    use crate::topic::Topic;

    const LIMIT: Duration = Duration::from_mins(1);

    fn record(line: u64, size: usize) -> Record {
        Record::new("ACME".to_owned(), vec![b'x'; size], Place::new(None, line))
    }

    fn sender(limits: Limits, is_ordered: bool) -> Sender {
        let lease = is_ordered.then(|| Lease::begin(Arc::default(), Duration::MAX));
        Sender { limits, skipped: Skipped::default(), progress: Progress::new(None), lease }
    }

    fn publisher(cluster: &MockCluster<'_, DefaultProducerContext>, property: (&str, &str)) -> Arc<Publisher> {
        let mut kafka = ClientConfig::new();
        kafka.set("bootstrap.servers", cluster.bootstrap_servers()).set(property.0, property.1);
        let topic = Topic { name: "bars".to_owned(), create: false, partitions: 1, replication_factor: None };
        Arc::new(Publisher::connect(&kafka, &topic, LIMIT).unwrap().0)
    }

    fn cluster() -> MockCluster<'static, DefaultProducerContext> {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("bars", 1, 1).unwrap();
        cluster
    }

    fn ended(sending: &mut Sending) -> Result<End> {
        futures::executor::block_on(sending.ended())
    }

    /// Waits until the thread has come that far.
    fn wait(what: &str, is_so: impl Fn() -> bool) {
        let started = Instant::now();
        while !is_so() {
            assert!(started.elapsed() < LIMIT, "never {what}");
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn a_full_queue_is_waited_for_and_reports_make_room_in_it() {
        let cluster = cluster();
        let publisher = publisher(&cluster, ("queue.buffering.max.messages", "10"));
        let rows = Box::new((1..=1000).map(|line| Ok(record(line, 10))));
        let mut sending = Sending::begin(rows, sender(Limits { rate: 0.0, count: None }, false), publisher.clone());
        assert!(matches!(ended(&mut sending), Ok(End::Source)));
        wait("acknowledged", || {
            publisher.take_reports(Duration::from_millis(1));
            publisher.reports().acknowledged() == 1000
        });
        assert_eq!((sending.tally().read, sending.tally().sent), (1000, 1000));
    }

    #[test]
    fn nothing_is_sent_after_the_end_though_the_source_goes_on() {
        let cluster = cluster();
        let (feed, lines) = mpsc::channel();
        let rows = Box::new(
            lines
                .into_iter()
                .map(|line| if line == 3 { Err(NoRecord::Told("three".to_owned())) } else { Ok(record(line, 10)) }),
        );
        let publisher = publisher(&cluster, ("linger.ms", "0"));
        let sending = Sending::begin(rows, sender(Limits { rate: 0.0, count: None }, false), publisher.clone());
        for line in [1, 2] {
            feed.send(line).unwrap();
        }
        wait("sent", || sending.tally().sent == 2);
        sending.stop();
        assert_eq!(Arc::strong_count(&publisher), 1, "the thread has it still");
        feed.send(4).unwrap();
        // The thread ends with it, and so does what feeds it.
        wait("ended", || feed.send(5).is_err());
        assert_eq!(sending.tally().sent, 2);
    }

    #[test]
    fn a_count_ends_it_without_another_row() {
        let cluster = cluster();
        let rows =
            Box::new((1..=2).map(|line| Ok(record(line, 10))).chain(iter::from_fn(|| panic!("one row too many"))));
        let limits = Limits { rate: 0.0, count: Some(2) };
        let mut sending = Sending::begin(rows, sender(limits, false), publisher(&cluster, ("linger.ms", "0")));
        assert!(matches!(ended(&mut sending), Ok(End::Count)));
    }

    #[test]
    fn behind_a_record_that_is_too_large_others_are_sent_unless_their_order_counts() {
        let cluster = cluster();
        for (is_ordered, sent) in [(false, 3), (true, 2)] {
            let rows = Box::new([10, 5000, 10].into_iter().zip(1..).map(|(size, line)| Ok(record(line, size))));
            let sender = sender(Limits { rate: 0.0, count: None }, is_ordered);
            let mut sending = Sending::begin(rows, sender, publisher(&cluster, ("message.max.bytes", "2000")));
            assert_eq!(ended(&mut sending).is_err(), is_ordered);
            assert_eq!(sending.tally().sent, sent);
        }
    }

    #[test]
    fn nothing_more_leaves_once_another_may_send() {
        let cluster = cluster();
        let was_lost = Arc::new(AtomicBool::new(false));
        let publisher = publisher(&cluster, ("linger.ms", "200000"));
        let rows = {
            let was_lost = was_lost.clone();
            Box::new((1..=10).map(move |line| {
                was_lost.store(line > 5, Ordering::Release);
                Ok(record(line, 10))
            }))
        };
        let mut sender = sender(Limits { rate: 0.0, count: None }, true);
        sender.lease = Some(Lease::begin(was_lost, Duration::MAX));
        let sending = Sending::begin(rows, sender, publisher.clone());
        wait("dropped", || {
            publisher.take_reports(Duration::from_millis(1));
            publisher.reports().failed() == 5
        });
        sending.stop();
        assert_eq!((sending.tally().sent, publisher.reports().acknowledged()), (5, 0));
    }
}
