//! What a source gives: rows, each a record to send, or why there is none; and what was sent of it before.

use std::fmt;
use std::sync::Arc;

use anyhow::Result;
use shared::bar::Bar;

/// One record for the topic.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    /// The symbol.
    pub(crate) key: String,
    /// JSON: a bar, or an array of bars.
    pub(crate) value: Vec<u8>,
    pub(crate) place: Place,
    /// Where it goes and what it says of its place, with `--resume`.
    pub(crate) stamp: Option<Box<Stamp>>,
}

/// Where a row stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Place {
    /// The file, where there are several.
    pub(crate) file: Option<Arc<str>>,
    /// Line in the file or stream, from 1; 0 of what was made up.
    pub(crate) line: u64,
    /// What it is told by from other files that had or will have the same name; of files that are followed.
    pub(crate) source: Option<Arc<str>>,
    /// CRC-32 of the line, where a record is not sent as it stands.
    pub(crate) sum: Option<u32>,
}

/// Why there is no record where one was looked for.
#[derive(Debug)]
pub(crate) enum NoRecord {
    /// This row cannot be a bar; the next may be one.
    Skipped {
        place: Place,
        /// What is wrong with it.
        reason: String,
        /// The row as it was.
        raw: Vec<u8>,
        /// The header that it stands below, if it has one.
        header: Option<Arc<str>>,
    },
    /// No row, but something that the user should know.
    Told(String),
    /// The record is on the topic already.
    Present,
    /// A row that an earlier run has skipped, and told.
    SkippedBefore,
    /// The source itself failed; nothing follows.
    Broken(anyhow::Error),
}

/// Whether a source is one that was sent before.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// Nothing of it was sent.
    New,
    Same,
    /// It is shorter, or differs at this place.
    Other(Place),
}

/// What was sent before.
pub(crate) trait Past: Send {
    /// How often a source of this name was begun anew, as far as something of it is known.
    fn generation(&self, name: &str) -> Option<u32>;

    /// Whether all is to be sent again, as other generations.
    fn is_to_begin_anew(&self) -> bool;

    /// Whether nothing is known of any source.
    fn is_empty(&self) -> bool {
        true
    }

    /// The name that stands for what was sent of some source, if these rows are those.
    fn holds(&self, _rows: &dyn Fn() -> Result<Rows>) -> Result<Option<String>> {
        Ok(None)
    }

    /// Judges a source, with its generation in its name, by its rows.
    fn verdict(&self, name: &str, rows: &dyn Fn() -> Result<Rows>) -> Result<Verdict>;
}

/// A run that goes on with nothing.
pub(crate) struct NoPast;

impl Past for NoPast {
    fn generation(&self, _name: &str) -> Option<u32> {
        None
    }

    fn is_to_begin_anew(&self) -> bool {
        false
    }

    fn verdict(&self, _name: &str, _rows: &dyn Fn() -> Result<Rows>) -> Result<Verdict> {
        Ok(Verdict::New)
    }
}

/// A name with its generation.
pub(crate) fn generation_of(name: &str, generation: u32) -> String {
    if generation == 0 { name.to_owned() } else { format!("{name}\n{generation}") }
}

pub(crate) type Row = Result<Record, NoRecord>;
pub(crate) type Rows = Box<dyn Iterator<Item = Row> + Send>;

/// Where a record goes, and what it says of its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stamp {
    pub(crate) partition: i32,
    pub(crate) place: String,
    pub(crate) places: Option<String>,
}

impl Record {
    pub(crate) fn new(key: String, value: Vec<u8>, place: Place) -> Record {
        Record { key, value, place, stamp: None }
    }

    pub(super) fn of(bar: &Bar, interval: Option<&str>) -> Row {
        let broken = |error: serde_json::Error| NoRecord::Broken(error.into());
        let mut value = serde_json::to_vec(bar).map_err(broken)?;
        if let Some(interval) = interval {
            // The object is opened again for it.
            value.pop();
            value.extend_from_slice(b",\"Interval\":");
            serde_json::to_writer(&mut value, interval).map_err(broken)?;
            value.push(b'}');
        }
        Ok(Record::new(bar.symbol.clone(), value, Place::default()))
    }
}

impl Place {
    pub(crate) fn new(file: Option<Arc<str>>, line: u64) -> Place {
        Place { file, line, source: None, sum: None }
    }

    /// Makes it one of a file that is followed.
    pub(super) fn is_of(&mut self, file: &Arc<str>, source: &Arc<str>) {
        self.file = Some(file.clone());
        self.source = Some(source.clone());
    }

    /// What says of which source a row is, if anything does.
    pub(crate) fn source(&self) -> Option<&Arc<str>> {
        self.source.as_ref().or(self.file.as_ref())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(formatter, "{file} ")?;
        }
        write!(formatter, "line {}", self.line)
    }
}
