//! Which rows the lake has: the manifest, as one version tells it.

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectError;
use shared::error_type::ErrorType;
use shared::key::SEAL;
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
    /// Hours were sealed, so there was one.
    #[error(
        "catalog/bars.json is gone: without it nobody knows which parts to read; restore it (RUNBOOK.md, Taking back what was deleted)"
    )]
    Gone,
}

impl LakeError {
    pub(crate) fn error_type(&self) -> ErrorType {
        match self {
            Self::Unreadable(_) | Self::Gone => ErrorType::LakeDamaged,
            Self::Storage(_) => ErrorType::LakeUnavailable,
        }
    }
}

/// The newest version; that of a lake that was never compacted, if there is none.
pub(crate) async fn manifest(client: &Client, bucket: &str) -> Result<Manifest, LakeError> {
    let key = manifest::KEY;
    let object = match client.get_object().bucket(bucket).key(key).send().await {
        Ok(object) => object,
        Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => {
            let sealed = client.list_objects_v2().bucket(bucket).prefix(SEAL).send().await;
            let sealed = sealed.map_err(|error| failed(bucket, SEAL, "looked for", &error))?;
            return if sealed.contents().is_empty() { Ok(Manifest::default()) } else { Err(LakeError::Gone) };
        }
        Err(error) => return Err(failed(bucket, key, "read", &error).into()),
    };
    let body = object.body.collect().await.map_err(|error| StorageError::cut(bucket, key, &error))?;
    Ok(Manifest::parse(&body.into_bytes())?)
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
    use aws_sdk_s3::types::Object;
    use aws_sdk_s3::types::error::NoSuchKey;
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    use super::*;

    async fn without_a_manifest(is_sealed: bool) -> Result<Manifest, LakeError> {
        let no_manifest =
            mock!(Client::get_object).then_error(|| GetObjectError::NoSuchKey(NoSuchKey::builder().build()));
        let seal = mock!(Client::list_objects_v2).match_requests(|request| request.prefix() == Some(SEAL)).then_output(
            move || {
                let found = is_sealed.then(|| vec![Object::builder().key(SEAL).build()]);
                ListObjectsV2Output::builder().set_contents(found).build()
            },
        );
        manifest(&mock_client!(aws_sdk_s3, RuleMode::Sequential, [&no_manifest, &seal]), "lake").await
    }

    #[tokio::test]
    async fn a_lake_without_a_manifest_was_never_compacted_or_has_lost_it() {
        assert_eq!(without_a_manifest(false).await.unwrap(), Manifest::default());
        let error = without_a_manifest(true).await.unwrap_err().to_string();
        assert!(error.starts_with("catalog/bars.json is gone"), "{error}");
    }
}
