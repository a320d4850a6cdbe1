//! The queries of all reports, as the function would send them.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use report::catalog;
use shared::manifest::Manifest;

const DATES: &str = include_str!("dates.txt");

/// Writes a file `REPORT.DATE.sql` for each report and each date of `dates.txt`, as of noon of the date.
pub(crate) fn write(folder: &Path) -> Result<()> {
    let noon = NaiveTime::from_hms_opt(12, 0, 0).context("no noon")?;
    for report in catalog::load()? {
        for date in DATES.split_whitespace() {
            let day: NaiveDate = date.parse()?;
            let as_of: DateTime<Utc> = day.and_time(noon).and_utc();
            fs::write(
                folder.join(format!("{}.{date}.sql", report.name())),
                report.sql(day, as_of, &Manifest::default()),
            )?;
        }
    }
    Ok(())
}
