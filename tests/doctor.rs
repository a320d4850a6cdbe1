//! `producer doctor` and `make doctor`, on real brokers: what is well is said to be, what is not is named, and no password is printed.

#[expect(dead_code, reason = "the test of the broker asks more of it")]
#[path = "broker/secured.rs"]
mod secured;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use local::project_root;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use secured::SecuredBroker;
use tests::{built, path_with_java};

const TOPIC: &str = "stock-bars";
const START_LIMIT: Duration = Duration::from_secs(90);

/// One broker for all that is asked of it: starting takes seconds.
#[tokio::test]
async fn the_doctor_tells_what_is_well_and_what_is_not() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let broker = SecuredBroker::start(folder.path(), TOPIC)?;
    a_good_login_is_well(&broker)?;
    settings_are_judged_where_the_user_may_see_them(&broker)?;
    a_wrong_password_is_told_from_the_network(&broker)?;
    a_certificate_that_is_not_trusted_is_named_with_its_ca(&broker)?;
    a_client_without_a_certificate_is_told_that_it_needs_one(&broker, &folder.path().join("security/ca.pem"))?;
    a_listener_of_another_kind_is_told(&broker)?;
    topics_that_do_not_fit_are_told(&broker).await?;

    let asking = broker.producer()?;
    let typed = broker.sasl_servers();
    drop(broker);
    an_advertised_address_that_nobody_reaches_is_told(folder.path(), asking, &typed)
}

/// The same broker again, which sends its clients elsewhere.
fn an_advertised_address_that_nobody_reaches_is_told(folder: &Path, mut asking: Command, typed: &str) -> Result<()> {
    let properties = folder.join("server.properties");
    let text = fs::read_to_string(&properties)?;
    let listeners = text.lines().rev().find_map(|line| line.strip_prefix("advertised.listeners=")).unwrap_or_default();
    let kept =
        listeners.split(',').filter(|listener| !listener.starts_with("CLIENTS") && !listener.starts_with("MUTUAL"));
    let rest = kept.collect::<Vec<_>>().join(",");
    let elsewhere =
        format!("advertised.listeners=CLIENTS://no-such-host.invalid:9096,MUTUAL://10.255.255.1:9097,{rest}\n");
    fs::write(&properties, text + &elsewhere)?;
    let log = fs::File::create(folder.join("again.log"))?;
    let server = Command::new(project_root().join("broker/kafka.sh"))
        .arg("server")
        .arg(&properties)
        .env("PATH", path_with_java())
        .env("BROKER_FOLDER", folder)
        .env("KAFKA_LIBS", project_root().join("target/kafka/libs"))
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()?;
    let _ends_with_the_test = Ends(server);
    let deadline = Instant::now() + START_LIMIT;
    while !fs::read_to_string(folder.join("again.log"))?.contains("Kafka Server started") {
        ensure!(Instant::now() < deadline, "{}", fs::read_to_string(folder.join("again.log"))?);
        sleep(Duration::from_millis(50));
    }

    let found = examine(asking.arg("doctor"))?;
    found.assert(1, "ok", &format!("{typed} answers"));
    // Whether librdkafka tells where it was sent, or goes there first itself and fails.
    found.assert(1, "bad", "no-such-host.invalid:9096");
    found.assert(1, "bad", "advertised");
    Ok(())
}

struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn a_good_login_is_well(broker: &SecuredBroker) -> Result<()> {
    let found = examine(broker.producer()?.arg("doctor"))?;
    found.assert(0, "ok", &format!("{} answers", broker.sasl_servers()));
    found.assert(0, "ok", "is trusted and valid for");
    found.assert(0, "ok", "Kafka answers to user producer over SASL_SSL with SCRAM-SHA-512; there is 1 broker");
    found.assert(0, "note", "advertised by broker 1, is whatever machine asks");
    found.assert(0, "note", &format!("topic {TOPIC} exists, with 3 partitions on one disk each"));
    found.assert(
        0,
        "note",
        &format!("topic {TOPIC} takes 1048588 bytes at a time (max.message.bytes), as they are compressed"),
    );
    found.assert(0, "ok", &format!("topic {TOPIC} keeps records for 7 days (retention.ms)"));
    Ok(())
}

/// With Lambda's own user, which may look at the settings of the topic as long as make-topic.sh's rule is there.
fn settings_are_judged_where_the_user_may_see_them(broker: &SecuredBroker) -> Result<()> {
    let password = fs::read_to_string(broker.security("lake.password"))?;
    let password = format!("sasl.password={}", password.trim_end());
    let ask = || examine(broker.producer()?.args(["doctor", "-X", "sasl.username=lake", "-X", &password]));
    let found = ask()?;
    found.assert(
        0,
        "note",
        &format!("topic {TOPIC} takes 1048588 bytes at a time (max.message.bytes), as they are compressed"),
    );
    found.assert(0, "ok", &format!("topic {TOPIC} keeps records for 7 days (retention.ms)"));

    let admin = broker.admin_servers();
    let rule = ["--allow-principal", "User:lake", "--topic", TOPIC, "--operation", "DescribeConfigs"];
    broker.run("kafka.sh", &[&["acls", "--bootstrap-server", &admin, "--remove", "--force"], &rule[..]].concat())?;
    ask()?.assert(0, "note", "cannot be read (the user may not)");
    Ok(())
}

