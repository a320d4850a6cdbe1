//! One name that is followed, whatever files have it.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::Duration;

use anyhow::{Error, Result};

use super::beside;
use super::followed::{Done, Far, Followed, Number};
use super::growing::{CaughtUp, Growing, Left, POLL, Unfinished, Until};
use super::incarnation::{Begun, Incarnation};
use crate::source::choices::Choices;
use crate::source::feed::begin;
use crate::source::files::stem;
use crate::source::row::{NoRecord, Place, Row};
use crate::source::sniff::Empty;

/// A file that was done with, and written on all the same, is waited for longer.
const WRITTEN_AGAIN: Duration = Duration::from_mins(1);

pub(super) struct One {
    /// The name that says the symbol, where names of files do.
    called: PathBuf,
    path: PathBuf,
    shown: Arc<str>,
    choices: Choices,
    sender: SyncSender<Row>,
    caught_up: CaughtUp,
    followed: Followed,
    /// Whether an error in it is an error of all.
    is_alone: bool,
    /// Whether only what is begun is read: the name is another's by now.
    is_once: bool,
}

/// How reading a file has ended.
enum Ended {
    /// There is nothing more in it.
    Over { had_records: bool, far: Far, left: Left },
    /// Nothing more is to be read at all.
    ForGood,
}

/// What comes of what is read of a file.
struct Passing {
    name: Arc<str>,
    /// What was passed on before.
    before: Far,
    far: Far,
    /// The line of the record that was read last, and how many of it there were.
    read: (u64, u64),
    had_records: bool,
}

impl One {
    pub(super) fn new(
        (called, path): (&Path, &Path),
        choices: &Choices,
        sender: &SyncSender<Row>,
        caught_up: &CaughtUp,
        followed: &Followed,
        is_alone: bool,
    ) -> One {
        One {
            called: called.to_owned(),
            path: path.to_owned(),
            shown: path.display().to_string().into(),
            choices: choices.clone(),
            sender: sender.clone(),
            caught_up: caught_up.clone(),
            followed: followed.clone(),
            is_alone,
            is_once: false,
        }
    }

    pub(super) fn once(mut self) -> One {
        self.is_once = true;
        self
    }

    pub(super) fn run(self, begun: Vec<Begun>) {
        let mut to_read: VecDeque<Begun> = begun.into();
        let mut last: Option<Incarnation> = None;
        loop {
            let mut next = match to_read.pop_front() {
                Some(next) => next,
                None if self.is_once => return,
                None => match self.the_one_now(last.as_ref()) {
                    Some(next) => next,
                    None => return,
                },
            };
            let is_now = next.incarnation.path == self.path && !self.is_once;
            let file = match next.open(&self.path) {
                Ok(Some(file)) => file,
                Ok(None) => {
                    let gone = next.incarnation.path.display();
                    self.tell(format!("{}: {gone} is there no more, with what was left of it", self.shown));
                    continue;
                }
                Err(error) => {
                    let path = next.incarnation.path.display();
                    self.tell(format!("{}: what is left of it cannot be read from {path}: {error}", self.shown));
                    continue;
                }
            };
            if let (Some(_), true) = (next.was_cut(&file), next.incarnation.is_copied) {
                let gone = next.incarnation.path.display();
                self.tell(format!("{}: {gone} has other rows by now, and what was left in it is gone", self.shown));
                continue;
            }
            if let Some(seen) = next.was_cut(&file) {
                self.tell(format!("{}: cut short before it was read", self.shown));
                let copy = self.copy(seen, next.incarnation.number, false);
                let copy = copy.map(|copy| Begun::copy(&next.incarnation, copy, next.far, seen));
                to_read.push_front(Begun::new(next.incarnation.next(), Some(file)));
                if let Some(copy) = copy {
                    to_read.push_front(copy);
                }
                continue;
            }
            if !is_now && !self.is_once {
                self.tell(format!("{}: what is left of it stands in {}", self.shown, next.incarnation.path.display()));
            }
            self.followed.begin(next.incarnation.number);
            let Ended::Over { had_records, far, left } = self.send(&file, &next, is_now) else { return };
            let is_cut = is_now && self.is_still(next.incarnation.number);
            let copy = is_cut.then(|| self.copy(&left, next.incarnation.number, had_records)).flatten();
            let copied = copy.as_ref().map(|copy| copy.number);
            match copy {
                Some(copy) if copy.has_more => to_read.push_back(Begun::copy(&next.incarnation, copy, far, &left)),
                _ => self.skip_unfinished(&next.incarnation, far, left),
            }
            if is_now {
                if !self.tell(self.what_became_of_it(&next.incarnation)) {
                    return;
                }
                let others = |path: &Path, number| self.followed.has(path, number, &self.called);
                match beside::between(&self.path, &file, copied, &others) {
                    Ok(between) => to_read.extend(between),
                    Err(error) => {
                        self.tell(format!("{}: what came between cannot be looked for: {error:#}", self.shown));
                    }
                }
                // One without a record was none.
                last = Some(if had_records { next.incarnation.next() } else { next.incarnation });
            }
        }
    }

