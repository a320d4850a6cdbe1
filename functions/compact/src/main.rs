//! The Lambda that compacts the lake. Wiring only: configuration, clients, run.

fn main() {}
