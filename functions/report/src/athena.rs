//! One query on Athena, from its start to its answer, or to the moment at which it must be given up.

use std::time::Duration;

use aws_sdk_athena::Client;
use aws_sdk_athena::error::ProvideErrorMetadata;
use aws_sdk_athena::types::{QueryExecution, QueryExecutionContext, QueryExecutionState, QueryExecutionStatistics};
use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use thiserror::Error;
use tokio::time::Instant;

use crate::config::Config;
use crate::format;
use crate::publish;
use crate::result::Place;
use crate::visible::shown;

/// What is asked, and what makes it the same question when it is asked again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Query<'a> {
    pub(crate) sql: &'a str,
    /// Two queries with the same identity are one query to Athena, which is paid for once.
    pub(crate) identity: &'a [&'a str],
    /// When this invocation began.
    pub(crate) asked_at: DateTime<Utc>,
    /// When the query is stopped.
    pub(crate) give_up: Instant,
}

/// A query that has been answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Where its rows are.
    pub(crate) place: Place,
    pub(crate) query_id: String,
    pub(crate) scanned_bytes: u64,
    pub(crate) engine_milliseconds: u64,
}

/// A query without an answer.
#[derive(Debug, Error)]
pub(crate) enum QueryError {
    #[error("athena could not {action}: {reason}")]
    Call { action: String, reason: String },
    #[error("query {query_id} {state}: {reason}")]
    Ended { query_id: String, state: &'static str, reason: String },
    #[error(
        "query {query_id} would have read more than the workgroup allows and was stopped, nothing is shown and the page of before stays: \
         raise the parameter QueryScanLimitBytes, or narrow the query ({reason})"
    )]
    OverLimit { query_id: String, reason: String },
    #[error(
        "query {query_id} was stopped because the function's deadline is near ({stop}): \
         raise the function's Timeout or narrow the query"
    )]
    Deadline { query_id: String, stop: String },
    #[error(
        "the queries of {0} earlier tries failed, and Athena answers the same request with the same failure: \
         invoke the report anew"
    )]
    EarlierTries(u32),
}

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// More tries of one invocation than Lambda and the scheduler make by default.
const MOST_TRIES: u32 = 5;

/// Athena's words for it, in lower case: `Bytes scanned limit was exceeded`. (It has no code for this.)
const OVER_LIMIT: &str = "bytes scanned limit";

/// How far Athena's clock and ours may be apart, and less than the pause before Lambda's first retry.
const CLOCK_SKEW: chrono::TimeDelta = chrono::TimeDelta::seconds(10);

/// Runs the query until its rows are there to be read.
///
/// A retry gets the query that an earlier try started. If that one failed, Athena would answer the same token with
/// the same failure for ever: then the retry goes on to the next token.
pub(crate) async fn run(client: &Client, config: &Config, query: Query<'_>) -> Result<Answer, QueryError> {
    for attempt in 0..MOST_TRIES {
        let query_id = start(client, config, query, attempt).await?;
        let Ok(finished) = tokio::time::timeout_at(query.give_up, finish(client, &query_id)).await else {
            let stop = stop(client, &query_id).await;
            return Err(QueryError::Deadline { query_id, stop });
        };
        match finished? {
            Finish::Answered(answer) => return Ok(answer),
            Finish::Failed { completed_at, .. } if completed_at < query.asked_at - CLOCK_SKEW => {
                tracing::info!(query_id, attempt, "an earlier try's query failed, asking again");
            }
            Finish::Failed { error, .. } => return Err(error),
        }
    }
    Err(QueryError::EarlierTries(MOST_TRIES))
}

enum Finish {
    Answered(Answer),
    Failed { completed_at: DateTime<Utc>, error: QueryError },
}

async fn start(client: &Client, config: &Config, query: Query<'_>, attempt: u32) -> Result<String, QueryError> {
    let context = QueryExecutionContext::builder().database(&config.glue_database).build();
    let started = client
        .start_query_execution()
        .query_string(query.sql)
        .client_request_token(token(query.identity, attempt))
        .work_group(&config.athena_workgroup)
        .query_execution_context(context)
        .send()
        .await
        .map_err(|error| failed_call("start a query".to_owned(), &error))?;
    started.query_execution_id.ok_or_else(|| QueryError::Call {
        action: "start a query".to_owned(),
        reason: "the answer has no query id".to_owned(),
    })
}

