//! Lines of bytes with their numbers, for sources that must name a bad line.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

/// No row of a bar is longer; a file without line ends would fill the memory.
const LONGEST: usize = 64 << 20;

/// What ends a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Ends {
    /// LF or CRLF. A CR alone is a blank, as it is in JSON.
    Feeds,
    /// CR alone, too, as old spreadsheets write it.
    All,
}

/// Reads one line at a time into one buffer, without its end.
pub(crate) struct Lines<R> {
    reader: R,
    ends: Ends,
    buffer: Vec<u8>,
    number: u64,
    /// The last line ended with a CR: an LF now belongs to it.
    after_return: bool,
    /// Lines that were looked at and are to come again.
    again: VecDeque<(u64, Vec<u8>)>,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(reader: R, ends: Ends) -> Lines<R> {
        Lines { reader, ends, buffer: Vec::new(), number: 0, after_return: false, again: VecDeque::new() }
    }

    /// The next line that is not blank, with its number, from 1; `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<(u64, &[u8])>> {
        if let Some((number, line)) = self.again.pop_front() {
            self.buffer = line;
            return Ok(Some((number, &self.buffer)));
        }
        loop {
            self.buffer.clear();
            if !self.read()? {
                return Ok(None);
            }
            self.number += 1;
            if !self.buffer.trim_ascii().is_empty() {
                return Ok(Some((self.number, &self.buffer)));
            }
        }
    }

    /// The last line as text.
    pub(crate) fn last_text(&self) -> String {
        let text = String::from_utf8_lossy(&self.buffer);
        text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned()
    }

    /// Puts lines back, in their order, to be the next.
    pub(crate) fn put_back(&mut self, lines: Vec<(u64, Vec<u8>)>) {
        for line in lines.into_iter().rev() {
            self.again.push_front(line);
        }
    }

    /// Whether there was another line.
    fn read(&mut self) -> io::Result<bool> {
        let mut any = false;
        loop {
            let mut bytes = match self.reader.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                filled => filled?,
            };
            if bytes.is_empty() {
                return Ok(any);
            }
            if std::mem::take(&mut self.after_return) && bytes[0] == b'\n' {
                self.reader.consume(1);
                continue;
            }
            any = true;
            let end = match self.ends {
                Ends::Feeds => memchr::memchr(b'\n', bytes),
                Ends::All => memchr::memchr2(b'\n', b'\r', bytes),
            };
            let used = end.map_or(bytes.len(), |end| end + 1);
            if let Some(end) = end {
                self.after_return = bytes[end] == b'\r';
                bytes = &bytes[..end];
            }
            self.buffer.extend_from_slice(bytes);
            self.reader.consume(used);
            if end.is_some() {
                if self.ends == Ends::Feeds && self.buffer.ends_with(b"\r") {
                    self.buffer.pop();
                }
                return Ok(true);
            }
            if self.buffer.len() > LONGEST {
                let message = format!("line {} is longer than {} MB", self.number + 1, LONGEST >> 20);
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
        }
    }
}

/// How many lines of a file are not blank.
pub(crate) fn count(path: &Path) -> io::Result<u64> {
    let mut lines = Lines::new(BufReader::with_capacity(1 << 16, File::open(path)?), Ends::All);
    let mut count = 0;
    while lines.next()?.is_some() {
        count += 1;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8], ends: Ends, capacity: usize) -> Vec<(u64, String)> {
        let mut lines = Lines::new(BufReader::with_capacity(capacity, text), ends);
        let mut seen = Vec::new();
        while let Some((number, line)) = lines.next().unwrap() {
            seen.push((number, String::from_utf8_lossy(line).into_owned()));
        }
        seen
    }

    #[test]
    fn blank_lines_are_passed_over_but_counted() {
        for capacity in [1, 2, 1000] {
            let seen = read(b"a\r\n\r\n \nb,\r\n\nc", Ends::Feeds, capacity);
            assert_eq!(seen, [(1, "a".to_owned()), (4, "b,".to_owned()), (6, "c".to_owned())]);
            assert_eq!(read(b"a\r\n\r\n \nb,\r\n\nc", Ends::All, capacity), seen);
        }
    }

    #[test]
    fn a_return_alone_ends_a_line_where_it_may() {
        for capacity in [1, 2, 1000] {
            let seen = read(b"a\rb\r\rc\r", Ends::All, capacity);
            assert_eq!(seen, [(1, "a".to_owned()), (2, "b".to_owned()), (4, "c".to_owned())]);
            assert_eq!(read(b"{\r}\n", Ends::Feeds, capacity), [(1, "{\r}".to_owned())]);
        }
    }

    #[test]
    fn lines_that_were_put_back_come_again_in_their_order() {
        let mut lines = Lines::new(&b"a\nb\nc\nd"[..], Ends::All);
        let mut taken = Vec::new();
        for _ in 0..3 {
            taken.extend(lines.next().unwrap().map(|(number, line)| (number, line.to_vec())));
        }
        lines.put_back(taken.split_off(1));
        let mut rest = Vec::new();
        while let Some((number, line)) = lines.next().unwrap() {
            rest.push(format!("{number}{}", String::from_utf8_lossy(line)));
        }
        assert_eq!(rest, ["2b", "3c", "4d"]);
    }

    #[test]
    fn a_file_without_line_ends_does_not_fill_the_memory() {
        let endless = io::BufReader::new(io::repeat(b'x'));
        let error = Lines::new(endless, Ends::All).next().err().unwrap();
        assert_eq!(error.to_string(), "line 1 is longer than 64 MB");
    }
}
