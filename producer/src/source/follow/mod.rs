//! Files that grow, as feeds write them: read to their end, then on as lines come; under a new name or cut short, read to the end and begun
//! again (`tail -F`). A folder is all files in it, those that come later too.

mod followed;
mod growing;
mod incarnation;
mod names;
mod one;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use anyhow::{Context, Error, Result, anyhow, ensure};

use self::followed::Followed;
use self::growing::{CaughtUp, POLL};
use self::names::{in_it, is_left_out, is_packed, is_pattern, is_turned_name};
use self::one::One;
use super::choices::Choices;
use super::row::{NoRecord, Past, Row};

/// Rows that are read before they are wanted.
const READ_AHEAD: usize = 1024;
/// Files that can be followed at once: each has a thread, and is open.
const MOST: usize = 2000;

/// The rows of files that grow. It has no end.
pub(crate) struct Follow {
    rows: Receiver<Row>,
}

/// Names of files, patterns, and folders; a file need not be there yet.
pub(crate) fn open(named: &[PathBuf], choices: &Choices, past: Box<dyn Past>) -> Result<Follow> {
    for path in named {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        ensure!(
            parent.is_dir() || is_pattern(parent),
            "cannot follow {}: there is no folder {}",
            path.display(),
            parent.display()
        );
        ensure!(!is_packed(path), "cannot follow {}: what is packed is not written on; --csv reads it", path.display());
    }
    let (sender, rows) = sync_channel(READ_AHEAD);
    let watch = Watch {
        named: named.to_vec(),
        choices: choices.clone(),
        past,
        sender,
        followed: Followed::default(),
        told: BTreeMap::new(),
    };
    thread::spawn(move || watch.run());
    Ok(Follow { rows })
}

/// The names of the sources that files are, without their generations.
pub(crate) fn names(named: &[PathBuf]) -> Vec<String> {
    let files = named.iter().flat_map(|path| in_it(path).unwrap_or_default());
    let name =
        |path: PathBuf| Some(incarnation::Incarnation::of(&path, &fs::metadata(&path).ok()?).ok()?.file().to_owned());
    files.filter_map(name).collect()
}

impl Iterator for Follow {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        self.rows.recv().ok()
    }
}

/// Looks for files.
struct Watch {
    named: Vec<PathBuf>,
    choices: Choices,
    past: Box<dyn Past>,
    sender: SyncSender<Row>,
    followed: Followed,
    /// What was said of files that are not followed.
    told: BTreeMap<PathBuf, String>,
}

impl Watch {
    fn run(mut self) {
        let is_alone = self.named.len() == 1 && !self.named[0].is_dir() && !is_pattern(&self.named[0]);
        loop {
            let found = match self.found() {
                Ok(found) => found,
                Err(error) => return self.end(error),
            };
            for (called, path) in found {
                if self.followed.names().len() == MOST {
                    let why = "move those that are written no more elsewhere, or name a pattern that fits fewer";
                    return self.end(anyhow!("more than {MOST} files are to be followed: {why}"));
                }
                match self.start(&called, &path, is_alone) {
                    Ok(()) => {}
                    Err(error) if is_alone => return self.end(error),
                    // It may pass.
                    Err(error) => self.tell(&path, format!("{error:#}; tried again")),
                }
            }
            thread::sleep(POLL);
        }
    }

    fn end(&self, error: Error) {
        let _ = self.sender.send(Err(NoRecord::Broken(error)));
    }

    /// Says something of a file once.
    fn tell(&mut self, path: &Path, message: String) {
        if self.told.insert(path.to_owned(), message.clone()).as_ref() != Some(&message) {
            let _ = self.sender.send(Err(NoRecord::Told(message)));
        }
    }

    /// Files that are not followed yet, by name, each behind the name that it has or had; what a name was before comes before it.
    fn found(&mut self) -> Result<Vec<(PathBuf, PathBuf)>> {
        let mut found = BTreeSet::new();
        for path in &self.named {
            found.extend(in_it(path).with_context(|| format!("cannot follow {}", path.display()))?);
        }
        let (mut fresh, mut seen) = (Vec::new(), BTreeSet::new());
        for path in &found {
            let is_named = self.named.contains(path);
            if self.followed.names().contains(path) || !is_named && is_left_out(path) {
                continue;
            }
            let Ok(metadata) = fs::metadata(path) else {
                // It may come.
                if is_named {
                    fresh.push((path.clone(), true, path.clone()));
                }
                continue;
            };
            let file = incarnation::Incarnation::of(path, &metadata)?;
            // Another name of one that is followed, or is about to be.
            if self.followed.files().contains(&file.number) || !seen.insert(file.number) {
                continue;
            }
            if is_named {
                fresh.push((path.clone(), true, path.clone()));
                continue;
            }
            let former_of = found.iter().find(|other| *other != path && is_turned_name(path, other));
            if let Some(other) = former_of
                && self.past.generation(file.file()).is_none()
            {
                let message = format!("{}: left out, as what {} was before", path.display(), other.display());
                self.tell(path, message);
                continue;
            }
            fresh.push((former_of.unwrap_or(path).clone(), former_of.is_none(), path.clone()));
        }
        fresh.sort();
        Ok(fresh.into_iter().map(|(called, _, path)| (called, path)).collect())
    }

    /// Follows a file from now on; returns when it has been read to its end for the first time, so that files which are there at the
    /// beginning are read one after the other.
    fn start(&self, called: &Path, path: &Path, is_alone: bool) -> Result<()> {
        let cannot = || format!("cannot follow {}", path.display());
        if path.exists() {
            File::open(path).map_err(Error::from).with_context(cannot)?;
        }
        let others = |number| self.followed.files().contains(&number);
        let begun = incarnation::to_begin_with(path, &self.choices, &*self.past, &others).with_context(cannot)?;
        self.followed.names().insert(path.to_owned());
        let caught_up = CaughtUp::default();
        let one = One::new(called, path, &self.choices, &self.sender, &caught_up, &self.followed, is_alone);
        thread::spawn(move || one.run(begun));
        caught_up.wait();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
