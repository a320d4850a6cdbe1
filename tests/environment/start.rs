//! `make up` as it is typed, in the worst environment that can be set at once: it starts, says what lands, and Ctrl-C ends all of it.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use local::{project_root, stack_folder};

use crate::told::what_lands_is_told;

/// A stack of its own, which does not meet that of a `make up` beside the tests.
const STACK: &str = "environment";
/// Only so that a hang has an end.
const LIMIT: Duration = Duration::from_mins(10);
const READY: &str = "land what is published, until Ctrl-C";

/// Each of these has kept something from building, starting or answering somewhere.
const HOSTILE: &[(&str, &str)] = &[
    ("AWS_PROFILE", "corp-sso"),
    ("AWS_REGION", "eu-west-3"),
    ("AWS_SESSION_TOKEN", "stale"),
    ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
    ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9"),
    ("AWS_CA_BUNDLE", "/no/such/ca.pem"),
    ("AWS_USE_FIPS_ENDPOINT", "true"),
    ("AWS_DEFAULT_OUTPUT", "yaml-stream"),
    ("SAM_USE_CONTAINER", "1"),
    ("SAM_CLI_CONTAINER_CONNECTION_TIMEOUT", "x"),
    ("DOCKER_HOST", "tcp://127.0.0.1:9"),
    ("MINISTACK_HOST", "elsewhere"),
    ("GATEWAY_PORT", "1"),
    ("LAMBDA_EXECUTOR", "docker"),
    ("JAVA_HOME", "/no/such/java"),
    ("JAVA_TOOL_OPTIONS", "-XX:+NoSuchOption"),
    ("_JAVA_OPTIONS", "-Xmx1m"),
    ("JDK_JAVA_OPTIONS", "--no-such-option"),
    ("CLASSPATH", "/no/such.jar"),
    ("KAFKA_OPTS", "-javaagent:/no/such.jar"),
    ("KAFKA_HEAP_OPTS", "-Xmx1m"),
    ("KAFKA_PROPERTIES", "security.protocol=SASL_SSL"),
    ("KAFKA_PARTITIONS", "none"),
    ("PRODUCER_RATE", "none"),
    ("PYTHON", "/no/such/python"),
    ("PYTHONHOME", "/no/such/home"),
    ("PYTHONPATH", "/no/such/path"),
    ("PYTHONSTARTUP", "/no/such/file"),
    ("PYTHONWARNINGS", "error"),
    ("PYTHONSAFEPATH", "1"),
    ("PYTHONDONTWRITEBYTECODE", "1"),
    ("PYTHONIOENCODING", "ascii"),
    ("PIP_USER", "1"),
    ("PIP_REQUIRE_VIRTUALENV", "1"),
    ("PIP_TARGET", "/no/such/target"),
    ("PIP_PREFIX", "/no/such/prefix"),
    ("VIRTUAL_ENV", "/no/such/venv"),
    ("CONDA_PREFIX", "/no/such/conda"),
    ("CARGO_TARGET_DIR", "/no/such/target"),
    ("CARGO_BUILD_TARGET", "wasm32-unknown-unknown"),
    ("CARGO_BUILD_TARGET_DIR", "/no/such/target"),
    ("CARGO_BUILD_RUSTFLAGS", "--no-such-flag"),
    ("CARGO_ENCODED_RUSTFLAGS", "--no-such-flag"),
    ("CARGO_PROFILE_DEV_OPT_LEVEL", "3"),
    ("CARGO_INCREMENTAL", "none"),
    ("RUSTFLAGS", "--no-such-flag"),
    ("RUSTC", "/no/such/rustc"),
    ("RUSTC_WRAPPER", "/no/such/sccache"),
    ("RUSTC_WORKSPACE_WRAPPER", "/no/such/wrapper"),
    ("CC", "/no/such/cc"),
    ("CXX", "/no/such/c++"),
    ("AR", "/no/such/ar"),
    ("CFLAGS", "--no-such-flag"),
    ("LDFLAGS", "--no-such-flag"),
    ("OPENSSL_DIR", "/no/such/openssl"),
    ("PKG_CONFIG_PATH", "/no/such/path"),
    ("LD_LIBRARY_PATH", "/no/such/path"),
    ("LANG", "tr_TR.UTF-8"),
    ("LC_ALL", "xx_XX.no-such-locale"),
    ("TZ", "Pacific/Auckland"),
    ("HTTP_PROXY", "http://127.0.0.1:9"),
    ("HTTPS_PROXY", "http://127.0.0.1:9"),
    ("http_proxy", "http://127.0.0.1:9"),
    ("https_proxy", "http://127.0.0.1:9"),
    ("ALL_PROXY", "socks5://127.0.0.1:9"),
    ("NO_PROXY", "corp.example"),
    ("SSL_CERT_FILE", "/no/such/ca.pem"),
    ("SSL_CERT_DIR", "/no/such/folder"),
    ("REQUESTS_CA_BUNDLE", "/no/such/ca.pem"),
    ("TMPDIR", "/no/such/folder with space"),
    ("MAKEFLAGS", "-j8 -k"),
    ("GNUMAKEFLAGS", "-w"),
    ("MAKELEVEL", "3"),
    ("CDPATH", "/"),
    ("GREP_OPTIONS", "--no-such-option"),
    ("GREP_COLORS", "mt=01;31"),
    ("POSIXLY_CORRECT", "1"),
    ("GIT_DIR", "/no/such/repository"),
    ("NODE_OPTIONS", "--no-such-option"),
    ("CI", "true"),
    ("TERM", "dumb"),
    ("NO_COLOR", "1"),
];

