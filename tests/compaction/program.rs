//! The built program as a process, as Lambda runs it.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use local::project_root;
use serde_json::Value;

use crate::lake::Lake;

/// A running process of `compact` for a lake, which reaches AWS at this address.
pub(crate) fn start(lake: &Lake, aws: SocketAddr) -> harness::Function {
    let endpoint = format!("http://{aws}");
    let scratch = lake.scratch().display().to_string();
    let variables = [
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_REGION", "us-east-1"),
        ("LAKE_BUCKET", &lake.bucket),
        ("GLUE_DATABASE", &lake.database),
        ("RAW_RETENTION_DAYS", "1"),
        ("TMPDIR", &scratch),
    ];
    let program = project_root().join("target/deployable/functions/compact/bootstrap");
    harness::Function::start_program(&program, "compact", &variables, None)
}

/// What it answers to what was begun, or the error that it reports.
pub(crate) async fn end(mut function: harness::Function) -> Result<Result<Value, String>> {
    let answer = tokio::task::spawn_blocking(move || function.end()).await?;
    Ok(match answer {
        Ok(text) => Ok(serde_json::from_str(&text).context(text)?),
        Err(error) => Err(error),
    })
}

/// What a process answers that is asked once, or the error that it reports.
pub(crate) async fn run(lake: &Lake, endpoint: &str) -> Result<Result<Value, String>> {
    let function = start(lake, endpoint.trim_start_matches("http://").parse()?);
    function.begin("{}".to_owned());
    end(function).await
}
