//! A shell in which the commands of a page are typed, from its first to its last. What cannot run here (AWS, another machine's Kafka, what
//! takes minutes) is stood in for by a program that notes how it was called. The producer is the real one; it only sends nothing.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use local::project_root;
use tests::built;

/// What is stood in for.
const STOOD_IN: [&str; 8] = [
    "aws",
    "make",
    "cargo",
    "xdg-open",
    "kafka-topics.sh",
    "kafka-acls.sh",
    "kafka-consumer-groups.sh",
    "kafka-get-offsets.sh",
];

/// What a page says to be the reader's own to set.
const GIVEN: [(&str, &[&str]); 4] = [
    ("docs/deploying.md", &["VPC", "BROKER_GROUP"]),
    ("docs/reports.md", &["LAKE_BUCKET", "REPORT_FUNCTION"]),
    ("docs/compaction.md", &["COMPACT_FUNCTION"]),
    ("RUNBOOK.md", &["KAFKA_BOOTSTRAP_SERVERS", "KAFKA_TOPIC"]),
];

/// Files that the commands name.
const FILES: [(&str, &str); 9] = [
    (
        "acme.csv",
        "Price,Close,High,Low,Open,Volume\nTicker,ACME,ACME,ACME,ACME,ACME\nDate,,,,,\n2024-02-20,101.5,103.0,100.0,100.5,1200300\n",
    ),
    (
        "HistoricalData_1708449960431.csv",
        "Date,Close/Last,Volume,Open,High,Low\n02/20/2024,$101.50,1200300,$100.50,$103.00,$100.00\n",
    ),
    (
        "data/daily/us/nasdaq stocks/1/acme.us.txt",
        "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\nACME.US,D,20240220,000000,100.5,103,100,101.5,1200300,0\n",
    ),
    (
        "bars.csv",
        "Index,Date,Open,High,Low,Close,Adj Close,Volume\nACME,2024-02-20,100.5,103,100,101.5,101.5,1200300\n",
    ),
    (
        "data/bars.csv",
        "Index,Date,Open,High,Low,Close,Adj Close,Volume\nACME,2024-02-20,100.5,103,100,101.5,101.5,1200300\n",
    ),
    ("ca.pem", "-----BEGIN CERTIFICATE-----\n"),
    ("login.json", "{}"),
    ("secret.json", "{}"),
    ("target/local/env", "KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:1\nLAKE_BUCKET=lake\n"),
];

/// Types all of a page, and returns how the programs were called that are stood in for.
pub(crate) fn typed(page: &str, commands: &str) -> Vec<Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in FILES {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    symlink(project_root().join("events"), folder.path().join("events")).unwrap();
    let programs = folder.path().join("programs");
    fs::create_dir(&programs).unwrap();
    let stand_in = project_root().join("tests/documentation/stand_in.py");
    for name in STOOD_IN {
        program(&programs.join(name), &format!("exec python3 '{}' \"$0\" \"$@\"", stand_in.display()));
    }
    let python = project_root().join("target/tools/venv/bin/python");
    program(&programs.join("python3"), &format!("exec '{}' \"$@\"", python.display()));
    fs::create_dir_all(folder.path().join("target/debug")).unwrap();
    for place in ["programs/producer", "producer", "target/debug/producer"] {
        program(&folder.path().join(place), &producer());
    }
    let calls = folder.path().join("calls");
    fs::write(&calls, "").unwrap();

    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", &placed(commands)]).current_dir(folder.path()).env_clear();
    shell
        .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", programs.display()))
        .env("CALLS", &calls)
        .env("LC_ALL", "C.UTF-8");
    for name in GIVEN.iter().filter(|(given, _)| *given == page).flat_map(|(_, names)| *names) {
        shell.env(name, "given");
    }
    let output = shell.output().unwrap();
    assert!(output.status.success(), "{page}: {}", String::from_utf8_lossy(&output.stderr));
    let calls = fs::read_to_string(calls).unwrap();
    calls.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The producer reads what it is given, and stops before the broker. What asks the broker (`doctor`) or never ends (`--follow`) is asked for
/// its help instead, which it gives only where it knows every option.
fn producer() -> String {
    let program = built("producer").display().to_string();
    format!(
        "case \" $* \" in ' doctor '* | *' --follow '*) exec '{program}' \"$@\" --help ;; *) exec '{program}' \"$@\" --dry-run ;; esac"
    )
}

fn program(path: &Path, text: &str) {
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// With something in the place of `<the key>`.
fn placed(commands: &str) -> String {
    let mut placed = String::new();
    for line in commands.lines() {
        let mut rest = line;
        while !rest.trim_start().starts_with('#')
            && let Some((before, after)) = rest.split_once('<')
            && let Some((inside, behind)) = after.split_once('>')
            && inside.chars().all(|c| c.is_ascii_alphabetic() || c == ' ')
        {
            placed += before;
            placed += "placed";
            rest = behind;
        }
        placed += rest;
        placed.push('\n');
    }
    placed
}
