use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};

use super::*;

mod parts;
mod wire;

fn answer(status: u16, code: &str) -> HttpResponse {
    let body = format!("<Error><Code>{code}</Code><Message>in words</Message></Error>");
    HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))
}

fn written() -> HttpResponse {
    let mut response = HttpResponse::new(200.try_into().unwrap(), SdkBody::empty());
    response.headers_mut().insert("etag", "\"v2\"");
    response
}

fn store(rules: &[&Rule]) -> S3Store {
    let client = mock_client!(aws_sdk_s3, RuleMode::Sequential, rules, resilient);
    S3Store { client, bucket: "lake".to_owned() }
}

fn bars() -> Object {
    Object { key: "k".to_owned(), body: vec![1], kind: Kind::Bars }
}

fn refused(status: u16, code: &'static str) -> Rule {
    mock!(Client::put_object).then_http_response(move || answer(status, code))
}

#[tokio::test]
async fn an_object_is_created_only_where_there_is_none() {
    let created = mock!(Client::put_object)
        .match_requests(|request| request.bucket() == Some("lake") && request.if_none_match() == Some("*"))
        .then_http_response(written);
    assert!(store(&[&created]).create(bars()).await.unwrap());
    assert!(!store(&[&refused(412, "PreconditionFailed")]).create(bars()).await.unwrap());
}

#[tokio::test]
async fn a_ledger_is_swapped_only_if_it_is_the_one_that_was_read() {
    let replaced = mock!(Client::put_object)
        .match_requests(|request| request.if_match() == Some("v1") && request.if_none_match().is_none())
        .then_http_response(written);
    let created = mock!(Client::put_object)
        .match_requests(|request| request.if_none_match() == Some("*") && request.if_match().is_none())
        .then_http_response(written);
    let swap = async |rule: &Rule, expected: Option<&str>| {
        store(&[rule]).swap("l", vec![1], expected.map(str::to_owned)).await.unwrap()
    };
    assert_eq!(swap(&replaced, Some("v1")).await.as_deref(), Some("\"v2\""));
    assert_eq!(swap(&created, None).await.as_deref(), Some("\"v2\""));
    assert_eq!(swap(&refused(412, "PreconditionFailed"), Some("v1")).await, None);
    assert_eq!(swap(&refused(404, "NoSuchKey"), Some("v1")).await, None);
}

#[tokio::test]
async fn a_fence_is_told_from_bars() {
    let found = async |metadata: Option<&'static str>| {
        let head = mock!(Client::head_object).then_http_response(move || {
            let mut response = written();
            if let Some(value) = metadata {
                response.headers_mut().insert("x-amz-meta-tickerlake", value);
            }
            response
        });
        store(&[&head]).find("k").await.unwrap()
    };
    assert_eq!(found(None).await, Some(Kind::Bars));
    assert_eq!(found(Some("fence")).await, Some(Kind::Fence));

    let fenced = mock!(Client::put_object)
        .match_requests(|request| {
            request.metadata().and_then(|metadata| metadata.get(KIND)).is_some_and(|kind| kind == FENCE)
        })
        .then_http_response(written);
    assert!(store(&[&fenced]).create(Object { kind: Kind::Fence, ..bars() }).await.unwrap());
}

#[tokio::test]
async fn what_is_not_there_is_no_error_and_what_may_not_be_read_is() {
    let missing = mock!(Client::get_object).then_http_response(|| answer(404, "NoSuchKey"));
    assert!(store(&[&missing]).read("l").await.unwrap().is_none());
    // The answer to a HEAD has no body, and so no code.
    let missing =
        mock!(Client::head_object).then_http_response(|| HttpResponse::new(404.try_into().unwrap(), SdkBody::empty()));
    assert!(store(&[&missing]).find("k").await.unwrap().is_none());

    let forbidden = mock!(Client::get_object).then_http_response(|| answer(403, "AccessDenied"));
    let error = store(&[&forbidden]).read("l").await.unwrap_err().to_string();
    assert_eq!(error, "cannot read l: AccessDenied: in words");
    let forbidden =
        mock!(Client::head_object).then_http_response(|| HttpResponse::new(403.try_into().unwrap(), SdkBody::empty()));
    let error = store(&[&forbidden]).find("k").await.unwrap_err().to_string();
    assert_eq!(error, "cannot find k: status 403 without a reason");
}

#[tokio::test(start_paused = true)]
async fn conflicts_and_server_errors_are_tried_again() {
    for (status, code) in [(409, "ConditionalRequestConflict"), (500, "InternalError"), (503, "SlowDown")] {
        let rule = mock!(Client::put_object)
            .sequence()
            .http_response(move || answer(status, code))
            .times(3)
            .http_response(written)
            .build();
        assert!(store(&[&rule]).create(bars()).await.unwrap(), "{code}");
        assert_eq!(rule.num_calls(), 4);
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_that_does_not_end_names_the_object_and_says_why() {
    let rule =
        mock!(Client::put_object).sequence().http_response(|| answer(503, "SlowDown")).times(ATTEMPTS as usize).build();
    let error = store(&[&rule]).create(bars()).await.unwrap_err().to_string();
    assert_eq!(error, "cannot write k: SlowDown: in words");
    assert_eq!(rule.num_calls(), ATTEMPTS as usize);
}
