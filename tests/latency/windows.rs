//! From the broker's acknowledgement to the object that a query reads, on the deployed stack.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use local::Stack;
use rdkafka::ClientConfig;
use rdkafka::producer::{FutureProducer, FutureRecord};
use tests::{land, stack_options};
use tokio::time::{Instant, interval, sleep};

use crate::capacity;

/// In seconds; the last one is the template's own.
const WINDOWS: [&str; 4] = ["1", "5", "20", "60"];
/// A record each so often.
const EVERY: Duration = Duration::from_millis(50);
/// How many windows are filled, and the shortest time of that.
const FILLED: u32 = 2;
const SHORTEST: Duration = Duration::from_secs(30);
/// How often it is looked what is there: so much later than it was an object is seen.
const LOOK: Duration = Duration::from_millis(50);
/// For what comes last.
const PATIENCE: Duration = Duration::from_mins(3);

/// Of a record: partition and offset.
type Place = (i32, i64);

pub(crate) async fn measure() -> Result<()> {
    println!();
    println!(
        "from the acknowledgement of a record to the object that queries read, {} records a second:",
        1000 / EVERY.as_millis()
    );
    let mut stack = Stack::start(stack_options("latency")).await?;
    for seconds in WINDOWS {
        stack.redeploy(&[("BatchingWindowSeconds", seconds)]).await?;
        let window = Duration::from_secs(seconds.parse()?);
        let lasting = (window * FILLED).max(SHORTEST);
        let mut ages = one_window(&stack, lasting).await.with_context(|| format!("with a window of {seconds} s"))?;
        ages.sort();
        let at = |hundredths: usize| ages[(ages.len() - 1) * hundredths / 100].as_secs_f64();
        println!(
            "window of {seconds:>2} s: half within {:5.2} s, 99 of 100 within {:5.2} s, the last within {:5.2} s ({} records in {} s)",
            at(50),
            at(99),
            at(100),
            ages.len(),
            lasting.as_secs()
        );
    }
    stack.stop().await
}

/// How old each record is when its row can be read.
async fn one_window(stack: &Stack, lasting: Duration) -> Result<Vec<Duration>> {
    let before = objects(stack).await?;
    let is_over = AtomicBool::new(false);
    let published = async {
        let acknowledged = publish(stack, lasting).await;
        // Whatever became of it: the other side ends.
        is_over.store(true, Ordering::SeqCst);
        acknowledged
    };
    let (acknowledged, seen) = tokio::try_join!(published, watch(stack, &is_over, before))?;
    land(stack).await?;
    acknowledged
        .into_iter()
        .map(|((partition, offset), at)| {
            let found = seen.iter().find(|(range, _)| range.partition == partition && range.holds(offset));
            let (_, seen) =
                found.with_context(|| format!("offset {offset} of partition {partition} is in no object"))?;
            Ok(seen.saturating_duration_since(at))
        })
        .collect()
}

/// One record after the other, at their pace; when each was acknowledged.
async fn publish(stack: &Stack, lasting: Duration) -> Result<BTreeMap<Place, Instant>> {
    let producer: FutureProducer = ClientConfig::new()
        .set("bootstrap.servers", stack.bootstrap_servers())
        .set("enable.idempotence", "true")
        .set("linger.ms", "5")
        .create()?;
    let (until, mut pace) = (Instant::now() + lasting, interval(EVERY));
    let mut acknowledged = BTreeMap::new();
    for number in 0.. {
        pace.tick().await;
        if Instant::now() >= until {
            break;
        }
        let (key, value) = (format!("S{}", number % 40), capacity::bar(number));
        let sent = producer.send(FutureRecord::to(stack.topic()).key(&key).payload(&value), PATIENCE).await;
        let delivery = sent.map_err(|(error, _)| error).context("a record was not acknowledged")?;
        acknowledged.insert((delivery.partition, delivery.offset), Instant::now());
    }
    Ok(acknowledged)
}

/// The objects that appear, and when, until all that was published is in one.
async fn watch(stack: &Stack, is_over: &AtomicBool, mut known: BTreeSet<String>) -> Result<Vec<(Range, Instant)>> {
    let mut seen = Vec::new();
    let mut deadline = None;
    loop {
        // What is asked before the end of publishing is told does not count as the end.
        let is_last = is_over.load(Ordering::SeqCst) && stack.event_source()?.progress().await?.lag() == 0;
        let names = objects(stack).await?;
        let now = Instant::now();
        for name in names.difference(&known) {
            seen.push((Range::of(name)?, now));
        }
        known.extend(names);
        if is_last {
            return Ok(seen);
        }
        if is_over.load(Ordering::SeqCst) {
            let deadline = deadline.get_or_insert_with(|| now + PATIENCE);
            ensure!(now < *deadline, "what was published has not landed within {} s", PATIENCE.as_secs());
        }
        sleep(LOOK).await;
    }
}

/// The names of those of the lake.
async fn objects(stack: &Stack) -> Result<BTreeSet<String>> {
    let mut objects = BTreeSet::new();
    let mut pages =
        stack.aws().s3.list_objects_v2().bucket(&stack.outputs().lake_bucket).prefix("bars/").into_paginator().send();
    while let Some(page) = pages.next().await {
        objects.extend(page?.contents().iter().filter_map(|object| object.key().map(str::to_owned)));
    }
    Ok(objects)
}

/// The offsets of one object.
struct Range {
    partition: i32,
    first: i64,
    last: i64,
}

impl Range {
    /// `…/<topic>-<partition>-g<life>-<first>-<last>-<sequence>.parquet`.
    fn of(name: &str) -> Result<Self> {
        let mut parts = name.trim_end_matches(".parquet").rsplit('-').skip(1);
        let mut number = || {
            parts
                .next()
                .with_context(|| format!("{name} is no landed object"))
                .and_then(|part| Ok(part.parse::<i64>()?))
        };
        let (last, first) = (number()?, number()?);
        let partition = parts.nth(1).with_context(|| format!("{name} is no landed object"))?.parse()?;
        Ok(Self { partition, first, last })
    }

    fn holds(&self, offset: i64) -> bool {
        (self.first..=self.last).contains(&offset)
    }
}
