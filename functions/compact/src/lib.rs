//! `compact`: the Lambda that seals hours of the lake, and merges their objects into few.
//!
//! A library too, so that the simulation runs the very code that is deployed, on another store.

mod audit;
mod collect;
mod compactor;
mod metrics;
mod parts;
mod plan;
mod scratch;
mod seal;

pub mod catalog;
pub mod config;
pub mod handler;
pub mod merge;

pub use compactor::{CompactError, Compactor, PART_GRACE_MS, Summary, Task};
pub use plan::Limits;
