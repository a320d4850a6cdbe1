use std::sync::{Arc, Mutex};

use aws_sdk_athena::Client as Athena;
use aws_sdk_athena::operation::get_query_execution::GetQueryExecutionOutput;
use aws_sdk_athena::operation::start_query_execution::{StartQueryExecutionError, StartQueryExecutionOutput};
use aws_sdk_athena::operation::stop_query_execution::StopQueryExecutionOutput;
use aws_sdk_athena::primitives::DateTime as SmithyDateTime;
use aws_sdk_athena::types::error::InvalidRequestException;
use aws_sdk_athena::types::{
    QueryExecution, QueryExecutionState, QueryExecutionStatistics, QueryExecutionStatus, ResultConfiguration,
};
use aws_sdk_s3::Client as S3;
use aws_sdk_s3::operation::abort_multipart_upload::AbortMultipartUploadOutput;
use aws_sdk_s3::operation::complete_multipart_upload::CompleteMultipartUploadOutput;
use aws_sdk_s3::operation::create_multipart_upload::CreateMultipartUploadOutput;
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::operation::put_object::{PutObjectError, PutObjectOutput};
use aws_sdk_s3::operation::upload_part::UploadPartOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::Object;
use aws_sdk_s3::types::error::NoSuchKey;
use aws_sdk_sns::Client as Sns;
use aws_sdk_sns::operation::publish::PublishOutput;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use serde_json::json;

use crate::config::Delivery;

use super::*;

const NOW: &str = "2026-11-22T23:50:10Z";

const DECLARATION: &str = r#"
title = "Small"
description = "Two columns."
empty = "Nothing."
headline = "{Symbols} symbols"

[[columns]]
name = "symbol"
label = "Symbol"
format = "text"

[[columns]]
name = "close"
label = "Close"
format = "decimal"

[[facts]]
label = "Symbols"
column = "symbol"
of = "count"
"#;

fn small_report(name: &str) -> Report {
    Report::parse(name, DECLARATION, "SELECT symbol, close FROM bars WHERE trade_date <= {{date}}", &[]).unwrap()
}

fn handler(athena: &[&Rule], s3: &[&Rule]) -> Handler {
    let config = Config {
        lake_bucket: "lake".to_owned(),
        glue_database: "tickerlake".to_owned(),
        athena_workgroup: "reports".to_owned(),
        delivery: None,
        path_style: false,
    };
    let (listed, no_index, no_manifest, no_seal, old_headline) =
        (listed(), no_index(), no_manifest(), no_seal(), old_headline());
    let s3: Vec<&Rule> =
        s3.iter().copied().chain([&listed, &no_index, &no_manifest, &no_seal, &old_headline]).collect();
    Handler {
        athena: mock_client!(aws_sdk_athena, RuleMode::MatchAny, athena),
        s3: mock_client!(aws_sdk_s3, RuleMode::MatchAny, &s3),
        sns: mock_client!(
            aws_sdk_sns,
            RuleMode::MatchAny,
            [&mock!(Sns::publish).then_output(|| PublishOutput::builder().build())]
        ),
        config,
        reports: vec![small_report("alpha"), small_report("beta")],
    }
}

/// What the index is made of: one day of `alpha` that was there before.
fn listed() -> Rule {
    mock!(S3::list_objects_v2)
        .match_requests(|request| request.prefix().is_some_and(|prefix| prefix.starts_with("reports/")))
        .then_output(|| {
            let page = Object::builder().key("reports/alpha/dt=2026-11-01/report.html").build();
            ListObjectsV2Output::builder().contents(page).build()
        })
}

fn no_index() -> Rule {
    mock!(S3::get_object)
        .match_requests(|request| request.key() == Some("reports/index.html"))
        .then_error(|| GetObjectError::NoSuchKey(NoSuchKey::builder().build()))
}

/// Of a lake that was never compacted.
fn no_manifest() -> Rule {
    mock!(S3::get_object)
        .match_requests(|request| request.key() == Some("catalog/bars.json"))
        .then_error(|| GetObjectError::NoSuchKey(NoSuchKey::builder().build()))
}

