//! A store of files in a folder, with S3's semantics, that counts what would be requests.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use shared::landing::{Kind, Object, Version};
use shared::run::empty_parquet;
use store::{Listed, PartStore, Store, StoreError};

/// How many objects S3 lists in one answer.
const LISTED_AT_ONCE: usize = 1000;

pub(crate) struct Disk {
    folder: PathBuf,
    contents: Mutex<Contents>,
}

#[derive(Default)]
struct Contents {
    objects: BTreeMap<String, Stored>,
    requests: Requests,
}

struct Stored {
    bytes: u64,
    kind: Kind,
    version: u64,
}

/// By what S3 takes for them: the first are a tenth of the others.
#[derive(Clone, Copy, Default)]
pub(crate) struct Requests {
    pub(crate) reads: usize,
    pub(crate) lists: usize,
    pub(crate) writes: usize,
    /// And bytes written.
    pub(crate) written: u64,
}

impl Disk {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, contents: Mutex::default() }
    }

    pub(crate) fn requests(&self) -> Requests {
        self.lock().requests
    }

    /// Writes what has landed, as `ingest` would: no request of compaction's.
    pub(crate) fn land(&self, key: String, body: &[u8]) {
        self.write(key, body, Kind::Bars);
    }

    /// Objects below a prefix.
    pub(crate) fn count(&self, prefix: &str) -> (usize, u64) {
        let contents = self.lock();
        let found: Vec<_> = contents.below(prefix, "").map(|(_, stored)| stored.bytes).collect();
        (found.len(), found.iter().sum())
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap()
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.join(key)
    }

    fn write(&self, key: String, body: &[u8], kind: Kind) -> Version {
        let path = self.path(&key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, body).unwrap();
        self.lock().put(key, body.len() as u64, kind)
    }
}

impl Contents {
    fn put(&mut self, key: String, bytes: u64, kind: Kind) -> Version {
        let version = self.objects.get(&key).map_or(1, |stored| stored.version + 1);
        self.objects.insert(key, Stored { bytes, kind, version });
        version.to_string()
    }

    fn written(&mut self, bytes: u64) {
        self.requests.writes += 1;
        self.requests.written += bytes;
    }

    fn below<'a>(&'a self, prefix: &'a str, after: &'a str) -> impl Iterator<Item = (&'a String, &'a Stored)> {
        let from = if after > prefix { Bound::Excluded(after) } else { Bound::Included(prefix) };
        self.objects.range::<str, _>((from, Bound::Unbounded)).take_while(move |(key, _)| key.starts_with(prefix))
    }
}

impl Store for Disk {
    async fn read(&self, key: &str) -> Result<Option<(Vec<u8>, Version)>, StoreError> {
        let mut contents = self.lock();
        contents.requests.reads += 1;
        let stored = contents.objects.get(key);
        Ok(stored.map(|stored| (fs::read(self.path(key)).unwrap(), stored.version.to_string())))
    }

    async fn swap(&self, key: &str, body: Vec<u8>, expected: Option<Version>) -> Result<Option<Version>, StoreError> {
        let there = {
            let mut contents = self.lock();
            contents.written(body.len() as u64);
            contents.objects.get(key).map(|stored| stored.version.to_string())
        };
        Ok((there == expected).then(|| self.write(key.to_owned(), &body, Kind::Bars)))
    }

    async fn find(&self, key: &str) -> Result<Option<Kind>, StoreError> {
        let mut contents = self.lock();
        contents.requests.reads += 1;
        Ok(contents.objects.get(key).map(|stored| stored.kind))
    }

    async fn create(&self, object: Object) -> Result<bool, StoreError> {
        let is_new = {
            let mut contents = self.lock();
            contents.written(object.body.len() as u64);
            !contents.objects.contains_key(&object.key)
        };
        if is_new {
            self.write(object.key, &object.body, object.kind);
        }
        Ok(is_new)
    }

    async fn overwrite(&self, object: Object) -> Result<(), StoreError> {
        self.lock().written(object.body.len() as u64);
        self.write(object.key, &object.body, object.kind);
        Ok(())
    }

    async fn list(&self, prefix: &str, after: &str, most: usize) -> Result<Vec<Listed>, StoreError> {
        let mut contents = self.lock();
        let listed = contents.below(prefix, after).take(most);
        let listed: Vec<_> = listed.map(|(key, stored)| Listed { key: key.clone(), bytes: stored.bytes }).collect();
        contents.requests.lists += (listed.len() / LISTED_AT_ONCE).max(1);
        Ok(listed)
    }
}

impl PartStore for Disk {
    async fn download(&self, key: &str, file: &Path) -> Result<bool, StoreError> {
        let Some((body, _)) = self.read(key).await? else { return Ok(false) };
        fs::write(file, body).unwrap();
        Ok(true)
    }

    async fn upload(&self, key: &str, file: &Path) -> Result<bool, StoreError> {
        let body = fs::read(file).unwrap();
        self.create(Object { key: key.to_owned(), body, kind: Kind::Bars }).await
    }

    async fn hollow(&self, key: &str) -> Result<(), StoreError> {
        let body = empty_parquet();
        self.overwrite(Object { key: key.to_owned(), body, kind: Kind::Bars }).await
    }

    async fn folders(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let mut contents = self.lock();
        contents.requests.lists += 1;
        let (mut folders, mut after) = (Vec::new(), String::new());
        loop {
            let folder = contents.below(prefix, &after).find_map(|(key, _)| {
                let (folder, _) = key.strip_prefix(prefix)?.split_once('/')?;
                Some(format!("{prefix}{folder}/"))
            });
            let Some(folder) = folder else { return Ok(folders) };
            // No key has this character: it is after all that are in the folder.
            after = format!("{folder}\u{10ffff}");
            folders.push(folder);
        }
    }

    async fn remove(&self, key: &str) -> Result<(), StoreError> {
        let mut contents = self.lock();
        if contents.objects.remove(key).is_some() {
            fs::remove_file(self.path(key)).unwrap();
        }
        Ok(())
    }
}
