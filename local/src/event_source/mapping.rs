//! The deployed event source mapping.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use aws_sdk_lambda::types::{
    EndPointType, EventSourceMappingConfiguration, EventSourcePosition, SourceAccessConfiguration,
};
use rdkafka::ClientConfig;

use super::access::Access;
use super::batch::{Limits, PAYLOAD_LIMIT_BYTES};
use crate::aws::Aws;
use crate::topic;

/// Lambda's window for Kafka when the mapping sets none.
const DEFAULT_WINDOW: Duration = Duration::from_millis(500);
/// Lambda's batch size for Kafka when the mapping sets none.
const DEFAULT_BATCH_SIZE: i32 = 100;
/// With an on-failure destination and no limit of its own, Lambda gives up an event after so many retries.
const RETRIES_BEFORE_DESTINATION: u32 = 10;

/// What the event source does: which records to which function, and how they are cut into events.
#[derive(Debug, Clone)]
pub(crate) struct Mapping {
    pub(crate) id: String,
    pub(crate) function: String,
    pub(crate) bootstrap_servers: String,
    pub(crate) access: Access,
    pub(crate) topic: String,
    pub(crate) consumer_group: String,
    pub(crate) start: StartingPosition,
    pub(crate) limits: Limits,
    pub(crate) window: Duration,
    /// `None`: for ever.
    pub(crate) retries: Option<u32>,
    pub(crate) backoff: Backoff,
    /// The bucket that keeps what was given up.
    pub(crate) on_failure_bucket: Option<String>,
}

/// How long to wait before something that failed is tried again: doubling, up to the longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the type says it")]
pub struct Backoff {
    pub first: Duration,
    pub longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(200), longest: Duration::from_secs(30) }
    }
}

impl Backoff {
    /// The wait after one of `wait`.
    pub(crate) fn after(self, wait: Duration) -> Duration {
        (wait * 2).min(self.longest)
    }
}

/// Where a consumer group begins that has committed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StartingPosition {
    TrimHorizon,
    Latest,
}

impl Mapping {
    /// A client of the brokers that logs in as the mapping says.
    pub(crate) fn client(&self) -> ClientConfig {
        let mut client = topic::client(&self.bootstrap_servers);
        self.access.apply(&mut client);
        client
    }

    /// Reads the one mapping of `function`.
    ///
    /// The emulator drops a mapping's topic, brokers, consumer group and source access configurations: where they are missing, the
    /// ones that the stack was deployed with count, and the group is the mapping's id, as it is on AWS when none is named.
    pub(crate) async fn of(
        function: &str,
        aws: &Aws,
        bootstrap_servers: &str,
        topic: &str,
        access: &[SourceAccessConfiguration],
    ) -> Result<Self> {
        let answer = aws
            .lambda
            .list_event_source_mappings()
            .function_name(function)
            .send()
            .await
            .context("cannot read the event source mappings")?;
        match answer.event_source_mappings() {
            [mapping] => {
                let own = mapping.source_access_configurations();
                let access = Access::read(if own.is_empty() { access } else { own }, &aws.secrets).await?;
                Ok(Self { access, ..Self::read(mapping, function, bootstrap_servers, topic)? })
            }
            mappings => bail!("the function {function} has {} event source mappings, not one", mappings.len()),
        }
    }

    /// After a deployment over this mapping, with these parameters changed: the emulator keeps the numbers of an update as text,
    /// which no SDK reads, until they are set by themselves.
    pub(crate) async fn restore_numbers(&self, aws: &Aws, changed: &[(&str, &str)]) -> Result<()> {
        let number = |parameter: &str, before: u64| {
            let new = changed.iter().rev().find(|(name, _)| *name == parameter);
            i32::try_from(new.map_or(Ok(before), |(_, value)| value.parse())?)
                .with_context(|| format!("{parameter} is no number of an event source mapping"))
        };
        aws.lambda
            .update_event_source_mapping()
            .uuid(&self.id)
            .batch_size(number("BatchSize", self.limits.records as u64)?)
            .maximum_batching_window_in_seconds(number("BatchingWindowSeconds", self.window.as_secs())?)
            .send()
            .await
            .context("cannot set the numbers of the event source mapping")?;
        Ok(())
    }

    fn read(
        deployed: &EventSourceMappingConfiguration,
        function: &str,
        bootstrap_servers: &str,
        topic: &str,
    ) -> Result<Self> {
        let id = deployed.uuid().context("the event source mapping has no id")?;
        if deployed.state().is_some_and(|state| state.starts_with("Disabl")) {
            bail!("the event source mapping {id} is disabled: enable it in template.yaml");
        }
        if deployed.filter_criteria().is_some_and(|criteria| !criteria.filters().is_empty()) {
            bail!("the event source mapping {id} has a filter, which the local event source does not know");
        }
        let endpoints = deployed
            .self_managed_event_source()
            .and_then(|source| source.endpoints()?.get(&EndPointType::KafkaBootstrapServers));
        let group = deployed.self_managed_kafka_event_source_config().and_then(|config| config.consumer_group_id());
        let batch_size = deployed.batch_size().unwrap_or(DEFAULT_BATCH_SIZE);
        let records = usize::try_from(batch_size)
            .ok()
            .filter(|records| (1..=10_000).contains(records))
            .with_context(|| format!("the batch size of the event source mapping is {batch_size}, not 1 to 10000"))?;
        let on_failure_bucket = on_failure_bucket(deployed)?;
        Ok(Self {
            id: id.to_owned(),
            function: deployed.function_arn().unwrap_or(function).to_owned(),
            bootstrap_servers: endpoints.map_or_else(|| bootstrap_servers.to_owned(), |servers| servers.join(",")),
            access: Access::default(),
            topic: deployed.topics().first().map_or(topic, String::as_str).to_owned(),
            consumer_group: group.unwrap_or(id).to_owned(),
            start: starting_position(deployed)?,
            limits: Limits { records, bytes: PAYLOAD_LIMIT_BYTES },
            window: window(deployed.maximum_batching_window_in_seconds()),
            retries: retries(deployed, on_failure_bucket.as_deref()),
            backoff: Backoff::default(),
            on_failure_bucket,
        })
    }
}

