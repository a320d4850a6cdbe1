//! What has been made of hours that are too large for one invocation: the next one goes on there.

use serde::{Deserialize, Serialize};
use shared::key::Hour;
use shared::landing::Version;
use shared::manifest::Landed;
use store::{Listed, Store, StoreError};

use crate::parts::Made;
use crate::plan::Batch;

/// Where it is.
const KEY: &str = "catalog/progress.json";

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

    /// What has been made of these very hours, and how many of their objects are in it.
    pub(crate) fn take(&mut self, batch: &Batch) -> Option<(Made, usize)> {
        let Progress { through, last_key, landed, made, .. } = self.there.take()?;
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
