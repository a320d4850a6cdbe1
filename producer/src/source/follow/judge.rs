//! What of a file was sent before, whatever it was called then.

use std::fs::{self, File};
use std::io::{self, Seek as _};
use std::path::{Path, PathBuf};

use anyhow::{Error, Result};

use super::super::choices::Choices;
use super::super::feed::begin;
use super::super::files::stem;
use super::super::row::{Past, Rows, Verdict};
use super::beside::{is_copy, turned};
use super::followed::Number;
use super::growing::{CaughtUp, Growing, Unfinished, Until};
use super::incarnation::{Begun, Incarnation};

/// Files that are named in a message.
const NAMED: usize = 8;

/// Compares files with what the topic says of them.
pub(super) struct Judge<'a> {
    /// The name that says the symbol, where names do.
    pub(super) called: &'a Path,
    pub(super) choices: &'a Choices,
    pub(super) past: &'a dyn Past,
}

impl Judge<'_> {
    /// What is to be read of a name at first: what is left of files that had it before, and the one that has it now. `others` are followed
    /// by themselves.
    pub(super) fn to_begin_with(
        &self,
        followed: &Path,
        others: &dyn Fn(&Path, Number) -> bool,
        tell: &dyn Fn(String),
    ) -> Result<Vec<Begun>> {
        let now = match File::open(followed) {
            Ok(file) => Some((Incarnation::of(followed, &file.metadata()?)?, file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        let mut all = Vec::new();
        if !self.past.is_to_begin_anew() {
            all = self.formers(followed, now.as_ref(), others, tell)?;
        }
        if let Some((now, file)) = now {
            all.push(Begun::new(self.last(now, &file, tell)?, Some(file)));
        }
        Ok(all)
    }

    /// Whether a file that was done with holds what was sent of it, under the name that says the symbol.
    pub(super) fn is_of(&self, path: &Path) -> bool {
        let is_same = || -> Result<bool> {
            let file = File::open(path)?;
            let own = Incarnation::of(path, &file.metadata()?)?;
            let generation = self.past.generation(own.file()).unwrap_or_default();
            self.has(&own.at(generation), &file)
        };
        is_same().unwrap_or(false)
    }

    /// Whether what was sent stands in a file under another name, though nothing is known of the file itself.
    pub(super) fn was_sent(&self, path: &Path) -> bool {
        let sent = || -> Result<bool> {
            let file = File::open(path)?;
            let own = Incarnation::of(path, &file.metadata()?)?;
            Ok(!self.is_known(&own) && self.sent_before(&own, &file).is_some())
        };
        !self.past.is_empty() && !self.past.is_to_begin_anew() && sent().unwrap_or(false)
    }

    /// The generation of a file that is to be read.
    fn last(&self, own: Incarnation, file: &File, tell: &dyn Fn(String)) -> Result<Incarnation> {
        let Some(generation) = self.past.generation(own.file()) else {
            let is_turned = self.called != own.path && !self.past.is_to_begin_anew();
            let sent = is_turned.then(|| self.sent_before(&own, file)).flatten();
            return Ok(sent.unwrap_or_else(|| self.sent_as_csv(own, file, tell)));
        };
        let last = own.at(generation);
        if self.past.is_to_begin_anew() {
            return Ok(last.next());
        }
        if let Verdict::Other(place) = self.verdict(&last, file)? {
            let path = last.path.display();
            let line = place.line;
            tell(format!(
                "{path}: line {line} is not what was sent of this file before (the symbol counts, too): begun again"
            ));
            return Ok(last.next());
        }
        Ok(last)
    }

    /// What `--csv` has sent of it is gone on with.
    fn sent_as_csv(&self, own: Incarnation, file: &File, tell: &dyn Fn(String)) -> Incarnation {
        let full = own.path.canonicalize().ok().and_then(|full| full.into_os_string().into_string().ok());
        let known = full.and_then(|full| Some((self.past.generation(&full)?, full)));
        let Some((generation, full)) = known.filter(|_| !self.past.is_to_begin_anew()) else { return own };
        let sent = own.sent_as(full).at(generation);
        let path = own.path.display();
        if self.has(&sent, file).unwrap_or(false) {
            tell(format!("{path}: --csv has sent rows of it, and they are gone on with"));
            return sent;
        }
        tell(format!("{path}: is not what --csv sent under this name: begun"));
        own
    }

    /// What was sent as whatever file, if this one has it.
    fn sent_before(&self, own: &Incarnation, mut file: &File) -> Option<Incarnation> {
        let name = self.past.holds(&|| self.rows(own, file)).ok().flatten();
        file.rewind().ok()?;
        Some(own.sent_as(name?).copied(own.path.clone(), own.number))
    }

    fn is_known(&self, own: &Incarnation) -> bool {
        self.past.generation(own.file()).is_some()
    }

    /// Whether a file holds what was sent as `own`.
    fn has(&self, own: &Incarnation, file: &File) -> Result<bool> {
        Ok(self.verdict(own, file)? == Verdict::Same)
    }

    /// The file is read from its beginning, and is to be so again.
    fn verdict(&self, own: &Incarnation, mut file: &File) -> Result<Verdict> {
        let verdict = self.past.verdict(&own.name(), &|| self.rows(own, file));
        file.rewind()?;
        verdict
    }

    fn rows(&self, own: &Incarnation, file: &File) -> Result<Rows> {
        let mut file = file.try_clone()?;
        file.rewind()?;
        let read = Growing::new(file, Until::Now, CaughtUp::default(), Unfinished::default(), true);
        begin(read, self.choices, &own.path.display().to_string(), stem(self.called).as_deref(), true)
    }

    /// Files that had the name: the first one of which something was sent, and all after it.
    fn formers(
        &self,
        followed: &Path,
        now: Option<&(Incarnation, File)>,
        others: &dyn Fn(&Path, Number) -> bool,
        tell: &dyn Fn(String),
    ) -> Result<Vec<Begun>> {
        let mut passed_over = Vec::new();
        let (mut known, mut has_known) = (Vec::new(), false);
        let files = turned(followed);
        // What a file may be a copy of, that was made before the other was cut short.
        let of_path = |path: &PathBuf| Incarnation::of(path, &fs::metadata(path).ok()?).ok();
        let sent: Vec<Incarnation> = now
            .map(|(now, _)| now.clone())
            .into_iter()
            .chain(files.iter().filter_map(of_path))
            .filter(|sent| self.is_known(sent))
            .collect();
        for path in files.clone() {
            let Ok(metadata) = fs::metadata(&path) else { continue };
            let own = Incarnation::of(&path, &metadata)?;
            if others(&path, own.number) {
                has_known = true;
                continue;
            }
            // It was copied, and is not cut short yet.
            if now.is_some_and(|(_, now)| is_copy(&path, now)) {
                continue;
            }
            let is_known = self.is_known(&own);
            let file = match File::open(&path) {
                Ok(file) => file,
                Err(error) if (is_known || has_known) && error.kind() != io::ErrorKind::NotFound => {
                    return Err(Error::from(error).context(path.display().to_string()));
                }
                Err(_) => continue,
            };
            if is_known {
                has_known = true;
                known.push(self.last(own, &file, tell)?);
                continue;
            }
            let generations = |sent: &Incarnation| {
                let last = self.past.generation(sent.file()).unwrap_or_default();
                let sent = sent.clone();
                (0..=last).rev().take(files.len() + 1).map(move |generation| sent.at(generation))
            };
            // Text that is none of bars is nothing of ours.
            let copy = sent.iter().flat_map(generations).find(|copy| self.has(copy, &file).unwrap_or(false));
            match copy {
                Some(copy) => {
                    has_known = true;
                    known.push(copy.copied(path, own.number));
                }
                None if has_known => known.push(own),
                None if metadata.len() == 0 => {}
                // A copy of one that is here no more.
                None => match self.sent_before(&own, &file) {
                    Some(sent) => {
                        has_known = true;
                        known.push(sent);
                    }
                    None => passed_over.push(path.display().to_string()),
                },
            }
        }
        if !passed_over.is_empty() {
            let why = if has_known { "older than what was sent" } else { "nothing of them is known to have been sent" };
            let more = passed_over.len().saturating_sub(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let named = passed_over[..passed_over.len().min(NAMED)].join(", ");
            let what_to_do = "if rows of them are missing on the topic, send them with --csv";
            tell(format!("{}: passed over: {named}{more}: {why}; {what_to_do}", followed.display()));
        }
        Ok(known.into_iter().map(|former| Begun::new(former, None)).collect())
    }
}
