//! What the end-to-end tests share: a local stack of their own, and the programs under test.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use aws_sdk_lambda::types::Environment;
use local::{Integrity, Progress, Stack, StackOptions, project_root};

/// More than a slow machine needs to land what a test publishes.
const LAND_LIMIT: Duration = Duration::from_mins(3);

/// A stack in a folder of its own below `target/`, so that tests and `make up` do not meet. Its own broker, or a topic of its
/// own on the one that `KAFKA_BOOTSTRAP_SERVERS` names.
pub async fn start_stack(name: &str) -> Result<Stack> {
    Stack::start(stack_options(name)).await
}

/// What [`start_stack`] starts.
pub fn stack_options(name: &str) -> StackOptions {
    StackOptions {
        folder: project_root().join("target/tests").join(name),
        topic: format!("stock-bars-{name}-{}", std::process::id()),
        delete_topic: true,
        ..StackOptions::from_environment()
    }
}

/// Runs the producer against a topic of the stack's broker; returns its last line.
pub fn produce(stack: &Stack, topic: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(built("producer"))
        .args(["--bootstrap-servers", stack.bootstrap_servers(), "--topic", topic])
        .args(arguments)
        .output()
        .context("cannot run the producer")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the producer failed: {errors}");
    let printed = String::from_utf8_lossy(&output.stdout);
    Ok(printed.lines().last().unwrap_or_default().to_owned())
}

/// Waits until everything on the topic has been acknowledged by the function.
pub async fn land(stack: &Stack) -> Result<Progress> {
    stack.event_source()?.wait_until_drained(LAND_LIMIT, |_| ()).await
}

/// What the report `integrity` says of the lake now.
pub async fn integrity(stack: &Stack) -> Result<Integrity> {
    Integrity::of(stack).await
}

/// Writes an object.
pub async fn put(stack: &Stack, bucket: &str, key: &str, body: Vec<u8>) -> Result<()> {
    stack.aws().s3.put_object().bucket(bucket).key(key).body(body.into()).send().await?;
    Ok(())
}

/// The environment of `ingest` as deployed, but for one variable; and what that variable was before.
pub async fn ingest_environment_with(
    stack: &Stack,
    name: &str,
    value: String,
) -> Result<(Environment, Option<String>)> {
    let (lambda, function) = (&stack.aws().lambda, &stack.outputs().ingest_function);
    let deployed = lambda.get_function_configuration().function_name(function).send().await?;
    let variables = deployed.environment().and_then(|environment| environment.variables());
    let mut variables: HashMap<String, String> = variables.context("the function has no environment")?.clone();
    let before = variables.insert(name.to_owned(), value);
    Ok((Environment::builder().set_variables(Some(variables)).build(), before))
}

/// The name under which a function answers an error, for something that it must not succeed with.
pub async fn error_type(stack: &Stack, function: &str, event: &str) -> Result<String> {
    let event = event.as_bytes().to_vec();
    let answer = stack.aws().lambda.invoke().function_name(function).payload(event.into()).send().await?;
    let answer: serde_json::Value = serde_json::from_slice(answer.payload().map_or(&[], AsRef::as_ref))?;
    let name = answer["errorType"].as_str().with_context(|| format!("{answer} is no error"))?;
    Ok(name.to_owned())
}

/// The one number that a query answers.
pub async fn number(stack: &Stack, sql: &str) -> Result<u64> {
    let rows = stack.athena_query(sql).await?;
    let cell = rows.first().and_then(|row| row.first()).and_then(Option::as_deref);
    cell.and_then(|cell| cell.parse().ok()).with_context(|| format!("{sql} answered {rows:?}, not a number"))
}

/// A `PATH` on which the Java that `make test` fetches comes first: the scripts of `broker/` start the one that they find there.
pub fn path_with_java() -> OsString {
    let mut path = project_root().join("target/java/runtime/bin").into_os_string();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    path
}

/// A program of the workspace, which `make test` builds first.
pub fn built(name: &str) -> PathBuf {
    project_root().join("target/debug").join(name)
}
