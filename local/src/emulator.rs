//! The AWS emulator (ministack): S3, Lambda, Glue, Athena and `CloudFormation` on one port of 127.0.0.1.

use std::time::Duration;

use anyhow::Result;

use crate::aws::{ACCESS_KEY, Aws, REGION, SECRET_KEY};
use crate::environment;
use crate::layout::{StackFolder, prepared, project_root};
use crate::process::Process;

const START_LIMIT: Duration = Duration::from_mins(1);

/// A running emulator. It keeps everything in memory: what was in it ends with it.
#[derive(Debug)]
pub(crate) struct Emulator {
    process: Process,
}

impl Emulator {
    /// Starts it on `port` and waits until it answers `aws`.
    pub(crate) async fn start(port: u16, aws: &Aws, folder: &StackFolder) -> Result<Self> {
        // The deployed functions inherit this environment.
        let mut command = environment::command(prepared::emulator_python(), folder);
        command
            .arg("-B")
            .arg(project_root().join("local/emulator.py"))
            .current_dir(folder.temporary())
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .env("AWS_ENDPOINT_URL", endpoint(port))
            .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
            .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
            .env("AWS_DEFAULT_REGION", REGION)
            .env("PYTHONUNBUFFERED", "1")
            .env("PERSIST_STATE", "0")
            .env("S3_PERSIST", "0")
            .env("STATE_DIR", folder.temporary().join("state"))
            .env("S3_DATA_DIR", folder.temporary().join("s3"))
            // IAM counts: a function whose role lacks a permission fails here as it would on AWS.
            .env("AUTH", "true")
            // Functions are local processes; no container engine is looked for.
            .env("LAMBDA_EXECUTOR", "local")
            .env("DOCKER_HOST", "unix:///nonexistent")
            // Without this a missing DuckDB would make every query succeed with invented rows.
            .env("ATHENA_ENGINE", "duckdb")
            // Both would listen on ports of their own.
            .env("IOT_MTLS_ENABLED", "0")
            .env("SFTP_ENABLED", "0");
        let mut process = Process::start("the AWS emulator", command, folder.log("emulator"))?;
        process.wait_until_ready(START_LIMIT, async || aws.s3.list_buckets().send().await.is_ok()).await?;
        Ok(Self { process })
    }

    /// With the reason if it has ended.
    pub(crate) fn check_running(&mut self) -> Result<()> {
        self.process.check_running()
    }

    pub(crate) fn terminate(&self) {
        self.process.terminate();
    }
}

/// The address for every AWS service.
pub(crate) fn endpoint(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}
