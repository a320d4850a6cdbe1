//! Bars from a CSV file in the tutorial's form.
//!
//! No field of a bar has a comma or a line break in it, so a line is a row, always. Quotes around a field are taken off,
//! but they do not reach over commas or lines: a stray quote costs its own row, not all that follow it.

use std::io::BufRead;

use anyhow::{Result, bail, ensure};
use chrono::{Datelike, NaiveDate};
use shared::bar::{Bar, field};

use super::lines::Lines;
use super::{NoRecord, Record, Row};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The rows below the header.
pub(crate) struct CsvRows<R> {
    lines: Lines<R>,
    columns: Columns,
    is_empty: bool,
}

/// Where each field stands in a row.
struct Columns {
    width: usize,
    symbol: usize,
    date: usize,
    open: usize,
    high: usize,
    low: usize,
    close: usize,
    adj_close: Option<usize>,
    volume: Option<usize>,
    close_usd: Option<usize>,
}

impl<R: BufRead> CsvRows<R> {
    /// Reads the header. An empty file and a missing column are errors; columns that a bar does not have are left out.
    pub(crate) fn new(reader: R) -> Result<CsvRows<R>> {
        let mut lines = Lines::new(reader);
        let Some((_, line)) = lines.next()? else {
            bail!("the file is empty");
        };
        let header = String::from_utf8_lossy(line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line)).into_owned();
        let columns = Columns::find(&header)?;
        Ok(CsvRows { lines, columns, is_empty: true })
    }
}

impl<R: BufRead> Iterator for CsvRows<R> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        match self.lines.next() {
            Ok(Some((line, bytes))) => {
                self.is_empty = false;
                Some(match self.columns.bar(bytes) {
                    Ok(bar) => Record::of(&bar),
                    Err(reason) => Err(NoRecord::Skipped { line, reason }),
                })
            }
            Ok(None) if self.is_empty => {
                self.is_empty = false;
                Some(Err(NoRecord::Broken(anyhow::anyhow!("the csv file has a header and no rows"))))
            }
            Ok(None) => None,
            Err(error) => Some(Err(NoRecord::Broken(error.into()))),
        }
    }
}

impl Columns {
    fn find(header: &str) -> Result<Columns> {
        let names: Vec<&str> = header.split(',').map(unquoted).collect();
        let place = |name| names.iter().position(|found| *found == name);
        let mut missing = Vec::new();
        let mut required = |name| {
            place(name).unwrap_or_else(|| {
                missing.push(name);
                usize::MAX
            })
        };
        let columns = Columns {
            width: names.len(),
            symbol: required(field::INDEX),
            date: required(field::DATE),
            open: required(field::OPEN),
            high: required(field::HIGH),
            low: required(field::LOW),
            close: required(field::CLOSE),
            adj_close: place(field::ADJ_CLOSE),
            volume: place(field::VOLUME),
            close_usd: place(field::CLOSE_USD),
        };
        ensure!(missing.is_empty(), "the header has no column {}; it reads {}", missing.join(", "), shown(header));
        Ok(columns)
    }

    /// The row as a bar, or the reason why it cannot be one.
    fn bar(&self, line: &[u8]) -> Result<Bar, String> {
        let line = str::from_utf8(line).map_err(|_| "not UTF-8".to_owned())?;
        let fields: Vec<&str> = line.split(',').map(unquoted).collect();
        if fields.len() != self.width {
            return Err(format!("{} fields where the header has {}", fields.len(), self.width));
        }
        let required = |name, place: usize| number(name, fields[place]);
        let optional = |name, place: Option<usize>| match place.map(|place| fields[place]) {
            None | Some("") => Ok(None),
            Some(text) => number(name, text).map(Some),
        };
        Ok(Bar {
            symbol: symbol(fields[self.symbol])?,
            date: date(fields[self.date])?,
            open: required(field::OPEN, self.open)?,
            high: required(field::HIGH, self.high)?,
            low: required(field::LOW, self.low)?,
            close: required(field::CLOSE, self.close)?,
            adj_close: optional(field::ADJ_CLOSE, self.adj_close)?,
            volume: volume(optional(field::VOLUME, self.volume)?)?,
            close_usd: optional(field::CLOSE_USD, self.close_usd)?,
        })
    }
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text)
}

