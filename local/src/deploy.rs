//! `sam deploy` of the project's template onto the emulator.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::aws::{ACCESS_KEY, REGION, SECRET_KEY};
use crate::environment;
use crate::layout::{StackFolder, prepared, project_root};
use crate::login::StoredLogin;
use crate::process::Process;

/// What the stack is called that every local stack has.
pub(crate) const STACK_NAME: &str = "tickerlake";
const DEPLOY_LIMIT: Duration = Duration::from_mins(5);

/// What the deployed stack is called where: the outputs of `template.yaml`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the output of the same name, described in template.yaml")]
pub struct Outputs {
    pub lake_bucket: String,
    pub database: String,
    pub workgroup: String,
    pub crawler: String,
    pub ingest_function: String,
    pub failed_events_bucket: String,
    pub crawl_function: String,
    /// The function that merges small objects.
    pub compact_function: String,
    pub report_function: String,
}

/// Deploys the built template under a name, over what has that name already, and reads the outputs. `changed` are parameters, by name, that are
/// to differ from those of a first deployment; what an earlier deployment changed stays as it is.
pub(crate) async fn deploy(
    name: &str,
    endpoint: &str,
    bootstrap_servers: &str,
    topic: &str,
    login: Option<&StoredLogin>,
    folder: &StackFolder,
    changed: &[(&str, &str)],
) -> Result<Outputs> {
    let template = prepared::deployable_template();
    let mut deploy = sam(endpoint, folder);
    deploy
        .args(["deploy", "--config-env", "local", "--stack-name", name, "--template-file"])
        .arg(&template)
        .arg("--config-file")
        .arg(project_root().join("samconfig.toml"))
        .args(["--resolve-s3", "--no-confirm-changeset", "--no-fail-on-empty-changeset", "--parameter-overrides"])
        .args(parameters(bootstrap_servers, topic, login))
        .args(changed.iter().map(|(name, value)| parameter(name, value)));
    Process::start("sam deploy", deploy, folder.log("deploy"))?.wait_for_success(DEPLOY_LIMIT).await?;

    let outputs_file = folder.log("stack-outputs");
    let mut list = sam(endpoint, folder);
    list.args(["list", "stack-outputs", "--stack-name", name, "--output", "json", "--region", REGION]);
    Process::start("sam list stack-outputs", list, outputs_file.clone())?.wait_for_success(DEPLOY_LIMIT).await?;
    let printed =
        fs::read_to_string(&outputs_file).with_context(|| format!("cannot read {}", outputs_file.display()))?;
    outputs(&printed).with_context(|| format!("cannot read the outputs of the stack in {}", outputs_file.display()))
}

/// What differs from AWS: the broker is on this machine and the emulator speaks plain HTTP.
fn parameters(bootstrap_servers: &str, topic: &str, login: Option<&StoredLogin>) -> Vec<String> {
    let [servers, authentication, secret, root_ca] = match login {
        Some(login) => {
            [&login.bootstrap_servers, &login.authentication, &login.secret_arn, &login.root_ca_arn].map(String::as_str)
        }
        None => [bootstrap_servers, "NONE", "", ""],
    };
    let architecture = if env::consts::ARCH == "aarch64" { "arm64" } else { env::consts::ARCH };
    [
        ("Architecture", architecture),
        ("KafkaBootstrapServers", servers),
        ("KafkaTopic", topic),
        ("KafkaAuthentication", authentication),
        ("KafkaSecretArn", secret),
        ("KafkaRootCaSecretArn", root_ca),
        // The template wants a VPC for a broker without authentication; the emulator knows these names no more than any.
        ("VpcSubnetId1", "subnet-local"),
        ("VpcSecurityGroupId", "sg-local"),
        ("LocalEmulator", "true"),
        // Somebody is waiting for the records.
        ("BatchingWindowSeconds", "1"),
    ]
    .map(|(name, value)| parameter(name, value))
    .to_vec()
}

fn parameter(name: &str, value: &str) -> String {
    format!("ParameterKey={name},ParameterValue=\"{value}\"")
}

fn sam(endpoint: &str, folder: &StackFolder) -> Command {
    let mut command = environment::command(prepared::sam(), folder);
    command
        .current_dir(project_root())
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("SAM_CLI_TELEMETRY", "0")
        // Its table of events breaks longer names in two, also in the log.
        .env("COLUMNS", "250")
        .env("__SAM_CLI_APP_DIR", folder.temporary().join("sam"));
    command
}

#[derive(Deserialize)]
struct Output {
    #[serde(rename = "OutputKey")]
    key: String,
    #[serde(rename = "OutputValue")]
    value: String,
}

fn outputs(printed: &str) -> Result<Outputs> {
    let mut values = output_values(printed)?;
    let mut take = |name: &str| values.remove(name).with_context(|| format!("the stack has no output {name}"));
    Ok(Outputs {
        lake_bucket: take("LakeBucketName")?,
        database: take("DatabaseName")?,
        workgroup: take("WorkgroupName")?,
        crawler: take("CrawlerName")?,
        ingest_function: take("IngestFunctionName")?,
        failed_events_bucket: take("FailedEventsBucketName")?,
        crawl_function: take("CrawlFunctionName")?,
        compact_function: take("CompactFunctionName")?,
        report_function: take("ReportFunctionName")?,
    })
}

/// Reads what `sam list stack-outputs --output json` printed; other lines (notices of new versions) may stand around it.
pub(crate) fn output_values(printed: &str) -> Result<HashMap<String, String>> {
    let array = printed.find('[').zip(printed.rfind(']')).context("sam printed no list")?;
    let list: Vec<Output> = serde_json::from_str(&printed[array.0..=array.1])?;
    Ok(list.into_iter().map(|output| (output.key, output.value)).collect())
}

/// An error before anything starts if a program or a library that the Makefile fetches is missing.
pub(crate) fn check_prepared(needs_kafka: bool) -> Result<()> {
    let mut needed =
        vec![prepared::sam(), prepared::emulator_python(), prepared::deployable_template(), prepared::producer()];
    if needs_kafka {
        needed.extend([prepared::java(), prepared::kafka_libraries()]);
    }
    match needed.iter().find(|path| !Path::exists(path)) {
        Some(missing) => bail!(
            "{} is missing: run this through make (make demo, make up), which fetches and builds it",
            missing.display()
        ),
        None => Ok(()),
    }
}
