//! Three brokers of broker.yaml, of which one may die at any time: made by the very scripts, from one to three, while the producer publishes
//! and the event source lands. Whatever becomes of one of them, every acknowledged record is in the lake once.

#![expect(clippy::print_stdout, reason = "what is measured is printed")]

mod faults;
mod lone;
mod machines;
mod publishing;
#[expect(dead_code, reason = "its test asks more of it")]
#[path = "../broker/secured.rs"]
mod secured;
mod stalls;
#[path = "../broker/template.rs"]
mod template;
mod together;
mod wire;