fn no_seal() -> Rule {
    mock!(S3::list_objects_v2)
        .match_requests(|request| request.prefix() == Some("catalog/seal.json"))
        .then_output(|| ListObjectsV2Output::builder().build())
}

/// An output also because signing a link goes through it.
fn old_headline() -> Rule {
    mock!(S3::get_object)
        .then_output(|| GetObjectOutput::builder().body(ByteStream::from_static(b"a headline of before")).build())
}

async fn run(handler: &Handler, input: serde_json::Value) -> Result<Outcome, Failure> {
    run_as("request-1", handler, input).await
}

async fn run_as(id: &str, handler: &Handler, input: serde_json::Value) -> Result<Outcome, Failure> {
    let invocation =
        Invocation { id: id.to_owned(), now: NOW.parse().unwrap(), give_up: give_up_at(Duration::from_mins(1)) };
    handler.run(&input, &invocation).await
}

fn start() -> Rule {
    mock!(Athena::start_query_execution)
        .match_requests(|request| {
            let database = request.query_execution_context().and_then(|context| context.database());
            request.work_group() == Some("reports") && database == Some("tickerlake")
        })
        .then_output(|| StartQueryExecutionOutput::builder().query_execution_id("query-1").build())
}

type Tokens = Arc<Mutex<Vec<String>>>;

/// Takes every query, and notes its token.
fn start_noting(tokens: &Tokens) -> Rule {
    let tokens = Arc::clone(tokens);
    mock!(Athena::start_query_execution)
        .match_requests(move |request| {
            tokens.lock().unwrap().push(request.client_request_token().unwrap().to_owned());
            true
        })
        .then_output(|| StartQueryExecutionOutput::builder().query_execution_id("query-1").build())
}

/// A query that is in this state whenever it is asked for.
fn in_state(state: QueryExecutionState, reason: &'static str, completed_at: &'static str) -> Rule {
    mock!(Athena::get_query_execution).then_output(move || execution(state.clone(), reason, completed_at))
}

fn execution(state: QueryExecutionState, reason: &str, completed_at: &str) -> GetQueryExecutionOutput {
    let completed_at: DateTime<Utc> = completed_at.parse().unwrap();
    let status = QueryExecutionStatus::builder()
        .state(state)
        .state_change_reason(reason)
        .completion_date_time(SmithyDateTime::from_secs(completed_at.timestamp()))
        .build();
    let statistics =
        QueryExecutionStatistics::builder().data_scanned_in_bytes(4_096).engine_execution_time_in_millis(321).build();
    let place = ResultConfiguration::builder().output_location("s3://lake/queries/query-1.csv").build();
    let execution = QueryExecution::builder().query_execution_id("query-1").status(status).statistics(statistics);
    let execution = execution.result_configuration(place);
    GetQueryExecutionOutput::builder().query_execution(execution.build()).build()
}

fn succeeded() -> Rule {
    in_state(QueryExecutionState::Succeeded, "", NOW)
}

/// A result, as it is read: in pieces.
fn result(bytes: impl Into<Vec<u8>>) -> Rule {
    let bytes = bytes.into();
    mock!(S3::get_object).match_requests(|request| request.key() == Some("queries/query-1.csv")).then_compute_output(
        move |request| {
            let range = request.range().and_then(|range| range.strip_prefix("bytes=")?.split_once('-')).unwrap();
            let (first, last): (usize, usize) = (range.0.parse().unwrap(), range.1.parse().unwrap());
            let last = last.min(bytes.len() - 1);
            GetObjectOutput::builder()
                .body(ByteStream::from(bytes[first..=last].to_vec()))
                .content_range(format!("bytes {first}-{last}/{}", bytes.len()))
                .build()
        },
    )
}

fn one_row() -> Rule {
    result("\"symbol\",\"close\"\n\"HSI\",\"1.5\"\n")
}

type Puts = Arc<Mutex<Vec<(String, String, String)>>>;

/// Takes every object, and notes its key, content type and bytes.
fn put_into(puts: &Puts) -> Rule {
    let puts = Arc::clone(puts);
    mock!(S3::put_object)
        .match_requests(move |request| {
            let body = request.body().bytes().unwrap_or_default();
            let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
            let put = (text(request.key()), text(request.content_type()), String::from_utf8_lossy(body).into_owned());
            puts.lock().unwrap().push(put);
            true
        })
        .then_output(|| PutObjectOutput::builder().build())
}

