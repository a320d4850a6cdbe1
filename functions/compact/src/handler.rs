//! One invocation: read what is asked, compact, say what was done.

use std::fmt;

use lambda_runtime::Diagnostic;
use serde::Deserialize;
use shared::error_type::ErrorType;
use shared::key::{Hour, LandingTime};
use store::PartStore;
use tracing::info;

use crate::catalog::Catalog;
use crate::compactor::{Compactor, Summary, Task};
use crate::error::CompactError;
use crate::metrics;

/// What may be asked. The schedule asks for nothing in particular.
#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Request {
    /// Compact the folders before this hour (`2026-11-22T19`, UTC), at most the next full one.
    before: Option<Hour>,
}

/// Why an invocation failed.
#[derive(thiserror::Error)]
pub enum Failure {
    /// An input that cannot be read.
    #[error("the input is not {{}} or {{\"before\": \"2026-11-22T19\"}}: {0}")]
    Request(#[from] serde_json::Error),
    /// What could not be done.
    #[error(transparent)]
    Compact(#[from] CompactError),
}

impl Failure {
    /// What kind of error it is.
    pub fn error_type(&self) -> ErrorType {
        match self {
            Self::Request(_) => ErrorType::InvalidInput,
            Self::Compact(error) => error.error_type(),
        }
    }
}

/// The runtime logs an error in this form.
impl fmt::Debug for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {self}", self.error_type())
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Self { error_type: failure.error_type().to_string(), error_message: failure.to_string() }
    }
}

/// What an invocation brings beside its input.
pub struct Invocation<'a> {
    /// When it began.
    pub now: LandingTime,
    /// Its own, also among those of one event.
    pub attempt: String,
    /// Whether time is too short to begin something new.
    pub late: &'a (dyn Fn() -> bool + Sync),
}

/// Handles an invocation.
///
/// # Errors
/// What could not be done; what was done before stays done.
pub async fn handle<S: PartStore, C: Catalog>(
    compactor: &Compactor<S, C>,
    input: &str,
    invocation: &Invocation<'_>,
) -> Result<Summary, Failure> {
    let Request { before } = serde_json::from_str(input)?;
    let task = Task { before, now: invocation.now, attempt: &invocation.attempt, late: invocation.late };
    let summary = compactor.run(&task).await?;
    info!(
        through = %summary.through, more = summary.more, switches = summary.switches, objects = summary.objects,
        bytes = summary.bytes, rows = summary.rows, parts = summary.parts, part_bytes = summary.part_bytes,
        fenced = summary.fenced, hours_behind = summary.hours_behind, hollowed = summary.hollowed,
        removed = summary.removed, strange_days = summary.strange_days, "compacted"
    );
    metrics::emit(&metrics::document(&summary, invocation.now));
    Ok(summary)
}

#[cfg(test)]
mod tests {
    use shared::landing::LandingError;
    use store::StoreError;

    use super::*;

    #[test]
    fn an_error_is_answered_by_a_name_that_says_of_what_kind_it_is() {
        let request = serde_json::from_str::<Request>("[]").unwrap_err();
        let store =
            StoreError { action: "read", key: "ledger/g1/t-0.json".to_owned(), message: "slow down".to_owned() };
        let contended = LandingError::Contended(50);
        for (failure, name) in [
            (Failure::from(request), "InvalidInput"),
            (CompactError::TooFar("2026-11-22T19".parse().unwrap()).into(), "InvalidInput"),
            (CompactError::from(store).into(), "LakeUnavailable"),
            (CompactError::NoManifest.into(), "LakeDamaged"),
            (
                CompactError::Ledger { key: "ledger/g1/t-0.json".to_owned(), source: contended }.into(),
                "LedgerContended",
            ),
            (CompactError::from(std::io::Error::other("no space left")).into(), "DiskUnusable"),
            (CompactError::Lost.into(), "Defect"),
        ] {
            let (message, logged) = (failure.to_string(), format!("{failure:?}"));
            assert_eq!(logged, format!("{name}: {message}"));
            assert_eq!(Diagnostic::from(failure), Diagnostic { error_type: name.to_owned(), error_message: message });
        }
    }

    #[test]
    fn nothing_is_asked_or_an_hour_and_nothing_else() {
        let parse = serde_json::from_str::<Request>;
        assert_eq!(parse("{}").unwrap(), Request { before: None });
        let hour = "2026-11-22T19".parse().unwrap();
        assert_eq!(parse(r#"{"before":"2026-11-22T19"}"#).unwrap(), Request { before: Some(hour) });
        for wrong in [r#"{"befor":"2026-11-22T19"}"#, r#"{"before":"yesterday"}"#, r#"{"before":19}"#, "null", "[]"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
