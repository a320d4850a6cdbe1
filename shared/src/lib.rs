//! The pure core of tickerlake: what a bar is, what a Kafka event holds, how a run of its records becomes
//! objects, and how those land exactly once.
//!
//! The modules stand in the order in which a record meets them. No tokio, no AWS, no clock, no environment: the same input
//! gives the same output, in a test as on AWS.

pub mod bar;
pub mod error_type;
pub mod event;
pub mod key;
pub mod landing;
pub mod ledger;
pub mod manifest;
pub mod oversized;
pub mod parquet_column;
pub mod parquet_file;
pub mod reject;
pub mod run;
pub mod sealing;

mod columns;
mod extra;
mod fingerprint;
mod json;
mod looks;
mod moment;
mod row;
mod scan;
