//! What the rows show of how days and numbers are written.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use crate::source::cells::{Cells, Row};
use crate::source::date::{self, Order, Shown};
use crate::source::dialect::Dialect;
use crate::source::header::Field;
use crate::source::number::{self, Decimal, Reading};

/// Fields that are numbers.
const NUMBERS: [Field; 7] =
    [Field::Open, Field::High, Field::Low, Field::Close, Field::AdjClose, Field::Volume, Field::CloseUsd];

/// Each with the line and the text that has shown it first.
#[derive(Default)]
pub(crate) struct Evidence {
    pub(crate) rows: u64,
    pub(crate) order: Option<(Order, u64, String)>,
    /// A day that is another in the other order.
    pub(crate) doubtful_day: Option<(u64, String)>,
    /// A number that is another if what stands in it are thousands.
    pub(crate) doubtful_number: Option<(u64, String)>,
    pub(crate) decimal: Option<(Decimal, u64, String)>,
    pub(crate) currencies: BTreeSet<String>,
    /// What looks like the symbol is 0, 1, 2, ...
    pub(crate) counts_rows: bool,
}

impl Evidence {
    /// `days` is whether they are to show their order.
    ///
    /// # Errors
    /// One row shows what another contradicts, and nobody has said which is right.
    pub(crate) fn of<'a>(
        lines: impl Iterator<Item = &'a (u64, String)>,
        dialect: &Dialect,
        days: bool,
    ) -> Result<Evidence> {
        let mut evidence = Evidence::default();
        let mut cells = Cells::new(dialect.marks);
        let mut counted: Vec<String> = Vec::new();
        for (line, text) in lines {
            if cells.split(text) != Row::Whole || cells.len() != dialect.layout.width() {
                continue;
            }
            evidence.rows += 1;
            if days {
                evidence.day(*line, dialect.layout.place(Field::Date).map_or("", |place| cells.get(place)))?;
            }
            for place in NUMBERS.iter().filter_map(|field| dialect.layout.place(*field)) {
                evidence.number(*line, cells.get(place), dialect)?;
            }
            if let (0..3, Some(place)) = (counted.len(), dialect.layout.place(Field::Symbol)) {
                counted.push(cells.get(place).to_owned());
            }
        }
        let name = dialect.layout.place(Field::Symbol).map(|place| dialect.layout.names[place].as_str());
        let counts = |(place, text): (usize, &String)| *text == place.to_string() || *text == (place + 1).to_string();
        evidence.counts_rows = name == Some("index") && counted.len() == 3 && counted.iter().enumerate().all(counts);
        Ok(evidence)
    }

    fn day(&mut self, line: u64, text: &str) -> Result<()> {
        // Most files.
        if text.as_bytes().get(4) == Some(&b'-') {
            return Ok(());
        }
        match (date::evidence(text), &self.order) {
            (Shown::Either, None) if self.doubtful_day.is_none() => self.doubtful_day = Some((line, plain(text))),
            (Shown::One(order), None) => self.order = Some((order, line, plain(text))),
            (Shown::One(order), Some((known, first, shown))) if order != *known => bail!(
                "line {first} shows days as {known} ({shown}), and line {line} as {order} ({}): --date-format mdy or dmy \
                 says which, and rows of the other are skipped",
                plain(text)
            ),
            _ => {}
        }
        Ok(())
    }

    fn number(&mut self, line: u64, text: &str, dialect: &Dialect) -> Result<()> {
        let settled = dialect.decimal;
        let is_plain = |byte: u8| byte.is_ascii_digit() || byte == b'.';
        let known = self.decimal.as_ref().map(|(known, _, _)| *known);
        if text.bytes().all(is_plain) && (known == Some(Decimal::Point) || settled != Decimal::Unsure) {
            return Ok(());
        }
        if let Reading::Number(_, Some(currency)) = number::read(text, Decimal::Unsure) {
            self.currencies.insert(currency.to_owned());
        }
        if settled != Decimal::Unsure {
            return Ok(());
        }
        if self.doubtful_number.is_none() {
            // Between commas, a point in three digits and three is a decimal point: who writes it for thousands has decimal commas, and
            // parts cells otherwise.
            let may_be_thousands = dialect.marks.separator != b',' && number::may_be_thousands(text);
            if may_be_thousands || number::read(text, Decimal::Unsure) == Reading::Ambiguous {
                self.doubtful_number = Some((line, text.to_owned()));
            }
        }
        match (number::evidence(text), &self.decimal) {
            (Some(shown), None) => self.decimal = Some((shown, line, text.to_owned())),
            (Some(shown), Some((known, first, before))) if shown != *known => bail!(
                "line {first} has a number with a decimal {known} ({before}), and line {line} with a decimal {shown} ({text}): \
                 --decimal point or comma says which, and rows of the other are skipped"
            ),
            _ => {}
        }
        Ok(())
    }
}

/// Safe on a terminal, as it is told without quotes.
fn plain(text: &str) -> String {
    text.escape_debug().to_string()
}
