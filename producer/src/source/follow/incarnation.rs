//! Which file is which, whatever it is called: a file that is followed is another one once it was turned (`bars.csv` becomes
//! `bars.csv.1`, and a new `bars.csv` begins) or cut short.

use std::fs::{self, File, Metadata};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Result;

use super::super::choices::Choices;
use super::super::feed::begin;
use super::super::files::stem;
use super::super::row::{Past, Verdict, generation_of};
use super::followed::Number;
use super::growing::{CaughtUp, Growing, Unfinished};
use super::names::{folder, is_left_out, is_turned_name};

/// A file that is or was followed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Incarnation {
    /// Where it is.
    pub(crate) path: PathBuf,
    pub(crate) number: Number,
    /// What tells it from others: folder and file, whatever it is called there.
    file: String,
    /// How often it was cut short, or sent anew.
    generation: u32,
}

impl Incarnation {
    pub(crate) fn of(path: &Path, metadata: &Metadata) -> Result<Incarnation> {
        let number = Number::of(metadata);
        let folder = folder(path).canonicalize()?;
        let file = format!("{}#{:x}-{:x}", folder.display(), number.inode, number.made);
        Ok(Incarnation { path: path.to_owned(), number, file, generation: 0 })
    }

    /// The name of the source.
    pub(crate) fn name(&self) -> String {
        generation_of(&self.file, self.generation)
    }

    /// What the file is called in all its generations.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    pub(crate) fn next(&self) -> Incarnation {
        Incarnation { generation: self.generation + 1, ..self.clone() }
    }

    /// The generation that is to be read, and whether something of the file is known.
    fn judged(self, followed: &Path, choices: &Choices, past: &dyn Past) -> Result<(Incarnation, Verdict)> {
        let Some(generation) = past.generation(&self.file) else { return Ok((self, Verdict::New)) };
        let last = Incarnation { generation, ..self };
        if past.is_to_begin_anew() {
            return Ok((last.next(), Verdict::New));
        }
        let verdict = last.verdict(&last.path, followed, choices, past)?;
        Ok((if matches!(verdict, Verdict::Other(_)) { last.next() } else { last }, verdict))
    }

    /// Whether a file holds what was sent as this one.
    fn verdict(&self, path: &Path, followed: &Path, choices: &Choices, past: &dyn Past) -> Result<Verdict> {
        past.verdict(&self.name(), &|| {
            let read = Growing::new(File::open(path)?, None, CaughtUp::default(), Unfinished::default(), true);
            begin(read, choices, &path.display().to_string(), stem(followed).as_deref(), true)
        })
    }
}

/// What is to be read of a name at first: what is left of files that had it before, and the one that has it now. `others` are followed
/// by themselves.
pub(crate) fn to_begin_with(
    followed: &Path,
    choices: &Choices,
    past: &dyn Past,
    others: &dyn Fn(Number) -> bool,
) -> Result<Vec<Incarnation>> {
    let now = match fs::metadata(followed) {
        Ok(metadata) => Some(Incarnation::of(followed, &metadata)?),
        Err(_) => None,
    };
    let mut all = Vec::new();
    if !past.is_to_begin_anew() {
        all = formers(followed, now.as_ref(), choices, past, others)?;
    }
    if let Some(now) = now {
        all.push(now.judged(followed, choices, past)?.0);
    }
    Ok(all)
}

/// Files that had the name: the first one of which something was sent, and all after it.
fn formers(
    followed: &Path,
    now: Option<&Incarnation>,
    choices: &Choices,
    past: &dyn Past,
    others: &dyn Fn(Number) -> bool,
) -> Result<Vec<Incarnation>> {
    let (mut known, mut has_known) = (Vec::new(), false);
    let files = turned(followed);
    for path in files.clone() {
        let Ok(metadata) = fs::metadata(&path) else { continue };
        let own = Incarnation::of(&path, &metadata)?;
        if others(own.number) {
            has_known = true;
            continue;
        }
        if past.generation(own.file()).is_some() {
            has_known = true;
            known.push(own.judged(followed, choices, past)?.0);
            continue;
        }
        // A copy that was made before the file was cut short.
        let generations = now.and_then(|now| past.generation(now.file())).map_or(0..0, |last| 0..last + 1);
        let copy = generations
            .rev()
            .take(files.len() + 1)
            .filter_map(|generation| Some(Incarnation { generation, ..now?.clone() }))
            .find(|copy| {
                // Text that is none of bars is nothing of ours.
                copy.verdict(&path, followed, choices, past).is_ok_and(|verdict| verdict == Verdict::Same)
            });
        match copy {
            Some(copy) => {
                has_known = true;
                known.push(Incarnation { path, number: own.number, ..copy });
            }
            None if has_known => known.push(own),
            None => {}
        }
    }
    Ok(known)
}

/// Files that came between one and the one that has its name now.
pub(crate) fn between(followed: &Path, before: &Incarnation, is_known: &dyn Fn(Number) -> bool) -> Vec<Incarnation> {
    let files = turned(followed);
    let is_before = |path: &PathBuf| fs::metadata(path).is_ok_and(|now| Number::of(&now) == before.number);
    // Those after it in time; none, if it is not there any more.
    let after = files.iter().position(is_before).map_or(files.len(), |place| place + 1);
    let incarnation = |path: &PathBuf| Incarnation::of(path, &fs::metadata(path).ok()?).ok();
    files[after..].iter().filter_map(incarnation).filter(|found| !is_known(found.number)).collect()
}

/// Files beside it that may have had its name, the oldest first.
fn turned(followed: &Path) -> Vec<PathBuf> {
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
    found.into_iter().map(|(_, path)| path).collect()
}
