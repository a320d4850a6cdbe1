//! What a redrive prints: a bar on a terminal, a line per object elsewhere; in both, what is kept and why, and the sums.

use std::io::{self, IsTerminal as _, Write as _};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::feed::Fed;
use crate::answer::Answer;
pub(super) use crate::console::say;

pub(super) struct Display {
    bar: ProgressBar,
    objects: usize,
    tally: Tally,
}

/// What became of the objects so far.
#[derive(Debug, Default)]
struct Tally {
    done: usize,
    fed: usize,
    looked: usize,
    gone: usize,
    kept: usize,
    sum: Answer,
}

impl Display {
    pub(super) fn new(objects: usize) -> Self {
        let bar = ProgressBar::new(objects as u64);
        bar.set_style(
            ProgressStyle::with_template("{spinner} {pos} of {len} objects {bar:30} {eta} left  {wide_msg}")
                .unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        if objects == 0 || !io::stdout().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        } else {
            bar.enable_steady_tick(std::time::Duration::from_millis(100));
        }
        Self { bar, objects, tally: Tally::default() }
    }

    pub(super) fn begin(&self, key: &str) {
        self.bar.set_message(key.to_owned());
    }

    pub(super) fn end(&mut self, key: &str, fed: &Result<Fed>) {
        self.tally.done += 1;
        let line = format!("[{}/{}] {key}: {}", self.tally.done, self.objects, said(fed));
        let kept = fed.is_err();
        self.tally.add(fed);
        self.bar.inc(1);
        if kept {
            // A reader that has gone away is no reason to stop.
            self.bar.suspend(|| drop(writeln!(io::stderr(), "{line}")));
        } else if self.bar.is_hidden() {
            say(&line);
        }
    }

    /// Prints the sums, and says whether nothing is kept.
    pub(super) fn finish(self, how: &str) -> bool {
        self.bar.finish_and_clear();
        if self.objects == 0 {
            say("nothing to redrive: the bucket is empty");
            return true;
        }
        say(&format!("{how}: {}", self.tally.summary(self.objects)));
        self.tally.kept == 0 && self.tally.done == self.objects
    }
}

fn said(fed: &Result<Fed>) -> String {
    match fed {
        Ok(Fed::Landed(answer)) => format!("{}; removed", counted(answer)),
        Ok(Fed::Looked(records)) => format!("{records} records"),
        Ok(Fed::Gone) => "gone, another redrive has fed it".to_owned(),
        Err(error) => format!("kept: {error:#}"),
    }
}

fn counted(answer: &Answer) -> String {
    let Answer { records, landed, rejected, skipped, undecided, .. } = answer;
    let kept = match undecided {
        0 => String::new(),
        _ => format!(" ({undecided} undecided: RUNBOOK.md, records-uncertain)"),
    };
    format!("{records} records: {landed} landed, {rejected} rejected{kept}, {skipped} skipped")
}

impl Tally {
    fn add(&mut self, fed: &Result<Fed>) {
        match fed {
            Ok(Fed::Landed(answer)) => {
                self.fed += 1;
                self.sum += *answer;
            }
            Ok(Fed::Looked(records)) => {
                self.looked += 1;
                self.sum.records += records;
            }
            Ok(Fed::Gone) => self.gone += 1,
            Err(_) => self.kept += 1,
        }
    }

    fn summary(&self, objects: usize) -> String {
        let parts = [
            (self.fed, "fed and removed"),
            (self.looked, "to be fed"),
            (self.gone, "gone"),
            (self.kept, "kept"),
            (objects - self.done, "not tried"),
        ];
        let parts: Vec<String> =
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        let records = if self.looked > 0 { format!("{} records", self.sum.records) } else { counted(&self.sum) };
        format!("{objects} objects: {}; {records}", parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sums_name_what_there_is() {
        let answer = |landed, skipped| Answer {
            records: landed + skipped + 1,
            landed,
            rejected: 1,
            skipped,
            ..Answer::default()
        };
        let mut tally = Tally::default();
        for fed in [Ok(Fed::Landed(answer(4, 0))), Ok(Fed::Landed(answer(0, 7))), Err(anyhow::anyhow!("no"))] {
            tally.done += 1;
            tally.add(&fed);
        }
        assert_eq!(
            tally.summary(5),
            "5 objects: 2 fed and removed, 1 kept, 2 not tried; 13 records: 4 landed, 2 rejected, 7 skipped"
        );
    }

    #[test]
    fn what_nobody_could_decide_is_named() {
        let answer = Answer { records: 3, rejected: 2, skipped: 1, uncertain: 2, undecided: 2, ..Answer::default() };
        let said = said(&Ok(Fed::Landed(answer)));
        let expected =
            "3 records: 0 landed, 2 rejected (2 undecided: RUNBOOK.md, records-uncertain), 1 skipped; removed";
        assert_eq!(said, expected);
    }

    #[test]
    fn a_dry_run_counts_what_it_would_feed() {
        let mut tally = Tally { done: 1, ..Tally::default() };
        tally.add(&Ok(Fed::Looked(3)));
        assert_eq!(tally.summary(1), "1 objects: 1 to be fed; 3 records");
    }
}
