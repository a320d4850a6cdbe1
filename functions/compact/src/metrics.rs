//! The summary as `CloudWatch` metrics, in the embedded metric format.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::env;
use std::sync::LazyLock;

use serde_json::{Value, json};
use shared::key::LandingTime;

use crate::compactor::Summary;

/// Lambda sets the variable, and no configuration can.
static FUNCTION_NAME: LazyLock<String> =
    LazyLock::new(|| env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|_| "compact".to_owned()));

/// The metrics of one invocation, with the function as their dimension.
pub(crate) fn document(summary: &Summary, now: LandingTime) -> Value {
    let metrics = [
        ("HoursBehind", "Count", json!(summary.hours_behind)),
        ("CompactedObjects", "Count", json!(summary.objects)),
        ("CompactedBytes", "Bytes", json!(summary.bytes)),
        ("CompactedRows", "Count", json!(summary.rows)),
        ("Parts", "Count", json!(summary.parts)),
        ("PartBytes", "Bytes", json!(summary.part_bytes)),
        ("Hollowed", "Count", json!(summary.hollowed)),
        ("StrangeDays", "Count", json!(summary.strange_days)),
    ];
    let declared: Vec<_> = metrics.iter().map(|(name, unit, _)| json!({"Name": name, "Unit": unit})).collect();
    let mut document = json!({
        "FunctionName": *FUNCTION_NAME,
        "_aws": {
            "Timestamp": now.0,
            "CloudWatchMetrics": [{"Namespace": "tickerlake", "Dimensions": [["FunctionName"]], "Metrics": declared}],
        },
    });
    for (name, _, value) in metrics {
        document[name] = value;
    }
    document
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
    fn each_metric_has_a_value_and_a_unit() {
        let summary = Summary { hours_behind: 3, objects: 4320, ..Summary::default() };
        let document = document(&summary, LandingTime(1_795_374_311_250));
        assert_eq!((&document["HoursBehind"], &document["CompactedObjects"]), (&json!(3), &json!(4320)));
        let metrics = document["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
        assert_eq!(metrics.len(), 8);
        assert!(metrics.iter().all(|metric| document[metric["Name"].as_str().unwrap()].is_number()));
    }
}
