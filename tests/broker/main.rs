//! The broker of `broker.yaml`, made by the very scripts that run on its instance, and everything that talks to it: the producer, and the
//! event source of the deployed stack with the secrets that Lambda would read.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

mod secured;

use anyhow::{Result, ensure};
use local::{Login, Stack, StackOptions, project_root};
use secured::SecuredBroker;
use tests::{land, number};

const TOPIC: &str = "stock-bars";
const SECRET: &str = "tickerlake-kafka";

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
    a_wrong_password_is_refused_in_words(&mut stack, &broker).await?;
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
    let output = producer.args(["--simulate", "--seed", "1", "--count", &count.to_string()]).args(more).output()?;
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

async fn a_wrong_password_is_refused_in_words(stack: &mut Stack, broker: &SecuredBroker) -> Result<()> {
    let wrong = r#"{"username":"lake","password":"hunter2"}"#;
    let secrets = stack.aws().secrets.clone();
    stack.pause_event_source().await?;
    secrets.put_secret_value().secret_id(SECRET).secret_string(wrong).send().await?;
    let refused = stack.resume_event_source().await.unwrap_err().to_string();
    assert!(refused.contains("cannot log in") && refused.contains("Authentication failed"), "{refused}");
    assert!(!refused.contains("hunter2"), "{refused}");

    secrets.put_secret_value().secret_id(SECRET).secret_string(broker.login_secret()?).send().await?;
    stack.resume_event_source().await?;

    let refused = publish(broker, 1, &["-X", "sasl.password=hunter2"]).unwrap_err().to_string();
    assert!(refused.contains("invalid credentials with SASL mechanism SCRAM-SHA-512"), "{refused}");
    assert!(!refused.contains("hunter2"), "{refused}");
    Ok(())
}
