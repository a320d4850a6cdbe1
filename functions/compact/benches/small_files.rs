//! What do small files cost, and what is left of it once they are compacted? A lake of an event a minute and partition, 4,320 objects a
//! day, for a month (`DAYS` for another time), compacted hour by hour as the schedule does; and the query of each report on it.
//!
//! Seconds are the processor's, but for the queries: nothing here waits for a network, so what a Lambda of less than one processor takes
//! is told by them. The queries are run by `small_files.py` beside this file, for their engine is a Python package.

#![expect(clippy::unwrap_used, reason = "in a benchmark a panic is the message")]
#![expect(clippy::print_stdout, reason = "the figures are what one runs it for")]

#[path = "small_files/disk.rs"]
mod disk;
mod landed;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

use chrono::{NaiveDate, NaiveTime};
use compact::catalog::NoCatalog;
use compact::{Compactor, Limits, PART_GRACE_MS, Task};
use futures::executor::block_on;
use shared::key::{Hour, Keys, LandingTime};
use shared::manifest::{self, Manifest, Table};
use store::Store as _;

use disk::Disk;
use landed::Record;

/// The lake ends with it.
const LAST_DAY: &str = "2026-11-20";
const PARTITIONS: usize = 3;
const SYMBOLS_OF_PARTITION: usize = 167;
const ROWS: usize = 50;
/// So many minutes after the hour `template.yaml` has it compacted.
const MINUTE: i64 = 27;
/// Before compaction each query is run on the last days only (`DAYS_BEFORE` for another number): an engine that opens all files of a month
/// takes minutes.
const DAYS_BEFORE: usize = 2;

