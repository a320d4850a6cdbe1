//! Rows that cannot be bars: counted, named if they are among the first, and kept if that is wanted.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, ensure};

use crate::progress::Progress;
use crate::source::NoRecord;
use crate::tally::Tally;

/// Skipped rows that are named; the others are counted only.
const NAMED_ROWS: u64 = 10;

/// What is done with them.
#[derive(Default)]
pub(crate) struct Skipped {
    /// Whether the first one ends the run.
    pub(crate) strict: bool,
    kept: Option<Kept>,
}

/// A file of rows, each below the header that it had: it can be mended and sent like any other.
struct Kept {
    path: PathBuf,
    file: File,
    header: Option<Arc<str>>,
}

impl Skipped {
    /// Rows go to the end of `path`, which must be none of the `sources`.
    pub(crate) fn new(strict: bool, path: Option<&Path>, sources: &[PathBuf]) -> Result<Skipped> {
        let keep = |path: &Path| {
            let same =
                |source: &&PathBuf| source.canonicalize().ok().is_some_and(|own| path.canonicalize().ok() == Some(own));
            let source = sources.iter().find(same);
            ensure!(source.is_none(), "--skipped {} is a file that is read", path.display());
            let file = OpenOptions::new().create(true).append(true).open(path).with_context(|| unwritable(path))?;
            Ok(Kept { path: path.to_owned(), file, header: None })
        };
        Ok(Skipped { strict, kept: path.map(keep).transpose()? })
    }

    /// Takes in what came instead of a record.
    ///
    /// # Errors
    /// It ends the run.
    pub(crate) fn take(&mut self, no_record: NoRecord, tally: &mut Tally, progress: &Progress) -> Result<()> {
        match no_record {
            NoRecord::Told(message) => {
                progress.say(&message);
                Ok(())
            }
            NoRecord::Broken(error) => Err(error.context("the source failed")),
            NoRecord::Skipped { place, reason, raw, header } => {
                tally.read += 1;
                tally.skipped += 1;
                if let Some(kept) = self.kept.as_mut().filter(|_| !raw.is_empty()) {
                    kept.write(&raw, header).with_context(|| unwritable(&kept.path))?;
                }
                if self.strict {
                    return Err(anyhow!("{place}: {reason}; without --strict it is skipped"));
                }
                if tally.skipped <= NAMED_ROWS {
                    progress.say(&format!("{place} skipped: {reason}"));
                } else if tally.skipped == NAMED_ROWS + 1 {
                    progress.say("further lines that are skipped are counted, not named");
                }
                Ok(())
            }
        }
    }
}

impl Kept {
    fn write(&mut self, raw: &[u8], header: Option<Arc<str>>) -> io::Result<()> {
        let mut text = Vec::new();
        if let Some(header) = header.filter(|header| self.header.as_ref() != Some(header)) {
            text.extend_from_slice(header.as_bytes());
            text.push(b'\n');
            self.header = Some(header);
        }
        text.extend_from_slice(raw);
        text.push(b'\n');
        // At once: a row that was skipped is rare, and must not be lost with the process.
        self.file.write_all(&text)
    }
}

fn unwritable(path: &Path) -> String {
    format!("cannot write --skipped {}", path.display())
}
