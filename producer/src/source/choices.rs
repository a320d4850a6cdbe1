//! What the user has settled about a file; all else is sniffed.

use anyhow::{Result, bail, ensure};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use chrono_tz::Tz;
use encoding_rs::Encoding;

use super::compression::Compression;
use super::date::{Order, Style};
use super::header::{Field, Wanted};
use super::number::Decimal;
use crate::args::DialectArgs;

/// Each is `None` where the file itself is to show it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Choices {
    pub(crate) compression: Option<Compression>,
    pub(crate) encoding: Option<&'static Encoding>,
    pub(crate) separator: Option<u8>,
    pub(crate) quotes: Quotes,
    pub(crate) header: HeaderAt,
    pub(crate) dates: Option<Style>,
    pub(crate) zone: Option<Tz>,
    pub(crate) interval: Option<String>,
    pub(crate) decimal: Option<Decimal>,
    pub(crate) map: Vec<(Field, Option<String>)>,
    pub(crate) symbol: Option<SymbolIs>,
}

/// What stands around cells.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Quotes {
    #[default]
    Found,
    /// A quote is text.
    Nothing,
    Sign(u8),
}

/// Where the names of the columns stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum HeaderAt {
    #[default]
    Found,
    Line(u64),
    /// In no line: these are the columns.
    Nowhere(Vec<String>),
}

/// Where the symbol is, if not in a column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SymbolIs {
    Typed(String),
    FileName,
}

impl Choices {
    pub(crate) fn from_args(args: &DialectArgs) -> Result<Choices> {
        let map = args.map.iter().map(|entry| mapping(entry)).collect::<Result<Vec<_>>>()?;
        for (place, (field, _)) in map.iter().enumerate() {
            ensure!(!map[..place].iter().any(|(other, _)| other == field), "--map names {} twice", field.name());
        }
        let columns = args.columns.as_ref().map(|list| list.split(',').map(|name| name.trim().to_owned()).collect());
        let typed = args.symbol.clone().map(SymbolIs::Typed);
        Ok(Choices {
            compression: args.compression,
            encoding: args.encoding.as_deref().map(encoding).transpose()?,
            separator: args.separator.as_deref().map(|typed| sign("--separator", typed)).transpose()?,
            quotes: match args.quote.as_deref() {
                None => Quotes::Found,
                Some("none") => Quotes::Nothing,
                Some(typed) => Quotes::Sign(sign("--quote", typed)?),
            },
            header: match (args.header_line, columns) {
                (_, Some(columns)) => HeaderAt::Nowhere(columns),
                (Some(line), None) => HeaderAt::Line(line),
                (None, None) => HeaderAt::Found,
            },
            dates: args.date_format.as_deref().map(style).transpose()?,
            zone: args.time_zone.as_deref().map(zone).transpose()?,
            interval: args.interval.clone(),
            decimal: args.decimal,
            map,
            symbol: typed.or(args.symbol_from_file.then_some(SymbolIs::FileName)),
        })
    }

    pub(crate) fn wanted(&self) -> Wanted {
        Wanted { map: self.map.clone(), symbol_is_given: self.symbol.is_some() }
    }
}

/// What stands behind the number of an interval.
pub(crate) fn unit_of(interval: &str) -> &str {
    interval.trim_start_matches(|sign: char| sign.is_ascii_digit())
}

/// Whether bars of an interval are within days.
pub(crate) fn is_within_days(interval: &str) -> bool {
    ["s", "m", "min", "h"].contains(&unit_of(interval))
}

/// How many minutes an interval has, if it is one of whole minutes or hours.
pub(crate) fn minutes_of(interval: &str) -> Option<u32> {
    let unit = unit_of(interval);
    let number: u32 = interval[..interval.len() - unit.len()].parse().ok()?;
    match unit {
        "m" | "min" => Some(number),
        "h" => number.checked_mul(60),
        _ => None,
    }
    .filter(|minutes| *minutes > 0)
}

fn zone(typed: &str) -> Result<Tz> {
    let Ok(zone) = typed.parse() else {
        bail!("--time-zone {typed} is no zone of the IANA's list, such as America/New_York, Asia/Kolkata or UTC");
    };
    Ok(zone)
}

/// `Close=Adj Close`; nothing after the sign leaves the field out.
fn mapping(entry: &str) -> Result<(Field, Option<String>)> {
    let Some((name, column)) = entry.split_once('=') else {
        bail!("--map {entry} is not FIELD=COLUMN, such as --map Close=\"Adj Close\"");
    };
    let Some(field) = Field::named(name) else {
        bail!("--map {name}=...: a bar has Index, Date, Open, High, Low, Close, Adj Close, Volume and CloseUSD");
    };
    Ok((field, Some(column.trim()).filter(|column| !column.is_empty()).map(ToOwned::to_owned)))
}

