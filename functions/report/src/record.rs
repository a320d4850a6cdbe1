//! The lines of a query's result, as they come: no more than one of them is held.
//!
//! The result is CSV as Athena writes it: a value stands in quotes, a NULL is nothing at all.

use std::borrow::Cow;

/// One line: the text of each cell.
#[derive(Debug, Default)]
pub(crate) struct Record {
    bytes: Vec<u8>,
    /// Where each cell ends, and whether it is a NULL.
    cells: Vec<(usize, bool)>,
}

impl Record {
    /// The text of a cell; none for a NULL. Bytes that are no text are replaced.
    pub(crate) fn cell(&self, place: usize) -> Option<Cow<'_, str>> {
        let (end, is_null) = *self.cells.get(place)?;
        let begin = place.checked_sub(1).map_or(0, |before| self.cells[before].0);
        (!is_null).then(|| String::from_utf8_lossy(&self.bytes[begin..end]))
    }

    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }

    #[cfg(test)]
    pub(crate) fn of<'a>(cells: impl Iterator<Item = Option<&'a str>>) -> Self {
        let mut record = Self::default();
        for cell in cells {
            record.bytes.extend_from_slice(cell.unwrap_or_default().as_bytes());
            record.end_cell(cell.is_some());
        }
        record
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.cells.clear();
    }

    fn end_cell(&mut self, is_quoted: bool) {
        let begin = self.cells.last().map_or(0, |last| last.0);
        self.cells.push((self.bytes.len(), !is_quoted && self.bytes.len() == begin));
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first cell of a line.
    Line,
    /// Before any other cell.
    Cell,
    Bare,
    Quoted,
    /// After a quote in a quoted cell: its end, or the first half of a quote in it.
    Quote,
}

/// Makes lines of bytes, wherever these are cut.
#[derive(Debug)]
pub(crate) struct Splitter {
    record: Record,
    state: State,
}

impl Splitter {
    pub(crate) fn new() -> Self {
        Self { record: Record::default(), state: State::Line }
    }

    /// Takes bytes up to the end of a line. Whether there was one: else the line goes on behind them.
    pub(crate) fn read(&mut self, bytes: &mut &[u8]) -> bool {
        while let Some((byte, rest)) = bytes.split_first() {
            if self.state == State::Line {
                self.record.clear();
            }
            *bytes = rest;
            if self.take(*byte) {
                return true;
            }
        }
        false
    }

    /// The same at the end of all bytes: whether there is a last line, which nothing ends.
    pub(crate) fn finish(&mut self) -> Result<bool, Cut> {
        match self.state {
            State::Line => return Ok(false),
            State::Quoted => return Err(Cut),
            State::Cell | State::Bare => self.record.end_cell(false),
            State::Quote => self.record.end_cell(true),
        }
        self.state = State::Line;
        Ok(true)
    }

    /// The line that has just ended.
    pub(crate) fn record(&self) -> &Record {
        &self.record
    }

    /// Whether the byte ends a line.
    fn take(&mut self, byte: u8) -> bool {
        match (self.state, byte) {
            (State::Quoted, b'"') => self.state = State::Quote,
            (State::Line | State::Cell, b'"') => self.state = State::Quoted,
            (State::Quote, b'"') => {
                self.record.bytes.push(byte);
                self.state = State::Quoted;
            }
            (state, b',' | b'\n') if state != State::Quoted => {
                self.record.end_cell(state == State::Quote);
                self.state = if byte == b'\n' { State::Line } else { State::Cell };
                return byte == b'\n';
            }
            // Before the end of a line; in a value it stands in quotes.
            (State::Line | State::Cell | State::Bare, b'\r') => self.state = State::Bare,
            (State::Quote, b'\r') => {}
            (State::Quoted, byte) => self.record.bytes.push(byte),
            (_, byte) => {
                self.record.bytes.push(byte);
                self.state = State::Bare;
            }
        }
        false
    }
}

/// The result ends in the middle of a value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cut;

#[cfg(test)]
mod tests {
    use super::*;

    type Line = Vec<Option<String>>;

    /// Cut into pieces of so many bytes.
    fn lines(text: &[u8], piece: usize) -> Vec<Line> {
        let line = |record: &Record| -> Line {
            (0..record.len()).map(|place| record.cell(place).map(Cow::into_owned)).collect()
        };
        let mut splitter = Splitter::new();
        let mut lines = Vec::new();
        for mut bytes in text.chunks(piece) {
            while splitter.read(&mut bytes) {
                lines.push(line(splitter.record()));
            }
        }
        if splitter.finish().unwrap() {
            lines.push(line(splitter.record()));
        }
        lines
    }

    fn all(text: &[u8]) -> Vec<Line> {
        let whole = lines(text, text.len());
        for piece in 1..text.len() {
            assert_eq!(lines(text, piece), whole, "in pieces of {piece}");
        }
        whole
    }

    fn line<const N: usize>(cells: [Option<&str>; N]) -> Line {
        cells.map(|cell| cell.map(str::to_owned)).into()
    }

    #[test]
    fn a_value_is_quoted_and_a_null_is_nothing() {
        let athena = b"\"symbol\",\"close\"\n\"H\"\"S,I\n\",\n\"\",\"1.5\"\n,\"[1.0, null]\"\n";
        let expected = [
            line([Some("symbol"), Some("close")]),
            line([Some("H\"S,I\n"), None]),
            line([Some(""), Some("1.5")]),
            line([None, Some("[1.0, null]")]),
        ];
        assert_eq!(all(athena), expected);
    }

    #[test]
    fn the_local_engines_lines_are_read_too() {
        let local = "symbol,close\r\n\"a\r\nb\",\r\nÄÖ株,1.5\r\n\"[1.0, None]\",nan".as_bytes();
        let expected = [
            line([Some("symbol"), Some("close")]),
            line([Some("a\r\nb"), None]),
            line([Some("ÄÖ株"), Some("1.5")]),
            line([Some("[1.0, None]"), Some("nan")]),
        ];
        assert_eq!(all(local), expected);
    }

    #[test]
    fn a_line_of_one_null_is_a_line_and_bytes_that_are_no_text_are_replaced() {
        assert_eq!(all(b"\"a\"\n\n\"b\"\n"), [line([Some("a")]), line([None]), line([Some("b")])]);
        // Two halves of a letter in two cells are no letter.
        assert_eq!(all(b"\"\xc3\",\"\xa4\"\n"), [line([Some("\u{fffd}"), Some("\u{fffd}")])]);
    }

    #[test]
    fn a_result_that_ends_within_a_value_is_noticed() {
        let mut splitter = Splitter::new();
        assert!(!splitter.read(&mut &b"\"a\",\"b"[..]));
        assert_eq!(splitter.finish().unwrap_err(), Cut);
    }
}