fn starting_position(deployed: &EventSourceMappingConfiguration) -> Result<StartingPosition> {
    match deployed.starting_position() {
        Some(EventSourcePosition::TrimHorizon) => Ok(StartingPosition::TrimHorizon),
        Some(EventSourcePosition::Latest) => Ok(StartingPosition::Latest),
        // AT_TIMESTAMP among them: the emulator drops the time that belongs to it.
        other => {
            bail!("the event source mapping starts at {other:?}; the local event source knows TRIM_HORIZON and LATEST")
        }
    }
}

/// The emulator answers 0 for a window that was not set.
fn window(seconds: Option<i32>) -> Duration {
    match seconds.and_then(|seconds| u64::try_from(seconds).ok()) {
        None | Some(0) => DEFAULT_WINDOW,
        Some(seconds) => Duration::from_secs(seconds),
    }
}

fn on_failure_bucket(deployed: &EventSourceMappingConfiguration) -> Result<Option<String>> {
    let destination = deployed.destination_config().and_then(|config| config.on_failure()?.destination());
    // An empty text is how the API takes a destination away.
    let Some(destination) = destination.filter(|destination| !destination.is_empty()) else { return Ok(None) };
    match destination.split_once(":s3:::") {
        Some((_, bucket)) => Ok(Some(bucket.to_owned())),
        None => bail!("the on-failure destination is {destination}; the local event source knows S3 buckets only"),
    }
}

fn retries(deployed: &EventSourceMappingConfiguration, on_failure_bucket: Option<&str>) -> Option<u32> {
    let limit = deployed.maximum_retry_attempts().and_then(|limit| u32::try_from(limit).ok());
    limit.or(on_failure_bucket.map(|_| RETRIES_BEFORE_DESTINATION))
}

#[cfg(test)]
mod tests {
    use aws_sdk_lambda::types::{
        DestinationConfig, Filter, FilterCriteria, OnFailure, SelfManagedEventSource, SelfManagedKafkaEventSourceConfig,
    };

    use super::*;

    fn deployed() -> aws_sdk_lambda::types::builders::EventSourceMappingConfigurationBuilder {
        EventSourceMappingConfiguration::builder()
            .uuid("mapping-id")
            .state("Enabled")
            .starting_position(EventSourcePosition::TrimHorizon)
    }

    fn read(deployed: &EventSourceMappingConfiguration) -> Result<Mapping> {
        Mapping::read(deployed, "ingest", "127.0.0.1:9092", "stock-bars")
    }

    #[test]
    fn what_the_emulator_drops_comes_from_the_deployment_and_the_rest_are_lambdas_defaults() {
        let mapping = read(&deployed().maximum_batching_window_in_seconds(0).build()).unwrap();
        insta::assert_debug_snapshot!(mapping);
    }

    #[test]
    fn what_the_mapping_says_counts() {
        let servers = vec!["b1:9092".to_owned(), "b2:9092".to_owned()];
        let mapping = read(
            &deployed()
                .function_arn("arn:aws:lambda:us-east-1:000000000000:function:ingest")
                .topics("other")
                .self_managed_event_source(
                    SelfManagedEventSource::builder().endpoints(EndPointType::KafkaBootstrapServers, servers).build(),
                )
                .self_managed_kafka_event_source_config(
                    SelfManagedKafkaEventSourceConfig::builder().consumer_group_id("tickerlake").build(),
                )
                .starting_position(EventSourcePosition::Latest)
                .batch_size(500)
                .maximum_batching_window_in_seconds(3)
                .maximum_retry_attempts(2)
                .build(),
        )
        .unwrap();
        insta::assert_debug_snapshot!(mapping);
    }

    fn on_failure(destination: &str) -> DestinationConfig {
        DestinationConfig::builder().on_failure(OnFailure::builder().destination(destination).build()).build()
    }

    #[test]
    fn retries_end_only_with_a_limit_or_a_destination() {
        let unlimited = deployed().maximum_retry_attempts(-1);
        assert_eq!(read(&unlimited.clone().build()).unwrap().retries, None);
        let kept = read(&unlimited.clone().destination_config(on_failure("arn:aws:s3:::lost")).build()).unwrap();
        assert_eq!((kept.retries, kept.on_failure_bucket.as_deref()), (Some(10), Some("lost")));
        let taken_away = read(&unlimited.destination_config(on_failure("")).build()).unwrap();
        assert_eq!((taken_away.retries, taken_away.on_failure_bucket), (None, None));
        assert_eq!(read(&deployed().maximum_retry_attempts(0).build()).unwrap().retries, Some(0));
    }

    #[test]
    fn a_mapping_that_cannot_be_followed_is_an_error_that_says_why() {
        let filter = FilterCriteria::builder().filters(Filter::builder().pattern("{}").build()).build();
        let errors = [
            deployed().state("Disabled"),
            deployed().filter_criteria(filter),
            deployed().batch_size(10_001),
            deployed().destination_config(on_failure("arn:aws:sqs:us-east-1:000000000000:lost")),
            deployed().starting_position(EventSourcePosition::AtTimestamp),
        ]
        .map(|broken| read(&broken.build()).unwrap_err().to_string());
        insta::assert_snapshot!(errors.join("\n"));
    }
}
