//! What stands among the rows and is none: another header, lines of prose.

use std::io::BufRead;

use anyhow::{Result, anyhow};

use super::CsvRows;
use crate::source::bars::NotABar;
use crate::source::cells::Cells;
use crate::source::date;
use crate::source::header::{Layout, normal};
use crate::source::number::{Decimal, Reading, read};
use crate::source::row::Place;
use crate::source::shown::shown;
use crate::source::sniff::{NEAR, Refused, TALLEST, header_at};

/// Lines without a bar at the end of a file that are taken for its footer.
const LONGEST_FOOTER: usize = 20;

/// Headers that are told.
const MOST_HEADERS: u64 = 100;

impl<R: BufRead> CsvRows<R> {
    /// A row that is no bar: another header, a line of prose, or one to skip.
    pub(super) fn not_a_bar(&mut self, number: u64, row: String, why: NotABar) -> Result<()> {
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
            self.headers += 1;
            match self.headers {
                0..=MOST_HEADERS => self.tell(&told),
                // A file made of thousands.
                _ if self.headers == MOST_HEADERS + 1 => self.tell("further headers are followed and not told"),
                _ => {}
            }
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
        Ok(Some(format!("{}: {told}", Place::new(self.file.clone(), number))))
    }

    /// What was prose is the footer at the end of the file, and else rows that are none.
    pub(super) fn end_prose(&mut self, is_end: bool) {
        if self.prose.is_empty() {
            return;
        }
        let prose = std::mem::take(&mut self.prose);
        for (number, text) in prose {
            if is_end {
                let place = Place::new(self.file.clone(), number);
                self.tell(&format!("{place} is no row, at the end of the file: {}", shown(&text)));
            } else {
                self.skip(number, "not a row of cells".to_owned(), text.into_bytes());
            }
        }
    }
}

/// Whether a row has a number or a day in it, as no header and no prose has.
fn has_values(cells: &Cells) -> bool {
    cells.iter().any(|cell| {
        matches!(read(cell, Decimal::Unsure), Reading::Number(..) | Reading::Ambiguous) || date::is_a_day(cell)
    })
}
