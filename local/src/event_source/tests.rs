//! The event source on librdkafka's mock cluster, with a function that fails on demand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Result, bail};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer as _};
use serde_json::Value;

use super::access::Access;
use super::batch::{Limits, PAYLOAD_LIMIT_BYTES};
use super::given_up::Condition;
use super::mapping::StartingPosition;
use super::*;

const TOPIC: &str = "stock-bars";
const LIMIT: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(20);

struct Broker {
    cluster: MockCluster<'static, DefaultProducerContext>,
    producer: BaseProducer,
}

impl Broker {
    fn with_partitions(partitions: i32) -> Self {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic(TOPIC, partitions, 1).unwrap();
        let producer = crate::topic::client(&cluster.bootstrap_servers()).create().unwrap();
        Self { cluster, producer }
    }

    fn publish(&self, partition: i32, value: &str, timestamp: i64) {
        let record = BaseRecord::<(), str>::to(TOPIC).partition(partition).payload(value).timestamp(timestamp);
        self.producer.send(record).unwrap();
        self.producer.flush(LIMIT).unwrap();
    }

    fn mapping(&self) -> Mapping {
        Mapping {
            id: "mapping-id".to_owned(),
            function: "ingest".to_owned(),
            bootstrap_servers: self.cluster.bootstrap_servers(),
            access: Access::default(),
            topic: TOPIC.to_owned(),
            consumer_group: "tickerlake".to_owned(),
            start: StartingPosition::TrimHorizon,
            limits: Limits { records: 10_000, bytes: PAYLOAD_LIMIT_BYTES },
            window: Duration::from_millis(500),
            retries: None,
            backoff: Backoff::default(),
            on_failure_bucket: None,
        }
    }
}

/// An event, and why it was given up.
type Kept = (Vec<u8>, Condition);

/// A function that fails its first invocations and remembers every event it was given, with a bucket that fails its first writes.
#[derive(Clone, Default)]
struct Function {
    failures: usize,
    received: Arc<Mutex<Vec<Vec<u8>>>>,
    answer: Option<Answer>,
    bucket_failures: usize,
    writes: Arc<Mutex<Vec<Kept>>>,
}

impl Function {
    fn failing(failures: usize) -> Self {
        Self { failures, ..Self::default() }
    }

    fn with_bucket_failing(self, bucket_failures: usize) -> Self {
        Self { bucket_failures, ..self }
    }

    /// Every try to keep an event, with the reason.
    fn writes(&self) -> Vec<Kept> {
        self.writes.lock().unwrap().clone()
    }

    fn events(&self) -> Vec<Vec<u8>> {
        self.received.lock().unwrap().clone()
    }

    /// Per partition the values in the order in which they came.
    fn values(&self) -> BTreeMap<i64, Vec<String>> {
        let mut values = BTreeMap::<i64, Vec<String>>::new();
        for event in self.events() {
            let event: Value = serde_json::from_slice(&event).unwrap();
            for record in event["records"].as_object().unwrap().values().flat_map(|records| records.as_array().unwrap())
            {
                let value = BASE64_STANDARD.decode(record["value"].as_str().unwrap()).unwrap();
                let partition = record["partition"].as_i64().unwrap();
                values.entry(partition).or_default().push(String::from_utf8(value).unwrap());
            }
        }
        values
    }
}

impl Target for Function {
    async fn deliver(&self, event: Vec<u8>) -> Result<Option<Answer>> {
        let mut received = self.received.lock().unwrap();
        received.push(event);
        if received.len() <= self.failures {
            bail!("no such bucket");
        }
        Ok(self.answer)
    }

    async fn keep(&self, given_up: GivenUp<'_>) -> Result<Option<String>> {
        let mut writes = self.writes.lock().unwrap();
        writes.push((given_up.event.to_vec(), given_up.condition));
        if writes.len() <= self.bucket_failures {
            bail!("slow down");
        }
        Ok(Some("s3://failed/key".to_owned()))
    }
}

struct Running {
    event_source: EventSource,
    log: tempfile::NamedTempFile,
}

impl Running {
    fn start(mapping: Mapping, function: &Function) -> Self {
        let log = tempfile::NamedTempFile::new().unwrap();
        let event_source = EventSource::start_with(mapping, function.clone(), Log::open(log.path()).unwrap()).unwrap();
        Self { event_source, log }
    }

