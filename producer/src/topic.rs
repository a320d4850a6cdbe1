//! The check before the first record: brokers that answer, a topic that exists, leaders that can be reached.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail, ensure};
use futures::executor::block_on;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::{Client, DefaultClientContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::{Metadata, MetadataPartition, MetadataTopic};
use rdkafka::producer::{BaseProducer, Producer};

use crate::client;
use crate::delivery::{Reports, in_words};

/// Between two looks for the leaders of a new topic.
const LEADER_POLL: Duration = Duration::from_millis(50);

/// How long librdkafka's reports are taken in to say why something failed: they are there already.
const REPORTS_PATIENCE: Duration = Duration::from_millis(50);

/// The topic to publish to, and how to make it.
pub(crate) struct Topic {
    pub(crate) name: String,
    pub(crate) create: bool,
    pub(crate) partitions: i32,
    /// `None` leaves it to the broker.
    pub(crate) replication_factor: Option<i32>,
}

/// Checks the way to the topic, makes the topic where that was asked for, and says in a sentence what there is. Blocks
/// for as long as the brokers are silent, up to `patience`.
pub(crate) fn prepare(
    producer: &BaseProducer<Reports>,
    kafka: &ClientConfig,
    topic: &Topic,
    patience: Duration,
) -> Result<String> {
    let deadline = Instant::now() + patience;
    let client = producer.client();
    let unreachable = |what: &str| {
        producer.poll(REPORTS_PATIENCE);
        unreachable(what, client.context())
    };
    let brokers = client::bootstrap_servers(kafka);
    let metadata = || {
        // All topics are asked for, because asking for one by name makes brokers create it.
        let answer = client.fetch_metadata(None, left(deadline));
        answer.map_err(|error| unreachable(&format!("Kafka at {brokers}: {}", in_words(&error))))
    };

    let Topic { name, create, partitions, .. } = topic;
    let sentence = match (partitions_of(name, &metadata()?).len(), create) {
        (0, false) => {
            bail!("topic {name} does not exist at {brokers}: pass --create-topic to create it, or check --topic")
        }
        (0, true) => {
            create_topic(kafka, topic, left(deadline))?;
            format!("created topic {name} with {partitions} partitions")
        }
        (found, true) if usize::try_from(*partitions) != Ok(found) => {
            format!("topic {name} exists with {found} partitions, not {partitions}: left as it is")
        }
        (found, _) => format!("topic {name} exists with {found} partitions"),
    };
    reach_leaders(client, name, metadata, unreachable, deadline)?;
    Ok(sentence)
}

/// The partitions of the topic; none if there is no such topic.
fn partitions_of<'a>(name: &str, metadata: &'a Metadata) -> &'a [MetadataPartition] {
    metadata.topics().iter().find(|topic| topic.name() == name).map_or(&[], MetadataTopic::partitions)
}

fn create_topic(kafka: &ClientConfig, topic: &Topic, patience: Duration) -> Result<()> {
    /// Kafka's own word for "as the broker is configured".
    const BROKER_DEFAULT: i32 = -1;
    let admin: AdminClient<DefaultClientContext> = kafka.create()?;
    let replication = TopicReplication::Fixed(topic.replication_factor.unwrap_or(BROKER_DEFAULT));
    let new_topic = NewTopic::new(&topic.name, topic.partitions, replication);
    let options = AdminOptions::new().request_timeout(Some(patience)).operation_timeout(Some(patience));

    let results = block_on(admin.create_topics([&new_topic], &options)).map_err(|error| {
        // Creating is the first request that goes to an advertised address.
        let what =
            format!("the address that a broker advertises, to create topic {}: {}", topic.name, in_words(&error));
        unreachable(&what, &Reports::default())
    })?;
    for result in results {
        match result {
            // Another producer may have been faster.
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, code)) => bail!("cannot create topic {name}: {code}"),
        }
    }
    Ok(())
}

/// Waits for every partition to have a leader, and asks each leader for the offsets of one partition: records go to the
/// addresses that brokers advertise, which may be others than the one that was typed.
fn reach_leaders(
    client: &Client<Reports>,
    name: &str,
    metadata: impl Fn() -> Result<Metadata>,
    unreachable: impl Fn(&str) -> anyhow::Error,
    deadline: Instant,
) -> Result<()> {
    let mut now = metadata()?;
    while let Some(orphan) = without_leader(name, &now) {
        ensure!(Instant::now() < deadline, "{orphan} of topic {name} has no leader: is one of the brokers down?");
        sleep(LEADER_POLL);
        now = metadata()?;
    }

    for broker in now.brokers() {
        let led = partitions_of(name, &now).iter().find(|partition| partition.leader() == broker.id());
        let Some(partition) = led.map(MetadataPartition::id) else { continue };
        // A broker that refuses has been reached all the same; right after a topic's creation it may not know of it.
        if let Err(error) = client.fetch_watermarks(name, partition, left(deadline))
            && is_silence(&error)
        {
            let address = format!("{}:{}", broker.host(), broker.port());
            let leader = format!("the advertised address of the leader of partition {partition} of topic {name}");
            return Err(unreachable(&format!("{address}, {leader}: {}", in_words(&error))));
        }
    }
    Ok(())
}

