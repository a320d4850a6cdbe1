//! The store: the operations on the lake's objects that landing and compaction need. S3 stands behind it; the simulation, the
//! benchmarks and the tests put one in memory in its place.

mod drive;
mod memory;
mod s3;

use std::path::Path;

use shared::landing::{Kind, Object, Version};

pub use drive::drive;
pub use memory::Memory;
pub use s3::S3Store;

/// Key of the Parquet file without rows that hollow objects are copies of.
pub const HOLLOW: &str = "catalog/hollow.parquet";

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

    /// The first objects, at most so many, whose keys begin with `prefix` and come after the key `after`, in the order of the keys.
    fn list(&self, prefix: &str, after: &str, most: usize) -> impl Future<Output = Result<Vec<Listed>, StoreError>>;
}

/// And those that only compaction needs: large objects, by way of files, and the end of objects that are of no use any more.
pub trait PartStore: Store {
    /// Writes the object into a file; whether there is one.
    fn download(&self, key: &str, file: &Path) -> impl Future<Output = Result<bool, StoreError>>;

    /// Writes a file as an object, unless there is one at its key; whether it did.
    fn upload(&self, key: &str, file: &Path) -> impl Future<Output = Result<bool, StoreError>>;

    /// Puts an object without rows in the place of a landed one, that is no fence: a copy of the one at [`HOLLOW`].
    fn hollow(&self, key: &str) -> impl Future<Output = Result<(), StoreError>>;

    /// The folders directly below a prefix that ends with `/`, with the prefix and a `/`.
    fn folders(&self, prefix: &str) -> impl Future<Output = Result<Vec<String>, StoreError>>;

    /// Removes the object, if there is one.
    fn remove(&self, key: &str) -> impl Future<Output = Result<(), StoreError>>;
}

/// An object that was listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Where it is.
    pub key: String,
    /// Its size.
    pub bytes: u64,
}

/// An operation that may work when it is tried again.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {key}: {message}")]
pub struct StoreError {
    /// "read", "write", "find", "list" or "remove".
    pub action: &'static str,
    /// The object.
    pub key: String,
    /// The store's own words.
    pub message: String,
}