fn encoding(label: &str) -> Result<&'static Encoding> {
    match Encoding::for_label(label.as_bytes()) {
        Some(encoding) => Ok(encoding),
        None => bail!("--encoding {label} is not known: utf-8, utf-16le, utf-16be, windows-1252, shift_jis, gbk, ..."),
    }
}

fn sign(option: &str, typed: &str) -> Result<u8> {
    Ok(match (typed, typed.as_bytes()) {
        ("tab" | "\\t", _) => b'\t',
        ("comma", _) => b',',
        ("semicolon", _) => b';',
        ("space", _) => b' ',
        (_, [sign]) if sign.is_ascii() && !sign.is_ascii_alphanumeric() => *sign,
        _ => bail!("{option} {typed} is not one sign, such as ; or tab"),
    })
}

fn style(typed: &str) -> Result<Style> {
    let order = match typed {
        "ymd" => None,
        "dmy" => Some(Order::DayFirst),
        "mdy" => Some(Order::MonthFirst),
        pattern => {
            ensure!(
                says_a_day(pattern),
                "--date-format {pattern} is none of ymd, mdy, dmy, nor a pattern such as %d-%b-%y"
            );
            return Ok(Style::Pattern(pattern.to_owned()));
        }
    };
    Ok(Style::Any(order))
}

/// Whether what is written in a pattern can be read back.
fn says_a_day(pattern: &str) -> bool {
    use std::fmt::Write as _;
    let day = NaiveDate::from_ymd_opt(2021, 12, 28).map(|day| day.and_time(NaiveTime::MIN));
    let Some(stamp) = day else { return false };
    let mut text = String::new();
    // A pattern with an unknown letter is an error here.
    if write!(text, "{}", stamp.format(pattern)).is_err() {
        return false;
    }
    let read = NaiveDateTime::parse_from_str(&text, pattern).map(|stamp| stamp.date());
    read.or_else(|_| NaiveDate::parse_from_str(&text, pattern)).is_ok_and(|day| day == stamp.date())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::Args;

    fn choices(typed: &[&str]) -> Result<Choices> {
        let args = Args::try_parse_from([&["producer", "--csv", "bars.csv"], typed].concat())?;
        Choices::from_args(&args.dialect)
    }

    #[test]
    fn every_choice_can_be_set() {
        let chosen = choices(&[
            "--compression=gzip",
            "--encoding=latin1",
            "--separator=tab",
            "--quote=none",
            "--header-line=3",
            "--date-format=dmy",
            "--time-zone=Asia/Tokyo",
            "--interval=5m",
            "--decimal=comma",
            "--map=Close=Adj Close",
            "--map=Volume=",
            "--symbol=ACME",
        ]);
        let wanted = Choices {
            compression: Some(Compression::Gzip),
            encoding: Some(encoding_rs::WINDOWS_1252),
            separator: Some(b'\t'),
            quotes: Quotes::Nothing,
            header: HeaderAt::Line(3),
            dates: Some(Style::Any(Some(Order::DayFirst))),
            zone: Some(Tz::Asia__Tokyo),
            interval: Some("5m".to_owned()),
            decimal: Some(Decimal::Comma),
            map: vec![(Field::Close, Some("Adj Close".to_owned())), (Field::Volume, None)],
            symbol: Some(SymbolIs::Typed("ACME".to_owned())),
        };
        assert_eq!(chosen.unwrap(), wanted);
        let columns = choices(&["--columns", "Date, Open"]).unwrap().header;
        assert_eq!(columns, HeaderAt::Nowhere(vec!["Date".to_owned(), "Open".to_owned()]));
    }

    #[test]
    fn what_says_nothing_is_refused() {
        for (typed, word) in [
            ("--map=Close", "FIELD=COLUMN"),
            ("--map=Settle=x", "a bar has"),
            ("--encoding=klingon", "klingon"),
            ("--separator=ab", "--separator"),
            ("--date-format=%H", "%d-%b-%y"),
            ("--date-format=%Q", "%d-%b-%y"),
            ("--date-format=american", "mdy"),
            ("--time-zone=EST5", "America/New_York"),
        ] {
            let message = choices(&[typed]).err().unwrap().to_string();
            assert!(message.contains(word), "{message}");
        }
        assert!(choices(&["--map=Close=a", "--map=close=b"]).err().unwrap().to_string().contains("twice"));
        for pattern in ["%d.%m.%Y", "%d-%b-%y", "%Y%m%d %H:%M"] {
            assert!(choices(&["--date-format", pattern]).is_ok(), "{pattern}");
        }
    }
}
