//! One invocation: read the input, run the reports side by side, publish each.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::join_all;
use lambda_runtime::Diagnostic;
use serde::Serialize;
use thiserror::Error;
use tokio::time::Instant;

use crate::athena::{self, Query, QueryError};
use crate::catalog::{self, Report, UnknownReport};
use crate::chart::ChartError;
use crate::config::Config;
use crate::page::{self, Moment};
use crate::publish::{self, PublishError};
use crate::request::{Request, RequestError};
use crate::table::{Table, TableError};

/// What outlives an invocation.
#[derive(Debug)]
pub(crate) struct Handler {
    pub(crate) athena: aws_sdk_athena::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) config: Config,
    pub(crate) reports: Vec<Report>,
}

/// What an invocation brings beside its input.
#[derive(Debug)]
pub(crate) struct Invocation {
    /// The same when Lambda retries.
    pub(crate) id: String,
    pub(crate) now: DateTime<Utc>,
    /// When queries are stopped: before the deadline, so that there is time to say so.
    pub(crate) give_up: Instant,
}

/// The result of an invocation whose reports are all published.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    pub(crate) reports: Vec<Publication>,
}

/// One published report.
#[derive(Debug, Serialize)]
pub(crate) struct Publication {
    pub(crate) report: String,
    pub(crate) date: String,
    pub(crate) rows: usize,
    pub(crate) query_id: String,
    pub(crate) scanned_bytes: u64,
    /// From the start of the query to the written page.
    pub(crate) milliseconds: u128,
    pub(crate) csv: String,
    pub(crate) html: String,
}

/// An invocation that did not do all it was asked to.
#[derive(Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error(transparent)]
    UnknownReport(#[from] UnknownReport),
    #[error("{} of {asked} reports failed: {}", .failed.len(), .failed.join("; "))]
    Reports { asked: usize, failed: Vec<String> },
}

/// Why one report is not published.
#[derive(Debug, Error)]
enum ReportError {
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Chart(#[from] ChartError),
    #[error(transparent)]
    Publish(#[from] PublishError),
}

/// The runtime logs an error in this form.
impl fmt::Debug for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        let error_type = match failure {
            Failure::Request(_) | Failure::UnknownReport(_) => "InvalidInput",
            Failure::Reports { .. } => "ReportFailed",
        };
        Self { error_type: error_type.to_owned(), error_message: failure.to_string() }
    }
}

/// Leaves a fifth of the time for pages and puts, and never more than ten seconds.
pub(crate) fn give_up_at(remaining: Duration) -> Instant {
    Instant::now() + remaining - (remaining / 5).min(Duration::from_secs(10))
}

impl Handler {
    /// Publishes what is asked for. If some reports fail, the others are published all the same.
    pub(crate) async fn run(&self, input: &serde_json::Value, invocation: &Invocation) -> Result<Outcome, Failure> {
        let request = Request::parse(input, invocation.now, &invocation.id)?;
        let reports = catalog::select(&self.reports, request.report.as_deref())?;
        let results = join_all(reports.iter().map(|report| self.run_one(report, &request, invocation))).await;
        let mut published = Vec::new();
        let mut failed = Vec::new();
        for (report, result) in reports.iter().zip(results) {
            match result {
                Ok(publication) => published.push(publication),
                Err(error) => failed.push(format!("{}: {error}", report.name)),
            }
        }
        if failed.is_empty() {
            Ok(Outcome { reports: published })
        } else {
            Err(Failure::Reports { asked: reports.len(), failed })
        }
    }

    async fn run_one(
        &self,
        report: &Report,
        request: &Request,
        invocation: &Invocation,
    ) -> Result<Publication, ReportError> {
        let begun = Instant::now();
        let date = request.date;
        let sql = report.query.render(date, request.as_of);
        let query = Query {
            sql: &sql,
            identity: &[
                // Two stacks in one account have the same schedule.
                &self.config.glue_database,
                &self.config.athena_workgroup,
                &report.name,
                &date.to_string(),
                &sql,
                &request.cause,
            ],
            asked_at: invocation.now,
            give_up: invocation.give_up,
        };
        let answer = athena::run(&self.athena, &self.config, query).await?;
        let table = Table::parse(&report.declaration, &answer)?;
        let csv = table.to_csv(&report.declaration)?;
        let moment = Moment { date, as_of: request.as_of, generated_at: invocation.now };
        let page = page::render(report, &table, &answer, moment)?;
        let bucket = &self.config.lake_bucket;
        let published = publish::publish(&self.s3, bucket, &report.name, date, csv, page).await?;
        let publication = Publication {
            report: report.name.clone(),
            date: date.to_string(),
            rows: table.rows.len(),
            query_id: answer.query_id,
            scanned_bytes: answer.scanned_bytes,
            milliseconds: begun.elapsed().as_millis(),
            csv: published.csv,
            html: published.html,
        };
        tracing::info!(
            report = publication.report,
            date = publication.date,
            rows = publication.rows,
            query_id = publication.query_id,
            scanned_bytes = publication.scanned_bytes,
            milliseconds = publication.milliseconds,
            csv = publication.csv,
            html = publication.html,
            "report published"
        );
        Ok(publication)
    }
}

#[cfg(test)]
mod tests;
