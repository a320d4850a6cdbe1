//! Why records were rejected: from the objects in which the lake keeps them.

use std::collections::BTreeSet;
use std::fmt;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::aws::Aws;

/// Examples at a time: each has another reason.
const MOST_EXAMPLES: usize = 3;
/// Objects that are read for them.
const MOST_READ: usize = 20;
/// Of a reason's words, which may quote a record.
const MOST_CHARACTERS: usize = 300;

/// The rejects of a lake, as they become more.
#[derive(Debug, Default)]
pub(crate) struct Rejects {
    told: BTreeSet<String>,
}

/// One that is kept.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Reject {
    kafka_topic: String,
    kafka_partition: Option<i32>,
    kafka_offset: Option<i64>,
    reason: String,
    detail: String,
}

impl Rejects {
    /// Some of those that have come since it was last asked, the first of each reason.
    pub(crate) async fn new_examples(&mut self, aws: &Aws, bucket: &str) -> Result<Vec<Reject>> {
        let listed = aws.list(bucket, "rejects/").await?;
        let new: Vec<String> = listed.into_iter().map(|(key, _)| key).filter(|key| !self.told.contains(key)).collect();
        let mut examples = Vec::new();
        for key in new.iter().take(MOST_READ) {
            let object = aws.s3.get_object().bucket(bucket).key(key).send().await;
            let object = object.with_context(|| format!("cannot read s3://{bucket}/{key}"))?;
            add_examples(&mut examples, &object.body.collect().await?.into_bytes());
        }
        self.told.extend(new);
        Ok(examples)
    }
}

fn add_examples(examples: &mut Vec<Reject>, lines: &[u8]) {
    for line in lines.split(|byte| *byte == b'\n') {
        if examples.len() == MOST_EXAMPLES {
            return;
        }
        let Ok(reject) = serde_json::from_slice::<Reject>(line) else { continue };
        if !examples.iter().any(|example| example.reason == reject.reason) {
            examples.push(reject);
        }
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.kafka_partition.zip(self.kafka_offset);
        match place {
            Some((partition, offset)) => write!(out, "{}-{partition} at {offset}: ", self.kafka_topic)?,
            None => write!(out, "{}: ", self.kafka_topic)?,
        }
        // What a record says must not move the terminal's cursor.
        let printable = |character: char| if character.is_control() { char::REPLACEMENT_CHARACTER } else { character };
        let detail: String = self.detail.chars().take(MOST_CHARACTERS).map(printable).collect();
        write!(out, "{}: {detail}", self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(offset: i64, reason: &str, detail: &str) -> String {
        format!(
            r#"{{"kafka_topic":"t","kafka_partition":2,"kafka_offset":{offset},"kafka_timestamp":1,"reason":"{reason}","detail":"{detail}"}}"#
        ) + "\n"
    }

    #[test]
    fn the_first_of_each_reason_is_an_example() {
        let mut examples = Vec::new();
        let object = line(4, "not_json", "first") + &line(5, "not_json", "second") + &line(6, "tombstone", "no value");
        add_examples(&mut examples, object.as_bytes());
        // A void run's object.
        add_examples(&mut examples, b"");
        let stray = r#"{"kafka_topic":"t-0","kafka_partition":null,"kafka_offset":null,"reason":"malformed_record","detail":"no offset"}"#;
        add_examples(&mut examples, (line(0, "tombstone", "no value") + stray).as_bytes());
        add_examples(&mut examples, line(1, "invalid_date", "one too many").as_bytes());
        let told: Vec<String> = examples.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            ["t-2 at 4: not_json: first", "t-2 at 6: tombstone: no value", "t-0: malformed_record: no offset"]
        );
    }

    #[test]
    fn what_a_record_says_cannot_move_the_cursor_or_fill_the_screen() {
        let mut examples = Vec::new();
        add_examples(&mut examples, line(0, "not_json", &(r"\u001b[2J".to_owned() + &"a".repeat(1_000))).as_bytes());
        let told = examples[0].to_string();
        assert!(told.starts_with("t-2 at 0: not_json: \u{fffd}[2Jaaa") && told.len() < 400, "{told}");
    }
}
