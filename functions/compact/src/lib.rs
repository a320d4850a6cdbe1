//! `compact`: the Lambda that seals hours of the lake, and merges their objects into few.
//!
//! A library too, so that the simulation runs the very code that is deployed, on another store.

pub mod merge;
