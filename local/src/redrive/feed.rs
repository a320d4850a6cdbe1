//! One object: read it, feed its event to the function, remove it when all of it is durable.

use anyhow::{Context as _, Result, bail};
use aws_sdk_lambda::error::DisplayErrorContext;
use serde::Deserialize;

use super::record::KeptEvent;
use crate::aws::error_text;

/// The bucket, and the function that its events are for.
pub(super) struct Feeder {
    pub(super) s3: aws_sdk_s3::Client,
    pub(super) lambda: aws_sdk_lambda::Client,
    pub(super) bucket: String,
    pub(super) function: String,
}

/// What became of an object that was not kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fed {
    /// Its event is durable, and the object removed.
    Landed(Answer),
    /// Only looked at: so many records.
    Looked(u64),
    /// It is not there any more: another redrive has fed it.
    Gone,
}

/// What the function says of an event.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) struct Answer {
    /// Records in the event.
    pub(super) records: u64,
    /// Records that are bars.
    #[serde(default)]
    pub(super) landed: u64,
    /// Records that are kept as rejects.
    #[serde(default)]
    pub(super) rejected: u64,
    /// Records that had landed before.
    #[serde(default)]
    pub(super) skipped: u64,
}

impl Feeder {
    /// Keys of all objects, oldest first.
    pub(super) async fn list(&self) -> Result<Vec<String>> {
        let mut objects = Vec::new();
        let mut pages = self.s3.list_objects_v2().bucket(&self.bucket).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.failed("list", "", &error))?;
            objects.extend(page.contents.unwrap_or_default());
        }
        // S3 knows the time to the second; the key of one and the same second has it too.
        objects.sort_by(|one, other| (one.last_modified(), one.key()).cmp(&(other.last_modified(), other.key())));
        Ok(objects.into_iter().filter_map(|object| object.key).collect())
    }

    /// Reads the object, without feeding its event.
    pub(super) async fn look(&self, key: &str) -> Result<Fed> {
        Ok(self.read(key).await?.map_or(Fed::Gone, |event| Fed::Looked(event.records)))
    }

    /// Feeds the event of an object and removes the object.
    ///
    /// # Errors
    /// The object is kept: with the reason.
    pub(super) async fn feed(&self, key: &str) -> Result<Fed> {
        let Some(event) = self.read(key).await? else { return Ok(Fed::Gone) };
        let answer = self.invoke(event).await?;
        let removed = self.s3.delete_object().bucket(&self.bucket).key(key).send().await;
        removed.map_err(|error| self.failed("remove", key, &error)).context("its records have landed")?;
        Ok(Fed::Landed(answer))
    }

    async fn read(&self, key: &str) -> Result<Option<KeptEvent>> {
        let object = match self.s3.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(object) => object,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(aws_sdk_s3::operation::get_object::GetObjectError::is_no_such_key) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(self.failed("read", key, &error)),
        };
        let bytes = object.body.collect().await.map_err(|error| self.failed("read", key, &error))?.into_bytes();
        KeptEvent::read(&bytes).map(Some)
    }

    async fn invoke(&self, event: KeptEvent) -> Result<Answer> {
        let function = &self.function;
        let invoked = self.lambda.invoke().function_name(function).payload(event.json.into_bytes().into()).send().await;
        let invoked = match invoked {
            Ok(invoked) => invoked,
            Err(error) => bail!("cannot invoke {function}: {}", DisplayErrorContext(error)),
        };
        let body = String::from_utf8_lossy(invoked.payload().map(AsRef::as_ref).unwrap_or_default()).into_owned();
        if invoked.function_error().is_some() {
            bail!("{function} failed: {}", error_text(&body));
        }
        // Another function would succeed too, and land nothing.
        match serde_json::from_str::<Answer>(&body) {
            Ok(answer) if answer.records == event.records => Ok(answer),
            _ => bail!(
                "{function} does not account for {} records, is it the ingest function? it says: {body}",
                event.records
            ),
        }
    }

    fn failed(&self, what: &str, key: &str, error: &(impl std::error::Error + Send + Sync)) -> anyhow::Error {
        anyhow::anyhow!("cannot {what} s3://{}/{key}: {}", self.bucket, DisplayErrorContext(error))
    }
}

#[cfg(test)]
mod tests;
