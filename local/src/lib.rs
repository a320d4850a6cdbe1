//! The local stack: real Apache Kafka, the AWS emulator with the deployed `template.yaml`, and the self-managed Kafka
//! event source between them that the emulator lacks. All of it on 127.0.0.1, all of it ended with its [`Stack`].
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use std::time::Duration;
//! use local::{Stack, StackOptions};
//!
//! let stack = Stack::start(StackOptions::from_environment()).await?;
//! // … publish to `stack.topic()` on `stack.bootstrap_servers()` …
//! stack.event_source()?.wait_until_drained(Duration::from_secs(60), |_| ()).await?;
//! let rows = stack.athena_query("SELECT count(*) FROM bars").await?;
//! stack.stop().await
//! # }
//! ```

mod answer;
mod aws;
mod broker;
pub mod compact;
mod console;
mod crawl;
pub mod demo;
mod deploy;
mod emulator;
mod environment;
mod event_source;
mod integrity;
mod layout;
mod live;
mod login;
mod neighbour;
mod ports;
mod process;
pub mod redrive;
mod rejects;
mod stack;
mod topic;
pub mod up;

pub use aws::{Aws, Row, settings};
pub use deploy::Outputs;
pub use event_source::{Backoff, Counts, EventSource, PartitionProgress, Progress};
pub use integrity::{Integrity, PartitionIntegrity};
pub use layout::{StackFolder, project_root, stack_folder};
pub use login::Login;
pub use neighbour::Neighbour;
pub use stack::{Stack, StackOptions};
pub use topic::PartitionOffsets;
