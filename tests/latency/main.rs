//! How old is a row when it can be queried, and how many events a second can be landed?
//!
//! `windows` asks the local stack: from the broker's acknowledgement of a record to the object in which a query finds it, for some
//! batching windows. `capacity` asks the built function: how many events one partition lands in a second, and sixteen side by side, and
//! what limits them. Lambda has one event of a partition under way at a time, so lag grows as soon as more than that come.

#![expect(clippy::print_stdout, reason = "the figures are what one runs it for")]

mod capacity;
mod windows;

use anyhow::Result;

fn main() -> Result<()> {
    capacity::measure();
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(windows::measure())
}
