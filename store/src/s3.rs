//! S3 as the store.

mod parts;

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::interceptors::InterceptorContext;
use aws_sdk_s3::config::retry::{ClassifyRetry, RetryAction};
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::operation::head_object::HeadObjectError;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::primitives::ByteStream;
use shared::landing::{Kind, Object, Version};

use crate::{Listed, Store, StoreError};

/// User metadata of an object that says what it is: a fence has no other mark that a HEAD would show.
const KIND: &str = "tickerlake";
const FENCE: &str = "fence";
const COMPACTED: &str = "compacted";

const PARQUET: &str = "application/vnd.apache.parquet";

/// An answer that is lost must not cost the rest of the invocation.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// With the backoffs below, some ten seconds of trying.
const ATTEMPTS: u32 = 10;
const FIRST_BACKOFF: Duration = Duration::from_millis(100);
const LONGEST_BACKOFF: Duration = Duration::from_secs(5);

/// The lake's bucket.
#[derive(Debug)]
pub struct S3Store {
    client: Client,
    bucket: String,
}

impl S3Store {
    /// The bucket as these settings reach it, with its name in the path if `path_style`.
    pub fn new(aws: &SdkConfig, path_style: bool, bucket: String) -> Self {
        let config = resilient(aws_sdk_s3::config::Builder::from(aws)).force_path_style(path_style);
        Self { client: Client::from_conf(config.build()), bucket }
    }

    fn put(&self, key: &str, body: Vec<u8>) -> PutObjectFluentBuilder {
        self.client.put_object().bucket(&self.bucket).key(key).body(ByteStream::from(body))
    }

    fn put_object(&self, object: Object) -> PutObjectFluentBuilder {
        let put = self.put(&object.key, object.body).content_type(match object.kind {
            Kind::Bars | Kind::Fence | Kind::Hollow => PARQUET,
            Kind::Rejects => "application/x-ndjson",
        });
        if object.kind == Kind::Fence { put.metadata(KIND, FENCE) } else { put }
    }
}

/// Retries with jittered backoff, by the SDK: throttling, server errors, connections, time-outs, and conflicts.
fn resilient(config: aws_sdk_s3::config::Builder) -> aws_sdk_s3::config::Builder {
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(FIRST_BACKOFF)
        .with_max_backoff(LONGEST_BACKOFF);
    config
        .retry_config(retries)
        .retry_classifier(Conflict)
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT_TIMEOUT).build())
}

/// 409 `ConditionalRequestConflict`: someone writes the same key just now. The SDK would give up.
#[derive(Debug)]
struct Conflict;

impl ClassifyRetry for Conflict {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let status = context.response().map(|response| response.status().as_u16());
        if status == Some(409) { RetryAction::server_error() } else { RetryAction::NoActionIndicated }
    }

    fn name(&self) -> &'static str {
        "conditional request conflict"
    }
}

impl Store for S3Store {
    async fn read(&self, key: &str) -> Result<Option<(Vec<u8>, Version)>, StoreError> {
        let failed = |message| StoreError { action: "read", key: key.to_owned(), message };
        let object = match self.client.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(object) => object,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => return Ok(None),
            Err(error) => return Err(failed(in_words(&error))),
        };
        let version = object.e_tag.ok_or_else(|| failed("the answer has no ETag".to_owned()))?;
        let body = object.body.collect().await.map_err(|error| failed(DisplayErrorContext(error).to_string()))?;
        Ok(Some((body.to_vec(), version)))
    }

    async fn swap(&self, key: &str, body: Vec<u8>, expected: Option<Version>) -> Result<Option<Version>, StoreError> {
        let failed = |message| StoreError { action: "write", key: key.to_owned(), message };
        let put = self.put(key, body).content_type("application/json");
        let put = match expected {
            Some(version) => put.if_match(version),
            None => put.if_none_match("*"),
        };
        // A task of its own, so that it is under way while the caller encodes.
        let answer = tokio::spawn(put.customize().disable_payload_signing().send())
            .await
            .map_err(|error| failed(error.to_string()))?;
        match answer {
            Ok(written) => written.e_tag.map(Some).ok_or_else(|| failed("the answer has no ETag".to_owned())),
            // The second: someone removed it.
            Err(error) if matches!(error.code(), Some("PreconditionFailed" | "NoSuchKey")) => Ok(None),
            Err(error) => Err(failed(in_words(&error))),
        }
    }

    async fn find(&self, key: &str) -> Result<Option<Kind>, StoreError> {
        match self.client.head_object().bucket(&self.bucket).key(key).send().await {
            Ok(head) => {
                let mark = head.metadata().and_then(|metadata| metadata.get(KIND));
                Ok(Some(match mark.map(String::as_str) {
                    Some(FENCE) => Kind::Fence,
                    Some(COMPACTED) => Kind::Hollow,
                    _ => Kind::Bars,
                }))
            }
            Err(error) if error.as_service_error().is_some_and(HeadObjectError::is_not_found) => Ok(None),
            Err(error) => Err(StoreError { action: "find", key: key.to_owned(), message: in_words(&error) }),
        }
    }

    async fn create(&self, object: Object) -> Result<bool, StoreError> {
        let key = object.key.clone();
        match self.put_object(object).if_none_match("*").customize().disable_payload_signing().send().await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some("PreconditionFailed") => Ok(false),
            Err(error) => Err(StoreError { action: "write", key, message: in_words(&error) }),
        }
    }

    async fn overwrite(&self, object: Object) -> Result<(), StoreError> {
        let key = object.key.clone();
        match self.put_object(object).customize().disable_payload_signing().send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(StoreError { action: "write", key, message: in_words(&error) }),
        }
    }

    async fn list(&self, prefix: &str, after: &str, most: usize) -> Result<Vec<Listed>, StoreError> {
        let mut listed = Vec::new();
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix).start_after(after);
        let mut pages = request.into_paginator().send();
        while listed.len() < most
            && let Some(page) = pages.next().await
        {
            let failed = |message| StoreError { action: "list", key: prefix.to_owned(), message };
            let page = page.map_err(|error| failed(in_words(&error)))?;
            let objects = page.contents.unwrap_or_default().into_iter();
            listed.extend(objects.filter_map(|object| {
                Some(Listed { key: object.key?, bytes: object.size.unwrap_or_default().unsigned_abs() })
            }));
        }
        listed.truncate(most);
        Ok(listed)
    }
}

/// The service's own words where there are any (the answer to a HEAD has none); else what the connection says.
fn in_words<E: ProvideErrorMetadata + std::error::Error + 'static>(error: &SdkError<E>) -> String {
    match (error.code(), error.message(), error.raw_response()) {
        (Some(code), Some(message), _) => format!("{code}: {message}"),
        (_, _, Some(response)) => format!("status {} without a reason", response.status().as_u16()),
        _ => DisplayErrorContext(error).to_string(),
    }
}

#[cfg(test)]
mod tests;
