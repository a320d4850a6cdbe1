//! `DuckDB`, the engine of the local stack, as a process that is asked about one lake after the other.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use ingest::store::Memory;
use local::project_root;
use report::catalog;
use tempfile::TempDir;

/// The day that the reports are of: the second on which something lands.
const DAY: &str = "2026-11-20";

pub(crate) struct Engine {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// The queries, as the function would send them; and the lakes, one after the other.
    folder: TempDir,
}

/// What a report's query answers.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) report: String,
    pub(crate) error: Option<String>,
    pub(crate) columns: Vec<String>,
    /// As text, as Athena has them.
    pub(crate) rows: Vec<Vec<Option<String>>>,
}

pub(crate) fn day() -> (NaiveDate, DateTime<Utc>) {
    let day: NaiveDate = DAY.parse().unwrap();
    (day, day.and_time(NaiveTime::from_hms_opt(12, 0, 0).unwrap()).and_utc())
}

impl Engine {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (day, as_of) = day();
        for report in catalog::load().unwrap() {
            fs::write(folder.path().join(format!("{}.sql", report.name())), report.sql(day, as_of)).unwrap();
        }
        let root = project_root();
        let mut process = Command::new(root.join("target/golden/venv/bin/python"))
            .arg("-B")
            .arg(root.join("tests/lakes/engine.py"))
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("`make test` makes target/golden/venv");
        let (input, output) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        Self { process, input, output: BufReader::new(output), folder }
    }

    /// Runs every query on a lake.
    pub(crate) fn ask(&mut self, lake: &Memory) -> Vec<Answer> {
        let folder = self.folder.path().join("lake");
        fs::remove_dir_all(&folder).ok();
        write(lake, &folder);
        writeln!(self.input, "{}", folder.display()).unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let answers: Vec<(String, Option<String>, Vec<String>, Vec<Vec<Option<String>>>)> =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let answers = answers.into_iter();
        answers.map(|(report, error, columns, rows)| Answer { report, error, columns, rows }).collect()
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
