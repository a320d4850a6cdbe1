//! What a file is, told from its beginning: the header first, then what the rows below show of days and numbers.

mod evidence;
mod find;

use std::collections::BTreeSet;
use std::fmt;

use anyhow::{Result, anyhow, bail};

use self::evidence::Evidence;
pub(crate) use self::find::{FARTHEST, NEAR, Refused, TALLEST, at as header_at, header};
use super::cells::{Cells, Row};
use super::choices::{Choices, SymbolIs, is_within_days};
use super::clock::Span;
use super::date::{self, Style};
use super::dialect::Dialect;
use super::header::Field;
use super::input::Input;
use super::lines::{Ends, Lines};
use super::number::Decimal;

/// Takes a file for what its beginning shows, and looks further while the rows do not say which of day and month comes first, or
/// what a comma means. `stem` is the file's name, for a symbol that stands there.
pub(crate) fn sniff(input: &mut Input, choices: &Choices, stem: Option<&str>) -> Result<Dialect> {
    loop {
        match judge(input, choices, stem)? {
            Judged::Known(dialect) => return Ok(dialect),
            Judged::TooEarly(otherwise) => {
                if !input.look()? {
                    return otherwise;
                }
            }
            // Nobody knows when a feed would show it.
            Judged::Undecided(why) => {
                if input.is_feed || !input.look()? {
                    return Err(why);
                }
            }
        }
    }
}

/// Rows that say whether bars are within days.
const JUDGED_BY: usize = 1000;

/// There is no line in a file.
#[derive(Debug)]
pub(crate) struct Empty;

impl fmt::Display for Empty {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the file is empty")
    }
}

impl std::error::Error for Empty {}

enum Judged {
    Known(Dialect),
    /// More may tell more; if there is no more, this is it.
    TooEarly(Result<Dialect>),
    /// The rows so far can be read in two ways.
    Undecided(anyhow::Error),
}

fn judge(input: &Input, choices: &Choices, stem: Option<&str>) -> Result<Judged> {
    let lines = whole_lines(input)?;
    if lines.is_empty() && input.is_whole {
        return Err(Empty.into());
    }
    let found = match header(&lines, choices) {
        Ok(found) => found,
        Err(no_header) if no_header.is_final || input.is_whole || lines.len() > FARTHEST => {
            bail!("{no_header}")
        }
        Err(no_header) => return Ok(Judged::TooEarly(Err(no_header.into()))),
    };
    let mut dialect = Dialect {
        compression: input.compression,
        encoded: input.encoded,
        marks: found.marks,
        header: found.header,
        layout: found.layout,
        symbol: match (&choices.symbol, found.symbol) {
            (Some(SymbolIs::Typed(symbol)), _) => Some((symbol.clone(), "--symbol")),
            (Some(SymbolIs::FileName), _) => match stem {
                Some(stem) => Some((stem.to_owned(), "the file's name")),
                None => bail!("--symbol-from-file: standard input has no name; --symbol ACME names the symbol"),
            },
            (None, symbol) => symbol.map(|symbol| (symbol, "the header")),
        },
        dates: choices.dates.clone().unwrap_or(Style::Any(None)),
        dates_because_of: None,
        span: Span { is_within: false, zone: choices.zone },
        interval: choices.interval.clone(),
        decimal: choices.decimal.unwrap_or(Decimal::Unsure),
        decimal_because_of: None,
        currencies: BTreeSet::new(),
    };
    let end = dialect.header.end();
    let evidence = Evidence::of(lines.iter().filter(|(line, _)| *line > end), &dialect, choices.dates.is_none())?;
    dialect.currencies = evidence.currencies;
    if evidence.counts_rows {
        let place = dialect.layout.place(Field::Symbol).unwrap_or_default();
        bail!(
            "the column {} counts the rows and is no symbol: --symbol ACME, --symbol-from-file or --map Index=COLUMN says \
             where it is",
            dialect.layout.names[place]
        );
    }
    match (evidence.decimal, evidence.doubtful_number) {
        (Some((decimal, line, text)), _) => {
            (dialect.decimal, dialect.decimal_because_of) = (decimal, Some((line, text)));
        }
        (None, Some((line, text))) => {
            return Ok(Judged::Undecided(anyhow!(
                "line {line}: {text} is one number or another, and no other line shows which: --decimal point says that \
                 decimals come after a point, comma after a comma"
            )));
        }
        (None, None) => {}
    }
    match (evidence.order, evidence.doubtful_day) {
        (Some((order, line, text)), _) => {
            (dialect.dates, dialect.dates_because_of) = (Style::Any(Some(order)), Some((line, text)));
        }
        (None, Some((line, text))) => {
            return Ok(Judged::Undecided(anyhow!(
                "line {line}: {text} is one day or another, and no other line shows which: --date-format dmy says that the day \
                 comes first, mdy the month"
            )));
        }
        (None, None) => {}
    }
    let times = Times::of(&lines, &dialect);
    dialect.span.is_within = match &choices.interval {
        Some(interval) => is_within_days(interval),
        None => 3 * times.within > times.rows,
    };
    // A feed of minutes that is started at midnight begins as one of days does.
    if choices.interval.is_none() && input.is_feed && !input.is_whole && times.is_one_midnight() {
        return Ok(Judged::Undecided(anyhow!(
            "all rows so far are of midnight, which is a day or a minute: --interval says what they span, as 1d or 1m"
        )));
    }
    // A feed shows at least one row before it is judged.
    let is_early = evidence.rows == 0 && !input.is_whole;
    Ok(if is_early { Judged::TooEarly(Ok(dialect)) } else { Judged::Known(dialect) })
}

/// What rows show of whether bars are within days. Of daily bars one may have the time at which it was asked for, and of bars within days
/// one may be of midnight.
#[derive(Default)]
struct Times {
    rows: usize,
    within: usize,
    /// Rows that say more than a day.
    timed: usize,
    days: BTreeSet<String>,
}

impl Times {
    fn of(lines: &[(u64, String)], dialect: &Dialect) -> Times {
        let mut cells = Cells::new(dialect.marks);
        let cell = |cells: &Cells, field| dialect.layout.place(field).map_or("", |place| cells.get(place)).to_owned();
        let mut times = Times::default();
        for (_, text) in lines.iter().filter(|(line, _)| *line > dialect.header.end()).take(JUDGED_BY) {
            if cells.split(text) != Row::Whole || cells.len() != dialect.layout.width() {
                continue;
            }
            let (date, time) = (cell(&cells, Field::Date), cell(&cells, Field::Time));
            if let Some(is_within) = date::is_within(&date, &time, &dialect.dates) {
                times.rows += 1;
                times.within += usize::from(is_within);
                times.timed += usize::from(!time.is_empty() || date.contains(':'));
                times.days.insert(date);
            }
        }
        times
    }

    /// Whether all there is are times of one day's midnight.
    fn is_one_midnight(&self) -> bool {
        self.rows > 0 && self.within == 0 && self.timed == self.rows && self.days.len() == 1
    }
}

/// The lines of the head that are there to their end, as text.
pub(crate) fn whole_lines(input: &Input) -> Result<Vec<(u64, String)>> {
    let head = &input.head;
    let end = if input.is_whole { head.len() } else { memchr::memrchr2(b'\n', b'\r', head).map_or(0, |end| end + 1) };
    let mut lines = Lines::new(&head[..end], Ends::All);
    let mut whole = Vec::new();
    while let Some((number, line)) = lines.next()? {
        let text = String::from_utf8_lossy(line);
        whole.push((number, text.trim_start_matches('\u{feff}').to_owned()));
    }
    Ok(whole)
}
