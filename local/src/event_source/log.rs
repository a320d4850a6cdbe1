//! The event source's own log file.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use chrono::{SecondsFormat, Utc};

/// Lines with a time, for whoever asks later what was delivered when.
#[derive(Debug, Clone)]
pub(crate) struct Log(Arc<Mutex<File>>);

impl Log {
    /// Goes on with the file if there is one: an event source that was paused is the same to a reader.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = File::options().create(true).append(true).open(path);
        let file = file.with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self(Arc::new(Mutex::new(file))))
    }

    pub(crate) fn line(&self, text: impl AsRef<str>) {
        let time = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A full disk must not stop the delivery of records.
        let _ = writeln!(file, "{time} {}", text.as_ref());
    }
}
