//! The environment of the stack's own processes: nothing of the user's but the path.
//!
//! Whatever a shell or a company's machine sets (`AWS_PROFILE`, `JAVA_TOOL_OPTIONS`, `PYTHONPATH`, `HTTPS_PROXY`, `TZ`, a locale, ...), some
//! program obeys it. What is built and installed before needs some of that, to reach the registries: `local/environment.mk` says what.

use std::env;
use std::ffi::OsStr;
use std::process::Command;

use crate::layout::StackFolder;

/// A program of the stack in `folder`.
pub(crate) fn command(program: impl AsRef<OsStr>, folder: &StackFolder) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .envs(env::var_os("PATH").map(|path| ("PATH", path)))
        // A home that is there, can be written, and has no settings in it.
        .env("HOME", folder.temporary())
        .env("TMPDIR", folder.temporary())
        // Java finds files by it, and reads and writes numbers and cases by it; the project's path may have any letter.
        .env("LC_ALL", "C.UTF-8")
        // DuckDB reads a time with a zone in the zone of its process; Athena, in UTC.
        .env("TZ", "UTC");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_users_but_the_path_gets_through() {
        let parent = tempfile::tempdir().unwrap();
        let folder = StackFolder::take(parent.path()).unwrap();
        let output = command("/usr/bin/env", &folder).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let mut names: Vec<_> = printed.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
        names.sort_unstable();
        assert_eq!(names, ["HOME", "LC_ALL", "PATH", "TMPDIR", "TZ"]);
    }
}
