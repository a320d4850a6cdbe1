//! The reports that this function knows: one folder each under `reports/`, embedded when it is built.

mod folder;

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use shared::manifest::Manifest;
use thiserror::Error;

use crate::declaration::{Declaration, DeclarationError};
use crate::sql::{self, Template, UnknownPlaceholder};

/// One report: what it asks and how it is shown.
#[derive(Debug)]
pub struct Report {
    /// The name of its folder, here and in the lake.
    pub(crate) name: String,
    pub(crate) declaration: Declaration,
    query: Template,
}

/// A report folder that cannot be used.
#[derive(Debug, Error)]
pub enum CatalogError {
    /// A file that is not there, or not text.
    #[error(transparent)]
    Unreadable(#[from] std::io::Error),
    /// What was embedded is not what this reads: a declaration with a field that is unknown, missing or of the wrong type.
    #[error("the embedded reports: {0}")]
    Embedded(#[from] serde_json::Error),
    /// A declaration with a field that is unknown, missing or of the wrong type.
    #[error("report {name}, report.toml: {source}")]
    Toml {
        /// Its folder.
        name: String,
        /// Where and why.
        source: toml::de::Error,
    },
    /// A declaration that does not fit together.
    #[error("report {name}, report.toml: {source}")]
    Declaration {
        /// Its folder.
        name: String,
        /// What does not fit.
        source: DeclarationError,
    },
    /// A query with a placeholder that nothing stands for.
    #[error("report {name}, query.sql: {source}")]
    Query {
        /// Its folder.
        name: String,
        /// Which.
        source: UnknownPlaceholder,
    },
}

/// No report has this name.
#[derive(Debug, PartialEq, Eq, Error)]
#[error("unknown report {name:?}: known are {known}")]
pub struct UnknownReport {
    name: String,
    known: String,
}

/// What the build script embeds.
#[derive(Deserialize)]
struct Embedded {
    expressions: BTreeMap<String, String>,
    reports: BTreeMap<String, Source>,
}

#[derive(Deserialize)]
struct Source {
    declaration: Declaration,
    query: String,
}

/// The reports that were embedded when this was built, by name.
pub fn load() -> Result<Vec<Report>, CatalogError> {
    let embedded: Embedded = serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/reports.json")))?;
    let Embedded { expressions, reports } = embedded;
    let expressions = pairs(&expressions);
    let report = |(name, source): (String, Source)| Report::new(&name, source.declaration, &source.query, &expressions);
    reports.into_iter().map(report).collect()
}

/// The reports of a folder on disk, by name.
pub fn read(folder: &Path) -> Result<Vec<Report>, CatalogError> {
    let folder = folder::read(folder)?;
    let expressions = pairs(&folder.expressions);
    let report = |texts: &folder::Texts| Report::parse(&texts.name, &texts.declaration, &texts.query, &expressions);
    folder.reports.iter().map(report).collect()
}

fn pairs(expressions: &BTreeMap<String, String>) -> Vec<(&str, &str)> {
    expressions.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect()
}

/// The report of this name, or all of them.
pub(crate) fn select<'a>(reports: &'a [Report], name: Option<&str>) -> Result<Vec<&'a Report>, UnknownReport> {
    let Some(name) = name else {
        return Ok(reports.iter().collect());
    };
    if let Some(report) = reports.iter().find(|report| report.name == name) {
        return Ok(vec![report]);
    }
    let known: Vec<&str> = reports.iter().map(|report| report.name.as_str()).collect();
    Err(UnknownReport { name: name.to_owned(), known: known.join(", ") })
}

impl Report {
    /// A report from the text of its two files. `expressions` are those that queries may name.
    pub(crate) fn parse(
        name: &str,
        declaration: &str,
        query: &str,
        expressions: &[(&str, &str)],
    ) -> Result<Self, CatalogError> {
        let declaration =
            toml::from_str(declaration).map_err(|source| CatalogError::Toml { name: name.to_owned(), source })?;
        Self::new(name, declaration, query, expressions)
    }