#[test]
fn the_stack_starts_in_a_hostile_environment_says_what_lands_and_ctrl_c_leaves_nothing() {
    let mut up = Up::start();
    let printed = up.wait_for(READY);
    assert!(printed.contains("the stack is up"), "{printed}");
    assert!(!printed.contains("Compiling"), "it was built with other settings than without all that:\n{printed}");

    let family = up.family();
    let programs: Vec<String> = family.keys().map(|pid| command_line(*pid)).collect();
    for part in ["supervise.py", "debug/local", "kafka.Kafka", "local/emulator.py"] {
        assert!(programs.iter().any(|program| program.contains(part)), "no {part} in {programs:#?}");
    }
    let kafka = programs.iter().find(|program| program.contains("kafka.Kafka")).unwrap();
    assert!(kafka.starts_with(project_root().join("target/java/runtime/bin/java").to_str().unwrap()), "{kafka}");
    let environment = fs::read_to_string(stack_folder(Some(STACK)).join("env")).unwrap();
    let address = environment.lines().find_map(|line| line.strip_prefix("AWS_ENDPOINT_URL=http://")).unwrap();
    TcpStream::connect(address).unwrap();

    let servers = environment.lines().find_map(|line| line.strip_prefix("KAFKA_BOOTSTRAP_SERVERS=")).unwrap();
    what_lands_is_told(servers, "stock-bars", |text| up.wait_for(text));
    let page = printed.lines().find_map(|line| line.trim().strip_prefix("open        ")?.split(' ').next()).unwrap();
    its_page_says_the_same(page);

    // As a terminal does it: to the foreground group.
    signal("-INT", &format!("-{}", up.make.id()));
    let said = up.rest();
    assert!(said.contains("stopping"), "{said}");
    let left: Vec<_> = family.iter().filter(|(pid, started)| start_time(**pid).as_ref() == Some(*started)).collect();
    assert!(left.is_empty(), "left: {left:?}");
    TcpStream::connect(address).unwrap_err();
}

