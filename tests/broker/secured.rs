//! A broker made by the scripts of `broker/`, as install.sh makes it on an instance; with two more ways in, that others' brokers have:
//! SASL/PLAIN, and a listener that asks for a client's certificate.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use local::project_root;
use tests::{built, path_with_java};

const START_LIMIT: Duration = Duration::from_secs(90);
const KEY_PASSWORD: &str = "only for this test";

/// A running broker. Dropping it kills it.
pub(crate) struct SecuredBroker {
    folder: PathBuf,
    environment: Vec<(&'static str, String)>,
    ports: Ports,
    pub(crate) server: Option<Child>,
}

struct Ports {
    sasl: u16,
    mutual: u16,
    admin: u16,
    replication: u16,
    controller: u16,
}

impl SecuredBroker {
    /// Settings only: nothing is made yet.
    pub(crate) fn prepare(folder: &Path, topic: &str) -> Result<Self> {
        let [sasl, mutual, admin, replication, controller] = free_ports()?;
        let environment = vec![
            ("BROKER_FOLDER", folder.display().to_string()),
            ("KAFKA_LIBS", project_root().join("target/kafka/libs").display().to_string()),
            ("BROKER_HOSTS", "127.0.0.1".to_owned()),
            ("BROKER_PORT", sasl.to_string()),
            ("REPLICATION_PORT", replication.to_string()),
            ("CONTROLLER_PORT", controller.to_string()),
            ("SASL_MECHANISMS", "SCRAM-SHA-512,SCRAM-SHA-256,PLAIN".to_owned()),
            ("KAFKA_TOPIC", topic.to_owned()),
            // The emulator drops the mapping's group, so nobody knows its name beforehand.
            ("KAFKA_CONSUMER_GROUP", "*".to_owned()),
        ];
        let ports = Ports { sasl, mutual, admin, replication, controller };
        Ok(Self { folder: folder.to_owned(), environment, ports, server: None })
    }

    /// Everything that install.sh does but packages, volume, Secrets Manager and systemd.
    pub(crate) fn start(folder: &Path, topic: &str) -> Result<Self> {
        let mut broker = Self::prepare(folder, topic)?;
        // Twice: what is there must stay.
        for _ in 0..2 {
            broker.run("make-keyring.sh", &[])?;
            broker.run("make-certificate.sh", &["broker", "127.0.0.1"])?;
            broker.run("make-certificate.sh", &["lake"])?;
        }
        broker.open_other_ways_in()?;
        broker.run("write-server-properties.sh", &[])?;
        broker.run("format-storage.sh", &[])?;
        broker.serve()?;
        broker.run("make-topic.sh", &[])?;
        Ok(broker)
    }

    /// The listener with a password.
    pub(crate) fn sasl_servers(&self) -> String {
        format!("127.0.0.1:{}", self.ports.sasl)
    }

    /// The listener with a client's certificate.
    pub(crate) fn mutual_servers(&self) -> String {
        format!("127.0.0.1:{}", self.ports.mutual)
    }

    /// A plaintext listener for whoever sets something up here, who may do anything.
    pub(crate) fn admin_servers(&self) -> String {
        format!("127.0.0.1:{}", self.ports.admin)
    }

    /// `{"certificate": …}` of the authority.
    pub(crate) fn ca_secret(&self) -> Result<String> {
        self.run("print-secret.sh", &["ca"])
    }

    /// `{"username": …, "password": …}` of Lambda's user.
    pub(crate) fn login_secret(&self) -> Result<String> {
        self.run("print-secret.sh", &["login", "lake"])
    }

    /// `{"certificate": …, "privateKey": …, "privateKeyPassword": …}` of Lambda's user; the key is encrypted, as PKCS #8.
    pub(crate) fn certificate_secret(&self) -> Result<String> {
        let encrypted = Command::new("openssl")
            .args(["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout"])
            .arg(format!("pass:{KEY_PASSWORD}"))
            .arg("-in")
            .arg(self.security("lake.key"))
            .output()?;
        ensure!(encrypted.status.success(), "openssl cannot encrypt the key of the client");
        let certificate = fs::read_to_string(self.security("lake.crt"))?;
        let key = String::from_utf8(encrypted.stdout)?;
        let secret = serde_json::json!({
            "certificate": certificate, "privateKey": key, "privateKeyPassword": KEY_PASSWORD
        });
        Ok(secret.to_string())
    }

