//! Names of files: what they stand for, and what they say.

use std::cmp::Reverse;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Error, Result};

use crate::source::pattern::{fitting, is_pattern};

/// Endings of what is read once, and not written on.
const PACKED: [&str; 6] = ["gz", "zst", "zstd", "bz2", "xz", "zip"];

/// The files that a name stands for, and what of them cannot be told.
pub(super) fn in_it(path: &Path) -> Result<(Vec<PathBuf>, Vec<Error>)> {
    let all: Vec<Result<PathBuf>> = if path.is_dir() {
        fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect()
    } else if is_pattern(path) {
        fitting(path)?
    } else {
        return Ok((vec![path.to_owned()], Vec::new()));
    };
    let (mut files, mut errors) = (Vec::new(), Vec::new());
    for found in all {
        match found {
            Ok(path) if path.is_file() => files.push(path),
            Ok(_) => {}
            Err(error) => errors.push(error),
        }
    }
    Ok((files, errors))
}

/// Packed, hidden, or not finished.
pub(super) fn is_left_out(path: &Path) -> bool {
    let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
    let ending = ending(&name);
    name.starts_with('.')
        || name.ends_with('~')
        || ["tmp", "part", "swp", "bak", "old", "orig"].contains(&&*ending)
        || is_packed(path)
}

pub(super) fn is_packed(path: &Path) -> bool {
    PACKED.contains(&&*ending(&path.file_name().map(OsStr::to_string_lossy).unwrap_or_default()))
}

fn ending(name: &str) -> String {
    name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase()
}

/// `bars.csv.1`, `bars.csv-20240219`, `bars-2024-02-19.csv` of `bars.csv`: what is added is a number or a day.
pub(super) fn is_turned_name(path: &Path, other: &Path) -> bool {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (name, other_name) = (name(path), name(other));
    let (stem, ending) = other_name.rsplit_once('.').map_or((other_name.as_str(), ""), |(stem, ending)| (stem, ending));
    let added = name
        .strip_prefix(&other_name)
        .or_else(|| name.strip_prefix(stem)?.strip_suffix(ending)?.strip_suffix('.').filter(|_| !ending.is_empty()));
    folder(path) == folder(other) && added.is_some_and(is_added)
}

/// How old what a name was before is, by what is added to it: the greater, the newer. Days say themselves, and of numbers the lowest is the
/// newest. `None` where it cannot be told.
pub(super) fn age(path: &Path, other: &Path) -> Option<Age> {
    let groups = |path: &Path| -> Vec<String> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.split(|sign: char| !sign.is_ascii_digit()).filter(|group| !group.is_empty()).map(str::to_owned).collect()
    };
    // What is in the name itself is in both.
    let mut added = groups(path);
    for own in groups(other) {
        let place = added.iter().position(|group| *group == own)?;
        added.remove(place);
    }
    match added.as_slice() {
        [number] if number.len() < 6 => Some(Age::Number(Reverse(number.parse().ok()?))),
        [first, ..] if first.len() == 4 || first.len() >= 8 => Some(Age::Day(added.concat())),
        _ => None,
    }
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Age {
    Number(Reverse<u32>),
    Day(String),
}

/// A number or a day, behind a sign.
fn is_added(added: &str) -> bool {
    added.starts_with(['.', '-', '_'])
        && added.contains(|sign: char| sign.is_ascii_digit())
        && added.chars().all(|sign| sign.is_ascii_digit() || ".-_T".contains(sign))
}

/// The name that one like `bars.csv.1` or `bars-20240219.csv` may have had.
pub(super) fn name_before(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let without = |name: &str| {
        let start =
            name.char_indices().map(|(start, _)| start).find(|start| *start > 0 && is_added(&name[*start..]))?;
        Some(name[..start].to_owned())
    };
    let before = without(name).or_else(|| {
        let (stem, ending) = name.rsplit_once('.')?;
        Some(format!("{}.{ending}", without(stem)?))
    });
    Some(path.with_file_name(before?))
}

pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_before_it_was_turned() {
        for (name, before) in [
            ("ACME.csv.1", Some("ACME.csv")),
            ("ACME.csv-20240219", Some("ACME.csv")),
            ("ACME-2024-02-19.csv", Some("ACME.csv")),
            ("ACME.1.csv", Some("ACME.csv")),
            ("ACME-1", Some("ACME")),
            ("BRK-B.csv", None),
            ("7203.csv", None),
            ("ACME.csv", None),
            ("ACME", None),
        ] {
            let path = Path::new("/feeds").join(name);
            assert_eq!(name_before(&path), before.map(|before| Path::new("/feeds").join(before)), "{name}");
            assert!(before.is_none_or(|before| is_turned_name(&path, &Path::new("/feeds").join(before))), "{name}");
        }
    }

    #[test]
    fn names_of_files_that_were_turned_are_told_from_others() {
        for (name, is_turned) in [
            ("bars.csv.1", true),
            ("bars.csv-20240219", true),
            ("bars.csv", false),
            ("bars-2024-02-19.csv", true),
            ("bars.csv.bak", false),
            ("bars.csv.A", false),
            ("barsx.csv", false),
            ("bars.csvx", false),
            ("other.csv.1", false),
            ("sub/bars.csv.1", false),
        ] {
            assert_eq!(
                is_turned_name(&Path::new("/feeds").join(name), Path::new("/feeds/bars.csv")),
                is_turned,
                "{name}"
            );
        }
    }
}
