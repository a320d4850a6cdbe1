//! One invocation: parse the event, land its parts side by side, say what was done.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use shared::event::{self, Event};
use shared::key::LandingTime;
use store::Store;
use tokio::time::Instant;
use tracing::{error, info};

use crate::error::IngestError;
use crate::lander::{Lander, Settling};
use crate::metrics;
use crate::summary::Summary;

/// What the schedule sends to have old runs settled.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settle {
    /// Only to tell it from an event.
    #[expect(dead_code, reason = "its name says it all")]
    settle: bool,
}

/// What one invocation answers.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// Of an event.
    Handled(Summary),
    /// Of the schedule.
    Settled {
        /// Partitions whose ledgers were looked at.
        partitions: usize,
    },
}

/// Handles an invocation: an event, or the schedule's `{"settle": true}`.
pub async fn invoked<S: Store>(
    lander: &Lander<S>,
    payload: &[u8],
    time: LandingTime,
    time_left: Option<Duration>,
) -> Result<Answer, IngestError> {
    let payload = event::text(payload)?;
    // An event is longer than this.
    if payload.len() < 32 && serde_json::from_str::<Settle>(payload).is_ok() {
        return settle(lander, time, time_left).await;
    }
    handle(lander, payload, time, time_left).await.map(Answer::Handled)
}

async fn settle<S: Store>(
    lander: &Lander<S>,
    time: LandingTime,
    time_left: Option<Duration>,
) -> Result<Answer, IngestError> {
    let Settling { looked_at, failed } = lander.settle(time, time_left.map(|left| Instant::now() + left)).await?;
    for (part, error) in &failed {
        error!(part, %error, "old runs were not settled");
    }
    info!(partitions = looked_at, failed = failed.len(), "old runs settled");
    let failures = failed.len();
    match failed.into_iter().next() {
        Some((part, source)) => Err(IngestError::Parts { failed: failures, all: looked_at, part, source }),
        None => Ok(Answer::Settled { partitions: looked_at }),
    }
}

/// Lands an event. `Ok` only when every record of it is durable.
pub async fn handle<S: Store>(
    lander: &Lander<S>,
    payload: &str,
    time: LandingTime,
    time_left: Option<Duration>,
) -> Result<Summary, IngestError> {
    let deadline = time_left.map(|left| Instant::now() + left);
    let event = Event::parse(payload)?;
    let mut summary = Summary::default();
    let mut first_failure = None;
    let parts = lander.land_event(&event, time, deadline).await;
    let all = parts.len();
    for (part, outcome) in parts {
        match outcome {
            Ok(outcome) => summary.add(&outcome, time),
            Err(source) => {
                error!(part, error = %source, "part did not land");
                summary.failed += 1;
                first_failure.get_or_insert((part, source));
            }
        }
    }
    // Also of an event that failed: what landed is skipped when it is delivered again, and so counted now or never.
    log(&summary, &event, time);
    match first_failure {
        Some((part, source)) => Err(IngestError::Parts { failed: summary.failed, all, part, source }),
        None => Ok(summary),
    }
}

fn log(summary: &Summary, event: &Event<'_>, time: LandingTime) {
    info!(
        records = summary.records,
        landed = summary.landed,
        rejected = summary.rejected,
        skipped = summary.skipped,
        uncertain = summary.uncertain,
        undecided = summary.undecided,
        objects = summary.objects,
        bytes = summary.bytes,
        lag_ms = summary.lag_ms,
        holes = summary.holes,
        holes_closed = summary.holes_closed,
        failed = summary.failed,
        partitions = event.batches.len(),
        "event handled"
    );
    if let Some(batch) = event.batches.first() {
        metrics::emit(&metrics::document(summary, batch.topic, time));
    }
}

#[cfg(test)]
mod tests {
    use lambda_runtime::Diagnostic;
    use shared::error_type::ErrorType;
    use shared::key::Generation;
    use shared::landing::{Kind, LandingError, Object, Version};
    use store::{Listed, Memory, StoreError};

    use super::*;
    use crate::lander::PartError;

    /// 2026-11-22T19:05:11.250Z
    const TIME: LandingTime = LandingTime(1_795_374_311_250);

