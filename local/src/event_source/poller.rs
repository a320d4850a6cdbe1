//! From the topic into the function: gather an event, deliver it until it is acknowledged, commit, again.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use rdkafka::consumer::{CommitMode, Consumer as _, StreamConsumer};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout_at};

use super::assignment::Assignment;
use super::batch::Batch;
use super::given_up::{Condition, GivenUp};
use super::log::Log;
use super::mapping::{Mapping, StartingPosition};
use super::progress::Observer;
use super::reach::Reach;
use super::record::Record;
use crate::answer::Answer;

/// Between attempts to read from the broker, or to commit to it.
const BROKER_BACKOFF: Duration = Duration::from_millis(200);
const COMMIT_ATTEMPTS: u32 = 5;

/// Where events go: the deployed function, and the on-failure destination.
pub(crate) trait Target: Send + Sync + 'static {
    /// Delivers one event, and tells what became of its records, if the function says so; an error means that none of it may count as
    /// delivered.
    fn deliver(&self, event: Vec<u8>) -> impl Future<Output = Result<Option<Answer>>> + Send;

    /// Keeps an event that is given up, and says where; nowhere if there is no destination. An error means that its records must
    /// not be skipped yet.
    fn keep(&self, given_up: GivenUp<'_>) -> impl Future<Output = Result<Option<String>>> + Send;
}

/// One member of the consumer group, with one invocation under way at a time: that keeps each partition's order.
pub(crate) struct Poller<T> {
    mapping: Mapping,
    target: T,
    log: Log,
    observer: Arc<Observer>,
    consumer: Arc<StreamConsumer<Assignment>>,
    /// The record that did not fit into the event before.
    carried: Option<Record>,
    reach: Reach,
    seen_assignments: u64,
}

enum Read {
    Record(Record),
    /// There is nothing more on this partition.
    End(i32),
}

enum Gathered {
    Event(Batch),
    /// One record that no event can hold.
    Oversized(Batch),
}

enum Outcome {
    /// Acknowledged, or given up and kept.
    Settled,
    Stopped,
}

impl<T: Target> Poller<T> {
    pub(crate) fn new(mapping: Mapping, target: T, log: Log, observer: Arc<Observer>) -> Result<Self> {
        let consumer: StreamConsumer<Assignment> = mapping
            .client()
            .set("group.id", &mapping.consumer_group)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", if mapping.start == StartingPosition::Latest { "latest" } else { "earliest" })
            // Nothing is polled while an event is retried, which may take for ever; the heartbeats go on meanwhile.
            .set("max.poll.interval.ms", "86400000")
            // Said whenever a partition has been read to its end.
            .set("enable.partition.eof", "true")
            .set("session.timeout.ms", "10000")
            .set("heartbeat.interval.ms", "1000")
            // Partitions that are added later are found soon.
            .set("topic.metadata.refresh.interval.ms", "5000")
            .create_with_context(Assignment::logging_to(log.clone()))?;
        consumer.subscribe(&[&mapping.topic])?;
        log.line(format!("polling as {mapping:?}"));
        Ok(Self {
            mapping,
            target,
            log,
            observer,
            consumer: Arc::new(consumer),
            carried: None,
            reach: Reach::default(),
            seen_assignments: 0,
        })
    }

