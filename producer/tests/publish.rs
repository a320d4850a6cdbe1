//! The program as it is started, against librdkafka's mock cluster. That keeps 5 MiB for a partition and drops the rest
//! in silence, so the inputs are small.
#![expect(clippy::unwrap_used, reason = "the functions that the tests share are tests too")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

const TOPIC: &str = "stock-bars";
const PARTITIONS: i32 = 3;
const HEADER: &str = "Index,Date,Open,High,Low,Close,Adj Close,Volume,CloseUSD\n";

struct Kafka {
    // Dropped before the cluster, of which it takes leave.
    consumer: BaseConsumer,
    cluster: MockCluster<'static, DefaultProducerContext>,
}

impl Kafka {
    fn start() -> Kafka {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic(TOPIC, PARTITIONS, 1).unwrap();
        let consumer = ClientConfig::new()
            .set("bootstrap.servers", cluster.bootstrap_servers())
            .set("group.id", "reader")
            .create()
            .unwrap();
        Kafka { consumer, cluster }
    }

    /// The program with `arguments` for this cluster, and nothing of the test's own environment that could change it.
    fn producer(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_producer"));
        command
            .env_clear()
            .env("KAFKA_BOOTSTRAP_SERVERS", self.cluster.bootstrap_servers())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self.producer(arguments).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    fn records(&self) -> i64 {
        let end = |partition| self.consumer.fetch_watermarks(TOPIC, partition, Duration::from_secs(5)).unwrap().1;
        (0..PARTITIONS).map(end).sum()
    }

    fn wait_for_records(&self, wanted: i64) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.records() < wanted {
            assert!(Instant::now() < deadline, "{} of {wanted} records came", self.records());
        }
    }

    /// Partition, key and value of everything on the topic.
    fn read_all(&self) -> Vec<(i32, String, String)> {
        let mut assignment = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            assignment.add_partition_offset(TOPIC, partition, Offset::Beginning).unwrap();
        }
        self.consumer.assign(&assignment).unwrap();
        let text = |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap().to_vec()).unwrap();
        let next = || self.consumer.poll(Duration::from_secs(10)).unwrap().unwrap();
        (0..self.records())
            .map(|_| {
                let message = next();
                (message.partition(), text(message.key()), text(message.payload()))
            })
            .collect()
    }
}

fn terminate(child: &Child) {
    let status = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

/// The end line without its times.
fn sums(output: &Output) -> String {
    let stdout = String::from_utf8(output.stdout.clone()).unwrap();
    stdout.rsplitn(3, ',').last().unwrap().to_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn bars(count: usize) -> String {
    let mut csv = HEADER.to_owned();
    for row in 0..count {
        let symbol = ["HSI", "NYA", "IXIC", "N225", "N100"][row % 5];
        writeln!(csv, "{symbol},2021-06-01,{row}.5,{row}.5,{row}.5,{row}.5,{row}.5,0,{row}.5").unwrap();
    }
    csv
}

fn csv_file(text: &str) -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bars.csv");
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (directory, path)
}

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
fn a_bad_row_is_named_and_skipped_and_fatal_when_strict() {
    let kafka = Kafka::start();
    let (_directory, csv) = csv_file(&format!("{}HSI,yesterday,1,1,1,1,1,0,1\n", bars(2)));
    let output = kafka.run(&["--csv", &csv], "");
    assert_eq!(sums(&output), "read 3, skipped 1, sent 2, acknowledged 2, failed 0");
    assert!(output.status.success());
    assert!(stderr(&output).contains("line 4 skipped: Date is not a day"), "{}", stderr(&output));

    let output = kafka.run(&["--csv", &csv, "--strict"], "");
    assert_eq!(sums(&output), "read 3, skipped 1, sent 2, acknowledged 2, failed 0");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("error: line 4: Date is not a day"), "{}", stderr(&output));
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
    let told = "line 2: a record of HSI with 123 bytes is too large: -X message.max.bytes=";
    assert!(stderr(&output).contains(told), "{}", stderr(&output));
}

