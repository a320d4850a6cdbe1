//! Where things are: what the build made, and the folder of one local stack.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The project folder: the one with `template.yaml`.
pub fn project_root() -> &'static Path {
    // This package is one level below it.
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// `target/` of the project, with all that the Makefile puts there.
pub(crate) fn target() -> PathBuf {
    project_root().join("target")
}

/// The folder of the stack of that name, or of the one without a name.
pub fn stack_folder(name: Option<&str>) -> PathBuf {
    target().join(name.map_or_else(|| "local".to_owned(), |name| format!("local-{name}")))
}

/// What the Makefile prepares before a stack can start.
pub(crate) mod prepared {
    use std::path::PathBuf;

    use super::target;

    pub(crate) fn sam() -> PathBuf {
        target().join("tools/venv/bin/sam")
    }

    /// The Python in which the emulator is installed.
    pub(crate) fn emulator_python() -> PathBuf {
        target().join("emulator/venv/bin/python")
    }

    pub(crate) fn java() -> PathBuf {
        target().join("java/runtime/bin/java")
    }

    pub(crate) fn kafka_libraries() -> PathBuf {
        target().join("kafka/libs")
    }

    /// `template.yaml` with the built functions where it says that they are.
    pub(crate) fn deployable_template() -> PathBuf {
        target().join("deployable/template.yaml")
    }

    pub(crate) fn producer() -> PathBuf {
        target().join("debug/producer")
    }
}

/// The folder of one stack, `target/local` unless told otherwise. Only one stack at a time owns it.
#[derive(Debug)]
pub struct StackFolder {
    path: PathBuf,
    // Held open: the operating system lets go of the lock with the process, however that ends.
    _lock: fs::File,
}

impl StackFolder {
    /// Takes the folder and removes what an earlier stack left in it.
    ///
    /// # Errors
    /// Another stack owns it, or it cannot be written.
    pub fn take(path: &Path) -> Result<Self> {
        fs::create_dir_all(path).with_context(|| format!("cannot make the folder {}", path.display()))?;
        let path = path.canonicalize().with_context(|| format!("cannot open the folder {}", path.display()))?;
        let lock_path = path.join("lock");
        let lock = fs::File::create(&lock_path).with_context(|| format!("cannot write {}", lock_path.display()))?;
        if lock.try_lock().is_err() {
            anyhow::bail!("another local stack is running in {}: stop it first", path.display());
        }
        let folder = Self { path, _lock: lock };
        for left in [folder.logs(), folder.kafka(), folder.temporary(), folder.lake()] {
            if left.exists() {
                fs::remove_dir_all(&left).with_context(|| format!("cannot empty {}", left.display()))?;
            }
            fs::create_dir_all(&left).with_context(|| format!("cannot make the folder {}", left.display()))?;
        }
        Ok(folder)
    }

    /// The folder itself, absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// One log file per process.
    pub fn logs(&self) -> PathBuf {
        self.path.join("logs")
    }

    /// The log file of one process or part.
    pub fn log(&self, name: &str) -> PathBuf {
        self.logs().join(format!("{name}.log"))
    }

    /// Copies of the objects in the lake.
    pub fn lake(&self) -> PathBuf {
        self.path.join("lake")
    }

    /// `KEY=VALUE` lines for programs that are to use this stack.
    pub fn environment_file(&self) -> PathBuf {
        Self::environment_file_in(&self.path)
    }

    /// The same, of a folder that is somebody else's.
    pub(crate) fn environment_file_in(folder: &Path) -> PathBuf {
        folder.join("env")
    }

    pub(crate) fn kafka(&self) -> PathBuf {
        self.path.join("kafka")
    }

    /// The emulator's and sam's own temporary files, so that nothing is left in `/tmp`.
    pub(crate) fn temporary(&self) -> PathBuf {
        self.path.join("tmp")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_stack_in_the_same_folder_is_refused_and_named() {
        let parent = tempfile::tempdir().unwrap();
        let first = StackFolder::take(parent.path()).unwrap();
        let error = StackFolder::take(parent.path()).unwrap_err().to_string();
        assert!(error.starts_with("another local stack is running in /"), "{error}");
        drop(first);
        StackFolder::take(parent.path()).unwrap();
    }

    #[test]
    fn what_an_earlier_stack_left_is_removed() {
        let parent = tempfile::tempdir().unwrap();
        let left = StackFolder::take(parent.path()).unwrap().lake().join("bars.parquet");
        fs::write(&left, "old").unwrap();
        StackFolder::take(parent.path()).unwrap();
        assert!(!left.exists());
    }
}
