//! The reports that this function knows: one folder each under `reports/`, embedded when it is built.

use include_dir::{Dir, include_dir};
use thiserror::Error;

use crate::declaration::{Declaration, DeclarationError};
use crate::sql::{Template, UnknownPlaceholder};

/// One report: what it asks and how it is shown.
#[derive(Debug)]
pub(crate) struct Report {
    /// The name of its folder, here and in the lake.
    pub(crate) name: String,
    pub(crate) declaration: Declaration,
    pub(crate) query: Template,
}

/// A report folder that cannot be used.
#[derive(Debug, Error)]
pub(crate) enum CatalogError {
    #[error("report {name} has no readable {file}")]
    NoFile { name: String, file: &'static str },
    #[error("report {name}, report.toml: {source}")]
    Toml { name: String, source: toml::de::Error },
    #[error("report {name}, report.toml: {source}")]
    Declaration { name: String, source: DeclarationError },
    #[error("report {name}, query.sql: {source}")]
    Query { name: String, source: UnknownPlaceholder },
}

/// No report has this name.
#[derive(Debug, PartialEq, Eq, Error)]
#[error("unknown report {name:?}: known are {known}")]
pub(crate) struct UnknownReport {
    name: String,
    known: String,
}

static REPORTS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/reports");

/// All embedded reports, by name.
pub(crate) fn load() -> Result<Vec<Report>, CatalogError> {
    let shared: Vec<(&str, &str)> = REPORTS
        .files()
        .filter_map(|file| Some((file.path().to_str()?.strip_suffix(".sql")?, file.contents_utf8()?)))
        .collect();
    let mut reports = REPORTS
        .dirs()
        .map(|folder| {
            let name = folder.path().to_string_lossy().into_owned();
            let text = |file: &'static str| {
                let found = folder.get_file(folder.path().join(file));
                found
                    .and_then(|found| found.contents_utf8())
                    .ok_or_else(|| CatalogError::NoFile { name: name.clone(), file })
            };
            let (declaration, query) = (text("report.toml")?, text("query.sql")?);
            Report::parse(&name, declaration, query, &shared)
        })
        .collect::<Result<Vec<Report>, CatalogError>>()?;
    reports.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(reports)
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
    fn every_declared_column_is_named_in_its_query() {
        for report in loaded() {
            let sql = report.query.render("2026-11-22".parse().unwrap(), chrono::DateTime::default());
            for column in &report.declaration.columns {
                assert!(sql.contains(&column.name), "{}: {}", report.name, column.name);
            }
        }
    }

    #[test]
    fn a_malformed_report_says_which_and_why() {
        let head = "title = 'T'\ndescription = 'D'\nempty = 'E'\n";
        let column = "[[columns]]\nname = 'a'\nlabel = 'A'\nformat = 'text'\n";
        let chart =
            "[[charts]]\nkind = 'hourly-bars'\ntitle = 'C'\nx = 'a'\ny = []\nunit = 'u'\nhours = 48\nempty = ''\n";
        let fact = "[[facts]]\nlabel = 'F'\ncolumn = 'b'\nof = 'sum'\n";
        let messages: Vec<String> = [
            (format!("{head}columns = []\ncolour = 'red'"), ""),
            (format!("{head}{column}{column}"), ""),
            (format!("{head}{column}{chart}"), ""),
            (format!("{head}{column}{fact}"), ""),
            (format!("{head}{column}"), "SELECT {{yesterday}}"),
        ]
        .iter()
        .map(|(declaration, query)| Report::parse("broken", declaration, query, &[]).unwrap_err().to_string())
        .collect();
        insta::assert_snapshot!(messages.join("\n---\n"));
    }
}
