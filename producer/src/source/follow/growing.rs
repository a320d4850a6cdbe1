//! A file read as it grows: at its end it is waited for more, until another file has its name or it is shorter than before.

use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How often files are looked at.
pub(crate) const POLL: Duration = Duration::from_millis(200);
/// Who writes a file goes on for a while after it was renamed.
const STILL_WRITTEN: Duration = Duration::from_secs(1);

/// Says once that a file was read to its end.
#[derive(Clone, Default)]
pub(crate) struct CaughtUp(Arc<(Mutex<bool>, Condvar)>);

impl CaughtUp {
    pub(crate) fn set(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }

    pub(crate) fn wait(&self) {
        let mut is_set = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        while !*is_set {
            is_set = self.0.1.wait(is_set).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

pub(crate) struct Growing {
    file: File,
    /// Where it is, as long as it is this file.
    path: PathBuf,
    caught_up: CaughtUp,
    /// When it was seen that another file has the name, or none that was there before.
    turned: Option<Instant>,
}

impl Growing {
    pub(crate) fn new(file: File, path: PathBuf, caught_up: CaughtUp) -> Growing {
        Growing { file, path, caught_up, turned: None }
    }

    /// Whether nothing more will come, as far as can be told.
    fn is_over(&mut self) -> io::Result<bool> {
        let own = self.file.metadata()?;
        if own.len() < self.file.stream_position()? {
            return Ok(true);
        }
        let is_there = match fs::metadata(&self.path) {
            Ok(now) => Some((now.dev(), now.ino()) == (own.dev(), own.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        match (is_there, self.turned) {
            // Moved away, and no other there yet: who writes it may still.
            (Some(true) | None, _) => self.turned = None,
            (Some(false), None) => self.turned = Some(Instant::now()),
            (Some(false), Some(since)) => return Ok(since.elapsed() >= STILL_WRITTEN),
        }
        Ok(false)
    }
}

impl Read for Growing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.file.read(buffer)?;
            if read > 0 {
                // It is written on: the wait begins again.
                self.turned = self.turned.map(|_| Instant::now());
                return Ok(read);
            }
            self.caught_up.set();
            if self.is_over()? {
                return Ok(0);
            }
            thread::sleep(POLL);
        }
    }
}
