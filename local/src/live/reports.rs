//! Reports on demand: what the schedules do on AWS, once.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use chrono::Utc;

use crate::deploy::Outputs;
use crate::{Aws, crawl};

/// How far the reports are.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum State {
    #[default]
    Unmade,
    Making,
    /// With the time of day.
    Made(String),
    Failed(String),
}

/// Makes them, one run at a time.
#[derive(Debug, Clone)]
pub(crate) struct Maker {
    aws: Aws,
    outputs: Outputs,
    state: Arc<Mutex<State>>,
}

impl Maker {
    pub(crate) fn new(aws: &Aws, outputs: &Outputs) -> Self {
        Self { aws: aws.clone(), outputs: outputs.clone(), state: Arc::default() }
    }

    pub(super) fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// Begins, if they are not being made.
    pub(super) fn begin(&self) {
        if std::mem::replace(&mut *self.state.lock().unwrap_or_else(PoisonError::into_inner), State::Making)
            == State::Making
        {
            return;
        }
        let maker = self.clone();
        tokio::spawn(async move {
            maker.set(match maker.make().await {
                Ok(()) => State::Made(Utc::now().format("%H:%M:%S").to_string()),
                Err(error) => State::Failed(format!("{error:#}")),
            });
        });
    }

    async fn make(&self) -> Result<()> {
        crawl::run(&self.aws, &self.outputs).await?;
        let event = serde_json::json!({ "date": Utc::now().format("%Y-%m-%d").to_string() }).to_string();
        self.aws.invoke(&self.outputs.report_function, event.into_bytes()).await?;
        Ok(())
    }

    /// An object below `reports/`, if it is there.
    pub(super) async fn object(&self, key: &str) -> Option<Vec<u8>> {
        let object = self.aws.s3.get_object().bucket(&self.outputs.lake_bucket).key(key).send().await.ok()?;
        Some(object.body.collect().await.ok()?.into_bytes().to_vec())
    }
}