/// As a person sees it; the checks are a program of their own, as those of the reports.
fn its_page_says_the_same(page: &str) {
    let root = project_root();
    let checked = Command::new(root.join("target/browser/venv/bin/python"))
        .arg("-B")
        .arg(root.join("tests/browser/live.py"))
        .args([page, "5", "1"])
        .arg(root.join("target/screenshots"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [checked.stdout, checked.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(checked.status.success(), "{said}");
}

struct Up {
    make: Child,
    lines: Receiver<String>,
    _folder: tempfile::TempDir,
}

impl Up {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let file = folder.path().join(name);
            fs::write(&file, text).unwrap();
            file
        };
        let ends = file("ends.sh", "exit 3\n");
        let mut make = Command::new("sh");
        make.args(["-c", "umask 077; ulimit -Sn 128; exec make -j8 up 2>&1", "sh"])
            .current_dir(project_root())
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap())
            // A home that is not there. Where Rust is installed is said by other variables then.
            .env("HOME", folder.path().join("gone"))
            .env("CARGO_HOME", rust_folder("CARGO_HOME", ".cargo"))
            .env("RUSTUP_HOME", rust_folder("RUSTUP_HOME", ".rustup"))
            .envs(env::var_os("RUSTUP_TOOLCHAIN").map(|toolchain| ("RUSTUP_TOOLCHAIN", toolchain)))
            .env("LOCAL_STACK", STACK)
            // As the tests are built: otherwise it would build other programs, in place of those that they use.
            .env("TLS", "1")
            .env("BASH_ENV", &ends)
            .env("ENV", &ends)
            .env("AWS_CONFIG_FILE", file("config", "no configuration\n"))
            .envs(HOSTILE.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .process_group(0);
        let mut make = make.spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        let output = BufReader::new(make.stdout.take().unwrap());
        thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { make, lines, _folder: folder }
    }

    /// All that is printed until a line with `text`, that line included.
    fn wait_for(&self, text: &str) -> String {
        let deadline = Instant::now() + LIMIT;
        let mut printed = String::new();
        while !printed.contains(text) {
            let line = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now()));
            let line = line.unwrap_or_else(|_| panic!("no {text:?} in\n{printed}"));
            printed += &(line + "\n");
        }
        printed
    }

    /// What is printed until `make` ends.
    fn rest(&mut self) -> String {
        let printed: Vec<String> = self.lines.iter().collect();
        self.make.wait().unwrap();
        printed.join("\n")
    }

    /// All processes below `make`, each with the time of its start, by which a number that is given out again is told.
    fn family(&self) -> BTreeMap<u32, String> {
        let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter_map(|pid| Some((pid, stat(pid)?.get(1)?.parse().ok()?)))
            .collect();
        let mut family = vec![self.make.id()];
        let mut looked = 0;
        while looked < family.len() {
            let above = family[looked];
            family.extend(parents.iter().filter(|(_, parent)| *parent == above).map(|(pid, _)| *pid));
            looked += 1;
        }
        family.into_iter().filter_map(|pid| Some((pid, start_time(pid)?))).collect()
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        // A failed test must not leave behind what it tests for: the supervisor ends all when `make` is gone.
        if self.make.try_wait().unwrap().is_none() {
            let _ = self.make.kill();
            let _ = self.make.wait();
        }
    }
}

/// Where it is now, though the home changes.
fn rust_folder(variable: &str, below_home: &str) -> OsString {
    env::var_os(variable).unwrap_or_else(|| Path::new(&env::var_os("HOME").unwrap()).join(below_home).into_os_string())
}

fn signal(signal: &str, whom: &str) {
    assert!(Command::new("kill").args([signal, "--", whom]).status().unwrap().success());
}

/// The fields of `/proc/PID/stat` from the state on.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(text.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect())
}

fn start_time(pid: u32) -> Option<String> {
    stat(pid)?.get(19).cloned()
}

fn command_line(pid: u32) -> String {
    let mut line = Vec::new();
    let _ = fs::File::open(format!("/proc/{pid}/cmdline")).and_then(|mut file| file.read_to_end(&mut line));
    String::from_utf8_lossy(&line).replace('\0', " ")
}
