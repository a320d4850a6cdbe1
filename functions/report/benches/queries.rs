//! How long does each report's query take on a lake of a year: 20,000 symbols, five million bars, on the engine of the local stack.
//!
//! The lake is made and the queries are run by `queries.py` beside this file, for that engine is a Python package; this renders the queries
//! as the function would send them, and passes its verdict on.

#![expect(clippy::unwrap_used, reason = "in a benchmark a panic is the message")]

use std::path::Path;
use std::process::{Command, ExitCode};
use std::{env, fs};

use chrono::{DateTime, NaiveDate, NaiveTime};
use report::catalog;
use shared::manifest::Manifest;

/// The lake ends with it.
const LAST_DAY: &str = "2026-11-20";
/// That no query may take longer than this is what was asked for.
const MOST_SECONDS: u32 = 10;

fn main() -> ExitCode {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("queries");
    fs::remove_dir_all(&folder).ok();
    fs::create_dir_all(&folder).unwrap();
    let day: NaiveDate = LAST_DAY.parse().unwrap();
    let as_of: DateTime<chrono::Utc> = day.and_time(NaiveTime::from_hms_opt(23, 50, 0).unwrap()).and_utc();
    for report in catalog::load().unwrap() {
        fs::write(folder.join(format!("{}.sql", report.name())), report.sql(day, as_of, &Manifest::default())).unwrap();
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let ended = Command::new(root.join("target/golden/venv/bin/python"))
        .arg("-B")
        .arg(root.join("functions/report/benches/queries.py"))
        .arg(&folder)
        .args([LAST_DAY, &MOST_SECONDS.to_string()])
        .status()
        .unwrap();
    if ended.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
