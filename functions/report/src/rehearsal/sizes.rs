//! How large pages get.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use super::{Rehearsal, rehearse};
use crate::catalog;
use crate::declaration::{Column, Format};
use crate::page::MOST_BYTES;

const SYMBOLS: usize = 600;
/// As the queries do: more symbols have no arrays.
const WITH_ARRAYS: usize = 200;

/// Numbers with all their digits, as prices of a year have; always the same.
struct Walk(u64);

impl Walk {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(self.0 >> 32).unwrap()) / f64::from(u32::MAX)
    }

    fn prices(&mut self, count: usize) -> Vec<f64> {
        let mut price = 3_000.0 * self.next() + 5.0;
        let mut step = || {
            price *= 0.95 + 0.1 * self.next();
            price
        };
        (0..count).map(|_| step()).collect()
    }
}

/// As Athena writes it; `bars` are those of one symbol.
fn cell(column: &Column, row: usize, bars: usize, walk: &mut Walk) -> Option<String> {
    let last: NaiveDate = "2026-11-20".parse().unwrap();
    let is_array = matches!(column.format, Format::Numbers | Format::Dates | Format::Times);
    if is_array && row >= WITH_ARRAYS {
        return None;
    }
    let array = |items: Vec<String>| Some(format!("[{}]", items.join(", ")));
    match column.format {
        Format::Text if column.name == "section" || column.name == "period" => Some(format!("Section {}", row % 4)),
        Format::Text if column.name == "symbol" => Some(format!("{row:06}.SS")),
        Format::Text if column.name == "other" => Some(format!("{:06}.SS", row * 7 % SYMBOLS)),
        Format::Text => Some("a dozen letters".to_owned()),
        Format::Date => Some(last.to_string()),
        Format::Month => Some("2026-11".to_owned()),
        Format::Timestamp => {
            let hour = last.and_hms_opt(23, 0, 0).unwrap() - TimeDelta::hours(i64::try_from(row).unwrap());
            Some(hour.format("%Y-%m-%d %H:%M:%S.000").to_string())
        }
        Format::Integer | Format::Duration => Some(((walk.next() * 1e6).round()).to_string()),
        Format::Decimal | Format::Amount | Format::Percent => Some((walk.next() * 1_000.0 - 500.0).to_string()),
        Format::Numbers => array(walk.prices(bars).iter().map(f64::to_string).collect()),
        Format::Dates => array((0..bars).rev().map(|day| (last - Days::new(day as u64)).to_string()).collect()),
        Format::Times => {
            let first = last.and_hms_opt(0, 0, 0).unwrap();
            let time = |minute| first + TimeDelta::minutes(minute);
            array((0_i64..).take(bars).map(|minute| time(minute).format("%Y-%m-%d %H:%M:%S").to_string()).collect())
        }
    }
}

fn made(name: &str, rows: usize, bars: usize) -> Rehearsal {
    let reports = catalog::load().unwrap();
    let report = reports.iter().find(|report| report.name() == name).unwrap();
    let columns = &report.declaration.columns;
    let mut walk = Walk(1);
    let mut row = |row: usize| columns.iter().map(|column| cell(column, row, bars, &mut walk)).collect::<Vec<_>>();
    let rows: Vec<_> = (0..rows).map(&mut row).collect();
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let now: DateTime<Utc> = "2026-11-20T23:50:00Z".parse().unwrap();
    rehearse(report, now.date_naive(), now, &names, &rows).unwrap()
}

#[test]
fn no_page_has_more_than_a_megabyte_however_many_symbols_and_bars_there_are() {
    for report in catalog::load().unwrap() {
        let name = report.name();
        let bars = if name == "intraday" { 500 } else { 252 };
        let page = made(name, SYMBOLS, bars).page;
        println!("{name}: {} bytes", page.len());
        assert!(page.len() <= MOST_BYTES, "{name}: {} bytes", page.len());
    }
}

#[test]
fn a_year_of_all_symbols_that_have_bars_fits_into_a_page() {
    let page = made("trend", SYMBOLS, 252).page;
    let (_, data) = page.split_once("id=\"charts\">").unwrap();
    let (data, _) = data.split_once("</script>").unwrap();
    let charts: serde_json::Value = serde_json::from_str(data).unwrap();
    let traces = charts[0]["traces"].as_array().unwrap().len();
    println!("{traces} symbols in {} bytes", data.len());
    assert_eq!(charts[0]["rows"], SYMBOLS);
    assert!(traces >= 100, "{traces}");
}
