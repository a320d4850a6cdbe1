//! Compaction: the steps of one invocation. Each may be the last that is done: the next invocation goes on.
//!
//! 1. Read the manifest, and make the views say what it says, as in 6. If there are parts that it does not name, 7. Is there nothing before
//!    the hour: 7.
//! 2. Seal the hour in all ledgers ([`crate::seal`]): from then on the folders before it have the rows that they have.
//! 3. Take whole hours from where the manifest ends ([`crate::plan`]), make parts of them and of small parts ([`crate::parts`]), and
//!    compare row by row. If that is too much for one invocation, the next one goes on ([`crate::progress`]).
//! 4. Register the parts in the catalog.
//! 5. Swap the manifest: that is the switch. While there is time, 3.
//! 6. Publish the views, and register folders that a crawl has not found yet.
//! 7. Remove what nobody reads any more ([`crate::collect`]).

use std::path::PathBuf;

use serde::Serialize;
use shared::key::{Hour, LandingTime, SEAL};
use shared::landing::Version;
use shared::manifest::{self, Manifest, Table};
use store::PartStore;
use tracing::{info, warn};

use crate::catalog::Catalog;
use crate::error::CompactError;
use crate::parts::Making;
use crate::plan::{Batch, Limits, first_hour, next_batch};
use crate::progress::Bookmark;
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
        // What invocations that died have left behind would otherwise wait until one succeeds.
        let mut trouble = None;
        if let Ok(ahead) = published
            && version.is_some()
            && collect::finds_leftovers(&self.store, &manifest).await?
        {
            let bookmark = Bookmark::read(&self.store, manifest.version).await?;
            match self.tidy(&manifest, version.clone(), (ahead, &bookmark), task, &mut summary).await {
                Ok(None) => {}
                Ok(Some(tidied)) => (manifest, version) = tidied,
                // New hours can be merged all the same.
                Err(error) => trouble = Some(error),
            }
        }
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
        let ahead = published.as_ref().ok().copied().flatten();
        while let Some((taken, bookmark)) = batch {
            if summary.switches > 0 && (task.late)() {
                summary.more = true;
                break;
            }
            let now = (&manifest, version.clone(), ahead);
            let switched = self.switch(now, (&taken, bookmark), task, &mut summary).await?;
            let Some((next, its_version)) = switched else {
                // Another compactor was ahead, and does the rest as well; or the next invocation goes on.
                summary.more = true;
                break;
            };
            (manifest, version) = (next, Some(its_version));
            batch = self.next_batch(&manifest, before).await?;
        }
        let mut published = published;
        if summary.switches > 0 || published.is_err() {
            published = Ok(self.publish(&manifest).await?);
        }
        if let Some(error) = trouble {
            return Err(error);
        }
        let bookmark = Bookmark::read(&self.store, manifest.version).await?;
        let tidied = self.tidy(&manifest, version.clone(), (published?, &bookmark), task, &mut summary).await?;
        if let Some(tidied) = tidied {
            (manifest, version) = tidied;
        }
        // Another version would make what has been made of this one useless.
        if !bookmark.goes_on(task.now) {
            manifest = self.hollow(manifest, version, task, &mut summary).await?;
        }
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

    async fn next_batch(&self, manifest: &Manifest, before: Hour) -> Result<Option<(Batch, Bookmark)>, CompactError> {
        if before <= manifest.through {
            return Ok(None);
        }
        let bookmark = Bookmark::read(&self.store, manifest.version).await?;
        let until = bookmark.through().map_or(before, |through| through.min(before));
        let batch = next_batch(&self.store, manifest.through, until, &self.limits).await?;
        if let Some(Batch { astray, .. }) = batch.as_ref().filter(|batch| batch.astray > 0) {
            warn!(
                astray,
                "objects below bars/ are in no folder of an hour: they are in no part, and no view reads them later"
            );
        }
        Ok(batch.map(|batch| (batch, bookmark)))
    }

    /// The manifest after this one, which is above the version that a view is ahead of it; none if another compactor has written it, or there
    /// is more to do for it than there is time.
    async fn switch(
        &self,
        (manifest, version, ahead): (&Manifest, Option<Version>, Option<u64>),
        (batch, bookmark): (&Batch, Bookmark),
        task: &Task<'_>,
        summary: &mut Summary,
    ) -> Result<Option<(Manifest, Version)>, CompactError> {
        let scratch = scratch::folder(&self.scratch)?;
        let making = Making::new(&self.store, manifest, &self.limits, scratch.path(), task.attempt);
        let Some(made) = making.make(batch, bookmark, task.late).await? else { return Ok(None) };
        let mut next = manifest.next(batch.through, &made.new, &made.merged, task.now);
        next.version = next.version.max(ahead.unwrap_or_default() + 1);
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

    /// The version of a view that is of a later one, if one is. Then another compactor has switched just now; or the manifest was restored.
    async fn publish(&self, manifest: &Manifest) -> Result<Option<u64>, CompactError> {
        let mut ahead = None;
        for table in Table::ALL {
            let select = |columns: &[&str], database: &str| manifest.select(table, columns, Some(database));
            ahead = ahead.max(self.catalog.publish(table, manifest.version, &select).await?);
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
        Ok(ahead)
    }

    /// Removes the parts that nobody reads any more. If there are some that were made of this version and are never to be named, the version
    /// after it is only to be another: then the next invocation may remove them. That manifest, if there is one.
    async fn tidy(
        &self,
        manifest: &Manifest,
        version: Option<Version>,
        (ahead, bookmark): (Option<u64>, &Bookmark),
        task: &Task<'_>,
        summary: &mut Summary,
    ) -> Result<Option<(Manifest, Option<Version>)>, CompactError> {
        // The views may name parts that this manifest does not; and where there is none, somebody may have removed it.
        if ahead.is_some() || version.is_none() {
            return Ok(None);
        }
        let tidied =
            collect::parts(&self.store, &self.catalog, (manifest, bookmark), self.part_grace_ms, task.now).await?;
        summary.removed += tidied.removed;
        // Another version would make what has been made of this one useless: all that waits can wait.
        let is_tidy = tidied.manifest == *manifest && !tidied.is_littered;
        if is_tidy || bookmark.goes_on(task.now) {
            return Ok(None);
        }
        let next = Manifest { version: manifest.version + 1, ..tidied.manifest };
        let swapped = self.store.swap(manifest::KEY, next.to_bytes(), version).await?;
        // Who loses it goes on with what another has written.
        Ok(Some(if swapped.is_some() { (next, swapped) } else { self.manifest().await? }))
    }

    async fn hollow(
        &self,
        manifest: Manifest,
        version: Option<Version>,
        task: &Task<'_>,
        summary: &mut Summary,
    ) -> Result<Manifest, CompactError> {
        let Some(grace_ms) = self.landed_grace_ms else { return Ok(manifest) };
        let hollowed = collect::landed(&self.store, &manifest, grace_ms, task.now, task.late).await?;
        summary.hollowed = hollowed.objects;
        summary.strange_days = hollowed.strange.len();
        let mut next = hollowed.manifest;
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