    /// Polls until `stopped` turns true.
    pub(crate) async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        loop {
            let gathered = tokio::select! {
                gathered = self.gather() => gathered,
                _ = stopped.wait_for(|stopped| *stopped) => break,
            };
            let (batch, outcome) = match gathered {
                Gathered::Event(batch) => {
                    let outcome = self.deliver(&batch, &mut stopped).await;
                    (batch, outcome)
                }
                Gathered::Oversized(batch) => {
                    let (event, condition) = (batch.to_json(), Condition::MaximumPayloadSizeExceeded);
                    let given_up = GivenUp { batch: &batch, event: &event, condition };
                    let outcome = self.give_up(given_up, "no event can hold it", &mut stopped).await;
                    (batch, outcome)
                }
            };
            match outcome {
                Outcome::Settled => {
                    let next =
                        batch.next_offsets().map(|(partition, next)| (partition, self.reach.beyond(partition, next)));
                    self.commit(next.collect()).await;
                }
                Outcome::Stopped => break,
            }
        }
        self.log.line("stopped");
    }

    /// Reads records until the event is full or its window, which opens with its first record, is over.
    async fn gather(&mut self) -> Gathered {
        let mut batch = self.empty_batch();
        let mut window_end = None;
        if let Some(record) = self.carried.take() {
            if let Err(record) = batch.offer(record) {
                return self.oversized(record);
            }
            window_end = Some(Instant::now() + self.mapping.window);
        }
        while !batch.is_full() {
            let received = match window_end {
                None => Some(self.consumer.recv().await),
                Some(end) => timeout_at(end, self.consumer.recv()).await.ok(),
            };
            let read = received.map(|received| match received {
                Err(KafkaError::PartitionEOF(partition)) => Ok(Read::End(partition)),
                received => Record::encode(&received?).map(Read::Record),
            });
            let changes = self.consumer.context().changes();
            if changes != self.seen_assignments {
                // What was gathered is not acknowledged: whoever has its partition now reads it again.
                self.seen_assignments = changes;
                self.reach.forget();
                batch = self.empty_batch();
                window_end = None;
            }
            let record = match read {
                Some(Ok(Read::Record(record))) => record,
                Some(Ok(Read::End(partition))) => {
                    self.ended(partition, &batch).await;
                    continue;
                }
                Some(Err(error)) => {
                    self.log.line(format!("cannot read from the topic: {error:#}"));
                    sleep(BROKER_BACKOFF).await;
                    continue;
                }
                None if batch.is_empty() => continue,
                None => break,
            };
            if let Err(record) = batch.offer(record) {
                if batch.is_empty() {
                    return self.oversized(record);
                }
                self.carried = Some(record);
                break;
            }
            window_end.get_or_insert_with(|| Instant::now() + self.mapping.window);
        }
        Gathered::Event(batch)
    }

    /// Where nothing of the partition waits to be delivered, its end is committed: what is before it and was not handed over never will be.
    async fn ended(&mut self, partition: i32, batch: &Batch) {
        let position = match self.consumer.position() {
            Ok(positions) => positions.find_partition(&self.mapping.topic, partition).map(|element| element.offset()),
            Err(error) => return self.log.line(format!("cannot see how far partition {partition} is: {error}")),
        };
        // No offset: nothing was there since the partition was assigned.
        let Some(Offset::Offset(position)) = position else { return };
        self.reach.ended(partition, position);
        let waits = batch.next_offsets().any(|(waiting, _)| waiting == partition);
        if let Some(end) = self.reach.settled(partition).filter(|_| !waits) {
            self.commit(vec![(partition, end)]).await;
        }
    }

    /// Invokes the function with the whole event until it succeeds or is given up, as Lambda does.
    async fn deliver(&self, batch: &Batch, stopped: &mut watch::Receiver<bool>) -> Outcome {
        let event = batch.to_json();
        let what = described(batch, event.len());
        let mut wait = self.mapping.backoff.first;
        let mut failures = 0;
        loop {
            let started = Instant::now();
            let error = match self.target.deliver(event.clone()).await {
                Ok(answer) => {
                    self.log.line(format!("acknowledged in {:.2} s: {what}", started.elapsed().as_secs_f64()));
                    self.observer.count(|counts| {
                        counts.events += 1;
                        counts.records += batch.records() as u64;
                        counts.bytes += event.len() as u64;
                        counts.add(answer.unwrap_or_default());
                    });
                    return Outcome::Settled;
                }
                Err(error) => format!("{error:#}"),
            };
            failures += 1;
            self.log.line(format!("failed ({failures}): {what}: {error}"));
            self.observer.count(|counts| counts.last_error = Some(error));
            if self.mapping.retries.is_some_and(|limit| failures > limit) {
                let condition = Condition::RetryAttemptsExhausted { invocations: failures };
                let given_up = GivenUp { batch, event: &event, condition };
                return self.give_up(given_up, &format!("failed {failures} times"), stopped).await;
            }
            tokio::select! {
                () = sleep(wait) => {}
                _ = stopped.wait_for(|stopped| *stopped) => return Outcome::Stopped,
            }
            self.observer.count(|counts| counts.retries += 1);
            wait = self.mapping.backoff.after(wait);
        }
    }

    /// Hands an event to the on-failure destination, and does not go on before it is there. Without a destination it is lost.
    async fn give_up(&self, given_up: GivenUp<'_>, why: &str, stopped: &mut watch::Receiver<bool>) -> Outcome {
        let what = described(given_up.batch, given_up.event.len());
        let mut wait = self.mapping.backoff.first;
        let fate = loop {
            match self.target.keep(given_up).await {
                Ok(Some(place)) => break format!("kept in {place}"),
                Ok(None) => break "skipped".to_owned(),
                Err(error) => {
                    let error = format!("given up, but not kept: {error:#}");
                    self.log.line(format!("{error}: {what}"));
                    self.observer.count(|counts| counts.last_error = Some(error));
                }
            }
            tokio::select! {
                () = sleep(wait) => {}
                _ = stopped.wait_for(|stopped| *stopped) => return Outcome::Stopped,
            }
            wait = self.mapping.backoff.after(wait);
        };
        self.log.line(format!("given up, and {fate}: {what}: {why}"));
        self.observer.count(|counts| {
            counts.given_up += given_up.batch.records() as u64;
            counts.last_error.get_or_insert_with(|| why.to_owned());
        });
        Outcome::Settled
    }

    /// A commit that fails for good is no error: what it stood for is delivered again.
    async fn commit(&mut self, next_offsets: Vec<(i32, i64)>) {
        let mut offsets = TopicPartitionList::new();
        for (partition, next) in &next_offsets {
            // An offset is never negative, the only one this refuses.
            let _ = offsets.add_partition_offset(&self.mapping.topic, *partition, Offset::Offset(*next));
        }
        for _ in 0..COMMIT_ATTEMPTS {
            let (consumer, offsets) = (Arc::clone(&self.consumer), offsets.clone());
            match spawn_blocking(move || consumer.commit(&offsets, CommitMode::Sync)).await {
                Ok(Ok(())) => {
                    return self.reach.committed(next_offsets);
                }
                Ok(Err(error)) => self.log.line(format!("cannot commit: {error}")),
                Err(error) => self.log.line(format!("cannot commit: {error}")),
            }
            sleep(BROKER_BACKOFF).await;
        }
    }

    fn empty_batch(&self) -> Batch {
        Batch::new(&self.mapping.topic, &self.mapping.bootstrap_servers, self.mapping.limits)
    }

    fn oversized(&self, record: Record) -> Gathered {
        Gathered::Oversized(Batch::oversized(&self.mapping.topic, &self.mapping.bootstrap_servers, record))
    }
}

fn described(batch: &Batch, bytes: usize) -> String {
    let ends: Vec<String> =
        batch.next_offsets().map(|(partition, next)| format!("{partition} up to {}", next - 1)).collect();
    format!("{} records of partition {}, {bytes} bytes", batch.records(), ends.join(", "))
}
