//! The report function as a process, between a runtime API, an Athena and an S3 of this program's own: all ten reports at once, with a
//! million symbols in each that has a row per symbol. Its memory must not depend on their number.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "in the services that stand in for AWS a panic is the message"
)]

mod athena;
mod rows;
mod s3;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, NaiveDate};
use harness::Function;
use harness::http::{Answer, Request, Server};
use report::catalog;
use serde_json::{Value, json};
use shared::manifest::Manifest;

use crate::athena::Athena;
use crate::rows::Rows;
use crate::s3::Bucket;

const SYMBOLS: usize = 1_000_000;
const MOST_MEBIBYTES: u64 = 256;

const DAY: &str = "2026-11-20";
const TIME: &str = "2026-11-20T23:50:00Z";

#[test]
fn ten_reports_of_a_million_symbols_take_no_more_memory_than_they_may() {
    let day: NaiveDate = DAY.parse().unwrap();
    let as_of: DateTime<chrono::Utc> = TIME.parse().unwrap();
    let reports = catalog::load().unwrap();
    let queries: BTreeMap<String, String> =
        reports.iter().map(|report| (report.sql(day, as_of, &Manifest::default()), report.name().to_owned())).collect();
    let results: BTreeMap<String, Arc<Rows>> =
        reports.iter().map(|report| (report.name().to_owned(), Arc::new(Rows::of(report.name(), SYMBOLS)))).collect();
    let bucket = Arc::new(Mutex::new(Bucket::new(results.clone())));
    let (athena, served) = (Athena { queries }, Arc::clone(&bucket));
    let aws = Server::start(move |request: Request| match request.header("x-amz-target").map(str::to_owned) {
        Some(target) => athena.answer(&target, &request.body),
        None => Bucket::answer(&served, &request),
    });

    let endpoint = format!("http://{}", aws.address);
    let variables = [
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("LAKE_BUCKET", "lake"),
        ("GLUE_DATABASE", "tickerlake"),
        ("ATHENA_WORKGROUP", "tickerlake"),
    ];
    let mut function = Function::start("ReportFunction", &variables);
    let outcome = function.invoke(json!({ "time": TIME }).to_string());
    let outcome: Value = serde_json::from_str(&outcome.unwrap_or_else(|error| panic!("{error}"))).unwrap();
    let (peak, seconds) = (function.peak_memory() >> 20, function.processor_time().as_secs_f64());
    let bucket = bucket.lock().unwrap();
    println!(
        "{SYMBOLS} symbols: {peak} MiB at most, {seconds:.1} seconds of a processor, {} MB written in {} requests",
        bucket.bytes() / 1_000_000,
        bucket.requests()
    );

    let rows: BTreeMap<&str, u64> = outcome["reports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|report| (report["report"].as_str().unwrap(), report["rows"].as_u64().unwrap()))
        .collect();
    assert_eq!(rows.len(), 10, "{outcome}");
    for (name, result) in &results {
        assert_eq!(rows[name.as_str()], result.count() as u64, "{name}");
        let folder = format!("/lake/reports/{name}/dt={DAY}");
        let last = result.last_symbol();
        bucket.object(&format!("{folder}/report.csv")).begins_with(result.heading()).has_near_its_end(&last);
        bucket
            .object(&format!("{folder}/report.json"))
            .begins_with("{\"report\":")
            .has_near_its_end(&last)
            .ends_with("}]}");
        bucket.object(&format!("{folder}/report.html")).begins_with("<!DOCTYPE html>").ends_with("</html>");
    }
    assert_eq!(bucket.unfinished(), 0, "uploads that nobody completed");
    assert!(peak < MOST_MEBIBYTES, "{peak} MiB");
}

fn answer(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
    Answer { status, headers: vec![("content-type", content_type.to_owned())], body: body.into() }
}
