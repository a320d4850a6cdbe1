//! The folders in which parts are made. Lambda may go on with the disk of an invocation that it has ended.

use std::path::Path;
use std::time::Duration;
use std::{fs, io};

use tempfile::TempDir;

const PREFIX: &str = "tickerlake-compact-";
/// No invocation lives for so long.
const LEFT_BEHIND_AFTER: Duration = Duration::from_hours(1);

/// A folder below this one that is removed when it is dropped. What others have left behind goes as well.
pub(crate) fn folder(parent: &Path) -> io::Result<TempDir> {
    for entry in fs::read_dir(parent)?.flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let age = entry.metadata().and_then(|metadata| metadata.modified()).ok().and_then(|time| time.elapsed().ok());
        if is_ours && age.is_some_and(|age| age > LEFT_BEHIND_AFTER) {
            // If it cannot be removed, it is in nobody's way but the disk's.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)
}
