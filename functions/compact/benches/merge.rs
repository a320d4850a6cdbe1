//! What merging costs: rows per second and core, the most memory, and sizes. From files of 10,000 rows, and from files of 50.
//!
//! Each step is a process of its own, so that the memory is its own.

#![expect(clippy::unwrap_used, reason = "in a benchmark a panic is the message")]
#![expect(clippy::print_stdout, reason = "the figures are what one runs it for")]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use std::{env, fs};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use compact::merge::{Keep, Sorter, merge, tally, verify_daily};
use shared::event::Event;
use shared::key::LandingTime;
use shared::run::{Lot, Run};

/// Of each folder; a multiple of both sizes of files.
const ROWS_AN_HOUR: usize = 200_000;
const SYMBOLS: usize = 500;
const PARTITIONS: usize = 3;

fn main() {
    let arguments: Vec<_> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["sort", folder] => sort(Path::new(folder)),
        ["merge", folder] => merge_runs(Path::new(folder), "merged", Keep::Every),
        ["merge 48", folder] => merge_copies(Path::new(folder)),
        ["daily", folder] => merge_runs(Path::new(folder), "daily", Keep::Daily),
        ["tally", folder] => println!("{} rows", tally(&Path::new(folder).join("merged")).unwrap().rows),
        ["verify daily", folder] => {
            let folder = Path::new(folder);
            println!("{} rows", verify_daily(&files(&folder.join("runs")), &folder.join("daily")).unwrap().rows);
        }
        [] => {
            bench(2_000_000, 10_000);
            bench(400_000, 50);
        }
        _ => panic!("there is nothing to choose"),
    }
}

/// Makes files, and has every step done on them.
fn bench(rows: usize, rows_of_file: usize) {
    let folder = tempfile::tempdir().unwrap();
    let landed = folder.path().join("landed");
    fs::create_dir(&landed).unwrap();
    fs::create_dir(folder.path().join("runs")).unwrap();
    for file in 0..rows / rows_of_file {
        let hour = file * rows_of_file / ROWS_AN_HOUR;
        let name = format!("2026-11-{:02}_{:02}_{file:07}", 1 + hour / 24, hour % 24);
        fs::write(landed.join(name), object(file, rows_of_file)).unwrap();
    }
    println!("{rows} rows in {} files of {rows_of_file}, {:.1} MB", files(&landed).len(), megabytes(&files(&landed)));
    for step in ["sort", "merge", "merge 48", "tally", "daily", "verify daily"] {
        let start = Instant::now();
        let output = Command::new(env::current_exe().unwrap()).arg(step).arg(folder.path()).output().unwrap();
        let seconds = start.elapsed().as_secs_f64();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8(output.stdout).unwrap();
        let done = if step == "merge 48" { 48 * rows.min(COPIED) } else { rows };
        println!("{step:>14}: {:6.2} M rows/s, {}", million(done) / seconds, said.trim());
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
fn million(rows: usize) -> f64 {
    rows as f64 / 1e6
}

/// A landed object, as `ingest` makes it.
fn object(file: usize, rows: usize) -> Vec<u8> {
    let partition = file % PARTITIONS;
    let mut records = String::new();
    for row in file * rows..(file + 1) * rows {
        let symbol = row % SYMBOLS;
        // Digits as real prices have them.
        let close = 100.0 + f64::from(u32::try_from(row.wrapping_mul(2_654_435_761) % 100_000_000).unwrap()) / 1e6;
        let value = format!(
            r#"{{"Index":"SYM{symbol:04}","Date":"2026-11-{:02}","Open":{close},"High":{:.6},"Low":{:.6},"Close":{close},"Adj Close":{close},"Volume":{},"CloseUSD":{:.6}}}"#,
            1 + row / SYMBOLS % 28,
            close * 1.01,
            close * 0.99,
            row % 99_991,
            close * 0.9
        );
        let comma = if records.is_empty() { "" } else { "," };
        let _ = write!(
            records,
            r#"{comma}{{"topic":"stock-bars","partition":{partition},"offset":{row},"timestamp":{},"timestampType":"CREATE_TIME","key":null,"value":"{}","headers":[]}}"#,
            1_793_491_200_000 + row / 10,
            STANDARD.encode(value)
        );
    }
    let text = format!(
        r#"{{"eventSource":"SelfManagedKafka","bootstrapServers":"b","records":{{"stock-bars-{partition}":[{records}]}}}}"#
    );
    let event = Event::parse(&text).unwrap();
    let batch = &event.batches[0];
    let run = Run::new(batch.topic, batch.partition, &batch.records).unwrap();
    run.decode(LandingTime(0), Lot { life: 1, undecided: false }).to_parquet()
}

fn sort(folder: &Path) {
    let mut sorter = Sorter::new(&folder.join("runs"));
    for file in files(&folder.join("landed")) {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let (dt, rest) = name.split_once('_').unwrap();
        sorter.push(fs::read(&file).unwrap().into(), dt, &rest[..2]).unwrap();
    }
    let sorted = sorter.finish().unwrap();
    println!("{} runs of {:.1} MB, {}", sorted.runs.len(), megabytes(&sorted.runs), peak());
}

fn merge_runs(folder: &Path, name: &str, keep: Keep) {
    let output = folder.join(name);
    let merged = merge(&files(&folder.join("runs")), &output, keep).unwrap();
    println!("{} rows, {:.1} MB, {}", merged.rows, megabytes(&[output]), peak());
}

/// Rows of one of many files.
const COPIED: usize = 100_000;

/// As many files as are merged at once, with rows of the same symbols, days and times: they are all open all the time.
fn merge_copies(folder: &Path) {
    let one = folder.join("one");
    fs::create_dir(&one).unwrap();
    let mut sorter = Sorter::new(&one);
    let mut rows = 0;
    for file in files(&folder.join("landed")) {
        sorter.push(fs::read(&file).unwrap().into(), "2026-11-01", "00").unwrap();
        rows += if file.metadata().unwrap().len() > 100_000 { 10_000 } else { 50 };
        if rows >= COPIED {
            break;
        }
    }
    let run = sorter.finish().unwrap().runs.remove(0);
    let output = folder.join("merged-48");
    let merged = merge(&vec![run; 48], &output, Keep::Every).unwrap();
    println!("{} rows, {:.1} MB, {}", merged.rows, megabytes(&[output]), peak());
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[expect(clippy::cast_precision_loss, reason = "shown with one digit")]
fn megabytes(files: &[PathBuf]) -> f64 {
    files.iter().map(|file| file.metadata().unwrap().len()).sum::<u64>() as f64 / 1e6
}

fn peak() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    format!("peak {}", peak.trim())
}
