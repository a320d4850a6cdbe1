//! Three instances of broker.yaml on this machine: each with the files, the scripts, the units and the user data of a real one, under the
//! stand-in of tests/broker/instance.sh. `make deploy-broker` and the other commands work on them as they do on AWS.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use local::{Login, project_root};
use tests::{built, path_with_java};

use crate::secured::free_ports;
use crate::template::{COMMANDS, settings, user_data};
use crate::wire::Wire;

pub(crate) const BROKERS: [u8; 3] = [1, 2, 3];
/// Small, and started soon.
const JAVA: &str = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1";

/// More than a busy machine needs.
const LIMIT: Duration = Duration::from_mins(3);

/// Dropping it ends what runs there.
pub(crate) struct Machines {
    /// What is in there stays, to be looked at, until the next run.
    folder: PathBuf,
    pub(crate) wire: Wire,
    /// Where clients find the brokers.
    clients: Vec<u16>,
    /// Where the test does what an administrator does.
    admins: Vec<u16>,
    /// What Java learnt of Kafka's tools, with which they start in half the time.
    learnt: OnceLock<PathBuf>,
}

impl Machines {
    pub(crate) async fn new(name: &str, kafka: &Path) -> Result<Self> {
        let folder = project_root().join("target/tests").join(name);
        unmount(&folder);
        let _ = fs::remove_dir_all(&folder);
        let path = |of: &str| folder.join(of);
        for of in ["bin", "s3/my-artifacts/tickerlake", "secrets"] {
            fs::create_dir_all(path(of))?;
        }
        let stand_in = project_root().join("tests/broker/instance.sh");
        for command in COMMANDS {
            symlink(&stand_in, path("bin").join(command))?;
        }
        // A broker ends with its producer; this test has one of its own.
        fs::write(path("settings"), settings()?.replace("s3://my-artifacts/tickerlake/producer", ""))?;

        let mut wire = Wire::new();
        let (mut clients, mut controllers, mut admins) = (Vec::new(), Vec::new(), Vec::new());
        for broker in BROKERS {
            let [sasl, replication, controller, admin] = free_ports()?;
            let client = wire.lead_to(broker, sasl).await?;
            let others = wire.lead_to(broker, replication).await?;
            let voters = wire.lead_to(broker, controller).await?;
            let administrators = wire.lead_to(broker, admin).await?;
            let machine = format!(
                "BROKER_PORT={sasl}\nREPLICATION_PORT={replication}\nCONTROLLER_PORT={controller}\n\
                 KAFKA_HEAP=\"-Xms64m -Xmx256m {JAVA}\"\n"
            );
            fs::write(path(&format!("machine.{broker}.env")), machine)?;
            fs::write(
                path(&format!("own.{broker}.properties")),
                own_properties([sasl, replication, controller, admin], [client, others, voters, administrators]),
            )?;
            fs::write(path(&format!("user-data.{broker}")), user_data(broker)?)?;
            clients.push(client);
            controllers.push(voters);
            admins.push(administrators);
        }
        for count in [1, 3] {
            let (servers, voters) = (addresses(&clients[..count]), addresses(&controllers[..count]));
            fs::write(
                path(&format!("addresses.{count}")),
                format!("BOOTSTRAP_SERVERS={servers}\nCONTROLLERS={voters}\nKAFKA_CONSUMER_GROUP=*\n"),
            )?;
        }
        let machines = Self { folder, wire, clients, admins, learnt: OnceLock::new() };
        machines.upload(kafka)?;
        Ok(machines)
    }

