//! The store: the operations on objects that landing needs. S3 stands behind it; tests put one in memory in its place, to
//! inject faults.

mod s3;

#[cfg(test)]
mod fake;

#[cfg(test)]
pub(crate) use fake::Fake;
pub(crate) use s3::S3Store;

/// Objects by key.
pub(crate) trait Store {
    /// Writes an object unless there is one at its key. After `Ok`, the object is durable.
    async fn create(&self, key: &str, body: Vec<u8>, content_type: ContentType) -> Result<Created, StoreError>;
}

/// How `create` came out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Created {
    /// The object was written.
    New,
    /// There is one already; it was left as it is.
    Existed,
}

/// What an object holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum ContentType {
    Parquet,
    JsonLines,
}

/// An operation that may work when it is tried again.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {key}: {message}")]
pub(crate) struct StoreError {
    pub(crate) key: String,
    /// The store's own words.
    pub(crate) message: String,
}
