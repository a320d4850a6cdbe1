//! Compaction on a local stack, when it is asked for and not by the schedule.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, Result};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;

use crate::console::say;
use crate::{Aws, StackFolder, StackOptions};

/// What the function answers.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Compaction {
    /// The rows of all folders before this hour are read in parts.
    pub through: String,
    /// Whether there is more to do.
    pub more: bool,
    /// Landed objects that are read in parts since.
    pub objects: u64,
    /// Their size.
    pub bytes: u64,
    /// Their rows.
    pub rows: u64,
    /// Parts that are read now.
    pub parts: u64,
    /// Their size.
    pub part_bytes: u64,
    /// Hours from the first object that is not in a part to now.
    pub hours_behind: u64,
}

/// Has the function compact the folders before this hour (`2026-11-22T19`); without one, those of more than two hours ago. It publishes the
/// views in any case.
///
/// # Errors
/// The function failed: with its own words.
pub async fn run(aws: &Aws, function: &str, before: Option<&str>) -> Result<Compaction> {
    let event = before.map_or_else(|| serde_json::json!({}), |before| serde_json::json!({ "before": before }));
    let answer = aws.invoke(function, event.to_string().into_bytes()).await?;
    serde_json::from_str(&answer).with_context(|| format!("the compact function answered {answer}"))
}

/// The hour that begins next: everything that has landed until now is in folders before it.
pub fn next_hour(now: DateTime<Utc>) -> String {
    (now + TimeDelta::hours(1)).format("%Y-%m-%dT%H").to_string()
}

/// Compacts all that has landed on the stack of `make up`, and says what came of it.
///
/// # Errors
/// No stack is up, or the function failed.
pub async fn now(options: &StackOptions) -> Result<()> {
    let file = StackFolder::environment_file_in(&options.folder);
    let text = fs::read_to_string(&file)
        .with_context(|| format!("no stack is up in {}: start one with `make up`", options.folder.display()))?;
    let variables: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once('=')).collect();
    let variable =
        |name: &str| variables.get(name).copied().with_context(|| format!("{} has no {name}", file.display()));
    let aws = Aws::at(variable("AWS_ENDPOINT_URL")?);
    let done = run(&aws, variable("COMPACT_FUNCTION")?, Some(&next_hour(Utc::now()))).await;
    let done = done.context("is the stack of `make up` still running?")?;
    say(&done.in_words());
    Ok(())
}

impl Compaction {
    /// In a line.
    pub fn in_words(&self) -> String {
        match self.objects {
            0 => format!("nothing has landed since: {} parts, {} bytes", self.parts, self.part_bytes),
            objects => format!(
                "{objects} objects with {} rows, {} bytes, are read in parts now: {} of them in all, {} bytes",
                self.rows, self.bytes, self.parts, self.part_bytes
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_hour_may_be_of_another_day() {
        assert_eq!(next_hour("2026-11-22T23:05:00Z".parse().unwrap()), "2026-11-23T00");
    }

    #[test]
    fn what_was_done_is_said_in_a_line() {
        let done =
            Compaction { objects: 9, rows: 50, bytes: 9000, parts: 2, part_bytes: 3000, ..Compaction::default() };
        assert_eq!(
            done.in_words(),
            "9 objects with 50 rows, 9000 bytes, are read in parts now: 2 of them in all, 3000 bytes"
        );
        let nothing = Compaction { parts: 2, part_bytes: 3000, ..Compaction::default() };
        assert_eq!(nothing.in_words(), "nothing has landed since: 2 parts, 3000 bytes");
    }
}
