//! `compact`: the Lambda that seals hours of the lake, and merges their objects into few.
//!
//! A library too, so that the simulation runs the very code that is deployed, on another store.

mod collect;
mod compactor;
mod error;
mod metrics;
mod parts;
mod plan;
mod progress;
mod scratch;
mod seal;

pub mod audit;
pub mod catalog;
pub mod config;
pub mod handler;
pub mod merge;

pub use compactor::{Compactor, PART_GRACE_MS, Summary, Task};
pub use error::CompactError;
pub use plan::Limits;