#[test]
fn a_run_that_sends_nothing_or_skips_more_than_it_sends_fails() {
    let kafka = Kafka::start();
    let bad = "HSI,yesterday,1,1,1,1,1,0,1\n";
    let (_directory, csv) = csv_file(&format!("{}{bad}{bad}{bad}", bars(2)));
    let output = kafka.run(&["--csv", &csv], "");
    assert_eq!(sums(&output), "read 5, skipped 3, sent 2, acknowledged 2, failed 0");
    assert_eq!(output.status.code(), Some(2));
    let told = "error: more rows were skipped (3) than sent (2); `producer inspect FILE` shows";
    assert!(stderr(&output).contains(told), "{}", stderr(&output));

    let output = kafka.run(&["--stdin"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("error: nothing to send: there was no row"), "{}", stderr(&output));
}

#[test]
fn a_topic_is_not_made_for_a_file_of_which_nothing_can_be_sent() {
    let kafka = Kafka::start();
    for text in ["Date,Open\n", &format!("{HEADER}HSI,yesterday,1,1,1,1,1,0,1\n")] {
        let (_directory, csv) = csv_file(text);
        let output = kafka.run(&["--csv", &csv, "--topic", "new", "--create-topic"], "");
        assert!(!output.status.success());
        assert!(stderr(&output).contains("producer inspect"), "{}", stderr(&output));
        let metadata = kafka.consumer.fetch_metadata(None, Duration::from_secs(5)).unwrap();
        assert!(metadata.topics().iter().all(|topic| topic.name() != "new"));
    }
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
fn rows_that_are_skipped_are_kept_below_their_header_and_can_be_sent_once_mended() {
    let kafka = Kafka::start();
    let (directory, csv) = csv_file(&bars(3).replace("NYA,2021-06-01", "NYA,\"yester,day\""));
    let kept = directory.path().join("kept.csv").to_str().unwrap().to_owned();
    let output = kafka.run(&["--csv", &csv, "--skipped", &kept], "");
    assert_eq!(sums(&output), "read 3, skipped 1, sent 2, acknowledged 2, failed 0");
    let text = std::fs::read_to_string(&kept).unwrap();
    assert_eq!(text, format!("{HEADER}NYA,\"yester,day\",1.5,1.5,1.5,1.5,1.5,0,1.5\n"));

    std::fs::write(&kept, text.replace("\"yester,day\"", "2021-06-01")).unwrap();
    let output = kafka.run(&["--csv", &kept], "");
    assert_eq!(sums(&output), "read 1, skipped 0, sent 1, acknowledged 1, failed 0");

    let output = kafka.run(&["--csv", &csv, "--skipped", &csv], "");
    assert!(stderr(&output).contains("is a file that is read"), "{}", stderr(&output));
    let nowhere = directory.path().join("no/such/folder/kept.csv");
    let output = kafka.run(&["--csv", &csv, "--skipped", nowhere.to_str().unwrap()], "");
    assert!(stderr(&output).contains("error: cannot write --skipped"), "{}", stderr(&output));
    assert_eq!(kafka.records(), 3);
}

#[test]
fn several_files_and_patterns_go_to_one_topic() {
    let kafka = Kafka::start();
    let directory = tempfile::tempdir().unwrap();
    for symbol in ["acme", "bolt"] {
        let text = "Date,Close/Last,Volume,Open,High,Low\n02/20/2024,$2.25,7,$1.75,$4.00,$1.25\n";
        std::fs::write(directory.path().join(format!("{symbol}.csv")), text).unwrap();
    }
    let pattern = directory.path().join("*.csv").to_str().unwrap().to_owned();
    let output = kafka.run(&["--csv", &pattern, "--symbol-from-file"], "");
    assert_eq!(sums(&output), "read 2, skipped 0, sent 2, acknowledged 2, failed 0", "{}", stderr(&output));
    // What is no file can be opened once.
    let (_directory, csv) = csv_file(&bars(1));
    let output = kafka.run(&["--csv", &csv, "/dev/stdin"], &bars(1));
    assert_eq!(sums(&output), "read 2, skipped 0, sent 2, acknowledged 2, failed 0", "{}", stderr(&output));
    let keys: BTreeSet<String> = kafka.read_all().into_iter().map(|(_, key, _)| key).collect();
    assert_eq!(keys, BTreeSet::from(["HSI".to_owned(), "acme".to_owned(), "bolt".to_owned()]));
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

#[test]
fn csv_and_json_in_json_strings_come_from_standard_input_too() {
    let kafka = Kafka::start();
    let output = kafka.run(&["--stdin", "--symbol", "ACME"], "date;open;high;low;close\n20.02.2024;1,5;2;1;1,5\n");
    assert_eq!(sums(&output), "read 1, skipped 0, sent 1, acknowledged 1, failed 0", "{}", stderr(&output));
    let output = kafka.run(&["--csv", "-"], &bars(1));
    assert_eq!(sums(&output), "read 1, skipped 0, sent 1, acknowledged 1, failed 0", "{}", stderr(&output));
    let output = kafka.run(&["--stdin"], "\"{\\\"Index\\\":\\\"ACME\\\",\\\"Close\\\":1.50}\"\n");
    assert!(stderr(&output).contains("line 1 is JSON in a JSON string"), "{}", stderr(&output));
    let values: Vec<String> = kafka.read_all().into_iter().map(|(_, _, value)| value).collect();
    assert!(values.contains(&"{\"Index\":\"ACME\",\"Close\":1.50}".to_owned()), "{values:?}");
    let bar = "{\"Index\":\"ACME\",\"Date\":\"2024-02-20\",\"Open\":1.5,\"High\":2.0,\"Low\":1.0,\"Close\":1.5}";
    assert!(values.contains(&bar.to_owned()), "{values:?}");
}

/// No broker is named, and none is needed.
fn inspect(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_producer"));
    command.env_clear().arg("inspect").args(arguments).output().unwrap()
}

#[test]
fn inspecting_a_file_shows_what_it_is_taken_for_and_what_would_be_skipped() {
    let text = "ACME, daily\nDate,Close/Last,Volume,Open,High,Low,Note\n02/20/2024,$2.25,7,$1.75,$4.00,$1.25,\n\
                02/19/2024,$2.25,N/A,$1.75,$4.00,$1.25,split\n02/18/2024,$2.25,7,,$4.00,$1.25,\n\
                02/17/2024,$2.25,7,x,$4.00,$1.25,\n02/16/2024,$2.25,7,y,$4.00,$1.25,\nSource: the exchange\n";
    let (directory, csv) = csv_file(text);
    let output = inspect(&[&csv, "--symbol", "ACME"]);
    let folder = format!("{}/", directory.path().display());
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stdout).replace(&folder, ""));
    assert_eq!(stderr(&output), "error: more rows were skipped (3) than sent (2)\n");
    assert_eq!(output.status.code(), Some(2));

    let output = inspect(&[&csv]);
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stdout).replace(&folder, ""));
    assert!(stderr(&output).contains("/bars.csv: no column has the symbol"), "{}", stderr(&output));

    let (_directory, csv) = csv_file(&bars(2));
    assert!(inspect(&[&csv]).status.success());
}

