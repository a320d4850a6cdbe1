//! How far the event source is: what the broker says, and what the poller counted.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::{Offset, TopicPartitionList};
use tokio::task::spawn_blocking;

use super::mapping::Mapping;
use crate::answer::Answer;
use crate::topic::{self, PartitionOffsets};

const LIMIT: Duration = Duration::from_secs(10);

/// One moment of an event source.
#[derive(Debug, Clone)]
pub struct Progress {
    /// Every partition of the topic, in their order.
    pub partitions: Vec<PartitionProgress>,
    /// What was delivered so far.
    pub counts: Counts,
}

/// How far one partition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartitionProgress {
    /// What the partition holds.
    pub offsets: PartitionOffsets,
    /// The next offset to deliver: every record before it is acknowledged. `None` before the first.
    pub committed: Option<i64>,
}

/// What an event source has done since it was started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Acknowledged events.
    pub events: u64,
    /// Records in them.
    pub records: u64,
    /// Those of them that became rows, as the function says.
    pub landed: u64,
    /// Those that are kept as rejects.
    pub rejected: u64,
    /// Those that were there before.
    pub skipped: u64,
    /// Bytes of JSON in them.
    pub bytes: u64,
    /// Invocations that failed and were repeated.
    pub retries: u64,
    /// Records given up after the last retry, or because no event can hold them: in the on-failure bucket if the mapping has
    /// one, else lost.
    pub given_up: u64,
    /// Why the last invocation failed, if one did.
    pub last_error: Option<String>,
}

impl Counts {
    pub(super) fn add(&mut self, answer: Answer) {
        self.landed += answer.landed;
        self.rejected += answer.rejected;
        self.skipped += answer.skipped;
    }
}

impl Progress {
    /// Offsets on the topic: its records, and what no reader is given ([`Progress::lag`]).
    pub fn on_topic(&self) -> i64 {
        self.partitions.iter().map(|partition| partition.offsets.end - partition.offsets.start).sum()
    }

    /// Records on the topic that are not acknowledged: none of them if it is 0, else at most so many. Before what waits there may be
    /// markers of transactions and records of aborted ones, which are known only when they have been read.
    pub fn lag(&self) -> i64 {
        self.partitions.iter().map(PartitionProgress::lag).sum()
    }
}

impl PartitionProgress {
    /// As [`Progress::lag`], of the partition.
    pub fn lag(&self) -> i64 {
        let next = self.committed.unwrap_or(self.offsets.start).max(self.offsets.start);
        (self.offsets.end - next).max(0)
    }
}

/// Reads the progress of a consumer group without being a member of it, and holds the poller's counts.
pub(crate) struct Observer {
    topic: String,
    consumer: Arc<BaseConsumer>,
    counts: Mutex<Counts>,
}

impl std::fmt::Debug for Observer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Observer").field("topic", &self.topic).finish_non_exhaustive()
    }
}

impl Observer {
    pub(crate) fn new(mapping: &Mapping) -> Result<Self> {
        let consumer = mapping.client().set("group.id", &mapping.consumer_group).create()?;
        Ok(Self { topic: mapping.topic.clone(), consumer: Arc::new(consumer), counts: Mutex::default() })
    }

    pub(crate) fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) async fn progress(&self) -> Result<Progress> {
        let (topic, consumer) = (self.topic.clone(), Arc::clone(&self.consumer));
        let partitions = spawn_blocking(move || partitions(&consumer, &topic)).await??;
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Progress { partitions, counts })
    }
}

fn partitions(consumer: &BaseConsumer, topic: &str) -> Result<Vec<PartitionProgress>> {
    let offsets = topic::offsets(consumer, topic)?;
    let mut asked = TopicPartitionList::new();
    for partition in &offsets {
        asked.add_partition(topic, partition.partition);
    }
    let committed = consumer.committed_offsets(asked, LIMIT)?;
    let committed_of = |partition| match committed.find_partition(topic, partition)?.offset() {
        Offset::Offset(offset) => Some(offset),
        _ => None,
    };
    Ok(offsets
        .into_iter()
        .map(|offsets| PartitionProgress { offsets, committed: committed_of(offsets.partition) })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lag_is_what_is_there_and_not_acknowledged() {
        let partition = |start, end, committed| PartitionProgress {
            offsets: PartitionOffsets { partition: 0, start, end },
            committed,
        };
        assert_eq!(partition(0, 10, None).lag(), 10);
        assert_eq!(partition(0, 10, Some(4)).lag(), 6);
        assert_eq!(partition(0, 10, Some(10)).lag(), 0);
        // Deleted by retention before they were read: no longer there to be waited for.
        assert_eq!(partition(6, 10, Some(4)).lag(), 4);
    }
}
