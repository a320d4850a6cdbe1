//! One object: read it, feed its event to the function, remove it when all of it is durable.

use anyhow::{Context as _, Result, bail};
use aws_sdk_s3::operation::get_object::GetObjectError;
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
    /// Records that count as landed, but come for a hole that was closed.
    #[serde(default)]
    pub(super) uncertain: u64,
}

impl Feeder {
    /// Keys of all objects, oldest first.
    pub(super) async fn list(&self) -> Result<Vec<String>> {
        let mut objects = Vec::new();
        let mut pages = self.s3.list_objects_v2().bucket(&self.bucket).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.with_context(|| self.cannot("list", ""))?;
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
        removed.with_context(|| self.cannot("remove", key)).context("its records have landed")?;
        Ok(Fed::Landed(answer))
    }

    async fn read(&self, key: &str) -> Result<Option<KeptEvent>> {
        let object = match self.s3.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(object) => object,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => return Ok(None),
            Err(error) => return Err(error).with_context(|| self.cannot("read", key)),
        };
        let bytes = object.body.collect().await.with_context(|| self.cannot("read", key))?.into_bytes();
        KeptEvent::read(&bytes).map(Some)
    }

    async fn invoke(&self, event: KeptEvent) -> Result<Answer> {
        let function = &self.function;
        let invoked = self.lambda.invoke().function_name(function).payload(event.json.into_bytes().into()).send().await;
        let invoked = invoked.with_context(|| format!("cannot invoke {function}"))?;
        let body = String::from_utf8_lossy(invoked.payload().map(AsRef::as_ref).unwrap_or_default()).into_owned();
        if invoked.function_error().is_some() {
            bail!("{function} failed: {}", error_text(&body));
        }
        // Another function would succeed too, and land nothing.
        match serde_json::from_str::<Answer>(&body) {
            Ok(Answer { uncertain: 1.., .. }) => bail!(
                "some of its records come for offsets up to which holes were closed, so nobody knows whether they have landed: look \
                 for them in bars and rejects (RUNBOOK.md, ledger-holes-closed); the function says: {body}"
            ),
            Ok(answer) if answer.records == event.records => Ok(answer),
            _ => bail!(
                "{function} does not account for {} records, is it the ingest function? it says: {body}",
                event.records
            ),
        }
    }

    fn cannot(&self, what: &str, key: &str) -> String {
        format!("cannot {what} s3://{}/{key}", self.bucket)
    }
}

#[cfg(test)]
mod tests;
