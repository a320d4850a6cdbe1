//! A whole local stack: started, used, ended.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::aws::{Aws, Row};
use crate::broker::{Broker, BrokerAddress};
use crate::deploy::{self, Outputs};
use crate::emulator::{self, Emulator};
use crate::event_source::{self, Backoff, EventSource, Mapping};
use crate::layout::{StackFolder, stack_folder};
use crate::login::{Login, StoredLogin};
use crate::{compact, ports, topic};

const LOGIN_LIMIT: Duration = Duration::from_secs(15);

/// What a stack is to be.
#[derive(Debug, Clone)]
pub struct StackOptions {
    /// Its folder, for data, logs and copies; what is in there from an earlier stack is removed.
    pub folder: PathBuf,
    /// The topic, made if it is not there.
    pub topic: String,
    /// Kafka partitions of a topic that is made.
    pub partitions: i32,
    /// A broker that runs already (`host:port,host:port`); without one, a broker is started.
    pub bootstrap_servers: Option<String>,
    /// How the event source logs in to that broker, if it is not to use the plaintext listener of `bootstrap_servers`.
    pub login: Option<Login>,
    /// Whether the topic is deleted with the stack, if the stack made it.
    pub delete_topic: bool,
    /// Parameters of the template, by name, that are to differ from those of every local stack.
    pub parameters: Vec<(&'static str, &'static str)>,
    /// Retries before the event source gives up an event; without a number, those of the deployed mapping.
    pub retries: Option<u32>,
    /// How long the event source waits before it delivers a failed event again.
    pub backoff: Backoff,
}

impl StackOptions {
    /// A stack in `target/local`: on the broker that `KAFKA_BOOTSTRAP_SERVERS` names or on one of its own, with the
    /// topic that `KAFKA_TOPIC` names or `stock-bars`, of four partitions.
    pub fn from_environment() -> Self {
        let variable = |name: &str| env::var(name).ok().filter(|value| !value.trim().is_empty());
        Self {
            folder: stack_folder(None),
            topic: variable("KAFKA_TOPIC").unwrap_or_else(|| "stock-bars".to_owned()),
            partitions: 4,
            bootstrap_servers: variable("KAFKA_BOOTSTRAP_SERVERS"),
            login: None,
            delete_topic: false,
            parameters: Vec::new(),
            retries: None,
            backoff: Backoff::default(),
        }
    }
}

/// A running stack: the broker, the emulator with the deployed template, the Kafka event source.
///
/// Dropping it ends every process it started. [`Stack::stop`] does that in order and says what went wrong.
#[derive(Debug)]
pub struct Stack {
    // In the order in which they must end.
    event_source: Option<EventSource>,
    emulator: Emulator,
    broker: Broker,
    folder: StackFolder,
    aws: Aws,
    outputs: Outputs,
    endpoint: String,
    bootstrap_servers: String,
    login: Option<StoredLogin>,
    topic: String,
    delete_topic: bool,
    retries: Option<u32>,
    backoff: Backoff,
}

impl Stack {
    /// Starts everything, side by side where nothing waits for another.
    ///
    /// # Errors
    /// Something is missing, or a part did not start: with the part's name and the end of its log.
    pub async fn start(options: StackOptions) -> Result<Self> {
        Self::start_telling(options, |_| ()).await
    }

