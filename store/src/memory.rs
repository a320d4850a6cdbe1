//! A store in memory, with S3's semantics.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use shared::landing::{Kind, Object, Version};
use shared::run::empty_parquet;

use crate::{Listed, PartStore, Store, StoreError};

/// Objects by key.
#[derive(Debug, Default)]
pub struct Memory {
    contents: Mutex<Contents>,
}

#[derive(Debug, Default)]
struct Contents {
    objects: BTreeMap<String, Stored>,
    /// Writes so far: the version of an object is the number of the write that made it.
    writes: u64,
}

#[derive(Debug)]
struct Stored {
    body: Vec<u8>,
    /// None for a ledger.
    kind: Option<Kind>,
    version: Version,
}

impl Memory {
    /// Every object whose key begins with `prefix`, in the order of the keys.
    pub fn objects(&self, prefix: &str) -> Vec<(String, Vec<u8>)> {
        let contents = self.lock();
        let found = contents.objects.iter().filter(|(key, _)| key.starts_with(prefix));
        found.map(|(key, stored)| (key.clone(), stored.body.clone())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        // No operation leaves it half done.
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contents {
    fn write(&mut self, key: String, body: Vec<u8>, kind: Option<Kind>) -> Version {
        self.writes += 1;
        let version = self.writes.to_string();
        self.objects.insert(key, Stored { body, kind, version: version.clone() });
        version
    }
}

impl Store for Memory {
    async fn read(&self, key: &str) -> Result<Option<(Vec<u8>, Version)>, StoreError> {
        Ok(self.lock().objects.get(key).map(|stored| (stored.body.clone(), stored.version.clone())))
    }

    async fn swap(&self, key: &str, body: Vec<u8>, expected: Option<Version>) -> Result<Option<Version>, StoreError> {
        let mut contents = self.lock();
        let there = contents.objects.get(key).map(|stored| &stored.version);
        if there != expected.as_ref() {
            return Ok(None);
        }
        Ok(Some(contents.write(key.to_owned(), body, None)))
    }

    async fn find(&self, key: &str) -> Result<Option<Kind>, StoreError> {
        Ok(self.lock().objects.get(key).and_then(|stored| stored.kind))
    }

    async fn create(&self, object: Object) -> Result<bool, StoreError> {
        let mut contents = self.lock();
        if contents.objects.contains_key(&object.key) {
            return Ok(false);
        }
        contents.write(object.key, object.body, Some(object.kind));
        Ok(true)
    }

    async fn overwrite(&self, object: Object) -> Result<(), StoreError> {
        self.lock().write(object.key, object.body, Some(object.kind));
        Ok(())
    }

    async fn list(&self, prefix: &str, after: &str, most: usize) -> Result<Vec<Listed>, StoreError> {
        let contents = self.lock();
        let found = contents.objects.iter().filter(|(key, _)| key.starts_with(prefix) && key.as_str() > after);
        let listed = found.map(|(key, stored)| Listed { key: key.clone(), bytes: stored.body.len() as u64 });
        Ok(listed.take(most).collect())
    }
}

impl PartStore for Memory {
    async fn download(&self, key: &str, file: &Path) -> Result<bool, StoreError> {
        let Some((body, _)) = self.read(key).await? else { return Ok(false) };
        let written = fs::write(file, body);
        written.map(|()| true).map_err(|error| StoreError {
            action: "read",
            key: key.to_owned(),
            message: error.to_string(),
        })
    }

    async fn upload(&self, key: &str, file: &Path) -> Result<bool, StoreError> {
        let body = fs::read(file).map_err(|error| StoreError {
            action: "write",
            key: key.to_owned(),
            message: error.to_string(),
        })?;
        self.create(Object { key: key.to_owned(), body, kind: Kind::Bars }).await
    }

    async fn hollow(&self, key: &str) -> Result<(), StoreError> {
        self.lock().write(key.to_owned(), empty_parquet(), Some(Kind::Hollow));
        Ok(())
    }

    async fn folders(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let contents = self.lock();
        let below = contents.objects.keys().filter_map(|key| key.strip_prefix(prefix)?.split_once('/'));
        let folders: BTreeSet<_> = below.map(|(folder, _)| format!("{prefix}{folder}/")).collect();
        Ok(folders.into_iter().collect())
    }

    async fn remove(&self, key: &str) -> Result<(), StoreError> {
        self.lock().objects.remove(key);
        Ok(())
    }
}
