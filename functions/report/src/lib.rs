//! Lambda: runs the Athena reports of a day and publishes them to S3: pages, CSV, JSON, and an index of them all.
//!
//! A library, so that tests run just what is deployed.

mod athena;
pub mod catalog;
mod chart;
pub mod config;
mod csv;
mod declaration;
mod facts;
mod format;
pub mod handler;
mod index;
mod json;
mod kept;
mod lake;
mod mail;
mod making;
mod page;
mod publish;
mod record;
pub mod rehearsal;
mod request;
mod result;
mod sparkline;
mod sql;
mod table;
mod tally;
mod upload;
mod visible;

pub use chart::ChartError;
pub use declaration::DeclarationError;
pub use mail::MailError;
pub use making::MakingError;
pub use publish::StorageError;
pub use request::RequestError;
pub use sql::UnknownPlaceholder;
pub use table::TableError;
