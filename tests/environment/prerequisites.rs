//! `local/prerequisites.sh`: what is missing or in the way is named, with what to do, and nothing else is.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use local::project_root;

/// A machine with a shell and its usual commands; what else it has is up to the test.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        let machine = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(machine.bin()).unwrap();
        fs::create_dir(machine.project()).unwrap();
        let usual =
            ["cat", "chmod", "dirname", "head", "ln", "mkdir", "mktemp", "rm", "sed", "sh", "sort", "stat", "uname"];
        for command in usual {
            let path =
                ["/usr/bin", "/bin"].iter().map(|folder| Path::new(folder).join(command)).find(|path| path.exists());
            symlink(path.unwrap(), machine.bin().join(command)).unwrap();
        }
        machine
    }

    /// With all that is ever asked for.
    fn complete() -> Self {
        let machine = Self::new();
        machine.add("cargo", "case $1 in --version) echo cargo 1.95.0 ;; *) exit 1 ;; esac");
        machine.add("python3", "case $* in *print*) echo 3.12 ;; esac");
        for command in ["cc", "make", "bash", "perl", "c++", "openssl", "chromium"] {
            machine.add(command, "");
        }
        machine
    }

    fn bin(&self) -> PathBuf {
        self.folder.path().join("bin")
    }

    fn project(&self) -> PathBuf {
        self.folder.path().join("my projécts")
    }

    fn add(&self, name: &str, script: &str) {
        let file = self.bin().join(name);
        fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.bin().join(name)).unwrap();
    }

    fn command(&self, needs: &[&str]) -> Command {
        let mut command = Command::new(project_root().join("local/prerequisites.sh"));
        command.args(needs).current_dir(self.project()).env_clear().env("PATH", self.bin());
        command
    }

    fn ask(&self, needs: &[&str]) -> Output {
        self.command(needs).output().unwrap()
    }
}

const EVERYTHING: [&str; 7] = ["compilers", "libraries", "tls", "cplusplus", "python", "openssl", "browser"];

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn lacks(output: &Output, what: &str) {
    let said = said(output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(what), "{said}");
}

#[test]
fn where_all_is_there_nothing_is_said_and_nothing_is_left() {
    let machine = Machine::complete();
    let output = machine.ask(&EVERYTHING);
    assert!(output.status.success() && said(&output).is_empty(), "{}", said(&output));
    assert_eq!(fs::read_dir(machine.project().join("target")).unwrap().count(), 0);
}

#[test]
fn each_that_is_missing_is_named_with_how_to_get_it() {
    for (command, what) in [
        ("cargo", "https://rustup.rs"),
        ("cc", "missing: cc, a C compiler"),
        ("make", "missing: make ("),
        ("perl", "missing: perl ("),
        ("c++", "missing: c++, a C++ compiler"),
        ("python3", "missing: Python 3.11 or newer"),
        ("openssl", "apt-get install openssl; Fedora: dnf install openssl"),
        ("chromium", "missing: Chromium"),
    ] {
        let machine = Machine::complete();
        machine.remove(command);
        lacks(&machine.ask(&EVERYTHING), what);
    }
}

#[test]
fn a_target_is_asked_only_for_what_it_needs() {
    let machine = Machine::new();
    machine.add("python3", "case $* in *print*) echo 3.12 ;; esac");
    let output = machine.ask(&["python"]);
    assert!(output.status.success(), "{}", said(&output));
    let all = machine.ask(&EVERYTHING);
    for missing in ["Rust", "cc", "openssl", "Chromium"] {
        assert!(said(&all).contains(&format!("missing: {missing}")), "{missing}: {}", said(&all));
    }
}