    /// As [`Stack::start`], and says what has been reached.
    pub async fn start_telling(options: StackOptions, tell: impl Fn(&str)) -> Result<Self> {
        deploy::check_prepared(options.bootstrap_servers.is_none())?;
        let folder = StackFolder::take(&options.folder)?;
        let [broker_port, controller_port, emulator_port] = ports::free().context("no free port on 127.0.0.1")?;
        let address = BrokerAddress::choose(options.bootstrap_servers, [broker_port, controller_port]);
        address.check().await?;
        let bootstrap_servers = address.bootstrap_servers();
        let endpoint = emulator::endpoint(emulator_port);
        let aws = Aws::at(&endpoint);

        let kafka = async {
            let broker = Broker::start(address, &folder).await?;
            let made = topic::create(&bootstrap_servers, &options.topic, options.partitions).await?;
            tell(&format!("Kafka answers at {bootstrap_servers}"));
            anyhow::Ok((broker, made))
        };
        let deployed = async {
            let emulator = Emulator::start(emulator_port, &aws, &folder).await?;
            tell(&format!("the AWS emulator answers at {endpoint}"));
            let login = match &options.login {
                Some(login) => Some(login.store(&aws).await?),
                None => None,
            };
            let (login_used, changed) = (login.as_ref(), &options.parameters);
            let (servers, topic) = (&bootstrap_servers, &options.topic);
            let outputs =
                deploy::deploy(deploy::STACK_NAME, &endpoint, servers, topic, login_used, &folder, changed).await?;
            // The views, as after `make deploy`.
            compact::run(&aws, &outputs.compact_function, None).await?;
            tell("template.yaml is deployed");
            anyhow::Ok((emulator, login, outputs))
        };
        let ((broker, topic_made), (emulator, login, outputs)) = tokio::try_join!(kafka, deployed)?;

        let mut stack = Self {
            event_source: None,
            emulator,
            broker,
            folder,
            aws,
            outputs,
            endpoint,
            bootstrap_servers,
            login,
            topic: options.topic,
            delete_topic: options.delete_topic && topic_made,
            retries: options.retries,
            backoff: options.backoff,
        };
        stack.resume_event_source().await?;
        Ok(stack)
    }

    /// The event source, unless it is paused.
    ///
    /// # Errors
    /// It is paused.
    pub fn event_source(&self) -> Result<&EventSource> {
        self.event_source.as_ref().context("the kafka event source is paused")
    }

    /// Stops the event source: records wait on the topic.
    pub async fn pause_event_source(&mut self) -> Result<()> {
        match self.event_source.take() {
            Some(event_source) => event_source.stop().await,
            None => Ok(()),
        }
    }

    /// Starts the event source where the last one committed, with the mapping as it is deployed now.
    pub async fn resume_event_source(&mut self) -> Result<()> {
        let mut mapping = self.mapping().await?;
        mapping.backoff = self.backoff;
        mapping.retries = self.retries.or(mapping.retries);
        event_source::check(&mapping, LOGIN_LIMIT).await?;
        let log = self.folder.log("event-source");
        self.event_source = Some(EventSource::start(mapping, &self.aws, &log)?);
        Ok(())
    }

    async fn mapping(&self) -> Result<Mapping> {
        let login = self.login.as_ref();
        let servers = login.map_or(&self.bootstrap_servers, |login| &login.bootstrap_servers);
        let access = login.map(StoredLogin::configurations).unwrap_or_default();
        Mapping::of(&self.outputs.ingest_function, &self.aws, servers, &self.topic, &access).await
    }

    /// Deploys the template over what is deployed, with other values of these parameters, while the event source goes on; then
    /// the event source follows the new mapping, as Lambda's does.
    pub async fn redeploy(&mut self, changed: &[(&str, &str)]) -> Result<()> {
        let before = self.mapping().await?;
        let (endpoint, servers, login) = (&self.endpoint, &self.bootstrap_servers, self.login.as_ref());
        let (name, topic) = (deploy::STACK_NAME, &self.topic);
        self.outputs = deploy::deploy(name, endpoint, servers, topic, login, &self.folder, changed).await?;
        compact::run(&self.aws, &self.outputs.compact_function, None).await?;
        before.restore_numbers(&self.aws, changed).await?;
        self.pause_event_source().await?;
        self.resume_event_source().await
    }

    /// Deletes the topic with its records, and makes it anew: its offsets begin at 0 again.
    pub async fn renew_topic(&mut self, partitions: i32) -> Result<()> {
        self.pause_event_source().await?;
        topic::delete(&self.bootstrap_servers, &self.topic).await?;
        let made = topic::create(&self.bootstrap_servers, &self.topic, partitions).await?;
        ensure!(made, "the topic {} was deleted, and is still there", self.topic);
        self.resume_event_source().await
    }

