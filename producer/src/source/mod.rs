//! Where bars come from. A source is an iterator of rows: each a record to send, or why there is none.

mod bars;
mod cells;
pub(crate) mod choices;
mod clock;
pub(crate) mod compression;
mod csv;
pub(crate) mod date;
mod dialect;
mod encoding;
mod feed;
mod files;
mod follow;
pub(crate) mod header;
mod input;
mod json;
mod lines;
pub(crate) mod number;
mod object;
mod pattern;
mod reader;
mod row;
mod sample;
mod shown;
mod simulate;
mod sniff;

use std::path::PathBuf;

use anyhow::Result;
use chrono::NaiveDate;

use self::choices::Choices;
use self::feed::Feed;
pub(crate) use self::files::{Files, Opened, input};
pub(crate) use self::follow::names as followed_names;
pub(crate) use self::row::{NoPast, NoRecord, Past, Place, Record, Row, Rows, Stamp, Verdict, generation_of};
use self::sample::Sample;
pub(crate) use self::shown::shown;
use self::simulate::Simulation;

/// A source, as it was meant.
#[derive(Debug, PartialEq)]
pub(crate) enum Plan {
    /// The rows of files in their order, over and over when `repeat`.
    Replay { files: Files, repeat: bool },
    /// Rows of files at random, with replacement.
    Sample { files: Files, seed: u64 },
    /// A random walk from a day on; daily bars, if the interval is none of minutes.
    Simulate { from: NaiveDate, seed: u64, interval: Option<String> },
    /// What a program writes to standard input.
    Stdin { choices: Choices },
    /// What programs write to files, as it comes.
    Follow { named: Vec<PathBuf>, choices: Choices },
}

impl Plan {
    /// The seed of what is drawn at random, if anything is.
    pub(crate) fn seed(&self) -> Option<u64> {
        match self {
            Plan::Sample { seed, .. } | Plan::Simulate { seed, .. } => Some(*seed),
            Plan::Replay { .. } | Plan::Stdin { .. } | Plan::Follow { .. } => None,
        }
    }
}

/// Opens the source. What is wrong with the whole of it (no such file, no such column) is an error here, before anything
/// is sent. Files that are followed are compared with what was sent, to find where to go on in them.
pub(crate) fn open(plan: &Plan, past: Box<dyn Past>) -> Result<Rows> {
    Ok(match plan {
        Plan::Replay { files, repeat: false } => Box::new(files.open()?),
        Plan::Replay { files, repeat: true } => {
            let first = files.open()?;
            let files = files.clone();
            Box::new(repeated(first, move || files.open()))
        }
        Plan::Sample { files, seed } => Box::new(Sample::new(files.open()?, *seed)),
        Plan::Simulate { from, seed, interval } => {
            let minutes = interval.as_deref().and_then(choices::minutes_of);
            let interval = interval.clone();
            let bars = Simulation::new(*from, *seed, minutes);
            Box::new(bars.map(move |bar| Record::of(&bar, interval.as_deref())))
        }
        Plan::Stdin { choices } => Box::new(Feed::new(choices.clone())),
        Plan::Follow { named, choices } => Box::new(follow::open(named, choices, past)?),
    })
}

/// How many rows the source has, where it can be told beforehand.
pub(crate) fn total(plan: &Plan) -> Option<u64> {
    match plan {
        Plan::Replay { files, repeat: false } => files::count(files),
        _ => None,
    }
}

/// Goes through the rows again and again. A pass without a single record ends it: the next would have none either. What was told and
/// kept of the first pass is not told and kept of the others.
fn repeated<I>(first: I, mut reopen: impl FnMut() -> Result<I>) -> impl Iterator<Item = Row>
where
    I: Iterator<Item = Row>,
{
    let mut pass = Some(first);
    let mut records_in_pass = 0_u64;
    let mut is_first = true;
    std::iter::from_fn(move || {
        loop {
            match pass.as_mut()?.next() {
                Some(Err(NoRecord::Told(_))) if !is_first => {}
                Some(mut row) => {
                    records_in_pass += u64::from(row.is_ok());
                    if let (false, Err(NoRecord::Skipped { raw, .. })) = (is_first, &mut row) {
                        raw.clear();
                    }
                    return Some(row);
                }
                None if records_in_pass == 0 => pass = None,
                None => match reopen() {
                    Ok(again) => {
                        records_in_pass = 0;
                        is_first = false;
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

/// Rows as a person would look at them, one a line.
#[cfg(test)]
fn listing(rows: impl Iterator<Item = Row>) -> String {
    let line = |row: Row| match row {
        Ok(record) => format!("{} {}\n", record.key, String::from_utf8_lossy(&record.value)),
        Err(NoRecord::Skipped { place, reason, .. }) => format!("{place}: {reason}\n"),
        Err(NoRecord::Told(message)) => format!("told: {message}\n"),
        Err(NoRecord::Present) => "present\n".to_owned(),
        Err(NoRecord::SkippedBefore) => "skipped before\n".to_owned(),
        Err(NoRecord::Broken(error)) => format!("broken: {error:#}\n"),
    };
    rows.map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: fn() -> Row = || Ok(Record::new("HSI".to_owned(), Vec::new(), Place::default()));
    const BAD: fn() -> Row = || {
        let place = Place::new(None, 2);
        Err(NoRecord::Skipped { place, reason: String::new(), raw: b"bad".to_vec(), header: None })
    };
    const TOLD: fn() -> Row = || Err(NoRecord::Told("of the file".to_owned()));

    #[test]
    fn repeating_goes_on_after_the_last_row() {
        let pass = || [BAD(), GOOD(), GOOD()].into_iter();
        let kinds: Vec<bool> = repeated(pass(), || Ok(pass())).take(7).map(|row| row.is_ok()).collect();
        assert_eq!(kinds, [false, true, true, false, true, true, false]);
    }

    #[test]
    fn what_was_told_and_kept_once_is_not_told_and_kept_again() {
        let pass = || [TOLD(), BAD(), GOOD()].into_iter();
        let rows: Vec<Row> = repeated(pass(), || Ok(pass())).take(7).collect();
        let told = rows.iter().filter(|row| matches!(row, Err(NoRecord::Told(_)))).count();
        let kept =
            rows.iter().filter(|row| matches!(row, Err(NoRecord::Skipped { raw, .. }) if !raw.is_empty())).count();
        assert_eq!((told, kept), (1, 1));
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
}
