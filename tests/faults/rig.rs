//! What the tests work on: a local stack whose `ingest` reaches S3 through the proxy, and the account of what was published.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use futures::future::try_join_all;
use local::{Stack, StackOptions};
use rdkafka::ClientConfig;
use rdkafka::producer::{FutureProducer, FutureRecord};
use tests::{integrity, land, stack_options};
use tokio::task::JoinHandle;

use crate::function;
use crate::plan::{Rule, listed};
use crate::proxy::{Held, Proxy};
use crate::records::{self, Published};

/// Kafka partitions of the deployed topic: one for each fault, and one for each that lasts. Faults at different partitions do not
/// meet; and the function lands this many side by side.
pub(crate) const PARTITIONS: i32 = 14;
/// The function's time. It leaves room for an answer, so that some three seconds are for tries: less than the faults in a row take
/// here, so that the event fails, and is delivered again.
const TIMEOUT_S: i32 = 5;
/// The function's time where a test holds its calls.
const LONG_TIMEOUT_S: i32 = 60;
const DELIVERIES: usize = 10;

pub(crate) struct Rig {
    pub(crate) stack: Stack,
    pub(crate) proxy: Proxy,
    producer: FutureProducer,
    published: Published,
    started: Instant,
}

impl Rig {
    pub(crate) async fn start(name: &str) -> Result<Self> {
        let stack = Stack::start(StackOptions { partitions: PARTITIONS, ..stack_options(name) }).await?;
        let server: SocketAddr = stack.endpoint().trim_start_matches("http://").parse()?;
        let producer = ClientConfig::new()
            .set("bootstrap.servers", stack.bootstrap_servers())
            .set("enable.idempotence", "true")
            .create()?;
        let proxy = Proxy::start(server).await?;
        let rig = Self { stack, proxy, producer, published: Published::new(), started: Instant::now() };
        Ok(rig)
    }

    /// The next invocation finds a process that knows nothing yet, and has little time.
    pub(crate) async fn restart_function(&self) -> Result<()> {
        function::configure(&self.stack, self.proxy.address(), TIMEOUT_S).await
    }

    /// The next invocation finds a process that knows nothing yet, and has all the time that a test takes.
    pub(crate) async fn restart_patient_function(&self) -> Result<()> {
        function::configure(&self.stack, self.proxy.address(), LONG_TIMEOUT_S).await
    }

    /// Publishes so many records to each partition of the deployed topic.
    pub(crate) async fn publish(&mut self, records: i64) -> Result<()> {
        self.hand_over(records)?.await
    }

    /// Hands records for each partition to the producer; what is returned waits until the broker has them.
    pub(crate) fn hand_over(&mut self, records: i64) -> Result<impl Future<Output = Result<()>> + use<>> {
        let topic = self.stack.topic().to_owned();
        let mut sent = Vec::new();
        for partition in 0..PARTITIONS {
            let next = self.published.entry((topic.clone(), partition)).or_default();
            for offset in *next..*next + records {
                let value = records::value(offset);
                let record = FutureRecord::to(&topic).partition(partition).key("HSI").payload(&value);
                sent.push(self.producer.send_result(record).map_err(|(error, _)| error)?);
            }
            *next += records;
        }
        Ok(async move {
            let acknowledged = try_join_all(sent).await?;
            acknowledged.into_iter().try_for_each(|record| record.map(drop).map_err(|(error, _)| error.into()))
        })
    }

    /// Enters into the account what a test delivers itself: offsets from 0 to `records` of each of its topic's partitions.
    pub(crate) fn note_published(&mut self, topic: &str, partitions: i32, records: i64) {
        for partition in 0..partitions {
            self.published.insert((topic.to_owned(), partition), records);
        }
    }

    /// Invokes the function once, at once, and beside whatever else runs.
    pub(crate) fn invoke(&self, event: Vec<u8>) -> JoinHandle<Result<()>> {
        let (aws, function) = (self.stack.aws().clone(), self.stack.outputs().ingest_function.clone());
        tokio::spawn(async move { aws.invoke(&function, event).await.map(drop) })
    }

    /// Delivers an event as Lambda does: until it is acknowledged.
    pub(crate) async fn deliver(&self, event: &[u8]) -> Result<()> {
        let mut failures = String::new();
        for _ in 0..DELIVERIES {
            match self.invoke(event.to_vec()).await? {
                Ok(()) => return Ok(()),
                Err(error) => failures = format!("{failures}\n  {error:#}"),
            }
        }
        bail!("{DELIVERIES} deliveries failed:{failures}{}", self.trace())
    }

    /// The next calls that are held, so many.
    pub(crate) async fn held(&mut self, calls: usize) -> Result<Vec<Held>> {
        let mut held = Vec::new();
        while held.len() < calls {
            held.push(self.proxy.held().await?);
        }
        Ok(held)
    }

    /// `kill -9` of the process that made these calls.
    pub(crate) fn kill(&self, held: &[Held]) -> Result<()> {
        function::kill(held.first().context("no call is held")?.client, self.proxy.address())
    }

    /// Waits until all is acknowledged that is on the deployed topic, and checks the lake.
    pub(crate) async fn settle(&self, what: &str) -> Result<()> {
        land(&self.stack).await.with_context(|| format!("{what}{}", self.trace()))?;
        self.check(what).await
    }

    /// Every published record is in the lake, once, and nothing else is; each planned fault has happened.
    #[expect(clippy::print_stdout, reason = "cargo shows it of a test that fails: how far it came")]
    pub(crate) async fn check(&self, what: &str) -> Result<()> {
        let landed: Vec<String> = integrity(&self.stack).await?.partitions.iter().map(records::landed).collect();
        let expected = records::expected(&self.published);
        if landed != expected {
            let only = |these: &[String], those: &[String]| listed(these.iter().filter(|line| !those.contains(line)));
            bail!(
                "{what}: published:{}\nlanded:{}{}",
                only(&expected, &landed),
                only(&landed, &expected),
                self.trace()
            );
        }
        if let Some(rule) = self.proxy.rules().iter().find(|rule| rule.happened() == 0) {
            bail!("{what}: did not happen: {rule}{}", self.trace());
        }
        println!("{:6.1} s  {what}", self.started.elapsed().as_secs_f64());
        Ok(())
    }

    /// A topic that exists in the events of one test only.
    pub(crate) fn topic(&self, name: &str) -> String {
        format!("{}.{name}", self.stack.topic())
    }

    pub(crate) fn plan(&self, topic: &str, rules: Vec<Rule>) {
        self.proxy.plan(topic, rules);
    }

    /// What was planned, and what was called since: in an error's text.
    fn trace(&self) -> String {
        format!("\nplan:{}\ncalls:{}", listed(self.proxy.rules()), listed(self.proxy.calls()))
    }
}
