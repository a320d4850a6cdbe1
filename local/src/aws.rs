//! Clients of the emulator's AWS services.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_athena::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_athena::types::{QueryExecutionContext, QueryExecutionState, ResultSet};
use futures::{StreamExt as _, TryStreamExt as _};
use tokio::time::sleep;

/// The emulator accepts any key; these are what its documentation uses.
pub(crate) const ACCESS_KEY: &str = "test";
pub(crate) const SECRET_KEY: &str = "test";
pub(crate) const REGION: &str = "us-east-1";

const QUERY_POLL: Duration = Duration::from_millis(100);

/// A row of a query's result; a null is `None`.
pub type Row = Vec<Option<String>>;

/// Clients of one emulator. Nothing comes from the environment, so nothing can reach a real account.
#[derive(Debug, Clone)]
pub struct Aws {
    /// The object store.
    pub s3: aws_sdk_s3::Client,
    /// SQL over the lake.
    pub athena: aws_sdk_athena::Client,
    /// The catalog.
    pub glue: aws_sdk_glue::Client,
    /// The secrets with which the event source logs in to the broker.
    pub secrets: aws_sdk_secretsmanager::Client,
    /// The functions. It does not retry: the Kafka event source does that, and an invocation may have had its effect.
    pub lambda: aws_sdk_lambda::Client,
}

impl Aws {
    pub(crate) fn at(endpoint: &str) -> Self {
        let config = settings(endpoint);
        let lambda = aws_sdk_lambda::config::Builder::from(&config)
            .retry_config(RetryConfig::disabled())
            // A function may run for as long as Lambda lets it; the emulator ends it then.
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(aws_sdk_lambda::config::StalledStreamProtectionConfig::disabled())
            .build();
        let s3 = aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build();
        Self {
            s3: aws_sdk_s3::Client::from_conf(s3),
            athena: aws_sdk_athena::Client::new(&config),
            glue: aws_sdk_glue::Client::new(&config),
            secrets: aws_sdk_secretsmanager::Client::new(&config),
            lambda: aws_sdk_lambda::Client::from_conf(lambda),
        }
    }

    /// Runs one SELECT and returns its rows without the header.
    ///
    /// # Errors
    /// The query failed: with Athena's reason and the query id.
    pub async fn query(&self, workgroup: &str, database: &str, sql: &str) -> Result<Vec<Row>> {
        let started = self
            .athena
            .start_query_execution()
            .query_string(sql)
            .work_group(workgroup)
            .query_execution_context(QueryExecutionContext::builder().database(database).build())
            .send()
            .await
            .context("cannot start the query")?;
        let id = started.query_execution_id().context("athena gave the query no id")?;
        loop {
            let answer = self.athena.get_query_execution().query_execution_id(id).send().await?;
            let status = answer.query_execution().and_then(|execution| execution.status());
            match status.and_then(|status| status.state()) {
                Some(QueryExecutionState::Queued | QueryExecutionState::Running) => sleep(QUERY_POLL).await,
                Some(QueryExecutionState::Succeeded) => break,
                _ => {
                    let reason = status.and_then(|status| status.state_change_reason()).unwrap_or("no reason given");
                    bail!("athena query {id} failed: {reason}");
                }
            }
        }
        let mut rows = Vec::new();
        let mut pages = self.athena.get_query_results().query_execution_id(id).into_paginator().send();
        while let Some(page) = pages.try_next().await? {
            let result = page.result_set().map(ResultSet::rows).unwrap_or_default();
            rows.extend(
                result.iter().map(|row| {
                    row.data().iter().map(|datum| datum.var_char_value().map(str::to_owned)).collect::<Row>()
                }),
            );
        }
        // The first row of a SELECT is its header.
        Ok(rows.split_off(1.min(rows.len())))
    }

    /// Invokes a function and waits for its answer.
    ///
    /// # Errors
    /// The function failed: with its own error text.
    pub async fn invoke(&self, function: &str, payload: Vec<u8>) -> Result<String> {
        let answer =
            self.lambda.invoke().function_name(function).payload(payload.into()).send().await.map_err(|error| {
                anyhow::anyhow!("cannot invoke {function}: {}", aws_sdk_lambda::error::DisplayErrorContext(error))
            })?;
        let body = String::from_utf8_lossy(answer.payload().map(AsRef::as_ref).unwrap_or_default()).into_owned();
        match answer.function_error() {
            Some(_) => bail!("{} failed: {}", short_name(function), error_text(&body)),
            None => Ok(body),
        }
    }

