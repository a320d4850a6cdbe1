//! A line taken apart into its cells.

use csv_core::ReadRecordResult;

/// What parts the cells of a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Marks {
    pub(crate) separator: u8,
    /// Around cells that have a separator or a line break in them.
    pub(crate) quote: Option<u8>,
}

/// The cells of one row, in buffers that are used again for the next.
pub(crate) struct Cells {
    marks: Marks,
    parser: csv_core::Reader,
    /// What the parser has written, and where each cell ends in it.
    parsed: Vec<u8>,
    ends: Vec<usize>,
    text: String,
    /// Where each cell stands in the text, without the blanks around it.
    spans: Vec<(usize, usize)>,
}

/// Whether a row ends with its line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Row {
    Whole,
    /// A quote is open: the row goes on in the next line, or the quote is a mistake.
    Open,
}

impl Cells {
    pub(crate) fn new(marks: Marks) -> Cells {
        let mut builder = csv_core::ReaderBuilder::new();
        builder.delimiter(marks.separator).terminator(csv_core::Terminator::Any(b'\n'));
        match marks.quote {
            Some(quote) => builder.quote(quote),
            None => builder.quoting(false),
        };
        Cells {
            marks,
            parser: builder.build(),
            parsed: Vec::new(),
            ends: Vec::new(),
            text: String::new(),
            spans: Vec::new(),
        }
    }

    /// Takes a line apart. One without a quote needs no parser.
    pub(crate) fn split(&mut self, line: &str) -> Row {
        self.spans.clear();
        if self.marks.quote.is_none_or(|quote| memchr::memchr(quote, line.as_bytes()).is_none()) {
            self.text.clear();
            self.text.push_str(line);
            let mut start = 0;
            for end in memchr::memchr_iter(self.marks.separator, line.as_bytes()) {
                self.spans.push(trimmed(&self.text, start, end));
                start = end + 1;
            }
            self.spans.push(trimmed(&self.text, start, line.len()));
            return Row::Whole;
        }
        self.parser.reset();
        self.parsed.clear();
        self.ends.clear();
        self.go_on(line)
    }

    /// Goes on with the line after one that left a quote open.
    pub(crate) fn go_on(&mut self, line: &str) -> Row {
        // To the parser, nothing is the end of all.
        if !line.is_empty() {
            self.feed(line.as_bytes());
        }
        if !matches!(self.feed(b"\n"), ReadRecordResult::Record) {
            return Row::Open;
        }
        self.text.clear();
        // It was text before, and cells end at signs of one byte.
        self.text.push_str(str::from_utf8(&self.parsed).unwrap_or_default());
        self.spans.clear();
        let mut start = 0;
        for end in &self.ends {
            let (from, to) = trimmed(&self.text, start, *end);
            let quote = char::from(self.marks.quote.unwrap_or(b'"'));
            let cell = &self.text[from..to];
            // A blank before it, and a quote is text to the parser.
            let is_quoted = from > start && cell.len() > 1 && cell.starts_with(quote) && cell.ends_with(quote);
            self.spans.push(if is_quoted { (from + 1, to - 1) } else { (from, to) });
            start = *end;
        }
        Row::Whole
    }

    fn feed(&mut self, mut input: &[u8]) -> ReadRecordResult {
        /// More than most rows have cells; others take another turn.
        const MORE: usize = 64;
        let (mut written, mut ended) = (self.parsed.len(), self.ends.len());
        loop {
            self.parsed.resize(written + input.len() + 1, 0);
            self.ends.resize(ended + MORE, 0);
            let (result, read, more, cells) =
                self.parser.read_record(input, &mut self.parsed[written..], &mut self.ends[ended..]);
            input = &input[read..];
            written += more;
            ended += cells;
            if !matches!(result, ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull) {
                self.parsed.truncate(written);
                self.ends.truncate(ended);
                return result;
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.spans.len()
    }

    /// The cell in that place; empty where there is none.
    pub(crate) fn get(&self, place: usize) -> &str {
        self.spans.get(place).map_or("", |(start, end)| &self.text[*start..*end])
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.spans.iter().map(|(start, end)| &self.text[*start..*end])
    }
}

/// The span without the blanks at its ends.
fn trimmed(text: &str, start: usize, end: usize) -> (usize, usize) {
    let cell = &text[start..end];
    let is_sign = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    if is_sign(cell.as_bytes().first()) && is_sign(cell.as_bytes().last()) {
        return (start, end);
    }
    let from = start + (cell.len() - cell.trim_start().len());
    (from, from + cell.trim().len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cells(line: &str) -> Vec<String> {
        let mut cells = Cells::new(Marks { separator: b',', quote: Some(b'"') });
        assert_eq!(cells.split(line), Row::Whole, "{line}");
        cells.iter().map(ToOwned::to_owned).collect()
    }

    #[test]
    fn quotes_hold_separators_and_quotes() {
        assert_eq!(cells(r#"ACME,"Bolt ""B"" Holdings, Ltd.",1"#), ["ACME", "Bolt \"B\" Holdings, Ltd.", "1"]);
        assert_eq!(cells(r#" ACME , "1" ,"1,060.12""#), ["ACME", "1", "1,060.12"]);
        assert_eq!(cells(r#"5" pipe,"""A""""#), ["5\" pipe", "\"A\""]);
        assert_eq!(cells(",,"), ["", "", ""]);
        assert_eq!(cells("\",\""), [","]);
    }

    #[test]
    fn an_open_quote_is_told_and_gone_on_with() {
        let mut cells = Cells::new(Marks { separator: b';', quote: Some(b'"') });
        assert_eq!(cells.split("ACME;\"two"), Row::Open);
        assert_eq!(cells.go_on("lines\";7"), Row::Whole);
        assert_eq!(cells.iter().collect::<Vec<_>>(), ["ACME", "two\nlines", "7"]);
        assert_eq!(cells.split("a;b"), Row::Whole);
        assert_eq!(cells.iter().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn a_row_may_have_more_cells_than_the_parser_is_given_room_for() {
        let line = vec!["\"x\""; 300].join(",");
        assert_eq!(cells(&line).len(), 300);
    }

    proptest! {
        // What begins with a blank and a quote is taken for a cell in quotes with a blank before it.
        #[test]
        fn what_was_quoted_comes_back(texts in prop::collection::vec("([a-z\",;é'][a-z\",;é' ]{0,7})?", 1..9)) {
            let quoted: Vec<String> = texts.iter().map(|text| format!("\"{}\"", text.replace('"', "\"\""))).collect();
            let trimmed: Vec<String> = texts.iter().map(|text| text.trim().to_owned()).collect();
            prop_assert_eq!(cells(&quoted.join(",")), trimmed);
        }
    }
}
