//! The loop's one step, with S3 and Lambda mocked.

use aws_sdk_lambda::error::ErrorMetadata;
use aws_sdk_lambda::operation::invoke::{InvokeError, InvokeOutput};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::operation::delete_object::{DeleteObjectError, DeleteObjectOutput};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::primitives::{ByteStream, DateTime, SdkBody};
use aws_sdk_s3::types::Object;
use aws_sdk_s3::types::error::NoSuchKey;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};

use super::*;

const EVENT: &str = r#"{"records":{"t-0":[{"offset":1},{"offset":2}]}}"#;

fn feeder(s3: &[&Rule], lambda: &[&Rule]) -> Feeder {
    Feeder {
        s3: mock_client!(aws_sdk_s3, RuleMode::MatchAny, s3),
        lambda: mock_client!(aws_sdk_lambda, RuleMode::MatchAny, lambda),
        bucket: "failed".to_owned(),
        function: "ingest".to_owned(),
        lake: Some("lake".to_owned()),
    }
}

fn holds(object: String) -> Rule {
    mock!(aws_sdk_s3::Client::get_object)
        .match_requests(|request| request.bucket() == Some("failed") && request.key() == Some("key"))
        .then_output(move || GetObjectOutput::builder().body(ByteStream::from(object.clone().into_bytes())).build())
}

fn holds_the_event() -> Rule {
    holds(serde_json::json!({ "payload": EVENT }).to_string())
}

fn removes() -> Rule {
    mock!(aws_sdk_s3::Client::delete_object)
        .match_requests(|request| request.bucket() == Some("failed") && request.key() == Some("key"))
        .then_output(|| DeleteObjectOutput::builder().build())
}

fn answers(body: &'static str, function_error: Option<&'static str>) -> Rule {
    mock!(aws_sdk_lambda::Client::invoke)
        .match_requests(|request| {
            request.function_name() == Some("ingest")
                && request.payload().is_some_and(|payload| payload.as_ref() == EVENT.as_bytes())
        })
        .then_output(move || {
            let function_error = function_error.map(str::to_owned);
            InvokeOutput::builder().payload(Blob::new(body)).set_function_error(function_error).build()
        })
}

/// Feeds the one object: the reason for which it is kept, when it was not removed.
async fn kept(s3: &[&Rule], lambda: &[&Rule]) -> String {
    let remove = removes();
    let with_remove: Vec<&Rule> = s3.iter().copied().chain([&remove]).collect();
    let error = feeder(&with_remove, lambda).feed("key").await.unwrap_err();
    assert_eq!(remove.num_calls(), 0, "removed although {error:#}");
    format!("{error:#}")
}

