//! How fast is an event encoded, on one core: from the bytes that Lambda hands over to the bytes of a Parquet file. The floor is
//! measured beside it, in the same run, so that the ratio means the same on any machine.

#![expect(clippy::unwrap_used, reason = "in a benchmark a panic is the message")]
#![expect(clippy::print_stdout, reason = "the ratios are what one runs it for")]

mod floor;
mod workload;

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bytes::Bytes;
use criterion::{Criterion, Throughput};
use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::Value;
use shared::event::Event;
use shared::key::LandingTime;
use shared::run::Run;

use workload::FULL;

/// `encode` does every check of the data contract, the floor none.
const LEAST_SHARE_OF_FLOOR: f64 = 0.78;

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
    group.finish();
    criterion.final_summary();

    let [floor, encode] = ["floor", "encode"].map(|name| median_nanoseconds(&results.join("event").join(name)));
    let share = floor / encode;
    println!("floor    {:>9.0} records/s", per_second(floor));
    println!(
        "encode   {:>9.0} records/s, {:.0} % of the floor (at least {:.0} %)",
        per_second(encode),
        share * 100.0,
        LEAST_SHARE_OF_FLOOR * 100.0
    );
    if share < LEAST_SHARE_OF_FLOOR { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The one file of an event with one partition.
fn encode(payload: &str) -> Vec<u8> {
    let event = Event::parse(payload).unwrap();
    let batch = &event.batches[0];
    Run::new(batch.topic, batch.partition, &batch.records).unwrap().encode(LandingTime(0)).bars
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
