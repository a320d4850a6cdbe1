//! Why an event must be delivered again.

use std::fmt;

use lambda_runtime::Diagnostic;
use shared::error_type::ErrorType;
use shared::event::NotAKafkaEvent;
use store::StoreError;

use crate::lander::PartError;

/// Why an event must be delivered again.
#[derive(thiserror::Error)]
pub enum IngestError {
    /// Nothing in it can be landed or kept.
    #[error(transparent)]
    NotAKafkaEvent(#[from] NotAKafkaEvent),
    /// What there is to settle is not to be had.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Everything else in the event has landed.
    #[error("{failed} of {all} parts of the event did not land, first {part}: {source}")]
    Parts {
        /// How many.
        failed: usize,
        /// Of how many.
        all: usize,
        /// The first of them, `topic-partition`.
        part: String,
        /// Why.
        source: PartError,
    },
}

impl IngestError {
    /// What kind of error it is; of several parts, the first one's.
    pub fn error_type(&self) -> ErrorType {
        match self {
            Self::NotAKafkaEvent(_) => ErrorType::InvalidInput,
            Self::Store(_) => ErrorType::LakeUnavailable,
            Self::Parts { source, .. } => source.error_type(),
        }
    }
}

/// The runtime logs an error in this form.
impl fmt::Debug for IngestError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {self}", self.error_type())
    }
}

impl From<IngestError> for Diagnostic {
    fn from(error: IngestError) -> Self {
        Self { error_type: error.error_type().to_string(), error_message: error.to_string() }
    }
}