    /// Every object of a bucket whose key begins with `prefix`, with its size in bytes.
    pub async fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<(String, u64)>> {
        let mut objects = Vec::new();
        let mut pages = self.s3.list_objects_v2().bucket(bucket).prefix(prefix).into_paginator().send();
        while let Some(page) = pages.try_next().await.with_context(|| format!("cannot list s3://{bucket}/{prefix}"))? {
            for object in page.contents() {
                let bytes = u64::try_from(object.size().unwrap_or_default()).unwrap_or_default();
                objects.push((object.key().unwrap_or_default().to_owned(), bytes));
            }
        }
        Ok(objects)
    }

    /// Copies objects below `folder`, each under its key.
    pub async fn download(&self, bucket: &str, keys: &[String], folder: &Path) -> Result<()> {
        futures::stream::iter(keys)
            .map(|key| async move {
                let object = self
                    .s3
                    .get_object()
                    .bucket(bucket)
                    .key(key)
                    .send()
                    .await
                    .with_context(|| format!("cannot read s3://{bucket}/{key}"))?;
                let bytes = object.body.collect().await?.into_bytes();
                let path = folder.join(key);
                let parent = path.parent().unwrap_or(folder);
                tokio::fs::create_dir_all(parent).await.with_context(|| format!("cannot make {}", parent.display()))?;
                tokio::fs::write(&path, bytes).await.with_context(|| format!("cannot write {}", path.display()))
            })
            .buffer_unordered(8)
            .try_collect()
            .await
    }
}

/// How clients of other crates reach an emulator.
pub fn settings(endpoint: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        // Plain, and directly: the SDK's own client would ask a company's proxy for 127.0.0.1 too, and read its certificates.
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .region(Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            ACCESS_KEY,
            SECRET_KEY,
            None,
            None,
            "local stack",
        )))
        .build()
}

/// The function's name from its ARN, for people.
fn short_name(function: &str) -> &str {
    function.split_once(":function:").map_or(function, |(_, name)| name)
}

/// The `errorMessage` of a failed invocation, or all that there is.
pub(crate) fn error_text(body: &str) -> String {
    serde_json::from_str::<serde_json::Value>(body)
        .ok()
        .and_then(|error| error.get("errorMessage")?.as_str().map(str::to_owned))
        .unwrap_or_else(|| body.to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::process::Command;
    use std::{env, thread};

    use super::*;

    /// The environment is read when a client is made, so the client is another process: this very test again.
    #[tokio::test]
    async fn no_proxy_is_asked_for_the_emulator() {
        const ENDPOINT: &str = "ENDPOINT_OF_THIS_TEST";
        if let Ok(endpoint) = env::var(ENDPOINT) {
            Aws::at(&endpoint).s3.list_buckets().send().await.unwrap();
            return;
        }
        let emulator = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = emulator.local_addr().unwrap();
        thread::spawn(move || {
            let (mut client, _) = emulator.accept().unwrap();
            let _ = client.read(&mut [0; 4096]).unwrap();
            client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n<ListAllMyBucketsResult />\n").unwrap();
        });
        let asked = Command::new(env::current_exe().unwrap())
            .args(["--exact", "aws::tests::no_proxy_is_asked_for_the_emulator"])
            .env(ENDPOINT, format!("http://{address}"))
            .env("HTTP_PROXY", "http://127.0.0.1:9")
            .env("http_proxy", "http://127.0.0.1:9")
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .output()
            .unwrap();
        assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stdout));
    }

    #[test]
    fn a_function_is_called_by_its_name_alone() {
        assert_eq!(short_name("arn:aws:lambda:us-east-1:000000000000:function:ingest:live"), "ingest:live");
        assert_eq!(short_name("ingest"), "ingest");
    }

    #[test]
    fn the_message_of_a_failed_function_is_found_in_its_answer() {
        assert_eq!(error_text(r#"{"errorType":"Error","errorMessage":"no such bucket"}"#), "no such bucket");
        assert_eq!(error_text("gateway timeout"), "gateway timeout");
    }
}
