//! Publishing with the real producer, as on EC2.

use std::env;
use std::io::Read as _;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::task::spawn_blocking;

use super::Source;
use crate::Stack;
use crate::layout::prepared;
use crate::process::Process;

const LIMIT: Duration = Duration::from_mins(15);
/// The same simulated bars at every run.
const SEED: &str = "1";

/// What the producer said at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Published {
    pub(super) line: String,
    pub(super) skipped: u64,
    pub(super) acknowledged: u64,
}

pub(super) async fn publish(stack: &Stack, source: &Source) -> Result<Published> {
    let mut command = Command::new(prepared::producer());
    command.args(["--bootstrap-servers", stack.bootstrap_servers(), "--topic", stack.topic()]);
    // The user's own settings for it are for other topics.
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PRODUCER_")) {
        command.env_remove(name);
    }
    match source {
        Source::Csv(file) => command.arg("--csv").arg(file),
        Source::Simulator { count } => command.args(["--simulate", "--count", &count.to_string(), "--seed", SEED]),
    };
    let mut process = Process::start_in_sight("the producer", command)?;
    let mut stdout = process.take_stdout().context("the producer has no output")?;
    let printed = spawn_blocking(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).map(|_| text)
    });
    process.wait_for_success(LIMIT).await?;
    let printed = printed.await??;
    Published::read(&printed).with_context(|| format!("the producer ended with no count, but with {printed:?}"))
}

impl Published {
    /// Reads `read 5, skipped 0, sent 5, acknowledged 5, failed 0, 0.1 s, 50 records/s`.
    fn read(printed: &str) -> Option<Self> {
        let line = printed.lines().rev().find(|line| line.contains("acknowledged "))?;
        let number = |word: &str| {
            line.split(", ").find_map(|part| part.trim().strip_prefix(word)?.trim().replace(',', "").parse().ok())
        };
        Some(Self { line: line.to_owned(), skipped: number("skipped ")?, acknowledged: number("acknowledged ")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_are_read_from_the_last_line() {
        let printed = "hello\nread 7, skipped 1, sent 6, acknowledged 6, failed 0, 0.1 s, 60 records/s\n";
        let published = Published::read(printed).unwrap();
        assert_eq!((published.skipped, published.acknowledged), (1, 6));
        assert_eq!(Published::read("read 7 rows\n"), None);
    }
}
