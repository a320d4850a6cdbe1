//! Bars from a text with a row to a line.
//!
//! A line is a row unless a quote says otherwise, and a quote is believed only where what it makes of the next lines is a row: a stray
//! one costs its own row, not all that follow it.

use std::collections::VecDeque;
use std::io::BufRead;
use std::sync::Arc;

use anyhow::{Error, Result, anyhow};

use super::bars::{Bars, NotABar};
use super::cells::{Cells, Row as Split};
use super::date;
use super::dialect::Dialect;
use super::header::{Layout, Wanted, normal};
use super::lines::{Ends, Lines};
use super::number::{Decimal, Reading, read};
use super::shown::shown;
use super::sniff::{NEAR, Refused, TALLEST, header_at};
use super::{NoRecord, Place, Row};

/// Lines that a row in quotes may take.
const TALLEST_ROW: usize = 100;
/// Lines without a bar at the end of a file that are taken for its footer.
const LONGEST_FOOTER: usize = 20;

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
    is_empty: bool,
    is_over: bool,
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
            is_empty: true,
            is_over: false,
        }
    }

    /// Takes in the next line; `false` at the end.
    fn read(&mut self) -> Result<bool, Error> {
        let next = self.lines.next();
        let Some((number, line)) =
            next.map_err(|error| anyhow!(error).context(format!("after line {}", self.last_line)))?
        else {
            return Ok(false);
        };
        self.last_line = number;
        if number <= self.dialect.header.end() {
            return Ok(true);
        }
        self.is_empty = false;
        // A file that was appended to another brings its mark along.
        let line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        let Ok(text) = str::from_utf8(line) else {
            let raw = line.to_vec();
            self.end_prose(false);
            self.skip(number, "not UTF-8: --encoding says what it is".to_owned(), raw);
            return Ok(true);
        };
        let split = self.cells.split(text);
        if split == Split::Whole && self.blocked.is_none() {
            match self.bars.record(&self.cells) {
                Ok(mut record) => {
                    self.end_prose(false);
                    record.place = Place { file: self.file.clone(), line: number };
                    self.ready.push_back(Ok(record));
                }
                Err(why) => {
                    let row = text.to_owned();
                    self.not_a_bar(number, row, why)?;
                }
            }
            return Ok(true);
        }
        let mut row = text.to_owned();
        if split == Split::Open && !self.join(number, &mut row)? {
            self.end_prose(false);
            self.skip(number, "a quote is not closed".to_owned(), row.into_bytes());
            return Ok(true);
        }
        let outcome = match &self.blocked {
            Some(reason) => Err(NotABar::from(reason.clone())),
            None => self.bars.record(&self.cells),
        };
        match outcome {
            Ok(mut record) => {
                self.end_prose(false);
                record.place = Place { file: self.file.clone(), line: number };
                self.ready.push_back(Ok(record));
            }
            Err(why) => self.not_a_bar(number, row, why)?,
        }
        Ok(true)
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

    /// A row that is no bar: another header, a line of prose, or one to skip.
    fn not_a_bar(&mut self, number: u64, row: String, why: NotABar) -> Result<()> {
        if self.cells.iter().all(str::is_empty) {
            return Ok(());
        }
        if let (true, Some((line, shown))) = (why.is_contradiction, &self.dialect.dates_because_of) {
            return Err(anyhow!(
                "line {number}: {}; line {line} has shown that order ({shown}): --date-format mdy or dmy says which is right, \
                 and rows of the other are skipped",
                why.reason
            ));
        }
        if let Some(told) = self.other_header(number, &row)? {
            self.end_prose(false);
            self.tell(&told);
            return Ok(());
        }
        if !has_values(&self.cells) && self.cells.iter().filter(|cell| !cell.is_empty()).count() < NEAR {
            self.prose.push((number, row));
            if self.prose.len() > LONGEST_FOOTER {
                self.end_prose(false);
            }
            return Ok(());
        }
        self.end_prose(false);
        self.skip(number, why.reason, row.into_bytes());
        Ok(())
    }

    /// What to say of a line that is a header and no row.
    fn other_header(&mut self, number: u64, row: &str) -> Result<Option<String>> {
        if has_values(&self.cells) {
            return Ok(None);
        }
        let begins = normal(self.cells.get(0));
        let is_frame = ["price", "attributes", "ticker", "symbols"].contains(&begins.as_str());
        let names: Vec<&str> = self.cells.iter().collect();
        let near = Layout::find(&names, &self.wanted).map_or_else(|unfit| unfit.found, |_| NEAR);
        if near < NEAR && !is_frame {
            return Ok(None);
        }
        let mut taken = Vec::new();
        while taken.len() + 1 < TALLEST
            && let Some((next, line)) = self.lines.next()?
        {
            taken.push((next, line.to_vec()));
        }
        let text = |(number, line): &(u64, Vec<u8>)| (*number, String::from_utf8_lossy(line).into_owned());
        let lines: Vec<(u64, String)> =
            std::iter::once((number, row.to_owned())).chain(taken.iter().map(text)).collect();
        let told = match header_at(&lines, self.dialect.marks, &self.wanted) {
            Ok(header) => {
                self.lines.put_back(taken.split_off(header.height - 1));
                self.blocked = None;
                let of = header.symbol.as_ref().map(|symbol| format!(" of {}", shown(symbol))).unwrap_or_default();
                let told = if header.layout == *self.bars.layout() {
                    format!("the header{of} again")
                } else {
                    format!("a header{of} with other columns, which are followed from here on")
                };
                let height = header.height;
                self.header =
                    lines[..height].iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n").into();
                self.bars.follow(header.layout);
                if let (Some(symbol), false) = (header.symbol, self.wanted.symbol_is_given) {
                    self.bars.of_symbol(symbol);
                }
                told
            }
            // It belongs to the header above it.
            Err(_) if is_frame && near < NEAR => {
                self.lines.put_back(taken);
                format!("{} belongs to a header, and is no row", shown(row))
            }
            Err(refused) => {
                self.lines.put_back(taken);
                let why = match refused {
                    Refused::Unfit(unfit) => unfit.to_string(),
                    Refused::Final(why) => why,
                };
                self.header = row.into();
                self.blocked = Some(format!("below the header of line {number}, of which no bar can be made: {why}"));
                format!("a header, of which no bar can be made: {why}")
            }
        };
        Ok(Some(format!("{}: {told}", Place { file: self.file.clone(), line: number })))
    }

    /// What was prose is the footer at the end of the file, and else rows that are none.
    fn end_prose(&mut self, is_end: bool) {
        if self.prose.is_empty() {
            return;
        }
        let prose = std::mem::take(&mut self.prose);
        for (number, text) in prose {
            if is_end {
                let place = Place { file: self.file.clone(), line: number };
                self.tell(&format!("{place} is no row, at the end of the file: {}", shown(&text)));
            } else {
                self.skip(number, "not a row of cells".to_owned(), text.into_bytes());
            }
        }
    }

    fn tell(&mut self, message: &str) {
        self.ready.push_back(Err(NoRecord::Told(message.to_owned())));
    }

    fn skip(&mut self, line: u64, reason: String, raw: Vec<u8>) {
        let place = Place { file: self.file.clone(), line };
        self.ready.push_back(Err(NoRecord::Skipped { place, reason, raw, header: Some(self.header.clone()) }));
    }
}

/// Whether a row has a number or a day in it, as no header and no prose has.
fn has_values(cells: &Cells) -> bool {
    cells.iter().any(|cell| {
        matches!(read(cell, Decimal::Unsure), Reading::Number(..) | Reading::Ambiguous)
            || !matches!(date::read(cell, &date::Style::Any(None)), Err(date::Wrong::Nonsense))
    })
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
                Ok(true) => {}
                Ok(false) => {
                    self.is_over = true;
                    self.end_prose(true);
                    if self.is_empty {
                        return Some(Err(NoRecord::Broken(anyhow!("the file has a header and no rows"))));
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
