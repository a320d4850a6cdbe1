//! How long publishing stood still, told by the times at which the brokers took what is in the lake now.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use local::Stack;

/// What happened, from when to when, in milliseconds since 1970.
pub(crate) struct Happened {
    what: &'static str,
    began: i64,
    ended: i64,
}

pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or_default()
}

impl Happened {
    pub(crate) fn since(what: &'static str, began: i64) -> Self {
        Self { what, began, ended: now() }
    }
}

/// A line for each: the longest time for which a partition took nothing.
pub(crate) async fn told(stack: &Stack, happened: &[Happened]) -> Result<Vec<String>> {
    let rows = stack
        .athena_query("SELECT kafka_partition, CAST(epoch_ms(kafka_timestamp) AS varchar) FROM bars ORDER BY kafka_partition, kafka_timestamp")
        .await?;
    let mut taken = Vec::with_capacity(rows.len());
    for row in &rows {
        let [partition, time] =
            [0, 1].map(|cell| row.get(cell).and_then(Option::as_deref).and_then(|cell| cell.parse::<i64>().ok()));
        taken.push((partition.context("no partition")?, time.context("no time")?));
    }
    let longest = |of: &Happened| {
        let pairs = taken.windows(2).filter(|pair| pair[0].0 == pair[1].0);
        // One that reaches into the next step is of that in which most of it is.
        let within = |pair: &&[(i64, i64)]| (of.began..=of.ended).contains(&i64::midpoint(pair[0].1, pair[1].1));
        let gaps = pairs.filter(within).map(|pair| pair[1].1 - pair[0].1);
        gaps.max().unwrap_or_default()
    };
    Ok(happened
        .iter()
        .map(|of| {
            let (seconds, took) = (thousandth(longest(of)), thousandth(of.ended - of.began));
            format!("{:<48} took {took:>6.1} s; a partition stood still for {seconds:>5.1} s at most", of.what)
        })
        .collect())
}

#[expect(clippy::cast_precision_loss, reason = "seconds for people")]
fn thousandth(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1000.0
}
