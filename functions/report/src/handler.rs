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
use crate::facts;
use crate::index::{self, Entry};
use crate::json;
use crate::mail::{MailError, Sender};
use crate::page::{self, Moment};
use crate::publish::{self, Files, Keys, StorageError};
use crate::request::{Request, RequestError};
use crate::table::{Table, TableError};

/// What outlives an invocation.
#[derive(Debug)]
pub struct Handler {
    /// Queries.
    pub athena: aws_sdk_athena::Client,
    /// Publishes.
    pub s3: aws_sdk_s3::Client,
    /// Announces.
    pub sns: aws_sdk_sns::Client,
    /// What the deployment says.
    pub config: Config,
    /// Those that can be asked for.
    pub reports: Vec<Report>,
}

/// What an invocation brings beside its input.
#[derive(Debug)]
pub struct Invocation {
    /// The same when Lambda retries.
    pub id: String,
    /// When it began.
    pub now: DateTime<Utc>,
    /// When queries are stopped: before the deadline, so that there is time to say so.
    pub give_up: Instant,
}

/// The result of an invocation whose reports are all published.
#[derive(Debug, Serialize)]
pub struct Outcome {
    pub(crate) reports: Vec<Publication>,
    /// The S3 URI of the page that links all reports.
    pub(crate) index: String,
    /// Whether a message was sent.
    pub(crate) mailed: bool,
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
    /// S3 URIs.
    pub(crate) csv: String,
    pub(crate) json: String,
    pub(crate) html: String,
    /// The report in a line.
    pub(crate) headline: String,
}

/// An invocation that did not do all it was asked to.
#[derive(Error)]
pub enum Failure {
    /// An input that cannot be read.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// A report that there is not.
    #[error(transparent)]
    UnknownReport(#[from] UnknownReport),
    /// The others are published, and the pages of before stay in the place of these.
    #[error("{} of {asked} reports failed: {}", .failed.len(), .failed.join("; "))]
    Reports {
        /// How many were asked for.
        asked: usize,
        /// Name and reason of each that failed.
        failed: Vec<String>,
    },
    /// The reports are published, but the index does not link them.
    #[error("the reports are made, but not the index: {0}")]
    Index(StorageError),
    /// The reports are published and linked, but nobody was told.
    #[error("the reports are made, but {0}")]
    Mail(#[from] MailError),
}

/// Why one report is not published.
#[derive(Debug, Error)]
enum ReportError {
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error("the rows cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Chart(#[from] ChartError),
    #[error(transparent)]
    Publish(#[from] StorageError),
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
            Failure::Reports { .. } | Failure::Index(_) | Failure::Mail(_) => "ReportFailed",
        };
        Self { error_type: error_type.to_owned(), error_message: failure.to_string() }
    }
}

/// Leaves a fifth of the time for pages and puts, and never more than ten seconds.
pub fn give_up_at(remaining: Duration) -> Instant {
    Instant::now() + remaining - (remaining / 5).min(Duration::from_secs(10))
}

impl Handler {
    /// Publishes what is asked for. If some reports fail, the others are published all the same.
    pub async fn run(&self, input: &serde_json::Value, invocation: &Invocation) -> Result<Outcome, Failure> {
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
        let bucket = &self.config.lake_bucket;
        if !published.is_empty() {
            index::update(&self.s3, bucket, &self.reports, invocation.now).await.map_err(Failure::Index)?;
        }
        if !failed.is_empty() {
            return Err(Failure::Reports { asked: reports.len(), failed });
        }
        let mailed = self.mail(&request, &reports, &published, invocation.now).await?;
        Ok(Outcome { reports: published, index: format!("s3://{bucket}/{}", index::KEY), mailed })
    }

    /// Once all reports of a day are made, not for one that somebody asks for.
    async fn mail(
        &self,
        request: &Request,
        reports: &[&Report],
        published: &[Publication],
        now: DateTime<Utc>,
    ) -> Result<bool, MailError> {
        let Some(delivery) = self.config.delivery.as_ref().filter(|_| request.report.is_none()) else {
            return Ok(false);
        };
        let mut made: Vec<(&Report, &Publication)> = reports.iter().copied().zip(published).collect();
        made.sort_by_key(|(report, _)| report.declaration.mail.unwrap_or(u8::MAX));
        let made: Vec<Entry> = made
            .into_iter()
            .map(|(report, publication)| Entry::of(report, request.date, &publication.headline))
            .collect();
        let sender = Sender { s3: &self.s3, sns: &self.sns, bucket: &self.config.lake_bucket, delivery };
        sender.send(&made, request.date, now, &request.cause).await?;
        Ok(true)
    }

    async fn run_one(
        &self,
        report: &Report,
        request: &Request,
        invocation: &Invocation,
    ) -> Result<Publication, ReportError> {
        let begun = Instant::now();
        let date = request.date;
        let sql = report.sql(date, request.as_of);
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
        let headline = facts::headline(&report.declaration, &table, date);
        let files = Files {
            csv,
            json: json::render(report, &table, moment)?,
            html: page::render(report, &table, &answer, moment)?,
            headline: headline.clone(),
        };
        let (bucket, keys) = (&self.config.lake_bucket, Keys::of(&report.name, date));
        publish::publish(&self.s3, bucket, &keys, files).await?;
        let uri = |key: &str| format!("s3://{bucket}/{key}");
        let publication = Publication {
            report: report.name.clone(),
            date: date.to_string(),
            rows: table.rows.len(),
            query_id: answer.query_id,
            scanned_bytes: answer.scanned_bytes,
            milliseconds: begun.elapsed().as_millis(),
            csv: uri(&keys.csv),
            json: uri(&keys.json),
            html: uri(&keys.html),
            headline,
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
