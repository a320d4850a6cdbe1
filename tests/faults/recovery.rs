//! After a crash: what the next delivery does about the run that was about to land, with every fault at each of its calls; and a
//! crash of that.

use anyhow::{Result, ensure};

use crate::failing_calls::each_fault;
use crate::plan::{Fault, Kind, Rule};
use crate::proxy::Held;
use crate::records::event;
use crate::rig::{PARTITIONS, Rig};

/// The offsets of the event whose process is killed, and those delivered afterwards.
const KILLED: std::ops::Range<i64> = 0..40;
const SAME: [std::ops::Range<i64>; 1] = [0..60];
/// None of them has all of the run that was about to land.
const RECUT: [std::ops::Range<i64>; 2] = [10..60, 0..10];
const RECORDS: i64 = 60;

pub(crate) async fn what_fails_after_a_crash_costs_nothing(rig: &mut Rig) -> Result<()> {
    let written_again = [Kind::LEDGER_READ, Kind::BARS_HEAD, Kind::BARS, Kind::LEDGER_REPLACE];
    let fenced = [Kind::LEDGER_READ, Kind::BARS_HEAD, Kind::BARS, Kind::REJECTS_BLANK, Kind::LEDGER_REPLACE];
    for (name, kinds, crash, deliveries) in [
        ("written-again", &written_again[..], Fault::HoldRequest, &SAME[..]),
        ("fenced", &fenced[..], Fault::HoldRequest, &RECUT[..]),
        ("found", &[Kind::BARS_HEAD][..], Fault::HoldAnswer, &RECUT[..]),
    ] {
        for (number, kind) in kinds.iter().enumerate() {
            let topic = rig.topic(&format!("{name}-{number}"));
            rig.note_published(&topic, PARTITIONS, RECORDS);
            let rules = (0..PARTITIONS).map(|partition| Rule::new(Kind::BARS, crash).partition(partition));
            drop(crash_at(rig, &topic, rules.collect()).await?);

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
    let holds = [Fault::HoldRequest, Fault::HoldAnswer];
    let rules = holds.into_iter().flat_map(|hold| kinds.map(|kind| Rule::new(kind, hold)));
    let rules: Vec<Rule> = (0..).zip(rules).map(|(partition, rule)| rule.partition(partition)).collect();
    let partitions = 10;
    rig.note_published(&topic, partitions, RECORDS);

    let first = (0..partitions).map(|partition| Rule::new(Kind::BARS, Fault::HoldRequest).partition(partition));
    let first = crash(rig, &topic, first.collect(), event(&topic, 0..partitions, KILLED)).await?;
    let second = crash(rig, &topic, rules, event(&topic, 0..partitions, 10..60)).await?;
    rig.deliver(&event(&topic, 0..partitions, 5..30)).await?;
    // What the dead had sent gets to S3 only now.
    for held in first.into_iter().chain(second) {
        held.release().await;
    }
    for offsets in [KILLED, 10..60, 0..60] {
        rig.deliver(&event(&topic, 0..partitions, offsets)).await?;
    }
    rig.check("a crash, and another at each call of the recovery").await
}

async fn crash_at(rig: &mut Rig, topic: &str, rules: Vec<Rule>) -> Result<Vec<Held>> {
    let event = event(topic, 0..PARTITIONS, KILLED);
    crash(rig, topic, rules, event).await
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
