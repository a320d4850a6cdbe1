//! Lambda: runs the Athena reports of a day and publishes them to S3: pages, CSV, JSON, and an index of them all.
//!
//! A library, so that tests run just what is deployed.

mod athena;
pub mod catalog;
mod chart;
pub mod config;
mod declaration;
mod facts;
mod format;
pub mod handler;
mod index;
mod json;
mod mail;
mod page;
mod publish;
mod request;
mod sparkline;
mod sql;
mod table;

pub use chart::ChartError;
pub use declaration::DeclarationError;
pub use mail::MailError;
pub use publish::StorageError;
pub use request::RequestError;
pub use sql::UnknownPlaceholder;
pub use table::TableError;
