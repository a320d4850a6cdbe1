//! The summary as `CloudWatch` metrics, in the embedded metric format: a log line that `CloudWatch` turns into metrics at no cost
//! per request.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::env;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};
use shared::key::LandingTime;

use crate::summary::Summary;

const DIMENSIONS: [&str; 2] = ["FunctionName", "Topic"];

/// By it the metrics of two stacks are told apart that read topics of one name. Lambda sets the variable, and no configuration can.
static FUNCTION_NAME: LazyLock<String> =
    LazyLock::new(|| env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|_| "ingest".to_owned()));

/// The metrics of one event of a topic, with function and topic as their dimensions. Without a lag, the metric is left out.
pub(crate) fn document(summary: &Summary, topic: &str, time: LandingTime) -> Value {
    let mut document = json!({
        "FunctionName": *FUNCTION_NAME,
        "Topic": topic,
        "Records": summary.records,
        "Landed": summary.landed,
        "Rejected": summary.rejected,
        "Skipped": summary.skipped,
        "Uncertain": summary.uncertain,
        "Objects": summary.objects,
        "Bytes": summary.bytes,
        "Holes": summary.holes,
        "HolesClosed": summary.holes_closed,
        "FailedParts": summary.failed,
    });
    if let Some(lag_ms) = summary.lag_ms {
        document["Lag"] = lag_ms.into();
    }
    let is_metric = |name: &&String| !DIMENSIONS.contains(&name.as_str());
    let names = document.as_object().into_iter().flat_map(Map::keys).filter(is_metric);
    let metrics: Vec<Value> = names.map(|name| json!({"Name": name, "Unit": unit(name)})).collect();
    document["_aws"] = json!({
        "Timestamp": time.0,
        "CloudWatchMetrics": [{"Namespace": "tickerlake", "Dimensions": [DIMENSIONS], "Metrics": metrics}],
    });
    document
}

fn unit(metric: &str) -> &'static str {
    match metric {
        "Bytes" => "Bytes",
        "Lag" => "Milliseconds",
        _ => "Count",
    }
}

/// Writes the document where `CloudWatch` looks for it.
#[expect(clippy::print_stdout, reason = "the embedded metric format is a line on standard output")]
pub(crate) fn emit(document: &Value) {
    println!("{document}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_metric_named_has_its_value() {
        let summary = Summary {
            records: 3,
            landed: 2,
            rejected: 1,
            objects: 2,
            bytes: 99,
            lag_ms: Some(7),
            ..Summary::default()
        };
        let document = document(&summary, "stock-bars", LandingTime(1_795_374_311_250));
        let directive = &document["_aws"]["CloudWatchMetrics"][0];
        let metrics = directive["Metrics"].as_array().unwrap();
        assert_eq!(metrics.len(), 11);
        for metric in metrics {
            assert!(document[metric["Name"].as_str().unwrap()].is_u64(), "{metric}");
        }
        assert_eq!(directive["Dimensions"], json!([["FunctionName", "Topic"]]));
        assert_eq!((&document["FunctionName"], &document["Topic"]), (&json!("ingest"), &json!("stock-bars")));
    }

    #[test]
    fn an_unknown_lag_is_no_metric() {
        let document = document(&Summary::default(), "t", LandingTime(0));
        assert_eq!(document["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap().len(), 10);
    }
}
