//! The broker: an Apache Kafka of our own in `KRaft` mode, or one that runs already.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;

use crate::environment;
use crate::layout::{StackFolder, prepared};
use crate::process::Process;
use crate::topic;

const FORMAT_LIMIT: Duration = Duration::from_mins(1);
const START_LIMIT: Duration = Duration::from_secs(90);
const EXTERNAL_LIMIT: Duration = Duration::from_secs(10);
/// 16 bytes in URL-safe base64, as Kafka wants it. Every stack formats a folder of its own, so one name does for all.
const CLUSTER_ID: &str = "dGlja2VybGFrZS1sb2NhbA";

/// Where the broker is, before it is started: others are told while it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BrokerAddress {
    /// Ours, to be started on these ports of 127.0.0.1.
    Own { port: u16, controller_port: u16 },
    /// Somebody else's; only its topics are ours.
    External { bootstrap_servers: String },
}

impl BrokerAddress {
    /// `external` if there is one (the variable `KAFKA_BOOTSTRAP_SERVERS`), else free ports.
    pub(crate) fn choose(external: Option<String>, ports: [u16; 2]) -> Self {
        match external {
            Some(bootstrap_servers) => Self::External { bootstrap_servers },
            None => Self::Own { port: ports[0], controller_port: ports[1] },
        }
    }

    /// An error if an external broker does not answer: to be known before anything starts.
    pub(crate) async fn check(&self) -> Result<()> {
        let Self::External { bootstrap_servers } = self else { return Ok(()) };
        topic::check_broker(bootstrap_servers, EXTERNAL_LIMIT).await.with_context(|| {
            format!(
                "no kafka broker answers at {bootstrap_servers}: check KAFKA_BOOTSTRAP_SERVERS, or unset it to have a \
                 broker started"
            )
        })
    }

    pub(crate) fn bootstrap_servers(&self) -> String {
        match self {
            Self::Own { port, .. } => format!("127.0.0.1:{port}"),
            Self::External { bootstrap_servers } => bootstrap_servers.clone(),
        }
    }
}

/// A broker that answers, unless it was stopped.
#[derive(Debug)]
pub(crate) struct Broker {
    address: BrokerAddress,
    process: Option<Process>,
}

impl Broker {
    /// Starts our own broker in the stack's folder; an external one runs already.
    pub(crate) async fn start(address: BrokerAddress, folder: &StackFolder) -> Result<Self> {
        let process = match address {
            BrokerAddress::Own { port, controller_port } => {
                format_data(port, controller_port, folder).await?;
                Some(serve(port, folder).await?)
            }
            BrokerAddress::External { .. } => None,
        };
        Ok(Self { address, process })
    }

    /// Whether it is ours to stop.
    pub(crate) fn is_own(&self) -> bool {
        matches!(self.address, BrokerAddress::Own { .. })
    }

    /// Ends our own broker; its data stays.
    pub(crate) async fn stop(&mut self) -> Result<()> {
        ensure!(self.is_own(), "the kafka broker is not this stack's to stop: unset KAFKA_BOOTSTRAP_SERVERS");
        let process = self.process.take();
        // It takes a moment to end.
        Ok(spawn_blocking(move || drop(process)).await?)
    }

    /// Starts our own broker again, on the same port and data.
    pub(crate) async fn start_again(&mut self, folder: &StackFolder) -> Result<()> {
        if let (BrokerAddress::Own { port, .. }, None) = (&self.address, &self.process) {
            self.process = Some(serve(*port, folder).await?);
        }
        Ok(())
    }

    /// With the reason if our own broker has ended.
    pub(crate) fn check_running(&mut self) -> Result<()> {
        self.process.as_mut().map_or(Ok(()), Process::check_running)
    }

    pub(crate) fn terminate(&self) {
        if let Some(process) = &self.process {
            process.terminate();
        }
    }
}

async fn format_data(port: u16, controller_port: u16, folder: &StackFolder) -> Result<()> {
    let properties_file = properties_file(folder);
    fs::write(&properties_file, server_properties(port, controller_port))
        .with_context(|| format!("cannot write {}", properties_file.display()))?;

    let mut format = java("kafka.tools.StorageTool", folder);
    format.args(["format", "--cluster-id", CLUSTER_ID, "--config"]).arg(&properties_file);
    Process::start("the formatting of Kafka's data folder", format, folder.log("kafka-format"))?
        .wait_for_success(FORMAT_LIMIT)
        .await
}

async fn serve(port: u16, folder: &StackFolder) -> Result<Process> {
    let mut server = java("kafka.Kafka", folder);
    server.arg(properties_file(folder));
    let mut process = Process::start("Kafka", server, folder.log("kafka"))?;
    let bootstrap_servers = format!("127.0.0.1:{port}");
    process
        .wait_until_ready(START_LIMIT, async || {
            // librdkafka would log every refused connection; the bare one is quiet.
            TcpStream::connect(&bootstrap_servers).await.is_ok() && topic::warm_up(&bootstrap_servers).await.is_ok()
        })
        .await?;
    Ok(process)
}

fn properties_file(folder: &StackFolder) -> PathBuf {
    folder.kafka().join("server.properties")
}

fn java(main_class: &str, folder: &StackFolder) -> Command {
    let mut command = environment::command(prepared::java(), folder);
    command
        .current_dir(folder.kafka())
        .arg("-cp")
        .arg(prepared::kafka_libraries().join("*"))
        // A broker for one topic: start soon and stay small rather than run fast for days.
        .args(["-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
        // No files in /tmp for jps and the like.
        .arg("-XX:-UsePerfData")
        .arg("-Djava.awt.headless=true")
        .arg("-Djava.net.preferIPv4Stack=true")
        .arg(format!("-Djava.io.tmpdir={}", folder.temporary().display()))
        // Without a configuration file log4j writes to standard output: our log file.
        .arg("-Dorg.apache.logging.log4j.level=INFO")
        .arg(main_class);
    command
}

/// One node that is broker and controller, and waits for nobody. Its data is named from the folder in which it is started: in a
/// properties file Java takes letters beyond ASCII for others, and Kafka a comma for the end of the folder's name.
fn server_properties(port: u16, controller_port: u16) -> String {
    format!(
        "\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs=data
auto.create.topics.enable=false
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
num.network.threads=2
num.io.threads=4
log.cleaner.enable=false
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listener_is_on_the_loopback_address() {
        let properties = server_properties(40001, 40002);
        let addresses = properties.split("://").skip(1);
        assert!(addresses.clone().count() >= 3 && addresses.clone().all(|address| address.starts_with("127.0.0.1:")));
        insta::assert_snapshot!(properties);
    }

    #[test]
    fn an_external_broker_is_used_when_it_is_named() {
        let external = BrokerAddress::choose(Some("b1:9092,b2:9092".to_owned()), [1, 2]);
        assert_eq!(external.bootstrap_servers(), "b1:9092,b2:9092");
        let own = BrokerAddress::choose(None, [40001, 40002]);
        assert_eq!(own, BrokerAddress::Own { port: 40001, controller_port: 40002 });
        assert_eq!(own.bootstrap_servers(), "127.0.0.1:40001");
    }
}
