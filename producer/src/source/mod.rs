//! Where bars come from. A source is an iterator of rows: each a record to send, or why there is none.

mod csv;
mod lines;
mod sample;
mod simulate;
mod stdin;

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use chrono::NaiveDate;
use shared::bar::Bar;

use self::csv::CsvRows;
use self::sample::Sample;
use self::simulate::Simulation;
use self::stdin::JsonLines;

/// A source, as it was meant.
#[derive(Debug, PartialEq)]
pub(crate) enum Plan {
    /// The rows of a CSV file in their order, over and over when `repeat`.
    Replay { csv: PathBuf, repeat: bool },
    /// Rows of a CSV file at random, with replacement.
    Sample { csv: PathBuf, seed: u64 },
    /// A random walk from a day on.
    Simulate { from: NaiveDate, seed: u64 },
    /// JSON lines on standard input.
    Stdin,
}

/// One record for the topic.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    /// The symbol.
    pub(crate) key: String,
    /// JSON: a bar, or an array of bars.
    pub(crate) value: Vec<u8>,
}

/// Why there is no record where one was looked for.
#[derive(Debug)]
pub(crate) enum NoRecord {
    /// This row cannot be a bar; the next may be one.
    Skipped {
        /// Line in the file or stream, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The source itself failed; nothing follows.
    Broken(anyhow::Error),
}

pub(crate) type Row = Result<Record, NoRecord>;
pub(crate) type Rows = Box<dyn Iterator<Item = Row> + Send>;

impl Plan {
    /// The seed of what is drawn at random, if anything is.
    pub(crate) fn seed(&self) -> Option<u64> {
        match self {
            Plan::Sample { seed, .. } | Plan::Simulate { seed, .. } => Some(*seed),
            Plan::Replay { .. } | Plan::Stdin => None,
        }
    }
}

/// Opens the source. What is wrong with the whole of it (no such file, no such column) is an error here, before anything
/// is sent.
pub(crate) fn open(plan: &Plan) -> Result<Rows> {
    Ok(match plan {
        Plan::Replay { csv, repeat: false } => Box::new(open_csv(csv)?),
        Plan::Replay { csv, repeat: true } => {
            let first = open_csv(csv)?;
            let csv = csv.clone();
            Box::new(repeated(first, move || open_csv(&csv)))
        }
        Plan::Sample { csv, seed } => Box::new(Sample::new(open_csv(csv)?, *seed)),
        Plan::Simulate { from, seed } => Box::new(Simulation::new(*from, *seed).map(|bar| Record::of(&bar))),
        Plan::Stdin => Box::new(JsonLines::new(BufReader::new(io::stdin()))),
    })
}

/// How many rows the source has, where it can be told beforehand.
pub(crate) fn total(plan: &Plan) -> Option<u64> {
    match plan {
        // Only a regular file can be read twice.
        Plan::Replay { csv, repeat: false } if csv.is_file() => {
            lines::count(csv).ok().map(|lines| lines.saturating_sub(1))
        }
        _ => None,
    }
}

impl Record {
    fn of(bar: &Bar) -> Row {
        let value = serde_json::to_vec(bar).map_err(|error| NoRecord::Broken(error.into()))?;
        Ok(Record { key: bar.symbol.clone(), value })
    }
}

fn open_csv(path: &Path) -> Result<CsvRows<Box<dyn BufRead + Send>>> {
    let open = || {
        let file: Box<dyn BufRead + Send> = Box::new(BufReader::new(File::open(path)?));
        CsvRows::new(file)
    };
    open().with_context(|| format!("cannot read {}", path.display()))
}

/// Goes through the rows again and again. A pass without a single record ends it: the next would have none either.
fn repeated<I>(first: I, mut reopen: impl FnMut() -> Result<I>) -> impl Iterator<Item = Row>
where
    I: Iterator<Item = Row>,
{
    let mut pass = Some(first);
    let mut records_in_pass = 0_u64;
    std::iter::from_fn(move || {
        loop {
            match pass.as_mut()?.next() {
                Some(row) => {
                    records_in_pass += u64::from(row.is_ok());
                    return Some(row);
                }
                None if records_in_pass == 0 => pass = None,
                None => match reopen() {
                    Ok(again) => {
                        records_in_pass = 0;
                        pass = Some(again);
                    }
                    Err(error) => {
                        pass = None;
                        return Some(Err(NoRecord::Broken(error)));
                    }
                },
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: fn() -> Row = || Ok(Record { key: "HSI".to_owned(), value: Vec::new() });
    const BAD: fn() -> Row = || Err(NoRecord::Skipped { line: 2, reason: String::new() });

    #[test]
    fn repeating_goes_on_after_the_last_row() {
        let pass = || [BAD(), GOOD(), GOOD()].into_iter();
        let kinds: Vec<bool> = repeated(pass(), || Ok(pass())).take(7).map(|row| row.is_ok()).collect();
        assert_eq!(kinds, [false, true, true, false, true, true, false]);
    }

    #[test]
    fn repeating_ends_after_a_pass_without_a_record() {
        let pass = || [BAD(), BAD()].into_iter();
        assert_eq!(repeated(pass(), || Ok(pass())).take(100).count(), 2);
    }

    #[test]
    fn a_file_that_cannot_be_opened_again_ends_the_repeating_with_an_error() {
        let mut rows = repeated([GOOD()].into_iter(), || Err(anyhow::anyhow!("gone")));
        assert!(rows.next().is_some_and(|row| row.is_ok()));
        assert!(matches!(rows.next(), Some(Err(NoRecord::Broken(_)))));
        assert!(rows.next().is_none());
    }

    #[test]
    fn the_rows_of_a_file_are_counted_beforehand_without_header_and_blank_lines() {
        let directory = tempfile::tempdir().unwrap();
        let csv = directory.path().join("bars.csv");
        std::fs::write(&csv, "header\r\n1\r\n2\r\n\r\n3").unwrap();
        assert_eq!(total(&Plan::Replay { csv: csv.clone(), repeat: false }), Some(3));
        assert_eq!(total(&Plan::Replay { csv, repeat: true }), None);
        assert_eq!(total(&Plan::Stdin), None);
    }

    #[test]
    fn a_missing_file_is_named() {
        let plan = Plan::Replay { csv: "/no/such/bars.csv".into(), repeat: false };
        let message = format!("{:#}", open(&plan).err().unwrap());
        assert!(message.contains("/no/such/bars.csv"), "{message}");
    }
}
