//! `DuckDB`, the engine of the local stack, as a process that is asked about one lake after the other.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use local::project_root;
use report::catalog::{self, Report};
use shared::manifest::{self, Manifest};
use store::Memory;
use tempfile::TempDir;

/// The day that the reports are of: the second on which something lands.
const DAY: &str = "2026-11-20";

pub(crate) struct Engine {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// The lakes, one after the other.
    folder: TempDir,
    reports: Vec<Report>,
}

/// What a query answers: a report's, or that of the unknown fields.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) name: String,
    pub(crate) error: Option<String>,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Cells>,
}

/// As text, as Athena has them.
pub(crate) type Cells = Vec<Option<String>>;

pub(crate) fn day() -> (NaiveDate, DateTime<Utc>) {
    let day: NaiveDate = DAY.parse().unwrap();
    (day, day.and_time(NaiveTime::from_hms_opt(12, 0, 0).unwrap()).and_utc())
}

/// As `engine.py` tells an answer: its name, its error, columns, rows.
type Told = (String, Option<String>, Vec<String>, Vec<Cells>);

impl Engine {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let reports = catalog::load().unwrap();
        let root = project_root();
        let mut process = Command::new(root.join("target/golden/venv/bin/python"))
            .arg("-B")
            .arg(root.join("tests/lakes/engine.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("`make test` makes target/golden/venv");
        let (input, output) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        Self { process, input, output: BufReader::new(output), folder, reports }
    }

    pub(crate) fn report(&self, name: &str) -> Option<&Report> {
        self.reports.iter().find(|report| report.name() == name)
    }

    /// Runs every query on a lake, as the function would send it.
    pub(crate) fn ask(&mut self, lake: &Memory) -> Vec<Answer> {
        let folder = self.folder.path().join("lake");
        fs::remove_dir_all(&folder).ok();
        write(lake, &folder);
        let manifest = lake.objects(manifest::KEY).pop();
        let manifest = manifest.map(|(_, bytes)| Manifest::parse(&bytes).unwrap()).unwrap_or_default();
        let (day, as_of) = day();
        let queries: BTreeMap<_, _> =
            self.reports.iter().map(|report| (report.name(), report.sql(day, as_of, &manifest))).collect();
        writeln!(self.input, "{}", serde_json::json!([folder, queries])).unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let answers: Vec<Told> = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let answers = answers.into_iter();
        answers.map(|(name, error, columns, rows)| Answer { name, error, columns, rows }).collect()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Each object as a file.
pub(crate) fn write(lake: &Memory, folder: &Path) {
    for (key, body) in lake.objects("") {
        let path = folder.join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, body).unwrap();
    }
}
