//! A second stack in the account of a first.

use anyhow::{Result, ensure};

use crate::Stack;
use crate::deploy::{self, Outputs};
use crate::event_source::{EventSource, Mapping};
use crate::topic;

/// The template deployed once more, under another name and on another topic of the same broker, with an event source of its own.
#[derive(Debug)]
pub struct Neighbour {
    outputs: Outputs,
    event_source: EventSource,
    topic: String,
}

impl Neighbour {
    /// Deploys it beside `stack`.
    ///
    /// # Errors
    /// The topic is there already, or the deployment failed.
    pub async fn move_in(stack: &Stack, name: &str, topic: &str, partitions: i32) -> Result<Self> {
        let servers = stack.bootstrap_servers();
        ensure!(topic::create(servers, topic, partitions).await?, "the topic {topic} is there already");
        let outputs = deploy::deploy(name, stack.endpoint(), servers, topic, None, stack.folder(), &[]).await?;
        let mapping = Mapping::of(&outputs.ingest_function, stack.aws(), servers, topic, &[]).await?;
        let event_source = EventSource::start(mapping, stack.aws(), &stack.folder().log(name))?;
        Ok(Self { outputs, event_source, topic: topic.to_owned() })
    }

    /// What it is called where.
    pub fn outputs(&self) -> &Outputs {
        &self.outputs
    }

    /// What reads its topic.
    pub fn event_source(&self) -> &EventSource {
        &self.event_source
    }

    /// The topic that it reads.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Ends its event source. What is deployed ends with the emulator, and the topic with the broker, or here.
    pub async fn move_out(self, stack: &Stack) -> Result<()> {
        self.event_source.stop().await?;
        topic::delete(stack.bootstrap_servers(), &self.topic).await
    }
}
