//! A store in memory, with S3's semantics.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use shared::landing::{Kind, Object, Version};

use super::{Store, StoreError};

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

    /// Takes an object away, as only a person does.
    pub fn remove(&self, key: &str) {
        self.lock().objects.remove(key);
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

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        Ok(self.lock().objects.keys().filter(|key| key.starts_with(prefix)).cloned().collect())
    }
}
