//! Bars from a text with a row to a line.
//!
//! A line is a row unless a quote says otherwise, and a quote is believed only where what it makes of the next lines is a row: a stray
//! one costs its own row, not all that follow it.

mod between;

use std::collections::VecDeque;
use std::io::BufRead;
use std::sync::Arc;

use anyhow::{Error, Result, anyhow};

use super::bars::{Bars, NotABar};
use super::cells::{Cells, Row as Split};
use super::dialect::Dialect;
use super::header::Wanted;
use super::lines::{Ends, Lines};
use super::row::{NoRecord, Place, Record, Row};

/// Lines that a row in quotes may take.
const TALLEST_ROW: usize = 100;

/// The rows below the header.
pub(crate) struct CsvRows<R> {
    lines: Lines<R>,
    dialect: Dialect,
    wanted: Wanted,
    /// Beside a line, where there are several files.
    file: Option<Arc<str>>,
    cells: Cells,
    bars: Bars,
    /// The last header, for those who keep rows that were skipped.
    header: Arc<str>,
    /// Why no row can be read below the last header, if so.
    blocked: Option<String>,
    /// What comes before the next line is read.
    ready: VecDeque<Row>,
    /// Lines that are a footer if nothing follows them.
    prose: Vec<(u64, String)>,
    last_line: u64,
    /// CRC-32 of the last line that began a row.
    last_sum: u32,
    /// Headers below the first.
    headers: u64,
    is_empty: bool,
    is_over: bool,
}

/// What became of a line.
enum Step {
    Record(Record),
    /// Whatever it was is ready.
    Ready,
    End,
}

impl<R: BufRead> CsvRows<R> {
    pub(crate) fn new(reader: R, dialect: Dialect, wanted: Wanted, file: Option<Arc<str>>) -> CsvRows<R> {
        CsvRows {
            lines: Lines::new(reader, Ends::All),
            cells: Cells::new(dialect.marks),
            bars: Bars::new(&dialect),
            header: dialect.header.text.as_str().into(),
            dialect,
            wanted,
            file,
            blocked: None,
            ready: VecDeque::new(),
            prose: Vec::new(),
            last_line: 0,
            last_sum: 0,
            headers: 0,
            is_empty: true,
            is_over: false,
        }
    }

    /// Takes in the next line.
    fn read(&mut self) -> Result<Step, Error> {
        let next = self.lines.next();
        let Some((number, line)) =
            next.map_err(|error| anyhow!(error).context(format!("after line {}", self.last_line)))?
        else {
            return Ok(Step::End);
        };
        self.last_line = number;
        if number <= self.dialect.header.end() {
            return Ok(Step::Ready);
        }
        self.is_empty = false;
        // A file that was appended to another brings its mark along.
        let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        self.last_sum = crc32fast::hash(line);
        let Ok(text) = str::from_utf8(line) else {
            let raw = line.to_vec();
            self.end_prose(false);
            self.skip(number, "not UTF-8: --encoding says what it is".to_owned(), raw);
            return Ok(Step::Ready);
        };
        let split = self.cells.split(text);
        let mut row = None;
        if split == Split::Open {
            let mut open = text.to_owned();
            if !self.join(number, &mut open)? {
                self.end_prose(false);
                self.skip(number, "a quote is not closed".to_owned(), open.into_bytes());
                return Ok(Step::Ready);
            }
            row = Some(open);
        }
        let outcome = match &self.blocked {
            Some(reason) => Err(NotABar::from(reason.clone())),
            None => self.bars.record(&self.cells),
        };
        match outcome {
            Ok(mut record) => {
                record.place = self.place(number);
                if self.prose.is_empty() {
                    return Ok(Step::Record(record));
                }
                self.end_prose(false);
                self.ready.push_back(Ok(record));
            }
            Err(why) => {
                let row = row.unwrap_or_else(|| self.lines.last_text());
                self.not_a_bar(number, row, why)?;
            }
        }
        Ok(Step::Ready)
    }

    /// Goes on with a row whose quote is open, if that makes a row of the next lines; they are left where they are if not.
    fn join(&mut self, number: u64, row: &mut String) -> Result<bool> {
        let width = self.bars.layout().width();
        let mut taken: Vec<(u64, Vec<u8>)> = Vec::new();
        let mut joined = row.clone();
        let mut last = number;
        while taken.len() < TALLEST_ROW
            && let Some((next, line)) = self.lines.next()?
        {
            let line = line.to_vec();
            let Ok(text) = str::from_utf8(&line).map(ToOwned::to_owned) else {
                taken.push((next, line));
                break;
            };
            taken.push((next, line));
            // What is a row by itself is not a part of another.
            if text.bytes().filter(|byte| *byte == self.dialect.marks.separator).count() + 1 >= width {
                break;
            }
            // Blank lines belong to the cell that they stand in.
            for _ in last + 1..next {
                self.cells.go_on("");
                joined.push('\n');
            }
            last = next;
            joined.push('\n');
            joined += &text;
            if self.cells.go_on(&text) == Split::Whole {
                let layout = self.bars.layout();
                let is_field = |place: &usize| layout.field(*place).is_some();
                let is_torn = (0..width).filter(is_field).any(|place| self.cells.get(place).contains('\n'));
                if self.cells.len() == width && !is_torn {
                    *row = joined;
                    return Ok(true);
                }
                break;
            }
        }
        self.lines.put_back(taken);
        Ok(false)
    }

    fn place(&self, line: u64) -> Place {
        Place { sum: Some(self.last_sum), ..Place::new(self.file.clone(), line) }
    }

    fn tell(&mut self, message: &str) {
        self.ready.push_back(Err(NoRecord::Told(message.to_owned())));
    }

    fn skip(&mut self, line: u64, reason: String, raw: Vec<u8>) {
        let place = self.place(line);
        self.ready.push_back(Err(NoRecord::Skipped { place, reason, raw, header: Some(self.header.clone()) }));
    }
}

impl<R: BufRead> Iterator for CsvRows<R> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        loop {
            if let Some(row) = self.ready.pop_front() {
                return Some(row);
            }
            if self.is_over {
                return None;
            }
            match self.read() {
                Ok(Step::Record(record)) => return Some(Ok(record)),
                Ok(Step::Ready) => {}
                Ok(Step::End) => {
                    self.is_over = true;
                    self.end_prose(true);
                    if self.is_empty {
                        const WHY: &str = "a header and no rows";
                        // Of many files, some may have none.
                        return Some(Err(match &self.file {
                            Some(file) => NoRecord::Told(format!("{file}: {WHY}")),
                            None => NoRecord::Broken(anyhow!("the file has {WHY}")),
                        }));
                    }
                }
                Err(error) => {
                    self.is_over = true;
                    self.end_prose(false);
                    self.ready.push_back(Err(NoRecord::Broken(error)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
