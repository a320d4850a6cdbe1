//! Where a report lies in the lake.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_s3::primitives::ByteStream;
use chrono::NaiveDate;
use thiserror::Error;

/// The URIs of the two files of a report.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) csv: String,
    pub(crate) html: String,
}

/// A file that could not be written.
#[derive(Debug, Error)]
#[error("{uri} could not be written: {reason}")]
pub(crate) struct PublishError {
    uri: String,
    reason: String,
}

/// Writes the CSV, then the page, over those of an earlier run of the same day.
pub(crate) async fn publish(
    client: &Client,
    bucket: &str,
    report: &str,
    date: NaiveDate,
    csv: Vec<u8>,
    html: String,
) -> Result<Published, PublishError> {
    let folder = format!("reports/{report}/dt={date}");
    let csv_key = format!("{folder}/report.csv");
    let html_key = format!("{folder}/report.html");
    Ok(Published {
        csv: put(client, bucket, &csv_key, "text/csv; charset=utf-8", csv).await?,
        html: put(client, bucket, &html_key, "text/html; charset=utf-8", html.into_bytes()).await?,
    })
}

async fn put(
    client: &Client,
    bucket: &str,
    key: &str,
    content_type: &str,
    body: Vec<u8>,
) -> Result<String, PublishError> {
    let uri = format!("s3://{bucket}/{key}");
    let request = client.put_object().bucket(bucket).key(key).content_type(content_type);
    match request.body(ByteStream::from(body)).send().await {
        Ok(_) => Ok(uri),
        Err(error) => {
            let reason = match (error.code(), error.message()) {
                (Some(code), Some(message)) => format!("{code}: {message}"),
                _ => DisplayErrorContext(&error).to_string(),
            };
            Err(PublishError { uri, reason })
        }
    }
}
