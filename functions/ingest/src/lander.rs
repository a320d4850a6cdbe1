//! The lander: does on a store what [`shared::landing`] says, for all parts of an event side by side.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::{StreamExt, stream};
use shared::error_type::ErrorType;
use shared::event::{Batch, Event, Stray};
use shared::key::{self, Generation, LandingTime};
use shared::landing::{Kind, Known, Landing, LandingError, Object, Outcome};
use shared::run::encode_strays;
use store::{Store, StoreError, drive};
use tokio::time::{Instant, timeout_at};

/// Partitions of one event that are landed at the same time; each holds its encoded objects in memory.
const SIDE_BY_SIDE: usize = 16;

/// Partitions of which a process knows the ledger. More than any topic has that one function reads; to read one anew costs a request.
const MOST_KNOWN: usize = 1000;

/// A store, and what this process knows of the ledgers in it: kept between events, it saves reading them.
#[derive(Debug)]
pub struct Lander<S> {
    store: S,
    generation: Generation,
    known: Mutex<HashMap<(String, i32), Known>>,
}

/// What settling came to.
#[derive(Debug)]
pub struct Settling {
    /// Partitions with a ledger.
    pub looked_at: usize,
    /// Those that failed, `topic-partition`, and why.
    pub failed: Vec<(String, PartError)>,
}

/// Why a part of an event must be delivered again.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// The store failed for longer than it was worth trying.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The protocol cannot go on.
    #[error(transparent)]
    Landing(#[from] LandingError),
    /// The invocation's time was up.
    #[error("the function's time was up")]
    Late,
}

impl PartError {
    /// What kind of error it is.
    pub fn error_type(&self) -> ErrorType {
        match self {
            Self::Store(_) => ErrorType::LakeUnavailable,
            Self::Landing(error) => error.error_type(),
            Self::Late => ErrorType::OutOfTime,
        }
    }
}

impl<S: Store> Lander<S> {
    /// A process that knows of no ledger yet.
    pub fn new(store: S, generation: Generation) -> Self {
        Self { store, generation, known: Mutex::default() }
    }

    /// The store.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The store, when the process ends.
    pub fn into_store(self) -> S {
        self.store
    }

    /// Settles what has been pending for long in the ledger of any partition: where nothing more is delivered, nobody else would. Says how
    /// many partitions it looked at, and which of them failed.
    pub async fn settle(&self, time: LandingTime, deadline: Option<Instant>) -> Result<Settling, StoreError> {
        let ledgers = self.store.list("ledger/", "", usize::MAX).await?;
        let places: BTreeSet<_> = ledgers.iter().filter_map(|ledger| key::of_ledger(&ledger.key)).collect();
        let looked_at = places.len();
        let failed = stream::iter(places)
            .map(async |(topic, partition)| {
                let batch = Batch { topic, partition, records: Vec::new() };
                let settled = until(deadline, Box::pin(self.land_batch(&batch, time, None))).await;
                settled.err().map(|error| (format!("{topic}-{partition}"), error))
            })
            .buffered(SIDE_BY_SIDE)
            .filter_map(async |failed| failed)
            .collect()
            .await;
        Ok(Settling { looked_at, failed })
    }

    /// Lands each partition of the event, and its strays; one part's failure does not keep the others from landing. What has
    /// not landed at the deadline has failed.
    pub async fn land_event(
        &self,
        event: &Event<'_>,
        time: LandingTime,
        deadline: Option<Instant>,
    ) -> Vec<(String, Result<Outcome, PartError>)> {
        let same = |left: &Batch<'_>, right: &Batch<'_>| (left.topic, left.partition) == (right.topic, right.partition);
        let mut parts: Vec<_> = stream::iter(event.batches.chunk_by(same))
            .map(async |batches| {
                // Of one partition: logs, one after the other.
                let mut parts = Vec::with_capacity(batches.len());
                for batch in batches {
                    // Boxed, as the strays: the SDK's futures are large.
                    let landed = until(deadline, Box::pin(self.land_batch(batch, time, event.given_up_ms))).await;
                    parts.push((format!("{}-{}", batch.topic, batch.partition), landed));
                }
                stream::iter(parts)
            })
            .buffered(SIDE_BY_SIDE)
            .flatten()
            .collect()
            .await;
        if !event.strays.is_empty() {
            parts.push(("strays".to_owned(), until(deadline, Box::pin(self.land_strays(&event.strays, time))).await));
        }
        parts
    }

    async fn land_batch(
        &self,
        batch: &Batch<'_>,
        time: LandingTime,
        given_up_ms: Option<i64>,
    ) -> Result<Outcome, PartError> {
        let place = (batch.topic.to_owned(), batch.partition);
        // Taken out: after an error, nothing counts as known. What is old and quiet, only the ledger itself tells.
        let known = self.lock().remove(&place).filter(|_| !batch.records.is_empty()).unwrap_or_default();
        let mut landing = Landing::new(batch, self.generation, time, known).given_up(given_up_ms);
        drive::<_, PartError>(&self.store, &mut landing).await?;
        let (outcome, learnt) = landing.finish();
        let mut known = self.lock();
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(place, learnt);
        Ok(outcome)
    }

    /// Strays have no offset, so their content names their object.
    async fn land_strays(&self, strays: &[Stray<'_>], time: LandingTime) -> Result<Outcome, PartError> {
        let object = Object { key: key::strays(strays, time), body: encode_strays(strays, time), kind: Kind::Rejects };
        let bytes = object.body.len();
        let outcome = Outcome { rejected: strays.len(), objects: 1, bytes, ..Outcome::default() };
        let created = self.store.create(object).await?;
        Ok(if created { outcome } else { Outcome { skipped: strays.len(), ..Outcome::default() } })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(String, i32), Known>> {
        // An entry is taken out and put in whole.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn until(
    deadline: Option<Instant>,
    landing: impl Future<Output = Result<Outcome, PartError>>,
) -> Result<Outcome, PartError> {
    match deadline {
        Some(deadline) => timeout_at(deadline, landing).await.unwrap_or(Err(PartError::Late)),
        None => landing.await,
    }
}
