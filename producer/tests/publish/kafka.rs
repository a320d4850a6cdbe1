//! librdkafka's mock cluster, and the program as it is started for it.

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

pub(crate) const TOPIC: &str = "stock-bars";
pub(crate) const PARTITIONS: i32 = 3;
pub(crate) const HEADER: &str = "Index,Date,Open,High,Low,Close,Adj Close,Volume,CloseUSD\n";

pub(crate) struct Kafka {
    // Dropped before the cluster, of which it takes leave.
    pub(crate) consumer: BaseConsumer,
    pub(crate) cluster: MockCluster<'static, DefaultProducerContext>,
}

impl Kafka {
    pub(crate) fn start() -> Kafka {
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
    pub(crate) fn producer(&self, arguments: &[&str]) -> Command {
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

    pub(crate) fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self.producer(arguments).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    pub(crate) fn records(&self) -> i64 {
        let end = |partition| self.consumer.fetch_watermarks(TOPIC, partition, Duration::from_secs(5)).unwrap().1;
        (0..PARTITIONS).map(end).sum()
    }

    pub(crate) fn wait_for_records(&self, wanted: i64) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.records() < wanted {
            assert!(Instant::now() < deadline, "{} of {wanted} records came", self.records());
        }
    }

    /// Partition, key and value of everything on the topic.
    pub(crate) fn read_all(&self) -> Vec<(i32, String, String)> {
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

pub(crate) fn terminate(child: &Child) {
    let status = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

/// The end line without its times.
pub(crate) fn sums(output: &Output) -> String {
    let stdout = String::from_utf8(output.stdout.clone()).unwrap();
    stdout.rsplitn(3, ',').last().unwrap().to_owned()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub(crate) fn bars(count: usize) -> String {
    let mut csv = HEADER.to_owned();
    for row in 0..count {
        let symbol = ["HSI", "NYA", "IXIC", "N225", "N100"][row % 5];
        writeln!(csv, "{symbol},2021-06-01,{row}.5,{row}.5,{row}.5,{row}.5,{row}.5,0,{row}.5").unwrap();
    }
    csv
}

pub(crate) fn csv_file(text: &str) -> (tempfile::TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bars.csv");
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (directory, path)
}
