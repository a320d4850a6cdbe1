//! Which column is what: names as portals write them, found whatever their case and brackets.

use std::fmt;

use shared::bar::field;

/// What a column can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Field {
    Symbol,
    Date,
    /// The time of day, in a column of its own.
    Time,
    Open,
    High,
    Low,
    Close,
    AdjClose,
    Volume,
    CloseUsd,
}

use Field::{AdjClose, Close, CloseUsd, Date, High, Low, Open, Symbol, Time, Volume};

/// Names without case, blanks and signs, from the most certain to the least. Beside English: what Stooq has in Polish, German banks,
/// and Chinese portals.
const NAMES: [(Field, &[&str]); 10] = [
    (
        Symbol,
        &["symbol", "ticker", "tickersymbol", "index", "code", "tscode", "股票代码", "instrument", "security", "name"],
    ),
    (
        Date,
        &[
            "date",
            "datetime",
            "dtyyyymmdd",
            "timestamp",
            "tradedate",
            "tradingdate",
            "tradingday",
            "day",
            "gmttime",
            "localtime",
            "data",
            "datum",
            "日期",
            "time",
            "",
        ],
    ),
    (Time, &["time"]),
    (Open, &["open", "openprice", "openingprice", "开盘", "otwarcie", "eröffnung", "erster"]),
    (High, &["high", "highprice", "highest", "max", "最高", "najwyzszy", "hoch", "tageshoch"]),
    (Low, &["low", "lowprice", "lowest", "min", "最低", "najnizszy", "tief", "tagestief"]),
    (
        Close,
        &[
            "close",
            "closelast",
            "closeprice",
            "closingprice",
            "last",
            "lastprice",
            "lasttrade",
            "price",
            "收盘",
            "zamkniecie",
            "schluss",
            "schlusskurs",
        ],
    ),
    (AdjClose, &["adjclose", "adjustedclose", "adjcloseprice", "closeadj", "closeadjusted"]),
    (Volume, &["volume", "vol", "tradedvolume", "totalvolume", "wolumen", "volumen", "成交量"]),
    (CloseUsd, &["closeusd"]),
];

/// What a bar cannot do without.
const REQUIRED: [Field; 5] = [Date, Open, High, Low, Close];

/// What the user has said about the columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Wanted {
    /// Fields with the column that they are to be taken from; without one, from none.
    pub(crate) map: Vec<(Field, Option<String>)>,
    /// Whether the symbol is in no column.
    pub(crate) symbol_is_given: bool,
}

/// Where each field stands in a row, and what becomes of the others.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Layout {
    /// The columns as they are called.
    pub(crate) names: Vec<String>,
    places: [Option<usize>; NAMES.len()],
    /// Columns that are no field of a bar, by the name that they go along under.
    pub(crate) along: Vec<(usize, String)>,
    /// A column that has the symbol, though it was given.
    pub(crate) passed_over: Option<usize>,
}

/// Why a line is no header that can be used.
#[derive(Debug, PartialEq)]
pub(crate) struct Unfit {
    /// How many fields it names, all the same.
    pub(crate) found: usize,
    pub(crate) missing: Vec<Field>,
    /// What `--map` names and the line does not have.
    pub(crate) unknown: Vec<String>,
}

