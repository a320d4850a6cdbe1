//! The header, among the first lines of a file.

use std::fmt;

use crate::source::cells::{Cells, Marks};
use crate::source::choices::{Choices, HeaderAt, Quotes};
use crate::source::dialect::Header;
use crate::source::header::{Field, Layout, Unfit, Wanted, normal};
use crate::source::number::{Decimal, Reading, read};
use crate::source::shown::shown;

/// Lines with something in them among which the header is looked for.
pub(crate) const FARTHEST: usize = 40;

/// Lines that a header of data frames can have.
pub(crate) const TALLEST: usize = 3;

/// With as many of the columns that a bar needs a line is a header, if a poor one.
pub(crate) const NEAR: usize = 3;

/// A header, and what it says of the rows.
pub(crate) struct Found {
    pub(crate) marks: Marks,
    pub(crate) header: Header,
    pub(crate) layout: Layout,
    pub(crate) symbol: Option<String>,
}

/// Why no line is taken for the header.
#[derive(Debug)]
pub(crate) struct NoHeader {
    message: String,
    /// Whether a line is a header in all but what is missing.
    pub(crate) is_near: bool,
    /// Whether no further line can change it.
    pub(crate) is_final: bool,
}

impl fmt::Display for NoHeader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for NoHeader {}

/// Looks for the header. Where lines have several separators, the one counts by which the columns of a bar are found.
pub(crate) fn header(lines: &[(u64, String)], choices: &Choices) -> Result<Found, NoHeader> {
    let hint = lines.first().and_then(|(line, text)| Some((*line, hint(text)?)));
    let lines = &lines[usize::from(hint.is_some())..];
    let separators = match (choices.separator, hint) {
        (Some(separator), _) | (None, Some((_, separator))) => vec![separator],
        (None, None) => vec![b',', b';', b'\t', b'|'],
    };
    let hint = hint.map(|(line, _)| line);
    let quote = |text: &str| match choices.quotes {
        Quotes::Found => Some(if text.starts_with('\'') { b'\'' } else { b'"' }),
        Quotes::Nothing => None,
        Quotes::Sign(sign) => Some(sign),
    };
    let marks = |separator, text: &str| Marks { separator, quote: quote(text) };

    if let HeaderAt::Nowhere(columns) = &choices.header {
        return typed(columns, lines, &separators, marks, choices).map(|(marks, layout)| Found {
            marks,
            header: Header { hint, ..Header::default() },
            layout,
            symbol: None,
        });
    }
    let mut near: Option<(Unfit, &str)> = None;
    let settled = if let HeaderAt::Line(line) = choices.header { Some(line) } else { None };
    let farthest = if settled.is_some() { lines.len() } else { FARTHEST };
    for (place, (number, text)) in lines.iter().enumerate().take(farthest) {
        if settled.is_some_and(|line| line != *number) {
            continue;
        }
        for separator in &separators {
            let marks = marks(*separator, text);
            match at(&lines[place..], marks, &choices.wanted()) {
                Ok(HeaderHere { layout, symbol, height }) => {
                    if settled.is_none() {
                        no_row_above(&lines[..place], marks, &layout, *number)?;
                    }
                    let own = &lines[place..place + height];
                    let text = own.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join("\n");
                    let titles = lines[..place].to_vec();
                    let lines = own.first().zip(own.last()).map(|((first, _), (last, _))| (*first, *last));
                    return Ok(Found { marks, header: Header { lines, text, titles, hint }, layout, symbol });
                }
                Err(Refused::Final(message)) => return Err(NoHeader { message, is_near: true, is_final: true }),
                Err(Refused::Unfit(unfit)) => {
                    if near.as_ref().is_none_or(|(nearest, _)| nearest.found < unfit.found) {
                        near = Some((unfit, text));
                    }
                }
            }
        }
    }
    Err(nothing(near, lines, choices))
}

/// Titles are lost for the lake, so they must be titles.
fn no_row_above(titles: &[(u64, String)], marks: Marks, layout: &Layout, header: u64) -> Result<(), NoHeader> {
    let is_row = |text: &str| {
        let cells = split(text, marks);
        let is_number = |cell: &&String| matches!(read(cell, Decimal::Unsure), Reading::Number(..));
        cells.len() == layout.width() && cells.iter().filter(is_number).count() >= NEAR
    };
    match titles.iter().find(|(_, text)| is_row(text)) {
        None => Ok(()),
        Some((line, text)) => Err(NoHeader {
            message: format!(
                "line {line} looks like a row, and stands above the header of line {header}: {}; --columns Date,Open,... names its \
                 columns, --header-line {header} passes it over",
                shown(text)
            ),
            is_near: true,
            is_final: true,
        }),
    }
}

/// Columns that were typed, because no line names them.
fn typed(
    columns: &[String],
    lines: &[(u64, String)],
    separators: &[u8],
    marks: impl Fn(u8, &str) -> Marks,
    choices: &Choices,
) -> Result<(Marks, Layout), NoHeader> {
    let names: Vec<&str> = columns.iter().map(String::as_str).collect();
    let first = lines.first().map(|(_, text)| text.as_str()).unwrap_or_default();
    let fits = |separator: &&u8| {
        let mut cells = Cells::new(marks(**separator, first));
        cells.split(first);
        cells.len() == columns.len()
    };
    let separator = separators.iter().find(fits).or(separators.first()).copied().unwrap_or(b',');
    match Layout::find(&names, &choices.wanted()) {
        Ok(layout) => Ok((marks(separator, first), layout)),
        Err(unfit) => {
            Err(NoHeader { message: format!("{unfit}, as --columns has them"), is_near: true, is_final: true })
        }
    }
}

