//! What was rejected, as far as an audit wants to know.

use std::borrow::Cow;

use futures::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use shared::key::Hour;
use store::{Listed, PartStore, Store};

use super::Audit;
use crate::error::CompactError;

/// Objects that are read at the same time: one may have megabytes.
const SIDE_BY_SIDE: usize = 8;
/// More than this of a day's is not read: it would take longer than an invocation has. Then no audit tells of these hours.
const MOST_OBJECTS: usize = 20_000;
const MOST_BYTES: u64 = 1 << 30;
/// What one request lists.
const A_PAGE: usize = 1000;

/// A line of a rejects object.
#[derive(Debug, Deserialize)]
pub(crate) struct Line<'a> {
    #[serde(borrow, default)]
    pub(super) kafka_topic: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) kafka_partition: Option<i32>,
    #[serde(default)]
    pub(super) kafka_offset: Option<i64>,
    #[serde(borrow, default)]
    pub(super) reason: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) kafka_life: Option<i32>,
}

/// Takes in what was rejected on the days that were not over before one hour, and are before another. Nothing comes to them any more.
pub(crate) async fn read<S: PartStore>(
    store: &S,
    from: Hour,
    through: Hour,
    audit: &mut Audit,
) -> Result<(), CompactError> {
    let objects = listed(store, from, through).await?;
    if objects.len() > MOST_OBJECTS || objects.iter().map(|(_, object)| object.bytes).sum::<u64>() > MOST_BYTES {
        audit.give_up();
        return Ok(());
    }
    let mut bodies = stream::iter(objects)
        .map(async |(dt, object)| Ok::<_, CompactError>((dt, store.read(&object.key).await?)))
        .buffered(SIDE_BY_SIDE);
    while let Some((dt, body)) = bodies.try_next().await? {
        // One that is gone by now no query reads either.
        let Some((body, _)) = body else { continue };
        // A line that is no JSON is a row without a value: it has no offset.
        for line in body.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()) {
            audit.reject(&dt, line);
        }
    }
    Ok(())
}

async fn listed<S: Store>(store: &S, from: Hour, through: Hour) -> Result<Vec<(String, Listed)>, CompactError> {
    let mut after = if from == Hour::default() { String::new() } else { format!("rejects/dt={}/", from.dt()) };
    let through = through.dt();
    let mut objects = Vec::new();
    loop {
        let page = store.list("rejects/", &after, A_PAGE).await?;
        let is_last = page.len() < A_PAGE;
        if let Some(last) = page.last() {
            after.clone_from(&last.key);
        }
        for object in page {
            let Some(dt) = day(&object.key) else { continue };
            if dt >= through.as_str() {
                return Ok(objects);
            }
            // The rejects of a run that never landed were blanked.
            if object.bytes > 0 {
                objects.push((dt.to_owned(), object));
            }
        }
        if is_last {
            return Ok(objects);
        }
    }
}

/// The day in whose folder it is; none if it is in none, or hidden.
fn day(key: &str) -> Option<&str> {
    let (dt, rest) = key.strip_prefix("rejects/dt=")?.split_once('/')?;
    let is_hidden = |part: &str| part.starts_with(['_', '.']);
    format!("{dt}T00").parse::<Hour>().ok()?;
    (!rest.is_empty() && !rest.split('/').any(is_hidden)).then_some(dt)
}