    /// Whether the name is that of a file.
    fn is_still(&self, number: Number) -> bool {
        fs::metadata(&self.path).is_ok_and(|now| Number::of(&now) == number)
    }

    fn what_became_of_it(&self, before: &Incarnation) -> String {
        let shown = &self.shown;
        if self.is_still(before.number) {
            format!("{shown}: cut short, and begun again")
        } else if self.path.exists() {
            format!("{shown}: another file has its name now")
        } else {
            format!("{shown}: no file is called so any more")
        }
    }

    /// Waits for a file of the name. `last` is the next generation of the one that was read last.
    fn the_one_now(&self, last: Option<&Incarnation>) -> Option<Begun> {
        let mut has_told = false;
        loop {
            let found = File::open(&self.path).and_then(|file| Ok((file.metadata()?, file)));
            let (metadata, file) = match found {
                Ok(found) => found,
                // In a folder it is found again when it is there.
                Err(error) if error.kind() == io::ErrorKind::NotFound && !self.is_alone => return None,
                Err(error) => {
                    if error.kind() != io::ErrorKind::NotFound && !std::mem::replace(&mut has_told, true) {
                        self.tell(format!("cannot follow {}: {error}; tried again", self.shown));
                    }
                    self.caught_up.set();
                    thread::sleep(POLL);
                    continue;
                }
            };
            let Ok(now) = Incarnation::of(&self.path, &metadata) else {
                thread::sleep(POLL);
                continue;
            };
            if let Some(own) = last.filter(|last| last.file() == now.file()) {
                return Some(Begun::new(own.clone(), Some(file)));
            }
            if let Some(done) = self.followed.done(now.number) {
                return Some(Begun::again(done, &self.path, file));
            }
            if self.followed.is_known(now.number) {
                // It is read under another name.
                self.followed.names().remove(&self.path);
                return None;
            }
            return Some(Begun::new(now, Some(file)));
        }
    }

    /// Sends what there is to read.
    fn send(&self, file: &File, begun: &Begun, is_growing: bool) -> Ended {
        let incarnation = &begun.incarnation;
        let until = if is_growing {
            Until::Turned(self.path.clone())
        } else if self.is_once {
            Until::Quiet(WRITTEN_AGAIN)
        } else {
            // What is written into it later is read on by itself: the file that has the name now does not wait for that.
            Until::Now
        };
        let unfinished = Unfinished::default();
        let begun_rows = file.try_clone().map_err(Error::from).and_then(|own| {
            let read = Growing::new(own, until, self.caught_up.clone(), unfinished.clone(), self.is_alone);
            begin(read, &self.choices, &self.shown, stem(&self.called).as_deref(), true)
        });
        let name = incarnation.name().into();
        let mut passing = Passing { name, before: begun.far, far: begun.far, read: (0, 0), had_records: false };
        match begun_rows {
            Ok(rows) => {
                for row in rows {
                    if row.is_ok() && !passing.had_records {
                        self.followed.read(&self.called, &unfinished);
                    }
                    match self.pass_on(row, &mut passing) {
                        Ok(true) => {}
                        Ok(false) => return Ended::ForGood,
                        Err(error) => {
                            let error = error.context(format!("cannot follow {} any further", self.shown));
                            return self.fail(error, incarnation, file, passing.far, unfinished.left());
                        }
                    }
                }
            }
            // It is over, and nothing was in it.
            Err(error) if error.is::<Empty>() => {}
            Err(error) => {
                let error = error.context(format!("cannot follow {}", self.shown));
                return self.fail(error, incarnation, file, passing.far, unfinished.left());
            }
        }
        let left = unfinished.left();
        let far = Far { bytes: left.position, ..passing.far };
        self.done(file, incarnation, far, left.clone());
        Ended::Over { had_records: passing.had_records, far, left }
    }

