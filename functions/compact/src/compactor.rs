//! Compaction: the steps of one invocation. Each may be the last that is done: the next invocation goes on.
//!
//! 1. Read the manifest, and make the views say what it says, as in 6. Is there nothing before the hour: 7.
//! 2. Seal the hour in all ledgers ([`crate::seal`]): from then on the folders before it have the rows that they have.
//! 3. Take whole hours from where the manifest ends ([`crate::plan`]), make parts of them and of small parts ([`crate::parts`]), and
//!    compare row by row.
//! 4. Register the parts in the catalog.
//! 5. Swap the manifest: that is the switch. While there is time, 3.
//! 6. Publish the views, and register folders that a crawl has not found yet.
//! 7. Remove what nobody reads any more ([`crate::collect`]).

use std::path::PathBuf;

use serde::Serialize;
use shared::key::{Hour, LandingTime, SEAL};
use shared::landing::{LandingError, Version};
use shared::manifest::{self, Manifest, Table, UnreadableManifest};
use shared::sealing::UnreadableSeal;
use store::{PartStore, StoreError};
use tracing::{info, warn};

use crate::catalog::{Catalog, CatalogError};
use crate::merge::MergeError;
use crate::parts::Making;
use crate::plan::{Batch, Limits, first_hour, next_batch};
use crate::{collect, scratch, seal};

/// Folders are left alone for so long: whoever lands in them has landed, or is about to be fenced.
const HOURS_LEFT_ALONE: i64 = 2;
/// A part of a version before is kept for so long. No query runs for longer.
pub const PART_GRACE_MS: i64 = 86_400_000;

/// Compacts a lake.
#[derive(Debug)]
pub struct Compactor<S, C> {
    /// The lake.
    pub store: S,
    /// What Athena knows of it.
    pub catalog: C,
    /// How much at once.
    pub limits: Limits,
    /// How long parts of versions before are kept ([`PART_GRACE_MS`]).
    pub part_grace_ms: i64,
    /// How long landed objects keep their rows once these are read in parts; none: for ever.
    pub landed_grace_ms: Option<i64>,
    /// A folder for files, which is emptied.
    pub scratch: PathBuf,
}

/// What one invocation is asked.
pub struct Task<'a> {
    /// Compact the folders before this hour; none: those that are left alone by now.
    pub before: Option<Hour>,
    /// Now.
    pub now: LandingTime,
    /// Tells what this invocation writes from what any other writes.
    pub attempt: &'a str,
    /// Whether time is too short to begin something new.
    pub late: &'a (dyn Fn() -> bool + Sync),
}

/// What an invocation came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// The rows of all folders before this hour are read in parts now.
    pub through: Hour,
    /// Whether there is more to do than there was time for.
    pub more: bool,
    /// Switches, of one or more hours each.
    pub switches: usize,
    /// Landed objects that are read in parts since this invocation.
    pub objects: usize,
    /// Their size in bytes.
    pub bytes: u64,
    /// Their rows.
    pub rows: u64,
    /// Parts that are read now.
    pub parts: usize,
    /// Their size in bytes.
    pub part_bytes: u64,
    /// Runs that were about to land in a sealed hour and never will: their records are delivered again.
    pub fenced: usize,
    /// Hours from the first landed object that is not in a part to now.
    pub hours_behind: i64,
    /// Landed objects of which the rows were removed, because they have long been read in parts.
    pub hollowed: usize,
    /// Parts that were removed.
    pub removed: usize,
    /// Days with landed objects that are in no part, and that therefore stay as they are.
    pub strange_days: usize,
}

