//! A real Trino as a process that is asked one query after the other: `ask.py` starts it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use local::project_root;
use serde_json::Value;

pub(crate) struct Trino {
    process: Child,
    /// None once it is to end.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// Names and types of the columns, and the rows, each cell as Trino's JSON has it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) names: Vec<String>,
    pub(crate) types: Vec<String>,
    pub(crate) rows: Vec<Vec<Value>>,
}

/// As `ask.py` tells an answer.
type Told = (Option<String>, Vec<String>, Vec<String>, Vec<Vec<Value>>);

impl Trino {
    /// Over the emulator at `endpoint`, with its log in `folder`, which is made anew.
    pub(crate) fn start(endpoint: &str, folder: &Path) -> Result<Self> {
        let root = project_root();
        let mut process = Command::new(root.join("target/golden/venv/bin/python"))
            .arg("-B")
            .arg(root.join("tests/athena/ask.py"))
            .arg(endpoint)
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot run target/golden/venv/bin/python: `make test-athena` makes it")?;
        let (input, output) = (process.stdin.take(), process.stdout.take().context("it has no output")?);
        let mut trino = Self { process, input, output: BufReader::new(output) };
        let said = trino.line()?;
        ensure!(said == "ready\n", "Trino did not start, and said why above: {said:?}");
        Ok(trino)
    }

    /// What a query answers, in this database.
    pub(crate) fn ask(&mut self, database: &str, sql: &str) -> Result<Answer> {
        let question = serde_json::to_string(&[database, sql])?;
        writeln!(self.input.as_mut().context("it was ended")?, "{question}")?;
        let line = self.line()?;
        let (error, names, types, rows): Told =
            serde_json::from_str(&line).with_context(|| format!("told {line:?}"))?;
        match error {
            Some(error) => bail!("{error}\nin {sql}"),
            None => Ok(Answer { names, types, rows }),
        }
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line)
    }
}

impl Drop for Trino {
    fn drop(&mut self) {
        // It ends Trino, and itself, in bounded time.
        self.input = None;
        let _ = self.process.wait();
    }
}