/// No broker is named, and none is needed.
fn dry_run(csv: &str, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_producer"));
    command.env_clear().args(["--csv", csv, "--dry-run"]).args(more).output().unwrap()
}

#[test]
fn a_dry_run_says_what_would_be_sent_and_fails_if_nothing_would_be() {
    let bad = "HSI,1986-31-12,1,1,1,1,1,0,1\n";
    let (_directory, csv) = csv_file(&[HEADER, bad, &bars(5)[HEADER.len()..]].concat());
    let some = dry_run(&csv, &[]);
    assert_eq!(String::from_utf8_lossy(&some.stdout), "read 6, skipped 1, would send 5\n");
    assert!(some.status.success());
    let first = dry_run(&csv, &["--count", "1"]);
    assert_eq!(String::from_utf8_lossy(&first.stdout), "read 2, skipped 1, would send 1\n");

    let (_directory, csv) = csv_file(&[HEADER, bad].concat());
    let none = dry_run(&csv, &["--count", "1"]);
    assert_eq!(String::from_utf8_lossy(&none.stdout), "read 1, skipped 1, would send 0\n");
    assert_eq!(none.status.code(), Some(2));
    assert_eq!(
        stderr(&none),
        format!(
            "{csv}: UTF-8; commas; header in line 1\nline 2 skipped: Date is not a day: \"1986-31-12\"\n\
             error: nothing to send: all rows were skipped (1); `producer inspect FILE` shows what a file is taken for, and \
             why rows are skipped\n"
        )
    );
}