    /// The copy of a file that was cut short.
    fn copy(&self, left: &Left, own: Number, had_records: bool) -> Option<beside::Copy> {
        // A header alone is in other files, too.
        let is_another = |number| number == own || !had_records && self.followed.is_known(number);
        beside::copy(&self.path, left, &is_another)
    }

    /// Half a line, of a file that is over.
    fn skip_unfinished(&self, incarnation: &Incarnation, far: Far, left: Left) {
        if left.unfinished.trim_ascii().is_empty() {
            return;
        }
        let mut place = Place::new(None, far.line + 1);
        place.is_of(&self.shown, &incarnation.name().into());
        let reason = "the line has no end, and the file is over".to_owned();
        let _ = self.sender.send(Err(NoRecord::Skipped { place, reason, raw: left.unfinished, header: None }));
    }

    /// Passes a row on, if it was not before; `false` if nobody wants more.
    fn pass_on(&self, mut row: Row, passing: &mut Passing) -> Result<bool> {
        let Passing { name, before, far, read, had_records } = passing;
        let is_again = before.line > 0;
        match &mut row {
            Ok(record) => {
                record.place.is_of(&self.shown, name);
                let line = record.place.line;
                *read = (line, if read.0 == line { read.1 + 1 } else { 1 });
                *had_records = true;
                if *read <= (before.line, before.records) {
                    return Ok(true);
                }
                *far = Far { line, records: read.1, ..*far };
            }
            Err(NoRecord::Skipped { place, .. }) if is_again && place.line <= before.line => return Ok(true),
            Err(NoRecord::Skipped { place, .. }) => place.is_of(&self.shown, name),
            Err(NoRecord::Broken(error)) => return Err(std::mem::replace(error, anyhow::anyhow!("told"))),
            Err(NoRecord::Told(_)) if is_again && far == before => return Ok(true),
            Err(_) => {}
        }
        Ok(self.sender.send(row).is_ok())
    }

    /// It may be written on, and is looked after as long as it is somewhere.
    fn done(&self, file: &File, incarnation: &Incarnation, far: Far, left: Left) {
        let is_gone = file.metadata().is_ok_and(|now| now.nlink() == 0);
        if is_gone {
            self.followed.forget(incarnation.number);
        } else {
            self.followed.end(Done::new(&self.called, incarnation, far, left, file));
        }
    }

    fn tell(&self, message: String) -> bool {
        self.sender.send(Err(NoRecord::Told(message))).is_ok()
    }

    /// Of a folder, a file that is none of bars is told and left, until it is another one.
    fn fail(&self, error: Error, incarnation: &Incarnation, file: &File, far: Far, left: Left) -> Ended {
        let far = Far { bytes: left.position, ..far };
        self.done(file, incarnation, far, left);
        // It is not tried over and over.
        self.followed.leave_out(&self.path, incarnation.number, far.bytes);
        let row = if self.is_alone { NoRecord::Broken(error) } else { NoRecord::Told(format!("{error:#}: left out")) };
        let _ = self.sender.send(Err(row));
        Ended::ForGood
    }
}

impl Drop for One {
    fn drop(&mut self) {
        // Also when it panics: who waits for it goes on.
        self.caught_up.set();
        if self.is_once || !self.path.exists() {
            self.followed.names().remove(&self.path);
        }
    }
}