/// Why an invocation did not do all.
#[derive(Debug, thiserror::Error)]
pub enum CompactError {
    /// The store failed for longer than it was worth trying.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// So did the catalog.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A ledger cannot be sealed.
    #[error("cannot seal {key}: {source}")]
    Ledger {
        /// Its key.
        key: String,
        /// Why.
        source: LandingError,
    },
    /// What is sealed is not what was written.
    #[error(transparent)]
    Seal(#[from] UnreadableSeal),
    /// Nor is the manifest.
    #[error(transparent)]
    Manifest(#[from] UnreadableManifest),
    /// The local disk.
    #[error("cannot use the local disk: {0}")]
    Disk(#[from] std::io::Error),
    /// An object that is no Parquet file of bars.
    #[error(
        "{key} cannot be merged: {source}; what it holds no report can read either (RUNBOOK.md, compaction-failing)"
    )]
    Unreadable {
        /// Its key.
        key: String,
        /// Why.
        source: MergeError,
    },
    /// Files that were just written.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// There was a manifest once.
    #[error(
        "catalog/bars.json is gone, and catalog/seal.json is not: it was removed, and nobody knows which rows are in parts; restore it \
         (RUNBOOK.md, compaction-failing)"
    )]
    NoManifest,
    /// An object whose rows are in no part that the manifest tells of.
    #[error(
        "{0} has no rows any more, because they are in a part, and catalog/bars.json does not say so: it is an older version; \
         restore the newest (RUNBOOK.md, compaction-failing)"
    )]
    Hollow(String),
    /// An object that was listed, or a part that the manifest names.
    #[error("{0} is gone: somebody has removed it; restore it (RUNBOOK.md, Taking back what was deleted)")]
    Gone(String),
    /// A part that is not what was written.
    #[error(
        "{0} does not have the rows that the manifest tells; restore it (RUNBOOK.md, Taking back what was deleted)"
    )]
    Differs(String),
    /// Rows went in that did not come out. Nothing was switched.
    #[error("a part does not have the very rows that it was made of: nothing was changed, please report this")]
    Lost,
    /// The hour asked for is yet to come.
    #[error("{0} is yet to come: nothing could land before it any more; name at most the next full hour")]
    TooFar(Hour),
}

impl<S: PartStore, C: Catalog> Compactor<S, C> {
    /// Does what there is to do, or as much of it as there is time for.
    pub async fn run(&self, task: &Task<'_>) -> Result<Summary, CompactError> {
        let this_hour = Hour::of(task.now);
        let before = task.before.unwrap_or(Hour(this_hour.0 - HOURS_LEFT_ALONE));
        if before.0 > this_hour.0 + 1 {
            return Err(CompactError::TooFar(before));
        }
        let (mut manifest, mut version) = self.manifest().await?;
        let mut summary = Summary::default();
        // Whatever becomes of the rest: a lake that was never compacted has no views yet, and no folders of its table are known.
        let published = self.publish(&manifest).await;
        let first = first_hour(&self.store, manifest.through).await?;
        let mut batch = None;
        let mut goes_on = first.is_some_and(|first| first < before);
        if goes_on && version.is_none() {
            version = self.begin().await?;
            goes_on = version.is_some();
            summary.more = !goes_on;
        }
        if goes_on {
            summary.fenced = seal::seal(&self.store, before, task.now).await?;
            // After it: what a writer was about to land is there now, or never will be.
            batch = self.next_batch(&manifest, before).await?;
        }
        while let Some(taken) = batch {
            if summary.switches > 0 && (task.late)() {
                summary.more = true;
                break;
            }
            let switched = self.switch(&manifest, version.clone(), &taken, task, &mut summary).await?;
            let Some((next, its_version)) = switched else {
                // Another compactor was ahead, and does the rest as well.
                summary.more = true;
                break;
            };
            (manifest, version) = (next, Some(its_version));
            batch = self.next_batch(&manifest, before).await?;
        }
        if summary.switches > 0 || published.is_err() {
            self.publish(&manifest).await?;
        }
        let manifest = self.collect(manifest, version, task, &mut summary).await?;
        self.tell(&manifest, this_hour, &mut summary).await?;
        Ok(summary)
    }

    async fn manifest(&self) -> Result<(Manifest, Option<Version>), CompactError> {
        Ok(match self.store.read(manifest::KEY).await? {
            Some((bytes, version)) => (Manifest::parse(&bytes)?, Some(version)),
            None => (Manifest::default(), None),
        })
    }

    /// Writes the first manifest; none if another compactor has. It is there before anything is sealed: so where something is sealed and there
    /// is no manifest, somebody has removed it.
    async fn begin(&self) -> Result<Option<Version>, CompactError> {
        if self.store.read(SEAL).await?.is_some() && self.store.read(manifest::KEY).await?.is_none() {
            return Err(CompactError::NoManifest);
        }
        Ok(self.store.swap(manifest::KEY, Manifest::default().to_bytes(), None).await?)
    }

    async fn next_batch(&self, manifest: &Manifest, before: Hour) -> Result<Option<Batch>, CompactError> {
        if before <= manifest.through {
            return Ok(None);
        }
        let batch = next_batch(&self.store, manifest.through, before, &self.limits).await?;
        if let Some(Batch { astray, .. }) = batch.as_ref().filter(|batch| batch.astray > 0) {
            warn!(
                astray,
                "objects below bars/ are in no folder of an hour: they are in no part, and no view reads them later"
            );
        }
        Ok(batch)
    }

