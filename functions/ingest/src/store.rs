//! The store: the operations on objects that landing needs. S3 stands behind it; the simulation, the benchmarks and the tests put
//! one in memory in its place.

mod memory;
mod s3;

use shared::landing::{Kind, Object, Version};

pub use memory::Memory;
pub use s3::S3Store;

/// Objects by key. After an `Ok`, what was written is durable and everyone sees it. After an `Err`, it may be there or not, or
/// come later.
pub trait Store {
    /// The object's bytes and version; none if there is no object.
    fn read(&self, key: &str) -> impl Future<Output = Result<Option<(Vec<u8>, Version)>, StoreError>>;

    /// Writes the object if it has the version expected (none: if there is no object). Its new version; none if it has not.
    fn swap(
        &self,
        key: &str,
        body: Vec<u8>,
        expected: Option<Version>,
    ) -> impl Future<Output = Result<Option<Version>, StoreError>>;

    /// What is at the key, if anything, without its bytes.
    fn find(&self, key: &str) -> impl Future<Output = Result<Option<Kind>, StoreError>>;

    /// Writes the object unless there is one at its key; whether it did.
    fn create(&self, object: Object) -> impl Future<Output = Result<bool, StoreError>>;

    /// Writes the object, whatever is there.
    fn overwrite(&self, object: Object) -> impl Future<Output = Result<(), StoreError>>;

    /// Every key that begins with `prefix`.
    fn list(&self, prefix: &str) -> impl Future<Output = Result<Vec<String>, StoreError>>;
}

/// An operation that may work when it is tried again.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {key}: {message}")]
pub struct StoreError {
    /// "read", "write", "find" or "list".
    pub action: &'static str,
    /// The object.
    pub key: String,
    /// The store's own words.
    pub message: String,
}