    async fn drained(&self) -> Progress {
        self.event_source.wait_until_drained(LIMIT, |_| ()).await.unwrap()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.log.path()).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_event_is_delivered_again_whole_and_committed_only_after_success() {
    let broker = Broker::with_partitions(2);
    for number in 0..5 {
        broker.publish(number % 2, &number.to_string(), 1);
    }
    let function = Function::failing(2);
    // Full with the fifth record: so it is one event on any machine.
    let limits = Limits { records: 5, bytes: PAYLOAD_LIMIT_BYTES };
    let running = Running::start(Mapping { limits, window: LIMIT, ..broker.mapping() }, &function);
    let mut while_failing = None;
    let progress = running
        .event_source
        .wait_until_drained(LIMIT, |progress| {
            if progress.counts.last_error.is_some() && progress.counts.events == 0 {
                while_failing = Some(progress.clone());
            }
        })
        .await
        .unwrap();

    let while_failing = while_failing.unwrap();
    assert_eq!(while_failing.lag(), 5, "nothing is committed before the function succeeds");
    assert_eq!(while_failing.counts.last_error.as_deref(), Some("no such bucket"));
    let events = function.events();
    assert_eq!(events.len(), 3);
    assert!(events.iter().all(|event| *event == events[0]), "the very same event each time");
    assert_eq!((progress.counts.events, progress.counts.records, progress.counts.retries), (1, 5, 2));
    assert_eq!(progress.partitions.iter().map(|partition| partition.committed).collect::<Vec<_>>(), [Some(3), Some(2)]);
    assert!(running.log().contains("failed (2): 5 records of partition 0 up to 2, 1 up to 1"), "{}", running.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_cut_at_the_batch_size_and_keep_the_order_of_each_partition() {
    let broker = Broker::with_partitions(3);
    let publish = |number: i32| broker.publish(number % 3, &number.to_string(), 1);
    (0..49).for_each(publish);
    let function = Function::default();
    let limits = Limits { records: 7, bytes: PAYLOAD_LIMIT_BYTES };
    // The window is over for none of these, on any machine.
    let full = Running::start(Mapping { limits, window: LIMIT, ..broker.mapping() }, &function);
    let progress = full.drained().await;
    assert_eq!((progress.counts.events, progress.counts.records), (7, 49));
    full.event_source.stop().await.unwrap();

    publish(49);
    let rest = Running::start(Mapping { limits, ..broker.mapping() }, &function);
    let progress = rest.drained().await;
    assert_eq!((progress.counts.events, progress.counts.records), (1, 1));

    assert_eq!(function.events().len(), 8);
    let expected = (0..3).map(|partition| {
        (i64::from(partition), (partition..50).step_by(3).map(|number: i32| number.to_string()).collect::<Vec<_>>())
    });
    assert_eq!(function.values(), expected.collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_cut_at_the_payload_limit_and_a_record_beyond_it_is_kept_and_counted() {
    let broker = Broker::with_partitions(1);
    for value in ["a".repeat(300), "b".repeat(300), "c".repeat(900), "d".repeat(300)] {
        broker.publish(0, &value, 1);
    }
    let function = Function::default();
    // 300 bytes are 400 in base64, beside about 120 of other fields and 90 of the event: one fits, two do not.
    let limits = Limits { records: 100, bytes: 1_000 };
    let running = Running::start(Mapping { limits, ..broker.mapping() }, &function);
    let progress = running.drained().await;

    assert!(function.events().iter().all(|event| event.len() <= 1_000));
    assert_eq!(function.values()[&0], ["a".repeat(300), "b".repeat(300), "d".repeat(300)]);
    assert_eq!((progress.counts.events, progress.counts.records, progress.counts.given_up), (3, 3, 1));
    let log = running.log();
    assert!(log.contains("given up, and kept in s3://failed/key: 1 records of partition 0 up to 2, "), "{log}");
    let [(event, Condition::MaximumPayloadSizeExceeded)] = &function.writes()[..] else { panic!("{log}") };
    assert!(String::from_utf8_lossy(event).contains(&BASE64_STANDARD.encode("c".repeat(900))));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_acknowledged_when_it_stopped_is_delivered_to_the_next() {
    let broker = Broker::with_partitions(1);
    broker.publish(0, "first", 1);
    let failing = Function::failing(usize::MAX);
    let running = Running::start(broker.mapping(), &failing);
    while running.event_source.progress().await.unwrap().counts.last_error.is_none() {
        tokio::time::sleep(POLL).await;
    }
    let error = running.event_source.wait_until_drained(Duration::ZERO, |_| ()).await.unwrap_err().to_string();
    assert_eq!(error, "1 records were not acknowledged within 0 s; last error: no such bucket");
    running.event_source.stop().await.unwrap();

    let function = Function::default();
    let running = Running::start(broker.mapping(), &function);
    running.drained().await;
    assert_eq!(function.values()[&0], ["first"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_kept_whole_after_the_last_retry_and_the_next_one_comes() {
    let broker = Broker::with_partitions(1);
    for value in ["lost", "kept"] {
        broker.publish(0, value, 1);
    }
    let function = Function::failing(2);
    let limits = Limits { records: 1, bytes: PAYLOAD_LIMIT_BYTES };
    let running = Running::start(Mapping { limits, retries: Some(1), ..broker.mapping() }, &function);
    let progress = running.drained().await;

    assert_eq!(function.values()[&0], ["lost", "lost", "kept"]);
    assert_eq!((progress.counts.events, progress.counts.given_up, progress.counts.retries), (1, 1, 1));
    let kept = (function.events()[0].clone(), Condition::RetryAttemptsExhausted { invocations: 2 });
    assert_eq!(function.writes(), [kept]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_skipped_before_it_is_kept() {
    let broker = Broker::with_partitions(1);
    broker.publish(0, "kept", 1);
    let function = Function::failing(1).with_bucket_failing(3);
    let running = Running::start(
        Mapping { retries: Some(0), backoff: Backoff { first: POLL, longest: POLL }, ..broker.mapping() },
        &function,
    );
    let progress = running.drained().await;

    assert_eq!(function.writes().len(), 4);
    assert_eq!(function.events().len(), 1, "what is given up is not delivered again");
    assert_eq!(progress.counts.given_up, 1);
    assert!(running.log().contains("given up, but not kept: slow down: 1 records of partition 0 up to 0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn records_wait_for_each_other_while_the_window_is_open() {
    let broker = Broker::with_partitions(1);
    broker.publish(0, "early", 1);
    let function = Function::default();
    let limits = Limits { records: 2, bytes: PAYLOAD_LIMIT_BYTES };
    let running = Running::start(Mapping { limits, window: LIMIT, ..broker.mapping() }, &function);
    // The log tells when the poller has its partition; from then on the window is open or about to be.
    while !running.log().contains("assigned partitions 0") {
        tokio::time::sleep(POLL).await;
    }
    broker.publish(0, "late", 1);
    let progress = running.drained().await;
    assert_eq!((progress.counts.events, progress.counts.records), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_gathered_when_a_rebalance_came_is_delivered_once_by_whoever_has_the_partition_now() {
    let broker = Broker::with_partitions(2);
    let function = Function::default();
    let window = Duration::from_secs(10);
    let first = Running::start(Mapping { window, ..broker.mapping() }, &function);
    while !first.log().contains("assigned partitions 0, 1") {
        tokio::time::sleep(POLL).await;
    }
    for partition in 0..2 {
        broker.publish(partition, "gathered", 1);
    }
    let second = Running::start(broker.mapping(), &function);
    first.drained().await;
    assert!(second.log().contains("assigned partitions"), "{}", second.log());
    let once = vec!["gathered".to_owned()];
    assert_eq!(function.values(), BTreeMap::from([(0, once.clone()), (1, once)]), "{}{}", first.log(), second.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_the_records_is_what_the_function_says() {
    let broker = Broker::with_partitions(1);
    for value in ["bar", "reject", "again"] {
        broker.publish(0, value, 1);
    }
    let answer = Answer::read(r#"{"records":3,"landed":1,"rejected":1,"skipped":1,"lag_ms":null}"#);
    let function = Function { answer, ..Function::default() };
    let limits = Limits { records: 3, bytes: PAYLOAD_LIMIT_BYTES };
    let running = Running::start(Mapping { limits, window: LIMIT, ..broker.mapping() }, &function);
    let counts = running.drained().await.counts;
    assert_eq!((counts.records, counts.landed, counts.rejected, counts.skipped), (3, 1, 1, 1));
}
