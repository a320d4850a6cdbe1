//! Before the first poll: whether the brokers let the event source in, and if not, why.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use rdkafka::TopicPartitionList;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use tokio::task::spawn_blocking;

use super::mapping::Mapping;

const POLL: Duration = Duration::from_millis(100);
const ATTEMPT: Duration = Duration::from_secs(2);

/// Waits until the brokers let the event source in and know its group, which a broker that never had one takes seconds to.
///
/// # Errors
/// They do not within `limit`: with their reason.
pub(crate) async fn check(mapping: &Mapping, limit: Duration) -> Result<()> {
    let reasons = Reasons::default();
    let consumer: BaseConsumer<Reasons> =
        mapping.client().set("group.id", &mapping.consumer_group).create_with_context(reasons.clone())?;
    let mut partition = TopicPartitionList::new();
    partition.add_partition(&mapping.topic, 0);
    let answer = spawn_blocking(move || wait_for_group(&consumer, &partition, limit));
    answer.await?.map_err(|error| {
        let servers = &mapping.bootstrap_servers;
        let reason = reasons.reason().unwrap_or_else(|| error.to_string());
        anyhow::anyhow!("the event source cannot use kafka at {servers}: {reason}")
    })
}

fn wait_for_group(
    consumer: &BaseConsumer<Reasons>,
    partition: &TopicPartitionList,
    limit: Duration,
) -> KafkaResult<()> {
    let deadline = Instant::now() + limit;
    loop {
        let metadata = consumer.fetch_metadata(None, ATTEMPT);
        let answer = metadata.and_then(|_| consumer.committed_offsets(partition.clone(), ATTEMPT));
        let Err(error) = answer else { return Ok(()) };
        // The reason comes by a queue of its own, which is read by polling.
        consumer.poll(POLL);
        let refused = !may_pass(&error) || consumer.context().reason().is_some();
        if refused || Instant::now() > deadline {
            return Err(error);
        }
    }
}

/// A broker that is silent so far, or has yet to make its topic for consumer groups.
fn may_pass(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{
        AllBrokersDown, BrokerTransportFailure, CoordinatorLoadInProgress, CoordinatorNotAvailable, NotCoordinator,
        OperationTimedOut, WaitingForCoordinator,
    };
    matches!(
        error.rdkafka_error_code(),
        Some(
            AllBrokersDown
                | BrokerTransportFailure
                | CoordinatorLoadInProgress
                | CoordinatorNotAvailable
                | NotCoordinator
                | OperationTimedOut
                | WaitingForCoordinator
        )
    )
}

/// The first thing that went wrong, in librdkafka's words; what follows is mostly "all brokers are down".
#[derive(Clone, Default)]
struct Reasons(Arc<Mutex<Option<String>>>);

impl Reasons {
    fn reason(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ClientContext for Reasons {
    // The same again, as lines for a log.
    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}

    fn error(&self, _: KafkaError, reason: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| reason.to_owned());
    }
}

impl ConsumerContext for Reasons {}
