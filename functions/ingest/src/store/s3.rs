//! S3 as the store.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use tokio::time::sleep;
use tracing::warn;

use super::{ContentType, Created, Store, StoreError};

/// Tries of one write that S3 answers with a conflict; the SDK itself retries throttling, time-outs and server errors.
const TRIES_ON_CONFLICT: u32 = 5;

/// The lake's bucket.
#[derive(Debug)]
pub(crate) struct S3Store {
    client: Client,
    bucket: String,
}

impl S3Store {
    pub(crate) fn new(client: Client, bucket: String) -> Self {
        Self { client, bucket }
    }
}

impl Store for S3Store {
    async fn create(&self, key: &str, body: Vec<u8>, content_type: ContentType) -> Result<Created, StoreError> {
        let body = Bytes::from(body);
        let mut conflicts = 0;
        loop {
            let answer = self
                .client
                .put_object()
                .bucket(&self.bucket)
                .key(key)
                .content_type(mime(content_type))
                .if_none_match("*")
                .body(ByteStream::from(body.clone()))
                .send()
                .await;
            let Err(error) = answer else { return Ok(Created::New) };
            match error.code() {
                Some("PreconditionFailed") => return Ok(Created::Existed),
                // Someone else is writing the same key just now.
                Some("ConditionalRequestConflict") if conflicts + 1 < TRIES_ON_CONFLICT => {
                    conflicts += 1;
                    warn!(key, conflicts, "conflicting write, trying again");
                    sleep(Duration::from_millis(50 << conflicts)).await;
                }
                _ => return Err(StoreError { key: key.to_owned(), message: in_words(&error) }),
            }
        }
    }
}

/// The service's own words where there are any; else what the connection says.
fn in_words<E: ProvideErrorMetadata + std::error::Error>(error: &E) -> String {
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        _ => DisplayErrorContext(error).to_string(),
    }
}

fn mime(content_type: ContentType) -> &'static str {
    match content_type {
        ContentType::Parquet => "application/vnd.apache.parquet",
        ContentType::JsonLines => "application/x-ndjson",
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::error::ErrorMetadata;
    use aws_sdk_s3::operation::put_object::{PutObjectError, PutObjectOutput};
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};

    use super::*;

    fn refused(code: &str) -> PutObjectError {
        PutObjectError::generic(ErrorMetadata::builder().code(code).build())
    }

    fn refusal(code: &'static str) -> Rule {
        mock!(Client::put_object).then_error(move || refused(code))
    }

    fn acceptance() -> Rule {
        mock!(Client::put_object)
            .match_requests(|request| request.bucket() == Some("lake") && request.if_none_match() == Some("*"))
            .then_output(|| PutObjectOutput::builder().build())
    }

    async fn create(rules: &[&Rule]) -> Result<Created, StoreError> {
        let client = mock_client!(aws_sdk_s3, RuleMode::Sequential, rules);
        S3Store::new(client, "lake".to_owned()).create("k", vec![1], ContentType::Parquet).await
    }

    #[tokio::test]
    async fn an_object_is_created_only_where_there_is_none() {
        assert_eq!(create(&[&acceptance()]).await.unwrap(), Created::New);
        assert_eq!(create(&[&refusal("PreconditionFailed")]).await.unwrap(), Created::Existed);
    }

    #[tokio::test(start_paused = true)]
    async fn a_conflict_is_tried_again() {
        let (conflict, accepted) = (refusal("ConditionalRequestConflict"), acceptance());
        assert_eq!(create(&[&conflict, &accepted]).await.unwrap(), Created::New);
    }

    #[tokio::test(start_paused = true)]
    async fn a_conflict_that_does_not_end_is_an_error() {
        let conflicts = mock!(Client::put_object)
            .sequence()
            .error(|| refused("ConditionalRequestConflict"))
            .times(TRIES_ON_CONFLICT as usize)
            .build();
        create(&[&conflicts]).await.unwrap_err();
        assert_eq!(conflicts.num_calls(), TRIES_ON_CONFLICT as usize);
    }

    #[tokio::test]
    async fn any_other_answer_is_an_error_that_names_the_key_and_says_why() {
        let error = create(&[&refusal("AccessDenied")]).await.unwrap_err().to_string();
        assert!(error.starts_with("cannot write k: ") && error.contains("AccessDenied"), "{error}");
    }
}