    /// Has a broker that is not there yet have a disk of so many MB, if this machine lets us make one.
    pub(crate) fn small_disk(&self, broker: u8, megabytes: u32) -> Result<bool> {
        let volume = self.volume(broker);
        fs::create_dir_all(&volume)?;
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&volume).output()?;
        fs::copy(self.path(&format!("own.{broker}.properties")), volume.join("own.properties"))?;
        Ok(mounted.status.success())
    }

    /// What deploy.sh will upload as Kafka.
    pub(crate) fn upload(&self, kafka: &Path) -> Result<()> {
        let link = self.path("kafka");
        let _ = fs::remove_file(&link);
        Ok(symlink(kafka, link)?)
    }

    pub(crate) fn path(&self, of: &str) -> PathBuf {
        self.folder.join(of)
    }

    pub(crate) fn volume(&self, broker: u8) -> PathBuf {
        self.path(&format!("i-{broker}/var/lib/kafka"))
    }

    pub(crate) fn servers(&self) -> String {
        addresses(&self.clients)
    }

    pub(crate) fn admin_servers(&self) -> String {
        addresses(&self.admins)
    }

    /// As Lambda logs in.
    pub(crate) fn login(&self) -> Result<Login> {
        let secret = |name: &str| fs::read_to_string(self.path("secrets").join(name));
        Ok(Login {
            bootstrap_servers: self.servers(),
            authentication: "SASL_SCRAM_512_AUTH".to_owned(),
            secret: secret("reader")?,
            root_ca: secret("ca")?,
        })
    }

    /// The producer, with the environment that its service on the first instance has.
    pub(crate) fn producer(&self) -> Result<Command> {
        let command = "/opt/tickerlake/broker/as-kafka.sh print-producer-environment.sh /var/lib/kafka/security/ca.pem";
        let printed = self.on(1, command)?;
        let mut producer = Command::new(built("producer"));
        producer.envs(printed.lines().filter_map(|line| line.split_once('=')));
        // Of all, from the beginning.
        producer.env("KAFKA_BOOTSTRAP_SERVERS", self.servers());
        Ok(producer)
    }

    /// `make deploy-broker` with one subnet or three.
    pub(crate) fn deploy(&self, subnets: &str) -> Result<String> {
        let mut deploy = self.command(&project_root().join("broker/deploy.sh"));
        deploy.env("BUCKET", "my-artifacts").env("VPC", "vpc-1").env("SUBNET", subnets);
        deploy.env("KAFKA_FOLDER", self.path("kafka"));
        self.printed(deploy)
    }

    /// Another script of broker/ that works on all machines.
    pub(crate) fn run(&self, script: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Result<String> {
        let mut command = self.command(&project_root().join("broker").join(script));
        command.args(arguments).envs(variables.iter().copied());
        self.printed(command)
    }

    /// Has Java watch one of Kafka's tools: there are many runs of them to come.
    pub(crate) fn learn(&self) -> Result<()> {
        let file = self.path("tools.aot");
        let watched = format!("-Xmx128m {JAVA} -XX:AOTCacheOutput={}", file.display());
        let command = "/opt/tickerlake/broker/as-kafka.sh administrate.sh topics --describe";
        self.run("on-broker.sh", &["1", command], &[("KAFKA_TOOL_HEAP", &watched)])?;
        let _ = self.learnt.set(file);
        Ok(())
    }

    /// A command on the instance of one broker.
    pub(crate) fn on(&self, broker: u8, command: &str) -> Result<String> {
        self.run("on-broker.sh", &[&broker.to_string(), command], &[])
    }

    /// `producer doctor` says this among others.
    pub(crate) fn doctor(&self, verdict: &str, words: &str) -> Result<()> {
        let output = self.producer()?.arg("doctor").output()?;
        let printed = String::from_utf8_lossy(&output.stdout);
        let is_there = printed.lines().any(|line| line.starts_with(verdict) && line.contains(words));
        ensure!(is_there, "no {verdict} with {words:?} in {printed}");
        Ok(())
    }

    fn command(&self, program: &Path) -> Command {
        let mut path = self.path("bin").into_os_string();
        path.push(":");
        path.push(path_with_java());
        let mut command = Command::new(program);
        command.env("PATH", path).env("INSTANCE", &self.folder).env("CLOUD", &self.folder);
        let cached = self.learnt.get().map(|file| format!("-XX:AOTCache={} -Xlog:disable", file.display()));
        let tools = format!("-Xmx128m {JAVA} {}", cached.unwrap_or_default());
        command.env("KAFKA_TOOL_HEAP", tools).current_dir(project_root());
        command
    }

    fn printed(&self, mut command: Command) -> Result<String> {
        let Output { status, stdout, stderr } = command.output()?;
        self.meet();
        let (printed, errors) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        ensure!(status.success(), "{command:?} failed: {printed}{errors}{}", self.boots());
        Ok(printed.into_owned())
    }

    fn boots(&self) -> String {
        let logs = BROKERS.map(|broker| fs::read_to_string(self.path(&format!("i-{broker}/boot.log"))));
        logs.into_iter().flatten().collect()
    }

    /// The wire has to know whose connections are whose.
    pub(crate) fn meet(&self) {
        for broker in BROKERS {
            if let Some(process) = self.process(broker) {
                self.wire.know(broker, process);
            }
        }
    }

    pub(crate) fn process(&self, broker: u8) -> Option<u32> {
        fs::read_to_string(self.path(&format!("i-{broker}/run/kafka"))).ok()?.trim().parse().ok()
    }

    /// `kill -9`.
    pub(crate) fn kill(&self, broker: u8) -> Result<()> {
        let process = self.process(broker).context("no such broker runs")?;
        ensure!(Command::new("kill").args(["-KILL", &process.to_string()]).status()?.success(), "nothing to kill");
        Ok(())
    }

    pub(crate) fn ended(&self, broker: u8) -> bool {
        self.process(broker).is_none_or(|process| {
            let state = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
            state.is_empty() || state.contains(") Z ")
        })
    }

    pub(crate) fn wait_for_end_of(&self, broker: u8) -> Result<()> {
        let deadline = Instant::now() + LIMIT;
        while !self.ended(broker) {
            ensure!(Instant::now() < deadline, "broker {broker} runs on: {}", self.log(broker));
            sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    fn log(&self, broker: u8) -> String {
        fs::read_to_string(self.path(&format!("i-{broker}/kafka.log"))).unwrap_or_default()
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        for broker in BROKERS {
            if let Some(process) = self.process(broker) {
                // It may have ended by itself.
                let _ = Command::new("kill").args(["-KILL", &process.to_string()]).output();
            }
        }
        unmount(&self.folder);
    }
}

/// All small disks of a run.
fn unmount(folder: &Path) {
    for broker in BROKERS {
        let volume = folder.join(format!("i-{broker}/var/lib/kafka"));
        // There may be none.
        let _ = Command::new("umount").arg("--lazy").arg(volume).output();
    }
}

fn addresses(ports: &[u16]) -> String {
    ports.iter().map(|port| format!("127.0.0.1:{port}")).collect::<Vec<_>>().join(",")
}

/// The wire between, a way in for the test, and topics of the broker's own that are small. The broker's time is each record's, so that
/// what lands tells how long publishing stood still.
fn own_properties(
    [sasl, replication, controller, admin]: [u16; 4],
    [client, others, voters, administrators]: [u16; 4],
) -> String {
    format!(
        "\
listeners=CLIENTS://127.0.0.1:{sasl},BROKERS://127.0.0.1:{replication},CONTROLLER://127.0.0.1:{controller},ADMIN://127.0.0.1:{admin}
advertised.listeners=CLIENTS://127.0.0.1:{client},BROKERS://127.0.0.1:{others},CONTROLLER://127.0.0.1:{voters},ADMIN://127.0.0.1:{administrators}
listener.security.protocol.map=CLIENTS:SASL_SSL,BROKERS:SASL_SSL,CONTROLLER:SSL,ADMIN:PLAINTEXT
super.users=User:broker;User:ANONYMOUS
log.message.timestamp.type=LogAppendTime
offsets.topic.num.partitions=1
transaction.state.log.num.partitions=1
num.network.threads=2
num.io.threads=4
log.cleaner.enable=false
"
    )
}
