//! A topic, the producer for it, and what is on it.

use std::collections::BTreeMap;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::{Header, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tests::built;

use crate::secured::SecuredBroker;

/// Nothing here takes so long on any machine.
const LIMIT: Duration = Duration::from_mins(3);
const ANSWER: Duration = Duration::from_secs(30);
/// As by itself: a busy machine may keep a producer from its broker for seconds.
const SESSION: [&str; 2] = ["-X", "session.timeout.ms=10000"];

pub(crate) struct Topic {
    pub(crate) name: String,
    /// Where everything is allowed.
    servers: String,
    /// What the producer finds in its environment; that of the service, or no login at all.
    environment: Vec<(String, String)>,
    consumer: BaseConsumer,
}

impl Topic {
    /// The topic of the broker's scripts, with the login and the rights that they give the producer.
    pub(crate) fn of_the_service(broker: &SecuredBroker) -> Result<Topic> {
        let service = broker.producer()?;
        let text = |text: &std::ffi::OsStr| text.to_string_lossy().into_owned();
        let environment = service.get_envs().filter_map(|(name, value)| Some((text(name), text(value?)))).collect();
        Ok(Topic { environment, ..Topic::known(broker, "stock-bars")? })
    }

    pub(crate) async fn make(broker: &SecuredBroker, name: &str, partitions: i32) -> Result<Topic> {
        let topic = Topic::known(broker, name)?;
        let new = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        let results = topic.admin()?.create_topics([&new], &AdminOptions::new()).await?;
        ensure!(results.iter().all(Result::is_ok), "{results:?}");
        // It is made before all of the broker knows of it.
        topic.has_partitions(partitions)?;
        Ok(topic)
    }

    /// Removes it, and makes another of the same name.
    pub(crate) async fn remake(&self) -> Result<()> {
        let partitions = self.partitions()?;
        let new = NewTopic::new(&self.name, partitions, TopicReplication::Fixed(1));
        let (admin, options) = (self.admin()?, AdminOptions::new());
        let removed = admin.delete_topics(&[&self.name], &options).await?;
        ensure!(removed.iter().all(Result::is_ok), "{removed:?}");
        self.has_partitions(0)?;
        let made = admin.create_topics([&new], &options).await?;
        ensure!(made.iter().all(Result::is_ok), "{made:?}");
        self.has_partitions(partitions)
    }

    fn has_partitions(&self, partitions: i32) -> Result<()> {
        let deadline = Instant::now() + LIMIT;
        while self.partitions()? != partitions {
            ensure!(Instant::now() < deadline, "topic {} has no {partitions} partitions", self.name);
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    fn known(broker: &SecuredBroker, name: &str) -> Result<Topic> {
        let servers = broker.admin_servers();
        let consumer = ClientConfig::new()
            .set("bootstrap.servers", &servers)
            .set("group.id", "the-test")
            .set("enable.partition.eof", "true")
            .set("fetch.wait.max.ms", "10")
            // Else each assignment waits for a commit of the one before.
            .set("enable.auto.commit", "false")
            .create()?;
        let environment =
            vec![("KAFKA_BOOTSTRAP_SERVERS".to_owned(), servers.clone()), ("KAFKA_TOPIC".to_owned(), name.to_owned())];
        Ok(Topic { name: name.to_owned(), servers, environment, consumer })
    }

    pub(crate) fn producer(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(built("producer"));
        command
            .env_clear()
            .envs(self.environment.iter().filter(|(name, _)| !name.starts_with("PRODUCER_")).cloned())
            .args(SESSION)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn admin(&self) -> Result<AdminClient<DefaultClientContext>> {
        Ok(ClientConfig::new().set("bootstrap.servers", &self.servers).create()?)
    }

    fn partitions(&self) -> Result<i32> {
        let metadata = self.consumer.fetch_metadata(Some(&self.name), ANSWER)?;
        Ok(i32::try_from(metadata.topics()[0].partitions().len())?)
    }

    /// How many records have been appended.
    pub(crate) fn records(&self) -> Result<i64> {
        (0..self.partitions()?)
            .map(|partition| Ok(self.consumer.fetch_watermarks(&self.name, partition, ANSWER)?.1))
            .sum()
    }

    /// Waits for so many records, or for the end of who was to send them.
    pub(crate) fn wait_for(&self, records: i64, child: &mut Child) -> Result<()> {
        let deadline = Instant::now() + LIMIT;
        while self.records()? < records {
            ensure!(Instant::now() < deadline, "{} of {records} records came", self.records()?);
            if child.try_wait()?.is_some() && self.records()? < records {
                let mut said = String::new();
                std::io::Read::read_to_string(child.stderr.as_mut().unwrap(), &mut said)?;
                bail!("the producer ended before {records} records: {said}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Of each row its number, partition by partition. What others have sent has no value.
    fn numbers(&self) -> Result<Vec<Vec<usize>>> {
        let mut all = Vec::new();
        for partition in 0..self.partitions()? {
            let mut assignment = TopicPartitionList::new();
            assignment.add_partition_offset(&self.name, partition, Offset::Beginning)?;
            self.consumer.assign(&assignment)?;
            let mut numbers = Vec::new();
            loop {
                match self.consumer.poll(ANSWER) {
                    Some(Ok(message)) => {
                        let Some(value) = message.payload() else { continue };
                        let bar: serde_json::Value = serde_json::from_slice(value)?;
                        #[expect(
                            clippy::cast_possible_truncation,
                            clippy::cast_sign_loss,
                            reason = "it was written as a whole number"
                        )]
                        numbers.push(bar["Volume"].as_f64().unwrap() as usize);
                    }
                    Some(Err(rdkafka::error::KafkaError::PartitionEOF(_))) => break,
                    Some(Err(error)) => return Err(error.into()),
                    None => bail!("partition {partition} of {} is silent", self.name),
                }
            }
            all.push(numbers);
        }
        Ok(all)
    }

    /// All rows from 0 to `count`, each once, and those of a partition in the order of each file.
    pub(crate) fn has_each_once(&self, count: usize) -> Result<()> {
        let mut times: BTreeMap<usize, usize> = BTreeMap::new();
        for number in self.numbers()?.into_iter().flatten() {
            *times.entry(number).or_default() += 1;
        }
        let missing: Vec<usize> = (0..count).filter(|number| !times.contains_key(number)).take(10).collect();
        let twice: Vec<_> = times.iter().filter(|(_, times)| **times > 1).take(10).collect();
        ensure!(missing.is_empty() && twice.is_empty(), "missing: {missing:?}, more than once: {twice:?}");
        assert_eq!(times.len(), count);
        Ok(())
    }

    /// Records that no producer with `--resume` sent, in every partition.
    pub(crate) fn add_foreign(&self, of_each: usize) -> Result<()> {
        let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", &self.servers).create()?;
        for partition in 0..self.partitions()? {
            for _ in 0..of_each {
                let record = BaseRecord::<str, [u8]>::to(&self.name).partition(partition).key("of another");
                producer.send(record).map_err(|(error, _)| error)?;
            }
        }
        Ok(producer.flush(ANSWER)?)
    }

    /// Records without a value, with such headers, in every partition.
    pub(crate) fn add_headers(&self, places: &[&str]) -> Result<()> {
        let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", &self.servers).create()?;
        for partition in 0..self.partitions()? {
            for place in places {
                let headers = OwnedHeaders::new().insert(Header { key: "place", value: Some(*place) });
                let record =
                    BaseRecord::<str, [u8]>::to(&self.name).partition(partition).key("of another").headers(headers);
                producer.send(record).map_err(|(error, _)| error)?;
            }
        }
        Ok(producer.flush(ANSWER)?)
    }

    pub(crate) async fn widen(&self, partitions: usize) -> Result<()> {
        let results = self
            .admin()?
            .create_partitions([&NewPartitions::new(&self.name, partitions)], &AdminOptions::new())
            .await?;
        ensure!(results.iter().all(Result::is_ok), "{results:?}");
        self.has_partitions(i32::try_from(partitions)?)
    }

    /// As retention does.
    pub(crate) async fn delete_records(&self) -> Result<()> {
        let mut ends = TopicPartitionList::new();
        for partition in 0..self.partitions()? {
            ends.add_partition_offset(&self.name, partition, Offset::End)?;
        }
        self.admin()?.delete_records(&ends, &AdminOptions::new()).await?;
        Ok(())
    }
}

pub(crate) fn terminate(child: &Child) -> Result<()> {
    signal(child, "TERM")
}

pub(crate) fn signal(child: &Child, name: &str) -> Result<()> {
    let status = Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status()?;
    ensure!(status.success(), "cannot send SIG{name}");
    Ok(())
}

/// Waits for a producer that is to end by itself; returns its exit code.
pub(crate) fn wait_for_end(child: &mut Child) -> Result<Option<i32>> {
    let deadline = Instant::now() + LIMIT;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            return Ok(status.code());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    child.kill()?;
    bail!("the producer does not end")
}

/// The end line without its times.
pub(crate) fn sums(output: &Output) -> String {
    let stdout = String::from_utf8_lossy(&output.stdout);
    stdout.rsplitn(3, ',').last().unwrap_or_default().to_owned()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
