//! A row's cells as a bar, and as the record that it becomes.

use serde::Serialize as _;
use serde_json::ser::Serializer;
use shared::bar::Bar;

use super::cells::Cells;
use super::clock::Span;
use super::date::{self, Style, Wrong};
use super::dialect::Dialect;
use super::header::{Field, Layout};
use super::number::{self, Decimal, Reading};
use super::row::{Place, Record};
use super::shown::shown;

/// Makes bars of the rows of one file.
pub(crate) struct Bars {
    layout: Layout,
    /// The symbol of every row, if no column has it.
    symbol: Option<String>,
    /// What a column says of the symbol, though it was given: if that changes, the rows are not all of one.
    passed_over: Option<String>,
    dates: Style,
    span: Span,
    /// What `Interval` says of each bar.
    interval: Option<String>,
    decimal: Decimal,
    /// The first currency of each field: a second one would make other prices of the same numbers.
    currencies: Vec<(Field, String)>,
    /// Columns that go along, each with what stands before its value in the JSON.
    along: Vec<(usize, Vec<u8>)>,
    text: Certainty,
}

/// How far the text is to be trusted.
#[derive(Clone, Copy, PartialEq)]
enum Certainty {
    Utf8,
    /// Bytes that are none of its characters came out as U+FFFD.
    Decoded,
    /// Nobody has said that it is this encoding.
    Guessed,
}

/// Why a row is no bar.
#[derive(Debug, PartialEq)]
pub(crate) struct NotABar {
    pub(crate) reason: String,
    /// It shows the other order of day and month.
    pub(crate) is_contradiction: bool,
}

