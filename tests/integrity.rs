//! The report `integrity` finds what it must find: objects made by hand, one for each way in which a lake can be wrong.

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use local::{PartitionIntegrity, Stack};
use shared::event::{Record, Stray};
use shared::key::LandingTime;
use shared::run::{Lot, Run, encode_strays};
use tests::{integrity, put, start_stack};

/// 2026-01-05T10:00:00Z
const LANDING: LandingTime = LandingTime(1_767_607_200_000);
const TIMESTAMP: Option<i64> = Some(1_767_607_100_000);
/// Of an offset that was used again.
const NEWER: Option<i64> = Some(1_767_607_100_009);
const FIRST_LIFE: Lot = Lot { life: 1, undecided: false };
const SECOND_LIFE: Lot = Lot { life: 2, undecided: false };

const BAR: &str = r#"{"Index":"HSI","Date":"2026-01-02","Open":1,"High":1,"Low":1,"Close":1,"Volume":0}"#;
const TWO_BARS: &str = r#"[{"Index":"HSI","Date":"2026-01-02","Open":1,"High":1,"Low":1,"Close":1,"Volume":0},
                           {"Index":"NYA","Date":"2026-01-02","Open":1,"High":1,"Low":1,"Close":1,"Volume":0}]"#;
const NOT_JSON: &str = "NaN";

#[tokio::test(flavor = "multi_thread")]
async fn the_report_finds_every_duplicate_and_every_hole() -> Result<()> {
    let stack = start_stack("integrity").await?;
    an_empty_lake_has_nothing_wrong(&stack).await?;

    let bars_and_a_reject = [(0, TIMESTAMP, TWO_BARS), (1, None, BAR), (2, TIMESTAMP, NOT_JSON)];
    put_run(&stack, 0, "first", &bars_and_a_reject).await?;
    put_run(&stack, 0, "a-row-twice", &[(1, None, BAR)]).await?;
    // 3 and 4 are not there.
    put_run(&stack, 0, "before-the-second-hole", &[(5, TIMESTAMP, BAR), (6, TIMESTAMP, BAR)]).await?;
    put_run(&stack, 0, "landed-and-rejected", &[(6, TIMESTAMP, NOT_JSON)]).await?;
    // Nor is 7.
    put_run(&stack, 0, "after-the-second-hole", &[(8, TIMESTAMP, BAR), (9, None, NOT_JSON)]).await?;
    put_run(&stack, 0, "rejected-twice", &[(9, None, NOT_JSON)]).await?;
    put_run_of(SECOND_LIFE, &stack, 0, "made-anew", &[(5, NEWER, BAR), (6, TIMESTAMP, BAR)]).await?;
    put_run(&stack, 1, "clean", &[(7, TIMESTAMP, BAR), (8, TIMESTAMP, NOT_JSON)]).await?;
    put_a_stray(&stack).await?;
    put_a_later_day(&stack).await?;

    let found = integrity(&stack).await?;
    let partition_0 = PartitionIntegrity {
        topic: "golden".to_owned(),
        partition: 0,
        life: 1,
        first_offset: 0,
        last_offset: 9,
        offsets: 7,
        // 0, 1, 5, 6 and 8.
        landed: 5,
        // 2, 6 and 9.
        rejected: 3,
        bar_rows: 7,
        // A row of 1, 6 in both tables, a reject of 9.
        duplicates: 3,
        holes: 2,
        hole_offsets: 3,
        first_hole: Some(3),
    };
    let made_anew = PartitionIntegrity {
        life: 2,
        first_offset: 5,
        last_offset: 6,
        offsets: 2,
        landed: 2,
        rejected: 0,
        bar_rows: 2,
        duplicates: 0,
        holes: 0,
        hole_offsets: 0,
        first_hole: None,
        ..partition_0.clone()
    };
    let partition_1 = PartitionIntegrity {
        partition: 1,
        first_offset: 7,
        last_offset: 8,
        offsets: 2,
        landed: 1,
        rejected: 1,
        bar_rows: 1,
        duplicates: 0,
        holes: 0,
        hole_offsets: 0,
        first_hole: None,
        ..partition_0.clone()
    };
    assert_eq!(found.partitions, [partition_0, made_anew, partition_1]);
    stack.stop().await
}

/// Without any object, with rejects that say nothing (as a void run leaves them), and with bars beside those.
async fn an_empty_lake_has_nothing_wrong(stack: &Stack) -> Result<()> {
    assert_eq!(integrity(stack).await?.partitions, []);
    put_in_lake(stack, "rejects/dt=2026-01-05/void.jsonl", Vec::new()).await?;
    assert_eq!(integrity(stack).await?.partitions, []);
    put_in_lake(stack, "bars/dt=2026-01-05/hour=10/fence.parquet", encode(FIRST_LIFE, 0, &[(0, None, NOT_JSON)])?.0)
        .await?;
    assert_eq!(integrity(stack).await?.partitions, []);
    let health = br#"{"report":"ingest-health","date":"2026-01-05"}"#.to_vec();
    let answer = stack.aws().invoke(&stack.outputs().report_function, health).await?;
    let answer: serde_json::Value = serde_json::from_str(&answer)?;
    assert_eq!(answer["reports"][0]["rows"], 0, "{answer}");
    Ok(())
}

async fn put_run(stack: &Stack, partition: i32, name: &str, records: &[(i64, Option<i64>, &str)]) -> Result<()> {
    put_run_of(FIRST_LIFE, stack, partition, name, records).await
}

async fn put_run_of(
    lot: Lot,
    stack: &Stack,
    partition: i32,
    name: &str,
    records: &[(i64, Option<i64>, &str)],
) -> Result<()> {
    let (bars, rejects) = encode(lot, partition, records)?;
    put_in_lake(stack, &format!("bars/{}/{name}.parquet", LANDING.hour_folder()), bars).await?;
    put_in_lake(stack, &format!("rejects/{}/{name}.jsonl", LANDING.day_folder()), rejects).await
}

/// What is no record has no offset, and no place in the report.
async fn put_a_stray(stack: &Stack) -> Result<()> {
    let stray = Stray { source: "golden-0".to_owned(), text: "5".into(), detail: "a number".to_owned() };
    put_in_lake(stack, &format!("rejects/{}/stray.jsonl", LANDING.day_folder()), encode_strays(&[stray], LANDING)).await
}

/// The report of a day does not look beyond it.
async fn put_a_later_day(stack: &Stack) -> Result<()> {
    let (bars, rejects) = encode(FIRST_LIFE, 2, &[(0, TIMESTAMP, BAR), (1, TIMESTAMP, NOT_JSON)])?;
    put_in_lake(stack, "bars/dt=9999-12-31/hour=10/later.parquet", bars).await?;
    put_in_lake(stack, "rejects/dt=9999-12-31/later.jsonl", rejects).await
}

/// A bars object and a rejects object.
fn encode(lot: Lot, partition: i32, records: &[(i64, Option<i64>, &str)]) -> Result<(Vec<u8>, Vec<u8>)> {
    let records: Vec<Record<'_>> = records
        .iter()
        .map(|(offset, timestamp_ms, value)| Record {
            offset: *offset,
            timestamp_ms: *timestamp_ms,
            key: None,
            value: Some(STANDARD.encode(value).into()),
            oversized: None,
        })
        .collect();
    let run = Run::new("golden", partition, &records).context("a run has records")?.decode(LANDING, lot);
    Ok((run.to_parquet(), run.rejects))
}

async fn put_in_lake(stack: &Stack, key: &str, body: Vec<u8>) -> Result<()> {
    put(stack, &stack.outputs().lake_bucket, key, body).await
}
