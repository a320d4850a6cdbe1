//! Whatever a shell, a company's machine or WSL sets: the local stack starts, or it is said before anything starts what is in the way.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

mod demo;
mod handed_on;
mod jars;
mod prerequisites;
mod start;
mod told;
