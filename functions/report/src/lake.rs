//! Which rows the lake has: the manifest, as one version tells it.

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectError;
use shared::manifest::{self, Manifest, UnreadableManifest};
use thiserror::Error;

use crate::publish::{StorageError, failed};

/// A manifest that is not to be had: without it a report would tell half of the lake.
#[derive(Debug, Error)]
pub enum LakeError {
    /// Something in its place that is none.
    #[error(transparent)]
    Unreadable(#[from] UnreadableManifest),
    /// S3 did not hand it over.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The newest version; that of a lake that was never compacted, if there is none.
pub(crate) async fn manifest(client: &Client, bucket: &str) -> Result<Manifest, LakeError> {
    let key = manifest::KEY;
    let object = match client.get_object().bucket(bucket).key(key).send().await {
        Ok(object) => object,
        Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => {
            return Ok(Manifest::default());
        }
        Err(error) => return Err(failed(bucket, key, "read", &error).into()),
    };
    let body = object.body.collect().await.map_err(|error| StorageError::cut(bucket, key, &error))?;
    Ok(Manifest::parse(&body.into_bytes())?)
}
