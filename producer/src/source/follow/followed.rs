//! What is followed now, for all that follow.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::UNIX_EPOCH;

/// What a file has that no other has, or will have: its device, its number there, and the moment of its making, since a number is used
/// again once its file is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Number {
    device: u64,
    pub(super) inode: u64,
    /// In nanoseconds since 1970; 0 where that is not kept.
    pub(super) made: u128,
}

impl Number {
    pub(super) fn of(metadata: &Metadata) -> Number {
        let made = metadata.created().ok().and_then(|made| made.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
        Number { device: metadata.dev(), inode: metadata.ino(), made: made.as_nanos() }
    }
}

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
