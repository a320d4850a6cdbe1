//! What is sent once all reports of a day are made: five lines and a link.

use std::collections::HashMap;

use aws_sdk_s3::presigning::PresigningConfig;
use chrono::{DateTime, NaiveDate, Utc};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::config::Delivery;
use crate::format;
use crate::index::{self, Entry};
use crate::publish::{self, Keys};

/// What the page that the link opens says of itself: it is an index whose links need no login, for as long as the link itself works.
const DESCRIPTION: &str = "The reports of the day, with their data. The links end with the one that brought you here.";

/// Beside the line that says what was made.
const HEADLINES: usize = 4;

/// A message that could not be sent.
#[derive(Debug, Error)]
pub enum MailError {
    /// The page behind the link.
    #[error(transparent)]
    Storage(#[from] publish::StorageError),
    /// The link itself.
    #[error("the link could not be signed: {0}")]
    Link(String),
    /// The message.
    #[error("the message could not be sent to {topic}: {reason}")]
    Send {
        /// The topic's ARN.
        topic: String,
        /// What SNS says.
        reason: String,
    },
}

/// The clients and places that it takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sender<'a> {
    pub(crate) s3: &'a aws_sdk_s3::Client,
    pub(crate) sns: &'a aws_sdk_sns::Client,
    pub(crate) bucket: &'a str,
    pub(crate) delivery: &'a Delivery,
}

impl Sender<'_> {
    /// Writes the page behind the link, then sends the message. `made` is in the order of the mail.
    ///
    /// The page is one of its own for each cause, so that an old link never opens what was made later.
    pub(crate) async fn send(
        &self,
        made: &[Entry],
        date: NaiveDate,
        now: DateTime<Utc>,
        cause: &str,
    ) -> Result<(), MailError> {
        let key = key(date, cause);
        let mut links = HashMap::new();
        for keys in made.iter().map(|entry| Keys::of(&entry.name, date)) {
            for key in [keys.html, keys.csv, keys.json] {
                let link = self.link(&key).await?;
                links.insert(key, link);
            }
        }
        let page = index::render(made, now, DESCRIPTION, |key| links.get(key).cloned().unwrap_or_default());
        publish::put(self.s3, self.bucket, &key, publish::HTML, page.into_bytes()).await?;
        let message = message(made, date, now + self.delivery.link_lasts, &self.link(&key).await?);
        let topic = &self.delivery.topic;
        let subject = format!("tickerlake reports of {}", date.format("%-d %B %Y"));
        let request = self.sns.publish().topic_arn(topic).subject(subject).message(message);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(MailError::Send { topic: topic.clone(), reason: publish::reason(&error) }),
        }
    }

    /// Made here, without a request.
    async fn link(&self, key: &str) -> Result<String, MailError> {
        let lasts = PresigningConfig::expires_in(self.delivery.link_lasts);
        let lasts = lasts.map_err(|error| MailError::Link(error.to_string()))?;
        let signed = self.s3.get_object().bucket(self.bucket).key(key).presigned(lasts).await;
        Ok(signed.map_err(|error| MailError::Link(publish::reason(&error)))?.uri().to_owned())
    }
}

fn key(date: NaiveDate, cause: &str) -> String {
    let name = format::hex(&Sha256::digest(cause)[..8]);
    format!("reports/mailed/dt={date}/{name}.html")
}

/// Five lines and a link.
pub(crate) fn message(made: &[Entry], date: NaiveDate, until: DateTime<Utc>, link: &str) -> String {
    let mut lines = vec![format!("All {} reports of {} are made.", made.len(), date.format("%-d %B %Y"))];
    let headlines = made.iter().filter_map(|entry| Some((&entry.title, entry.headline.as_ref()?)));
    lines.extend(headlines.take(HEADLINES).map(|(title, headline)| format!("{title}: {headline}")));
    format!("{}\n\nOpen them until {} at the latest:\n{link}\n", lines.join("\n"), until.format("%-d %B %Y %H:%M UTC"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_five_lines_and_a_link() {
        let made: Vec<Entry> = ["One", "Two", "Three", "Four", "Five"]
            .map(|title| Entry {
                name: title.to_lowercase(),
                title: title.to_owned(),
                description: String::new(),
                newest: NaiveDate::default(),
                others: Vec::new(),
                headline: Some(format!("headline of {title}")),
            })
            .into();
        let until = "2026-11-23T11:50:00Z".parse().unwrap();
        insta::assert_snapshot!(message(&made, "2026-11-22".parse().unwrap(), until, "https://lake.example/x"), @r"
        All 5 reports of 22 November 2026 are made.
        One: headline of One
        Two: headline of Two
        Three: headline of Three
        Four: headline of Four

        Open them until 23 November 2026 11:50 UTC at the latest:
        https://lake.example/x
        ");
    }
}
