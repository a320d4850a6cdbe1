//! The lander: brings the runs of an event into the store. The landing protocol lives here.
//!
//! A run's rejects go first, its bars object last and always, even with no good row in it: that object says that the run has
//! landed.

use futures::StreamExt;
use futures::stream;
use shared::event::{Batch, Event, Stray};
use shared::key::{self, LandingTime};
use shared::run::{Run, encode_strays};

use crate::store::{ContentType, Store, StoreError};

/// Partitions of one event that are landed at the same time; each holds its encoded objects in memory.
const SIDE_BY_SIDE: usize = 16;

/// What landing one part of an event came to.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) landed: usize,
    pub(crate) rejected: usize,
    pub(crate) objects: usize,
    pub(crate) bytes: usize,
    pub(crate) newest_timestamp_ms: Option<i64>,
}

/// Lands each partition of the event, and its strays; one part's failure does not keep the others from landing.
pub(crate) async fn land_event(
    store: &impl Store,
    event: &Event<'_>,
    landing: LandingTime,
) -> Vec<(String, Result<Outcome, StoreError>)> {
    let mut parts: Vec<_> = stream::iter(&event.batches)
        .map(async |batch| (format!("{}-{}", batch.topic, batch.partition), land_batch(store, batch, landing).await))
        .buffered(SIDE_BY_SIDE)
        .collect()
        .await;
    if !event.strays.is_empty() {
        parts.push(("strays".to_owned(), land_strays(store, &event.strays, landing).await));
    }
    parts
}

async fn land_batch(store: &impl Store, batch: &Batch<'_>, landing: LandingTime) -> Result<Outcome, StoreError> {
    match Run::new(batch.topic, batch.partition, &batch.records) {
        Some(run) => land_run(store, run, landing).await,
        None => Ok(Outcome::default()),
    }
}

async fn land_run(store: &impl Store, run: Run<'_, '_>, landing: LandingTime) -> Result<Outcome, StoreError> {
    let encoded = run.encode(landing);
    let mut landed = Outcome {
        landed: encoded.landed,
        rejected: encoded.rejected,
        newest_timestamp_ms: encoded.newest_timestamp_ms,
        ..Outcome::default()
    };
    if !encoded.rejects.is_empty() {
        let key = key::rejects(run.topic(), run.partition(), run.first(), run.last(), landing);
        landed.put(store, &key, encoded.rejects, ContentType::JsonLines).await?;
    }
    let key = key::bars(run.topic(), run.partition(), run.first(), run.last(), landing);
    landed.put(store, &key, encoded.bars, ContentType::Parquet).await?;
    Ok(landed)
}

async fn land_strays(store: &impl Store, strays: &[Stray], landing: LandingTime) -> Result<Outcome, StoreError> {
    let mut landed = Outcome { rejected: strays.len(), ..Outcome::default() };
    let lines = encode_strays(strays, landing);
    landed.put(store, &key::strays(strays, landing), lines, ContentType::JsonLines).await?;
    Ok(landed)
}

impl Outcome {
    async fn put(
        &mut self,
        store: &impl Store,
        key: &str,
        body: Vec<u8>,
        content_type: ContentType,
    ) -> Result<(), StoreError> {
        self.objects += 1;
        self.bytes += body.len();
        // An object that is there was written by an earlier delivery of the same records.
        store.create(key, body, content_type).await.map(|_| ())
    }
}
