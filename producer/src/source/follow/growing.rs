//! A file read as it grows, by whole lines: at its end it is waited for more, until another file has its name or it is cut short.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How often files are looked at.
pub(crate) const POLL: Duration = Duration::from_millis(200);
/// Who writes a file goes on for a while after it was renamed: it is over when nothing has come for so long.
const STILL_WRITTEN: Duration = Duration::from_secs(5);
/// Lines that are given out one by one, so that a file is judged by the same ones whether it is just begun or full.
const SINGLE_LINES: usize = 200;
/// Bytes before the end that must still be there when there is more.
const KNOWN_AGAIN: usize = 64;
/// As for any line.
const LONGEST: usize = 64 << 20;

/// Says once that a file was read to its end.
#[derive(Clone, Default)]
pub(crate) struct CaughtUp(Arc<(Mutex<bool>, Condvar)>);

impl CaughtUp {
    pub(crate) fn set(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }

    pub(crate) fn wait(&self) {
        let mut is_set = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        while !*is_set {
            is_set = self.0.1.wait(is_set).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// What is left of a file that is over.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Left {
    /// How far it was read, also before it is over; and the last bytes of that.
    pub(super) position: u64,
    pub(super) tail: Vec<u8>,
    /// What stood behind the last end of a line.
    pub(super) unfinished: Vec<u8>,
}

impl Left {
    /// As if all there is had been read.
    pub(super) fn of(file: &File) -> io::Result<Left> {
        let position = file.metadata()?.len();
        let mut tail = vec![0; KNOWN_AGAIN.min(usize::try_from(position).unwrap_or(KNOWN_AGAIN))];
        let from = position - tail.len() as u64;
        file.read_exact_at(&mut tail, from)?;
        Ok(Left { position, tail, unfinished: Vec::new() })
    }

    /// Whether a file has this, and maybe more. What is empty is in any.
    pub(super) fn is_in(&self, file: &File) -> bool {
        let mut now = vec![0; self.tail.len()];
        file.read_exact_at(&mut now, self.position - self.tail.len() as u64).is_ok() && now == self.tail
    }
}

/// Told by who reads: how far it is, and what is left once the file is over.
#[derive(Clone, Default)]
pub(crate) struct Unfinished(Arc<Mutex<Left>>);

impl Unfinished {
    pub(super) fn left(&self) -> Left {
        self.lock().clone()
    }

    fn read(&self, position: u64, tail: &[u8]) {
        let mut left = self.lock();
        left.position = position;
        left.tail.clear();
        left.tail.extend_from_slice(tail);
    }

    fn set(&self, left: Left) {
        *self.lock() = left;
    }

    fn lock(&self) -> MutexGuard<'_, Left> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a file is over.
#[derive(Clone)]
pub(crate) enum Until {
    /// At its end.
    Now,
    /// When nothing has come for so long.
    Quiet(Duration),
    /// When it is not called so any more, and nothing has come for a while, or when it is cut short.
    Turned(PathBuf),
}

/// What stands behind what was read.
enum Found {
    More,
    End,
    /// It is another text by now: what was read last is not before it any more.
    Other,
}

pub(crate) struct Growing {
    is_alone: bool,
    /// It is over, whatever is asked of it.
    has_ended: bool,
    file: File,
    until: Until,
    caught_up: CaughtUp,
    unfinished: Unfinished,
    /// What is read into.
    chunk: Box<[u8]>,
    /// Read, and not given out from `given` on; whole lines up to `whole`.
    pending: Vec<u8>,
    given: usize,
    whole: usize,
    lines: usize,
    position: u64,
    /// The last bytes before the position.
    tail: Vec<u8>,
    /// When it was seen that it may be over, or that it was written since.
    turned: Option<Instant>,
}

impl Growing {
    /// `is_alone`: nobody looks for it under other names.
    pub(crate) fn new(
        file: File,
        until: Until,
        caught_up: CaughtUp,
        unfinished: Unfinished,
        is_alone: bool,
    ) -> Growing {
        Growing {
            is_alone,
            has_ended: false,
            file,
            until,
            caught_up,
            unfinished,
            chunk: vec![0; 1 << 14].into_boxed_slice(),
            pending: Vec::new(),
            given: 0,
            whole: 0,
            lines: 0,
            position: 0,
            tail: Vec::new(),
            turned: None,
        }
    }

    /// Whether nothing more will come, as far as can be told.
    fn is_over(&mut self) -> io::Result<bool> {
        let own = self.file.metadata()?;
        if own.len() < self.position {
            return Ok(true);
        }
        let (is_there, wait) = match &self.until {
            Until::Now => return Ok(true),
            Until::Quiet(wait) => {
                // The clock of the file's system may be another.
                if own.modified().is_ok_and(|modified| modified.elapsed().is_ok_and(|since| since >= *wait)) {
                    return Ok(true);
                }
                (false, *wait)
            }
            Until::Turned(path) => {
                let is_there = match fs::metadata(path) {
                    Ok(now) => (now.dev(), now.ino()) == (own.dev(), own.ino()),
                    // Moved away, and no other there yet: who writes it may still, and another will come. Of several, it is found again
                    // if it is under another name.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => self.is_alone && own.nlink() > 0,
                    // It cannot be told now.
                    Err(_) => true,
                };
                (is_there, STILL_WRITTEN)
            }
        };
        match (is_there, self.turned) {
            (true, _) => self.turned = None,
            (false, None) => self.turned = Some(Instant::now()),
            (false, Some(since)) => return Ok(since.elapsed() >= wait),
        }
        Ok(false)
    }

    /// Whether what was read last is still before the position.
    fn is_same(&self) -> io::Result<bool> {
        let mut now = vec![0; self.tail.len()];
        let from = self.position - self.tail.len() as u64;
        match self.file.read_exact_at(&mut now, from) {
            Ok(()) => Ok(now == self.tail),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Reads on.
    fn read_on(&mut self) -> io::Result<Found> {
        let read = self.file.read(&mut self.chunk)?;
        // It may have been cut short and filled again before this was read, or while it was.
        if !self.is_same()? {
            return Ok(Found::Other);
        }
        let chunk = &self.chunk[..read];
        self.position += read as u64;
        self.tail.extend_from_slice(&chunk[read.saturating_sub(KNOWN_AGAIN)..]);
        self.tail.drain(..self.tail.len().saturating_sub(KNOWN_AGAIN));
        self.unfinished.read(self.position, &self.tail);
        // What was given out is held no longer: behind it is at most a part of a line.
        self.pending.drain(..self.given);
        (self.given, self.whole) = (0, 0);
        let before = self.pending.len();
        self.pending.extend_from_slice(chunk);
        if let Some(end) = memchr::memrchr2(b'\n', b'\r', chunk) {
            self.whole = before + end + 1;
        }
        // The other half of an end in UTF-16.
        if self.whole > 0 && self.pending.get(self.whole) == Some(&0) {
            self.whole += 1;
        }
        if self.pending.len() - self.whole > LONGEST {
            let message = format!("a line is longer than {} MB", LONGEST >> 20);
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(if read > 0 { Found::More } else { Found::End })
    }
}

impl Read for Growing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.has_ended {
            if self.given < self.whole {
                let mut ready = &self.pending[self.given..self.whole];
                if self.lines < SINGLE_LINES
                    && let Some(end) = memchr::memchr(b'\n', ready)
                {
                    ready = &ready[..=end];
                    self.lines += 1;
                }
                let count = ready.len().min(buffer.len());
                buffer[..count].copy_from_slice(&ready[..count]);
                self.given += count;
                return Ok(count);
            }
            let is_over = match self.read_on()? {
                Found::Other => true,
                Found::More => {
                    // It is written on: the wait begins again.
                    self.turned = self.turned.map(|_| Instant::now());
                    continue;
                }
                Found::End => {
                    self.caught_up.set();
                    self.is_over()?
                }
            };
            if is_over {
                let unfinished = self.pending.split_off(self.given.min(self.pending.len()));
                self.unfinished.set(Left { position: self.position, tail: std::mem::take(&mut self.tail), unfinished });
                (self.given, self.whole) = (0, 0);
                self.pending.clear();
                self.has_ended = true;
            } else {
                thread::sleep(POLL);
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::path::Path;

    use super::*;

    fn append(path: &Path, text: &str) {
        File::options().append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// What is read until nothing is there, and what is left then.
    fn read_to_end(growing: &mut Growing, unfinished: &Unfinished) -> (String, String) {
        let mut text = String::new();
        growing.read_to_string(&mut text).unwrap();
        (text, String::from_utf8(unfinished.left().unfinished).unwrap())
    }

    #[test]
    fn whole_lines_are_given_out_and_half_a_line_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bars.csv");
        fs::write(&path, "one\r\ntwo\nthr").unwrap();
        let (caught_up, unfinished) = (CaughtUp::default(), Unfinished::default());
        let growing = |until: Until, file: &Path| {
            Growing::new(File::open(file).unwrap(), until, caught_up.clone(), unfinished.clone(), true)
        };
        assert_eq!(
            read_to_end(&mut growing(Until::Now, &path), &unfinished),
            ("one\r\ntwo\n".to_owned(), "thr".to_owned())
        );

        // It grows, and then it is cut short, even if it is longer soon after.
        for cut in ["3", "another\nand\nanother\nand\nanother\n"] {
            fs::write(&path, "one\ntwo\nthr").unwrap();
            let caught_up = CaughtUp::default();
            let mut reads = Growing::new(
                File::open(&path).unwrap(),
                Until::Turned(path.clone()),
                caught_up.clone(),
                unfinished.clone(),
                true,
            );
            let left = unfinished.clone();
            let reader = thread::spawn(move || read_to_end(&mut reads, &left));
            caught_up.wait();
            append(&path, "ee\n");
            let started = Instant::now();
            while unfinished.left().position < "one\ntwo\nthree\n".len() as u64 {
                assert!(started.elapsed() < Duration::from_mins(2), "never read on");
                thread::sleep(POLL);
            }
            fs::write(&path, cut).unwrap();
            assert_eq!(reader.join().unwrap(), ("one\ntwo\nthree\n".to_owned(), String::new()), "{cut}");
        }
    }

    #[test]
    fn nothing_is_given_out_from_the_middle_of_what_a_file_was_filled_with_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bars.csv");
        let many = |line: &str| line.repeat(20_000);
        fs::write(&path, many("one\n")).unwrap();
        let unfinished = Unfinished::default();
        let mut reads =
            Growing::new(File::open(&path).unwrap(), Until::Now, CaughtUp::default(), unfinished.clone(), true);
        assert_eq!(reads.read(&mut [0; 100]).unwrap(), 4);
        fs::write(&path, many("another\n")).unwrap();
        let (text, _) = read_to_end(&mut reads, &unfinished);
        assert!(text.len() < 20_000 * 4 && text.replace("one\n", "").is_empty());
    }
}