    const TWO_PARTITIONS: &str = r#"{"records":{
        "t-0":[{"offset":4,"timestamp":1795374311000,"value":"eyJJbmRleCI6IlgiLCJEYXRlIjoiMjAyNC0wMS0wMiIsIk9wZW4iOjEsIkhpZ2giOjEsIkxvdyI6MSwiQ2xvc2UiOjEsIlZvbHVtZSI6MX0="},
               {"offset":5,"timestamp":1795374311100}],
        "t-1":[{"offset":0,"timestamp":1795374310250,"value":"TmFO"}]}}"#;

    /// A store of which the keys with one prefix cannot be written, or never answer.
    struct Faulty {
        memory: Memory,
        prefix: &'static str,
        hangs: bool,
    }

    impl Faulty {
        async fn write(&self, key: &str) -> Result<(), StoreError> {
            match key.starts_with(self.prefix) {
                true if self.hangs => std::future::pending().await,
                true => Err(StoreError { action: "write", key: key.to_owned(), message: "slow down".to_owned() }),
                false => Ok(()),
            }
        }
    }

    impl Store for Faulty {
        async fn read(&self, key: &str) -> Result<Option<(Vec<u8>, Version)>, StoreError> {
            self.memory.read(key).await
        }

        async fn swap(
            &self,
            key: &str,
            body: Vec<u8>,
            expected: Option<Version>,
        ) -> Result<Option<Version>, StoreError> {
            self.write(key).await?;
            self.memory.swap(key, body, expected).await
        }

        async fn find(&self, key: &str) -> Result<Option<Kind>, StoreError> {
            self.memory.find(key).await
        }

        async fn create(&self, object: Object) -> Result<bool, StoreError> {
            self.write(&object.key).await?;
            self.memory.create(object).await
        }

        async fn overwrite(&self, object: Object) -> Result<(), StoreError> {
            self.write(&object.key).await?;
            self.memory.overwrite(object).await
        }

        async fn list(&self, prefix: &str, after: &str, most: usize) -> Result<Vec<Listed>, StoreError> {
            self.memory.list(prefix, after, most).await
        }
    }

    fn lander(prefix: &'static str, hangs: bool) -> Lander<Faulty> {
        Lander::new(Faulty { memory: Memory::default(), prefix, hangs }, Generation(1))
    }

    fn ledger(text: &str) -> Object {
        Object { key: "ledger/g1/t-0.json".to_owned(), body: text.as_bytes().to_vec(), kind: Kind::Bars }
    }

    fn sound() -> Lander<Faulty> {
        lander("nothing", false)
    }

    fn keys(lander: &Lander<Faulty>) -> Vec<String> {
        lander.store().memory.objects("").into_iter().map(|(key, _)| key).collect()
    }

    #[tokio::test]
    async fn every_record_is_landed_or_rejected() {
        let lander = sound();
        let summary = handle(&lander, TWO_PARTITIONS, TIME, None).await.unwrap();
        assert_eq!((summary.records, summary.landed, summary.rejected, summary.skipped), (3, 1, 2, 0));
        assert_eq!((summary.lag_ms, summary.objects), (Some(1000), 4));
        let expected = [
            "bars/dt=2026-11-22/hour=19/t-0-g1-0000000000000000004-0000000000000000005-1.parquet",
            "bars/dt=2026-11-22/hour=19/t-1-g1-0000000000000000000-0000000000000000000-1.parquet",
            "ledger/g1/t-0.json",
            "ledger/g1/t-1.json",
            "rejects/dt=2026-11-22/t-0-g1-0000000000000000004-0000000000000000005-1.jsonl",
            "rejects/dt=2026-11-22/t-1-g1-0000000000000000000-0000000000000000000-1.jsonl",
        ];
        assert_eq!(keys(&lander), expected);
    }

    #[tokio::test]
    async fn the_same_event_again_adds_nothing_days_later_and_in_another_process() {
        let mut lander = sound();
        handle(&lander, TWO_PARTITIONS, TIME, None).await.unwrap();
        let keys_before = keys(&lander);
        for _ in 0..2 {
            let summary = handle(&lander, TWO_PARTITIONS, LandingTime(TIME.0 + 200_000_000), None).await.unwrap();
            assert_eq!((summary.records, summary.landed, summary.rejected, summary.skipped), (3, 0, 0, 3));
            assert_eq!(keys(&lander), keys_before);
            lander = Lander::new(lander.into_store(), Generation(1));
        }
    }

    #[tokio::test]
    async fn a_partition_that_fails_fails_the_event_after_the_others_have_landed() {
        let lander = lander("bars/dt=2026-11-22/hour=19/t-0-", false);
        let error = handle(&lander, TWO_PARTITIONS, TIME, None).await.unwrap_err().to_string();
        assert!(error.starts_with("1 of 2 parts of the event did not land, first t-0: cannot write bars/"), "{error}");
        assert!(keys(&lander).iter().any(|key| key.starts_with("bars/dt=2026-11-22/hour=19/t-1-")));
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_not_landed_when_the_time_is_up_fails_the_event() {
        let lander = lander("ledger/g1/t-1", true);
        let error = handle(&lander, TWO_PARTITIONS, TIME, Some(Duration::from_secs(9))).await.unwrap_err().to_string();
        assert_eq!(error, "1 of 2 parts of the event did not land, first t-1: the function's time was up");
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_is_answered_and_logged_by_a_name_that_says_of_what_kind_it_is() {
        let late = Some(Duration::from_secs(9));
        let unavailable = lander("bars/", false);
        let damaged = sound();
        damaged.store().memory.overwrite(ledger("{}")).await.unwrap();
        for (lander, event, time_left, name) in [
            (&sound(), r#"{"Records":[]}"#, None, "InvalidInput"),
            (&sound(), "", None, "InvalidInput"),
            (&unavailable, TWO_PARTITIONS, None, "LakeUnavailable"),
            (&damaged, TWO_PARTITIONS, None, "LakeDamaged"),
            (&lander("ledger/", true), TWO_PARTITIONS, late, "OutOfTime"),
        ] {
            let error = invoked(lander, event.as_bytes(), TIME, time_left).await.unwrap_err();
            let (message, logged) = (error.to_string(), format!("{error:?}"));
            assert_eq!(logged, format!("{name}: {message}"));
            assert_eq!(Diagnostic::from(error), Diagnostic { error_type: name.to_owned(), error_message: message });
        }
        let contended = PartError::Landing(LandingError::Contended(50));
        assert_eq!(contended.error_type(), ErrorType::LedgerContended);
    }

    #[tokio::test]
    async fn rejects_are_durable_before_their_run_is() {
        let lander = lander("rejects/dt=2026-11-22/t-1", false);
        handle(&lander, TWO_PARTITIONS, TIME, None).await.unwrap_err();
        assert!(!keys(&lander).iter().any(|key| key.contains("/t-1-")), "{:?}", keys(&lander));
    }

    #[tokio::test]
    async fn the_schedule_settles_what_has_been_pending_for_an_hour() {
        let lander = sound();
        handle(&lander, TWO_PARTITIONS, TIME, None).await.unwrap();
        let pending = |lander: &Lander<Faulty>| {
            let ledgers = lander.store().memory.objects("ledger/");
            let ledgers = ledgers.iter().map(|(_, body)| shared::ledger::Ledger::parse(body).unwrap());
            ledgers.map(|ledger| (ledger.pending.len(), ledger.current().landed.last())).collect::<Vec<_>>()
        };
        for (minutes, expected) in [(59, [(1, None), (1, None)]), (60, [(0, Some(5)), (0, Some(0))])] {
            let time = LandingTime(TIME.0 + minutes * 60_000);
            let answer = invoked(&lander, br#"{"settle":true}"#, time, None).await.unwrap();
            assert!(matches!(answer, Answer::Settled { partitions: 2 }), "{answer:?}");
            assert_eq!(pending(&lander), expected);
        }
    }

    #[tokio::test]
    async fn a_timestamp_that_is_no_time_hides_no_topic_that_was_made_anew() {
        let event = |timestamp: i64| format!(r#"{{"records":{{"t-0":[{{"offset":0,"timestamp":{timestamp}}}]}}}}"#);
        let lander = sound();
        for timestamp in [9_223_372_036_854_776, i64::MAX, TIME.0] {
            let summary = handle(&lander, &event(timestamp), TIME, None).await.unwrap();
            let lag_ms = (timestamp == TIME.0).then_some(0);
            assert_eq!((summary.records, summary.rejected, summary.lag_ms), (1, 1, lag_ms));
        }
    }

    #[tokio::test]
    async fn strays_are_kept() {
        let lander = sound();
        let summary = handle(&lander, r#"{"records":{"t-0":[7]}}"#, TIME, None).await.unwrap();
        assert_eq!((summary.records, summary.landed, summary.rejected, summary.objects), (1, 0, 1, 1));
        assert!(keys(&lander)[0].starts_with("rejects/dt=2026-11-22/stray-"));
        let summary = handle(&lander, r#"{"records":{"t-0":[7]}}"#, TIME, None).await.unwrap();
        assert_eq!((summary.rejected, summary.skipped), (0, 1));
    }

    #[tokio::test]
    async fn an_event_without_records_is_fine_and_what_is_no_event_is_an_error() {
        let lander = sound();
        assert_eq!(handle(&lander, r#"{"records":{}}"#, TIME, None).await.unwrap(), Summary::default());
        assert!(handle(&lander, r#"{"Records":[]}"#, TIME, None).await.is_err());
        assert_eq!(keys(&lander), Vec::<String>::new());
    }
}
