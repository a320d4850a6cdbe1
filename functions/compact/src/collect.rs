//! Removes what nobody reads any more: parts of versions before, parts that no version named, and the rows of landed objects that have long
//! been read in parts.

use futures::{StreamExt, TryStreamExt, stream};
use shared::key::{Hour, LandingTime};
use shared::landing::{Kind, Object};
use shared::manifest::{KEY, Landed, Manifest, Table, base_of, begun_ms};
use shared::run::empty_parquet;
use store::{HOLLOW, Listed, PartStore, Store, StoreError};
use tracing::warn;

use crate::catalog::Catalog;
use crate::error::CompactError;
use crate::progress::Bookmark;

/// Requests under way at the same time.
const SIDE_BY_SIDE: usize = 32;
/// No invocation lasts for so long.
const DEAD_AFTER_MS: i64 = 3_600_000;

/// Whether a part is there that this version does not name.
pub(crate) async fn finds_leftovers<S: Store>(store: &S, manifest: &Manifest) -> Result<bool, StoreError> {
    let listed = store.list("compacted/", "", usize::MAX).await?;
    Ok(Table::ALL.into_iter().any(|table| {
        let mut parts = listed.iter().filter_map(|object| table.part_of(&object.key));
        parts.any(|id| !manifest.names(table, id))
    }))
}

/// What is left.
pub(crate) struct Tidied {
    /// How many parts were removed.
    pub(crate) removed: usize,
    /// The manifest without those that were retired.
    pub(crate) manifest: Manifest,
    /// Whether there are parts that only a successor of this version makes removable.
    pub(crate) is_littered: bool,
}

/// Deletes parts that no query can be reading: those that were retired so long ago, and those that can never be named, because they were
/// made of a version that has a successor. The published views must be of this manifest.
pub(crate) async fn parts<S: PartStore, C: Catalog>(
    store: &S,
    catalog: &C,
    (manifest, bookmark): (&Manifest, &Bookmark),
    grace_ms: i64,
    now: LandingTime,
) -> Result<Tidied, CompactError> {
    let mut is_littered = false;
    // What a manifest that has been followed does not name, a newer one may.
    if !is_newest(store, manifest).await? {
        return Ok(Tidied { removed: 0, manifest: manifest.clone(), is_littered });
    }
    let mut left = manifest.clone();
    left.retired.retain(|retired| now.0.saturating_sub(retired.at_ms) < grace_ms);
    let mut removed = 0;
    for table in Table::ALL {
        let is_over = |id: &str| !left.names(table, id) && base_of(id).is_some_and(|base| base < manifest.version);
        let listed = store.list(&table.prefix(), "", usize::MAX).await?;
        // Before anything goes that could stand in for it. A part of a manifest that has been followed may be long over.
        if let Some(error) = wrong_part(manifest, table, &listed)
            && is_newest(store, manifest).await?
        {
            return Err(error);
        }
        is_littered |= listed.iter().filter_map(|object| table.part_of(&object.key)).any(|id| {
            let is_of_this = base_of(id) == Some(manifest.version) && !left.names(table, id) && !bookmark.names(id);
            is_of_this && begun_ms(id).is_some_and(|begun_ms| now.0.saturating_sub(begun_ms) >= DEAD_AFTER_MS)
        });
        let over: Vec<_> = listed.iter().filter(|object| table.part_of(&object.key).is_some_and(is_over)).collect();
        removed += over.len();
        stream::iter(over)
            .map(async |object| store.remove(&object.key).await)
            .buffer_unordered(SIDE_BY_SIDE)
            .try_collect::<()>()
            .await?;
        let registered = catalog.parts(table).await?;
        let over: Vec<_> = registered.into_iter().filter(|id| is_over(id)).collect();
        catalog.forget(table, &over).await?;
    }
    Ok(Tidied { removed, manifest: left, is_littered })
}

/// A part that is read, and that is not there as it was written.
fn wrong_part(manifest: &Manifest, table: Table, listed: &[Listed]) -> Option<CompactError> {
    manifest.parts(table).iter().find_map(|part| {
        let key = table.key(&part.id);
        match listed.iter().find(|object| object.key == key) {
            None => Some(CompactError::Gone(key)),
            Some(object) if object.bytes != part.bytes => Some(CompactError::Differs(key)),
            Some(_) => None,
        }
    })
}

async fn is_newest<S: PartStore>(store: &S, manifest: &Manifest) -> Result<bool, CompactError> {
    let Some((bytes, _)) = store.read(KEY).await? else { return Ok(false) };
    Ok(Manifest::parse(&bytes)?.version == manifest.version)
}

/// What hollowing came to.
#[derive(Debug, Default)]
pub(crate) struct Hollowed {
    pub(crate) objects: usize,
    /// The manifest without the days that are done.
    pub(crate) manifest: Manifest,
    /// Days of which the folders hold objects that are in no part: they stay as they are.
    pub(crate) strange: Vec<String>,
}

/// Hollows the landed objects of days that have been read in parts for so long.
pub(crate) async fn landed<S: PartStore>(
    store: &S,
    manifest: &Manifest,
    grace_ms: i64,
    now: LandingTime,
    late: impl Fn() -> bool,
) -> Result<Hollowed, CompactError> {
    let through = manifest.through_for(grace_ms, now);
    let mut hollowed = Hollowed { manifest: manifest.clone(), ..Hollowed::default() };
    for (day, merged) in &manifest.landed {
        let next_day = format!("{day}T23").parse::<Hour>().map(|hour| Hour(hour.0 + 1));
        if late() || next_day.is_ok_and(|next_day| next_day > through) {
            break;
        }
        let listed = store.list(&format!("bars/dt={day}/"), "", usize::MAX).await?;
        let listed: Vec<_> = listed.into_iter().filter(|object| Hour::of_key(&object.key).is_some()).collect();
        if listed.is_empty() {
            // Somebody has removed them all: there is nothing left to look at, ever.
            hollowed.manifest.landed.remove(day);
            continue;
        }
        let mut there = Landed::default();
        for object in &listed {
            there.add(&object.key);
        }
        if there != *merged {
            warn!(day, objects = there.objects, merged = merged.objects, "objects are there that are in no part");
            hollowed.strange.push(day.clone());
            continue;
        }
        if hollowed.objects == 0 {
            let body = empty_parquet();
            store.create(Object { key: HOLLOW.to_owned(), body, kind: Kind::Bars }).await?;
        }
        let empty = empty_parquet().len() as u64;
        // Fences must stay what they are. Those of another version may be larger than this one's.
        let done: Vec<_> = stream::iter(listed.iter().filter(|object| object.bytes > empty))
            .map(async |object| {
                let is_full = store.find(&object.key).await? == Some(Kind::Bars);
                if is_full {
                    store.hollow(&object.key).await?;
                }
                Ok::<_, StoreError>(usize::from(is_full))
            })
            .buffer_unordered(SIDE_BY_SIDE)
            .try_collect()
            .await?;
        hollowed.objects += done.into_iter().sum::<usize>();
        hollowed.manifest.landed.remove(day);
    }
    Ok(hollowed)
}
