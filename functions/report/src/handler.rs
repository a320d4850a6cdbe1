//! One invocation: read the input, run the reports side by side, publish each.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::join_all;
use lambda_runtime::Diagnostic;
use serde::Serialize;
use shared::error_type::ErrorType;
use shared::manifest::Manifest;
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::athena::{self, Answer, Query, QueryError};
use crate::catalog::{self, Report, UnknownReport};
use crate::config::Config;
use crate::index::{self, Entry};
use crate::lake::{self, LakeError};
use crate::mail::{MailError, Sender};
use crate::making::{Files, Made, Making, MakingError};
use crate::page::Moment;
use crate::publish::{self, Keys, StorageError};
use crate::request::{Request, RequestError};
use crate::result::{Reader, ResultError};
use crate::upload::Upload;

/// How many reports are written at the same time. All wait for Athena at the same time; but a report that is written holds a piece
/// of its result, a part of each file and what is on its way, however many rows it has.
const MOST_AT_ONCE: usize = 3;

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
    /// When queries and files are given up: before the deadline, so that there is time to say so.
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
    /// Which rows the lake has is not to be had.
    #[error(transparent)]
    Lake(LakeError),
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
    Result(#[from] ResultError),
    #[error(transparent)]
    Making(#[from] MakingError),
    #[error(transparent)]
    Publish(#[from] StorageError),
    #[error(
        "the function's deadline came near while the files were written, after {0} rows; those of before stay: \
         raise the function's Timeout or MemorySize, with which its processor grows"
    )]
    Deadline(usize),
}

/// The runtime logs an error in this form.
impl fmt::Debug for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {self}", self.error_type())
    }
}

impl Failure {
    /// What kind of error it is.
    pub fn error_type(&self) -> ErrorType {
        match self {
            Self::Request(_) | Self::UnknownReport(_) => ErrorType::InvalidInput,
            Self::Lake(error) => error.error_type(),
            Self::Reports { .. } => ErrorType::ReportFailed,
            Self::Index(_) => ErrorType::LakeUnavailable,
            Self::Mail(_) => ErrorType::MailFailed,
        }
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Self { error_type: failure.error_type().to_string(), error_message: failure.to_string() }
    }
}

/// Leaves a fifth of the time, and never more than ten seconds, to have the files appear.
pub fn give_up_at(remaining: Duration) -> Instant {
    Instant::now() + remaining - (remaining / 5).min(Duration::from_secs(10))
}

impl Handler {
    /// Publishes what is asked for. If some reports fail, the others are published all the same.
    pub async fn run(&self, input: &serde_json::Value, invocation: &Invocation) -> Result<Outcome, Failure> {
        let request = Request::parse(input, invocation.now, &invocation.id)?;
        let reports = catalog::select(&self.reports, request.report.as_deref())?;
        // Once, so that all of them tell of the same rows.
        let manifest = lake::manifest(&self.s3, &self.config.lake_bucket).await.map_err(Failure::Lake)?;
        let turns = Semaphore::new(MOST_AT_ONCE);
        let made = reports.iter().map(|report| self.run_one(report, &request, &manifest, invocation, &turns));
        let results = join_all(made).await;
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
        manifest: &Manifest,
        invocation: &Invocation,
        turns: &Semaphore,
    ) -> Result<Publication, ReportError> {
        let begun = Instant::now();
        let date = request.date;
        let sql = report.sql(date, request.as_of, manifest);
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
        let moment = Moment { date, as_of: request.as_of, generated_at: invocation.now };
        let (bucket, keys) = (&self.config.lake_bucket, Keys::of(&report.name, date));
        // The semaphore is never closed.
        let turn = turns.acquire().await;
        let mut csv = Upload::new(&self.s3, bucket, &keys.csv, publish::CSV);
        let mut json = Upload::new(&self.s3, bucket, &keys.json, publish::JSON);
        let mut rows = 0;
        let made = self.make(report, &answer, moment, (&mut csv, &mut json), &mut rows);
        let made = tokio::time::timeout_at(invocation.give_up, made).await.map_err(|_| ReportError::Deadline(rows));
        let published = match made.flatten() {
            Ok(made) => self.publish(&made, (&mut csv, &mut json), &keys).await.map(|()| made),
            Err(error) => Err(error),
        };
        if published.is_err() {
            csv.abort().await;
            json.abort().await;
        }
        drop(turn);
        let Made { rows, headline, .. } = published?;
        let uri = |key: &str| format!("s3://{bucket}/{key}");
        let publication = Publication {
            report: report.name.clone(),
            date: date.to_string(),
            rows,
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

    /// Reads the rows and writes the files, which nobody sees before [`Handler::publish`].
    async fn make(
        &self,
        report: &Report,
        answer: &Answer,
        moment: Moment,
        (csv, json): (&mut Upload<'_>, &mut Upload<'_>),
        rows: &mut usize,
    ) -> Result<Made, ReportError> {
        let mut reader = Reader::new(&self.s3, &answer.place);
        let Some(heading) = reader.next().await? else {
            return Err(ResultError::Empty(answer.place.clone()).into());
        };
        let mut making =
            Making::begin(report, moment, heading, &mut Files { csv: &mut csv.buffer, json: &mut json.buffer })?;
        while let Some(record) = reader.next().await? {
            making.add(record, &mut Files { csv: &mut csv.buffer, json: &mut json.buffer })?;
            csv.flush_full_part().await?;
            json.flush_full_part().await?;
            *rows += 1;
        }
        Ok(making.finish(answer, &mut Files { csv: &mut csv.buffer, json: &mut json.buffer })?)
    }

    /// Has the data appear, then the page, then what the index says of it, over those of an earlier run of the same day.
    async fn publish(
        &self,
        made: &Made,
        (csv, json): (&mut Upload<'_>, &mut Upload<'_>),
        keys: &Keys,
    ) -> Result<(), ReportError> {
        let (s3, bucket) = (&self.s3, &self.config.lake_bucket);
        csv.complete().await?;
        json.complete().await?;
        publish::put(s3, bucket, &keys.html, publish::HTML, made.html.clone().into_bytes()).await?;
        publish::put(s3, bucket, &keys.headline, publish::TEXT, made.headline.clone().into_bytes()).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
