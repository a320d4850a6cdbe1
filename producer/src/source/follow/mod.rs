//! Files that grow, as feeds write them: read to their end, then on as lines come; under a new name or cut short, read to the end and begun
//! again (`tail -F`). A folder is all files in it, those that come later too.

mod beside;
mod followed;
mod growing;
mod incarnation;
mod judge;
mod names;
mod one;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Metadata};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result, anyhow, ensure};

use self::followed::{Far, Followed, Number};
use self::growing::{CaughtUp, POLL};
use self::incarnation::{Begun, Incarnation};
use self::judge::Judge;
use self::names::{folder, in_it, is_left_out, is_packed, is_turned_name, name_before};
use self::one::One;
use super::choices::{Choices, SymbolIs};
use super::pattern::is_pattern;
use super::row::{NoRecord, Past, Row};

/// Rows that are read before they are wanted.
const READ_AHEAD: usize = 1024;
/// Rounds between two looks for what was done with, and is written on.
const SELDOM: u64 = 5;
/// After so long nobody takes a file for what another was before.
const TAKEN_UP: Duration = Duration::from_secs(15);
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
        waiting: BTreeMap::new(),
        seen: BTreeSet::new(),
        rounds: 0,
    };
    thread::spawn(move || watch.run());
    Ok(Follow { rows })
}

/// The names of the sources that files are, without their generations.
pub(crate) fn names(named: &[PathBuf]) -> Vec<String> {
    let files: BTreeSet<PathBuf> = named.iter().flat_map(|path| in_it(path).unwrap_or_default().0).collect();
    // What a name was before may not be all on the topic.
    let formers: BTreeSet<PathBuf> = files.iter().flat_map(|path| beside::turned(path)).collect();
    let name = |path: &PathBuf| Some(Incarnation::of(path, &fs::metadata(path).ok()?).ok()?.file().to_owned());
    files.union(&formers).filter_map(name).collect()
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
    /// Files that look like what another was before, and since when.
    waiting: BTreeMap<PathBuf, (u64, Instant)>,
    /// All names that were found so far.
    seen: BTreeSet<PathBuf>,
    rounds: u64,
}

/// A file to follow.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Fresh {
    /// The name that it has or had.
    called: PathBuf,
    /// What a name was before comes before it.
    is_called_so: bool,
    path: PathBuf,
    /// Only what it has more than before is read.
    is_once: bool,
}

