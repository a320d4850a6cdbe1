//! What was found: one line each, and their sum.

use std::fmt;
use std::io::{self, Write};

use anyhow::Result;

/// One line. Its text names the thing, what is the matter, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) verdict: Verdict,
    pub(crate) text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Ok,
    /// Works; somebody should know of it.
    Note,
    /// Does not work, or will not.
    Bad,
}

impl Finding {
    pub(crate) fn ok(text: impl Into<String>) -> Finding {
        Finding { verdict: Verdict::Ok, text: text.into() }
    }

    pub(crate) fn note(text: impl Into<String>) -> Finding {
        Finding { verdict: Verdict::Note, text: text.into() }
    }

    pub(crate) fn bad(text: impl Into<String>) -> Finding {
        Finding { verdict: Verdict::Bad, text: text.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Ok => "ok",
            Verdict::Note => "note",
            Verdict::Bad => "bad",
        };
        // What librdkafka and OpenSSL say may have line breaks in it.
        write!(formatter, "{verdict:<5} {}", self.text.replace(['\n', '\r'], " "))
    }
}

/// Counts what it prints.
#[derive(Default)]
pub(crate) struct Findings {
    ok: u32,
    notes: u32,
    bad: u32,
}

impl Findings {
    /// Prints at once: the next look may take seconds.
    pub(crate) fn say(&mut self, found: impl IntoIterator<Item = Finding>) -> Result<()> {
        for finding in found {
            match finding.verdict {
                Verdict::Ok => self.ok += 1,
                Verdict::Note => self.notes += 1,
                Verdict::Bad => self.bad += 1,
            }
            writeln!(io::stdout(), "{finding}")?;
        }
        Ok(())
    }

    /// Prints the last line. Says whether nothing is bad.
    pub(crate) fn sum_up(&self) -> Result<bool> {
        writeln!(io::stdout(), "{} ok, {} to note, {} bad", self.ok, self.notes, self.bad)?;
        Ok(self.bad == 0)
    }
}

/// A single finding goes where several go.
impl IntoIterator for Finding {
    type Item = Finding;
    type IntoIter = std::iter::Once<Finding>;

    fn into_iter(self) -> Self::IntoIter {
        std::iter::once(self)
    }
}
