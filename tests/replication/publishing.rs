//! The producer, which publishes all the time, and what is on the topic meanwhile.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _};

use crate::machines::Machines;

pub(crate) const TOPIC: &str = "stock-bars";
pub(crate) const PARTITIONS: i32 = 3;
/// A second: whatever stands still is seen within a fraction of one.
const RATE: &str = "50";
/// More than a busy machine needs for anything here.
const LIMIT: Duration = Duration::from_mins(3);
const ANSWER: Duration = Duration::from_secs(10);

/// A producer that runs. Dropping it kills it.
pub(crate) struct Publishing(Child);

impl Publishing {
    pub(crate) fn start(machines: &Machines) -> Result<Self> {
        let mut producer = machines.producer()?;
        producer.args(["--simulate", "--seed", "1", "--rate", RATE]);
        let log = std::fs::File::create(machines.path("producer.log"))?;
        Ok(Self(producer.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn()?))
    }

    /// Has it send what it has; all that it read must be acknowledged. Says how many that are.
    pub(crate) fn stop(mut self) -> Result<u64> {
        ensure!(self.0.try_wait()?.is_none(), "the producer has ended by itself");
        Command::new("kill").args(["-TERM", &self.0.id().to_string()]).status()?;
        let mut printed = String::new();
        self.0.stdout.take().context("it is read already")?.read_to_string(&mut printed)?;
        self.0.wait()?;
        let sums = printed.lines().last().unwrap_or_default();
        let number = |name: &str| -> Result<u64> {
            let found = sums.split(", ").find_map(|part| part.strip_prefix(name)?.trim().parse().ok());
            found.with_context(|| format!("no {name} in {printed}"))
        };
        let acknowledged = number("acknowledged")?;
        ensure!(number("read")? == acknowledged && number("failed")? == 0, "{sums}");
        Ok(acknowledged)
    }
}

impl Drop for Publishing {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where each partition ends.
pub(crate) struct Topic(BaseConsumer);

impl Topic {
    pub(crate) fn of(servers: &str) -> Result<Self> {
        let mut client = ClientConfig::new();
        // A broker that is away is no news here.
        client.set("bootstrap.servers", servers).set_log_level(RDKafkaLogLevel::Emerg);
        Ok(Self(client.set("topic.metadata.refresh.interval.ms", "1000").create()?))
    }

    /// The broker that leads a partition.
    pub(crate) fn leader(&self, partition: usize) -> Result<u8> {
        let metadata = self.0.fetch_metadata(Some(TOPIC), ANSWER)?;
        let partitions = metadata.topics().first().map(rdkafka::metadata::MetadataTopic::partitions);
        let found = partitions.into_iter().flatten().find(|found| usize::try_from(found.id()) == Ok(partition));
        Ok(u8::try_from(found.context("no such partition")?.leader())?)
    }

    /// Waits until another broker leads a partition: then all the others know that this one is gone.
    pub(crate) fn is_led_by_another(&self, partition: usize, than: u8) -> Result<()> {
        let deadline = Instant::now() + LIMIT;
        // No answer is none: the one that is gone may have been asked.
        while !self.leader(partition).is_ok_and(|leader| leader != than) {
            ensure!(Instant::now() < deadline, "broker {than} leads partition {partition} still");
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    fn end(&self, partition: i32) -> Option<i64> {
        self.0.fetch_watermarks(TOPIC, partition, ANSWER).ok().map(|(_, end)| end)
    }

    /// Waits until every partition has taken more records than now.
    pub(crate) fn goes_on(&self, doing: &str) -> Result<()> {
        let deadline = Instant::now() + LIMIT;
        for partition in 0..PARTITIONS {
            let mut begun = None;
            loop {
                let end = self.end(partition);
                begun = begun.or(end);
                if end > begun {
                    break;
                }
                ensure!(Instant::now() < deadline, "{doing}: nothing more is published to partition {partition}");
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        Ok(())
    }

    pub(crate) fn records(&self) -> Result<i64> {
        (0..PARTITIONS).map(|partition| Ok(self.0.fetch_watermarks(TOPIC, partition, ANSWER)?.1)).sum()
    }
}
