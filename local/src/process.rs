//! A child process: its output in a log file, ready on a condition, ended with its owner.

use std::fs;
use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::time::{Instant, sleep};

const POLL: Duration = Duration::from_millis(50);
/// How long a process may take to end by itself before it is killed.
const GRACE: Duration = Duration::from_secs(4);
const LOG_TAIL_LINES: usize = 15;

/// A running child, leader of its own process group. Dropping it ends the whole group.
#[derive(Debug)]
pub(crate) struct Process {
    name: &'static str,
    child: Child,
    log: Option<PathBuf>,
}

impl Process {
    /// Starts `command` with what it prints in `log`, which it begins anew.
    pub(crate) fn start(name: &'static str, mut command: Command, log: PathBuf) -> Result<Self> {
        let file = fs::File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let copy = file.try_clone().with_context(|| format!("cannot write {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(file).stderr(copy);
        Self::spawn(name, command, Some(log))
    }

    /// Starts `command` with its standard output in a pipe and its errors on ours, where the user reads them.
    pub(crate) fn start_in_sight(name: &'static str, mut command: Command) -> Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        Self::spawn(name, command, None)
    }

    fn spawn(name: &'static str, mut command: Command, log: Option<PathBuf>) -> Result<Self> {
        let program = PathBuf::from(command.get_program());
        // A group of its own: Ctrl-C reaches only us, and we end the children in their order.
        command.process_group(0);
        let child = spawn_from_lasting_thread(command)
            .with_context(|| format!("cannot start {name}: is {} there?", program.display()))?;
        Ok(Self { name, child, log })
    }

    /// The child's standard output, if it was piped and not taken before.
    pub(crate) fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Waits until `ready` says yes.
    ///
    /// # Errors
    /// The process ended first, or `limit` passed; both with the end of the log.
    pub(crate) async fn wait_until_ready(
        &mut self,
        limit: Duration,
        mut ready: impl AsyncFnMut() -> bool,
    ) -> Result<()> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended while it was starting ({}){}", self.name, describe(status), self.log_tail());
            }
            if ready().await {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("{} was not ready within {} s{}", self.name, limit.as_secs(), self.log_tail());
            }
            sleep(POLL).await;
        }
    }

    /// Waits for the end of a process that is to end by itself.
    ///
    /// # Errors
    /// It did not end within `limit`, or not with exit code 0; both with the end of the log.
    pub(crate) async fn wait_for_success(&mut self, limit: Duration) -> Result<()> {
        let deadline = Instant::now() + limit;
        loop {
            match self.child.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => bail!("{} failed ({}){}", self.name, describe(status), self.log_tail()),
                None if Instant::now() > deadline => {
                    bail!("{} did not end within {} s{}", self.name, limit.as_secs(), self.log_tail())
                }
                None => sleep(POLL).await,
            }
        }
    }

    /// Whether it still runs; with the reason if not.
    pub(crate) fn check_running(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("{} ended ({}){}", self.name, describe(status), self.log_tail()),
        }
    }

    /// Asks the group to end, without waiting for it.
    pub(crate) fn terminate(&self) {
        signal_group(&self.child, libc::SIGTERM);
    }

    fn log_tail(&self) -> String {
        self.log.as_deref().map_or_else(|| ": it said why above".to_owned(), log_tail)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.terminate();
        let deadline = std::time::Instant::now() + GRACE;
        while std::time::Instant::now() < deadline {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                break;
            }
            thread::sleep(POLL);
        }
        // Also when the leader has ended: its own children may not have.
        signal_group(&self.child, libc::SIGKILL);
        let _ = self.child.wait();
    }
}

/// The end of a log file as the end of an error message, with the file's name.
fn log_tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let tail = &lines[lines.len().saturating_sub(LOG_TAIL_LINES)..];
    let mut message = String::new();
    for line in tail {
        message.push_str("\n    | ");
        message.push_str(line);
    }
    message.push_str("\n    whole log: ");
    message.push_str(&log.display().to_string());
    message
}

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "unknown status".to_owned(),
    }
}

type SpawnRequest = (Command, mpsc::Sender<io::Result<Child>>);

/// Starts a child that the kernel kills when this process ends in a way that leaves no time to do it.
///
/// All children come from one thread that lives as long as the process: Linux ties the parent-death signal to the
/// *thread* that forked, and a test's or a runtime's threads end early.
fn spawn_from_lasting_thread(mut command: Command) -> io::Result<Child> {
    static SPAWNER: OnceLock<mpsc::Sender<SpawnRequest>> = OnceLock::new();
    die_with_parent(&mut command);
    let spawner = SPAWNER.get_or_init(|| {
        let (requests, queue) = mpsc::channel::<SpawnRequest>();
        thread::spawn(move || {
            for (mut command, answer) in queue {
                let _ = answer.send(command.spawn());
            }
        });
        requests
    });
    let (answer, child) = mpsc::channel();
    spawner.send((command, answer)).map_err(io::Error::other)?;
    child.recv().map_err(io::Error::other)?
}

#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "the standard library has no parent-death signal; prctl is async-signal-safe")]
fn die_with_parent(command: &mut Command) {
    // SAFETY: between fork and exec the closure only makes one system call and touches no memory of the parent.
    unsafe {
        command.pre_exec(|| match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        });
    }
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent(_command: &mut Command) {}

#[expect(unsafe_code, reason = "the standard library signals single processes only")]
fn signal_group(leader: &Child, signal: libc::c_int) {
    let Ok(group) = libc::pid_t::try_from(leader.id()) else { return };
    // SAFETY: killpg takes two integers; a group that is gone is an error that needs no answer.
    unsafe {
        libc::killpg(group, signal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[tokio::test]
    async fn an_early_end_is_reported_with_its_exit_code_and_the_end_of_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("broken.log");
        let mut process = Process::start("broken", shell("echo no such port >&2; exit 3"), log.clone()).unwrap();
        let error = process.wait_until_ready(Duration::from_secs(20), async || false).await.unwrap_err().to_string();
        let expected = format!(
            "broken ended while it was starting (exit code 3)\n    | no such port\n    whole log: {}",
            log.display()
        );
        assert_eq!(error, expected);
    }

    #[tokio::test]
    async fn a_process_that_is_never_ready_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Process::start("slow", shell("sleep 60"), folder.path().join("slow.log")).unwrap();
        let error = process.wait_until_ready(Duration::ZERO, async || false).await.unwrap_err().to_string();
        assert!(error.starts_with("slow was not ready within 0 s"), "{error}");
    }

    #[tokio::test]
    async fn dropping_a_process_ends_its_children_too() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("parent.log");
        let mut process = Process::start("parent", shell("sleep 60 & echo $!; wait"), log.clone()).unwrap();
        let written = || fs::read_to_string(&log).unwrap().trim().parse::<u32>();
        process.wait_until_ready(Duration::from_secs(20), async || written().is_ok()).await.unwrap();
        let grandchild = PathBuf::from(format!("/proc/{}/stat", written().unwrap()));
        drop(process);
        // It may wait for its new parent as a zombie for a moment; it must not run.
        let state = || fs::read_to_string(&grandchild).map(|stat| stat.contains(") Z"));
        while matches!(state(), Ok(false)) {
            sleep(POLL).await;
        }
    }

    #[test]
    fn a_missing_program_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = Process::start("tool", Command::new("/nowhere/tool"), folder.path().join("log")).unwrap_err();
        assert_eq!(error.to_string(), "cannot start tool: is /nowhere/tool there?");
    }
}