fn main() -> ExitCode {
    let number = |name, default| env::var(name).map_or(default, |days| days.parse::<usize>().unwrap());
    let (days, days_before) = (number("DAYS", 30), number("DAYS_BEFORE", DAYS_BEFORE));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("small-files");
    fs::remove_dir_all(&folder).ok();
    let scratch = folder.join("scratch");
    fs::create_dir_all(&scratch).unwrap();
    let last_day: NaiveDate = LAST_DAY.parse().unwrap();
    let next_day = last_day.and_time(NaiveTime::MIN).and_utc().timestamp() / 3600 + 24;
    let hours = i64::try_from(days * 24).unwrap();
    let lake = Lake::new(&folder.join("lake"), scratch);
    let mut done = Done::default();
    for hour in next_day - hours..next_day {
        lake.land(hour, hour - (next_day - hours));
        done.add(lake.compact(hour + 1));
    }
    // What a query meets just before the next compaction.
    lake.land(next_day, hours);
    let manifest = lake.manifest();
    tell(&lake, &done, &manifest, days);

    let as_of = last_day.and_time(NaiveTime::from_hms_opt(23, 50, 0).unwrap()).and_utc();
    for (state, manifest) in [("before", &Manifest::default()), ("after", &manifest)] {
        fs::create_dir(folder.join(state)).unwrap();
        for report in report::catalog::load().unwrap() {
            let sql = report.sql(last_day, as_of, manifest);
            fs::write(folder.join(state).join(format!("{}.sql", report.name())), sql).unwrap();
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let ended = Command::new(root.join("target/golden/venv/bin/python"))
        .arg("-B")
        .arg(root.join("functions/compact/benches/small_files.py"))
        .arg(&folder)
        .arg(days_before.min(days).to_string())
        .status()
        .unwrap();
    if ended.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What all compactions came to.
#[derive(Default)]
struct Done {
    runs: usize,
    objects: usize,
    rows: u64,
    bytes: u64,
    seconds: f64,
    longest: f64,
    most_parts: usize,
    /// Rows written into parts of `bars`.
    rewritten: u64,
    parts: BTreeSet<String>,
}

struct Run {
    summary: compact::Summary,
    manifest: Manifest,
    seconds: f64,
}

impl Done {
    fn add(&mut self, Run { summary, manifest, seconds }: Run) {
        assert!(!summary.more, "an hour was too much");
        self.runs += 1;
        self.objects += summary.objects;
        self.rows += summary.rows;
        self.bytes += summary.bytes;
        self.seconds += seconds;
        self.longest = self.longest.max(seconds);
        self.most_parts = self.most_parts.max(summary.parts);
        for part in manifest.bars {
            if self.parts.insert(part.id) {
                self.rewritten += part.rows;
            }
        }
    }
}

struct Lake {
    compactor: Compactor<Disk, NoCatalog>,
}

impl Lake {
    fn new(folder: &Path, scratch: PathBuf) -> Self {
        // Nothing is hollowed: the queries are to be run on what has landed, too.
        let compactor = Compactor {
            store: Disk::new(folder.to_owned()),
            catalog: NoCatalog,
            limits: Limits::default(),
            part_grace_ms: PART_GRACE_MS,
            landed_grace_ms: None,
            scratch,
        };
        Self { compactor }
    }

    /// An event a minute and partition; `nth` is the hour, counted from the first.
    fn land(&self, hour: i64, nth: i64) {
        let day = Hour(hour).dt();
        for minute in 0..60 {
            let event = usize::try_from(nth * 60 + minute).unwrap();
            let time_ms = Hour(hour).start().0 + minute * 60_000;
            for partition in 0..PARTITIONS {
                let records = (event * ROWS..(event + 1) * ROWS).map(|offset| {
                    let symbol = offset % SYMBOLS_OF_PARTITION * PARTITIONS + partition;
                    Record { offset, timestamp_ms: time_ms, value: landed::bar(symbol, &day, offset, "") }
                });
                let object = landed::object(partition, records);
                let keys = Keys { topic: "stock-bars", partition: i32::try_from(partition).unwrap() };
                let offsets = [event * ROWS, (event + 1) * ROWS - 1].map(|offset| i64::try_from(offset).unwrap());
                let key = keys.bars(1, offsets.into(), event as u64 + 1, LandingTime(time_ms));
                self.compactor.store.land(key, &object);
            }
        }
    }

    /// In this hour.
    fn compact(&self, hour: i64) -> Run {
        let now = LandingTime(Hour(hour).start().0 + MINUTE * 60_000);
        let task = Task { before: None, now, attempt: "bench", late: &|| false };
        let before = cpu_seconds();
        let summary = block_on(self.compactor.run(&task)).unwrap();
        let seconds = cpu_seconds() - before;
        Run { summary, manifest: self.manifest(), seconds }
    }

    fn manifest(&self) -> Manifest {
        let read = block_on(self.compactor.store.read(manifest::KEY)).unwrap();
        read.map(|(bytes, _)| Manifest::parse(&bytes).unwrap()).unwrap_or_default()
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown with few digits")]
fn tell(lake: &Lake, done: &Done, manifest: &Manifest, days: usize) {
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let (objects, bytes) = lake.compactor.store.count("bars/");
    println!("{days} days: {objects} objects of {ROWS} rows have landed, {:.1} MB", megabytes(bytes));
    println!(
        "{} compactions: {:.1} s of CPU, the longest {:.2} s; {:.0} objects and {:.0} rows per second of CPU",
        done.runs,
        done.seconds,
        done.longest,
        done.objects as f64 / done.seconds,
        done.rows as f64 / done.seconds
    );
    for table in Table::ALL {
        let parts = manifest.parts(table);
        println!(
            "{}: {} rows in {} parts of {:.1} MB",
            table.name(),
            parts.iter().map(|part| part.rows).sum::<u64>(),
            parts.len(),
            megabytes(parts.iter().map(|part| part.bytes).sum())
        );
    }
    println!(
        "{} objects of {:.1} MB are read in them; at most {} parts at a time; a row was written {:.1} times",
        done.objects,
        megabytes(done.bytes),
        done.most_parts,
        done.rewritten as f64 / done.rows as f64
    );
    let requests = lake.compactor.store.requests();
    let per_day = |number: usize| number as f64 / days as f64;
    println!(
        "requests to S3 per day: {:.0} GET, {:.0} LIST, {:.0} PUT of {:.1} MB in all",
        per_day(requests.reads),
        per_day(requests.lists),
        per_day(requests.writes),
        megabytes(requests.written) / days as f64
    );
}

/// What this process has taken of the processor.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    // After the name, which may have spaces; in ticks, of which Linux has told programs 100 a second for ever.
    let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    [11, 12].iter().map(|at| fields[*at].parse::<f64>().unwrap()).sum::<f64>() / 100.0
}
