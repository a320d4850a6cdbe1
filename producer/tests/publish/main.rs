//! The program as it is started, against librdkafka's mock cluster. That keeps 5 MiB for a partition and drops the rest
//! in silence, so the inputs are small.
#![expect(clippy::unwrap_used, reason = "the functions that the tests share are tests too")]

mod files;
mod kafka;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::time::{Duration, Instant};

use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

use self::kafka::{Kafka, TOPIC, bars, csv_file, stderr, sums, terminate};

#[test]
fn every_row_is_acknowledged_in_order_in_the_partition_of_its_symbol() {
    let kafka = Kafka::start();
    let (_directory, csv) = csv_file(&bars(500));
    let output = kafka.run(&["--csv", &csv], "");
    assert_eq!(sums(&output), "read 500, skipped 0, sent 500, acknowledged 500, failed 0");
    assert!(output.status.success(), "{}", stderr(&output));

    let mut partitions: BTreeMap<String, BTreeSet<i32>> = BTreeMap::new();
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (partition, key, value) in kafka.read_all() {
        partitions.entry(key.clone()).or_default().insert(partition);
        values.entry(key).or_default().push(value);
    }
    assert!(partitions.values().all(|of_symbol| of_symbol.len() == 1), "{partitions:?}");
    let expected = |row: usize| {
        format!(
            "{{\"Index\":\"HSI\",\"Date\":\"2021-06-01\",\"Open\":{row}.5,\"High\":{row}.5,\"Low\":{row}.5,\"Close\":{row}.5,\
             \"Adj Close\":{row}.5,\"Volume\":0.0,\"CloseUSD\":{row}.5}}"
        )
    };
    assert_eq!(values["HSI"], (0..500).step_by(5).map(expected).collect::<Vec<_>>());
}

#[test]
fn only_the_first_ten_bad_rows_are_named() {
    let kafka = Kafka::start();
    let output = kafka.run(&["--stdin"], &"bad\n".repeat(5000));
    assert_eq!(sums(&output), "read 5000, skipped 5000, sent 0, acknowledged 0, failed 0");
    assert_eq!(stderr(&output).matches(" skipped: ").count(), 10);
    assert!(stderr(&output).contains("counted, not named"), "{}", stderr(&output));
}

#[test]
fn lines_of_stdin_arrive_byte_by_byte() {
    let kafka = Kafka::start();
    let output = kafka.run(&["--stdin"], "{ \"Index\":\"HSI\", \"Close\":1.50 }\n[{\"Index\":\"HSI\"}]\n");
    assert!(output.status.success(), "{}", stderr(&output));
    let values: Vec<String> = kafka.read_all().into_iter().map(|(_, _, value)| value).collect();
    assert_eq!(values, ["{ \"Index\":\"HSI\", \"Close\":1.50 }", "[{\"Index\":\"HSI\"}]"]);
}

#[test]
fn a_full_queue_is_waited_for() {
    let kafka = Kafka::start();
    let narrow = ["--simulate", "--count", "300", "-X", "queue.buffering.max.messages=7", "-X", "linger.ms=0"];
    let output = kafka.run(&narrow, "");
    assert_eq!(sums(&output), "read 300, skipped 0, sent 300, acknowledged 300, failed 0");
    assert_eq!(kafka.records(), 300);
}

#[test]
fn a_record_that_the_broker_refuses_is_counted_and_makes_the_exit_code_1() {
    let kafka = Kafka::start();
    kafka
        .cluster
        .request_errors(RDKafkaApiKey::Produce, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED]);
    let output = kafka.run(&["--stdin"], "{\"Index\":\"HSI\"}\n");
    assert_eq!(sums(&output), "read 1, skipped 0, sent 1, acknowledged 0, failed 1");
    assert_eq!(output.status.code(), Some(1));
    let named = "a record of HSI was not delivered: TopicAuthorizationFailed";
    assert!(stderr(&output).contains(named), "{}", stderr(&output));
}

