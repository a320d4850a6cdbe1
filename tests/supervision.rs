//! `local/supervise.py`: whatever ends, and however, nothing that it started is left; and `make` says nothing of a signal.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

use std::fs;
use std::io::Read;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use local::project_root;
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(30);

/// A command with a child, a grandchild in a session of its own, and an orphan that ignores every polite signal. Each carries
/// `marker` in its environment. It says when all are there.
const FAMILY: &str = "
    sleep 300 &
    setsid sh -c 'trap \"\" TERM INT HUP; sleep 300 & wait' &
    (setsid sleep 300 &)
    echo up
    wait";

struct Supervised {
    supervisor: Child,
    marker: String,
}

/// Each script says so once it runs.
fn wait_until_up(child: &mut Child) {
    let mut up = [0; 3];
    child.stdout.as_mut().unwrap().read_exact(&mut up).unwrap();
    assert_eq!(&up, b"up\n");
}

impl Supervised {
    fn start(name: &str, script: &str) -> Self {
        let marker = format!("tickerlake-{name}-{}", std::process::id());
        let mut supervisor = Command::new("python3")
            .arg(project_root().join("local/supervise.py"))
            .args(["sh", "-c", script])
            .env("MARKER", &marker)
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        wait_until_up(&mut supervisor);
        Self { supervisor, marker }
    }

    /// Every living process with the marker.
    fn family(&self) -> Vec<u32> {
        let marked = format!("MARKER={}", self.marker).into_bytes();
        let mut family: Vec<u32> = fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter(|pid: &u32| {
                // A zombie's environment is empty: it has ended.
                let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
                environment.split(|byte| *byte == 0).any(|variable| variable == marked)
            })
            .collect();
        family.sort_unstable();
        family
    }

    fn signal(signal: &str, pid: u32) {
        assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
    }

    /// The processes of the supervisor's own: itself and the one that watches with it.
    fn supervisors(&self) -> Vec<u32> {
        self.family()
            .into_iter()
            .filter(|pid| {
                let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                String::from_utf8_lossy(&line).contains("supervise.py")
            })
            .collect()
    }

    fn assert_all_end(&mut self) {
        let deadline = Instant::now() + LIMIT;
        loop {
            // Reaps it, so that it is no zombie of ours.
            let _ = self.supervisor.try_wait();
            let left = self.family();
            if left.is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "left after {LIMIT:?}: {left:?}");
            sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        // A failed test must not leave behind what it tests for. What just becomes another program shows no environment: so again, until
        // none is seen.
        let deadline = Instant::now() + LIMIT;
        for family in std::iter::repeat_with(|| self.family()) {
            if family.is_empty() || Instant::now() > deadline {
                break;
            }
            for pid in family {
                let _ = Command::new("kill").args(["-9", &pid.to_string()]).stderr(Stdio::null()).status();
            }
            sleep(Duration::from_millis(20));
        }
        let _ = self.supervisor.wait();
    }
}

#[test]
fn the_family_is_there_before_anything_ends() {
    let mut supervised = Supervised::start("there", FAMILY);
    assert!(supervised.family().len() >= 6, "{:?}", supervised.family());
    assert_eq!(supervised.supervisors().len(), 2);
    // In good order: of a process that just becomes another program Linux shows no environment, and it would be left.
    Supervised::signal("-TERM", supervised.supervisor.id());
    supervised.assert_all_end();
}

#[test]
fn the_commands_own_end_ends_the_rest_and_its_exit_code_is_kept() {
    let mut supervised = Supervised::start("exit", &FAMILY.replace("    wait", "    exit 7"));
    assert_eq!(supervised.supervisor.wait().unwrap().code(), Some(7));
    assert!(supervised.family().is_empty());
}

#[test]
fn each_signal_that_asks_to_end_ends_all() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        let mut supervised = Supervised::start(&format!("signal{signal}"), FAMILY);
        Supervised::signal(signal, supervised.supervisor.id());
        assert_eq!(supervised.supervisor.wait().unwrap().code(), Some(code), "{signal}");
        assert!(supervised.family().is_empty(), "{signal}");
    }
}

#[test]
fn killing_either_supervisor_or_any_other_ends_all() {
    for victim in 0..3 {
        let mut supervised = Supervised::start(&format!("kill-{victim}"), FAMILY);
        let supervisors = supervised.supervisors();
        let command = supervised.family().into_iter().find(|pid| !supervisors.contains(pid)).unwrap();
        let pid = [supervisors[0], supervisors[1], command][victim];
        Supervised::signal("-KILL", pid);
        supervised.assert_all_end();
    }
}

#[test]
fn the_death_of_whoever_started_it_ends_all() {
    let marker = format!("tickerlake-parent-{}", std::process::id());
    let supervise = project_root().join("local/supervise.py");
    let mut parent = Command::new("sh")
        .args(["-c", &format!("python3 '{}' sh -c '{}'; true", supervise.display(), "sleep 300 & echo up; wait")])
        .env("MARKER", &marker)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut up = [0; 3];
    parent.stdout.as_mut().unwrap().read_exact(&mut up).unwrap();
    let mut supervised = Supervised { supervisor: parent, marker };
    Supervised::signal("-KILL", supervised.supervisor.id());
    supervised.assert_all_end();
}

