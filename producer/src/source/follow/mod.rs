//! Files that grow, as feeds write them: read to their end, then on as lines come; under a new name or cut short, read to the end and begun
//! again (`tail -F`). A folder is all files in it, those that come later too.

mod growing;
mod incarnation;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use anyhow::{Context, Error, Result, ensure};

use self::growing::{CaughtUp, Growing, POLL};
use self::incarnation::Incarnation;
use super::choices::Choices;
use super::feed::begin;
use super::files::stem;
use super::{Judge, NoRecord, Row};

/// Rows that are read before they are wanted.
const READ_AHEAD: usize = 1024;
/// Files that can be followed at once: each has a thread.
const MOST: usize = 2000;
/// Endings of what is read once, and not written on.
const PACKED: [&str; 6] = ["gz", "zst", "zstd", "bz2", "xz", "zip"];

/// The rows of files that grow. It has no end.
pub(crate) struct Follow {
    rows: Receiver<Row>,
}

/// Names of files, patterns, and folders; a file need not be there yet.
pub(crate) fn open(named: &[PathBuf], choices: &Choices, judge: Judge) -> Result<Follow> {
    for path in named {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        ensure!(parent.is_dir(), "cannot follow {}: there is no folder {}", path.display(), parent.display());
    }
    let (sender, rows) = sync_channel(READ_AHEAD);
    let watch = Watch { named: named.to_vec(), choices: choices.clone(), judge, sender, known: BTreeSet::new() };
    thread::spawn(move || watch.run());
    Ok(Follow { rows })
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
    judge: Judge,
    sender: SyncSender<Row>,
    known: BTreeSet<PathBuf>,
}

impl Watch {
    fn run(mut self) {
        let is_alone = self.named.len() == 1 && !self.named[0].is_dir() && !is_pattern(&self.named[0]);
        loop {
            let found = match self.found() {
                Ok(found) => found,
                Err(error) => return self.end(error),
            };
            for path in found {
                self.known.insert(path.clone());
                if self.known.len() > MOST {
                    let why = "move those that are written no more elsewhere, or name a pattern that fits fewer";
                    return self.end(anyhow::anyhow!("more than {MOST} files are to be followed: {why}"));
                }
                if let Err(error) = self.start(path, is_alone) {
                    return self.end(error);
                }
            }
            thread::sleep(POLL);
        }
    }

    fn end(&self, error: Error) {
        let _ = self.sender.send(Err(NoRecord::Broken(error)));
    }

    /// Files that are not followed yet, by name.
    fn found(&self) -> Result<Vec<PathBuf>> {
        let mut found = BTreeSet::new();
        for path in &self.named {
            if path.is_dir() {
                let entries = fs::read_dir(path).with_context(|| format!("cannot follow {}", path.display()))?;
                found.extend(entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_file()));
            } else if is_pattern(path) {
                let files = glob::glob(&path.to_string_lossy())?.flatten().filter(|path| path.is_file());
                found.extend(files);
            } else if !self.known.contains(path) {
                found.insert(path.clone());
            }
        }
        let all: BTreeSet<PathBuf> = found.union(&self.known).cloned().collect();
        let is_to_follow = |path: &PathBuf| {
            let is_named = self.named.contains(path);
            !self.known.contains(path) && (is_named || !is_left_out(path) && !is_turned(path, &all))
        };
        Ok(found.into_iter().filter(is_to_follow).collect())
    }

    /// Follows a file from now on; returns when it has been read to its end for the first time, so that files which are there at the
    /// beginning are read one after the other.
    fn start(&self, path: PathBuf, is_alone: bool) -> Result<()> {
        let begun = incarnation::to_begin_with(&path, &self.choices, &self.judge)
            .with_context(|| format!("cannot follow {}", path.display()))?;
        let caught_up = CaughtUp::default();
        let one = One {
            shown: path.display().to_string().into(),
            path,
            choices: self.choices.clone(),
            sender: self.sender.clone(),
            caught_up: caught_up.clone(),
            is_alone,
        };
        thread::spawn(move || one.run(begun));
        caught_up.wait();
        Ok(())
    }
}

fn is_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '[']) && !path.exists()
}

