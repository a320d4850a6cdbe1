//! The reports, on the deployed stack: pages that a person can read, in a real browser; what bad input does; and what it takes to add one.

mod added;
mod bars;
mod browser;
mod signed_link;

use anyhow::{Context as _, Result, bail};
use chrono::Utc;
use local::{Stack, StackOptions};
use serde_json::{Value, json};
use tests::{land, stack_options};

const REPORTS: [&str; 10] = [
    "correlation",
    "data-quality",
    "drawdown",
    "ingest-health",
    "integrity",
    "intraday",
    "market-summary",
    "top-movers",
    "trend",
    "volatility",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_reports_are_pages_that_a_person_can_read() -> Result<()> {
    let options = StackOptions { parameters: vec![("ReportEmail", "analyst@example.com")], ..stack_options("reports") };
    let stack = Stack::start(options).await?;
    bars::publish(&stack)?;
    land(&stack).await?;

    all_reports_of_a_day_are_made_linked_and_announced(&stack).await?;
    a_name_does_no_harm_whatever_is_in_it(&stack).await?;
    a_day_without_bars_says_so_and_why(&stack).await?;
    what_cannot_be_read_names_the_field(&stack).await?;
    added::a_new_report_is_one_folder(&stack).await?;
    added::a_query_that_fails_leaves_the_page_of_before(&stack).await?;
    browser::nothing_is_wrong_on_any_page(&stack).await?;
    stack.stop().await
}

async fn all_reports_of_a_day_are_made_linked_and_announced(stack: &Stack) -> Result<()> {
    let made = report(stack, &json!({})).await?;
    let names: Vec<&str> =
        made["reports"].as_array().into_iter().flatten().filter_map(|made| made["report"].as_str()).collect();
    assert_eq!(names, REPORTS);
    for report in made["reports"].as_array().into_iter().flatten() {
        assert!(report["rows"].as_u64() > Some(0), "{report}");
        for file in ["csv", "json", "html"] {
            assert!(!object(stack, report[file].as_str().context("no URI")?).await?.is_empty(), "{report}");
        }
    }
    assert_eq!(made["mailed"], true, "{made}");
    let mailed = stack.aws().list(&stack.outputs().lake_bucket, "reports/mailed/").await?;
    let [(mailed, _)] = &mailed[..] else { bail!("not one page behind the mail's link: {mailed:?}") };
    let mailed = text(stack, mailed).await?;
    signed_link::each_opens_without_a_login(&mailed, REPORTS.len()).await?;
    let index = text(stack, "reports/index.html").await?;
    for name in REPORTS {
        assert!(index.contains(&format!("href=\"{name}/dt=")), "{name}: {index}");
    }
    Ok(())
}

/// Neither in a spreadsheet, nor on a page, nor in a line of text; and a program finds it as it was sent.
async fn a_name_does_no_harm_whatever_is_in_it(stack: &Stack) -> Result<()> {
    let folder = format!("dt={}", Utc::now().date_naive());
    for name in REPORTS {
        for file in ["report.html", "headline.txt"] {
            let text = text(stack, &format!("reports/{name}/{folder}/{file}")).await?;
            let unseen = text
                .chars()
                .find(|character| (character.is_control() && *character != '\n') || *character == '\u{202e}');
            assert_eq!(unseen, None, "{name}, {file}: {text}");
        }
    }
    let summary = format!("reports/market-summary/{folder}");
    assert!(text(stack, &format!("{summary}/report.html")).await?.contains("NUL␀ESC␛[31m‹U+202E›gnp"));
    let csv = text(stack, &format!("{summary}/report.csv")).await?;
    let quoted = bars::FORMULA.replace('"', "\"\"");
    assert!(csv.contains(&format!("\n\"'{quoted}\",")) && !csv.contains("\n\"=") && !csv.contains("\n="), "{csv}");
    let json: Value = serde_json::from_str(&text(stack, &format!("{summary}/report.json")).await?)?;
    let symbols: Vec<&str> =
        json["rows"].as_array().into_iter().flatten().filter_map(|row| row["symbol"].as_str()).collect();
    assert!(symbols.contains(&bars::FORMULA) && symbols.contains(&bars::UNSEEN), "{symbols:?}");
    Ok(())
}

/// Before the data, and in the future.
async fn a_day_without_bars_says_so_and_why(stack: &Stack) -> Result<()> {
    report(stack, &json!({ "date": "1901-01-01" })).await?;
    for name in REPORTS {
        let page = text(stack, &format!("reports/{name}/dt=1901-01-01/report.html")).await?;
        assert!(page.contains("Nothing to show") && page.contains("1901-01-01"), "{name}: {page}");
    }
    report(stack, &json!({ "report": "trend", "date": "2999-01-01" })).await?;
    let future = text(stack, "reports/trend/dt=2999-01-01/report.html").await?;
    assert!(future.contains("2999-01-01 has not come yet") && future.contains("<table"), "{future}");
    let index = text(stack, "reports/index.html").await?;
    let [today, future] = [Utc::now().date_naive().to_string().as_str(), "2999-01-01"]
        .map(|day| index.find(&format!("trend/dt={day}/report.html")));
    assert!(today.is_some() && today < future, "a day to come is not the newest: {index}");
    Ok(())
}

async fn what_cannot_be_read_names_the_field(stack: &Stack) -> Result<()> {
    for (input, named) in [
        (json!({ "date": "22.11.2026" }), "field \"date\""),
        (json!({ "time": "at noon" }), "field \"time\""),
        (json!({ "day": "2026-11-22" }), "unknown field \"day\""),
        (json!({ "report": "weather" }), "unknown report \"weather\""),
    ] {
        let error = report(stack, &input).await.err().context("no error")?;
        assert!(format!("{error:#}").contains(named), "{error:#}");
    }
    Ok(())
}

async fn report(stack: &Stack, input: &Value) -> Result<Value> {
    let answer = stack.aws().invoke(&stack.outputs().report_function, input.to_string().into_bytes()).await?;
    serde_json::from_str(&answer).with_context(|| answer)
}

async fn text(stack: &Stack, key: &str) -> Result<String> {
    let uri = format!("s3://{}/{key}", stack.outputs().lake_bucket);
    Ok(String::from_utf8(object(stack, &uri).await?)?)
}

async fn object(stack: &Stack, uri: &str) -> Result<Vec<u8>> {
    let (bucket, key) = uri.strip_prefix("s3://").and_then(|path| path.split_once('/')).context("not an S3 URI")?;
    let object = stack.aws().s3.get_object().bucket(bucket).key(key).send().await.with_context(|| uri.to_owned())?;
    Ok(object.body.collect().await?.to_vec())
}