#[test]
fn a_command_that_is_not_there_is_named() {
    let output = Command::new("python3")
        .arg(project_root().join("local/supervise.py"))
        .arg("/no/such/program")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(127));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/no/such/program"));
}

/// A Makefile with the very recipes of `make demo` and `make up`, and other work below them: `work` is a command.
fn makefile(work: &str) -> TempDir {
    let makefile = fs::read_to_string(project_root().join("Makefile")).unwrap();
    let line = |begin: &str| makefile.lines().find(|line| line.starts_with(begin)).unwrap();
    let recipe = |target: &str| makefile.lines().skip_while(|line| !line.starts_with(target)).nth(1).unwrap();
    let (below, supervised, until) = (line("BELOW "), line("SUPERVISED "), line("SUPERVISED_UNTIL_CTRL_C "));
    let text = format!(
        "PYTHON := python3\n{below}\n{supervised}\n{until}\n\ndemo:\n{}\nup:\n{}\n.demo .up:\n\t@{work}\n",
        recipe("demo:"),
        recipe("up:")
    );
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("Makefile"), text).unwrap();
    std::os::unix::fs::symlink(project_root().join("local"), folder.path().join("local")).unwrap();
    folder
}

/// Says that it is there, and at a signal that it ends.
fn work(code: u8) -> String {
    format!("sh -c 'trap \"echo bye; exit {code}\" INT TERM HUP; echo up; sleep 300 & wait'")
}

/// What `make TARGET` says once it is asked to end: the number is that of a process, or of a group as a terminal has it.
fn asked_to_end(folder: &TempDir, target: &str, signal: &str, group: bool) -> Output {
    let mut make = Command::new("make")
        .arg(target)
        .current_dir(folder)
        .env_remove("MAKEFLAGS")
        .env_remove("MAKELEVEL")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    wait_until_up(&mut make);
    let process = format!("{}{}", if group { "-" } else { "" }, make.id());
    assert!(Command::new("kill").args([signal, "--", &process]).status().unwrap().success());
    make.wait_with_output().unwrap()
}

#[test]
fn make_says_nothing_of_its_own_when_it_is_asked_to_end_and_ends_by_that_signal() {
    let folder = makefile(&work(1));
    for (signal, number, group) in [("-INT", 2, true), ("-TERM", 15, true), ("-TERM", 15, false), ("-HUP", 1, true)] {
        for target in ["demo", "up"] {
            let output = asked_to_end(&folder, target, signal, group);
            assert_eq!(String::from_utf8_lossy(&output.stdout), "bye\n", "{target} {signal}: not in good order");
            assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{target} {signal}");
            assert_eq!(output.status.signal(), Some(number), "{target} {signal}");
        }
    }
}

#[test]
fn make_still_says_what_failed_when_nobody_asked_it_to_end() {
    let folder = makefile("exit 7");
    let output = Command::new("make")
        .arg("demo")
        .current_dir(&folder)
        .env_remove("MAKEFLAGS")
        .env_remove("MAKELEVEL")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(".demo] Error 7") && said.contains("demo] Error 2"), "{said}");
    assert_eq!(output.status.code(), Some(2));
}

/// In a terminal of its own: prints the exit code of `make`, and what is typed after it, which reaches only who has the terminal.
const TERMINAL: &str = r#"
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execvp("sh", ["sh", "-c", f"make {sys.argv[1]}; echo code $?; read typed; echo got $typed"])
said = b""
def until(text):
    global said
    while text not in said:
        said += os.read(terminal, 1000)
until(b"up\r\n")
os.write(terminal, b"\x03")
until(b"code ")
os.write(terminal, b"this\n")
until(b"got this")
print(said.decode())
"#;

#[test]
fn ctrl_c_is_how_make_up_ends_and_no_failure() {
    let folder = makefile(&work(0));
    let output = Command::new("timeout")
        .args(["60", "python3", "-c", TERMINAL, "up"])
        .current_dir(&folder)
        .env_remove("MAKEFLAGS")
        .env_remove("MAKELEVEL")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("code 0\r\n") && said.contains("bye") && !said.contains("***"), "{output:?}");
}

#[test]
fn what_is_to_run_until_a_signal_must_then_end_well() {
    for (code, ends) in [(0, 0), (1, 130)] {
        let folder = makefile(&work(code));
        let mut supervisor = Command::new("python3")
            .args(["local/supervise.py", "--until-signal", "make", "--silent", ".up"])
            .current_dir(&folder)
            .env_remove("MAKEFLAGS")
            .env_remove("MAKELEVEL")
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let mut up = [0; 3];
        supervisor.stdout.as_mut().unwrap().read_exact(&mut up).unwrap();
        Supervised::signal("-INT", supervisor.id());
        assert_eq!(supervisor.wait().unwrap().code(), Some(ends));
    }
}
