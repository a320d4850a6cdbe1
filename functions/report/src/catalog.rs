//! The reports that this function knows: one folder each under `reports/`, embedded when it is built.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, Utc};
use include_dir::{Dir, File, include_dir};
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
    #[error("{0} cannot be read as text")]
    Unreadable(String),
    /// A folder without one of its two files.
    #[error("report {name} has no {file}")]
    NoFile {
        /// Its folder.
        name: String,
        /// What is missing.
        file: &'static str,
    },
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

static REPORTS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/reports");

/// The reports that were embedded when this was built, by name.
pub fn load() -> Result<Vec<Report>, CatalogError> {
    let text = |file: &File<'_>| {
        let content = file.contents_utf8().ok_or_else(|| CatalogError::Unreadable(file.path().display().to_string()));
        Ok((file.path().to_owned(), content?.to_owned()))
    };
    let files = REPORTS.dirs().flat_map(Dir::files).chain(REPORTS.files());
    parse(&files.map(text).collect::<Result<_, CatalogError>>()?)
}

/// The reports of a folder on disk, by name.
pub fn read(folder: &Path) -> Result<Vec<Report>, CatalogError> {
    let unreadable = |path: &Path| CatalogError::Unreadable(path.display().to_string());
    let list = |folder: &Path| -> Result<Vec<PathBuf>, CatalogError> {
        let entries = fs::read_dir(folder).map_err(|_| unreadable(folder))?;
        entries.map(|entry| entry.map(|entry| entry.path()).map_err(|_| unreadable(folder))).collect()
    };
    let mut files = BTreeMap::new();
    for path in list(folder)? {
        for file in if path.is_dir() { list(&path)? } else { vec![path] } {
            let content = fs::read_to_string(&file).map_err(|_| unreadable(&file))?;
            files.insert(file.strip_prefix(folder).unwrap_or(&file).to_owned(), content);
        }
    }
    parse(&files)
}

/// From the texts of all files by their paths: a folder is a report, an `.sql` file beside the folders is a shared expression.
fn parse(files: &BTreeMap<PathBuf, String>) -> Result<Vec<Report>, CatalogError> {
    let stem = |path: &Path| path.to_str().and_then(|path| path.strip_suffix(".sql")).map(str::to_owned);
    let is_shared = |path: &Path| path.components().count() == 1;
    let shared: Vec<(String, &str)> = files
        .iter()
        .filter(|(path, _)| is_shared(path))
        .filter_map(|(path, text)| Some((stem(path)?, text.as_str())))
        .collect();
    let shared: Vec<(&str, &str)> = shared.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    let folders: BTreeSet<&Path> =
        files.keys().filter(|path| !is_shared(path)).filter_map(|path| path.parent()).collect();
    folders
        .into_iter()
        .map(|folder| {
            let name = folder.display().to_string();
            let text = |file: &'static str| {
                files.get(&folder.join(file)).ok_or_else(|| CatalogError::NoFile { name: name.clone(), file })
            };
            Report::parse(&name, text("report.toml")?, text("query.sql")?, &shared)
        })
        .collect()
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
    /// A report from the text of its two files. `shared` holds the expressions that queries may name.
    pub(crate) fn parse(
        name: &str,
        declaration: &str,
        query: &str,
        shared: &[(&str, &str)],
    ) -> Result<Self, CatalogError> {
        let name = name.to_owned();
        let declaration: Declaration =
            toml::from_str(declaration).map_err(|source| CatalogError::Toml { name: name.clone(), source })?;
        declaration.check().map_err(|source| CatalogError::Declaration { name: name.clone(), source })?;
        let query =
            Template::parse(query, shared).map_err(|source| CatalogError::Query { name: name.clone(), source })?;
        Ok(Self { name, declaration, query })
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
