//! What is followed now, for all that follow.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::UNIX_EPOCH;

use super::incarnation::Incarnation;

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

/// How far a file was read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Far {
    /// With what stood behind the last end of a line.
    pub(super) bytes: u64,
    /// Of the last record, and how many of that line there were.
    pub(super) line: u64,
    pub(super) records: u64,
}

/// A file that was read to its end, when nothing came any more. It may be written on all the same.
#[derive(Clone)]
pub(super) struct Done {
    /// The name that it had.
    pub(super) called: PathBuf,
    pub(super) incarnation: Incarnation,
    pub(super) far: Far,
}

/// Names, and the files that have or had them.
#[derive(Clone, Default)]
pub(super) struct Followed {
    names: Arc<Mutex<BTreeSet<PathBuf>>>,
    /// What is read, or was.
    files: Arc<Mutex<BTreeMap<Number, Option<Done>>>>,
    /// Names of what is none of bars: the file, and how long it was.
    left_out: Arc<Mutex<BTreeMap<PathBuf, (Number, u64)>>>,
}

impl Followed {
    pub(super) fn names(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<Number, Option<Done>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn left_out(&self) -> MutexGuard<'_, BTreeMap<PathBuf, (Number, u64)>> {
        self.left_out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a file is read, or was.
    pub(super) fn is_known(&self, number: Number) -> bool {
        self.files().contains_key(&number)
    }

    /// What is known of a file that is read no more.
    pub(super) fn done(&self, number: Number) -> Option<Done> {
        self.files().get(&number).cloned().flatten()
    }

    pub(super) fn has_done(&self) -> bool {
        self.files().values().any(Option::is_some)
    }

    /// Takes a name.
    pub(super) fn take(&self, path: &Path) {
        self.left_out().remove(path);
        self.names().insert(path.to_owned());
    }

    pub(super) fn begin(&self, number: Number) {
        self.files().insert(number, None);
    }

    pub(super) fn end(&self, done: Done) {
        self.files().insert(done.incarnation.number, Some(done));
    }

    /// Its number may be another's from now on.
    pub(super) fn forget(&self, number: Number) {
        self.files().remove(&number);
    }

    /// Keeps a name taken, as long as it is the same file.
    pub(super) fn leave_out(&self, path: &Path, number: Number, bytes: u64) {
        self.names().insert(path.to_owned());
        self.left_out().insert(path.to_owned(), (number, bytes));
    }

    /// Whether a name is that of a file that is none of bars, and of another one now, or of the same that was cut short.
    pub(super) fn is_to_be_tried_again(&self, path: &Path) -> bool {
        let Some((number, bytes)) = self.left_out().get(path).copied() else { return false };
        let is_same = fs::metadata(path).is_ok_and(|now| Number::of(&now) == number && now.len() >= bytes);
        if !is_same {
            self.left_out().remove(path);
            self.names().remove(path);
        }
        !is_same
    }
}