/// 64 hex digits; Athena takes 32 to 128 characters. The separator keeps neighbours from running into each other.
fn token(identity: &[&str], attempt: u32) -> String {
    let mut hash = Sha256::new();
    for part in identity {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hash.update(attempt.to_be_bytes());
    format::hex(&hash.finalize())
}

/// Waits until the query has ended.
async fn finish(client: &Client, query_id: &str) -> Result<Finish, QueryError> {
    let mut pause = FIRST_PAUSE;
    loop {
        let answer = client.get_query_execution().query_execution_id(query_id).send().await;
        let answer = answer.map_err(|error| failed_call(format!("tell the state of query {query_id}"), &error))?;
        let execution = answer.query_execution.unwrap_or_else(|| QueryExecution::builder().build());
        let state = execution.status().and_then(|status| status.state().cloned());
        match state {
            Some(QueryExecutionState::Succeeded) => {
                return answered(query_id, &execution).map(Finish::Answered);
            }
            Some(QueryExecutionState::Failed) => return Ok(failure(query_id, "failed", &execution)),
            Some(QueryExecutionState::Cancelled) => return Ok(failure(query_id, "was cancelled", &execution)),
            _ => {}
        }
        tokio::time::sleep(pause).await;
        pause = pause.mul_f64(1.5).min(LONGEST_PAUSE);
    }
}

fn failure(query_id: &str, state: &'static str, execution: &QueryExecution) -> Finish {
    let status = execution.status();
    let completed_at = status
        .and_then(|status| status.completion_date_time())
        .and_then(|time| DateTime::from_timestamp(time.secs(), time.subsec_nanos()))
        .unwrap_or(DateTime::<Utc>::MAX_UTC);
    let reason = status.and_then(|status| status.state_change_reason()).filter(|reason| !reason.is_empty());
    // There may be text of a record in it.
    let reason = shown(reason.unwrap_or("athena gives no reason"), publish::MOST_SHOWN);
    let query_id = query_id.to_owned();
    let is_over_limit = reason.to_ascii_lowercase().contains(OVER_LIMIT);
    let error = if is_over_limit {
        QueryError::OverLimit { query_id, reason }
    } else {
        QueryError::Ended { query_id, state, reason }
    };
    Finish::Failed { completed_at, error }
}

fn answered(query_id: &str, execution: &QueryExecution) -> Result<Answer, QueryError> {
    let location = execution.result_configuration().and_then(|configuration| configuration.output_location());
    let place = location.and_then(Place::of).ok_or_else(|| QueryError::Call {
        action: format!("say where the rows of query {query_id} are"),
        reason: format!("its output location is {location:?}"),
    })?;
    let statistics = execution.statistics();
    let count = |value: Option<i64>| value.and_then(|value| u64::try_from(value).ok()).unwrap_or_default();
    Ok(Answer {
        place,
        query_id: query_id.to_owned(),
        scanned_bytes: count(statistics.and_then(QueryExecutionStatistics::data_scanned_in_bytes)),
        engine_milliseconds: count(statistics.and_then(QueryExecutionStatistics::engine_execution_time_in_millis)),
    })
}

/// Whether the stop arrived, in words.
async fn stop(client: &Client, query_id: &str) -> String {
    match client.stop_query_execution().query_execution_id(query_id).send().await {
        Ok(_) => "athena has taken the stop".to_owned(),
        Err(error) => format!("and it may still run: {}", failed_call("stop it".to_owned(), &error)),
    }
}

fn failed_call<E: ProvideErrorMetadata + std::error::Error>(action: String, error: &E) -> QueryError {
    QueryError::Call { action, reason: publish::reason(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_the_same_for_the_same_question_only() {
        let question = ["market-summary", "2026-11-22", "SELECT 1", "request-1"];
        let first = token(&question, 0);
        assert_eq!(first, token(&question, 0));
        assert_eq!((first.len(), first.bytes().all(|byte| byte.is_ascii_hexdigit())), (64, true));
        assert_ne!(first, token(&question, 1));
        assert_ne!(first, token(&["market-summary", "2026-11-22", "SELECT 1", "request-2"], 0));
        assert_ne!(first, token(&["market-summary2026-11-22", "", "SELECT 1", "request-1"], 0));
    }
}
