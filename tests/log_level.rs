//! What Lambda keeps of a function's lines at each `LogLevel` of template.yaml: every error, and every metric, whatever the level.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

use std::fs;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::DateTime;
use harness::bucket;
use harness::http::{Answer, Request, Server};
use local::project_root;
use saphyr::{LoadableYamlNode, Yaml};
use serde_json::Value;
use tests::built;

/// As Lambda orders them.
const LEVELS: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const LIMIT: Duration = Duration::from_mins(1);

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
    let (answering, answers) = mpsc::channel();
    let (events, to_hand_out) = mpsc::channel::<String>();
    let to_hand_out = Arc::new(Mutex::new(to_hand_out));
    let runtime_api = Server::start(move |request: Request| {
        if request.path.ends_with("/invocation/next") {
            // Until the test is over: then nobody reads the answer.
            let event = to_hand_out.lock().unwrap().recv().unwrap_or_default();
            return Answer { status: 200, headers: invocation(), body: event.into_bytes() };
        }
        let _ = answering.send(request.path.ends_with("/response"));
        Answer { status: 202, headers: Vec::new(), body: Vec::new() }
    });
    let bucket = bucket::start();
    // No pipe: at TRACE it would be full before anybody reads it.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log");
    let log = fs::File::create(&file).unwrap();

    let mut function = Command::new(built("ingest"))
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", runtime_api.address.to_string())
        .envs([("RUST_LOG", level), ("AWS_LAMBDA_LOG_LEVEL", filter), ("AWS_LAMBDA_LOG_FORMAT", "JSON")])
        .envs([("AWS_LAMBDA_FUNCTION_NAME", "ingest"), ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")])
        .envs([("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"), ("AWS_REGION", "eu-central-1")])
        .envs([("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")])
        .envs([("LAKE_BUCKET", "lake"), ("GENERATION", "1")])
        .env("AWS_ENDPOINT_URL_S3", format!("http://{}", bucket.address))
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap();
    let answers = [event, "{}".to_owned()].map(|event| {
        events.send(event).unwrap();
        answers.recv_timeout(LIMIT)
    });
    function.kill().unwrap();
    function.wait().unwrap();
    let written = fs::read_to_string(file).unwrap();
    assert_eq!(answers, [Ok(true), Ok(false)], "whether each event has landed: {written}");
    written.lines().map(str::to_owned).collect()
}

fn invocation() -> Vec<(&'static str, String)> {
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + LIMIT;
    vec![
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned()),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:123456789012:function:ingest".to_owned()),
        ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700".to_owned()),
    ]
}

fn strings<'t>(list: &'t Yaml<'_>) -> Vec<&'t str> {
    list.as_sequence().into_iter().flatten().filter_map(Yaml::as_str).collect()
}
