//! A topic on the broker: made, measured, deleted.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rdkafka::ClientConfig;
use rdkafka::TopicPartitionList;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::metadata::{MetadataPartition, MetadataTopic};
use rdkafka::producer::{BaseProducer, Producer as _};
use tokio::task::spawn_blocking;

const LIMIT: Duration = Duration::from_secs(15);

/// What one partition holds: its first offset and the one its next record gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartitionOffsets {
    /// The Kafka partition.
    pub partition: i32,
    /// The first offset there is.
    pub start: i64,
    /// One past the last offset there is.
    pub end: i64,
}

/// An error if no broker answers within `limit`.
pub(crate) async fn check_broker(bootstrap_servers: &str, limit: Duration) -> Result<()> {
    let consumer: BaseConsumer = client(bootstrap_servers).create()?;
    let answer = spawn_blocking(move || consumer.fetch_metadata(None, limit).map(drop)).await?;
    // Its source is the same text again.
    answer.map_err(|error| anyhow::anyhow!("{error}"))
}

/// Has a new broker make what it makes at the first request of a kind, refusing such requests meanwhile: its own topics
/// for consumer groups and for producer ids. The first consumer would wait seconds for it, the first producer warn. To be
/// repeated until it succeeds.
pub(crate) async fn warm_up(bootstrap_servers: &str) -> Result<()> {
    let group: BaseConsumer = client(bootstrap_servers).set("group.id", "warm-up").create()?;
    let producer: BaseProducer = client(bootstrap_servers).set("transactional.id", "warm-up").create()?;
    let groups = spawn_blocking(move || {
        let mut partition = TopicPartitionList::new();
        partition.add_partition("warm-up", 0);
        group.committed_offsets(partition, LIMIT).map(drop)
    });
    let producers = spawn_blocking(move || producer.init_transactions(LIMIT));
    groups.await??;
    Ok(producers.await??)
}

/// Makes the topic; an existing one is left as it is. Says whether it was made.
pub(crate) async fn create(bootstrap_servers: &str, topic: &str, partitions: i32) -> Result<bool> {
    let admin: AdminClient<DefaultClientContext> = client(bootstrap_servers).create()?;
    // -1: as many replicas as the broker's own default says.
    let new_topic = NewTopic::new(topic, partitions, TopicReplication::Fixed(-1));
    let results = admin
        .create_topics([&new_topic], &AdminOptions::new().operation_timeout(Some(LIMIT)))
        .await
        .with_context(|| format!("cannot create the topic {topic} on {bootstrap_servers}"))?;
    match results.into_iter().next() {
        Some(Ok(_)) => Ok(true),
        Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => Ok(false),
        Some(Err((_, error))) => bail!("cannot create the topic {topic} on {bootstrap_servers}: {error}"),
        None => bail!("cannot create the topic {topic}: {bootstrap_servers} gave no answer"),
    }
}

/// Deletes the topic with all its records.
pub(crate) async fn delete(bootstrap_servers: &str, topic: &str) -> Result<()> {
    let admin: AdminClient<DefaultClientContext> = client(bootstrap_servers).create()?;
    let results = admin
        .delete_topics(&[topic], &AdminOptions::new().operation_timeout(Some(LIMIT)))
        .await
        .with_context(|| format!("cannot delete the topic {topic} on {bootstrap_servers}"))?;
    match results.into_iter().next() {
        Some(Err((_, error))) => bail!("cannot delete the topic {topic} on {bootstrap_servers}: {error}"),
        _ => Ok(()),
    }
}

/// First and next offset of every partition, in the order of the partitions.
pub(crate) fn offsets(consumer: &BaseConsumer, topic: &str) -> Result<Vec<PartitionOffsets>> {
    let metadata = consumer.fetch_metadata(Some(topic), LIMIT)?;
    let mut partitions: Vec<i32> =
        metadata.topics().iter().flat_map(MetadataTopic::partitions).map(MetadataPartition::id).collect();
    if partitions.is_empty() {
        bail!("the broker has no topic {topic}");
    }
    partitions.sort_unstable();
    partitions
        .into_iter()
        .map(|partition| {
            let (start, end) = consumer.fetch_watermarks(topic, partition, LIMIT)?;
            Ok(PartitionOffsets { partition, start, end })
        })
        .collect()
}

/// A client that knows the broker and nothing else.
pub(crate) fn client(bootstrap_servers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap_servers).set("client.id", "tickerlake-local");
    config
}
