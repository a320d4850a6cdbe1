//! Publishing with the real producer, as on EC2.

use std::io::Read as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::process::Command;
use tokio::task::spawn_blocking;

use super::Source;
use crate::layout::prepared;
use crate::process::Process;
use crate::{Stack, environment};

const LIMIT: Duration = Duration::from_mins(15);
/// The same simulated bars at every run.
const SEED: &str = "1";

/// What the producer said at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Published {
    pub(super) line: String,
    pub(super) skipped: u64,
    pub(super) acknowledged: u64,
}

/// An error if nothing of the file can be published: to be known before anything starts.
pub(super) async fn check(file: &Path) -> Result<()> {
    let mut command = Command::new(prepared::producer());
    command.env_clear().arg("--csv").arg(file).args(["--dry-run", "--count", "1"]);
    let checked =
        command.stdin(Stdio::null()).kill_on_drop(true).output().await.context("cannot start the producer")?;
    if checked.status.success() {
        return Ok(());
    }
    let [sums, reasons] = [checked.stdout, checked.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    bail!("{}", unfit(file, &sums, &reasons))
}

/// What is wrong with the file, in the producer's words, and what to do.
fn unfit(file: &Path, sums: &str, reasons: &str) -> String {
    let sums = if sums.is_empty() { String::new() } else { format!(": {}", sums.trim()) };
    let said = format!("nothing of {} can be published{sums}", file.display());
    let what_to_do = "a row has a symbol, a day, Open, High, Low and Close (docs/producer.md): mend the file, \
                      or run make demo without DATA for simulated bars";
    std::iter::once(said.as_str()).chain(reasons.lines()).chain([what_to_do]).collect::<Vec<_>>().join("\n    ")
}

pub(super) async fn publish(stack: &Stack, source: &Source) -> Result<Published> {
    // The user's own settings for it are for other topics.
    let mut command = environment::command(prepared::producer(), stack.folder());
    command.args(["--bootstrap-servers", stack.bootstrap_servers(), "--topic", stack.topic()]);
    match source {
        Source::Csv(file) => command.arg("--csv").arg(file),
        Source::Simulator { count } => command.args(["--simulate", "--count", &count.to_string(), "--seed", SEED]),
    };
    let mut process = Process::start_in_sight("the producer", command)?;
    let mut stdout = process.take_stdout().context("the producer has no output")?;
    let printed = spawn_blocking(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).map(|_| text)
    });
    process.wait_for_success(LIMIT).await?;
    let printed = printed.await??;
    Published::read(&printed).with_context(|| format!("the producer ended with no count, but with {printed:?}"))
}

impl Published {
    /// Reads `read 5, skipped 0, sent 5, acknowledged 5, failed 0, 0.1 s, 50 records/s`.
    fn read(printed: &str) -> Option<Self> {
        let line = printed.lines().rev().find(|line| line.contains("acknowledged "))?;
        let number = |word: &str| {
            line.split(", ").find_map(|part| part.trim().strip_prefix(word)?.trim().replace(',', "").parse().ok())
        };
        Some(Self { line: line.to_owned(), skipped: number("skipped ")?, acknowledged: number("acknowledged ")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_which_nothing_can_be_published_is_explained() {
        let rows =
            unfit(Path::new("bars.csv"), "read 2, skipped 2, would send 0\n", "line 2 skipped: a\nline 3 skipped: b\n");
        assert!(rows.starts_with("nothing of bars.csv can be published: read 2, skipped 2, would send 0\n    line 2 skipped: a\n    line 3"), "{rows}");
        let header = unfit(Path::new("bars.csv"), "", "error: the header has no column Date\n");
        assert!(
            header.starts_with(
                "nothing of bars.csv can be published\n    error: the header has no column Date\n    a row has"
            ),
            "{header}"
        );
    }

    #[test]
    fn the_counts_are_read_from_the_last_line() {
        let printed = "hello\nread 7, skipped 1, sent 6, acknowledged 6, failed 0, 0.1 s, 60 records/s\n";
        let published = Published::read(printed).unwrap();
        assert_eq!((published.skipped, published.acknowledged), (1, 6));
        assert_eq!(Published::read("read 7 rows\n"), None);
    }
}
