//! The self-managed Kafka event source: polls the topic and invokes the deployed function as Lambda would.
//!
//! The emulator stores an event source mapping and never polls. This reads the deployed mapping, joins its consumer
//! group, cuts [events](batch) at the batch size, the window and Lambda's 6 MB, invokes the function, retries the whole
//! event until it succeeds or is [given up](given_up) and kept, and only then commits its offsets: at-least-once, as on AWS.

mod access;
mod assignment;
mod batch;
mod check;
mod given_up;
mod log;
mod mapping;
mod poller;
mod progress;
mod reach;
mod record;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use chrono::Utc;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::answer::Answer;
use crate::aws::Aws;
pub(crate) use batch::PAYLOAD_LIMIT_BYTES;
pub(crate) use check::check;
use given_up::GivenUp;
use log::Log;
pub use mapping::Backoff;
pub(crate) use mapping::Mapping;
use poller::{Poller, Target};
use progress::Observer;
pub use progress::{Counts, PartitionProgress, Progress};

const DRAIN_POLL: Duration = Duration::from_millis(200);
/// How long a stop waits for an invocation under way; after that its records are delivered again by the next poller.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// A running event source. Dropping it stops it at once; what was not acknowledged is not committed.
#[derive(Debug)]
pub struct EventSource {
    observer: Arc<Observer>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl EventSource {
    /// Begins to poll as `mapping` says. What happens is written to `log_file`.
    pub(crate) fn start(mapping: Mapping, aws: &Aws, log_file: &Path) -> Result<Self> {
        let target = Deployed { aws: aws.clone(), mapping: mapping.clone() };
        Self::start_with(mapping, target, Log::open(log_file)?)
    }

    fn start_with(mapping: Mapping, target: impl Target, log: Log) -> Result<Self> {
        let observer = Arc::new(Observer::new(&mapping)?);
        let poller = Poller::new(mapping, target, log, Arc::clone(&observer))?;
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(poller.run(stopped));
        Ok(Self { observer, stop, task })
    }

    /// How far it is. Asks the broker.
    pub async fn progress(&self) -> Result<Progress> {
        if self.task.is_finished() {
            bail!("the kafka event source has ended");
        }
        self.observer.progress().await
    }

    /// Waits until every record that is on the topic has been acknowledged, telling `watch` how far it is.
    ///
    /// # Errors
    /// `limit` passed first: with what is left and the function's last error.
    pub async fn wait_until_drained(&self, limit: Duration, mut watch: impl FnMut(&Progress)) -> Result<Progress> {
        let deadline = Instant::now() + limit;
        loop {
            let progress = self.progress().await?;
            watch(&progress);
            if progress.lag() == 0 {
                return Ok(progress);
            }
            if Instant::now() > deadline {
                let cause = progress.counts.last_error.as_deref().unwrap_or("no invocation failed");
                bail!(
                    "{} records were not acknowledged within {} s; last error: {cause}",
                    progress.lag(),
                    limit.as_secs()
                );
            }
            sleep(DRAIN_POLL).await;
        }
    }

    /// Stops polling; an event under way may still be acknowledged and committed.
    pub async fn stop(mut self) -> Result<()> {
        self.stop.send_replace(true);
        match timeout(STOP_LIMIT, &mut self.task).await {
            Ok(ended) => ended.context("the kafka event source broke"),
            // Dropped with its event not acknowledged and so not committed.
            Err(_) => Ok(()),
        }
    }
}

impl Drop for EventSource {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The deployed function, and the bucket for what it failed on.
struct Deployed {
    aws: Aws,
    mapping: Mapping,
}

impl Target for Deployed {
    async fn deliver(&self, event: Vec<u8>) -> Result<Option<Answer>> {
        self.aws.invoke(&self.mapping.function, event).await.map(|body| Answer::read(&body))
    }

    async fn keep(&self, given_up: GivenUp<'_>) -> Result<Option<String>> {
        let Some(bucket) = &self.mapping.on_failure_bucket else { return Ok(None) };
        let (key, object) = given_up.object(&self.mapping, Utc::now());
        let place = format!("s3://{bucket}/{key}");
        let put = self.aws.s3.put_object().bucket(bucket).key(key).body(object.into()).send().await;
        put.with_context(|| format!("cannot write {place}"))?;
        Ok(Some(place))
    }
}