impl Bars {
    pub(crate) fn new(dialect: &Dialect) -> Bars {
        let encoded = &dialect.encoded;
        let mut bars = Bars {
            layout: dialect.layout.clone(),
            symbol: dialect.symbol.as_ref().map(|(symbol, _)| symbol.clone()),
            passed_over: None,
            dates: dialect.dates.clone(),
            span: dialect.span,
            interval: dialect.interval.clone(),
            decimal: dialect.decimal,
            currencies: Vec::new(),
            along: Vec::new(),
            text: match () {
                () if encoded.because_of.is_some() => Certainty::Guessed,
                () if encoded.encoding == encoding_rs::UTF_8 => Certainty::Utf8,
                () => Certainty::Decoded,
            },
        };
        bars.follow(bars.layout.clone());
        bars
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Reads rows with these columns from now on.
    pub(crate) fn follow(&mut self, layout: Layout) {
        let before = |name: &str| [b",", serde_json::Value::from(name).to_string().as_bytes(), b":"].concat();
        self.along = layout.along.iter().map(|(place, name)| (*place, before(name))).collect();
        self.layout = layout;
    }

    /// Reads rows as those of this symbol from now on.
    pub(crate) fn of_symbol(&mut self, symbol: String) {
        self.symbol = Some(symbol);
    }

    /// The row as a record.
    pub(crate) fn record(&mut self, cells: &Cells) -> Result<Record, NotABar> {
        let bar = self.bar(cells)?;
        let mut value = Vec::with_capacity(256);
        let is_written = bar.serialize(&mut Serializer::new(&mut value)).is_ok();
        // The object is opened again for what goes along.
        if !is_written || value.pop() != Some(b'}') {
            return Err("cannot be written as JSON".to_owned().into());
        }
        if let Some(interval) = &self.interval {
            value.extend_from_slice(b",\"Interval\":");
            let written = serde_json::to_writer(&mut value, interval);
            written.map_err(|error| NotABar::from(error.to_string()))?;
        }
        for (place, before) in &self.along {
            let cell = cells.get(*place);
            if !cell.is_empty() {
                value.extend_from_slice(before);
                let written = serde_json::to_writer(&mut value, cell);
                written.map_err(|error| NotABar::from(error.to_string()))?;
            }
        }
        value.push(b'}');
        Ok(Record::new(bar.symbol, value, Place::default()))
    }

    fn bar(&mut self, cells: &Cells) -> Result<Bar, NotABar> {
        let width = self.layout.width();
        // A separator at the end of a row makes a cell of nothing.
        if cells.len() < width || (width..cells.len()).any(|place| !cells.get(place).is_empty()) {
            return Err(format!("{} fields where the header has {width}", cells.len()).into());
        }
        if self.text != Certainty::Utf8 && cells.iter().any(|cell| cell.contains(char::REPLACEMENT_CHARACTER)) {
            return Err("has bytes that are no character of its encoding: --encoding says what it is"
                .to_owned()
                .into());
        }
        let date = self.date(cells)?;
        let [open, high, low, close] =
            [Field::Open, Field::High, Field::Low, Field::Close].map(|field| self.required(field, cells));
        Ok(Bar {
            symbol: self.symbol(cells)?,
            date,
            open: open?,
            high: high?,
            low: low?,
            close: close?,
            adj_close: self.optional(Field::AdjClose, cells)?,
            volume: match self.optional(Field::Volume, cells)? {
                Some(volume) if volume < 0.0 => return Err(format!("Volume is negative: {volume}").into()),
                volume => volume,
            },
            close_usd: self.optional(Field::CloseUsd, cells)?,
        })
    }

    fn symbol(&mut self, cells: &Cells) -> Result<String, String> {
        if let (Some(given), Some(place)) = (&self.symbol, self.layout.passed_over) {
            let named = cells.get(place);
            match &self.passed_over {
                None => self.passed_over = Some(named.to_owned()),
                Some(first) if first != named => {
                    let column = &self.layout.names[place];
                    return Err(format!(
                        "Index is given as {}, and {} changes from {} to {}; --map Index= passes that column over",
                        shown(given),
                        shown(column),
                        shown(first),
                        shown(named)
                    ));
                }
                Some(_) => {}
            }
        }
        let text = match (&self.symbol, self.layout.place(Field::Symbol)) {
            (Some(symbol), _) => symbol,
            (None, place) => own(place.map_or("", |place| cells.get(place))),
        };
        match text {
            "" => Err("Index is empty".to_owned()),
            text if self.text == Certainty::Guessed && !text.is_ascii() => {
                Err(format!("Index is not UTF-8: --encoding says what it is; as Windows-1252 it is {}", shown(text)))
            }
            text => Ok(text.to_owned()),
        }
    }

    fn date(&self, cells: &Cells) -> Result<String, NotABar> {
        let cell = |field| self.layout.place(field).map_or("", |place| own(cells.get(place)));
        let text = cell(Field::Date);
        if text.is_empty() {
            return Err("Date is empty".to_owned().into());
        }
        let wrong = |field: Field, wrong: Wrong, text: &str| NotABar {
            reason: format!("{} {wrong}: {}", field.name(), shown(text)),
            is_contradiction: matches!(wrong, Wrong::OtherOrder(_)),
        };
        let time = cell(Field::Time);
        date::read(text, time, &self.dates, self.span).map_err(|why| {
            // Whose fault it is shows without the time.
            let is_of_the_time = !time.is_empty() && date::read(text, "", &self.dates, self.span).is_ok();
            if is_of_the_time { wrong(Field::Time, why, time) } else { wrong(Field::Date, why, text) }
        })
    }

    fn required(&mut self, field: Field, cells: &Cells) -> Result<f64, String> {
        match self.optional(field, cells)? {
            Some(number) => Ok(number),
            None => Err(match self.layout.place(field).map_or("", |place| cells.get(place)) {
                "" => format!("{} is empty", field.name()),
                mark => format!("{} is missing: {}", field.name(), shown(mark)),
            }),
        }
    }

    fn optional(&mut self, field: Field, cells: &Cells) -> Result<Option<f64>, String> {
        let Some(place) = self.layout.place(field) else {
            return Ok(None);
        };
        let text = own(cells.get(place));
        let why = match number::read(text, self.decimal) {
            Reading::Number(number, None) => return Ok(Some(number)),
            Reading::Missing => return Ok(None),
            Reading::Number(number, Some(currency)) => match self.currencies.iter().find(|(of, _)| *of == field) {
                Some((_, first)) if first != currency => {
                    return Err(format!("{} is in {currency}, and in {first} before", field.name()));
                }
                Some(_) => return Ok(Some(number)),
                None => {
                    self.currencies.push((field, currency.to_owned()));
                    return Ok(Some(number));
                }
            },
            Reading::NotFinite => "is not finite",
            Reading::Ambiguous => {
                "is one number with a decimal comma, and another without: --decimal point or comma says which"
            }
            Reading::Nonsense => "is not a number",
        };
        Err(format!("{} {why}: {}", field.name(), shown(text)))
    }
}

/// A cell without the form that keeps a spreadsheet from reading it: `="000001"`.
fn own(cell: &str) -> &str {
    cell.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')).unwrap_or(cell)
}

impl From<String> for NotABar {
    fn from(reason: String) -> NotABar {
        NotABar { reason, is_contradiction: false }
    }
}
