//! What the simulation has besides writers once hours are compacted: compactors, a catalog, and readers, who must see each record that was
//! acknowledged once, whenever they look.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use compact::catalog::{Catalog, CatalogError};
use compact::{CompactError, Compactor, Limits, PART_GRACE_MS, Summary, Task};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use shared::key::{Hour, LandingTime, SEAL};
use shared::landing::{Kind, Object, Version};
use shared::manifest::{self, Manifest, Table};
use store::{Listed, PartStore, Store, StoreError};

use crate::world::{ProcessStore, Without};

/// How long landed objects keep their rows.
pub(crate) const LANDED_GRACE_MS: i64 = 2 * 86_400_000;

/// What is registered. It fails never: where it would, the compactor stops, as it does at the store's faults around it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registered(Rc<RefCell<BTreeMap<Table, BTreeSet<String>>>>);

impl Registered {
    fn has(&self, table: Table, part: &str) -> bool {
        self.0.borrow().get(&table).is_some_and(|parts| parts.contains(part))
    }
}

impl Catalog for Registered {
    async fn parts(&self, table: Table) -> Result<Vec<String>, CatalogError> {
        Ok(self.0.borrow().get(&table).into_iter().flatten().cloned().collect())
    }

    async fn register(&self, table: Table, parts: &[String]) -> Result<(), CatalogError> {
        self.0.borrow_mut().entry(table).or_default().extend(parts.iter().cloned());
        Ok(())
    }

    async fn forget(&self, table: Table, parts: &[String]) -> Result<(), CatalogError> {
        self.0.borrow_mut().entry(table).or_default().retain(|part| !parts.contains(part));
        Ok(())
    }

    async fn folders(&self, _: Hour) -> Result<Vec<Hour>, CatalogError> {
        Ok(Vec::new())
    }

    async fn register_folders(&self, _: &[Hour]) -> Result<(), CatalogError> {
        Ok(())
    }

    async fn publish(
        &self,
        _: Table,
        _: u64,
        _: &dyn Fn(&[&str], &str) -> String,
    ) -> Result<Option<u64>, CatalogError> {
        Ok(None)
    }
}

/// A compactor, in a folder of the run's.
pub(crate) struct Order {
    pub(crate) store: ProcessStore,
    pub(crate) catalog: Registered,
    pub(crate) without: Option<Without>,
    pub(crate) scratch: PathBuf,
    pub(crate) objects: usize,
    pub(crate) bytes: u64,
    pub(crate) part_bytes: u64,
    pub(crate) is_late: bool,
    pub(crate) before: Hour,
    pub(crate) now: LandingTime,
}

/// Compacts as the deployed function does.
pub(crate) async fn compact(order: Order) -> Result<Summary, CompactError> {
    let Order { store, catalog, without, scratch, objects, bytes, part_bytes, is_late, before, now } = order;
    let attempt = manifest::attempt(now, &format!("p{}", store.process));
    let compactor = Compactor {
        store: Careless { store, without },
        catalog,
        limits: Limits { objects, bytes, part_bytes },
        part_grace_ms: if without == Some(Without::PartGrace) { 0 } else { PART_GRACE_MS },
        landed_grace_ms: Some(if without == Some(Without::LandedGrace) { 0 } else { LANDED_GRACE_MS }),
        scratch,
    };
    compactor.run(&Task { before: Some(before), now, attempt: &attempt, late: &|| is_late }).await
}

/// The store of a compactor from which a part of the protocol is taken away.
struct Careless {
    store: ProcessStore,
    without: Option<Without>,
}

impl Careless {
    fn is_without(&self, what: Without) -> bool {
        self.without == Some(what)
    }
}

impl Store for Careless {
    async fn read(&self, key: &str) -> Result<Option<(Vec<u8>, Version)>, StoreError> {
        self.store.read(key).await
    }

    async fn swap(&self, key: &str, body: Vec<u8>, expected: Option<Version>) -> Result<Option<Version>, StoreError> {
        let skips = (key == SEAL && self.is_without(Without::Announcement))
            || (key.starts_with("ledger/") && self.is_without(Without::LedgerSeal));
        if skips {
            return Ok(Some("none".to_owned()));
        }
        self.store.swap(key, body, expected).await
    }

    async fn find(&self, key: &str) -> Result<Option<Kind>, StoreError> {
        if self.is_without(Without::SealSettling) { Ok(Some(Kind::Bars)) } else { self.store.find(key).await }
    }

    async fn create(&self, object: Object) -> Result<bool, StoreError> {
        if object.kind == Kind::Fence && self.is_without(Without::SealFence) {
            return Ok(true);
        }
        self.store.create(object).await
    }

    async fn overwrite(&self, object: Object) -> Result<(), StoreError> {
        self.store.overwrite(object).await
    }

