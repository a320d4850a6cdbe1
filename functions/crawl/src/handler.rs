//! One invocation: see how the last crawl went, start the next.
//!
//! A crawl takes minutes and Glue runs it by itself, so the function does not wait for its end: the next invocation reports how
//! it went.

use std::fmt;

use aws_sdk_glue::Client;
use aws_sdk_glue::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_glue::types::{CrawlerState, LastCrawlInfo, LastCrawlStatus};
use lambda_runtime::Diagnostic;
use serde::Serialize;
use tracing::info;

/// What the invocation did: the function's result.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Outcome {
    pub(crate) crawler: String,
    pub(crate) status: Status,
    /// How the crawl before ended, in Glue's words; none before the first.
    pub(crate) last_crawl: Option<String>,
}

/// Whether this invocation started a crawl.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// A crawl was started.
    Started,
    /// One was under way already, which is fine.
    AlreadyRunning,
}

#[derive(thiserror::Error)]
pub(crate) enum CrawlError {
    #[error("there is no crawler {0}: CRAWLER_NAME must name one that exists in this account and region")]
    Missing(String),
    /// The next crawl was started all the same: what failed may be over.
    #[error("the last crawl of {crawler} failed: {message}; a new one was started")]
    LastCrawlFailed { crawler: String, message: String },
    #[error("cannot {action} the crawler {crawler}: {message}")]
    Glue { action: &'static str, crawler: String, message: String },
}

impl CrawlError {
    /// The name under which it is answered, which has a row in RUNBOOK.md.
    fn error_type(&self) -> &'static str {
        match self {
            Self::Missing(_) => "CrawlerMissing",
            Self::LastCrawlFailed { .. } => "CrawlFailed",
            Self::Glue { .. } => "CatalogUnavailable",
        }
    }
}

/// The runtime logs an error in this form.
impl fmt::Debug for CrawlError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {self}", self.error_type())
    }
}

impl From<CrawlError> for Diagnostic {
    fn from(error: CrawlError) -> Self {
        Self { error_type: error.error_type().to_owned(), error_message: error.to_string() }
    }
}

/// Starts the crawler unless it runs. The failure of the crawl before is an error, so that an alarm sees it.
pub(crate) async fn handle(glue: &Client, crawler_name: &str) -> Result<Outcome, CrawlError> {
    let answer = match glue.get_crawler().name(crawler_name).send().await {
        Ok(answer) => answer,
        Err(error) => return Err(glue_error("look up", crawler_name, &error)),
    };
    let crawler = answer.crawler.ok_or_else(|| CrawlError::Missing(crawler_name.to_owned()))?;
    let last_crawl = crawler.last_crawl;
    let status = match crawler.state {
        Some(CrawlerState::Running | CrawlerState::Stopping) => Status::AlreadyRunning,
        _ => start(glue, crawler_name).await?,
    };
    info!(crawler = crawler_name, ?status, "crawl requested");
    if let (Status::Started, Some(message)) = (&status, last_crawl.as_ref().and_then(failure)) {
        return Err(CrawlError::LastCrawlFailed { crawler: crawler_name.to_owned(), message });
    }
    let last_crawl = last_crawl.and_then(|crawl| crawl.status).map(|status| status.as_str().to_owned());
    Ok(Outcome { crawler: crawler_name.to_owned(), status, last_crawl })
}

async fn start(glue: &Client, crawler_name: &str) -> Result<Status, CrawlError> {
    match glue.start_crawler().name(crawler_name).send().await {
        Ok(_) => Ok(Status::Started),
        // Someone else started it between the two calls.
        Err(error) if error.code() == Some("CrawlerRunningException") => Ok(Status::AlreadyRunning),
        Err(error) => Err(glue_error("start", crawler_name, &error)),
    }
}

fn failure(last_crawl: &LastCrawlInfo) -> Option<String> {
    (last_crawl.status == Some(LastCrawlStatus::Failed))
        .then(|| last_crawl.error_message.clone().unwrap_or_else(|| "Glue gives no message".to_owned()))
}

fn glue_error<E>(action: &'static str, crawler_name: &str, error: &E) -> CrawlError
where
    E: ProvideErrorMetadata + std::error::Error,
{
    let crawler = crawler_name.to_owned();
    if error.code() == Some("EntityNotFoundException") {
        return CrawlError::Missing(crawler);
    }
    let message = match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        _ => DisplayErrorContext(error).to_string(),
    };
    CrawlError::Glue { action, crawler, message }
}

