//! A row's cells as the record that they become.

use shared::bar::field;

use super::cells::Cells;
use super::clock::Span;
use super::date::{self, Style, Wrong};
use super::dialect::Dialect;
use super::header::{Field, Layout};
use super::number::{self, Decimal, Plain, Reading};
use super::object::{Object, escaped};
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
    /// Columns that go along, each with its name as JSON has it.
    along: Vec<(usize, String)>,
    text: Certainty,
}

/// A number of a row.
enum Number<'c> {
    /// As it stands in the file, which is what would be written of it.
    AsWritten(&'c str, Plain),
    Read(f64),
}

impl Number<'_> {
    fn put(&self, field: Field, value: &mut Object) -> serde_json::Result<()> {
        match self {
            Number::AsWritten(text, Plain::Decimal) => value.put_json(field.name(), &[text]),
            Number::AsWritten(text, Plain::Whole) => value.put_json(field.name(), &[text, ".0"]),
            Number::Read(number) => value.put(field.name(), number)?,
        }
        Ok(())
    }
}

/// In the order in which they stand in a record.
const PRICES: [Field; 4] = [Field::Open, Field::High, Field::Low, Field::Close];
const OPTIONAL: [Field; 3] = [Field::AdjClose, Field::Volume, Field::CloseUsd];

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
        self.along = layout.along.iter().map(|(place, name)| (*place, escaped(name))).collect();
        self.layout = layout;
    }

    /// Reads rows as those of this symbol from now on.
    pub(crate) fn of_symbol(&mut self, symbol: String) {
        self.symbol = Some(symbol);
    }

    /// The row as a record.
    pub(crate) fn record(&mut self, cells: &Cells) -> Result<Record, NotABar> {
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
        let symbol = self.symbol(cells)?;
        let mut value = Object::new();
        value.put(Field::Symbol.name(), &symbol)?;
        value.put(Field::Date.name(), &date)?;
        for field in PRICES {
            self.required(field, cells)?.put(field, &mut value)?;
        }
        for field in OPTIONAL {
            match self.optional(field, cells)? {
                Some(Number::Read(volume)) if field == Field::Volume && volume < 0.0 => {
                    return Err(format!("Volume is negative: {volume}").into());
                }
                Some(number) => number.put(field, &mut value)?,
                None => {}
            }
        }
        if let Some(interval) = &self.interval {
            value.put(field::INTERVAL, interval)?;
        }
        for (place, name) in &self.along {
            let cell = cells.get(*place);
            if !cell.is_empty() {
                value.put(name, cell)?;
            }
        }
        Ok(Record::new(symbol, value.end(), Place::default()))
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

    fn required<'c>(&mut self, field: Field, cells: &'c Cells) -> Result<Number<'c>, String> {
        match self.optional(field, cells)? {
            Some(number) => Ok(number),
            None => Err(match self.layout.place(field).map_or("", |place| cells.get(place)) {
                "" => format!("{} is empty", field.name()),
                mark => format!("{} is missing: {}", field.name(), shown(mark)),
            }),
        }
    }

    fn optional<'c>(&mut self, field: Field, cells: &'c Cells) -> Result<Option<Number<'c>>, String> {
        let Some(place) = self.layout.place(field) else {
            return Ok(None);
        };
        let text = own(cells.get(place));
        if self.decimal != Decimal::Comma
            && let Some(plain) = number::plain_as_written(text)
        {
            return Ok(Some(Number::AsWritten(text, plain)));
        }
        let why = match number::read(text, self.decimal) {
            Reading::Number(number, None) => return Ok(Some(Number::Read(number))),
            Reading::Missing => return Ok(None),
            Reading::Number(number, Some(currency)) => match self.currencies.iter().find(|(of, _)| *of == field) {
                Some((_, first)) if first != currency => {
                    return Err(format!("{} is in {currency}, and in {first} before", field.name()));
                }
                Some(_) => return Ok(Some(Number::Read(number))),
                None => {
                    self.currencies.push((field, currency.to_owned()));
                    return Ok(Some(Number::Read(number)));
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

/// What a row is made of can be written; it is said as of a row all the same.
impl From<serde_json::Error> for NotABar {
    fn from(error: serde_json::Error) -> NotABar {
        error.to_string().into()
    }
}