    async fn list(&self, prefix: &str, after: &str, most: usize) -> Result<Vec<Listed>, StoreError> {
        let listed = self.store.list(prefix, after, most).await?;
        if self.is_without(Without::OrphanBase) && prefix.starts_with("compacted/") {
            let manifest = self.store.read(manifest::KEY).await?;
            let manifest = manifest.map(|(bytes, _)| Manifest::parse(&bytes).unwrap()).unwrap_or_default();
            for object in &listed {
                let named = Table::ALL
                    .into_iter()
                    .any(|table| table.part_of(&object.key).is_some_and(|part| manifest.names(table, part)));
                if !named {
                    self.store.remove(&object.key).await?;
                }
            }
        }
        Ok(listed)
    }
}

impl PartStore for Careless {
    async fn download(&self, key: &str, file: &Path) -> Result<bool, StoreError> {
        self.store.download(key, file).await
    }

    async fn upload(&self, key: &str, file: &Path) -> Result<bool, StoreError> {
        self.store.upload(key, file).await
    }

    async fn hollow(&self, key: &str) -> Result<(), StoreError> {
        if self.is_without(Without::Hollow) { self.store.remove(key).await } else { self.store.hollow(key).await }
    }

    async fn folders(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        self.store.folders(prefix).await
    }

    async fn remove(&self, key: &str) -> Result<(), StoreError> {
        self.store.remove(key).await
    }
}

/// What a reader has seen: the files of `bars`.
pub(crate) struct Seen {
    pub(crate) bars: Vec<(String, Vec<u8>)>,
}

/// Reads the manifest, and later, while others go on, what it names. The error is what is missing.
pub(crate) async fn read(store: ProcessStore, catalog: Registered) -> Result<Seen, String> {
    let broken = |error: StoreError| format!("a reader is not to meet faults: {error}");
    let manifest = store.read(manifest::KEY).await.map_err(broken)?;
    let manifest = manifest.map(|(bytes, _)| Manifest::parse(&bytes).unwrap()).unwrap_or_default();
    let landed = store.list("bars/", "", usize::MAX).await.map_err(broken)?;
    let landed = landed.into_iter().filter(|object| Hour::of_key(&object.key) >= Some(manifest.through));
    let parts =
        Table::ALL.into_iter().flat_map(|table| manifest.parts(table).iter().map(move |part| (table, &part.id)));
    let mut files: Vec<_> = parts.map(|(table, id)| (table.key(id), Some((table, id)))).collect();
    files.extend(landed.map(|object| (object.key, None)));
    // An engine reads them in any order.
    files.shuffle(&mut ChaCha8Rng::seed_from_u64(store.process as u64));
    let mut seen = Seen { bars: Vec::new() };
    for (key, part) in files {
        if part.is_some_and(|(table, id)| !catalog.has(table, id)) {
            return Err(format!("a reader of version {} is not told of {key}", manifest.version));
        }
        let Some((body, _)) = store.read(&key).await.map_err(broken)? else {
            return Err(format!("a reader of version {} does not find {key}", manifest.version));
        };
        if part.is_none_or(|(table, _)| table == Table::Bars) {
            seen.bars.push((key, body));
        }
    }
    Ok(seen)
}

/// What a reader would see who looks at everything in one moment.
pub(crate) fn visible(objects: impl Fn(&str) -> Vec<(String, Vec<u8>)>) -> Vec<(String, Vec<u8>)> {
    let manifest = objects(manifest::KEY).into_iter().next();
    let manifest = manifest.map(|(_, bytes)| Manifest::parse(&bytes).unwrap()).unwrap_or_default();
    let parts = manifest.bars.iter().flat_map(|part| objects(&Table::Bars.key(&part.id)));
    let landed = objects("bars/").into_iter().filter(|(key, _)| Hour::of_key(key) >= Some(manifest.through));
    parts.chain(landed).collect()
}

/// The audits tell what is in the parts, and what was rejected on the days that are over.
pub(crate) fn check_audits(objects: impl Fn(&str) -> Vec<(String, Vec<u8>)>) -> Result<(), String> {
    let Some((_, manifest)) = objects(manifest::KEY).pop() else { return Ok(()) };
    let manifest = Manifest::parse(&manifest).unwrap();
    if manifest.audited_from() > Hour::default() {
        return Err(format!("what is before {} is not audited", manifest.audited_from()));
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut told = (0, 0, 0);
    for part in &manifest.audits {
        let body = objects(&Table::Audits.key(&part.id)).pop().map(|(_, body)| body).unwrap_or_default();
        std::fs::write(file.path(), body).unwrap();
        for row in compact::audit::read_file(file.path()).map_err(|error| error.to_string())? {
            told.0 += row.sums.bar_rows;
            told.1 += row.sums.rejected;
            told.2 += row.sums.duplicates;
        }
    }
    let rows: u64 = manifest.bars.iter().map(|part| part.rows).sum();
    let over = format!("rejects/dt={}/", manifest.through.dt());
    let rejects = objects("rejects/").into_iter().filter(|(key, _)| *key < over);
    let rejected: usize = rejects.map(|(_, body)| String::from_utf8_lossy(&body).lines().count()).sum();
    let there = (rows.cast_signed(), i64::try_from(rejected).unwrap(), 0);
    if told == there {
        Ok(())
    } else {
        Err(format!("rows, rejected, duplicates: {told:?} are audited, {there:?} there"))
    }
}
