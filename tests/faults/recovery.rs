//! After a crash: what the next delivery does about the run that was about to land, with every fault at each of its calls; and a
//! crash of that.

use std::ops::Range;

use anyhow::{Result, ensure};

use crate::failing_calls::each_fault;
use crate::plan::{Fault, Kind, Rule, by_partition};
use crate::proxy::Held;
use crate::records::event;
use crate::rig::{PARTITIONS, Rig};

/// Offsets of the event whose process is killed.
const KILLED: Range<i64> = 0..40;
/// Delivered afterwards: with all of the run that was about to land, so that it is written again.
const SAME: Range<i64> = 0..60;
/// Delivered afterwards: none of them with all of that run, so that it is fenced.
const RECUT: [Range<i64>; 2] = [10..60, 0..10];
const RECORDS: i64 = 60;
const HOLDS: [Fault; 2] = [Fault::HoldRequest, Fault::HoldAnswer];

pub(crate) async fn what_fails_after_a_crash_costs_nothing(rig: &mut Rig) -> Result<()> {
    let rewriting = [Kind::LEDGER_READ, Kind::BARS_HEAD, Kind::BARS, Kind::LEDGER_REPLACE];
    let fencing = [Kind::LEDGER_READ, Kind::BARS_HEAD, Kind::BARS, Kind::REJECTS_BLANK, Kind::LEDGER_REPLACE];
    rig.restart_patient_function().await?;
    for (name, crash_before, deliveries, kinds) in [
        ("written again", Fault::HoldRequest, &[SAME][..], &rewriting[..]),
        ("fenced", Fault::HoldRequest, &RECUT[..], &fencing[..]),
        ("found", Fault::HoldAnswer, &RECUT[..], &[Kind::BARS_HEAD][..]),
    ] {
        for (number, kind) in kinds.iter().enumerate() {
            let topic = rig.topic(&format!("{}-{number}", name.replace(' ', "-")));
            rig.note_published(&topic, PARTITIONS, RECORDS);
            let rules = by_partition((0..PARTITIONS).map(|_| Rule::new(Kind::BARS, crash_before)));
            drop(crash(rig, &topic, rules, event(&topic, 0..PARTITIONS, KILLED)).await?);

            rig.plan(&topic, each_fault(*kind));
            for offsets in deliveries {
                rig.deliver(&event(&topic, 0..PARTITIONS, offsets.clone())).await?;
            }
            rig.check(&format!("after a crash, {name}: each fault at {kind}")).await?;
        }
    }
    Ok(())
}

pub(crate) async fn a_second_crash_costs_nothing(rig: &mut Rig) -> Result<()> {
    let topic = rig.topic("second-crash");
    let kinds = [Kind::LEDGER_READ, Kind::BARS_HEAD, Kind::BARS, Kind::REJECTS_BLANK, Kind::LEDGER_REPLACE];
    let partitions = 10;
    let event_of = |offsets| event(&topic, 0..partitions, offsets);
    rig.note_published(&topic, partitions, RECORDS);

    let first = by_partition((0..partitions).map(|_| Rule::new(Kind::BARS, Fault::HoldRequest)));
    let first = crash(rig, &topic, first, event_of(KILLED)).await?;
    let second = by_partition(HOLDS.into_iter().flat_map(|hold| kinds.map(|kind| Rule::new(kind, hold))));
    let second = crash(rig, &topic, second, event_of(10..60)).await?;
    rig.deliver(&event_of(5..30)).await?;
    // What the dead had sent gets to S3 only now.
    for held in first.into_iter().chain(second) {
        held.release().await;
    }
    for offsets in [KILLED, 10..60, 0..60] {
        rig.deliver(&event_of(offsets)).await?;
    }
    rig.check("a crash, and another at each kind of call of the recovery").await
}

/// An event that fills two holes lands as two runs: one has landed, the other not.
pub(crate) async fn a_crash_between_two_runs_costs_nothing(rig: &mut Rig) -> Result<()> {
    let topic = rig.topic("two-runs");
    let partitions = 4;
    let event_of = |offsets| event(&topic, 0..partitions, offsets);
    rig.note_published(&topic, partitions, RECORDS);

    rig.plan(&topic, Vec::new());
    rig.deliver(&event_of(15..25)).await?;
    let kinds = [Kind::REJECTS, Kind::BARS];
    let rules = by_partition(HOLDS.into_iter().flat_map(|hold| kinds.map(|kind| Rule::new(kind, hold).second())));
    let held = crash(rig, &topic, rules, event_of(KILLED)).await?;
    rig.deliver(&event_of(5..30)).await?;
    for held in held {
        held.release().await;
    }
    rig.deliver(&event_of(0..60)).await?;
    rig.check("a crash between the two runs of an event").await
}

/// Kills the process that lands `event` when all its calls are held that the rules say.
async fn crash(rig: &mut Rig, topic: &str, rules: Vec<Rule>, event: Vec<u8>) -> Result<Vec<Held>> {
    let calls = rules.len();
    rig.plan(topic, rules);
    let killed = rig.invoke(event);
    let held = rig.held(calls).await?;
    rig.kill(&held)?;
    ensure!(killed.await?.is_err(), "the invocation of a process that was killed succeeded");
    Ok(held)
}
