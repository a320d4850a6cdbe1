//! One name that is followed, whatever files have it.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread;

use anyhow::Error;

use super::followed::Followed;
use super::growing::{CaughtUp, Growing, POLL, Unfinished};
use super::incarnation::{self, Incarnation};
use crate::source::choices::Choices;
use crate::source::feed::begin;
use crate::source::files::stem;
use crate::source::row::{NoRecord, Place, Row};
use crate::source::sniff::Empty;

pub(super) struct One {
    path: PathBuf,
    /// The symbol, where names of files say it.
    stem: Option<String>,
    shown: Arc<str>,
    choices: Choices,
    sender: SyncSender<Row>,
    caught_up: CaughtUp,
    followed: Followed,
    /// Whether an error in it is an error of all.
    is_alone: bool,
}

/// How reading a file has ended.
enum Ended {
    /// There is nothing more in it; and whether a record was.
    Over { had_records: bool },
    /// Nothing more is to be read at all.
    ForGood,
}

impl One {
    pub(super) fn new(
        called: &Path,
        path: &Path,
        choices: &Choices,
        sender: &SyncSender<Row>,
        caught_up: &CaughtUp,
        followed: &Followed,
        is_alone: bool,
    ) -> One {
        One {
            stem: stem(called),
            path: path.to_owned(),
            shown: path.display().to_string().into(),
            choices: choices.clone(),
            sender: sender.clone(),
            caught_up: caught_up.clone(),
            followed: followed.clone(),
            is_alone,
        }
    }

    pub(super) fn run(self, begun: Vec<Incarnation>) {
        let mut to_read: VecDeque<Incarnation> = begun.into();
        let mut last: Option<Incarnation> = None;
        loop {
            let next = match to_read.pop_front() {
                Some(next) => next,
                None => match self.the_one_now(last.as_ref()) {
                    Some(next) => next,
                    None => return,
                },
            };
            let is_now = next.path == self.path;
            if !is_now {
                self.tell(format!("{}: what is left of it stands in {}", self.shown, next.path.display()));
            }
            let ended = match File::open(&next.path) {
                Ok(file) => {
                    self.followed.files().insert(next.number);
                    self.send(file, &next, is_now)
                }
                // It was moved or removed in this moment.
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ended::Over { had_records: true },
                Err(error) => self.fail(Error::from(error).context(format!("cannot follow {}", self.shown))),
            };
            let Ended::Over { had_records } = ended else { return };
            if is_now {
                if !self.tell(format!("{}: begun again, or another file", self.shown)) {
                    return;
                }
                let is_known = |number| self.followed.files().contains(&number);
                to_read.extend(incarnation::between(&self.path, &next, &is_known));
                // One without a record was none.
                last = Some(if had_records { next.next() } else { next });
            }
        }
    }

    /// Waits for a file of the name. `last` is the next generation of the one that was read last.
    fn the_one_now(&self, last: Option<&Incarnation>) -> Option<Incarnation> {
        loop {
            match std::fs::metadata(&self.path).map_err(Error::from).and_then(|now| Incarnation::of(&self.path, &now)) {
                Ok(now) => {
                    let own = last.filter(|last| last.file() == now.file());
                    if own.is_none() && !self.is_alone && self.followed.files().contains(&now.number) {
                        // It is read under another name.
                        self.followed.names().remove(&self.path);
                        return None;
                    }
                    return Some(own.cloned().unwrap_or(now));
                }
                Err(_) if self.is_alone => {
                    self.caught_up.set();
                    thread::sleep(POLL);
                }
                // In a folder it is found again when it is there.
                Err(_) => return None,
            }
        }
    }

    /// Sends what there is to read.
    fn send(&self, file: File, incarnation: &Incarnation, is_growing: bool) -> Ended {
        let unfinished = Unfinished::default();
        let path = is_growing.then(|| self.path.clone());
        let read = Growing::new(file, path, self.caught_up.clone(), unfinished.clone(), self.is_alone);
        let rows = match begin(read, &self.choices, &self.shown, self.stem.as_deref(), true) {
            Ok(rows) => rows,
            // It is over, and nothing was in it.
            Err(error) if error.is::<Empty>() => return Ended::Over { had_records: false },
            Err(error) => return self.fail(error.context(format!("cannot follow {}", self.shown))),
        };
        let name: Arc<str> = incarnation.name().into();
        let (mut had_records, mut line) = (false, 0);
        for mut row in rows {
            match &mut row {
                Ok(record) => {
                    record.place.is_of(&self.shown, &name);
                    (had_records, line) = (true, record.place.line);
                }
                Err(NoRecord::Skipped { place, .. }) => place.is_of(&self.shown, &name),
                Err(NoRecord::Broken(error)) => {
                    let error = std::mem::replace(error, anyhow::anyhow!("told"));
                    return self.fail(error.context(format!("cannot follow {} any further", self.shown)));
                }
                Err(_) => {}
            }
            if self.sender.send(row).is_err() {
                return Ended::ForGood;
            }
        }
        let raw = unfinished.take();
        if !raw.trim_ascii().is_empty() {
            let mut place = Place::new(None, line + 1);
            place.is_of(&self.shown, &name);
            let reason = "the line has no end, and the file is over".to_owned();
            let _ = self.sender.send(Err(NoRecord::Skipped { place, reason, raw, header: None }));
        }
        Ended::Over { had_records }
    }

    fn tell(&self, message: String) -> bool {
        self.sender.send(Err(NoRecord::Told(message))).is_ok()
    }

    /// Of a folder, a file that is none of bars is told and left.
    fn fail(&self, error: Error) -> Ended {
        let row = if self.is_alone { NoRecord::Broken(error) } else { NoRecord::Told(format!("{error:#}: left out")) };
        let _ = self.sender.send(Err(row));
        // Its name stays taken: it is not tried over and over.
        self.followed.names().insert(self.path.clone());
        Ended::ForGood
    }
}

impl Drop for One {
    fn drop(&mut self) {
        // Also when it panics: who waits for it goes on.
        self.caught_up.set();
        if !self.path.exists() {
            self.followed.names().remove(&self.path);
        }
    }
}
