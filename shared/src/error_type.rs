//! The names under which functions answer errors (`errorType`), whatever their words say. Each has a row in RUNBOOK.md.

use std::fmt;

/// What kind of thing went wrong: by what is to be done about it. The names are stable: alarms, retries and people look for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorType {
    /// The function was invoked with something that it does not take.
    InvalidInput,
    /// S3 did not do what was asked of it, however often.
    LakeUnavailable,
    /// An object that the functions keep for themselves, or rows that have landed, is gone, or not what was written.
    LakeDamaged,
    /// Other writers kept changing a ledger.
    LedgerContended,
    /// The invocation's time was up.
    OutOfTime,
    /// Glue did not do what was asked of it.
    CatalogUnavailable,
    /// The function's own disk cannot be written or read.
    DiskUnusable,
    /// Reports could not be made.
    ReportFailed,
    /// Reports were made, and nobody was told.
    MailFailed,
    /// What must not be: something is wrong with the program.
    Defect,
}

impl ErrorType {
    /// Every one there is.
    pub const ALL: [Self; 10] = [
        Self::InvalidInput,
        Self::LakeUnavailable,
        Self::LakeDamaged,
        Self::LedgerContended,
        Self::OutOfTime,
        Self::CatalogUnavailable,
        Self::DiskUnusable,
        Self::ReportFailed,
        Self::MailFailed,
        Self::Defect,
    ];
}

/// Its name.
impl fmt::Display for ErrorType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, out)
    }
}