impl Watch {
    fn run(mut self) {
        let is_alone = self.named.len() == 1 && !self.named[0].is_dir() && !is_pattern(&self.named[0]);
        loop {
            let found = match self.found() {
                Ok(found) => found,
                Err(error) => return self.end(error),
            };
            for fresh in found {
                if self.followed.names().len() == MOST {
                    let why = "move those that are written no more elsewhere, or name a pattern that fits fewer";
                    return self.end(anyhow!("more than {MOST} files are to be followed: {why}"));
                }
                match self.start(&fresh, is_alone) {
                    Ok(()) => {}
                    Err(error) if is_alone => return self.end(error),
                    // It may pass.
                    Err(error) => self.tell(&fresh.path, format!("{error:#}; tried again")),
                }
            }
            self.rounds += 1;
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
    fn found(&mut self) -> Result<Vec<Fresh>> {
        let mut found = BTreeSet::new();
        for path in &self.named.clone() {
            let (files, errors) = in_it(path).with_context(|| format!("cannot follow {}", path.display()))?;
            found.extend(files);
            for error in errors {
                let message = format!("{error:#}");
                self.tell(&path.join(&message), message);
            }
        }
        let (mut fresh, mut seen) = (BTreeSet::new(), BTreeSet::new());
        for path in &found {
            let is_named = self.named.contains(path);
            let is_taken = self.followed.names().contains(path) && !self.followed.is_to_be_tried_again(path);
            if is_taken || !is_named && is_left_out(path) {
                continue;
            }
            let itself = |called: &Path| Fresh {
                called: called.to_owned(),
                is_called_so: true,
                path: path.clone(),
                is_once: false,
            };
            let Ok(metadata) = fs::metadata(path) else {
                // It may come.
                if is_named {
                    fresh.insert(itself(path));
                }
                continue;
            };
            let Ok(file) = Incarnation::of(path, &metadata) else { continue };
            // Another name of one that is about to be followed.
            if !seen.insert(file.number) {
                continue;
            }
            let former_of = found.iter().find(|other| *other != path && is_turned_name(path, other)).cloned();
            // No file may have the name now, between one that had it and the next.
            let before =
                || name_before(path).filter(|before| self.seen.contains(before) || self.named.contains(before));
            let former_of = former_of.or_else(before);
            if self.followed.is_known(file.number) {
                if let Some(called) = self.changed(path, &metadata) {
                    fresh.insert(Fresh { is_once: former_of.is_some(), ..itself(&called) });
                }
                continue;
            }
            let Some(other) = former_of.filter(|_| !is_named) else {
                let before = name_before(path).filter(|_| !is_named);
                match before.filter(|before| self.judge(before).was_sent(path)) {
                    Some(before) => fresh.insert(Fresh { is_called_so: false, is_once: true, ..itself(&before) }),
                    None => fresh.insert(itself(path)),
                };
                continue;
            };
            if self.past.generation(file.file()).is_some() {
                fresh.insert(Fresh { is_called_so: false, is_once: true, ..itself(&other) });
            } else if !self.told.contains_key(path) && self.is_nobodys(path) {
                if self.followed.is_copy(path, &other) {
                    self.told.insert(path.clone(), String::new());
                    continue;
                }
                let message = format!("{}: left out, as what {} was before", path.display(), other.display());
                self.tell(path, message);
            }
        }
        fresh.extend(self.written_on(&found));
        self.seen.extend(found);
        Ok(fresh.into_iter().collect())
    }

    /// Whether a file that looks like what another was before has not been taken for that, as it is when the other is read.
    fn is_nobodys(&mut self, path: &Path) -> bool {
        let (round, since) = *self.waiting.entry(path.to_owned()).or_insert_with(|| (self.rounds, Instant::now()));
        // What was there at the beginning is taken in the first round.
        round == 0 && self.rounds > 0 || since.elapsed() > TAKEN_UP
    }

    /// What a file was called that was done with, and has more to read since, or other rows.
    fn changed(&self, path: &Path, now: &Metadata) -> Option<PathBuf> {
        let done = self.followed.done(Number::of(now)).filter(|done| done.is_changed(path, now))?;
        let called = done.called.clone();
        if !done.incarnation.is_copied && File::open(path).is_ok_and(|file| done.is_still(&file)) {
            return Some(called);
        }
        if self.followed.is_copy(path, &called) {
            self.followed.is_copy_now(&done, path);
            return None;
        }
        if done.incarnation.is_copied {
            // It is what its number says from now on.
            self.followed.forget(done.incarnation.number);
        }
        Some(called)
    }

    /// Files that were done with under names that they have no more, and that were written on since.
    fn written_on(&self, found: &BTreeSet<PathBuf>) -> Vec<Fresh> {
        if !self.rounds.is_multiple_of(SELDOM) || !self.followed.has_done() {
            return Vec::new();
        }
        let folders: BTreeSet<&Path> = found.iter().map(|path| folder(path)).collect();
        let paths = folders.into_iter().flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten());
        let written = |path: PathBuf| {
            let metadata = fs::metadata(&path).ok().filter(|_| !found.contains(&path))?;
            let called = self.changed(&path, &metadata)?;
            Some(Fresh { called, is_called_so: false, path, is_once: true })
        };
        paths.filter_map(|entry| written(entry.path())).collect()
    }

    /// Follows a file from now on; returns when it has been read to its end for the first time, so that files which are there at the
    /// beginning are read one after the other.
    fn start(&self, fresh: &Fresh, is_alone: bool) -> Result<()> {
        let Fresh { path, is_once, .. } = fresh;
        let cannot = || format!("cannot follow {}", path.display());
        let called = &self.called(fresh);
        let begun = if let Some(again) = self.again(path).with_context(cannot)? {
            vec![again]
        } else {
            // Of a folder that is new, each is named by itself.
            let is_told = is_alone || !self.past.is_empty();
            let tell = |message: String| {
                if is_told {
                    let _ = self.sender.send(Err(NoRecord::Told(message)));
                }
            };
            let others = |path: &Path, number| self.followed.has(path, number, called);
            self.judge(called).to_begin_with(path, &others, &tell).with_context(cannot)?
        };
        for begun in &begun {
            self.followed.begin(begun.incarnation.number);
        }
        self.followed.take(path);
        let caught_up = CaughtUp::default();
        let one = One::new((called, path), &self.choices, &self.sender, &caught_up, &self.followed, is_alone);
        let one = if *is_once { one.once() } else { one };
        thread::spawn(move || one.run(begun));
        caught_up.wait();
        Ok(())
    }

    /// The name that says the symbol: what a file was called when it was sent.
    fn called(&self, fresh: &Fresh) -> PathBuf {
        let Fresh { called, path, .. } = fresh;
        let is_asked = called == path && self.choices.symbol == Some(SymbolIs::FileName);
        let before = name_before(path).filter(|before| is_asked && self.judge(before).is_of(path));
        before.unwrap_or_else(|| called.clone())
    }

    fn judge<'a>(&'a self, called: &'a Path) -> Judge<'a> {
        Judge { called, choices: &self.choices, past: &*self.past }
    }

    fn again(&self, path: &Path) -> Result<Option<Begun>> {
        let Ok(metadata) = fs::metadata(path) else { return Ok(None) };
        let Some(done) = self.followed.done(Number::of(&metadata)) else { return Ok(None) };
        let file = File::open(path)?;
        if Number::of(&file.metadata()?) != done.incarnation.number {
            return Ok(None);
        }
        let is_shorter = file.metadata()?.len() < done.far.bytes;
        let again = Begun::again(done, path, file);
        let what = match (again.far == Far::default(), is_shorter) {
            (true, true) => "cut short, and begun again",
            (true, false) => "overwritten after it was done with, and begun again",
            (false, _) => "written again, after it was done with, and read on",
        };
        let _ = self.sender.send(Err(NoRecord::Told(format!("{}: {what}", path.display()))));
        Ok(Some(again))
    }
}

#[cfg(test)]
mod tests;
