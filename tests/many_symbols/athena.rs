//! An Athena that has every answer at once: its rows lie in the bucket.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use harness::http::Answer;
use serde_json::{Value, json};

use crate::answer;

#[derive(Clone)]
pub(crate) struct Athena {
    /// The report of each query.
    pub(crate) queries: BTreeMap<String, String>,
}

impl Athena {
    pub(crate) fn answer(&self, target: &str, body: &[u8]) -> Answer {
        let asked: Value = serde_json::from_slice(body).unwrap();
        let said = match target.rsplit('.').next().unwrap() {
            "StartQueryExecution" => {
                let report = self.queries.get(asked["QueryString"].as_str().unwrap()).expect("a query of a report");
                json!({ "QueryExecutionId": report })
            }
            "GetQueryExecution" => {
                let report = asked["QueryExecutionId"].as_str().unwrap();
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
                json!({ "QueryExecution": {
                    "QueryExecutionId": report,
                    "Status": { "State": "SUCCEEDED", "CompletionDateTime": now },
                    "ResultConfiguration": { "OutputLocation": format!("s3://lake/queries/{report}.csv") },
                    "Statistics": { "DataScannedInBytes": 1, "EngineExecutionTimeInMillis": 1 },
                } })
            }
            other => panic!("{other}: nothing that a report is known to ask of Athena"),
        };
        answer(200, "application/x-amz-json-1.1", said.to_string())
    }
}