    fn new(
        name: &str,
        declaration: Declaration,
        query: &str,
        expressions: &[(&str, &str)],
    ) -> Result<Self, CatalogError> {
        let name = name.to_owned();
        if let Err(source) = declaration.check() {
            return Err(CatalogError::Declaration { name, source });
        }
        match Template::parse(query, expressions) {
            Ok(query) => Ok(Self { name, declaration, query }),
            Err(source) => Err(CatalogError::Query { name, source }),
        }
    }

    /// The name of its folder, here and in the lake.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its query for a day, for Trino and `DuckDB` alike, of the lake as the manifest tells it.
    pub fn sql(&self, date: NaiveDate, as_of: DateTime<Utc>, manifest: &Manifest) -> String {
        self.query.render(date, as_of, self.declaration.lookback_days, manifest)
    }

    /// The first folder that the query for a day reads; none if it reads all.
    pub(crate) fn folder_from(&self, date: NaiveDate, as_of: DateTime<Utc>) -> Option<NaiveDate> {
        sql::folder_from(date, as_of, self.declaration.lookback_days?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded() -> Vec<Report> {
        load().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn every_folder_is_a_report_that_loads() {
        let entries = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/reports")).unwrap();
        let folders = entries.map(Result::unwrap).filter(|entry| entry.file_type().unwrap().is_dir());
        let mut folders: Vec<String> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
        folders.sort();
        let names: Vec<String> = loaded().into_iter().map(|report| report.name).collect();
        assert_eq!(names, folders);
        assert!(names.contains(&"market-summary".to_owned()));
    }

    #[test]
    fn a_folder_on_disk_is_read_as_the_embedded_one_is() {
        let read = read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/reports"))).unwrap();
        let sql = |reports: &[Report]| -> Vec<(String, String)> {
            let day = "2026-11-22".parse().unwrap();
            reports
                .iter()
                .map(|report| (report.name.clone(), report.sql(day, DateTime::default(), &Manifest::default())))
                .collect()
        };
        assert_eq!(sql(&read), sql(&loaded()));
    }

    #[test]
    fn a_malformed_report_says_which_and_why() {
        let head = "title = 'T'\ndescription = 'D'\nempty = 'E'\nheadline = 'H'\n";
        let column = "[[columns]]\nname = 'a'\nlabel = 'A'\nformat = 'text'\n";
        let chart =
            "[[charts]]\nkind = 'hourly-bars'\ntitle = 'C'\nx = 'a'\ny = []\nunit = 'u'\nhours = 48\nempty = ''\n";
        let fact = "[[facts]]\nlabel = 'F'\ncolumn = 'b'\nof = 'sum'\n";
        let messages: Vec<String> = [
            (format!("{head}columns = []\ncolour = 'red'"), ""),
            (format!("{head}{column}{column}"), ""),
            (format!("{head}{column}{chart}"), ""),
            (format!("{head}{column}{fact}"), ""),
            (format!("{head}{column}[[charts]]\nkind = 'pie'\ntitle = 'C'\nempty = ''\n"), ""),
            (format!("{head}{column}[[charts]]\nkind = 'ranked-bars'\ntitle = 'C'\nempty = ''\nlabel = 'a'\n"), ""),
            (format!("{head}sections = 'b'\n{column}"), ""),
            (format!("{head}{column}[[facts]]\nlabel = 'F'\ncolumn = 'a'\nof = 'first'\nsection = 'S'\n"), ""),
            (format!("{}{column}", head.replace("'H'", "'{Rows} rows'")), ""),
            (format!("{head}{column}"), "SELECT {{yesterday}}"),
        ]
        .iter()
        .map(|(declaration, query)| Report::parse("broken", declaration, query, &[]).unwrap_err().to_string())
        .collect();
        insta::assert_snapshot!(messages.join("\n---\n"));
    }
}
