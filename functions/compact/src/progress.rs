//! What has been made of hours that are too large for one invocation: the next one goes on there.

use serde::{Deserialize, Serialize};
use shared::key::{Hour, LandingTime};
use shared::landing::Version;
use shared::manifest::{Landed, Manifest, Table, begun_ms};
use store::{Listed, Store, StoreError};

use crate::parts::Made;
use crate::plan::Batch;

/// Where it is.
const KEY: &str = "catalog/progress.json";
/// Longer than between two runs, but for those who compact once a day: there the first run of a day begins anew.
const GIVEN_UP_AFTER_MS: i64 = 6 * 3_600_000;

/// Parts that no manifest names yet.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Progress {
    /// The version of the manifest that they are made of. In the place of any other they are of no use.
    base: u64,
    /// Up to which hour they will stand in for what has landed, with what is still to be made.
    through: Hour,
    /// The landed object up to which all are in them, in the order of keys.
    last_key: String,
    /// All of these: what is put among them later is in no part.
    landed: Landed,
    /// What they are.
    made: Made,
}

/// Remembers how far one invocation has come, and where another has stopped.
pub(crate) struct Bookmark {
    base: u64,
    version: Option<Version>,
    there: Option<Progress>,
}

impl Bookmark {
    /// What is there.
    pub(crate) async fn read<S: Store>(store: &S, base: u64) -> Result<Self, StoreError> {
        let Some((bytes, version)) = store.read(KEY).await? else {
            return Ok(Self { base, version: None, there: None });
        };
        // What cannot be read is made once more.
        let there = serde_json::from_slice(&bytes).ok().filter(|progress: &Progress| progress.base == base);
        Ok(Self { base, version: Some(version), there })
    }

    /// Up to which hour something has been made: these hours are to be done first.
    pub(crate) fn through(&self) -> Option<Hour> {
        self.there.as_ref().map(|progress| progress.through)
    }

    /// Whether the next invocation is to go on with it: until then the version must stay. One that stands for longer has been given up.
    pub(crate) fn goes_on(&self, now: LandingTime) -> bool {
        let made = self.there.iter().flat_map(|progress| &progress.made.new);
        let newest = made.filter_map(|(_, part)| begun_ms(&part.id)).max();
        newest.is_some_and(|newest| now.0.saturating_sub(newest) < GIVEN_UP_AFTER_MS)
    }

    /// What has been made of these very hours, and of parts that this manifest has; and how many of their objects are in it.
    pub(crate) fn take(&mut self, manifest: &Manifest, batch: &Batch) -> Option<(Made, usize)> {
        let Progress { through, last_key, landed, made, .. } = self.there.take()?;
        let is_there = |(table, id): &(Table, String)| manifest.parts(*table).iter().any(|part| part.id == *id);
        if !made.merged.iter().all(is_there) {
            return None;
        }
        let done = batch.objects.iter().position(|(_, object)| object.key == last_key)? + 1;
        (through == batch.through && landed == self::landed(&batch.objects[..done])).then_some((made, done))
    }

    /// Whether it is a part that is yet to be named.
    pub(crate) fn names(&self, id: &str) -> bool {
        self.there.as_ref().is_some_and(|progress| progress.made.new.iter().any(|(_, part)| part.id == id))
    }

    /// Notes how far this invocation has come. If another does so at the same time, one of the two is noted.
    pub(crate) async fn write<S: Store>(
        &mut self,
        store: &S,
        through: Hour,
        done: &[(Hour, Listed)],
        made: &Made,
    ) -> Result<(), StoreError> {
        let last_key = done.last().map(|(_, object)| object.key.clone()).unwrap_or_default();
        let progress = Progress { base: self.base, through, last_key, landed: landed(done), made: made.clone() };
        let body = serde_json::to_vec(&progress).unwrap_or_default();
        let version = store.swap(KEY, body, self.version.clone()).await?;
        if version.is_some() {
            self.version = version;
        }
        Ok(())
    }
}

fn landed(objects: &[(Hour, Listed)]) -> Landed {
    let mut landed = Landed::default();
    for (_, object) in objects {
        landed.add(&object.key);
    }
    landed
}