    /// Whether the broker is the stack's own, to be stopped and started.
    pub fn owns_broker(&self) -> bool {
        self.broker.is_own()
    }

    /// Ends the stack's own broker, whose data stays.
    ///
    /// # Errors
    /// The broker is not the stack's own.
    pub async fn stop_broker(&mut self) -> Result<()> {
        self.broker.stop().await
    }

    /// Starts the broker that was stopped, at the same address and with what it held.
    pub async fn start_broker(&mut self) -> Result<()> {
        self.broker.start_again(&self.folder).await
    }

    /// Clients of the emulator's services.
    pub fn aws(&self) -> &Aws {
        &self.aws
    }

    /// Address of the emulator, for every AWS service.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What the deployed stack is called where.
    pub fn outputs(&self) -> &Outputs {
        &self.outputs
    }

    /// Addresses of the broker.
    pub fn bootstrap_servers(&self) -> &str {
        &self.bootstrap_servers
    }

    /// The topic that the event source reads.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Where the stack keeps its logs and data.
    pub fn folder(&self) -> &StackFolder {
        &self.folder
    }

    /// Rows of a SELECT over the lake, in the deployed workgroup and database.
    pub async fn athena_query(&self, sql: &str) -> Result<Vec<Row>> {
        self.aws.query(&self.outputs.workgroup, &self.outputs.database, sql).await
    }

    /// Environment of a program that is to use this stack.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        use crate::aws::{ACCESS_KEY, REGION, SECRET_KEY};
        [
            ("AWS_ENDPOINT_URL", self.endpoint.as_str()),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
            ("AWS_REGION", REGION),
            ("AWS_DEFAULT_REGION", REGION),
            ("LAKE_BUCKET", &self.outputs.lake_bucket),
            ("GENERATION", "1"),
            ("GLUE_DATABASE", &self.outputs.database),
            ("ATHENA_WORKGROUP", &self.outputs.workgroup),
            ("CRAWLER_NAME", &self.outputs.crawler),
            ("GLUE_DATABASE", &self.outputs.database),
            ("RAW_RETENTION_DAYS", "7"),
            ("COMPACT_FUNCTION", &self.outputs.compact_function),
            ("INGEST_FUNCTION", &self.outputs.ingest_function),
            ("FAILED_EVENTS_BUCKET", &self.outputs.failed_events_bucket),
            ("KAFKA_BOOTSTRAP_SERVERS", &self.bootstrap_servers),
            ("KAFKA_TOPIC", &self.topic),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .to_vec()
    }

    /// Writes [`Stack::environment`] as `KEY=VALUE` lines, for `cargo lambda watch --env-file` and `set -a; . FILE`.
    pub fn write_environment_file(&self) -> Result<PathBuf> {
        let file = self.folder.environment_file();
        fs::write(&file, environment_lines(&self.environment()))
            .with_context(|| format!("cannot write {}", file.display()))?;
        Ok(file)
    }

    /// An error if a part has ended by itself.
    pub fn check_running(&mut self) -> Result<()> {
        self.broker.check_running()?;
        self.emulator.check_running()
    }

    /// Ends the stack in order.
    pub async fn stop(mut self) -> Result<()> {
        self.pause_event_source().await?;
        if self.delete_topic {
            self.delete_topic = false;
            topic::delete(&self.bootstrap_servers, &self.topic).await?;
        }
        Ok(())
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.event_source = None;
        // Both at once: then dropping them, one after the other, waits once.
        self.emulator.terminate();
        self.broker.terminate();
    }
}

fn environment_lines(environment: &[(&str, String)]) -> String {
    let lines: Vec<String> = environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_file_has_one_variable_a_line() {
        let variables =
            [("AWS_REGION", "us-east-1".to_owned()), ("KAFKA_BOOTSTRAP_SERVERS", "b1:9092,b2:9092".to_owned())];
        assert_eq!(environment_lines(&variables), "AWS_REGION=us-east-1\nKAFKA_BOOTSTRAP_SERVERS=b1:9092,b2:9092\n");
    }
}
