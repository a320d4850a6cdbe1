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
    /// Rows go to the end of `path`, which must be none of the `sources`, and in none that is a folder.
    pub(crate) fn new(strict: bool, path: Option<&Path>, sources: &[PathBuf]) -> Result<Skipped> {
        let keep = |path: &Path| {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let (own, folder) = (path.canonicalize().ok(), folder.canonicalize().ok());
            let is_read = |source: &&PathBuf| {
                let source = source.canonicalize().ok();
                source.is_some() && (source == own || source == folder)
            };
            let source = sources.iter().find(is_read);
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
            NoRecord::Present => {
                tally.read += 1;
                tally.present += 1;
                Ok(())
            }
            NoRecord::SkippedBefore => {
                tally.read += 1;
                tally.skipped += 1;
                Ok(())
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Place;

    fn row(raw: &str, header: &str) -> NoRecord {
        NoRecord::Skipped {
            place: Place::new(None, 7),
            reason: "bad".to_owned(),
            raw: raw.as_bytes().to_vec(),
            header: Some(header.into()),
        }
    }

    #[test]
    fn rows_are_kept_each_below_its_header_and_behind_those_of_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kept.csv");
        for _ in 0..2 {
            let mut skipped = Skipped::new(false, Some(&path), &[]).unwrap();
            for (raw, header) in [("1", "a"), ("2", "a"), ("\u{e9}", "b")] {
                skipped.take(row(raw, header), &mut Tally::default(), &Progress::new(None)).unwrap();
            }
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "a\n1\n2\nb\né\n".repeat(2));
    }

    #[test]
    fn a_file_that_takes_no_more_ends_the_run() {
        let mut skipped = Skipped::new(false, Some(Path::new("/dev/full")), &[]).unwrap();
        let error = skipped.take(row("1", "a"), &mut Tally::default(), &Progress::new(None)).unwrap_err();
        assert!(format!("{error:#}").starts_with("cannot write --skipped /dev/full: No space left"), "{error:#}");
    }

    #[test]
    fn a_file_that_is_read_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bars.csv");
        std::fs::write(&path, "bars").unwrap();
        let same = folder.path().join(".").join("bars.csv");
        assert!(Skipped::new(false, Some(&same), &[path]).is_err());
    }

    #[test]
    fn a_strict_run_ends_at_the_first_row_and_keeps_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kept.csv");
        let mut tally = Tally::default();
        let error = Skipped::new(true, Some(&path), &[]).unwrap().take(row("1", "a"), &mut tally, &Progress::new(None));
        assert_eq!(error.unwrap_err().to_string(), "line 7: bad; without --strict it is skipped");
        assert_eq!((tally.read, tally.skipped), (1, 1));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "a\n1\n");
    }
}
