//! What must be the same in two places: the parts that no compiler compares.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

use std::collections::BTreeSet;
use std::fs;

use local::project_root;
use shared::error_type::ErrorType;
use shared::event::Event;
use shared::key::LandingTime;
use shared::manifest::{AUDIT_COLUMNS, COLUMNS};
use shared::reject::Reason;
use shared::run::{Decoded, Lot, Run};

use parquet::basic::{LogicalType, Type as Physical};
use parquet::file::reader::{FileReader, SerializedFileReader};

fn read(path: &str) -> String {
    fs::read_to_string(project_root().join(path)).unwrap()
}

/// `name type` of each column of a table in template.yaml.
fn declared_columns(table: &str) -> Vec<(String, String)> {
    let template = read("template.yaml");
    let (_, resource) = template.split_once(&format!("\n  {table}:\n")).unwrap();
    let (_, columns) = resource.split_once("Columns:\n").unwrap();
    columns
        .lines()
        .map_while(|line| line.trim().strip_prefix("- { Name: "))
        .map(|column| {
            let (name, rest) = column.split_once(", Type: ").unwrap();
            (name.to_owned(), rest.split([',', ' ']).next().unwrap().to_owned())
        })
        .collect()
}

/// A good bar and a reject, judged by `check`.
fn with_a_decoded_run(check: impl FnOnce(&Decoded<'_>)) {
    let payload = read("events/ingest-poison-tombstone.json");
    let event = Event::parse(&payload).unwrap();
    let batch = &event.batches[0];
    let lot = Lot { life: 1, undecided: false };
    check(&Run::new(batch.topic, batch.partition, &batch.records).unwrap().decode(LandingTime(0), lot));
}

#[test]
fn the_parquet_file_has_the_columns_of_the_table_bars() {
    let mut file = Vec::new();
    with_a_decoded_run(|run| file = run.to_parquet());
    let reader = SerializedFileReader::new(bytes::Bytes::from(file)).unwrap();
    let written: Vec<_> = reader
        .metadata()
        .file_metadata()
        .schema_descr()
        .columns()
        .iter()
        .map(|column| {
            let glue = match (column.physical_type(), column.logical_type_ref()) {
                (Physical::BYTE_ARRAY, Some(LogicalType::String)) => "string",
                (Physical::INT32, Some(LogicalType::Date)) => "date",
                (Physical::INT32, None) => "int",
                (Physical::INT64, Some(LogicalType::Timestamp { .. })) => "timestamp",
                (Physical::INT64, None) => "bigint",
                (Physical::DOUBLE, None) => "double",
                other => panic!("no Glue type is known for {other:?}"),
            };
            (column.name().to_owned(), glue.to_owned())
        })
        .collect();
    assert_eq!(written, declared_columns("BarsLandedTable"));
}

#[test]
fn the_compacted_tables_have_the_columns_of_what_has_landed_and_its_folder() {
    let folder = ["dt", "hour"].map(|name| (name.to_owned(), "string".to_owned()));
    let expected: Vec<_> = declared_columns("BarsLandedTable").into_iter().chain(folder).collect();
    for table in ["BarsCompactedTable", "DailyCompactedTable"] {
        assert_eq!(declared_columns(table), expected, "{table}");
    }
    let names: Vec<_> = expected.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(COLUMNS.as_slice(), names, "what reports read");
}

#[test]
fn the_table_of_audits_has_the_columns_of_its_view() {
    let hive = |of| match of {
        "varchar" => "string",
        "integer" => "int",
        other => other,
    };
    let expected: Vec<_> = AUDIT_COLUMNS.iter().map(|(name, of)| ((*name).to_owned(), hive(of).to_owned())).collect();
    assert_eq!(declared_columns("AuditsCompactedTable"), expected);
}

#[test]
fn a_reject_has_the_columns_of_the_table_rejects() {
    let mut lines = Vec::new();
    with_a_decoded_run(|run| lines.clone_from(&run.rejects));
    let line: serde_json::Map<_, _> =
        serde_json::from_slice(lines.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
    let written: BTreeSet<_> = line.keys().cloned().collect();
    let declared: BTreeSet<_> = declared_columns("RejectsTable").into_iter().map(|(name, _)| name).collect();
    assert_eq!(written, declared);
}

#[test]
fn ingest_health_counts_every_reason() {
    let query = read("functions/report/reports/ingest-health/query.sql");
    for reason in Reason::ALL {
        assert!(query.contains(&format!("'{reason}'")), "{reason} is not counted");
    }
}

/// But for one of megabytes.
/// Those of `crawl`, which shares no code with the others, are compared by its own tests.
const OF_CRAWL_ALONE: [&str; 2] = ["CrawlerMissing", "CrawlFailed"];

#[test]
fn the_runbook_explains_each_name_of_an_error_and_no_other() {
    let runbook = read("RUNBOOK.md");
    let (_, section) = runbook.split_once("\n| `errorType` |").unwrap();
    let rows = section.lines().skip(2).map_while(|line| line.strip_prefix("| `"));
    let explained: BTreeSet<_> = rows.map(|row| row.split('`').next().unwrap().to_owned()).collect();
    let there_are = ErrorType::ALL.iter().map(ToString::to_string).chain(OF_CRAWL_ALONE.map(str::to_owned));
    assert_eq!(explained, there_are.collect());
}

#[test]
fn there_is_a_sample_event_for_every_reason() {
    // What no event alone makes undecided.
    let small = |reason: &Reason| !matches!(reason, Reason::TooManyRows | Reason::Undecided);
    for reason in Reason::ALL.into_iter().filter(small) {
        let file = format!("events/ingest-poison-{}.json", reason.code().replace('_', "-"));
        assert!(project_root().join(&file).is_file(), "{file} is missing");
    }
}
