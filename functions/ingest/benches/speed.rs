//! How fast is an event encoded, on one core: from the bytes that Lambda hands over to the bytes of a Parquet file. And what does
//! landing it add: the whole handler, on a store in memory. The floor is measured beside them, in the same run, so that the ratios
//! mean the same on any machine.

#![expect(clippy::unwrap_used, reason = "in a benchmark a panic is the message")]
#![expect(clippy::print_stdout, reason = "the ratios are what one runs it for")]

mod floor;
mod steps;
mod workload;

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use bytes::Bytes;
use criterion::{BatchSize, Criterion, Throughput};
use ingest::{Lander, handle};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::TypePtr;
use serde_json::Value;
use shared::bar::Bar;
use shared::event::Event;
use shared::key::{Generation, LandingTime};
use shared::run::{Lot, Run};
use store::Memory;
use tokio::runtime::Builder;

use workload::FULL;

/// `encode` does every check of the data contract, the floor none.
const LEAST_SHARE_OF_FLOOR: f64 = 0.8;
/// The ledger, the keys and two objects for each partition, beside the encoding.
const MOST_ON_TOP: f64 = 0.2;
const MOST_LEDGER: usize = 16 * 1024;
/// That of a partition which gets an event every few minutes is so old after a day.
const EVENTS_BEFORE: usize = 300;

fn main() -> ExitCode {
    let results = Path::new(env!("CARGO_TARGET_TMPDIR")).join("criterion");
    let (bars, source) = workload::bars();
    let payload = workload::event("stock-bars", 0, bars.iter().map(workload::json));
    let file = encode(&payload);
    let reader = SerializedFileReader::new(Bytes::from(file.clone())).unwrap();
    let schema = reader.metadata().file_metadata().schema_descr().root_schema_ptr();
    assert_eq!(file, floor::encode(&payload, &schema), "both make the same file, or the comparison is worth nothing");
    println!("{FULL} records, {source}: an event of {} bytes, a file of {} bytes", payload.len(), file.len());

    let mut criterion = Criterion::default().output_directory(&results).configure_from_args();
    let mut group = criterion.benchmark_group("event");
    group.throughput(Throughput::Elements(FULL as u64));
    group.bench_function("floor", |bencher| bencher.iter(|| floor::encode(black_box(&payload), &schema)));
    group.bench_function("encode", |bencher| bencher.iter(|| encode(black_box(&payload))));
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    group.bench_function("handler", |bencher| {
        let empty_lake = || Lander::new(Memory::default(), Generation(1));
        let land = |lander| {
            runtime.block_on(handle(&lander, black_box(&payload), LandingTime(0), None)).unwrap();
            lander
        };
        bencher.iter_batched(empty_lake, land, BatchSize::LargeInput);
    });
    group.finish();
    let ledger_bytes = [100, 1000, FULL].map(|records| late(&mut criterion, &bars, records));
    criterion.final_summary();

    let median = |name| median_nanoseconds(&results.join("event").join(name));
    let [floor, encode, handler] = ["floor", "encode", "handler"].map(median);
    let late = median_nanoseconds(&results.join(format!("late/{FULL}")));
    let (share, on_top) = (floor / encode, handler / encode - 1.0);
    let with_its_ledger = late / encode - 1.0;
    let ledger_bytes = ledger_bytes.into_iter().max().unwrap_or_default();
    println!("floor   {:7.0} records/s", per_second(floor));
    println!(
        "encode  {:7.0} records/s: {:.0} % of the floor, goal at least {:.0} %",
        per_second(encode),
        share * 100.0,
        LEAST_SHARE_OF_FLOOR * 100.0
    );
    on_top_of_the_floor(&payload, &schema);
    println!(
        "handler {:7.0} records/s: takes {:.1} % longer than to encode, goal at most {:.0} %",
        per_second(handler),
        on_top * 100.0,
        MOST_ON_TOP * 100.0
    );
    println!(
        "late    {:7.0} records/s: the same {EVENTS_BEFORE} events later takes {:.1} % longer than to encode, goal at most {:.0} %",
        per_second(late),
        with_its_ledger * 100.0,
        MOST_ON_TOP * 100.0
    );
    println!("ledger  {ledger_bytes:7} bytes then, goal at most {MOST_LEDGER}");
    let goals =
        [share >= LEAST_SHARE_OF_FLOOR, on_top.max(with_its_ledger) <= MOST_ON_TOP, ledger_bytes <= MOST_LEDGER];
    if goals.iter().all(|met| *met) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What the checks cost, step by step.
fn on_top_of_the_floor(payload: &str, schema: &TypePtr) {
    let (floor, ours) = (floor::steps(payload, schema), steps::ours(payload));
    for (name, (floor, ours)) in steps::NAMES.iter().zip(floor.iter().zip(ours)) {
        let [floor, ours] = [*floor, ours].map(|time| time.as_secs_f64() * 1e6);
        println!("{name:>26} {ours:6.0} us, of which the floor takes {floor:6.0}");
    }
}

/// An event of so many records when many have landed before it: its ledger has all that it ever has of a log without holes. Returns the
/// ledger's size in bytes.
fn late(criterion: &mut Criterion, bars: &[Bar], records: usize) -> usize {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    let values: Vec<_> = bars.iter().take(records).map(workload::json).collect();
    let lander = Lander::new(Memory::default(), Generation(1));
    let mut next = 0;
    let mut land = || {
        let payload = workload::event("stock-bars", next, &values);
        next += records;
        let started = Instant::now();
        runtime.block_on(handle(&lander, black_box(&payload), LandingTime(1_795_374_311_250), None)).unwrap();
        started.elapsed()
    };
    for _ in 0..EVENTS_BEFORE {
        land();
    }
    let mut group = criterion.benchmark_group("late");
    group.throughput(Throughput::Elements(records as u64));
    group.bench_function(records.to_string(), |bencher| bencher.iter_custom(|times| (0..times).map(|_| land()).sum()));
    group.finish();
    lander.store().objects("ledger/")[0].1.len()
}

/// The one file of an event with one partition.
fn encode(payload: &str) -> Vec<u8> {
    let event = Event::parse(payload).unwrap();
    let batch = &event.batches[0];
    let lot = Lot { life: 1, undecided: false };
    Run::new(batch.topic, batch.partition, &batch.records).unwrap().decode(LandingTime(0), lot).to_parquet()
}

/// As criterion keeps it.
fn median_nanoseconds(results: &Path) -> f64 {
    let path: PathBuf = results.join("new/estimates.json");
    let estimates: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    estimates["median"]["point_estimate"].as_f64().unwrap()
}

fn per_second(nanoseconds: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let records = FULL as f64;
    records / nanoseconds * 1e9
}
