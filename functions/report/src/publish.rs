//! Where the files of the reports lie in the lake.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_s3::primitives::ByteStream;
use chrono::NaiveDate;
use thiserror::Error;

use crate::visible::shown;

/// Of a reason that somebody else gives, in which there may be text of a record.
pub(crate) const MOST_SHOWN: usize = 1_000;

/// The keys below the bucket of what is written for a report of a day.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    pub(crate) csv: String,
    pub(crate) json: String,
    pub(crate) headline: String,
    pub(crate) html: String,
}

/// A file that could not be written or read.
#[derive(Debug, Error)]
#[error("{uri} could not be {action}: {reason}")]
pub struct StorageError {
    uri: String,
    action: &'static str,
    reason: String,
}

impl StorageError {
    /// An object of which only a part arrived.
    pub(crate) fn cut(bucket: &str, key: &str, reason: &impl std::error::Error) -> Self {
        Self { uri: format!("s3://{bucket}/{key}"), action: "read", reason: DisplayErrorContext(reason).to_string() }
    }
}

impl Keys {
    pub(crate) fn of(report: &str, date: NaiveDate) -> Self {
        let folder = format!("reports/{report}/dt={date}");
        let key = |file: &str| format!("{folder}/{file}");
        Self {
            csv: key("report.csv"),
            json: key("report.json"),
            headline: key("headline.txt"),
            html: key("report.html"),
        }
    }
}

pub(crate) const CSV: &str = "text/csv; charset=utf-8";
pub(crate) const JSON: &str = "application/json";
pub(crate) const HTML: &str = "text/html; charset=utf-8";
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";

pub(crate) async fn put(
    client: &Client,
    bucket: &str,
    key: &str,
    content_type: &str,
    body: Vec<u8>,
) -> Result<(), StorageError> {
    let request = client.put_object().bucket(bucket).key(key).content_type(content_type);
    match request.body(ByteStream::from(body)).send().await {
        Ok(_) => Ok(()),
        Err(error) => Err(failed(bucket, key, "written", &error)),
    }
}

pub(crate) fn failed<E: ProvideErrorMetadata + std::error::Error>(
    bucket: &str,
    key: &str,
    action: &'static str,
    error: &E,
) -> StorageError {
    StorageError { uri: format!("s3://{bucket}/{key}"), action, reason: reason(error) }
}

/// An answer that lacks what it must have.
pub(crate) fn incomplete(bucket: &str, key: &str, lacks: &str) -> StorageError {
    let reason = format!("S3 answered without {lacks}");
    StorageError { uri: format!("s3://{bucket}/{key}"), action: "written", reason }
}

/// What AWS says, else what went wrong on the way there.
pub(crate) fn reason<E: ProvideErrorMetadata + std::error::Error>(error: &E) -> String {
    let reason = match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        _ => DisplayErrorContext(error).to_string(),
    };
    shown(&reason, MOST_SHOWN)
}
