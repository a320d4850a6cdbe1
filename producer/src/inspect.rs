//! `producer inspect`: what files are taken for, and what would become of their rows. Sends nothing.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anyhow::Result;

use crate::args::InspectArgs;
use crate::source::choices::Choices;
use crate::source::{Files, NoRecord, Opened, input, shown};
use crate::tally::{Shortfall, Tally};

/// Rows that are shown as the bars they become.
const FIRST: u64 = 3;
/// Lines that are named for one reason.
const EXAMPLES: usize = 3;
/// Reasons that are named.
const REASONS: usize = 20;

/// Writes what there is to say of each file, and says why a run would be no success, if so.
pub(crate) fn inspect(args: &InspectArgs, out: &mut impl Write) -> Result<Option<Shortfall>> {
    let files = Files { named: args.files.clone(), choices: args.dialect.choices()? };
    let mut tally = Tally::default();
    for (place, path) in files.paths()?.iter().enumerate() {
        if place > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}", path.display())?;
        one(path, &files, &mut tally, out)?;
    }
    Ok(tally.shortfall())
}

/// Rows that are skipped for one reason.
#[derive(Default)]
struct Reason {
    rows: u64,
    examples: Vec<String>,
}

fn one(path: &Path, files: &Files, tally: &mut Tally, out: &mut impl Write) -> Result<()> {
    let opened = match Opened::new(path, &files.choices) {
        Ok(opened) => opened,
        Err(error) => {
            first_lines(path, &files.choices, out);
            return Err(error.context(format!("cannot read {}", path.display())));
        }
    };
    write!(out, "{}", opened.dialect.table())?;
    writeln!(out, "  first bars")?;
    let mut reasons: BTreeMap<String, Reason> = BTreeMap::new();
    let mut told = Vec::new();
    let mut broken = None;
    let before = tally.clone();
    for row in opened.into_rows(&files.choices, None) {
        match row {
            Ok(record) => {
                tally.sent += 1;
                if tally.sent - before.sent <= FIRST {
                    writeln!(out, "    {}: {}", record.place, String::from_utf8_lossy(&record.value))?;
                }
            }
            Err(NoRecord::Skipped { place, reason, raw, .. }) => {
                tally.skipped += 1;
                // What stands in the cell is shown with the line.
                let kind = reason.split_once(": \"").map_or(reason.as_str(), |(kind, _)| kind).to_owned();
                let of = if reasons.len() < REASONS || reasons.contains_key(&kind) { kind } else { "other".to_owned() };
                let reason = reasons.entry(of).or_default();
                reason.rows += 1;
                if reason.examples.len() < EXAMPLES {
                    reason.examples.push(format!("{place}: {}", shown(&String::from_utf8_lossy(&raw))));
                }
            }
            Err(NoRecord::Told(message)) => told.push(message),
            Err(NoRecord::Present | NoRecord::SkippedBefore) => {}
            Err(NoRecord::Broken(error)) => broken = Some(error),
        }
    }
    let (sent, skipped) = (tally.sent - before.sent, tally.skipped - before.skipped);
    writeln!(out, "  rows          {}: {sent} would be sent, {skipped} skipped", sent + skipped)?;
    let mut reasons: Vec<(String, Reason)> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, reason)| std::cmp::Reverse(reason.rows));
    for (kind, reason) in reasons {
        writeln!(out, "    {} skipped: {kind}", reason.rows)?;
        for example in reason.examples {
            writeln!(out, "      {example}")?;
        }
    }
    for message in told {
        writeln!(out, "  {message}")?;
    }
    broken.map_or(Ok(()), Err)
}

/// All that can be shown of a file that is not understood.
fn first_lines(path: &Path, choices: &Choices, out: &mut impl Write) {
    const LINES: usize = 5;
    let Ok(input) = input(path, choices) else { return };
    let text = String::from_utf8_lossy(&input.head);
    // The error that follows is what matters.
    let _ = writeln!(out, "  compression   {}\n  encoding      {}", input.compression, input.encoded.encoding.name());
    for (place, line) in text.lines().take(LINES).enumerate() {
        let _ = writeln!(out, "  line {:<8} {}", place + 1, shown(line));
    }
}
