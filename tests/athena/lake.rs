//! A small lake as `ingest` writes it: all sample events, a bar of known values, and beside them what only accidents and time leave.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ingest::{Lander, handle};
use local::project_root;
use serde_json::{Value, json};
use shared::key::{Generation, LandingTime};
use shared::landing::{Kind, Object};
use shared::run::empty_parquet;
use store::{Memory, PartStore as _, Store as _};

/// 2026-11-22T19:05:05.000Z
const TIME: i64 = 1_795_374_305_000;
const HOUR: i64 = 3_600_000;
/// The topic of what is made here.
pub(crate) const TOPIC: &str = "made-here";

/// The objects, ledgers too.
pub(crate) async fn land() -> Result<Vec<(String, Vec<u8>)>> {
    let lander = Lander::new(Memory::default(), Generation(1));
    let mut events =
        fs::read_dir(project_root().join("events"))?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    events.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ingest-")));
    events.sort();
    for path in events.iter().filter(|path| !path.ends_with("ingest-schedule.json")) {
        land_one(&lander, &fs::read_to_string(path)?, TIME).await?;
    }
    // The values that `glue.rs` knows; and two rows that are gone later.
    land_one(&lander, &event(0, &[(0, Some(known()))]), TIME).await?;
    land_one(&lander, &event(1, &[(0, Some(known()))]), TIME).await?;
    // Nothing but a reject: its bars are an object without a row.
    land_one(&lander, &event(2, &[(0, None)]), TIME).await?;
    // Within a day, of which the exchange's is not that of UTC.
    let mut within = known();
    within["Date"] = json!("2026-11-20T20:00:00.250-05:00");
    within["Interval"] = json!("1m");
    land_one(&lander, &event(4, &[(0, Some(within))]), TIME).await?;
    // A process that died between its rejects and its bars; the next one puts a fence, and empties the rejects.
    land_one(&lander, &event(3, &[(0, Some(known())), (1, None)]), TIME).await?;
    let store = lander.into_store();
    let died = only(&store, "bars/", "-3-")?;
    store.remove(&died).await?;
    let next = Lander::new(store, Generation(1));
    land_one(&next, &event(3, &[(2, Some(known()))]), TIME + HOUR).await?;
    let store = next.into_store();
    ensure!(store.find(&died).await? == Some(Kind::Fence), "there is no fence at {died}");
    let rejects = only(&store, "rejects/", "-3-")?;
    ensure!(store.objects(&rejects)[0].1.is_empty(), "the rejects of a void run are still in {rejects}");
    // What has been compacted is hollowed: the object stays, without its rows.
    let hollow = Object { key: only(&store, "bars/", "-1-")?, body: empty_parquet(), kind: Kind::Bars };
    store.overwrite(hollow).await?;
    Ok(store.objects(""))
}

/// The bar of which every value is known; its time has milliseconds.
fn known() -> Value {
    json!({
        "Index": "日経 'x\"", "Date": "0001-01-01", "Open": 0.1, "High": 1e300, "Low": -37.63, "Close": 5e-324, "Adj Close": null,
        "CloseUSD": 1_234_567.890_625, "Note": {"a": [1, null]},
    })
}

/// An event of one partition: each record a bar, or none at all.
fn event(partition: i32, records: &[(i64, Option<Value>)]) -> String {
    let records: Vec<_> = records
        .iter()
        .map(|(offset, bar)| {
            let value = bar.as_ref().map(|bar| STANDARD.encode(bar.to_string()));
            json!({
                "topic": TOPIC, "partition": partition, "offset": offset, "timestamp": 1_795_374_300_123_i64 + offset,
                "timestampType": "CREATE_TIME", "value": value, "headers": [],
            })
        })
        .collect();
    json!({"eventSource": "SelfManagedKafka", "records": {format!("{TOPIC}-{partition}"): records}}).to_string()
}

async fn land_one(lander: &Lander<Memory>, payload: &str, time: i64) -> Result<()> {
    let summary = handle(lander, payload, LandingTime(time), None).await?;
    ensure!(summary.records > 0 && summary.failed == 0, "{summary:?}");
    Ok(())
}

/// The first object of a partition that is made here.
fn only(store: &Memory, prefix: &str, partition: &str) -> Result<String> {
    let objects = store.objects(prefix);
    let found = objects.into_iter().map(|(key, _)| key).find(|key| key.contains(&format!("/{TOPIC}{partition}")));
    found.with_context(|| format!("no {prefix} of partition {partition}"))
}