#[cfg(test)]
mod tests {
    use aws_sdk_glue::error::ErrorMetadata;
    use aws_sdk_glue::operation::get_crawler::{GetCrawlerError, GetCrawlerOutput};
    use aws_sdk_glue::operation::start_crawler::{StartCrawlerError, StartCrawlerOutput};
    use aws_sdk_glue::types::Crawler;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};

    use super::*;

    fn crawler(state: CrawlerState, last_crawl: Option<(LastCrawlStatus, &'static str)>) -> Rule {
        mock!(Client::get_crawler).match_requests(|request| request.name() == Some("lake")).then_output(move || {
            let last_crawl = last_crawl
                .clone()
                .map(|(status, message)| LastCrawlInfo::builder().status(status).error_message(message).build());
            let crawler = Crawler::builder().state(state.clone()).set_last_crawl(last_crawl).build();
            GetCrawlerOutput::builder().crawler(crawler).build()
        })
    }

    fn starts() -> Rule {
        mock!(Client::start_crawler)
            .match_requests(|request| request.name() == Some("lake"))
            .then_output(|| StartCrawlerOutput::builder().build())
    }

    fn does_not_start(code: &'static str) -> Rule {
        mock!(Client::start_crawler)
            .then_error(move || StartCrawlerError::generic(ErrorMetadata::builder().code(code).build()))
    }

    async fn run(rules: &[&Rule]) -> Result<Outcome, CrawlError> {
        handle(&mock_client!(aws_sdk_glue, RuleMode::Sequential, rules), "lake").await
    }

    #[tokio::test]
    async fn a_crawler_that_is_ready_is_started() {
        let start = starts();
        let outcome = run(&[&crawler(CrawlerState::Ready, None), &start]).await.unwrap();
        assert_eq!(outcome, Outcome { crawler: "lake".to_owned(), status: Status::Started, last_crawl: None });
        assert_eq!(start.num_calls(), 1);
    }

    #[tokio::test]
    async fn a_crawler_that_runs_is_left_alone() {
        let outcome = run(&[&crawler(CrawlerState::Running, None)]).await.unwrap();
        assert_eq!(outcome.status, Status::AlreadyRunning);
    }

    #[tokio::test]
    async fn a_crawler_that_someone_else_starts_just_now_is_fine() {
        let raced = does_not_start("CrawlerRunningException");
        let outcome = run(&[&crawler(CrawlerState::Ready, None), &raced]).await.unwrap();
        assert_eq!(outcome.status, Status::AlreadyRunning);
    }

    #[tokio::test]
    async fn the_failure_of_the_last_crawl_is_told_and_the_next_is_started() {
        let start = starts();
        let failed = crawler(CrawlerState::Ready, Some((LastCrawlStatus::Failed, "queue is gone")));
        let error = run(&[&failed, &start]).await.unwrap_err().to_string();
        assert_eq!(error, "the last crawl of lake failed: queue is gone; a new one was started");
        assert_eq!(start.num_calls(), 1);
    }

    #[test]
    fn each_error_is_answered_by_a_name_that_the_runbook_explains() {
        let (crawler, message) = ("lake".to_owned(), "queue is gone".to_owned());
        for (error, name) in [
            (CrawlError::Missing(crawler.clone()), "CrawlerMissing"),
            (CrawlError::LastCrawlFailed { crawler: crawler.clone(), message: message.clone() }, "CrawlFailed"),
            (CrawlError::Glue { action: "start", crawler, message }, "CatalogUnavailable"),
        ] {
            assert!(include_str!("../../../RUNBOOK.md").contains(&format!("\n| `{name}` |")), "{name}");
            let text = error.to_string();
            assert_eq!(format!("{error:?}"), format!("{name}: {text}"));
            assert_eq!(Diagnostic::from(error), Diagnostic { error_type: name.to_owned(), error_message: text });
        }
    }

    #[tokio::test]
    async fn a_missing_crawler_is_named() {
        let missing = mock!(Client::get_crawler)
            .then_error(|| GetCrawlerError::generic(ErrorMetadata::builder().code("EntityNotFoundException").build()));
        let error = run(&[&missing]).await.unwrap_err().to_string();
        assert!(error.starts_with("there is no crawler lake: "), "{error}");
    }

    #[tokio::test]
    async fn any_other_refusal_is_an_error_in_glues_words() {
        let denied = does_not_start("AccessDeniedException");
        let error = run(&[&crawler(CrawlerState::Ready, None), &denied]).await.unwrap_err().to_string();
        assert!(error.starts_with("cannot start the crawler lake: ") && error.contains("AccessDenied"), "{error}");
    }
}
