//! What merging costs: rows per second of CPU, the most memory, and sizes. From files of 10,000 rows, of 50, and with large fields.
//!
//! Each step is a process of its own, so that the memory is its own. Time is the processor's, not the clock's: nothing here waits for
//! anything but the disk.

#![expect(clippy::unwrap_used, reason = "in a benchmark a panic is the message")]
#![expect(clippy::print_stdout, reason = "the figures are what one runs it for")]

mod landed;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use compact::merge::{Keep, Sorted, Sorter, merge, tally, verify_daily};
use parquet::file::reader::{FileReader, SerializedFileReader};

use landed::Record;

/// Of each folder; a multiple of both sizes of files.
const ROWS_AN_HOUR: usize = 200_000;
const SYMBOLS: usize = 500;
const PARTITIONS: usize = 3;
/// That are merged at once.
const MOST_FILES: usize = 48;

fn main() {
    let arguments: Vec<_> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [step, folder] = arguments.as_slice() else {
        bench(2_000_000, 10_000, 0);
        bench(400_000, 50, 0);
        bench(480_000, 1000, 1000);
        return;
    };
    let folder = Path::new(folder);
    let before = cpu_seconds();
    let (rows, done) = match step.as_str() {
        "sort" => sort(folder),
        "merge" => merge_runs(folder, "merged", Keep::Every),
        "split 48" => split(folder),
        "merge 48" => merge_many(folder),
        "daily" => merge_runs(folder, "daily", Keep::Daily),
        "tally" => (tally(&folder.join("merged")).unwrap().rows, String::new()),
        "verify daily" => {
            let inputs = files(&folder.join("runs"));
            verify_daily(&inputs, &folder.join("daily")).unwrap();
            (inputs.iter().map(|input| tally(input).unwrap().rows).sum(), "(and counted once more)".to_owned())
        }
        other => panic!("there is no step {other}"),
    };
    println!("{:5.2} M rows/s, {}, {done}", million(rows) / (cpu_seconds() - before), peak());
}

/// What this process has taken of the processor.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    // After the name, which may have spaces; in ticks, of which Linux has told programs 100 a second for ever.
    let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    [11, 12].iter().map(|at| fields[*at].parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

/// Makes files, and has every step done on them.
fn bench(rows: usize, rows_of_file: usize, more_bytes: usize) {
    let folder = tempfile::tempdir().unwrap();
    let landed = folder.path().join("landed");
    fs::create_dir(&landed).unwrap();
    for file in 0..rows / rows_of_file {
        let hour = file * rows_of_file / ROWS_AN_HOUR;
        let name = format!("2026-11-{:02}_{:02}_{file:07}", 1 + hour / 24, hour % 24);
        fs::write(landed.join(name), object(file, rows_of_file, more_bytes)).unwrap();
    }
    let landed = files(&landed);
    println!("{rows} rows in {} files of {rows_of_file}, {:.1} MB", landed.len(), megabytes(&landed));
    for step in ["sort", "merge", "split 48", "merge 48", "tally", "daily", "verify daily"] {
        let output = Command::new(env::current_exe().unwrap()).arg(step).arg(folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8(output.stdout).unwrap();
        println!("{step:>14}: {}", said.trim());
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown with few digits")]
fn million(rows: u64) -> f64 {
    rows as f64 / 1e6
}

fn object(file: usize, rows: usize, more_bytes: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ file as u64;
    let records = (file * rows..(file + 1) * rows).map(|row| {
        let date = format!("2026-11-{:02}", 1 + row / SYMBOLS % 28);
        let timestamp_ms = 1_793_491_200_000 + i64::try_from(row / 10).unwrap();
        let value = landed::bar(row % SYMBOLS, &date, row, &note(&mut state, more_bytes));
        Record { offset: row, timestamp_ms, value }
    });
    landed::object(file % PARTITIONS, records)
}

/// A field that is no column, of so many characters; it hardly compresses.
fn note(state: &mut u64, bytes: usize) -> String {
    if bytes == 0 {
        return String::new();
    }
    let mut random = || {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 32).to_le_bytes()
    };
    let text = STANDARD.encode((0..bytes / 5).flat_map(|_| random().into_iter().take(4)).collect::<Vec<_>>());
    format!(r#""Note":"{text}","#)
}

fn sort(folder: &Path) -> (u64, String) {
    let sorted = sort_files(&files(&folder.join("landed")), &folder.join("runs"));
    (sorted.tally.rows, format!("{} runs of {:.1} MB", sorted.runs.len(), megabytes(&sorted.runs)))
}

fn sort_files(files: &[PathBuf], scratch: &Path) -> Sorted {
    fs::create_dir(scratch).unwrap();
    let mut sorter = Sorter::new(scratch);
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let (dt, rest) = name.split_once('_').unwrap();
        sorter.push(fs::read(file).unwrap().into(), dt, &rest[..2]).unwrap();
    }
    sorter.finish().unwrap()
}

fn merge_runs(folder: &Path, name: &str, keep: Keep) -> (u64, String) {
    let inputs = files(&folder.join("runs"));
    merge_files(&inputs, &folder.join(name), keep)
}

fn merge_files(inputs: &[PathBuf], output: &Path, keep: Keep) -> (u64, String) {
    let merged = merge(inputs, output, keep).unwrap();
    let rows_in = inputs.iter().map(|input| rows_of(input)).sum();
    (rows_in, format!("{} files to {} rows of {:.1} MB", inputs.len(), merged.rows, million(merged.bytes)))
}

fn rows_of(file: &Path) -> u64 {
    let file = SerializedFileReader::new(fs::File::open(file).unwrap()).unwrap();
    file.metadata().file_metadata().num_rows().try_into().unwrap()
}

/// Sorts the same rows into as many files as are merged at once.
fn split(folder: &Path) -> (u64, String) {
    let landed = files(&folder.join("landed"));
    let parts = landed.chunks(landed.len().div_ceil(MOST_FILES)).enumerate();
    let rows = parts.map(|(number, files)| sort_files(files, &folder.join(format!("split-{number}"))).tally.rows).sum();
    (rows, "as many files as are merged at once".to_owned())
}

/// They have rows of the same symbols and days: all of them are open all the time.
fn merge_many(folder: &Path) -> (u64, String) {
    let parts = (0..MOST_FILES).map(|number| folder.join(format!("split-{number}"))).filter(|part| part.exists());
    let inputs: Vec<_> = parts.flat_map(|part| files(&part)).collect();
    merge_files(&inputs, &folder.join("merged-of-many"), Keep::Every)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn megabytes(files: &[PathBuf]) -> f64 {
    million(files.iter().map(|file| file.metadata().unwrap().len()).sum())
}

fn peak() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    format!("peak {}", peak.trim())
}
