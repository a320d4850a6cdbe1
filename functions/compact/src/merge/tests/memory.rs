//! How much memory sorting and merging take, seen from outside: the test starts itself once more for each measurement, so that the peak is
//! of one piece of work. The limits are about a tenth of the real ones.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::bar::{Bar, Scratch, TODAY, encode};
use crate::merge::limits::Limits;
use crate::merge::{Keep, Sorter, merge_within};

const NAME: &str = "merge::tests::memory::what_is_held_in_memory_does_not_grow_with_what_is_merged";
/// The folder of what is to be merged; a set variable makes the test the process that is measured.
const WORK: &str = "COMPACT_TEST_WORK";
const LIMITS: &str = "COMPACT_TEST_LIMITS";

const BOUNDED: Limits = Limits { batch_rows: 128, chunk_bytes: 12 << 20, group_rows: 30_000, group_bytes: 12 << 20 };
const NONE: Limits = Limits { batch_rows: 4096, chunk_bytes: 1 << 40, group_rows: 1 << 30, group_bytes: 1 << 40 };

/// 70 MB were measured with the limits, and 254 MB without.
const MOST_KILOBYTES: u64 = 120_000;

#[test]
fn what_is_held_in_memory_does_not_grow_with_what_is_merged() {
    if let Some(folder) = std::env::var_os(WORK) {
        let limits = if std::env::var_os(LIMITS).is_some_and(|limits| limits == "none") { NONE } else { BOUNDED };
        return work(limits, Path::new(&folder));
    }
    let scratch = Scratch::new();
    let (nothing, much) = (scratch.path("nothing"), scratch.path("much"));
    std::fs::create_dir(&nothing).unwrap();
    std::fs::create_dir(&much).unwrap();
    for number in 0..100 {
        std::fs::write(much.join(format!("{number}")), object(number)).unwrap();
    }
    let base = peak(&nothing, "bounded");
    let (bounded, unbounded) = (peak(&much, "bounded") - base, peak(&much, "none") - base);
    assert!(bounded < MOST_KILOBYTES, "{bounded} kB with limits");
    assert!(unbounded > MOST_KILOBYTES, "{unbounded} kB without: there is too little to tell by");
}

/// A megabyte that cannot be compressed: in a thousand rows, or in every tenth object in one.
fn object(number: i64) -> Vec<u8> {
    let rows = if number % 10 == 0 { 1 } else { 1000 };
    let mut state = 0x0139_408d_cbbf_7a44_u64 ^ (number.cast_unsigned() << 20);
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let bars: Vec<_> = (0..rows)
        .map(|row| Bar {
            symbol: format!("S{}", row % 50).into_bytes(),
            offset: number * 1000 + row,
            extra: Some((0..(1 << 17) / rows).flat_map(|_| random()).collect()),
            ..Bar::default()
        })
        .collect();
    encode(TODAY, &bars, 1000).to_vec()
}

fn work(limits: Limits, folder: &Path) {
    let scratch = Scratch::new();
    std::fs::create_dir(scratch.path("runs")).unwrap();
    let for_merge = Limits { ..limits };
    let mut sorter = Sorter::within(limits, &scratch.path("runs"));
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        sorter.push(std::fs::read(file).unwrap().into(), "2026-11-22", "19").unwrap();
    }
    let runs = sorter.finish().unwrap().runs;
    merge_within(&for_merge, &runs, &scratch.path("merged"), Keep::Every).unwrap();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM:")).unwrap());
}

/// The most memory of a process that does the work.
fn peak(folder: &Path, limits: &str) -> u64 {
    let mut process = Command::new(std::env::current_exe().unwrap());
    process.args([NAME, "--exact", "--nocapture"]).env(WORK, folder).env(LIMITS, limits);
    let output = process.output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let kilobytes = said.lines().find_map(|line| line.split_once("VmHWM:")?.1.trim().strip_suffix(" kB"));
    kilobytes.unwrap_or_else(|| panic!("{said}")).parse().unwrap()
}
