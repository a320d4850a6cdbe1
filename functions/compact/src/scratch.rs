//! The folders in which parts are made. Lambda may go on with the disk of an invocation that it has ended.

use std::path::Path;
use std::time::Duration;
use std::{fs, io, process};

use tempfile::TempDir;

const PREFIX: &str = "tickerlake-compact-";
/// No invocation lives for so long. A process may have the number that an ended one had.
const LEFT_BEHIND_AFTER: Duration = Duration::from_hours(1);

/// A folder below this one that is removed when it is dropped. What processes that have ended left behind goes as well.
pub(crate) fn folder(parent: &Path) -> io::Result<TempDir> {
    for entry in fs::read_dir(parent)?.flatten() {
        let name = entry.file_name();
        let Some((owner, _)) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split_once('-')) else {
            continue;
        };
        let is_alive = Path::new("/proc").join(owner).exists();
        let age = entry.metadata().and_then(|metadata| metadata.modified()).ok().and_then(|time| time.elapsed().ok());
        if !is_alive || age.is_some_and(|age| age > LEFT_BEHIND_AFTER) {
            // If it cannot be removed, it is in nobody's way but the disk's.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    tempfile::Builder::new().prefix(&format!("{PREFIX}{}-", process::id())).tempdir_in(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_that_has_ended_left_behind_is_removed() {
        let parent = tempfile::tempdir().unwrap();
        // No process has so high a number.
        let left = parent.path().join(format!("{PREFIX}99999999-x"));
        let of_another_program = parent.path().join("99999999-x");
        for folder in [&left, &of_another_program] {
            fs::create_dir(folder).unwrap();
        }
        let first = folder(parent.path()).unwrap();
        let second = folder(parent.path()).unwrap();
        assert!(!left.exists() && of_another_program.exists() && first.path().exists() && second.path().exists());
    }
}
