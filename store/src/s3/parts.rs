//! What only compaction needs of S3.

use std::path::Path;
use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::MetadataDirective;
use tokio::io::AsyncWriteExt as _;

use super::{COMPACTED, KIND, PARQUET, S3Store, in_words};
use crate::{HOLLOW, PartStore, StoreError};

/// A part has half a gigabyte.
const FILE_TIMEOUT: Duration = Duration::from_mins(5);

impl PartStore for S3Store {
    async fn download(&self, key: &str, file: &Path) -> Result<bool, StoreError> {
        let failed = |message| StoreError { action: "read", key: key.to_owned(), message };
        let object = match self.client.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(object) => object,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => return Ok(false),
            Err(error) => return Err(failed(in_words(&error))),
        };
        let mut file = tokio::fs::File::create(file).await.map_err(|error| failed(error.to_string()))?;
        let mut body = object.body.into_async_read();
        tokio::io::copy(&mut body, &mut file).await.map_err(|error| failed(error.to_string()))?;
        file.flush().await.map_err(|error| failed(error.to_string()))?;
        Ok(true)
    }

    async fn upload(&self, key: &str, file: &Path) -> Result<bool, StoreError> {
        let failed = |message| StoreError { action: "write", key: key.to_owned(), message };
        let body = ByteStream::from_path(file).await.map_err(|error| failed(error.to_string()))?;
        let put = self.client.put_object().bucket(&self.bucket).key(key).content_type(PARQUET).if_none_match("*");
        let patient = TimeoutConfig::builder().operation_attempt_timeout(FILE_TIMEOUT).build();
        let put = put.body(body).customize().disable_payload_signing();
        match put.config_override(aws_sdk_s3::config::Builder::new().timeout_config(patient)).send().await {
            Ok(_) => Ok(true),
            Err(error) if error.code() == Some("PreconditionFailed") => Ok(false),
            Err(error) => Err(failed(in_words(&error))),
        }
    }

    async fn hollow(&self, key: &str) -> Result<(), StoreError> {
        // A copy, because the bucket announces what is put: an object that was hollowed is not to be crawled again.
        let copy = self.client.copy_object().bucket(&self.bucket).key(key);
        let copy = copy.copy_source(format!("{}/{HOLLOW}", self.bucket)).content_type(PARQUET);
        let copy = copy.metadata_directive(MetadataDirective::Replace).metadata(KIND, COMPACTED);
        let copied = copy.send().await;
        copied.map(|_| ()).map_err(|error| StoreError {
            action: "write",
            key: key.to_owned(),
            message: in_words(&error),
        })
    }

    async fn folders(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let mut folders = Vec::new();
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix).delimiter("/");
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            let failed = |message| StoreError { action: "list", key: prefix.to_owned(), message };
            let page = page.map_err(|error| failed(in_words(&error)))?;
            folders.extend(page.common_prefixes.unwrap_or_default().into_iter().filter_map(|folder| folder.prefix));
        }
        Ok(folders)
    }

    async fn remove(&self, key: &str) -> Result<(), StoreError> {
        match self.client.delete_object().bucket(&self.bucket).key(key).send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(StoreError { action: "remove", key: key.to_owned(), message: in_words(&error) }),
        }
    }
}
