//! A built function as a process of its own, as Lambda runs it: between a runtime API and whatever services the test puts in the place
//! of AWS. For what only a process has: its size, its start, its memory, its connections.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "for tests and benchmarks: there a panic is the message")]

pub mod bucket;
pub mod http;

mod function;

pub use function::{FUNCTIONS, Function, TOO_LARGE, bootstrap, tunables};
