//! Files beside one that is followed: what had its name before, and copies of it.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Result;

use super::followed::Number;
use super::growing::Left;
use super::incarnation::{Begun, Incarnation};
use super::names::{Age, age, folder, is_left_out, is_turned_name};

/// Files that came between one that had the name, or its copy, and the one that has it now.
pub(super) fn between(
    followed: &Path,
    before: &File,
    copy: Option<Number>,
    others: &dyn Fn(&Path, Number) -> bool,
) -> Result<Vec<Begun>> {
    let own = before.metadata()?;
    let now = File::open(followed).and_then(|now| Ok((Number::of(&now.metadata()?), now))).ok();
    let is_cut = now.as_ref().is_some_and(|(now, _)| *now == Number::of(&own));
    if is_cut && copy.is_none() {
        return Ok(Vec::new());
    }
    let number = copy.unwrap_or_else(|| Number::of(&own));
    let files = turned(followed);
    let is_before = |path: &PathBuf| fs::metadata(path).is_ok_and(|now| Number::of(&now) == number);
    let after: Vec<PathBuf> = if let Some(place) = files.iter().position(is_before) {
        files[place + 1..].to_vec()
    } else {
        // It is not there any more, or is packed: those that were written since, unless they are copies of it.
        let is_later = |path: &PathBuf| {
            let modified = |now: &Metadata| now.modified().ok();
            fs::metadata(path).is_ok_and(|now| modified(&now) >= modified(&own)) && !is_copy(path, before)
        };
        files.into_iter().filter(is_later).collect()
    };
    let incarnation = |path: &PathBuf| Incarnation::of(path, &fs::metadata(path).ok()?).ok();
    // A copy of what is there now is nothing that came before it.
    let is_of_now = |path: &Path| now.as_ref().is_some_and(|(_, now)| is_copy(path, now));
    let is_between = |found: &Incarnation| !others(&found.path, found.number) && !is_of_now(&found.path);
    let after = after.iter().filter_map(incarnation).filter(is_between);
    Ok(after.map(|found| Begun::new(found, None)).collect())
}

/// The copy of a file that was cut short.
pub(super) struct Copy {
    pub(super) path: PathBuf,
    pub(super) number: Number,
    /// Whether it has more than is known.
    pub(super) has_more: bool,
}

/// It is the newest that has what is known, whatever that file was before: the next copy may go into the same one.
pub(super) fn copy(followed: &Path, left: &Left, is_another: &dyn Fn(Number) -> bool) -> Option<Copy> {
    let copy = |path: PathBuf| {
        let file = File::open(&path).ok()?;
        let metadata = file.metadata().ok()?;
        let number = Number::of(&metadata);
        let is_one = left.position > 0 && left.is_in(&file) && !is_another(number);
        is_one.then_some(Copy { path, number, has_more: metadata.len() > left.position })
    };
    turned(followed).into_iter().rev().find_map(copy)
}

/// Whether all that is in a file is the beginning of another.
pub(super) fn is_copy(path: &Path, of: &File) -> bool {
    let is_same = || -> io::Result<bool> {
        let mut file = File::open(path)?;
        if file.metadata()?.len() > of.metadata()?.len() {
            return Ok(false);
        }
        let (mut own, mut other, mut position) = (vec![0; 1 << 16], vec![0; 1 << 16], 0);
        loop {
            let read = file.read(&mut own)?;
            if read == 0 {
                return Ok(true);
            }
            of.read_exact_at(&mut other[..read], position)?;
            if own[..read] != other[..read] {
                return Ok(false);
            }
            position += read as u64;
        }
    };
    is_same().unwrap_or(false)
}

/// Files beside it that may have had its name, the oldest first.
pub(super) fn turned(followed: &Path) -> Vec<PathBuf> {
    // A folder that cannot be listed has none to show.
    let entries = fs::read_dir(folder(followed)).into_iter().flatten();
    let mut found: Vec<(SystemTime, PathBuf)> = Vec::new();
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if is_turned_name(&path, followed)
            && !is_left_out(&path)
            && let Ok(metadata) = fs::metadata(&path)
            && metadata.is_file()
            && let Ok(modified) = metadata.modified()
        {
            found.push((modified, path));
        }
    }
    found.sort();
    // Who touches a file, or brings it back from elsewhere, makes it no newer.
    let ages: Vec<Option<Age>> = found.iter().map(|(_, path)| age(path, followed)).collect();
    let is_of_one_kind = |kind: fn(&Age) -> bool| ages.iter().all(|age| age.as_ref().is_some_and(kind));
    if is_of_one_kind(|age| matches!(age, Age::Number(_))) || is_of_one_kind(|age| matches!(age, Age::Day(_))) {
        found.sort_by_key(|(modified, path)| (age(path, followed), *modified));
    }
    found.into_iter().map(|(_, path)| path).collect()
}
