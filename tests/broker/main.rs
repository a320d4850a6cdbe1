//! The broker of `broker.yaml`, made by the very scripts that run on its instance, and everything that talks to it: the producer, and the
//! event source of the deployed stack with the secrets that Lambda would read.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

mod first_boot;
mod secured;
mod template;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use anyhow::{Result, ensure};
use local::{Login, Stack, StackOptions, project_root};
use secured::SecuredBroker;
use tests::{land, number};

const TOPIC: &str = "stock-bars";
const SECRET: &str = "tickerlake-kafka";
const CA_SECRET: &str = "tickerlake-kafka-ca";

#[tokio::test(flavor = "multi_thread")]
async fn records_land_over_tls_by_password_and_by_certificate() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let broker = SecuredBroker::start(folder.path(), TOPIC)?;
    publish(&broker, 600, &[])?;

    let (sasl, mutual) = (broker.sasl_servers(), broker.mutual_servers());
    let password = login(&broker, sasl, "SASL_SCRAM_512_AUTH", broker.login_secret()?)?;
    let mut stack = start_stack(&broker, password).await?;
    land(&stack).await?;
    everything_is_there_once(&stack, 600).await?;
    a_wrong_password_and_a_wrong_authority_are_refused_in_words(&mut stack, &broker).await?;
    nobody_may_do_the_part_of_another(&broker)?;
    publish(&broker, 400, &["-X", "sasl.mechanism=SCRAM-SHA-256"])?;
    land(&stack).await?;
    everything_is_there_once(&stack, 1_000).await?;
    stack.stop().await?;

    // Another lake: it begins at the oldest record.
    let certificate = login(&broker, mutual, "CLIENT_CERTIFICATE_TLS_AUTH", broker.certificate_secret()?)?;
    let stack = start_stack(&broker, certificate).await?;
    publish(&broker, 200, &["-X", "sasl.mechanism=PLAIN"])?;
    land(&stack).await?;
    everything_is_there_once(&stack, 1_200).await?;
    stack.stop().await
}

fn login(broker: &SecuredBroker, bootstrap_servers: String, authentication: &str, secret: String) -> Result<Login> {
    Ok(Login { bootstrap_servers, authentication: authentication.to_owned(), secret, root_ca: broker.ca_secret()? })
}

async fn start_stack(broker: &SecuredBroker, login: Login) -> Result<Stack> {
    Stack::start(StackOptions {
        folder: project_root().join("target/tests/broker"),
        topic: TOPIC.to_owned(),
        bootstrap_servers: Some(broker.admin_servers()),
        login: Some(login),
        ..StackOptions::from_environment()
    })
    .await
}

fn publish(broker: &SecuredBroker, count: u32, more: &[&str]) -> Result<()> {
    let mut producer = broker.producer()?;
    let output = producer.args(["--seed", "1", "--count", &count.to_string()]).args(more).output()?;
    let (printed, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "the producer failed: {errors}");
    let line = format!("read {count}, skipped 0, sent {count}, acknowledged {count}, failed 0, ");
    ensure!(printed.lines().last().is_some_and(|last| last.starts_with(&line)), "{printed}{errors}");
    Ok(())
}

async fn everything_is_there_once(stack: &Stack, records: u64) -> Result<()> {
    let landed = "SELECT count(*) FROM (SELECT DISTINCT kafka_partition, kafka_offset FROM bars) AS record";
    assert_eq!(number(stack, landed).await?, records);
    assert_eq!(number(stack, "SELECT count(*) FROM bars").await?, records);
    Ok(())
}

async fn a_wrong_password_and_a_wrong_authority_are_refused_in_words(
    stack: &mut Stack,
    broker: &SecuredBroker,
) -> Result<()> {
    stack.pause_event_source().await?;
    let secrets = stack.aws().secrets.clone();
    // It is nobody's authority.
    let certificate = fs::read_to_string(broker.security("lake.crt"))?;
    let other_ca = serde_json::json!({ "certificate": certificate }).to_string();
    let wrong_password = r#"{"username":"lake","password":"hunter2"}"#.to_owned();
    for (secret, wrong, right, reason) in [
        (SECRET, wrong_password, broker.login_secret()?, "Authentication failed"),
        (CA_SECRET, other_ca, broker.ca_secret()?, "certificate verify failed"),
    ] {
        secrets.put_secret_value().secret_id(secret).secret_string(wrong).send().await?;
        let refused = stack.resume_event_source().await.unwrap_err().to_string();
        assert!(refused.contains("the event source cannot use kafka at") && refused.contains(reason), "{refused}");
        assert!(!refused.contains("hunter2"), "{refused}");
        secrets.put_secret_value().secret_id(secret).secret_string(right).send().await?;
    }
    stack.resume_event_source().await?;

    let refused = publish(broker, 1, &["-X", "sasl.password=hunter2"]).unwrap_err().to_string();
    assert!(refused.contains("invalid credentials with SASL mechanism SCRAM-SHA-512"), "{refused}");
    assert!(!refused.contains("hunter2"), "{refused}");
    Ok(())
}

fn nobody_may_do_the_part_of_another(broker: &SecuredBroker) -> Result<()> {
    let password = fs::read_to_string(broker.security("lake.password"))?;
    let reader = ["-X", "sasl.username=lake", "-X", &format!("sasl.password={}", password.trim_end())];
    let refused = publish(broker, 1, &reader).unwrap_err().to_string();
    assert!(refused.contains("authorization failed"), "{refused}");
    Ok(())
}

#[test]
fn a_certificate_stays_until_its_address_is_another() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let broker = SecuredBroker::prepare(folder.path(), TOPIC)?;
    broker.run("make-ca.sh", &[])?;
    let certify = |address: &str| -> Result<String> {
        broker.run("make-certificate.sh", &["broker", address])?;
        Ok(fs::read_to_string(broker.security("broker.crt"))?)
    };
    let first = certify("10.0.1.10")?;
    assert_eq!(certify("10.0.1.10")?, first);
    assert_ne!(certify("10.0.1.1")?, first);
    certify("broker.internal")?;
    let verified = Command::new("openssl")
        .args(["verify", "-verify_hostname", "broker.internal", "-CAfile"])
        .args([broker.security("ca.pem"), broker.security("broker.crt")])
        .output()?;
    ensure!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    Ok(())
}

#[test]
fn what_broker_yaml_puts_out_is_what_template_yaml_asks_for() -> Result<()> {
    let keys = |file: &str, section: &str| -> Result<BTreeSet<String>> {
        let template = fs::read_to_string(project_root().join(file))?;
        let (_, rest) = template.split_once(&format!("\n{section}:\n")).unwrap();
        let lines = rest.lines().take_while(|line| line.is_empty() || line.starts_with(' '));
        let names = lines.filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'));
        Ok(names.filter(|name| !name.starts_with(' ')).map(str::to_owned).collect())
    };
    let mut outputs = keys("broker.yaml", "Outputs")?;
    for own in ["AlarmTopicArn", "ProducerSecretArn"] {
        assert!(outputs.remove(own), "no output {own}");
    }
    let asked = keys("template.yaml", "Parameters")?;
    assert!(outputs.len() == 8 && outputs.is_subset(&asked), "{outputs:?}");
    Ok(())
}
