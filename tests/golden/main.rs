//! Each report's query, on the engine of the local stack, against the same numbers computed without SQL; and past Trino's grammar.
//!
//! The numbers come from pandas, `golden.py` beside this file. This part gives it the queries, as the function would send them.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use chrono::{DateTime, NaiveDate, NaiveTime};
use local::project_root;
use report::catalog;
use shared::manifest::Manifest;

const DATES: &str = include_str!("dates.txt");

#[test]
fn each_report_has_the_numbers_that_pandas_computes() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let noon = NaiveTime::from_hms_opt(12, 0, 0).context("no noon")?;
    for report in catalog::load()? {
        for date in DATES.split_whitespace() {
            let day: NaiveDate = date.parse()?;
            let as_of: DateTime<chrono::Utc> = day.and_time(noon).and_utc();
            fs::write(
                folder.path().join(format!("{}.{date}.sql", report.name())),
                report.sql(day, as_of, &Manifest::default()),
            )?;
        }
    }
    let root = project_root();
    let compared = Command::new(root.join("target/golden/venv/bin/python"))
        .arg("-B")
        .arg(root.join("tests/golden/golden.py"))
        .arg(folder.path())
        .output()
        .context("cannot run target/golden/venv/bin/python: `make test` makes it")?;
    let said = [compared.stdout, compared.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    ensure!(compared.status.success(), "{said}");
    ensure!(said.contains("Ran ") && !said.contains("Ran 0 "), "nothing was compared: {said}");
    Ok(())
}
