//! The page of a stack that is up: what lands, as it lands, and the newest reports beside it.

mod moment;
mod page;
mod reports;
mod server;

pub(crate) use moment::{History, Moment};
pub(crate) use reports::Maker;
pub(crate) use server::{Pages, Server};
