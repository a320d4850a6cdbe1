//! One invocation: parse the event, land its partitions side by side, say what was done.

use serde::Serialize;
use shared::event::{Event, NotAKafkaEvent};
use shared::key::LandingTime;
use tracing::{error, info};

use crate::lander::{self, Outcome};
use crate::metrics;
use crate::store::{Store, StoreError};

/// What one event came to: the function's result, its log line and its metrics.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(crate) struct Summary {
    /// Records in the event.
    pub(crate) records: usize,
    /// Records whose rows are in the lake.
    pub(crate) landed: usize,
    /// Records kept with the reason why they are no bars.
    pub(crate) rejected: usize,
    /// Objects written, or found where an earlier delivery wrote them.
    pub(crate) objects: usize,
    /// Their size in bytes.
    pub(crate) bytes: usize,
    /// Milliseconds from the newest record's Kafka timestamp to its landing, for the partition that is furthest behind.
    pub(crate) lag_ms: Option<i64>,
}

/// Why an event must be delivered again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IngestError {
    #[error(transparent)]
    NotAKafkaEvent(#[from] NotAKafkaEvent),
    /// Everything else in the event has landed.
    #[error("{failed} of {all} parts of the event did not land, first {part}: {source}")]
    Store { failed: usize, all: usize, part: String, source: StoreError },
}

/// Lands an event. `Ok` only when every record of it is durable.
pub(crate) async fn handle(store: &impl Store, payload: &str, landing: LandingTime) -> Result<Summary, IngestError> {
    let event = Event::parse(payload)?;
    let mut summary = Summary {
        records: event.batches.iter().map(|batch| batch.records.len()).sum::<usize>() + event.strays.len(),
        ..Summary::default()
    };
    let mut failures = Vec::new();
    let parts = lander::land_event(store, &event, landing).await;
    let all = parts.len();
    for (part, outcome) in parts {
        match outcome {
            Ok(outcome) => summary.add(&outcome, landing),
            Err(source) => {
                error!(part, error = %source, "part did not land");
                failures.push((part, source));
            }
        }
    }
    let failed = failures.len();
    if let Some((part, source)) = failures.into_iter().next() {
        return Err(IngestError::Store { failed, all, part, source });
    }
    // Only now: what a failed event landed is found there, and counted, when it is delivered again.
    log(&summary, &event, landing);
    Ok(summary)
}

impl Summary {
    fn add(&mut self, part: &Outcome, landing: LandingTime) {
        self.landed += part.landed;
        self.rejected += part.rejected;
        self.objects += part.objects;
        self.bytes += part.bytes;
        let lag_ms = part.newest_timestamp_ms.map(|newest| (landing.0 - newest).max(0));
        self.lag_ms = self.lag_ms.max(lag_ms);
    }
}

fn log(summary: &Summary, event: &Event<'_>, landing: LandingTime) {
    info!(
        records = summary.records,
        landed = summary.landed,
        rejected = summary.rejected,
        objects = summary.objects,
        bytes = summary.bytes,
        lag_ms = summary.lag_ms,
        partitions = event.batches.len(),
        "event landed"
    );
    if let Some(batch) = event.batches.first() {
        metrics::emit(&metrics::document(summary, batch.topic, landing));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Fake;

    /// 2026-11-22T19:05:11.250Z
    const LANDING: LandingTime = LandingTime(1_795_374_311_250);

    const TWO_PARTITIONS: &str = r#"{"records":{
        "t-0":[{"offset":4,"timestamp":1795374311000,"value":"eyJJbmRleCI6IlgiLCJEYXRlIjoiMjAyNC0wMS0wMiIsIk9wZW4iOjEsIkhpZ2giOjEsIkxvdyI6MSwiQ2xvc2UiOjEsIlZvbHVtZSI6MX0="},
               {"offset":5,"timestamp":1795374311100}],
        "t-1":[{"offset":0,"timestamp":1795374310250,"value":"TmFO"}]}}"#;

    #[tokio::test]
    async fn every_record_is_landed_or_rejected() {
        let store = Fake::default();
        let summary = handle(&store, TWO_PARTITIONS, LANDING).await.unwrap();
        assert_eq!((summary.records, summary.landed, summary.rejected), (3, 1, 2));
        assert_eq!(summary.lag_ms, Some(1000));
        let expected = [
            "bars/dt=2026-11-22/hour=19/t-0-0000000000000000004-0000000000000000005.parquet",
            "bars/dt=2026-11-22/hour=19/t-1-0000000000000000000-0000000000000000000.parquet",
            "rejects/dt=2026-11-22/t-0-0000000000000000004-0000000000000000005.jsonl",
            "rejects/dt=2026-11-22/t-1-0000000000000000000-0000000000000000000.jsonl",
        ];
        assert_eq!(store.keys(), expected);
        assert_eq!((summary.objects, summary.bytes), (4, store.bytes()));
    }

    #[tokio::test]
    async fn the_same_event_again_adds_nothing() {
        let store = Fake::default();
        let first = handle(&store, TWO_PARTITIONS, LANDING).await.unwrap();
        let keys = store.keys();
        assert_eq!(handle(&store, TWO_PARTITIONS, LANDING).await.unwrap(), first);
        assert_eq!(store.keys(), keys);
    }

    #[tokio::test]
    async fn a_partition_that_fails_fails_the_event_after_the_others_have_landed() {
        let store = Fake::failing("bars/dt=2026-11-22/hour=19/t-0-");
        let error = handle(&store, TWO_PARTITIONS, LANDING).await.unwrap_err().to_string();
        assert!(error.starts_with("1 of 2 parts of the event did not land, first t-0: "), "{error}");
        assert!(store.keys().iter().any(|key| key.starts_with("bars/dt=2026-11-22/hour=19/t-1-")));
    }

    #[tokio::test]
    async fn rejects_are_durable_before_their_run_is() {
        let store = Fake::failing("rejects/dt=2026-11-22/t-1");
        handle(&store, TWO_PARTITIONS, LANDING).await.unwrap_err();
        assert!(!store.keys().iter().any(|key| key.contains("/t-1-")), "{:?}", store.keys());
    }

    #[tokio::test]
    async fn strays_are_kept() {
        let store = Fake::default();
        let summary = handle(&store, r#"{"records":{"t-0":[7]}}"#, LANDING).await.unwrap();
        assert_eq!((summary.records, summary.landed, summary.rejected, summary.objects), (1, 0, 1, 1));
        assert!(store.keys()[0].starts_with("rejects/dt=2026-11-22/stray-"));
    }

    #[tokio::test]
    async fn an_event_without_records_is_fine_and_what_is_no_event_is_an_error() {
        let store = Fake::default();
        assert_eq!(handle(&store, r#"{"records":{}}"#, LANDING).await.unwrap(), Summary::default());
        assert!(handle(&store, r#"{"Records":[]}"#, LANDING).await.is_err());
        assert_eq!(store.keys(), Vec::<String>::new());
    }
}
