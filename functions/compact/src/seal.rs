//! Seals every ledger, and settles what was about to land before the hour.

use std::collections::BTreeSet;

use futures::{StreamExt, TryStreamExt, stream};
use shared::key::{Hour, LandingTime, SEAL, of_ledger};
use shared::landing::LandingError;
use shared::sealing::{Seal, Sealing};
use store::{Store, StoreError, drive};

use crate::error::CompactError;

/// Ledgers that are sealed at the same time.
const SIDE_BY_SIDE: usize = 16;

/// Why one ledger is not sealed.
enum Undone {
    Store(StoreError),
    Ledger(LandingError),
}

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<LandingError> for Undone {
    fn from(error: LandingError) -> Self {
        Self::Ledger(error)
    }
}

/// After an `Ok` nothing lands in the folders before the hour any more. Returns how many runs were about to, and never will.
pub(crate) async fn seal<S: Store>(store: &S, hour: Hour, time: LandingTime) -> Result<usize, CompactError> {
    announce(store, hour).await?;
    let (mut done, mut fenced) = (BTreeSet::new(), 0);
    // Who creates a ledger after this has read the hour; who did before is in a list. A list that finds none that is not sealed is the last.
    loop {
        let listed = store.list("ledger/", "", usize::MAX).await?;
        // What else lies there nobody lands by: a folder that the console has made, a copy.
        let ledgers = listed.into_iter().map(|ledger| ledger.key).filter(|key| of_ledger(key).is_some());
        let keys: Vec<_> = ledgers.filter(|key| !done.contains(key)).collect();
        if keys.is_empty() {
            return Ok(fenced);
        }
        let sealed: Vec<usize> = stream::iter(&keys)
            .map(async |key| {
                let mut sealing = Sealing::new(key.clone(), hour, time);
                match drive::<_, Undone>(store, &mut sealing).await {
                    Ok(()) => Ok(sealing.fenced()),
                    Err(Undone::Store(error)) => Err(error.into()),
                    Err(Undone::Ledger(source)) => Err(CompactError::Ledger { key: key.clone(), source }),
                }
            })
            .buffer_unordered(SIDE_BY_SIDE)
            .try_collect()
            .await?;
        fenced += sealed.into_iter().sum::<usize>();
        done.extend(keys);
    }
}

async fn announce<S: Store>(store: &S, hour: Hour) -> Result<(), CompactError> {
    loop {
        let (before, version) = match store.read(SEAL).await? {
            Some((bytes, version)) => (Some(Seal::parse(&bytes)?), Some(version)),
            None => (None, None),
        };
        let seal = Seal { sealed: hour };
        if before.is_some_and(|before| before.sealed >= hour)
            || store.swap(SEAL, seal.to_bytes(), version).await?.is_some()
        {
            return Ok(());
        }
    }
}
