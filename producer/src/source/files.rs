//! Files of bars: found by name or pattern, all judged before the first is read.

use std::collections::{BTreeSet, VecDeque};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Error, Result, anyhow, ensure};

use super::choices::Choices;
use super::csv::CsvRows;
use super::dialect::Dialect;
use super::input::Input;
use super::pattern::{fitting, is_pattern};
use super::reader::Reader;
use super::row::{NoRecord, Row};
use super::sniff::Empty;
use super::{lines, sniff};
use crate::source::compression::{self, Compression};

/// Standard input, where a file is named.
const STANDARD_INPUT: &str = "-";

/// Files, as they were meant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Files {
    /// Names or patterns.
    pub(crate) named: Vec<PathBuf>,
    pub(crate) choices: Choices,
}

impl Files {
    /// The files that are meant, in the order of their names where a pattern stands for several.
    pub(crate) fn paths(&self) -> Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for named in &self.named {
            if !is_pattern(named) {
                paths.push(named.clone());
                continue;
            }
            let before = paths.len();
            // A link beside the file that it leads to is the same once more.
            let mut seen = BTreeSet::new();
            for path in fitting(named)? {
                let path = path?;
                if path.is_file() && seen.insert(path.canonicalize()?) {
                    paths.push(path);
                }
            }
            ensure!(paths.len() > before, "no file is called {}", named.display());
        }
        let of_input = paths.iter().filter(|path| is_standard_input(path)).count();
        ensure!(of_input <= 1, "{STANDARD_INPUT} is standard input, which can be read once");
        Ok(paths)
    }

    /// One of them.
    pub(crate) fn only(&self, path: &Path) -> Files {
        Files { named: vec![path.to_owned()], choices: self.choices.clone() }
    }

    /// The rows of all files, one file after the other. What cannot be read is an error before the first row.
    pub(crate) fn open(&self) -> Result<FileRows> {
        let paths = self.paths()?;
        let is_alone = paths.len() == 1;
        let mut opened = VecDeque::new();
        for (place, path) in paths.into_iter().enumerate() {
            let judged = match self.judge(&path) {
                Ok(judged) => Some(judged),
                // Of many, some may be.
                Err(error) if error.is::<Empty>() && !is_alone => None,
                Err(error) => return Err(advised(error, &path)),
            };
            // Hundreds of open files are too many; what is no file can be opened once.
            let judged = judged.filter(|_| place == 0 || !path.is_file());
            opened.push_back((path, judged));
        }
        Ok(FileRows { files: self.clone(), left: opened, now: None, is_alone })
    }

    /// Looks at a file as a whole, as far as that is needed to read its first row rightly.
    fn judge(&self, path: &Path) -> Result<Opened> {
        let opened = Opened::new(path, &self.choices)?;
        // Rows further down may contradict what the first have shown of days; where they can be read twice, they are.
        if opened.dialect.dates_because_of.is_some() && !opened.input.is_whole && path.is_file() {
            for row in Opened::new(path, &self.choices)?.into_rows(&self.choices, None) {
                if let Err(NoRecord::Broken(error)) = row {
                    return Err(error);
                }
            }
        }
        Ok(opened)
    }
}

/// A file that was judged and not read.
pub(crate) struct Opened {
    pub(crate) input: Input,
    pub(crate) dialect: Dialect,
}

impl Opened {
    pub(crate) fn new(path: &Path, choices: &Choices) -> Result<Opened> {
        let mut input = input(path, choices)?;
        let dialect = sniff::sniff(&mut input, choices, stem(path).as_deref())?;
        Ok(Opened { input, dialect })
    }

    /// `file` is named beside each line.
    pub(crate) fn into_rows(self, choices: &Choices, file: Option<Arc<str>>) -> CsvRows<Reader> {
        CsvRows::new(self.input.into_reader(), self.dialect, choices.wanted(), file)
    }
}

/// The beginning of a file.
pub(crate) fn input(path: &Path, choices: &Choices) -> Result<Input> {
    let raw: Box<dyn Read + Send> = if is_standard_input(path) {
        Box::new(io::stdin())
    } else {
        ensure!(!path.is_dir(), "it is a folder: --csv '{}/*.csv' reads the files in it", path.display());
        Box::new(File::open(path)?)
    };
    Input::open(raw, choices, false)
}

fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == STANDARD_INPUT
}

/// An error about what is in a file says how to look at it, where there is more to see.
fn advised(error: Error, path: &Path) -> Error {
    let says_nothing = error.is::<io::Error>() || error.is::<Empty>() || path.is_dir() || is_standard_input(path);
    let shown = path.display();
    let error =
        if says_nothing { error } else { anyhow!("{error:#}\n`producer inspect {shown}` shows what it is taken for") };
    error.context(format!("cannot read {shown}"))
}

/// The file's name without what says its form: the symbol, where files are called by it.
pub(crate) fn stem(path: &Path) -> Option<String> {
    const FORMS: [&str; 7] = ["gz", "zst", "zstd", "csv", "tsv", "txt", "tab"];
    let mut stem = path.file_name()?.to_str().filter(|_| !is_standard_input(path))?;
    while let Some((before, form)) = stem.rsplit_once('.')
        && !before.is_empty()
        && FORMS.contains(&form.to_ascii_lowercase().as_str())
    {
        stem = before;
    }
    Some(stem.to_owned())
}

/// The rows of files, one after the other.
pub(crate) struct FileRows {
    files: Files,
    left: VecDeque<(PathBuf, Option<Opened>)>,
    now: Option<CsvRows<Reader>>,
    is_alone: bool,
}

impl Iterator for FileRows {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        if let Some(row) = self.now.as_mut().and_then(Iterator::next) {
            return Some(row);
        }
        let (path, opened) = self.left.pop_front()?;
        let opened = match opened.map_or_else(|| Opened::new(&path, &self.files.choices), Ok) {
            Ok(opened) => opened,
            Err(error) if error.is::<Empty>() && !self.is_alone => {
                return Some(Err(NoRecord::Told(format!("{}: {error}", path.display()))));
            }
            Err(error) => {
                self.left.clear();
                self.now = None;
                return Some(Err(NoRecord::Broken(advised(error, &path))));
            }
        };
        let told = format!("{}: {}", path.display(), opened.dialect);
        let file = (!self.is_alone).then(|| path.display().to_string().into());
        self.now = Some(opened.into_rows(&self.files.choices, file));
        Some(Err(NoRecord::Told(told)))
    }
}

/// How many rows plain files have, more or less, for a bar of progress.
pub(crate) fn count(files: &Files) -> Option<u64> {
    let mut rows = 0;
    for path in files.paths().ok()? {
        // Only a regular file can be read twice, and what is packed is not counted in lines.
        let mut first = [0; compression::TELLING];
        let read = path.is_file().then(|| File::open(&path).ok()?.read(&mut first).ok()).flatten()?;
        if compression::sniff(&first[..read]).ok()? != Compression::None || first.contains(&0) {
            return None;
        }
        rows += lines::count(&path).ok()?.saturating_sub(1);
    }
    Some(rows)
}

#[cfg(test)]
mod tests;