#[tokio::test]
async fn an_event_that_lands_is_removed() {
    let (remove, answer) = (removes(), answers(r#"{"records":2,"landed":1,"rejected":1,"objects":2}"#, None));
    let fed = feeder(&[&holds_the_event(), &remove], &[&answer]).feed("key").await.unwrap();
    assert_eq!(fed, Fed::Landed(Answer { records: 2, landed: 1, rejected: 1, skipped: 0, ..Answer::default() }));
    assert_eq!((answer.num_calls(), remove.num_calls()), (1, 1));
}

#[tokio::test]
async fn an_event_on_which_the_function_fails_is_kept_with_the_functions_words() {
    let answer = answers(r#"{"errorType":"E","errorMessage":"no such bucket"}"#, Some("Unhandled"));
    assert_eq!(kept(&[&holds_the_event()], &[&answer]).await, "ingest failed: no such bucket");
}

/// A record of which the JSON alone is larger than an event, between two others.
fn too_large() -> (String, String) {
    let large = format!(r#"{{"offset":2,"value":"{}"}}"#, "a".repeat(7 << 20));
    let event = format!(r#"{{"records":{{"t-0":[{{"offset":1}},{large},{{"offset":3}}]}}}}"#);
    (serde_json::json!({ "payload": event }).to_string(), large)
}

fn puts(large: String, status: u16) -> Rule {
    mock!(aws_sdk_s3::Client::put_object)
        .match_requests(move |request| {
            request.bucket() == Some("lake")
                && request.key().is_some_and(|key| key.starts_with("oversized/t-0-0000000000000000002-"))
                && request.if_none_match() == Some("*")
                && request.body().bytes() == Some(large.as_bytes())
        })
        .then_http_response(move || {
            let code = if status == 412 { "PreconditionFailed" } else { "AccessDenied" };
            let body = if status == 200 { String::new() } else { format!("<Error><Code>{code}</Code></Error>") };
            HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))
        })
}

#[tokio::test]
async fn a_record_that_no_event_can_hold_goes_into_the_lake_and_another_stands_in_for_it() {
    for status in [200, 412] {
        let (object, large) = too_large();
        let (remove, put) = (removes(), puts(large, status));
        let answer = mock!(aws_sdk_lambda::Client::invoke)
            .match_requests(|request| {
                let event = String::from_utf8(request.payload().unwrap().as_ref().to_vec()).unwrap();
                event.len() < 1000 && event.contains(r#""offset":2,"tooLarge":{"bytes":73400"#)
            })
            .then_output(|| {
                let answer = r#"{"records":3,"landed":2,"rejected":1,"objects":2}"#;
                InvokeOutput::builder().payload(Blob::new(answer)).build()
            });
        let fed = feeder(&[&holds(object), &put, &remove], &[&answer]).feed("key").await.unwrap();
        assert_eq!(fed, Fed::Landed(Answer { records: 3, landed: 2, rejected: 1, skipped: 0, ..Answer::default() }));
        assert_eq!((put.num_calls(), answer.num_calls(), remove.num_calls()), (1, 1, 1));
    }
}

#[tokio::test]
async fn an_event_is_kept_when_its_large_record_cannot_be() {
    let (object, large) = too_large();
    let (put, answer) = (puts(large, 403), answers("{}", None));
    let error = kept(&[&holds(object), &put], &[&answer]).await;
    assert!(error.starts_with("cannot write s3://lake/oversized/t-0-"), "{error}");
    assert_eq!(answer.num_calls(), 0);
}

#[tokio::test]
async fn an_event_that_does_not_reach_the_function_is_kept() {
    let refused = mock!(aws_sdk_lambda::Client::invoke)
        .then_error(|| InvokeError::generic(ErrorMetadata::builder().code("RequestTooLarge").build()));
    let error = kept(&[&holds_the_event()], &[&refused]).await;
    assert!(error.starts_with("cannot invoke ingest: ") && error.contains("RequestTooLarge"), "{error}");
}

#[tokio::test]
async fn an_event_is_kept_when_the_answer_does_not_account_for_its_records() {
    for body in [r#"{"status":"started"}"#, r#"{"records":1,"landed":1}"#, "null", ""] {
        let error = kept(&[&holds_the_event()], &[&answers(body, None)]).await;
        let expected = format!("ingest does not account for 2 records, is it the ingest function? it says: {body}");
        assert_eq!(error, expected);
    }
}

#[tokio::test]
async fn an_event_of_which_nobody_knows_whether_it_has_landed_is_kept() {
    let answer = answers(r#"{"records":2,"skipped":2,"uncertain":1}"#, None);
    let error = kept(&[&holds_the_event()], &[&answer]).await;
    assert!(error.starts_with("of some of its records nobody knows whether they have landed"), "{error}");
}

#[tokio::test]
async fn an_object_that_is_no_such_record_is_kept_and_nobody_invoked() {
    let answer = answers("{}", None);
    let error = kept(&[&holds("Index,Date".to_owned())], &[&answer]).await;
    assert!(error.starts_with("it is not an invocation record of lambda: "), "{error}");
    assert_eq!(answer.num_calls(), 0);
}

#[tokio::test]
async fn an_object_that_cannot_be_read_is_kept_and_one_that_is_not_there_is_gone() {
    let denied = mock!(aws_sdk_s3::Client::get_object)
        .then_error(|| GetObjectError::generic(ErrorMetadata::builder().code("AccessDenied").build()));
    let error = kept(&[&denied], &[]).await;
    assert!(error.starts_with("cannot read s3://failed/key: ") && error.contains("AccessDenied"), "{error}");

    let gone =
        mock!(aws_sdk_s3::Client::get_object).then_error(|| GetObjectError::NoSuchKey(NoSuchKey::builder().build()));
    assert_eq!(feeder(&[&gone], &[]).feed("key").await.unwrap(), Fed::Gone);
    assert_eq!(feeder(&[&gone], &[]).look("key").await.unwrap(), Fed::Gone);
}

#[tokio::test]
async fn what_landed_and_cannot_be_removed_says_both() {
    let denied = mock!(aws_sdk_s3::Client::delete_object)
        .then_error(|| DeleteObjectError::generic(ErrorMetadata::builder().code("AccessDenied").build()));
    let answer = answers(r#"{"records":2,"skipped":2}"#, None);
    let error = feeder(&[&holds_the_event(), &denied], &[&answer]).feed("key").await.unwrap_err();
    let error = format!("{error:#}");
    assert!(error.starts_with("its records have landed: cannot remove s3://failed/key: "), "{error}");
}

#[tokio::test]
async fn looking_invokes_nobody_and_removes_nothing() {
    let (remove, answer) = (removes(), answers("{}", None));
    let looked = feeder(&[&holds_the_event(), &remove], &[&answer]).look("key").await.unwrap();
    assert_eq!(looked, Fed::Looked(2));
    assert_eq!((answer.num_calls(), remove.num_calls()), (0, 0));
}

#[tokio::test]
async fn the_oldest_comes_first_over_all_pages() {
    let object = |key: &str, time| Object::builder().key(key).last_modified(DateTime::from_secs(time)).build();
    let first = mock!(aws_sdk_s3::Client::list_objects_v2)
        .match_requests(|request| request.continuation_token().is_none())
        .then_output(move || {
            let page = ListObjectsV2Output::builder().is_truncated(true).next_continuation_token("more");
            page.contents(object("c", 30)).contents(object("b", 20)).build()
        });
    let second = mock!(aws_sdk_s3::Client::list_objects_v2)
        .match_requests(|request| request.continuation_token() == Some("more"))
        .then_output(move || {
            ListObjectsV2Output::builder().contents(object("z", 10)).contents(object("a", 20)).build()
        });
    assert_eq!(feeder(&[&first, &second], &[]).list().await.unwrap(), ["z", "a", "b", "c"]);
}
