//! The commands of the pages: each is typed into a shell ([`crate::session`]), and what cannot run here is held to what there is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use local::project_root;
use tests::path_with_java;

use crate::pages::{all, in_backticks, read, typed};
use crate::session;

/// Every call of a program in the pages, by the program, each with its page.
fn calls() -> BTreeMap<String, Vec<(String, Vec<String>)>> {
    let mut calls = BTreeMap::<_, Vec<_>>::new();
    for page in all() {
        let commands = typed(&page, "sh");
        if commands.is_empty() {
            continue;
        }
        for mut call in session::typed(&page, &commands) {
            let program = call.remove(0);
            calls.entry(program).or_default().push((page.clone(), call));
        }
    }
    calls
}

#[test]
fn every_command_of_the_pages_can_be_typed_and_is_right() {
    let calls = calls();
    for (page, arguments) in &calls["make"] {
        judge_make(page, arguments);
    }
    for (page, arguments) in &calls["cargo"] {
        judge_cargo(page, arguments);
    }
    judge_aws(&calls["aws"]);
    for (tool, class) in
        [("kafka-topics.sh", "topics"), ("kafka-acls.sh", "acls"), ("kafka-consumer-groups.sh", "consumer-groups")]
    {
        judge_kafka(class, &calls[tool]);
    }
    assert!(calls["make"].len() > 15 && calls["aws"].len() > 50, "{:?}", calls.keys());
}

/// Also what stands in a sentence or a table.
#[test]
fn every_target_and_every_test_that_a_page_names_is_there() {
    let (mut targets, mut tests) = (0, 0);
    for page in all() {
        for code in in_backticks(&page) {
            let words: Vec<_> = code.split_whitespace().map(str::to_owned).collect();
            match words.first().map(String::as_str) {
                Some("make") if words.len() > 1 => {
                    judge_make(&page, &words[1..]);
                    targets += 1;
                }
                Some("cargo") if words.get(1).is_some_and(|word| word == "test" || word == "bench") => {
                    judge_cargo(&page, &words[1..]);
                    tests += 1;
                }
                _ => {}
            }
        }
    }
    assert!(targets > 100 && tests > 3, "{targets} {tests}");
}

fn judge_make(page: &str, arguments: &[String]) {
    let makefile = read("Makefile");
    let known = makefile.clone() + &read("local/environment.mk");
    for argument in arguments {
        let told = format!("{page}: make {}", arguments.join(" "));
        if let Some((variable, _)) = argument.split_once('=') {
            let mut words = known.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            assert!(words.any(|word| word == variable), "{told}: nothing knows {variable}");
        } else {
            let there = makefile.lines().any(|line| line.starts_with(&format!("{argument}:")));
            assert!(there, "{told}: there is no such target");
        }
    }
}

/// The names of packages, test programs, benchmarks and features in every manifest.
fn named_in_manifests() -> BTreeSet<String> {
    let workspace: toml::Table = read("Cargo.toml").parse().unwrap();
    let members = workspace["workspace"]["members"].as_array().unwrap();
    let mut names = BTreeSet::new();
    for member in members {
        let manifest: toml::Table = read(&format!("{}/Cargo.toml", member.as_str().unwrap())).parse().unwrap();
        let package = manifest["package"]["name"].as_str().unwrap();
        names.insert(package.to_owned());
        for kind in ["test", "bench"] {
            let programs = manifest.get(kind).and_then(toml::Value::as_array).into_iter().flatten();
            names.extend(programs.map(|program| program["name"].as_str().unwrap().to_owned()));
        }
        let features = manifest.get("features").and_then(toml::Value::as_table).into_iter().flatten();
        names.extend(features.map(|(feature, _)| format!("{package}/{feature}")));
    }
    names
}

