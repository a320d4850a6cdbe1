//! The account that a redrive works on.
//!
//! Everything else here takes nothing of the user's AWS settings ([`crate::Aws`]). This is the one place that does, because a redrive
//! is for the deployed system: region, credentials, profile and endpoint are those of the AWS tools, from the environment and
//! `~/.aws`. So it can reach a real account.

use std::env;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use aws_config::timeout::TimeoutConfig;
use aws_sdk_lambda::config::StalledStreamProtectionConfig;
use tokio::process::Command;

use crate::deploy::output_values;
use crate::layout::prepared;

/// Longer than a function may run for a kafka event source (14 minutes): an invocation that is given up sooner would be repeated
/// beside itself.
const INVOCATION_LIMIT: Duration = Duration::from_mins(15);

/// What to feed to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// What the outputs of a stack name.
    Stack(String),
    /// These.
    Named(Named),
}

/// What a redrive works with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The on-failure bucket.
    pub bucket: String,
    /// The ingest function, by name or ARN.
    pub function: String,
    /// The lake's bucket, if it is known: for what no event can hold.
    pub lake: Option<String>,
}

impl Place {
    /// What was typed, else what `FAILED_EVENTS_BUCKET`, `INGEST_FUNCTION` and `LAKE_BUCKET` say (as `make up` writes them), else the
    /// stack `tickerlake`.
    pub fn chosen(stack: Option<String>, named: Option<Named>) -> Self {
        Self::chosen_with(stack, named, |name| env::var(name).ok())
    }

    fn chosen_with(stack: Option<String>, named: Option<Named>, lookup: impl Fn(&str) -> Option<String>) -> Self {
        let variable = |name| lookup(name).filter(|value| !value.is_empty());
        let from_environment = || {
            let (bucket, function) = variable("FAILED_EVENTS_BUCKET").zip(variable("INGEST_FUNCTION"))?;
            Some(Named { bucket, function, lake: variable("LAKE_BUCKET") })
        };
        match (named, stack) {
            (Some(named), _) => Self::Named(named),
            (None, Some(stack)) => Self::Stack(stack),
            (None, None) => from_environment().map_or_else(|| Self::Stack("tickerlake".to_owned()), Self::Named),
        }
    }
}

/// Clients, and where they lead.
pub(super) struct Account {
    pub(super) s3: aws_sdk_s3::Client,
    pub(super) lambda: aws_sdk_lambda::Client,
    region: String,
    endpoint: Option<String>,
}

impl Account {
    pub(super) async fn from_environment() -> Result<Self> {
        let config = aws::settings().await;
        let Some(region) = config.region().map(ToString::to_string) else {
            bail!("no AWS region is set: set AWS_REGION, or AWS_PROFILE to a profile that has one");
        };
        let endpoint = config.endpoint_url().map(str::to_owned);
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(INVOCATION_LIMIT)
            .operation_attempt_timeout(INVOCATION_LIMIT)
            .build();
        let lambda = aws_sdk_lambda::config::Builder::from(&config)
            .timeout_config(timeouts)
            // A function that works says nothing meanwhile.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build();
        // An emulator has no host names for buckets.
        let s3 = aws_sdk_s3::config::Builder::from(&config).force_path_style(endpoint.is_some()).build();
        Ok(Self {
            s3: aws_sdk_s3::Client::from_conf(s3),
            lambda: aws_sdk_lambda::Client::from_conf(lambda),
            region,
            endpoint,
        })
    }

    /// For people.
    pub(super) fn described(&self) -> String {
        match &self.endpoint {
            Some(endpoint) => endpoint.clone(),
            None => format!("AWS, {}", self.region),
        }
    }

    /// Buckets and function of a place.
    pub(super) async fn find(&self, place: Place) -> Result<Named> {
        let stack = match place {
            Place::Named(named) => return Ok(named),
            Place::Stack(stack) => stack,
        };
        let mut outputs = self.stack_outputs(&stack).await.with_context(|| {
            format!("cannot read the outputs of the stack {stack}; --bucket and --function do without them")
        })?;
        let mut take =
            |name: &str| outputs.remove(name).with_context(|| format!("the stack {stack} has no output {name}"));
        Ok(Named {
            bucket: take("FailedEventsBucketName")?,
            function: take("IngestFunctionName")?,
            lake: Some(take("LakeBucketName")?),
        })
    }

    async fn stack_outputs(&self, stack: &str) -> Result<std::collections::HashMap<String, String>> {
        let sam = prepared::sam();
        let listed = Command::new(&sam)
            .args(["list", "stack-outputs", "--output", "json", "--region", &self.region, "--stack-name", stack])
            .env("SAM_CLI_TELEMETRY", "0")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .with_context(|| format!("cannot run {}: make redrive fetches it", sam.display()))?;
        let (printed, errors) = (String::from_utf8_lossy(&listed.stdout), String::from_utf8_lossy(&listed.stderr));
        if !listed.status.success() {
            bail!("sam says: {}", errors.trim());
        }
        output_values(&printed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_counts_more_than_the_environment_and_that_more_than_the_default() {
        let environment = |name: &str| Some(name.to_lowercase());
        let named = |bucket: &str, function: &str, lake: Option<&str>| Named {
            bucket: bucket.into(),
            function: function.into(),
            lake: lake.map(Into::into),
        };
        let typed = named("b", "f", None);
        assert_eq!(Place::chosen_with(None, Some(typed.clone()), environment), Place::Named(typed));
        assert_eq!(Place::chosen_with(Some("other".into()), None, environment), Place::Stack("other".into()));
        let from_environment = named("failed_events_bucket", "ingest_function", Some("lake_bucket"));
        assert_eq!(Place::chosen_with(None, None, environment), Place::Named(from_environment));
        let half = |name: &str| (name == "INGEST_FUNCTION").then(|| "f".to_owned());
        assert_eq!(Place::chosen_with(None, None, half), Place::Stack("tickerlake".into()));
        assert_eq!(Place::chosen_with(None, None, |_| Some(String::new())), Place::Stack("tickerlake".into()));
    }
}
