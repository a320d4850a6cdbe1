//! All that is made of a query's rows, by the code that makes it on AWS, but without AWS: for tests, and for whoever designs a report.

use chrono::{DateTime, NaiveDate, Utc};
use thiserror::Error;

use crate::athena::Answer;
use crate::catalog::Report;
use crate::index::{self, Entry};
use crate::mail;
use crate::making::{Files, Making, MakingError};
use crate::page::Moment;
use crate::record::Splitter;
use crate::result::Place;

/// What people and programs get to see of one report.
#[derive(Debug)]
pub struct Rehearsal {
    /// `report.csv`.
    pub csv: Vec<u8>,
    /// `report.json`.
    pub json: Vec<u8>,
    /// `report.html`.
    pub page: String,
    /// `headline.txt`: the report in a line.
    pub headline: String,
    /// An index that has this report alone.
    pub index: String,
    /// The message that announces this report alone.
    pub mail: String,
}

/// Rows that no report can be made of.
#[derive(Debug, Error)]
#[error("report {report}: {source}")]
pub struct RehearsalError {
    report: String,
    source: MakingError,
}

/// Makes the report of a day from the names of the query's columns and its rows: the text of each cell as Athena writes it, none for a
/// NULL.
pub fn rehearse(
    report: &Report,
    date: NaiveDate,
    now: DateTime<Utc>,
    columns: &[String],
    rows: &[Vec<Option<String>>],
) -> Result<Rehearsal, RehearsalError> {
    made(report, date, now, columns, rows).map_err(|source| RehearsalError { report: report.name().to_owned(), source })
}

fn made(
    report: &Report,
    date: NaiveDate,
    now: DateTime<Utc>,
    columns: &[String],
    rows: &[Vec<Option<String>>],
) -> Result<Rehearsal, MakingError> {
    let (mut csv, mut json) = (Vec::new(), Vec::new());
    let mut files = Files { csv: &mut csv, json: &mut json };
    let mut splitter = Splitter::new();
    splitter.read(&mut line(columns.iter().map(|name| Some(name.as_str()))).as_slice());
    let moment = Moment { date, as_of: now, generated_at: now };
    let mut making = Making::begin(report, moment, splitter.record(), &mut files)?;
    for row in rows {
        splitter.read(&mut line(row.iter().map(Option::as_deref)).as_slice());
        making.add(splitter.record(), &mut files)?;
    }
    let place = Place { bucket: "lake".to_owned(), key: "queries/rehearsal.csv".to_owned() };
    let answer = Answer { query_id: "rehearsal".to_owned(), scanned_bytes: 0, engine_milliseconds: 0, place };
    let made = making.finish(&answer, &mut files)?;
    let entry = Entry::of(report, date, &made.headline);
    let link = |key: &str| key.strip_prefix("reports/").unwrap_or(key).to_owned();
    let entries = [entry];
    Ok(Rehearsal {
        csv,
        json,
        page: made.html,
        headline: made.headline,
        index: index::render(&entries, now, index::DESCRIPTION, link),
        mail: mail::message(&entries, date, now, "https://lake.example/"),
    })
}

/// As Athena writes it.
fn line<'a>(cells: impl Iterator<Item = Option<&'a str>>) -> Vec<u8> {
    let quoted = |cell: &str| format!("\"{}\"", cell.replace('"', "\"\""));
    let cells: Vec<String> = cells.map(|cell| cell.map_or_else(String::new, quoted)).collect();
    (cells.join(",") + "\n").into_bytes()
}

#[cfg(test)]
mod sizes;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog;

    #[test]
    fn what_is_rehearsed_is_all_that_people_and_programs_see() {
        let reports = catalog::load().unwrap_or_else(|error| panic!("{error}"));
        let report = reports.iter().find(|report| report.name() == "correlation").unwrap();
        let columns: Vec<String> = report.declaration.columns.iter().map(|column| column.name.clone()).collect();
        let cells =
            ["=A", "B\u{1b}", "0.5", "20", "2026-01-01", "2026-11-20", "=A and B\u{1b}", "=A and B\u{1b}", "0.5"];
        let rows = [cells.map(|cell| Some(cell.to_owned())).to_vec()];
        let date = "2026-11-20".parse().unwrap();
        let rehearsal = rehearse(report, date, DateTime::default(), &columns, &rows).unwrap();
        let csv = String::from_utf8(rehearsal.csv).unwrap();
        assert!(csv.contains("\n\"'=A\",B\u{1b},0.5,20,"), "{csv}");
        let json: serde_json::Value = serde_json::from_slice(&rehearsal.json).unwrap();
        assert_eq!((&json["rows"][0]["symbol"], &json["rows"][0]["other"]), (&"=A".into(), &"B\u{1b}".into()));
        assert_eq!(rehearsal.headline, "=A and B␛ move together most (+0.50), =A and B␛ least (+0.50)");
        for text in [&rehearsal.page, &rehearsal.index, &rehearsal.mail] {
            assert!(text.contains("=A and B␛ move together most") || text.contains(">B␛<"), "{text}");
            assert!(!text.contains('\u{1b}'), "{text}");
        }
    }
}
