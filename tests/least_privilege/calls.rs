//! Calls of the functions in which each needs all that it ever does.

use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Result;
use aws_sdk_glue::operation::stop_crawler::StopCrawlerError;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use local::Stack;
use serde_json::{Value, json};
use shared::key::{Keys, LandingTime};
use shared::ledger::{Ledger, Pending};

use crate::lake;

/// 2026-01-05T10:00:00Z
const LANDING: LandingTime = LandingTime(1_767_607_200_000);
const BAR: &str = r#"{"Index":"HSI","Date":"2026-01-02","Open":1,"High":1,"Low":1,"Close":1,"Volume":0}"#;
const NOT_JSON: &str = "NaN";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Ingest,
    Crawl,
    Compact,
    Report,
}

impl Function {
    pub(crate) fn arn(self, stack: &Stack) -> &str {
        let outputs = stack.outputs();
        match self {
            Self::Ingest => &outputs.ingest_function,
            Self::Crawl => &outputs.crawl_function,
            Self::Compact => &outputs.compact_function,
            Self::Report => &outputs.report_function,
        }
    }

    /// Invokes it. Nothing that an earlier call did spares it a request.
    pub(crate) async fn call(self, stack: &Stack) -> Result<()> {
        let event = match self {
            Self::Ingest => {
                let settle = json!({ "settle": true }).to_string();
                stack.aws().invoke(self.arn(stack), settle.into_bytes()).await?;
                new_partition_and_crashed_one(stack).await?
            }
            Self::Crawl => {
                end_crawl(stack).await?;
                json!({})
            }
            Self::Compact => {
                lake::make(stack).await?;
                json!({})
            }
            Self::Report => json!({ "date": "2026-01-05" }),
        };
        stack.aws().invoke(self.arn(stack), event.to_string().into_bytes()).await.map(drop)
    }
}

/// Of a topic that no process knows: partition 0 has nothing in the lake, and partition 1 the intent of a writer that died.
async fn new_partition_and_crashed_one(stack: &Stack) -> Result<Value> {
    static TOPICS: AtomicU32 = AtomicU32::new(0);
    let topic = format!("least-privilege-{}", TOPICS.fetch_add(1, Ordering::Relaxed));
    let keys = Keys { topic: &topic, partition: 1 };
    let pending = Pending {
        life: 1,
        records: 1,
        newest_timestamp_ms: Some(LANDING.0),
        bars: keys.bars(1, (0, 0), 1, LANDING),
        ..Pending::default()
    };
    let ledger = Ledger { sequence: 1, pending: vec![pending], ..Ledger::default() };
    let (s3, bucket) = (&stack.aws().s3, &stack.outputs().lake_bucket);
    s3.put_object().bucket(bucket).key(keys.ledger()).body(ledger.to_bytes().into()).send().await?;

    let record = |partition: i32, offset: i64, value: &str| {
        json!({
            "topic": topic,
            "partition": partition,
            "offset": offset,
            "timestamp": LANDING.0,
            "timestampType": "CREATE_TIME",
            "value": BASE64_STANDARD.encode(value),
            "headers": [],
        })
    };
    let (new, crashed) = (format!("{topic}-0"), format!("{topic}-1"));
    let records = json!({ new: [record(0, 0, BAR), record(0, 1, NOT_JSON)], crashed: [record(1, 0, BAR)] });
    Ok(json!({ "eventSource": "SelfManagedKafka", "bootstrapServers": "127.0.0.1:9092", "records": records }))
}

/// A crawler that runs is not started.
async fn end_crawl(stack: &Stack) -> Result<()> {
    let ended = stack.aws().glue.stop_crawler().name(&stack.outputs().crawler).send().await;
    match ended {
        Err(error) if !error.as_service_error().is_some_and(StopCrawlerError::is_crawler_not_running_exception) => {
            Err(error.into())
        }
        _ => Ok(()),
    }
}