#[test]
fn a_rust_that_is_too_old_or_does_not_start_is_told_with_the_variable_that_chose_it() {
    let machine = Machine::complete();
    machine.add("cargo", "case $1 in --version) echo cargo 1.70.0-nightly ;; *) exit 1 ;; esac");
    lacks(&machine.ask(&EVERYTHING), "missing: Rust 1.94.1 or newer (this is 1.70.0)\n         rustup update stable");
    let chosen = machine.command(&EVERYTHING).env("RUSTUP_TOOLCHAIN", "old").output().unwrap();
    lacks(
        &chosen,
        "(this is 1.70.0, which RUSTUP_TOOLCHAIN=old chooses)\n         unset RUSTUP_TOOLCHAIN; rustup update stable",
    );
    machine.add("cargo", "echo \"error: toolchain 'old' is not installed\" >&2; exit 1");
    lacks(&machine.ask(&EVERYTHING), "cargo says: error: toolchain 'old' is not installed");
}

#[test]
fn the_rust_that_is_asked_for_is_that_of_the_workspace() {
    let workspace = fs::read_to_string(project_root().join("Cargo.toml")).unwrap();
    let version = workspace.lines().find_map(|line| line.strip_prefix("rust-version = \"")?.strip_suffix('"')).unwrap();
    let script = fs::read_to_string(project_root().join("local/prerequisites.sh")).unwrap();
    assert!(script.contains(&format!("at_least \"$rust\" {version};")), "{version}");
    assert_eq!(script.matches(&format!("Rust {version} or newer")).count(), 3);
    for page in ["README.md", "CONTRIBUTING.md", "docs/getting-started.md"] {
        let text = fs::read_to_string(project_root().join(page)).unwrap();
        assert!(text.contains(&format!("Rust {version} or newer")), "{page}: {version}");
    }
}

#[test]
fn a_cargo_that_builds_for_another_machine_is_told() {
    let machine = Machine::complete();
    machine.add(
        "cargo",
        "case $* in --version) echo cargo 1.95.0 ;; *'get --format json-value build.target') echo '\"wasm32\"' ;; esac",
    );
    lacks(&machine.ask(&EVERYTHING), "build.target is \"wasm32\" in your .cargo/config.toml");
}

#[test]
fn a_python_without_venv_or_of_an_old_version_is_told() {
    let machine = Machine::complete();
    machine.add("python3", "case $* in *print*) echo 3.9 ;; esac");
    lacks(&machine.ask(&EVERYTHING), "Python 3.11 or newer (this is 3.9)");
    machine.add("python3", "case $* in *print*) echo 3.13 ;; *) exit 1 ;; esac");
    lacks(&machine.ask(&EVERYTHING), "apt-get install python3.13-venv");
    machine.add("python3", "echo 'pyenv: version 3.99 is not installed' >&2; exit 1");
    lacks(&machine.ask(&EVERYTHING), "python3 says: pyenv: version 3.99 is not installed");
}

#[test]
fn a_compiler_without_headers_is_told_in_its_own_words() {
    let machine = Machine::complete();
    machine.add("cc", "echo 'stdio.h: No such file or directory' >&2; exit 1");
    lacks(&machine.ask(&EVERYTHING), "cc says: stdio.h: No such file or directory");
}

#[test]
fn a_broker_that_is_named_must_answer() {
    let machine = Machine::complete();
    machine.remove("python3");
    symlink(project_root().join("target/tools/venv/bin/python"), machine.bin().join("python3")).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let ask = |named: &str| machine.command(&["broker"]).env("KAFKA_BOOTSTRAP_SERVERS", named).output().unwrap();
    assert!(machine.ask(&["broker"]).status.success());
    assert!(ask(&format!("{address},other:9092")).status.success(), "{}", said(&ask(&address)));
    drop(listener);
    lacks(&ask(&address), &format!("missing: the broker that KAFKA_BOOTSTRAP_SERVERS={address} names"));
    lacks(&ask("broker"), "unset it to have a broker started");
}

#[test]
fn a_folder_that_does_not_fit_is_told() {
    let machine = Machine::complete();
    let odd = machine.folder.path().join("a:b");
    fs::create_dir(&odd).unwrap();
    lacks(&machine.command(&EVERYTHING).current_dir(&odd).output().unwrap(), "a:b has one of");
    // Nobody can write there, root neither.
    lacks(
        &machine.command(&EVERYTHING).current_dir("/proc").output().unwrap(),
        "a folder for the project that can be written",
    );
    machine.remove("ln");
    machine.add("ln", "exit 1");
    lacks(&machine.ask(&EVERYTHING), "mounted with noexec, or knows no links");
}

