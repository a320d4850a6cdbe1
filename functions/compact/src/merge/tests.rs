mod bar;
mod daily;
mod formats;
mod memory;
mod merging;
mod tallies;