impl Layout {
    pub(crate) fn find(names: &[&str], wanted: &Wanted) -> Result<Layout, Unfit> {
        let plain: Vec<String> = names.iter().map(|name| normal(name)).collect();
        let mut places = [None; NAMES.len()];
        let mut unknown = Vec::new();
        for (field, column) in &wanted.map {
            let place = column.as_ref().map(|column| place_of(column, names, &plain));
            if let (Some(column), Some(None)) = (column, place) {
                unknown.push(column.clone());
            }
            places[*field as usize] = place.flatten();
        }
        let mut passed_over = None;
        for (field, ranked) in NAMES {
            let is_settled = wanted.map.iter().any(|(mapped, _)| *mapped == field);
            if is_settled {
                continue;
            }
            if field == Symbol && wanted.symbol_is_given {
                let is_sure =
                    |name: &str| name == field::INDEX || ["symbol", "ticker"].contains(&normal(name).as_str());
                passed_over = names.iter().position(|name| is_sure(name));
                continue;
            }
            let is_free = |place: &usize| !places.contains(&Some(*place));
            let column_of = |name: &&str| {
                let is_it = |place: &usize| plain[*place] == **name && (!name.is_empty() || *place == 0);
                (0..names.len()).filter(is_free).find(is_it)
            };
            // A data frame's own count of its rows is `index`, too.
            let exact = (field == Symbol).then(|| names.iter().position(|name| *name == field::INDEX)).flatten();
            let ranked = ranked.iter().find_map(column_of);
            places[field as usize] = exact.filter(is_free).or(ranked);
        }
        let needed = REQUIRED.iter().chain((!wanted.symbol_is_given).then_some(&Symbol));
        let missing: Vec<Field> = needed.filter(|field| places[**field as usize].is_none()).copied().collect();
        if !missing.is_empty() || !unknown.is_empty() {
            let found = REQUIRED.iter().filter(|field| places[**field as usize].is_some()).count();
            return Err(Unfit { found, missing, unknown });
        }
        let along = along(names, &places);
        Ok(Layout { names: names.iter().map(|name| (*name).to_owned()).collect(), places, along, passed_over })
    }

    pub(crate) fn width(&self) -> usize {
        self.names.len()
    }

    /// The column of a field.
    pub(crate) fn place(&self, field: Field) -> Option<usize> {
        self.places[field as usize]
    }

    /// The field of a column.
    pub(crate) fn field(&self, place: usize) -> Option<Field> {
        NAMES.iter().map(|(field, _)| *field).find(|field| self.place(*field) == Some(place))
    }
}

/// By its name as it stands, else without case and signs; `#2` is the second column.
fn place_of(column: &str, names: &[&str], plain: &[String]) -> Option<usize> {
    let by_number = || {
        let number: usize = column.strip_prefix('#')?.parse().ok()?;
        number.checked_sub(1).filter(|place| *place < names.len())
    };
    let exact = names.iter().position(|name| *name == column);
    exact.or_else(by_number).or_else(|| plain.iter().position(|name| *name == normal(column)))
}

/// The other columns, each under a name that nothing else of the record has.
fn along(names: &[&str], places: &[Option<usize>]) -> Vec<(usize, String)> {
    let mut along: Vec<(usize, String)> = Vec::new();
    for (place, name) in names.iter().enumerate() {
        // The time says no more than the day, but was sent.
        if places.contains(&Some(place)) && places[Time as usize] != Some(place) {
            continue;
        }
        let name = if name.is_empty() { format!("column {}", place + 1) } else { (*name).to_owned() };
        let is_taken = |name: &str| {
            NAMES.iter().any(|(field, _)| *field != Time && field.name() == name)
                || along.iter().any(|(_, taken)| taken == name)
        };
        let numbered = (2..).map(|number| format!("{name} ({number})"));
        let free = std::iter::once(name.clone()).chain(numbered).find(|name| !is_taken(name));
        along.push((place, free.unwrap_or(name)));
    }
    along
}

/// A name without case, brackets, blanks and signs, and without the number that Alpha Vantage puts before it.
pub(crate) fn normal(name: &str) -> String {
    let name = name.split_once(". ").filter(|(number, _)| number.parse::<u8>().is_ok()).map_or(name, |(_, name)| name);
    name.chars().filter(|character| character.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl Field {
    /// As it is called in a bar's JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Symbol => field::INDEX,
            Date => field::DATE,
            Time => "Time",
            Open => field::OPEN,
            High => field::HIGH,
            Low => field::LOW,
            Close => field::CLOSE,
            AdjClose => field::ADJ_CLOSE,
            Volume => field::VOLUME,
            CloseUsd => field::CLOSE_USD,
        }
    }

    /// The field of that name, whatever its case and signs.
    pub(crate) fn named(name: &str) -> Option<Field> {
        let is_it = |field: &Field| normal(field.name()) == normal(name);
        NAMES.iter().map(|(field, _)| *field).find(is_it).or((normal(name) == "symbol").then_some(Symbol))
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.unknown.is_empty() {
            return write!(formatter, "there is no column {}, which --map names", self.unknown.join(", "));
        }
        let names: Vec<&str> = self.missing.iter().map(|field| field.name()).collect();
        write!(formatter, "the header has no column {}", names.join(", "))
    }
}

#[cfg(test)]
mod tests;