#[test]
fn a_drive_of_windows_is_told() {
    let machine = Machine::complete();
    for command in ["uname", "stat"] {
        machine.remove(command);
    }
    machine.add("uname", "case $1 in -s) echo Linux ;; *) echo 5.15.153.1-microsoft-standard-WSL2 ;; esac");
    machine.add("stat", "echo v9fs");
    lacks(&machine.ask(&EVERYTHING), "is on a drive of Windows");
    machine.add("stat", "echo ext2/ext3");
    assert!(machine.ask(&EVERYTHING).status.success());
    machine.add("uname", "case $1 in -s) echo Linux ;; *) echo 4.4.0-19041-Microsoft ;; esac");
    lacks(&machine.ask(&EVERYTHING), "missing: WSL 2 (this is WSL 1)");
    machine.add("uname", "echo Darwin");
    lacks(&machine.ask(&EVERYTHING), "missing: Linux");
}

#[test]
fn too_little_room_for_open_files_is_told() {
    let machine = Machine::complete();
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -n 200; exec \"$@\"", "sh"]).arg(project_root().join("local/prerequisites.sh"));
    limited.args(EVERYTHING).current_dir(machine.project()).env_clear().env("PATH", machine.bin());
    lacks(&limited.output().unwrap(), "1024 open files (this shell allows 200");
}

#[test]
fn a_space_in_the_projects_path_is_in_the_way_only_where_cargo_has_one_too() {
    let machine = Machine::complete();
    let with_home = |home: &str| machine.command(&EVERYTHING).env("CARGO_HOME", home).output().unwrap();
    assert!(with_home("/home/me/.cargo").status.success());
    lacks(&with_home("/home/my name/.cargo"), "set CARGO_HOME to a folder that has none");
}

#[test]
fn the_java_that_trino_runs_on_is_looked_for_and_one_that_is_none_is_told() {
    let machine = Machine::complete();
    let modules = |version: &str, module: &str| {
        format!("[ \"$1\" = --list-modules ] && printf 'java.base@{version}\\n{module}@1\\n'")
    };
    let find = |named: &[(&str, &Path)]| {
        let mut find = Command::new(project_root().join("local/find-java.sh"));
        find.env_clear().env("PATH", machine.bin()).envs(named.iter().copied());
        PathBuf::from(String::from_utf8(find.output().unwrap().stdout).unwrap().trim_end())
    };
    machine.add("java", &modules("25.0.1", "jdk.incubator.vector"));
    assert_eq!(find(&[]), machine.bin().join("java"));
    // The one of JAVA_HOME comes first; one of Java 8, which knows no modules, is passed over.
    let home = machine.folder.path().join("home");
    fs::create_dir_all(home.join("bin")).unwrap();
    symlink(machine.bin().join("java"), home.join("bin/java")).unwrap();
    assert_eq!(find(&[("JAVA_HOME", &home)]), home.join("bin/java"));
    fs::remove_file(home.join("bin/java")).unwrap();
    machine.add("java8", "exit 1");
    symlink(machine.bin().join("java8"), home.join("bin/java")).unwrap();
    assert_eq!(find(&[("JAVA_HOME", &home)]), machine.bin().join("java"));
    for (version, module) in [("24", "jdk.incubator.vector"), ("23.0.2", "jdk.incubator.vector"), ("25", "java.sql")] {
        machine.add("named", &modules(version, module));
        let named = machine.bin().join("named");
        let asked = machine.command(&["trino_java"]).env("TRINO_JAVA", &named).output().unwrap();
        if version == "24" {
            assert_eq!(find(&[("TRINO_JAVA", &named)]), named);
            assert!(asked.status.success(), "{}", said(&asked));
        } else {
            lacks(&asked, &format!("TRINO_JAVA={} is none\n", named.display()));
            lacks(&asked, "missing: Java 24 or newer");
        }
    }
}
