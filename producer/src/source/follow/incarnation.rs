//! Which file is which, whatever it is called: a file that is followed is another one once it was turned (`bars.csv` becomes
//! `bars.csv.1`, and a new `bars.csv` begins) or cut short.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::super::row::generation_of;
use super::beside::{Copy, turned};
use super::followed::{Done, Far, Number};
use super::growing::Left;
use super::names::folder;

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
        self.at(self.generation + 1)
    }

    pub(super) fn at(&self, generation: u32) -> Incarnation {
        Incarnation { generation, ..self.clone() }
    }

    /// What was sent under another name of a source.
    pub(super) fn sent_as(&self, file: String) -> Incarnation {
        Incarnation { file, generation: 0, ..self.clone() }
    }

    /// The same in a copy.
    pub(super) fn copied(&self, path: PathBuf, number: Number) -> Incarnation {
        Incarnation { path, number, is_copied: true, ..self.clone() }
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
