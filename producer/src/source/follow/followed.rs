//! What is followed now, for all that follow.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::{self, File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::beside;
use super::growing::{Left, Unfinished};
use super::incarnation::Incarnation;

/// Files that had a name, of which it is known how far they were read.
const REMEMBERED: usize = 1000;

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

/// A file that was read to its end, when nothing came any more. It may be written on all the same, or have another text by now.
#[derive(Clone)]
pub(super) struct Done {
    /// The name that it had.
    pub(super) called: PathBuf,
    pub(super) incarnation: Incarnation,
    pub(super) far: Far,
    /// What is known again of it.
    pub(super) left: Left,
    modified: Option<SystemTime>,
}

impl Done {
    /// `file` was read as far as that.
    pub(super) fn new(called: &Path, incarnation: &Incarnation, far: Far, left: Left, file: &File) -> Done {
        // Where something else is in it already, it is to be looked at.
        let modified = file.metadata().and_then(|now| now.modified()).ok().filter(|_| left.is_in(file));
        let left = Left { unfinished: Vec::new(), ..left };
        Done { called: called.to_owned(), incarnation: incarnation.clone(), far, left, modified }
    }

    /// Whether there is more in it than was read, or something else.
    pub(super) fn is_changed(&self, path: &Path, now: &Metadata) -> bool {
        let is_other = || File::open(path).is_ok_and(|file| !self.left.is_in(&file));
        // What is empty has nothing to read.
        now.len() > 0 && (now.len() != self.far.bytes || now.modified().ok() != self.modified && is_other())
    }

    /// Whether it is still what was read, and maybe more.
    pub(super) fn is_still(&self, file: &File) -> bool {
        file.metadata().is_ok_and(|now| now.len() >= self.far.bytes) && self.left.is_in(file)
    }
}

/// Names, and the files that have or had them.
#[derive(Clone, Default)]
pub(super) struct Followed {
    names: Arc<Mutex<BTreeSet<PathBuf>>>,
    /// What is read, or was.
    files: Arc<Mutex<BTreeMap<Number, Option<Done>>>>,
    /// Names of what is none of bars: the file, and how long it was.
    left_out: Arc<Mutex<BTreeMap<PathBuf, (Number, u64)>>>,
    /// How far what had a name was read, the newest last: a copy of it has that, too.
    read: Arc<Mutex<BTreeMap<PathBuf, VecDeque<Unfinished>>>>,
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

    /// Something of what has this name was read.
    pub(super) fn read(&self, called: &Path, how_far: &Unfinished) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let of_name = read.entry(called.to_owned()).or_default();
        of_name.push_back(how_far.clone());
        if of_name.len() > REMEMBERED {
            of_name.pop_front();
        }
    }

    /// Whether a file is read, or was, itself or in what it is a copy of.
    pub(super) fn has(&self, path: &Path, number: Number, called: &Path) -> bool {
        self.is_known(number) || self.has_copied(path, called)
    }

    /// Whether a file has what was read of what has or had a name.
    fn has_copied(&self, path: &Path, called: &Path) -> bool {
        let Ok(file) = File::open(path) else { return false };
        let has_read = |how_far: &Unfinished| how_far.left().is_in(&file);
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.get(called).is_some_and(|of_name| of_name.iter().any(has_read))
    }

    /// The same, or whether it is a copy of what stands there now, as far as that was copied.
    pub(super) fn is_copy(&self, path: &Path, called: &Path) -> bool {
        self.has_copied(path, called)
            || path != called && File::open(called).is_ok_and(|now| beside::is_copy(path, &now))
    }

    /// What is known of a file was overwritten by a copy of one that is read by itself.
    pub(super) fn is_copy_now(&self, done: &Done, path: &Path) {
        let Ok(file) = File::open(path) else { return };
        let Ok(left) = Left::of(&file) else { return };
        let far = Far { bytes: left.position, ..Far::default() };
        let incarnation = done.incarnation.copied(path.to_owned(), done.incarnation.number);
        self.end(Done::new(&done.called, &incarnation, far, left, &file));
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