fn a_wrong_password_is_told_from_the_network(broker: &SecuredBroker) -> Result<()> {
    let found = examine(broker.producer()?.args(["doctor", "-X", "sasl.password=hunter2"]))?;
    found.assert(1, "ok", "is trusted and valid for");
    found.assert(1, "bad", "Kafka refuses the login to user producer over SASL_SSL with SCRAM-SHA-512");
    found.assert(1, "bad", "invalid credentials");
    assert!(!found.printed.contains("hunter2"), "{}", found.printed);

    let found = examine(broker.producer()?.args(["doctor", "--bootstrap-servers", "127.0.0.1:1"]))?;
    found.assert(1, "bad", "127.0.0.1:1 cannot be reached at 127.0.0.1: Connection refused");
    Ok(())
}

fn a_certificate_that_is_not_trusted_is_named_with_its_ca(broker: &SecuredBroker) -> Result<()> {
    let found = examine(broker.producer()?.args(["doctor", "-X", "ssl.ca.location=probe"]))?;
    found.assert(1, "bad", "is not trusted by the CAs of this system: unable to get local issuer certificate");
    found.assert(1, "bad", "TLS fails:");

    let port = broker.sasl_servers().replace("127.0.0.1", "localhost");
    let found = examine(broker.producer()?.args(["doctor", "--bootstrap-servers", &port]))?;
    found.assert(1, "bad", "is for 127.0.0.1, not for localhost");
    Ok(())
}

fn a_client_without_a_certificate_is_told_that_it_needs_one(broker: &SecuredBroker, ca: &Path) -> Result<()> {
    let ca = format!("ssl.ca.location={}", ca.display());
    let tls = ["-X", "security.protocol=SSL", "-X", &ca];
    let found = examine(doctor(&broker.mutual_servers()).args(tls))?;
    found.assert(1, "ok", "is trusted and valid for");
    found.assert(1, "bad", "ssl.certificate.location");
    Ok(())
}

fn a_listener_of_another_kind_is_told(broker: &SecuredBroker) -> Result<()> {
    let found = examine(&mut doctor(&broker.sasl_servers()))?;
    found.assert(1, "bad", "security.protocol of that listener");
    let found = examine(doctor(&broker.admin_servers()).args(["-X", "security.protocol=SSL"]))?;
    found.assert(1, "bad", "shows no certificate, so it does not speak TLS");
    let clear = ["-X", "security.protocol=SASL_PLAINTEXT", "-X", "sasl.mechanism=PLAIN"];
    let found = examine(doctor(&broker.sasl_servers()).args(clear).args(["-X", "sasl.username=lake"]))?;
    found.assert(1, "bad", "Lambda logs in over TLS only");
    Ok(())
}

async fn topics_that_do_not_fit_are_told(broker: &SecuredBroker) -> Result<()> {
    for (topic, setting, value, code, verdict, words) in [
        ("large", "max.message.bytes", "8000000", 1, "bad", "takes 8000000 bytes at a time (max.message.bytes)"),
        ("short", "retention.ms", "3600000", 0, "note", "keeps records for 1 hour (retention.ms)"),
        ("small", "retention.bytes", "1000000", 0, "note", "keeps 1000000 bytes of each partition"),
        ("compacted", "cleanup.policy", "compact", 0, "note", "is compacted (cleanup.policy)"),
        ("strict", "min.insync.replicas", "2", 1, "bad", "wants 2 replicas in sync"),
    ] {
        make_topic(broker, topic, setting, value).await?;
        let found = examine(doctor(&broker.admin_servers()).args(["--topic", topic]))?;
        found.assert(code, verdict, words);
    }
    let found = examine(doctor(&broker.admin_servers()).args(["--topic", "nowhere"]))?;
    found.assert(1, "bad", "topic nowhere does not exist");
    Ok(())
}

async fn make_topic(broker: &SecuredBroker, name: &str, setting: &str, value: &str) -> Result<()> {
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", broker.admin_servers()).create()?;
    let topic = NewTopic::new(name, 1, TopicReplication::Fixed(1)).set(setting, value);
    let results = admin.create_topics([&topic], &AdminOptions::new()).await?;
    ensure!(results.iter().all(Result::is_ok), "{results:?}");
    Ok(())
}

/// The second half of `make doctor`: its own tests, which need nothing but what `make` has installed.
#[test]
fn what_is_on_aws_is_judged_too() -> Result<()> {
    let output = Command::new(project_root().join("target/tools/venv/bin/python"))
        .args(["-m", "unittest", "doctor.test_doctor", "doctor.test_deployed"])
        .current_dir(project_root())
        .env_remove("KAFKA_PROPERTIES")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn doctor(servers: &str) -> Command {
    let mut doctor = Command::new(built("producer"));
    doctor.args(["doctor", "--bootstrap-servers", servers]);
    doctor
}

struct Found {
    code: Option<i32>,
    printed: String,
}

fn examine(doctor: &mut Command) -> Result<Found> {
    let Output { status, stdout, stderr } = doctor.output()?;
    ensure!(stderr.is_empty(), "nothing may spill over the findings: {}", String::from_utf8_lossy(&stderr));
    Ok(Found { code: status.code(), printed: String::from_utf8(stdout)? })
}

impl Found {
    #[track_caller]
    fn assert(&self, code: i32, verdict: &str, words: &str) {
        let Self { printed, .. } = self;
        assert_eq!(self.code, Some(code), "{printed}");
        let is_there = printed.lines().any(|line| line.starts_with(&format!("{verdict:<5} ")) && line.contains(words));
        assert!(is_there, "no {verdict} with {words:?} in\n{printed}");
    }
}
