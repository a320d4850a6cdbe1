//! One object: read it, feed its event to the function, remove it when all of it is durable.

use anyhow::{Context as _, Result, bail, ensure};
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::operation::get_object::GetObjectError;

use super::record::KeptEvent;
use super::split::{self, Oversized, Parts};
use crate::answer::Answer;
use crate::aws::error_text;

/// The bucket, and the function that its events are for.
pub(super) struct Feeder {
    pub(super) s3: aws_sdk_s3::Client,
    pub(super) lambda: aws_sdk_lambda::Client,
    pub(super) bucket: String,
    pub(super) function: String,
    /// The lake's bucket, if it is known.
    pub(super) lake: Option<String>,
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
        let answer =
            if split::is_too_large(&event) { self.feed_in_parts(&event).await? } else { self.invoke(event).await? };
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

    /// First what no event can hold, into the lake; then the parts, of which each is skipped where it has landed before.
    async fn feed_in_parts(&self, event: &KeptEvent) -> Result<Answer> {
        let Parts { events, oversized } = split::split(event, self.lake.as_deref())?;
        ensure!(
            events.iter().map(|part| part.records).sum::<u64>() == event.records,
            "it is too large to be fed, and a partition is in it twice"
        );
        for Oversized { key, json } in oversized {
            self.put(&key, json).await?;
        }
        let mut sum = Answer::default();
        for part in events {
            sum += self.invoke(part).await?;
        }
        Ok(sum)
    }

    /// Named by its content: what is there is the same.
    async fn put(&self, key: &str, json: String) -> Result<()> {
        let lake = self.lake.as_deref().unwrap_or_default();
        let put = self.s3.put_object().bucket(lake).key(key).content_type("application/json");
        match put.if_none_match("*").body(json.into_bytes().into()).send().await {
            Err(error) if error.code() != Some("PreconditionFailed") => {
                Err(error).with_context(|| format!("cannot write s3://{lake}/{key}"))
            }
            _ => Ok(()),
        }
    }

    async fn invoke(&self, event: KeptEvent) -> Result<Answer> {
        let function = &self.function;
        let invoked =
            self.lambda.invoke().function_name(function).payload(event.payload().into_bytes().into()).send().await;
        let invoked = invoked.with_context(|| format!("cannot invoke {function}"))?;
        let body = String::from_utf8_lossy(invoked.payload().map(AsRef::as_ref).unwrap_or_default()).into_owned();
        if invoked.function_error().is_some() {
            bail!("{function} failed: {}", error_text(&body));
        }
        // Another function would succeed too, and land nothing.
        match Answer::read(&body) {
            // What is kept as a reject is nowhere lost; what was skipped may be.
            Some(Answer { uncertain, undecided, .. }) if uncertain > undecided => bail!(
                "of some of its records nobody knows whether they have landed: look for them in bars and rejects (RUNBOOK.md, \
                 records-uncertain); the function says: {body}"
            ),
            Some(answer) if answer.records == event.records => Ok(answer),
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