#[tokio::test(start_paused = true)]
async fn the_rows_of_a_result_are_published_as_files_then_as_a_page_then_in_the_index() {
    let rows = result("\"symbol\",\"close\"\n\"HSI\",\"1.5\"\n\"IXIC\",\n\"symbol\",\"2E1\"\n");
    let puts = Puts::default();
    let handler = handler(&[&start(), &succeeded()], &[&put_into(&puts), &rows]);
    let outcome = run(&handler, json!({"report": "alpha", "date": "2026-11-20"})).await.unwrap();
    let puts = puts.lock().unwrap();
    let places: Vec<(&str, &str)> = puts.iter().map(|put| (put.0.as_str(), put.1.as_str())).collect();
    assert_eq!(
        places,
        [
            ("reports/alpha/dt=2026-11-20/report.csv", "text/csv; charset=utf-8"),
            ("reports/alpha/dt=2026-11-20/report.json", "application/json"),
            ("reports/alpha/dt=2026-11-20/report.html", "text/html; charset=utf-8"),
            ("reports/alpha/dt=2026-11-20/headline.txt", "text/plain; charset=utf-8"),
            ("reports/index.html", "text/html; charset=utf-8"),
        ]
    );
    insta::assert_snapshot!(puts[1].2);
    assert_eq!(puts[3].2, "3 symbols");
    assert!(puts[4].2.contains(r#"href="alpha/dt=2026-11-01/report.html""#), "{}", puts[4].2);
    assert_eq!(puts[0].2, "symbol,close\nHSI,1.5\nIXIC,\nsymbol,20\n");
    let outcome = serde_json::to_string_pretty(&outcome).unwrap();
    insta::assert_snapshot!(outcome);
}

#[tokio::test(start_paused = true)]
async fn a_query_is_polled_until_it_has_ended() {
    let polled = mock!(Athena::get_query_execution)
        .sequence()
        .output(|| execution(QueryExecutionState::Queued, "", NOW))
        .output(|| execution(QueryExecutionState::Running, "", NOW))
        .times(8)
        .output(|| execution(QueryExecutionState::Succeeded, "", NOW))
        .build();
    let handler = handler(&[&start(), &polled], &[&put_into(&Puts::default()), &one_row()]);
    run(&handler, json!({"report": "alpha"})).await.unwrap();
    assert_eq!(polled.num_calls(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_failed_query_is_an_error_with_athenas_reason_and_writes_nothing() {
    let failed = in_state(QueryExecutionState::Failed, "COLUMN_NOT_FOUND: line 1:8", NOW);
    let puts = Puts::default();
    let handler = handler(&[&start(), &failed], &[&put_into(&puts)]);
    let message = run(&handler, json!({"report": "alpha"})).await.unwrap_err().to_string();
    assert_eq!(message, "1 of 1 reports failed: alpha: query query-1 failed: COLUMN_NOT_FOUND: line 1:8");
    assert!(puts.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_query_over_the_limit_says_what_to_do() {
    let over = in_state(QueryExecutionState::Cancelled, "Bytes scanned limit was exceeded", NOW);
    let message = run(&handler(&[&start(), &over], &[]), json!({"report": "alpha"})).await.unwrap_err().to_string();
    assert!(message.contains("raise the parameter QueryScanLimitBytes"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn all_reports_of_a_day_are_announced_with_a_link_and_a_single_one_is_not() {
    let messages: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = Arc::clone(&messages);
    let publish = mock!(Sns::publish)
        .match_requests(move |request| {
            noted.lock().unwrap().push(request.message().unwrap_or_default().to_owned());
            request.topic_arn() == Some("arn:topic")
                && request.subject() == Some("tickerlake reports of 22 November 2026")
        })
        .then_output(|| PublishOutput::builder().build());
    let puts = Puts::default();
    let mut handler = handler(&[&start(), &succeeded()], &[&put_into(&puts), &one_row()]);
    handler.sns = mock_client!(aws_sdk_sns, RuleMode::MatchAny, [&publish]);
    handler.config.delivery = Some(Delivery { topic: "arn:topic".to_owned(), link_lasts: Duration::from_hours(12) });
    assert!(!run(&handler, json!({"report": "alpha"})).await.unwrap().mailed);
    assert!(run(&handler, json!({})).await.unwrap().mailed);
    let messages = messages.lock().unwrap();
    assert_eq!(messages.len(), 1);
    let lines: Vec<&str> = messages[0].lines().collect();
    assert_eq!(lines[..4], ["All 2 reports of 22 November 2026 are made.", "Small: 1 symbols", "Small: 1 symbols", ""]);
    assert!(
        lines[5].contains("/reports/mailed/dt%3D2026-11-22/") && lines[5].contains("X-Amz-Expires=43200"),
        "{}",
        lines[5]
    );
    let mailed =
        puts.lock().unwrap().iter().find(|put| put.0.starts_with("reports/mailed/dt=2026-11-22/")).unwrap().2.clone();
    assert_eq!(mailed.matches("/report.html?").count(), 4, "title and link of each, signed");
    assert!(!mailed.contains("href=\"alpha"), "nothing that needs a login");
}

#[tokio::test(start_paused = true)]
async fn a_refused_query_is_an_error_with_athenas_reason() {
    let refused = mock!(Athena::start_query_execution).then_error(|| {
        let error = InvalidRequestException::builder().message("WorkGroup reports is not found");
        let metadata = aws_sdk_athena::error::ErrorMetadata::builder()
            .code("InvalidRequestException")
            .message("WorkGroup reports is not found");
        StartQueryExecutionError::InvalidRequestException(error.meta(metadata.build()).build())
    });
    let handler = handler(&[&refused], &[]);
    let message = run(&handler, json!({"report": "alpha"})).await.unwrap_err().to_string();
    assert_eq!(
        message,
        "1 of 1 reports failed: alpha: athena could not start a query: \
         InvalidRequestException: WorkGroup reports is not found"
    );
}

#[tokio::test(start_paused = true)]
async fn near_the_deadline_the_query_is_stopped_and_the_error_says_so() {
    let running = in_state(QueryExecutionState::Running, "", NOW);
    let stop = mock!(Athena::stop_query_execution)
        .match_requests(|request| request.query_execution_id() == Some("query-1"))
        .then_output(|| StopQueryExecutionOutput::builder().build());
    let begun = Instant::now();
    let handler = handler(&[&start(), &running, &stop], &[]);
    let message = run(&handler, json!({"report": "alpha"})).await.unwrap_err().to_string();
    assert_eq!(
        message,
        "1 of 1 reports failed: alpha: query query-1 was stopped because the function's deadline is near \
         (athena has taken the stop): raise the function's Timeout or narrow the query"
    );
    assert_eq!(stop.num_calls(), 1);
    assert_eq!(begun.elapsed().as_secs(), 50, "ten of the sixty seconds are left");
}

#[tokio::test(start_paused = true)]
async fn a_query_that_failed_for_an_earlier_try_is_asked_anew_with_another_token() {
    let tokens = Tokens::default();
    let start = start_noting(&tokens);
    let states = mock!(Athena::get_query_execution)
        .sequence()
        .output(|| execution(QueryExecutionState::Cancelled, "stopped", "2026-11-22T23:49:00Z"))
        .output(|| execution(QueryExecutionState::Succeeded, "", NOW))
        .build();
    let handler = handler(&[&start, &states], &[&put_into(&Puts::default()), &one_row()]);
    run(&handler, json!({"report": "alpha", "time": "2026-11-22T23:48:00Z"})).await.unwrap();
    let tokens = tokens.lock().unwrap();
    assert_eq!(tokens.len(), 2);
    assert_ne!(tokens[0], tokens[1]);
}

#[tokio::test(start_paused = true)]
async fn a_retry_has_the_token_of_its_first_try_and_another_invocation_another() {
    let tokens = Tokens::default();
    let s3 = [&put_into(&Puts::default()), &one_row()];
    let handler = handler(&[&start_noting(&tokens), &succeeded()], &s3);
    let scheduled = json!({"report": "alpha", "time": "2026-11-22T23:50:00Z"});
    let manual = json!({"report": "alpha", "date": "2026-11-22"});
    for (id, input) in [("1", &scheduled), ("2", &scheduled), ("3", &manual), ("3", &manual), ("4", &manual)] {
        run_as(id, &handler, input.clone()).await.unwrap();
    }
    let tokens = tokens.lock().unwrap();
    assert_eq!(tokens[0], tokens[1], "the schedule's time is the cause");
    assert_eq!(tokens[2], tokens[3], "Lambda retries with the same request id");
    assert_ne!(tokens[3], tokens[4]);
    assert_ne!(tokens[0], tokens[2]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_write_is_an_error_and_no_page_follows_a_missing_csv() {
    let refused = mock!(S3::put_object).then_error(|| {
        let metadata = aws_sdk_s3::error::ErrorMetadata::builder().code("AccessDenied").message("no s3:PutObject");
        PutObjectError::generic(metadata.build())
    });
    let handler = handler(&[&start(), &succeeded()], &[&refused, &one_row()]);
    let message = run(&handler, json!({"report": "alpha", "date": "2026-11-20"})).await.unwrap_err().to_string();
    assert_eq!(
        message,
        "1 of 1 reports failed: alpha: s3://lake/reports/alpha/dt=2026-11-20/report.csv could not be written: \
         AccessDenied: no s3:PutObject"
    );
    assert_eq!(refused.num_calls(), 1);
}

/// A result whose files take more than one part each, with a line at its end.
fn large_result(last: &str) -> Rule {
    let row = format!("\"{}\",\"1.5\"\n", "S".repeat(200));
    result(format!("\"symbol\",\"close\"\n{}{last}", row.repeat(60_000)))
}

/// Key, what was asked for, and how many bytes or parts it had.
type Asked = (String, &'static str, usize);

/// What has been asked for of uploads in parts.
#[derive(Clone, Default)]
struct Parts(Arc<Mutex<Vec<Asked>>>);

impl Parts {
    fn note(&self, key: Option<&str>, what: &'static str, bytes: usize) -> bool {
        self.0.lock().unwrap().push((key.unwrap_or_default().to_owned(), what, bytes));
        true
    }

    fn of(&self, file: &str) -> Vec<(&'static str, usize)> {
        let noted = self.0.lock().unwrap();
        noted.iter().filter(|(key, ..)| key.ends_with(file)).map(|(_, what, bytes)| (*what, *bytes)).collect()
    }

    fn rules(&self) -> [Rule; 4] {
        let [begun, sent, completed, aborted] = [self.clone(), self.clone(), self.clone(), self.clone()];
        [
            mock!(S3::create_multipart_upload)
                .match_requests(move |request| begun.note(request.key(), "begun", 0))
                .then_output(|| CreateMultipartUploadOutput::builder().upload_id("upload-1").build()),
            mock!(S3::upload_part)
                .match_requests(move |request| {
                    sent.note(request.key(), "part", request.body().bytes().unwrap_or_default().len())
                })
                .then_output(|| UploadPartOutput::builder().e_tag("etag").build()),
            mock!(S3::complete_multipart_upload)
                .match_requests(move |request| {
                    let parts = request.multipart_upload().map_or(0, |upload| upload.parts().len());
                    completed.note(request.key(), "completed", parts)
                })
                .then_output(|| CompleteMultipartUploadOutput::builder().build()),
            mock!(S3::abort_multipart_upload)
                .match_requests(move |request| aborted.note(request.key(), "aborted", 0))
                .then_output(|| AbortMultipartUploadOutput::builder().build()),
        ]
    }
}

#[tokio::test(start_paused = true)]
async fn large_files_go_in_parts_and_appear_only_when_the_page_is_made() {
    let (puts, parts) = (Puts::default(), Parts::default());
    let (put, rules, rows) = (put_into(&puts), parts.rules(), large_result(""));
    let s3: Vec<&Rule> = rules.iter().chain([&put, &rows]).collect();
    run(&handler(&[&start(), &succeeded()], &s3), json!({"report": "alpha"})).await.unwrap();
    let csv = parts.of("report.csv");
    let bytes: usize = csv.iter().filter(|(what, _)| *what == "part").map(|(_, bytes)| bytes).sum();
    assert_eq!((bytes, csv.len()), ("symbol,close\n".len() + 60_000 * 205, 5), "{csv:?}");
    assert!(csv[1].1 >= 5 << 20 && csv[1].1 < (5 << 20) + 205, "no smaller than S3 takes: {csv:?}");
    assert_eq!((csv[0], csv[4]), (("begun", 0), ("completed", 3)));
    let order: Vec<String> = parts.0.lock().unwrap().iter().rev().take(3).map(|(key, ..)| key.clone()).collect();
    assert!(order[0].ends_with("report.json") && order[2].ends_with("report.csv"), "the data appears last: {order:?}");
    let put: Vec<String> = puts.lock().unwrap().iter().map(|put| put.0.clone()).collect();
    assert!(put[0].ends_with("report.html") && put[1].ends_with("headline.txt"), "{put:?}");
}

#[tokio::test(start_paused = true)]
async fn a_report_that_fails_midway_leaves_nothing_of_it() {
    let (puts, parts) = (Puts::default(), Parts::default());
    let (put, rules, rows) = (put_into(&puts), parts.rules(), large_result("\"HSI\",\"much\"\n"));
    let s3: Vec<&Rule> = rules.iter().chain([&put, &rows]).collect();
    let message =
        run(&handler(&[&start(), &succeeded()], &s3), json!({"report": "alpha"})).await.unwrap_err().to_string();
    assert_eq!(
        message,
        "1 of 1 reports failed: alpha: column \"close\" of row 60001 is \"much\", which is not of the declared format Decimal"
    );
    for file in ["report.csv", "report.json"] {
        let asked: Vec<&str> = parts.of(file).into_iter().map(|(what, _)| what).collect();
        assert_eq!((asked.first(), asked.last()), (Some(&"begun"), Some(&"aborted")), "{asked:?}");
        assert!(!asked.contains(&"completed"), "{asked:?}");
    }
    assert!(puts.lock().unwrap().is_empty(), "neither page nor index");
}

#[tokio::test(start_paused = true)]
async fn a_result_that_is_cut_off_is_an_error() {
    for (bytes, reason) in [
        ("\"symbol\",\"close\"\n\"HSI", "s3://lake/queries/query-1.csv ends in the middle of a row"),
        ("\"symbol\",\"close\"\n\"HSI\"\n", "row 1 has 1 cells, not 2"),
    ] {
        let handler = handler(&[&start(), &succeeded()], &[&result(bytes), &put_into(&Puts::default())]);
        let message = run(&handler, json!({"report": "alpha"})).await.unwrap_err().to_string();
        assert_eq!(message, format!("1 of 1 reports failed: alpha: {reason}"));
    }
}

#[tokio::test(start_paused = true)]
async fn one_failing_report_does_not_keep_the_others_from_being_published() {
    let puts = Puts::default();
    let all = put_into(&puts);
    let mut handler = handler(&[&start(), &succeeded()], &[&all, &one_row()]);
    let other = DECLARATION.replace(r#""close""#, r#""price""#);
    handler.reports[0] = Report::parse("alpha", &other, "SELECT 1", &[]).unwrap();
    let message = run(&handler, json!({})).await.unwrap_err().to_string();
    assert_eq!(
        message,
        r#"1 of 2 reports failed: alpha: the query returns a column "close", which report.toml does not declare"#
    );
    let keys: Vec<String> = puts.lock().unwrap().iter().map(|put| put.0.clone()).collect();
    let files = ["report.csv", "report.json", "report.html", "headline.txt"]
        .map(|file| format!("reports/beta/dt=2026-11-22/{file}"));
    assert_eq!(keys[..4], files);
    assert_eq!(keys[4], "reports/index.html");
}

#[tokio::test]
async fn an_unknown_report_lists_the_known_ones_and_calls_nothing() {
    let failure = run(&handler(&[], &[]), json!({"report": "gamma"})).await.unwrap_err();
    assert_eq!(failure.to_string(), r#"unknown report "gamma": known are alpha, beta"#);
    assert_eq!(format!("{failure:?}"), format!("InvalidInput: {failure}"));
    assert_eq!(Diagnostic::from(failure).error_type, "InvalidInput");
}
