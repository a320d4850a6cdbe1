//! Offsets that are used again, on the built function: each way in which a topic's lives once cost records, or doubled them. The function
//! runs between a runtime API and a bucket of the test's own, and everything lands by itself; `GENERATION` is raised on the way
//! where an operator would have done so, and makes no difference.
//!
//! `long` and `attacked` land logs of realistic size, in which most records have no mark any more: with the deployed lander, on a store that
//! counts (`lab`).

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "in a test a panic is the message")]

mod attacked;
mod closed;
mod days;
mod lab;
mod long;
mod made_anew;
mod rig;
mod shortened;
