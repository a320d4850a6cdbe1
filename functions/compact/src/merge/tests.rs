mod bar;
mod daily;
mod formats;
mod merging;
mod tallies;