/// Packed, hidden, or not finished.
fn is_left_out(path: &Path) -> bool {
    let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    name.starts_with('.')
        || name.ends_with('~')
        || ["tmp", "part", "swp"].contains(&&*ending)
        || PACKED.contains(&&*ending)
}

/// Whether it is what another file was before it was begun again: `bars.csv.1` of `bars.csv`.
fn is_turned(path: &Path, all: &BTreeSet<PathBuf>) -> bool {
    let is_of = |other: &PathBuf| incarnation::is_turned_name(path, other);
    all.iter().any(is_of)
}

/// One file, in whatever incarnation.
struct One {
    path: PathBuf,
    shown: Arc<str>,
    choices: Choices,
    sender: SyncSender<Row>,
    caught_up: CaughtUp,
    /// Whether an error in it is an error of all.
    is_alone: bool,
}

impl One {
    fn run(self, begun: Vec<Incarnation>) {
        let mut generations = incarnation::Generations::default();
        let mut begun = begun.into_iter().peekable();
        while let Some(earlier) = begun.next_if(|incarnation| incarnation.path != self.path) {
            generations.take(&earlier);
            let told = format!("{}: what is left of it stands in {}", self.shown, earlier.path.display());
            let file = File::open(&earlier.path).map_err(Error::from);
            if !self.tell(told) || !file.is_ok_and(|file| self.send(file, &earlier)) {
                break;
            }
        }
        let mut next = begun.next();
        loop {
            let Ok((file, now)) = self.open(next.take(), &mut generations) else { return };
            let growing = Growing::new(file, self.path.clone(), self.caught_up.clone());
            if !self.send(growing, &now) {
                break;
            }
            if !self.tell(format!("{}: begun again, or another file: read from its first line", self.shown)) {
                break;
            }
        }
        self.caught_up.set();
    }

    /// Waits for the file to be there.
    fn open(
        &self,
        begun: Option<Incarnation>,
        generations: &mut incarnation::Generations,
    ) -> Result<(File, Incarnation)> {
        loop {
            match File::open(&self.path) {
                Ok(file) => {
                    let now = Incarnation::of(&self.path, &self.path, &file.metadata()?)?;
                    let now = match begun.filter(|begun| begun.is_of_the_file(&now)) {
                        Some(begun) => generations.take(&begun),
                        None => generations.next(&now),
                    };
                    return Ok((file, now));
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    self.caught_up.set();
                    thread::sleep(POLL);
                }
                Err(error) => {
                    let error = Error::from(error).context(format!("cannot follow {}", self.shown));
                    self.fail(error);
                    return Err(anyhow::anyhow!("told"));
                }
            }
        }
    }

    /// Sends what there is to read; `false` if that is over for good.
    fn send(&self, file: impl std::io::Read + Send + 'static, incarnation: &Incarnation) -> bool {
        let rows = match begin(file, &self.choices, &self.shown, stem(&self.path).as_deref()) {
            Ok(rows) => rows,
            Err(error) => return self.fail(error.context(format!("cannot follow {}", self.shown))),
        };
        let name: Arc<str> = incarnation.name.as_str().into();
        for mut row in rows {
            match &mut row {
                Ok(record) => record.place.is_of(&self.shown, &name),
                Err(NoRecord::Skipped { place, .. }) => place.is_of(&self.shown, &name),
                Err(NoRecord::Broken(error)) => {
                    let error = std::mem::replace(error, anyhow::anyhow!("told"));
                    return self.fail(error.context(format!("cannot follow {} any further", self.shown)));
                }
                Err(_) => {}
            }
            if self.sender.send(row).is_err() {
                return false;
            }
        }
        true
    }

    fn tell(&self, message: String) -> bool {
        self.sender.send(Err(NoRecord::Told(message))).is_ok()
    }

    /// Of a folder, a file that is none of bars is told and left.
    fn fail(&self, error: Error) -> bool {
        let row = if self.is_alone { NoRecord::Broken(error) } else { NoRecord::Told(format!("{error:#}: left out")) };
        let _ = self.sender.send(Err(row));
        self.caught_up.set();
        false
    }
}

#[cfg(test)]
mod tests;
