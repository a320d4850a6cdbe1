//! Which file is which, whatever it is called: a file that is followed is another one once it was turned (`bars.csv` becomes
//! `bars.csv.1`, and a new `bars.csv` begins) or cut short.

use std::fs::{self, File, Metadata};
use std::io::{self, Seek as _};
use std::path::{Path, PathBuf};

use anyhow::{Error, Result};

use super::super::choices::Choices;
use super::super::feed::begin;
use super::super::files::stem;
use super::super::row::{Past, Rows, Verdict, generation_of};
use super::beside::{Copy, is_copy, turned};
use super::followed::{Done, Far, Number};
use super::growing::{CaughtUp, Growing, Left, Unfinished, Until};
use super::names::folder;

/// Files that are named in a message.
const NAMED: usize = 8;

/// A file that is or was followed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Incarnation {
    /// Where it is.
    pub(crate) path: PathBuf,
    pub(crate) number: Number,
    /// What tells it from others: folder and file, whatever it is called there.
    file: String,
    /// How often it was cut short, or sent anew.
    generation: u32,
    /// Whether it stands in a copy: what is written into that later is nothing of it.
    pub(super) is_copied: bool,
}

impl Incarnation {
    pub(crate) fn of(path: &Path, metadata: &Metadata) -> Result<Incarnation> {
        let number = Number::of(metadata);
        // A link stands for the file that it leads to.
        let full = path.canonicalize().and_then(|full| folder(&full).canonicalize());
        let folder = full.or_else(|_| folder(path).canonicalize())?;
        let file = format!("{}#{:x}-{:x}", folder.display(), number.inode, number.made);
        Ok(Incarnation { path: path.to_owned(), number, file, generation: 0, is_copied: false })
    }

    /// The name of the source.
    pub(crate) fn name(&self) -> String {
        generation_of(&self.file, self.generation)
    }

    /// What the file is called in all its generations.
    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    pub(crate) fn next(&self) -> Incarnation {
        Incarnation { generation: self.generation + 1, ..self.clone() }
    }

    /// The same in a copy.
    pub(super) fn copied(&self, path: PathBuf, number: Number) -> Incarnation {
        Incarnation { path, number, is_copied: true, ..self.clone() }
    }