fn symbol(text: &str) -> Result<String, String> {
    if text.is_empty() { Err(format!("{} is empty", field::INDEX)) } else { Ok(text.to_owned()) }
}

fn date(text: &str) -> Result<String, String> {
    const FORM: &str = "%Y-%m-%d";
    // chrono also reads 2021-6-1 and the year 0, which the data contract does not allow.
    match NaiveDate::parse_from_str(text, FORM) {
        Ok(date) if date.year() > 0 && date.format(FORM).to_string() == text => Ok(text.to_owned()),
        _ => Err(format!("{} is not a day as YYYY-MM-DD: {}", field::DATE, shown(text))),
    }
}

fn number(name: &str, text: &str) -> Result<f64, String> {
    if text.is_empty() {
        return Err(format!("{name} is empty"));
    }
    match text.parse::<f64>() {
        Ok(number) if !number.is_finite() => Err(format!("{name} is not finite: {}", shown(text))),
        Ok(number) => Ok(number),
        Err(_) => Err(format!("{name} is not a number: {}", shown(text))),
    }
}

fn volume(number: Option<f64>) -> Result<Option<f64>, String> {
    match number {
        Some(number) if number < 0.0 => Err(format!("{} is negative: {number}", field::VOLUME)),
        number => Ok(number),
    }
}