#[test]
fn a_record_too_large_for_a_message_costs_itself_only_and_is_told_by_line_and_bytes() {
    let kafka = Kafka::start();
    let large = format!("{{\"Index\":\"HSI\"}}\n[{{\"Index\":\"HSI\",\"note\":\"{}\"}}]\n", "x".repeat(5000));
    let output = kafka.run(&["--stdin", "-X", "message.max.bytes=2000"], &large);
    assert_eq!(sums(&output), "read 2, skipped 0, sent 2, acknowledged 1, failed 1");
    assert_eq!(output.status.code(), Some(1));
    let told = "line 2: a record of HSI with 5027 bytes is too large: -X message.max.bytes=";
    assert!(stderr(&output).contains(told), "{}", stderr(&output));
}

#[test]
fn a_record_that_the_broker_finds_too_large_is_told_by_line_and_bytes_too() {
    let kafka = Kafka::start();
    let error = RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
    kafka.cluster.request_errors(RDKafkaApiKey::Produce, &[error]);
    let (_directory, csv) = csv_file(&bars(1));
    let output = kafka.run(&["--csv", &csv], "");
    assert_eq!(sums(&output), "read 1, skipped 0, sent 1, acknowledged 0, failed 1");
    let told = "line 2, or one sent with it: a record of HSI with 123 bytes is too large for the broker, by itself or with the others: \
                -X batch.size=100000";
    assert!(stderr(&output).contains(told), "{}", stderr(&output));
}

#[test]
fn an_address_that_can_never_work_is_refused_at_once() {
    let kafka = Kafka::start();
    let before = Instant::now();
    let output = kafka.run(&["--simulate", "--bootstrap-servers", "kafka://broker-1:9092"], "");
    // The brokers are waited for for eight seconds.
    assert!(before.elapsed() < Duration::from_secs(8));
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("write broker-1:9092"), "{}", stderr(&output));
}

#[test]
fn a_signal_flushes_what_was_read_although_the_source_is_silent() {
    let kafka = Kafka::start();
    let mut child = kafka.producer(&["--stdin"]).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"{\"Index\":\"HSI\"}\n").unwrap();
    kafka.wait_for_records(1);
    terminate(&child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(sums(&output), "read 1, skipped 0, sent 1, acknowledged 1, failed 0");
    assert!(output.status.success());
    assert!(stderr(&output).contains("SIGTERM"), "{}", stderr(&output));
    drop(input);
}

#[test]
fn a_signal_ends_an_endless_simulation_without_loss() {
    let kafka = Kafka::start();
    let child = kafka.producer(&["--simulate", "--rate", "200"]).spawn().unwrap();
    kafka.wait_for_records(20);
    terminate(&child);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let records = kafka.records();
    assert_eq!(sums(&output), format!("read {records}, skipped 0, sent {records}, acknowledged {records}, failed 0"));
}

#[test]
fn everything_can_be_set_by_the_environment() {
    let kafka = Kafka::start();
    let output = kafka
        .producer(&[])
        .env("PRODUCER_SIMULATE", "true")
        .env("PRODUCER_COUNT", "28")
        .env("PRODUCER_SEED", "7")
        .env("KAFKA_TOPIC", TOPIC)
        .env("KAFKA_PROPERTIES", "client.id=test,compression.type=lz4")
        .output()
        .unwrap();
    assert_eq!(sums(&output), "read 28, skipped 0, sent 28, acknowledged 28, failed 0");
}

#[test]
fn an_unknown_property_is_named_and_its_value_is_not() {
    let kafka = Kafka::start();
    let output = kafka.run(&["--stdin", "-X", "sasl.pasword=hunter2"], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("sasl.pasword"), "{}", stderr(&output));
    assert!(!stderr(&output).contains("hunter2"), "{}", stderr(&output));
}
