//! What was typed of a file, as the source takes it.

use anyhow::{Result, bail, ensure};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use chrono_tz::Tz;
use encoding_rs::Encoding;

use super::file::DialectArgs;
use crate::source::choices::{Choices, HeaderAt, Quotes, SymbolIs};
use crate::source::date::{Order, Style};
use crate::source::header::Field;

impl DialectArgs {
    /// What was typed, in the source's own terms.
    pub(crate) fn choices(&self) -> Result<Choices> {
        let map = self.map.iter().map(|entry| mapping(entry)).collect::<Result<Vec<_>>>()?;
        for (place, (field, _)) in map.iter().enumerate() {
            ensure!(!map[..place].iter().any(|(other, _)| other == field), "--map names {} twice", field.name());
        }
        let columns = self.columns.as_ref().map(|list| list.split(',').map(|name| name.trim().to_owned()).collect());
        let typed = self.symbol.clone().map(SymbolIs::Typed);
        Ok(Choices {
            compression: self.compression,
            encoding: self.encoding.as_deref().map(encoding).transpose()?,
            separator: self.separator.as_deref().map(|typed| sign("--separator", typed)).transpose()?,
            quotes: match self.quote.as_deref() {
                None => Quotes::Found,
                Some("none") => Quotes::Nothing,
                Some(typed) => Quotes::Sign(sign("--quote", typed)?),
            },
            header: match (self.header_line, columns) {
                (_, Some(columns)) => HeaderAt::Nowhere(columns),
                (Some(line), None) => HeaderAt::Line(line),
                (None, None) => HeaderAt::Found,
            },
            dates: self.date_format.as_deref().map(style).transpose()?,
            zone: self.time_zone.as_deref().map(zone).transpose()?,
            interval: self.interval.clone(),
            decimal: self.decimal,
            map,
            symbol: typed.or(self.symbol_from_file.then_some(SymbolIs::FileName)),
        })
    }
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
    use crate::source::compression::Compression;
    use crate::source::number::Decimal;

    fn choices(typed: &[&str]) -> Result<Choices> {
        let args = Args::try_parse_from([&["producer", "--csv", "bars.csv"], typed].concat())?;
        args.dialect.choices()
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
