//! Patterns of names of files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use glob::Pattern;

/// Whether a name stands for several; one that is there is itself.
pub(crate) fn is_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '[']) && !path.exists()
}

/// What fits a pattern, in the order of the names; folders that cannot be read are errors.
pub(crate) fn fitting(pattern: &Path) -> Result<Vec<Result<PathBuf>>> {
    let text = pattern.to_string_lossy();
    let wrong = || format!("{text} is no pattern of names");
    let mut paths: Vec<Result<PathBuf>> = glob::glob(&text).with_context(wrong)?.map(|path| Ok(path?)).collect();
    // Names that are no UTF-8 are passed over there.
    let name = pattern.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let name = Pattern::new(&name).with_context(wrong)?;
    let folder = pattern.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    for folder in glob::glob(&folder.to_string_lossy()).with_context(wrong)?.flatten() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let own = entry.file_name();
            if own.to_str().is_none() && name.matches(&own.to_string_lossy()) {
                paths.push(Ok(entry.path()));
            }
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    use super::*;

    #[test]
    fn names_that_are_no_utf_8_fit_too() {
        let folder = tempfile::tempdir().unwrap();
        let [good, odd, other] =
            [&b"a.csv"[..], b"b\xff.csv", b"c\xff.txt"].map(|name| folder.path().join(OsStr::from_bytes(name)));
        for path in [&good, &odd, &other] {
            fs::write(path, "").unwrap();
        }
        let paths = fitting(&folder.path().join("*.csv")).unwrap();
        assert_eq!(paths.into_iter().collect::<Result<Vec<_>>>().unwrap(), [good, odd]);
        assert!(fitting(Path::new("***.csv")).is_err());
    }
}