    /// The producer, with the environment that its service on the instance has.
    pub(crate) fn producer(&self) -> Result<Command> {
        let ca = self.security("ca.pem");
        let printed = self.run("print-producer-environment.sh", &[&ca.to_string_lossy()])?;
        let source = fs::read_to_string(project_root().join("broker/producer.env"))?;
        let lines = printed.lines().chain(source.lines()).filter(|line| !line.starts_with('#'));
        let mut producer = Command::new(built("producer"));
        producer.envs(lines.filter_map(|line| line.split_once('='))).env("PRODUCER_RATE", "0");
        Ok(producer)
    }

    fn open_other_ways_in(&self) -> Result<()> {
        let Ports { sasl, mutual, admin, replication, controller } = self.ports;
        let password = |user: &str| fs::read_to_string(self.security(&format!("{user}.password")));
        let more = format!(
            "\
listeners=BROKERS://127.0.0.1:{replication},CLIENTS://127.0.0.1:{sasl},MUTUAL://127.0.0.1:{mutual},ADMIN://127.0.0.1:{admin},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=BROKERS://127.0.0.1:{replication},CONTROLLER://127.0.0.1:{controller},CLIENTS://127.0.0.1:{sasl},MUTUAL://127.0.0.1:{mutual},ADMIN://127.0.0.1:{admin}
listener.security.protocol.map=CLIENTS:SASL_SSL,BROKERS:SASL_SSL,MUTUAL:SSL,ADMIN:PLAINTEXT,CONTROLLER:SSL
super.users=User:broker;User:ANONYMOUS
listener.name.mutual.ssl.client.auth=required
listener.name.clients.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
user_lake=\"{}\" user_producer=\"{}\";
",
            password("lake")?.trim_end(),
            password("producer")?.trim_end(),
        );
        fs::write(self.folder.join("own.properties"), more)?;
        Ok(())
    }

    fn serve(&mut self) -> Result<()> {
        let log_file = self.folder.join("kafka.log");
        let log = fs::File::create(&log_file)?;
        let mut server = self.script("kafka.sh");
        server.arg("server").arg(self.folder.join("server.properties")).stdout(log.try_clone()?).stderr(log);
        let server = self.server.insert(server.stdin(Stdio::null()).spawn().context("cannot start the broker")?);

        let deadline = Instant::now() + START_LIMIT;
        while !fs::read_to_string(&log_file)?.contains("Kafka Server started") {
            let ended = server.try_wait()?;
            ensure!(ended.is_none(), "the broker ended: {}", fs::read_to_string(&log_file)?);
            ensure!(Instant::now() < deadline, "the broker did not start: {}", fs::read_to_string(&log_file)?);
            std::thread::sleep(Duration::from_millis(50));
        }
        TcpStream::connect(self.sasl_servers())?;
        Ok(())
    }

    /// What a script prints.
    pub(crate) fn run(&self, script: &str, arguments: &[&str]) -> Result<String> {
        let output = self.script(script).args(arguments).output().with_context(|| format!("cannot run {script}"))?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "broker/{script} failed: {errors}");
        Ok(String::from_utf8(output.stdout)?)
    }

    fn script(&self, name: &str) -> Command {
        let mut command = Command::new(project_root().join("broker").join(name));
        command.env("PATH", path_with_java()).envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// A file among keys, certificates and passwords.
    pub(crate) fn security(&self, file: &str) -> PathBuf {
        self.folder.join("security").join(file)
    }
}

impl Drop for SecuredBroker {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            // It may have ended by itself.
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

/// Ports that are free, and stay so while what listens on them restarts.
pub(crate) fn free_ports<const COUNT: usize>() -> Result<[u16; COUNT]> {
    /// Linux takes those of outgoing connections from 32,768 on.
    const FIRST: u32 = 10_000;
    const COUNT_OF_ALL: u32 = 22_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Each process looks elsewhere, and no call where another one has looked.
    let elsewhere = process::id().wrapping_mul(7919);
    let mut ports = [0; COUNT];
    for port in &mut ports {
        let free = (0..COUNT_OF_ALL).find_map(|_| {
            let place = elsewhere.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT_OF_ALL;
            let candidate = u16::try_from(FIRST + place).ok()?;
            TcpListener::bind((Ipv4Addr::LOCALHOST, candidate)).is_ok().then_some(candidate)
        });
        *port = free.context("no free port")?;
    }
    Ok(ports)
}
