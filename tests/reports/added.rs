//! What it takes to add a report: a folder with two files, read as the embedded ones are, and run on the stack's Athena.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use chrono::Utc;
use local::{Stack, project_root};
use report::catalog;
use report::config::Config;
use report::handler::{Failure, Handler, Invocation, Outcome, give_up_at};
use serde_json::json;

use crate::text;

const DECLARATION: &str = r#"
title = "Turnover"
description = "Who was traded most."
empty = "Nothing was traded on or before {date}."
headline = "{Symbols} symbols were traded"
lookback_days = 800

[[columns]]
name = "symbol"
label = "Symbol"
format = "text"

[[columns]]
name = "turnover_usd"
label = "Turnover"
unit = "USD"
format = "decimal"
digits = 0

[[facts]]
label = "Symbols"
column = "symbol"
of = "count"

[[charts]]
kind = "ranked-bars"
title = "Turnover"
label = "symbol"
value = "turnover_usd"
unit = "USD"
empty = "Nothing was traded."
"#;

const QUERY: &str = "
SELECT symbol, sum(volume * close_usd) AS turnover_usd
FROM ({{daily_bars}}) AS daily
GROUP BY symbol
HAVING sum(volume * close_usd) > 0
ORDER BY turnover_usd DESC, symbol
";

pub(crate) async fn a_new_report_is_one_folder(stack: &Stack) -> Result<()> {
    let folder = reports_and("turnover", DECLARATION, QUERY)?;
    let outcome = run(stack, folder.path(), "turnover").await.map_err(|failure| anyhow::anyhow!("{failure}"))?;
    let outcome = serde_json::to_value(&outcome)?;
    assert_eq!(outcome["reports"][0]["headline"], "11 symbols were traded", "{outcome}");
    let page = text(
        stack,
        &format!("reports/turnover/dt={}/report.html", outcome["reports"][0]["date"].as_str().context("no date")?),
    )
    .await?;
    assert!(page.contains("Who was traded most.") && page.contains("<svg"), "{page}");
    assert!(text(stack, "reports/index.html").await?.contains(">Turnover</a>"), "the index does not link it");
    Ok(())
}

/// The first row is as it was, the second is none.
pub(crate) async fn a_query_that_fails_leaves_the_page_of_before(stack: &Stack) -> Result<()> {
    let key = format!("reports/turnover/dt={}/report.html", Utc::now().date_naive());
    let before = text(stack, &key).await?;
    let failing = QUERY.replace(
        "SELECT symbol,",
        "SELECT CASE WHEN symbol = 'HSI' THEN symbol ELSE CAST(CAST(symbol AS integer) AS varchar) END AS symbol,",
    );
    let folder = reports_and("turnover", DECLARATION, &failing)?;
    let failure = run(stack, folder.path(), "turnover").await.err().context("no failure")?.to_string();
    assert!(
        failure.starts_with("1 of 1 reports failed: turnover: query ") && failure.contains(" failed: "),
        "{failure}"
    );
    assert_eq!(text(stack, &key).await?, before);
    Ok(())
}

/// A copy of the project's folder of reports, with one more.
fn reports_and(name: &str, declaration: &str, query: &str) -> Result<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    copy(&project_root().join("functions/report/reports"), folder.path())?;
    let report = folder.path().join(name);
    fs::create_dir(&report)?;
    fs::write(report.join("report.toml"), declaration)?;
    fs::write(report.join("query.sql"), query)?;
    Ok(folder)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let copied = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir(&copied)?;
            copy(&entry.path(), &copied)?;
        } else {
            fs::copy(entry.path(), copied)?;
        }
    }
    Ok(())
}

/// The deployed function has its reports built in; this is the same code with those of a folder.
async fn run(stack: &Stack, folder: &Path, report: &str) -> Result<Outcome, Failure> {
    let outputs = stack.outputs();
    let config = Config::from_lookup(|name| match name {
        "LAKE_BUCKET" => Some(outputs.lake_bucket.clone()),
        "GLUE_DATABASE" => Some(outputs.database.clone()),
        "ATHENA_WORKGROUP" => Some(outputs.workgroup.clone()),
        _ => None,
    });
    let handler = Handler {
        athena: stack.aws().athena.clone(),
        s3: stack.aws().s3.clone(),
        // Without a topic nothing is sent.
        sns: aws_sdk_sns::Client::from_conf(aws_sdk_sns::Config::builder().behavior_version_latest().build()),
        config: config.unwrap_or_else(|error| panic!("{error}")),
        reports: catalog::read(folder).unwrap_or_else(|error| panic!("{error}")),
    };
    let now = Utc::now();
    let id = format!("added-{}", now.timestamp_micros());
    let invocation = Invocation { id, now, give_up: give_up_at(Duration::from_mins(1)) };
    handler.run(&json!({ "report": report }), &invocation).await
}