fn judge_cargo(page: &str, arguments: &[String]) {
    let told = format!("{page}: cargo {}", arguments.join(" "));
    let known = named_in_manifests();
    let value = |option: &str| {
        let at = arguments.iter().position(|argument| argument == option)?;
        Some(arguments.get(at + 1).unwrap_or_else(|| panic!("{told}: {option} of what?")))
    };
    for option in ["--test", "--bench", "--package", "--features"] {
        if let Some(name) = value(option) {
            assert!(known.contains(name), "{told}: there is no {name}");
        }
    }
    if arguments.first().is_some_and(|command| command == "lambda") && arguments[1] == "invoke" {
        let function = &arguments[4];
        assert!(project_root().join("functions").join(function).is_dir(), "{told}: {function}");
        let event = value("--data-file").unwrap();
        assert!(project_root().join(event).is_file(), "{told}: {event}");
    }
}

/// What the AWS CLI would take, by the services that it knows; and what the stack has.
fn judge_aws(calls: &[(String, Vec<String>)]) {
    let mut lines = String::new();
    let outputs = crate::words::outputs("template.yaml");
    for (page, arguments) in calls {
        lines += &serde_json::to_string(arguments).unwrap();
        lines.push('\n');
        for argument in arguments {
            if let Some((_, rest)) = argument.split_once("OutputKey=='") {
                let output = rest.split('\'').next().unwrap();
                assert!(outputs.contains(output), "{page}: the stack has no output {output}");
            }
            if let Some(file) = argument.strip_prefix("fileb://events/") {
                assert!(project_root().join("events").join(file).is_file(), "{page}: {file}");
            }
        }
    }
    let refused = asked("target/tools/venv/bin/python", "aws.py", &lines);
    assert!(refused.is_empty(), "{refused}");
}

/// Kafka's own tool is asked which options it has.
fn judge_kafka(tool: &str, calls: &[(String, Vec<String>)]) {
    let output = Command::new(project_root().join("broker/kafka.sh"))
        .args([tool, "--help"])
        .env("KAFKA_LIBS", project_root().join("target/kafka/libs"))
        .env("PATH", path_with_java())
        .output()
        .unwrap();
    let help = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(!calls.is_empty() && help.contains("--bootstrap-server"), "{tool}: {help}");
    let known: BTreeSet<_> = help.split_whitespace().map(|word| word.trim_end_matches([',', ':', ']', '.'])).collect();
    for (page, arguments) in calls {
        let unknown =
            arguments.iter().find(|argument| argument.starts_with("--") && !known.contains(argument.as_str()));
        assert_eq!(unknown, None, "{page}: {tool} {arguments:?}");
    }
}

#[test]
fn every_query_of_the_pages_is_one_for_trino_and_finds_its_columns() {
    let mut queries = Vec::new();
    for page in all() {
        let text = typed(&page, "sql");
        queries.extend(text.split_inclusive(";\n").filter(|query| !query.trim().is_empty()).map(str::to_owned));
    }
    let said = asked("target/golden/venv/bin/python", "sql.py", &queries.join("\0"));
    assert_eq!(said.trim(), queries.len().to_string());
    assert!(queries.len() > 6, "{queries:?}");
}

/// What a script beside this file prints, given `input`.
fn asked(python: &str, script: &str, input: &str) -> String {
    let mut process = Command::new(project_root().join(python))
        .arg("-B")
        .arg(project_root().join("tests/documentation").join(script))
        .current_dir(project_root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "{script} ended with {}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// The line is from a real file: its name, its columns and its first day are.
#[test]
fn the_producer_says_of_a_file_what_its_page_shows() {
    let page = read("docs/producer.md");
    let shown = page.lines().find(|line| line.starts_with("HistoricalData_1708449960431.csv: ")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let rows = "Date,Close/Last,Volume,Open,High,Low\n02/20/2024,$101.50,1200300,$100.50,$103.00,$100.00\n";
    fs::write(folder.path().join("HistoricalData_1708449960431.csv"), rows).unwrap();
    let output = Command::new(tests::built("producer"))
        .args(["--dry-run", "--csv", "HistoricalData_1708449960431.csv", "--symbol", "ACME"])
        .current_dir(&folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(said.lines().any(|line| line == shown), "{said}");
}
