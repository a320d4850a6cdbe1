//! Lines of bytes with their numbers, for sources that must name a bad line.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

/// Reads one line at a time into one buffer. Ends may be LF or CRLF; neither is part of a line.
pub(crate) struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(reader: R) -> Lines<R> {
        Lines { reader, buffer: Vec::new(), number: 0 }
    }

    /// The next line that is not blank, with its number, from 1; `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<(u64, &[u8])>> {
        loop {
            self.buffer.clear();
            if self.reader.read_until(b'\n', &mut self.buffer)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if !self.buffer.trim_ascii().is_empty() {
                break;
            }
        }
        let line = self.buffer.strip_suffix(b"\n").unwrap_or(&self.buffer);
        Ok(Some((self.number, line.strip_suffix(b"\r").unwrap_or(line))))
    }
}

/// How many lines of a file are not blank.
pub(crate) fn count(path: &Path) -> io::Result<u64> {
    let mut lines = Lines::new(BufReader::new(File::open(path)?));
    let mut count = 0;
    while lines.next()?.is_some() {
        count += 1;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_are_passed_over_but_counted() {
        let mut lines = Lines::new(&b"a\r\n\r\n \nb,\r\n\nc"[..]);
        let mut seen = Vec::new();
        while let Some((number, line)) = lines.next().unwrap() {
            seen.push((number, String::from_utf8_lossy(line).into_owned()));
        }
        assert_eq!(seen, [(1, "a".to_owned()), (4, "b,".to_owned()), (6, "c".to_owned())]);
    }
}
