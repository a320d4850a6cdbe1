use std::sync::{Arc, Mutex};

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::operation::put_object::{PutObjectError, PutObjectOutput};
use aws_sdk_s3::types::Object;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};

use super::*;

const NOW: &str = "2026-11-22T23:50:10Z";

fn entry(name: &str, days: &[&str]) -> Entry {
    Entry {
        name: name.to_owned(),
        title: format!("The <b>{name}</b>"),
        description: "What it shows.".to_owned(),
        newest: days[0].parse().unwrap(),
        others: days[1..].iter().map(|day| day.parse().unwrap()).collect(),
        headline: Some("<script>alert(1)</script> rose".to_owned()),
    }
}

fn rendered(entries: &[Entry]) -> String {
    render(entries, NOW.parse().unwrap(), DESCRIPTION, str::to_owned)
}

#[test]
fn the_newest_of_each_report_is_linked_and_those_before_by_month() {
    let page =
        rendered(&[entry("trend", &["2026-11-22", "2026-11-02", "2026-10-31"]), entry("movers", &["2026-11-21"])]);
    let body = page.split_once("</head>").unwrap().1.split_once("<script>").unwrap().0.replace("><", ">\n<");
    insta::assert_snapshot!(body);
}

#[test]
fn text_of_a_record_is_text() {
    let page = rendered(&[entry("trend", &["2026-11-22"])]);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; rose") && !page.contains("<script>alert"), "{page}");
}

#[test]
fn no_report_at_all_is_said() {
    assert!(rendered(&[]).contains("No report has been made yet."));
}

#[tokio::test(start_paused = true)]
async fn an_index_that_somebody_else_wrote_meanwhile_is_made_again() {
    let seen: Arc<Mutex<Vec<Option<String>>>> = Arc::default();
    let noted = Arc::clone(&seen);
    let index = mock!(Client::get_object)
        .match_requests(|request| request.key() == Some(KEY))
        .sequence()
        .output(|| GetObjectOutput::builder().e_tag("one").build())
        .output(|| GetObjectOutput::builder().e_tag("two").build())
        .build();
    let list = mock!(Client::list_objects_v2).then_output(|| {
        let page = |day: &str| Object::builder().key(format!("reports/small/dt={day}/report.html")).build();
        let days = ["2026-11-21", "2026-11-22", "2999-01-01"].map(page);
        ListObjectsV2Output::builder().set_contents(Some(days.into())).build()
    });
    let headline = mock!(Client::get_object)
        .match_requests(|request| request.key() != Some(KEY))
        .then_output(|| GetObjectOutput::builder().body(ByteStream::from_static(b"a headline")).build());
    let put: Rule = mock!(Client::put_object)
        .match_requests(move |request| {
            noted.lock().unwrap().push(request.if_match().map(str::to_owned));
            let page = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
            let newest = page.find("small/dt=2026-11-22/report.html");
            page.contains("a headline") && newest.is_some() && newest < page.find("small/dt=2999-01-01/report.html")
        })
        .sequence()
        .error(|| {
            let refused = aws_sdk_s3::error::ErrorMetadata::builder().code("PreconditionFailed").build();
            PutObjectError::generic(refused)
        })
        .output(|| PutObjectOutput::builder().build())
        .build();
    let client = mock_client!(aws_sdk_s3, RuleMode::MatchAny, [&index, &list, &headline, &put]);
    let declaration = "title = 'Small'\ndescription = ''\nempty = ''\nheadline = ''\ncolumns = []";
    let reports = [Report::parse("small", declaration, "SELECT 1", &[]).unwrap()];
    update(&client, "lake", &reports, NOW.parse().unwrap()).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), [Some("one".to_owned()), Some("two".to_owned())]);
}
