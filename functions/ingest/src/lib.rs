//! `ingest`: the Lambda that lands the records of a Kafka event in S3.
//!
//! A library too, so that the simulation and the benchmarks run the very code that is deployed, on another store.

mod error;
mod handler;
mod lander;
mod metrics;
mod payload;
mod summary;

pub mod config;

pub use error::IngestError;
pub use handler::{Answer, handle, invoked};
pub use lander::{Lander, PartError, Settling};
pub use payload::Payload;
pub use summary::Summary;