/// Foreign text, safe on a terminal and not too long for a line.
fn shown(text: &str) -> String {
    const LONGEST: usize = 120;
    let start: String = text.chars().take(LONGEST).collect();
    let more = if start.len() < text.len() { "..." } else { "" };
    format!("{start:?}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "Index,Date,Open,High,Low,Close,Adj Close,Volume,CloseUSD";

    fn rows(text: &str) -> Vec<Row> {
        CsvRows::new(text.as_bytes()).unwrap().collect()
    }

    fn json(row: &Row) -> &str {
        str::from_utf8(&row.as_ref().unwrap().value).unwrap()
    }

    /// One line for each row, as a person would look at it.
    fn listing(text: &str) -> String {
        let line = |row: Row| match row {
            Ok(record) => format!("{} {}\n", record.key, String::from_utf8(record.value).unwrap()),
            Err(NoRecord::Skipped { line, reason }) => format!("line {line}: {reason}\n"),
            Err(NoRecord::Broken(error)) => format!("broken: {error}\n"),
        };
        rows(text).into_iter().map(line).collect()
    }

    #[test]
    fn a_row_of_the_tutorial_becomes_its_json() {
        insta::assert_snapshot!(listing(&format!(
            "{HEADER}\nHSI,1986-12-31,2568.300049,2568.300049,2568.300049,2568.300049,2568.300049,0,333.87900637\n"
        )),);
    }

    #[test]
    fn a_byte_order_mark_crlf_and_quotes_change_nothing() {
        let row = "HSI,1986-12-31,1,2,0.5,1.5,1.5,7,0.2";
        let plain = rows(&format!("{HEADER}\n{row}\n"));
        let windows = rows(&format!("\u{feff}{HEADER}\r\n{row}\r\n\r\n"));
        let quoted = rows(&format!("\u{feff}\"Index\"{}\n\"HSI\"{}", &HEADER[5..], &row[3..]));
        assert_eq!(json(&plain[0]), json(&windows[0]));
        assert_eq!(json(&plain[0]), json(&quoted[0]));
        assert_eq!((plain.len(), windows.len(), quoted.len()), (1, 1, 1));
    }

    #[test]
    fn columns_are_found_by_name_in_any_order_and_three_may_be_missing() {
        let rows = rows("Volume,Note,Close,Low,High,Open,Date,Index\n7,x,1.5,0.5,2,1,1986-12-31,HSI\n");
        assert_eq!(
            json(&rows[0]),
            r#"{"Index":"HSI","Date":"1986-12-31","Open":1.0,"High":2.0,"Low":0.5,"Close":1.5,"Volume":7.0}"#
        );
        let index = self::rows("Index,Date,Open,High,Low,Close\nHSI,1986-12-31,1,2,0.5,1.5\n");
        assert_eq!(
            json(&index[0]),
            r#"{"Index":"HSI","Date":"1986-12-31","Open":1.0,"High":2.0,"Low":0.5,"Close":1.5}"#
        );
    }

    #[test]
    fn an_empty_optional_field_is_left_out() {
        let rows = rows(&format!("{HEADER}\nHSI,1986-12-31,1,2,0.5,1.5,,,\n"));
        assert_eq!(
            json(&rows[0]),
            r#"{"Index":"HSI","Date":"1986-12-31","Open":1.0,"High":2.0,"Low":0.5,"Close":1.5}"#
        );
    }

    #[test]
    fn what_cannot_be_a_bar_is_named_by_line_and_costs_itself_only() {
        let bad = [
            "HSI,1986-12-31,1,2,0.5,1.5,1.5,7",
            "HSI,1986-12-31,one,2,0.5,1.5,1.5,7,0.2",
            "HSI,1986-12-31,1,NaN,0.5,1.5,1.5,7,0.2",
            "HSI,1986-12-31,1,2,0.5,1.5,1.5,-7,0.2",
            "HSI,1986-12-31,1,2,0.5,1e999,1.5,7,0.2",
            "HSI,1986-12-31,1,2,0.5,,1.5,7,0.2",
            "HSI,1986-12-31,1,2,0.5,1.5,null,7,0.2",
            "HSI,1986-02-31,1,2,0.5,1.5,1.5,7,0.2",
            "HSI,1986-2-1,1,2,0.5,1.5,1.5,7,0.2",
            "HSI,0000-12-31,1,2,0.5,1.5,1.5,7,0.2",
            ",1986-12-31,1,2,0.5,1.5,1.5,7,0.2",
            "\"HSI,1986-12-31,1,2,0.5,1.5,1.5,-7,0.2",
            "HSI,\u{1b}[2J,1,2,0.5,1.5,1.5,7,0.2",
            "HSI,1986-12-31,1,2,0.5,1.5,1.5,7,0.2",
        ];
        insta::assert_snapshot!(listing(&format!("{HEADER}\r\n{}\r\n", bad.join("\r\n"))));
    }

    #[test]
    fn a_row_that_is_not_utf_8_is_skipped() {
        let text = [HEADER.as_bytes(), b"\n\xff\xfe,1986-12-31,1,2,0.5,1.5,1.5,7,0.2\n"].concat();
        let mut rows = CsvRows::new(&text[..]).unwrap();
        assert!(matches!(rows.next(), Some(Err(NoRecord::Skipped { line: 2, .. }))));
        assert!(rows.next().is_none());
    }

    #[test]
    fn odd_prices_are_bars_all_the_same() {
        for row in ["HSI,1986-12-31,1,0.5,2,1.5,1.5,0,0.2", "CL,2020-04-20,17.73,17.85,-40.32,-37.63,,247947,-37.63"] {
            assert!(rows(&format!("{HEADER}\n{row}"))[0].is_ok(), "{row}");
        }
    }

    #[test]
    fn a_file_without_rows_or_header_or_a_column_is_an_error() {
        let error = |text: &str| CsvRows::new(text.as_bytes()).err().unwrap().to_string();
        assert_eq!(error(""), "the file is empty");
        assert_eq!(error("\r\n\n"), "the file is empty");
        assert_eq!(
            error("Index,Date,Open,Close,Volume\n"),
            "the header has no column High, Low; it reads \"Index,Date,Open,Close,Volume\""
        );
        assert_eq!(listing(HEADER), "broken: the csv file has a header and no rows\n");
    }
}
