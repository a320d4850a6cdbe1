//! Which partitions a poller has, as librdkafka tells it.

use std::sync::atomic::{AtomicU64, Ordering};

use rdkafka::TopicPartitionList;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, ConsumerContext, Rebalance};
use rdkafka::error::KafkaError;

use super::log::Log;

/// Counts changes of the assignment, and logs what librdkafka has to say.
pub(crate) struct Assignment {
    changes: AtomicU64,
    log: Log,
}

impl Assignment {
    pub(crate) fn logging_to(log: Log) -> Self {
        Self { changes: AtomicU64::new(0), log }
    }

    /// How often it has changed.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }
}

impl ClientContext for Assignment {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.log.line(format!("librdkafka {level:?} {facility}: {message}"));
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.log.line(format!("librdkafka: {error}: {reason}"));
    }
}

impl ConsumerContext for Assignment {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        self.changes.fetch_add(1, Ordering::Release);
        let what = match rebalance {
            Rebalance::Assign(partitions) => format!("assigned {}", listed(partitions)),
            Rebalance::Revoke(partitions) => format!("revoked {}", listed(partitions)),
            Rebalance::Error(error) => format!("failed: {error}"),
        };
        self.log.line(format!("rebalance: {what}"));
    }
}

fn listed(partitions: &TopicPartitionList) -> String {
    let numbers: Vec<String> = partitions.elements().iter().map(|element| element.partition().to_string()).collect();
    format!("partitions {}", numbers.join(", "))
}
