//! What Lambda keeps of a function's lines at each `LogLevel` of template.yaml: every error, and every metric, whatever the level.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

use std::fs;

use chrono::DateTime;
use harness::{Function, bucket};
use local::project_root;
use saphyr::{LoadableYamlNode, Yaml};
use serde_json::Value;
use tests::built;

/// As Lambda orders them.
const LEVELS: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

#[test]
fn errors_and_metrics_are_kept_at_every_log_level() {
    let template = fs::read_to_string(project_root().join("template.yaml")).unwrap();
    let template = &Yaml::load_from_str(&template).unwrap()[0];
    let levels: Vec<_> = strings(&template["Parameters"]["LogLevel"]["AllowedValues"]);
    assert!(levels.len() > 1 && levels.contains(&"ERROR"), "{levels:?}");
    let function = &template["Globals"]["Function"];
    for level in levels {
        // A `!Ref` of the parameter, or a level for good.
        let setting = |value: &Yaml<'_>| value.as_str().map_or_else(|| level.to_owned(), str::to_owned);
        let filter = setting(&function["LoggingConfig"]["ApplicationLogLevel"]);
        let written = setting(&function["Environment"]["Variables"]["RUST_LOG"]);
        let lines: Vec<_> = lines(&written, &filter).into_iter().filter(|line| is_kept(line, &filter)).collect();
        let has = |is_it: fn(&Value) -> bool| {
            lines.iter().filter_map(|line| serde_json::from_str(line).ok()).any(|line: Value| is_it(&line))
        };
        assert!(has(|line| line["_aws"]["CloudWatchMetrics"].is_array()), "{level}: no metrics in {lines:#?}");
        assert!(has(|line| line["level"] == "ERROR"), "{level}: no error in {lines:#?}");
        let is_verbose = ["TRACE", "DEBUG", "INFO"].contains(&level);
        assert_eq!(has(|line| line["fields"]["message"] == "event handled"), is_verbose, "{level}: {lines:#?}");
    }
}

/// Lambda's rule for a function that writes its own lines: "If the level value field is invalid or missing, Lambda will assign the log output
/// the level INFO. […] If you don't supply a valid timestamp, Lambda will assign the log the level INFO": the developer guide, "Log-level
/// filtering". What is no JSON has neither.
fn is_kept(line: &str, filter: &str) -> bool {
    let place = |level: &str| LEVELS.iter().position(|known| known.eq_ignore_ascii_case(level));
    let line: Value = serde_json::from_str(line).unwrap_or_default();
    let dated = line["timestamp"].as_str().is_some_and(|time| DateTime::parse_from_rfc3339(time).is_ok());
    let level = line["level"].as_str().filter(|_| dated).and_then(place);
    level.or(place("INFO")) >= place(filter)
}

#[test]
fn the_rule_is_lambdas() {
    let error = r#"{"level":"error","timestamp":"2026-11-22T19:05:11.250Z"}"#;
    assert!(is_kept(error, "ERROR") && !is_kept(error, "FATAL"));
    for info in [r#"{"level":"ERROR"}"#, r#"{"level":"ERROR","timestamp":"today"}"#, r#"{"_aws":{}}"#, "panicked"] {
        assert!(is_kept(info, "INFO") && !is_kept(info, "WARN"), "{info}");
    }
}

/// What `ingest` writes of an event that lands, and of one that is none.
fn lines(level: &str, filter: &str) -> Vec<String> {
    let event = fs::read_to_string(project_root().join("events/ingest-two-partitions.json")).unwrap();
    let bucket = bucket::start();
    let endpoint = format!("http://{}", bucket.address);
    let variables = [
        ("RUST_LOG", level),
        ("AWS_LAMBDA_LOG_LEVEL", filter),
        ("LAKE_BUCKET", "lake"),
        ("GENERATION", "1"),
        ("AWS_ENDPOINT_URL_S3", &endpoint),
    ];
    // No pipe: at TRACE it would be full before anybody reads it.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log");
    let log = fs::File::create(&file).unwrap();
    let answers = {
        let mut function = Function::start_program(&built("ingest"), "ingest", &variables, Some(&log));
        [event, "{}".to_owned()].map(|event| function.invoke(event))
    };
    let written = fs::read_to_string(file).unwrap();
    let [landed, refused] = &answers;
    let is_refused = refused.as_ref().is_err_and(|error| error.contains("not a Kafka event"));
    assert!(landed.is_ok() && is_refused, "one event lands, one is none: {answers:?}, {written}");
    written.lines().map(str::to_owned).collect()
}

fn strings<'t>(list: &'t Yaml<'_>) -> Vec<&'t str> {
    list.as_sequence().into_iter().flatten().filter_map(Yaml::as_str).collect()
}