    /// The generation that is to be read. `called` is the name that says the symbol, where names do.
    fn judged(
        self,
        file: &File,
        called: &Path,
        choices: &Choices,
        past: &dyn Past,
        tell: &dyn Fn(String),
    ) -> Result<Incarnation> {
        let Some(generation) = past.generation(&self.file) else {
            let is_turned = called != self.path && !past.is_to_begin_anew();
            let sent = is_turned.then(|| self.sent_before(file, called, choices, past)).flatten();
            return Ok(sent.unwrap_or_else(|| self.sent_as_csv(file, called, choices, past, tell)));
        };
        let last = Incarnation { generation, ..self };
        if past.is_to_begin_anew() {
            return Ok(last.next());
        }
        let verdict = last.verdict(file, called, choices, past)?;
        if let Verdict::Other(place) = &verdict {
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
    fn sent_as_csv(
        self,
        file: &File,
        called: &Path,
        choices: &Choices,
        past: &dyn Past,
        tell: &dyn Fn(String),
    ) -> Incarnation {
        let full = self.path.canonicalize().ok().and_then(|full| full.into_os_string().into_string().ok());
        let known = full.and_then(|full| Some((past.generation(&full)?, full)));
        let Some((generation, full)) = known.filter(|_| !past.is_to_begin_anew()) else { return self };
        let sent = Incarnation { file: full, generation, ..self.clone() };
        let path = self.path.display();
        if sent.verdict(file, called, choices, past).is_ok_and(|verdict| verdict == Verdict::Same) {
            tell(format!("{path}: --csv has sent rows of it, and they are gone on with"));
            return sent;
        }
        tell(format!("{path}: is not what --csv sent under this name: begun"));
        self
    }

    /// What was sent as whatever file, if this one has it.
    fn sent_before(&self, file: &File, called: &Path, choices: &Choices, past: &dyn Past) -> Option<Incarnation> {
        let name = past.holds(&|| self.rows(file, called, choices)).ok().flatten();
        let mut own = file;
        own.rewind().ok()?;
        Some(Incarnation { file: name?, generation: 0, is_copied: true, ..self.clone() })
    }

    fn rows(&self, file: &File, called: &Path, choices: &Choices) -> Result<Rows> {
        let mut own = file.try_clone()?;
        own.rewind()?;
        let read = Growing::new(own, Until::Now, CaughtUp::default(), Unfinished::default(), true);
        begin(read, choices, &self.path.display().to_string(), stem(called).as_deref(), true)
    }

    /// Whether a file holds what was sent as this one. It is read from its beginning, and is to be so again.
    fn verdict(&self, mut file: &File, called: &Path, choices: &Choices, past: &dyn Past) -> Result<Verdict> {
        let verdict = past.verdict(&self.name(), &|| self.rows(file, called, choices));
        file.rewind()?;
        verdict
    }
}

/// A file that is to be read.
pub(super) struct Begun {
    pub(super) incarnation: Incarnation,
    /// Open, where another file may have its name by the time that it is read.
    pub(super) file: Option<File>,
    /// How it was when it was opened: it may be read a long time after.
    seen: Option<Left>,
    /// What was read of it before in this run.
    pub(super) far: Far,
}

impl Begun {
    pub(super) fn new(incarnation: Incarnation, file: Option<File>) -> Begun {
        let seen = file.as_ref().and_then(|file| Left::of(file).ok());
        Begun { incarnation, file, seen, far: Far::default() }
    }

    /// What is left of a file in a copy of it.
    pub(super) fn copy(cut: &Incarnation, copy: Copy, far: Far, left: &Left) -> Begun {
        Begun { incarnation: cut.copied(copy.path, copy.number), file: None, seen: Some(left.clone()), far }
    }

    /// How it was when it was opened, if it was cut short since.
    pub(super) fn was_cut(&self, file: &File) -> Option<&Left> {
        self.seen.as_ref().filter(|seen| !seen.is_in(file))
    }

    /// A file that was done with, and was written on since, or has another text.
    pub(super) fn again(done: Done, path: &Path, file: File) -> Begun {
        let is_still = done.is_still(&file);
        let incarnation = Incarnation { path: path.to_owned(), ..done.incarnation };
        if is_still {
            Begun { far: done.far, ..Begun::new(incarnation, Some(file)) }
        } else {
            Begun::new(incarnation.next(), Some(file))
        }
    }

    /// The file, wherever it is by now; `followed` is what it is or was called.
    pub(super) fn open(&mut self, followed: &Path) -> io::Result<Option<File>> {
        if let Some(file) = self.file.take() {
            return Ok(Some(file));
        }
        let own = std::iter::once(self.incarnation.path.clone());
        for path in own.chain(turned(followed)).chain([followed.to_owned()]) {
            match File::open(&path) {
                Ok(file) if Number::of(&file.metadata()?) == self.incarnation.number => {
                    self.incarnation.path = path;
                    return Ok(Some(file));
                }
                Err(error) if error.kind() != io::ErrorKind::NotFound && path == self.incarnation.path => {
                    return Err(error);
                }
                Ok(_) | Err(_) => {}
            }
        }
        Ok(None)
    }
}

/// Whether a file that was done with holds what was sent as `called`, where the name says the symbol.
pub(super) fn is_of(called: &Path, path: &Path, choices: &Choices, past: &dyn Past) -> bool {
    let verdict = || -> Result<Verdict> {
        let file = File::open(path)?;
        let own = Incarnation::of(path, &file.metadata()?)?;
        let generation = past.generation(&own.file).unwrap_or_default();
        Incarnation { generation, ..own }.verdict(&file, called, choices, past)
    };
    verdict().is_ok_and(|verdict| verdict == Verdict::Same)
}

/// Whether what was sent stands in a file under another name, though nothing is known of the file itself.
pub(super) fn was_sent(path: &Path, called: &Path, choices: &Choices, past: &dyn Past) -> bool {
    let sent = || -> Result<bool> {
        let file = File::open(path)?;
        let own = Incarnation::of(path, &file.metadata()?)?;
        Ok(past.generation(&own.file).is_none() && own.sent_before(&file, called, choices, past).is_some())
    };
    !past.is_empty() && !past.is_to_begin_anew() && sent().unwrap_or(false)
}

/// What is to be read of a name at first: what is left of files that had it before, and the one that has it now. `others` are followed
/// by themselves.
pub(super) fn to_begin_with(
    (called, followed): (&Path, &Path),
    choices: &Choices,
    past: &dyn Past,
    others: &dyn Fn(&Path, Number) -> bool,
    tell: &dyn Fn(String),
) -> Result<Vec<Begun>> {
    let now = match File::open(followed) {
        Ok(file) => Some((Incarnation::of(followed, &file.metadata()?)?, file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    let mut all = Vec::new();
    if !past.is_to_begin_anew() {
        all = formers((called, followed), now.as_ref(), choices, past, others, tell)?;
    }
    if let Some((now, file)) = now {
        all.push(Begun::new(now.judged(&file, called, choices, past, tell)?, Some(file)));
    }
    Ok(all)
}

/// Files that had the name: the first one of which something was sent, and all after it.
fn formers(
    (called, followed): (&Path, &Path),
    now: Option<&(Incarnation, File)>,
    choices: &Choices,
    past: &dyn Past,
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
        .filter(|sent| past.generation(&sent.file).is_some())
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
        let is_known = past.generation(own.file()).is_some();
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if (is_known || has_known) && error.kind() != io::ErrorKind::NotFound => {
                return Err(Error::from(error).context(path.display().to_string()));
            }
            Err(_) => continue,
        };
        if is_known {
            has_known = true;
            known.push(own.judged(&file, called, choices, past, tell)?);
            continue;
        }
        let generations = |sent: &Incarnation| {
            let last = past.generation(&sent.file).unwrap_or_default();
            let sent = sent.clone();
            (0..=last).rev().take(files.len() + 1).map(move |generation| Incarnation { generation, ..sent.clone() })
        };
        let copy = sent.iter().flat_map(generations).find(|copy| {
            // Text that is none of bars is nothing of ours.
            copy.verdict(&file, called, choices, past).is_ok_and(|verdict| verdict == Verdict::Same)
        });
        match copy {
            Some(copy) => {
                has_known = true;
                known.push(copy.copied(path, own.number));
            }
            None if has_known => known.push(own),
            None if metadata.len() == 0 => {}
            // A copy of one that is here no more.
            None => match own.sent_before(&file, called, choices, past) {
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