    /// The manifest after this one; none if another compactor has written it.
    async fn switch(
        &self,
        manifest: &Manifest,
        version: Option<Version>,
        batch: &Batch,
        task: &Task<'_>,
        summary: &mut Summary,
    ) -> Result<Option<(Manifest, Version)>, CompactError> {
        let scratch = scratch::folder(&self.scratch)?;
        let making = Making::new(&self.store, manifest, &self.limits, scratch.path(), task.attempt);
        let made = making.make(batch).await?;
        let mut next = manifest.next(batch.through, &made.new, &made.merged, task.now);
        if !made.is_audited {
            next.forget_audits(task.now);
        }
        next.count_landed(batch.objects.iter().map(|(hour, object)| (*hour, object.key.as_str())));
        for table in Table::ALL {
            let live: Vec<_> = next.parts(table).iter().map(|part| part.id.clone()).collect();
            let registered = self.catalog.parts(table).await?;
            let missing: Vec<_> = live.into_iter().filter(|id| !registered.contains(id)).collect();
            self.catalog.register(table, &missing).await?;
        }
        let Some(version) = self.store.swap(manifest::KEY, next.to_bytes(), version).await? else { return Ok(None) };
        summary.switches += 1;
        summary.objects += batch.objects.len();
        summary.bytes += batch.objects.iter().map(|(_, object)| object.bytes).sum::<u64>();
        summary.rows += made.rows;
        info!(
            from = %batch.from, through = %next.through, objects = batch.objects.len(), rows = made.rows,
            new_parts = made.new.len(), merged_parts = made.merged.len(), version = next.version, "switched"
        );
        Ok(Some((next, version)))
    }

    async fn publish(&self, manifest: &Manifest) -> Result<(), CompactError> {
        for table in Table::ALL {
            let select = |columns: &[&str], database: &str| manifest.select(table, columns, Some(database));
            self.catalog.publish(table, manifest.version, &select).await?;
        }
        let first = manifest.through;
        let mut there = Vec::new();
        for day in self.store.folders("bars/").await? {
            if day.as_str() >= format!("bars/dt={}/", first.dt()).as_str() || first == Hour::default() {
                let folders = self.store.folders(&day).await?;
                there.extend(folders.iter().filter_map(|folder| Hour::of_key(&format!("{folder}*"))));
            }
        }
        there.retain(|hour| *hour >= first);
        if !there.is_empty() {
            let registered = self.catalog.folders(first).await?;
            there.retain(|hour| !registered.contains(hour));
            self.catalog.register_folders(&there).await?;
        }
        Ok(())
    }

    async fn collect(
        &self,
        manifest: Manifest,
        version: Option<Version>,
        task: &Task<'_>,
        summary: &mut Summary,
    ) -> Result<Manifest, CompactError> {
        let (removed, mut next) =
            collect::parts(&self.store, &self.catalog, &manifest, self.part_grace_ms, task.now).await?;
        summary.removed = removed;
        if let Some(grace_ms) = self.landed_grace_ms {
            let hollowed = collect::landed(&self.store, &next, grace_ms, task.now, task.late).await?;
            summary.hollowed = hollowed.objects;
            summary.strange_days = hollowed.strange.len();
            next = hollowed.manifest;
        }
        if next == manifest {
            return Ok(manifest);
        }
        next.version += 1;
        let swapped = self.store.swap(manifest::KEY, next.to_bytes(), version).await?;
        Ok(if swapped.is_some() { next } else { manifest })
    }

    async fn tell(&self, manifest: &Manifest, this_hour: Hour, summary: &mut Summary) -> Result<(), CompactError> {
        summary.through = manifest.through;
        let parts: Vec<_> = Table::ALL.into_iter().flat_map(|table| manifest.parts(table)).collect();
        summary.parts = parts.len();
        summary.part_bytes = parts.iter().map(|part| part.bytes).sum();
        let first = first_hour(&self.store, manifest.through).await?;
        summary.hours_behind = first.map_or(0, |first| (this_hour.0 - first.0).max(0));
        Ok(())
    }
}

#[cfg(test)]
mod ceiling;
#[cfg(test)]
mod tests;
