//! A folder of reports on disk. The build script reads the function's own by this, to embed it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The texts of a folder: a folder in it is a report, an `.sql` file beside those is an expression that queries may name.
pub(crate) struct Folder {
    pub(crate) expressions: BTreeMap<String, String>,
    pub(crate) reports: Vec<Texts>,
}

/// The texts of a report.
pub(crate) struct Texts {
    pub(crate) name: String,
    /// `report.toml`.
    pub(crate) declaration: String,
    /// `query.sql`.
    pub(crate) query: String,
}

/// Of this path on disk, by name. The error names what cannot be read as text.
pub(crate) fn read(folder: &Path) -> io::Result<Folder> {
    let mut expressions = BTreeMap::new();
    let mut reports = Vec::new();
    for path in sorted(folder)? {
        let name = |name: Option<&OsStr>| name.unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            let [declaration, query] = ["report.toml", "query.sql"].map(|file| text(&path.join(file)));
            reports.push(Texts { name: name(path.file_name()), declaration: declaration?, query: query? });
        } else if path.extension().is_some_and(|extension| extension == "sql") {
            expressions.insert(name(path.file_stem()), text(&path)?);
        }
    }
    Ok(Folder { expressions, reports })
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(|error| named(folder, &error))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn text(path: &Path) -> io::Result<String> {
    fs::read_to_string(path).map_err(|error| named(path, &error))
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{} cannot be read as text: {error}", path.display()))
}
