//! What is followed now, for all that follow.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The number of a file, and of the device that it is on: nobody else has them while it is there.
pub(crate) type Number = (u64, u64);

/// Names, and the files that have or had them.
#[derive(Clone, Default)]
pub(super) struct Followed {
    names: Arc<Mutex<BTreeSet<PathBuf>>>,
    files: Arc<Mutex<BTreeSet<Number>>>,
}

impl Followed {
    pub(super) fn names(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn files(&self) -> MutexGuard<'_, BTreeSet<Number>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