/// Names what has no leader among the brokers that are up. A new topic comes without partitions first.
fn without_leader(name: &str, metadata: &Metadata) -> Option<String> {
    let partitions = partitions_of(name, metadata);
    let is_up = |leader| metadata.brokers().iter().any(|broker| broker.id() == leader);
    let orphan = partitions.iter().find(|partition| !is_up(partition.leader()));
    match orphan {
        Some(partition) => Some(format!("partition {}", partition.id())),
        None => partitions.is_empty().then(|| "every partition".to_owned()),
    }
}

fn is_silence(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{AllBrokersDown, BrokerTransportFailure, OperationTimedOut, Resolve, TimedOutQueue};
    matches!(
        error.rdkafka_error_code(),
        Some(AllBrokersDown | BrokerTransportFailure | OperationTimedOut | Resolve | TimedOutQueue)
    )
}

fn unreachable(what: &str, reports: &Reports) -> anyhow::Error {
    let reasons = [vec![String::new()], reports.take_troubles()].concat().join("\n  ");
    anyhow!(
        "cannot reach {what}{reasons}\n\
         check that\n  \
           the broker runs, and its listeners and advertised.listeners name an address that this machine can reach\n  \
           the security group or firewall of the broker lets this machine in on that port\n  \
           -X security.protocol, sasl.mechanism, sasl.username and sasl.password fit that listener"
    )
}

fn left(deadline: Instant) -> Duration {
    // At the very end a broker that answers still gets the moment that it needs.
    deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(100))
}

#[cfg(test)]
mod tests {
    use rdkafka::mocking::MockCluster;

    use super::*;

    /// For brokers that answer: never waited for.
    const LONG: Duration = Duration::from_mins(1);
    /// For brokers that do not answer: always waited for.
    const SHORT: Duration = Duration::from_secs(1);

    fn prepare_on(servers: &str, create: bool, patience: Duration) -> Result<String> {
        let mut kafka = ClientConfig::new();
        kafka.set("bootstrap.servers", servers);
        let producer = kafka.create_with_context(Reports::default())?;
        let topic = Topic { name: "bars".to_owned(), create, partitions: 3, replication_factor: None };
        prepare(&producer, &kafka, &topic, patience)
    }

    #[test]
    fn an_existing_topic_is_fine_and_told() {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("bars", 2, 1).unwrap();
        let servers = cluster.bootstrap_servers();
        assert_eq!(prepare_on(&servers, false, LONG).unwrap(), "topic bars exists with 2 partitions");
        assert_eq!(
            prepare_on(&servers, true, LONG).unwrap(),
            "topic bars exists with 2 partitions, not 3: left as it is"
        );
    }

    #[test]
    fn an_unknown_topic_is_an_error_and_is_not_created_by_the_asking() {
        let cluster = MockCluster::new(1).unwrap();
        for _ in 0..2 {
            let message = prepare_on(&cluster.bootstrap_servers(), false, LONG).unwrap_err().to_string();
            assert!(message.contains("topic bars does not exist") && message.contains("--create-topic"), "{message}");
        }
    }

    #[test]
    fn a_broker_that_cannot_be_reached_is_named_with_the_reason_and_what_to_check() {
        let message = prepare_on("127.0.0.1:1", false, SHORT).unwrap_err().to_string();
        for needle in ["127.0.0.1:1", "Connection refused", "advertised.listeners", "security group", "sasl"] {
            assert!(message.contains(needle), "no {needle} in {message}");
        }
    }

    #[test]
    fn a_leader_that_does_not_answer_is_named_by_its_advertised_address() {
        let cluster = MockCluster::new(2).unwrap();
        cluster.create_topic("bars", 1, 1).unwrap();
        cluster.partition_leader("bars", 0, Some(2)).unwrap();
        cluster.broker_round_trip_time(2, Duration::from_mins(1)).unwrap();
        let servers = cluster.bootstrap_servers();
        let (first, second) = servers.split_once(',').unwrap();
        let message = prepare_on(first, false, SHORT).unwrap_err().to_string();
        assert!(
            message.contains(&format!("{second}, the advertised address of the leader of partition 0")),
            "{message}"
        );
    }

    #[test]
    fn a_partition_without_a_leader_is_named() {
        let cluster = MockCluster::new(2).unwrap();
        cluster.create_topic("bars", 1, 1).unwrap();
        cluster.partition_leader("bars", 0, Some(2)).unwrap();
        cluster.broker_down(2).unwrap();
        let message = prepare_on(&cluster.bootstrap_servers(), false, SHORT).unwrap_err().to_string();
        assert!(message.contains("partition 0 of topic bars has no leader"), "{message}");
    }
}
