//! Why an invocation did not do all.

use shared::error_type::ErrorType;
use shared::key::Hour;
use shared::landing::LandingError;
use shared::manifest::UnreadableManifest;
use shared::sealing::UnreadableSeal;
use store::StoreError;

use crate::catalog::CatalogError;
use crate::merge::MergeError;

/// Why an invocation did not do all.
#[derive(Debug, thiserror::Error)]
pub enum CompactError {
    /// The store failed for longer than it was worth trying.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// So did the catalog.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A ledger cannot be sealed.
    #[error("cannot seal {key}: {source}")]
    Ledger {
        /// Its key.
        key: String,
        /// Why.
        source: LandingError,
    },
    /// What is sealed is not what was written.
    #[error(transparent)]
    Seal(#[from] UnreadableSeal),
    /// Nor is the manifest.
    #[error(transparent)]
    Manifest(#[from] UnreadableManifest),
    /// The local disk.
    #[error("cannot use the local disk: {0}")]
    Disk(#[from] std::io::Error),
    /// An object that is no Parquet file of bars.
    #[error(
        "{key} cannot be merged: {source}; what it holds no report can read either (RUNBOOK.md, compaction-failing)"
    )]
    Unreadable {
        /// Its key.
        key: String,
        /// Why.
        source: MergeError,
    },
    /// Files that were just written.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// There was a manifest once.
    #[error(
        "catalog/bars.json is gone, and catalog/seal.json is not: it was removed, and nobody knows which rows are in parts; restore it \
         (RUNBOOK.md, compaction-failing)"
    )]
    NoManifest,
    /// An object whose rows are in no part that the manifest tells of.
    #[error(
        "{0} has no rows any more, because they are in a part, and catalog/bars.json does not say so: it is an older version; \
         restore the newest (RUNBOOK.md, compaction-failing)"
    )]
    Hollow(String),
    /// An object that was listed, or a part that the manifest names.
    #[error("{0} is gone: somebody has removed it; restore it (RUNBOOK.md, Taking back what was deleted)")]
    Gone(String),
    /// A part that is not what was written.
    #[error(
        "{0} does not have the rows that the manifest tells; restore it (RUNBOOK.md, Taking back what was deleted)"
    )]
    Differs(String),
    /// Rows went in that did not come out. Nothing was switched.
    #[error("a part does not have the very rows that it was made of: nothing was changed, please report this")]
    Lost,
    /// The hour asked for is yet to come.
    #[error("{0} is yet to come: nothing could land before it any more; name at most the next full hour")]
    TooFar(Hour),
}

impl CompactError {
    /// What kind of error it is.
    pub fn error_type(&self) -> ErrorType {
        match self {
            Self::Store(_) => ErrorType::LakeUnavailable,
            Self::Catalog(_) => ErrorType::CatalogUnavailable,
            Self::Ledger { source, .. } => source.error_type(),
            Self::Seal(_)
            | Self::Manifest(_)
            | Self::Unreadable { .. }
            | Self::NoManifest
            | Self::Hollow(_)
            | Self::Gone(_)
            | Self::Differs(_) => ErrorType::LakeDamaged,
            Self::Disk(_) | Self::Merge(MergeError::Disk { .. }) => ErrorType::DiskUnusable,
            Self::Merge(_) | Self::Lost => ErrorType::Defect,
            Self::TooFar(_) => ErrorType::InvalidInput,
        }
    }
}