/// A header that begins with a line.
pub(crate) struct HeaderHere {
    pub(crate) layout: Layout,
    pub(crate) symbol: Option<String>,
    /// Lines that it takes.
    pub(crate) height: usize,
}

/// Why none does.
pub(crate) enum Refused {
    Unfit(Unfit),
    /// It is a header, and cannot be used.
    Final(String),
}

/// The header that begins with the first of the lines.
pub(crate) fn at(lines: &[(u64, String)], marks: Marks, wanted: &Wanted) -> Result<HeaderHere, Refused> {
    let rows: Vec<Vec<String>> = lines.iter().take(TALLEST).map(|(_, text)| split(text, marks)).collect();
    if let Some(frame) = frame(&rows, wanted)? {
        return Ok(frame);
    }
    let names: Vec<&str> = rows.first().into_iter().flatten().map(String::as_str).collect();
    Layout::find(&names, wanted).map(|layout| HeaderHere { layout, symbol: None, height: 1 }).map_err(Refused::Unfit)
}

/// The header of a data frame that has the symbol above or below the names: `Price,Close,…`, `Ticker,ACME,…`, `Date,,…`.
fn frame(rows: &[Vec<String>], wanted: &Wanted) -> Result<Option<HeaderHere>, Refused> {
    let [first, second, ..] = rows else { return Ok(None) };
    let begins =
        |row: &[String], names: &[&str]| row.first().is_some_and(|cell| names.contains(&normal(cell).as_str()));
    let (names, symbols) = match () {
        () if begins(first, &["price", "attributes"]) && begins(second, &["ticker", "symbols"]) => (first, second),
        () if begins(first, &["ticker", "symbols"]) && begins(second, &["price", "attributes"]) => (second, first),
        () => return Ok(None),
    };
    let third = rows.get(2).and_then(|row| row.split_first());
    let third = third.filter(|(first, rest)| !first.is_empty() && rest.iter().all(String::is_empty));
    let date = third.map_or("Date", |(first, _)| first.as_str());
    let names: Vec<&str> = std::iter::once(date).chain(names[1..].iter().map(String::as_str)).collect();
    let mut tickers: Vec<&str> = symbols[1..].iter().map(String::as_str).filter(|cell| !cell.is_empty()).collect();
    tickers.sort_unstable();
    tickers.dedup();
    if tickers.len() > 1 {
        return Err(Refused::Final(format!(
            "it has {} symbols side by side ({}, ...): write one below the other, in pandas with \
             data.stack(level=\"Ticker\").reset_index().to_csv()",
            tickers.len(),
            tickers[..2].join(", ").escape_debug()
        )));
    }
    let symbol = tickers.first().map(|ticker| (*ticker).to_owned());
    let wanted = Wanted { symbol_is_given: wanted.symbol_is_given || symbol.is_some(), ..wanted.clone() };
    let height = if third.is_some() { 3 } else { 2 };
    Layout::find(&names, &wanted).map(|layout| Some(HeaderHere { layout, symbol, height })).map_err(Refused::Unfit)
}

fn split(text: &str, marks: Marks) -> Vec<String> {
    let mut cells = Cells::new(marks);
    cells.split(text);
    cells.iter().map(ToOwned::to_owned).collect()
}

/// A line `sep=;`, which tells spreadsheets the separator.
fn hint(text: &str) -> Option<u8> {
    let text = text.trim().trim_matches('"');
    let sign = text.get(..4).filter(|word| word.eq_ignore_ascii_case("sep=")).map(|_| &text.as_bytes()[4..])?;
    match sign {
        [sign] if sign.is_ascii() => Some(*sign),
        // The separator was a tab or a blank at the end.
        [] => Some(b'\t'),
        _ => None,
    }
}

fn nothing(near: Option<(Unfit, &str)>, lines: &[(u64, String)], choices: &Choices) -> NoHeader {
    let near = near.filter(|(unfit, _)| unfit.found >= NEAR || matches!(choices.header, HeaderAt::Line(_)));
    let first = lines.first().map(|(_, text)| text.trim_start()).unwrap_or_default();
    let message = match &near {
        None if matches!(choices.header, HeaderAt::Line(line) if lines.iter().all(|(number, _)| *number != line)) => {
            "--header-line names a line that has nothing in it".to_owned()
        }
        None if first.starts_with(['{', '[']) => {
            "it looks like JSON, which --stdin reads: producer ... --stdin < FILE".to_owned()
        }
        None if first.get(..2).is_some_and(|begin| begin == "<!")
            || first.get(..5).is_some_and(|begin| begin.eq_ignore_ascii_case("<html")) =>
        {
            "it is a web page, and not the file that was to be downloaded".to_owned()
        }
        Some((unfit, text)) if unfit.missing == [Field::Symbol] && unfit.unknown.is_empty() => format!(
            "no column has the symbol (Index, Symbol, Ticker, Name, ...): --symbol ACME names it, --symbol-from-file takes it \
             from the file's name; the header reads {}",
            shown(text)
        ),
        Some((unfit, text)) => {
            format!("{unfit}; it reads {}; --map FIELD=COLUMN names a column that is called otherwise", shown(text))
        }
        None => format!(
            "none of the first {} lines is a header with Date, Open, High, Low and Close; the first reads {}; \
             --columns Date,Open,... names the columns of a file without one",
            lines.len().min(FARTHEST),
            shown(first)
        ),
    };
    NoHeader { message, is_near: near.is_some(), is_final: false }
}
