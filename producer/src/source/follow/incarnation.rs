//! Which file has a name now, and which had it before: a file that is followed is another one once it was turned (`bars.csv` becomes
//! `bars.csv.1`, and a new `bars.csv` begins) or cut short.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;

use super::super::choices::Choices;
use super::super::feed::begin;
use super::super::files::stem;
use super::super::{Judge, Verdict};

/// A file under a name that was or is followed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Incarnation {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// What tells it from others: the name that is followed, the file, and how often that was cut short.
    pub(crate) name: String,
    file: String,
    generation: u32,
}

impl Incarnation {
    /// A file, as one of the name that is `followed`.
    pub(crate) fn of(path: &Path, followed: &Path, metadata: &Metadata) -> Result<Incarnation> {
        // A number is used again once its file is gone; the moment of its making is not.
        let made = metadata.created().ok().and_then(|made| made.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
        let file = format!("{}#{:x}-{:x}", full(followed)?.display(), metadata.ino(), made.as_nanos());
        Ok(Incarnation { path: path.to_owned(), name: file.clone(), file, generation: 0 })
    }

    fn generation(&self, generation: u32) -> Incarnation {
        let name = if generation == 0 { self.file.clone() } else { format!("{}.{generation}", self.file) };
        Incarnation { name, generation, ..self.clone() }
    }

    pub(crate) fn is_of_the_file(&self, other: &Incarnation) -> bool {
        self.file == other.file
    }

    fn verdict(&self, followed: &Path, choices: &Choices, judge: &Judge) -> Result<Verdict> {
        let rows = || {
            let shown = self.path.display().to_string();
            begin(File::open(&self.path)?, choices, &shown, stem(followed).as_deref())
        };
        judge(&self.name, &rows)
    }
}

/// Counts how often a file was cut short while it was followed.
#[derive(Default)]
pub(crate) struct Generations(BTreeMap<String, u32>);

impl Generations {
    pub(crate) fn take(&mut self, incarnation: &Incarnation) -> Incarnation {
        self.0.insert(incarnation.file.clone(), incarnation.generation);
        incarnation.clone()
    }

    pub(crate) fn next(&mut self, incarnation: &Incarnation) -> Incarnation {
        let generation = self.0.get(&incarnation.file).map_or(0, |generation| generation + 1);
        self.take(&incarnation.generation(generation))
    }
}

/// What is to be read of a name at first: what is left of files that had it before, and the one that has it now.
pub(crate) fn to_begin_with(followed: &Path, choices: &Choices, judge: &Judge) -> Result<Vec<Incarnation>> {
    let Ok(metadata) = fs::metadata(followed) else { return turned_known(followed, &[], choices, judge) };
    let now = Incarnation::of(followed, followed, &metadata)?;
    // As often as it was cut short before.
    let mut generation = 0;
    let mut cut = Vec::new();
    let now = loop {
        let now = now.generation(generation);
        match now.verdict(followed, choices, judge)? {
            Verdict::Other(_) => cut.push(now),
            Verdict::New | Verdict::Same => break now,
        }
        generation += 1;
    };
    let mut all = turned_known(followed, &cut, choices, judge)?;
    all.push(now);
    Ok(all)
}

/// Files that were turned: the first one of which something was sent, and all after it. `cut` is the file that has the name now, as it
/// was each time before it was cut short: copies of it may be there.
fn turned_known(followed: &Path, cut: &[Incarnation], choices: &Choices, judge: &Judge) -> Result<Vec<Incarnation>> {
    let mut known = Vec::new();
    for path in turned(followed)? {
        let own = Incarnation::of(&path, followed, &fs::metadata(&path)?)?;
        let copies = cut.iter().map(|cut| Incarnation { path: path.clone(), ..cut.clone() });
        // Text that is none of bars is nothing of ours.
        let is_same = |incarnation: &Incarnation| {
            incarnation.verdict(followed, choices, judge).is_ok_and(|verdict| verdict == Verdict::Same)
        };
        match std::iter::once(own.clone()).chain(copies).find(is_same) {
            Some(incarnation) => known.push(incarnation),
            None if !known.is_empty() => known.push(own),
            None => {}
        }
    }
    Ok(known)
}

/// Files beside it that may have had its name, the oldest first.
fn turned(followed: &Path) -> Result<Vec<PathBuf>> {
    let full = full(followed)?;
    let Some(folder) = full.parent() else { return Ok(Vec::new()) };
    let mut found: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if is_turned_name(&path, &full) && !super::is_left_out(&path) && path.is_file() {
            found.push((fs::metadata(&path)?.modified()?, path));
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

/// `bars.csv.1`, `bars.csv-20240219` of `bars.csv`.
pub(crate) fn is_turned_name(path: &Path, other: &Path) -> bool {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let is_behind = |rest: &str| rest.starts_with(['.', '-']);
    path.parent() == other.parent() && name(path).strip_prefix(&name(other)).is_some_and(is_behind)
}

/// The name that a file has from anywhere, also before it is there.
fn full(path: &Path) -> Result<PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(folder.canonicalize()?.join(path.file_name().unwrap_or_default()))
}
