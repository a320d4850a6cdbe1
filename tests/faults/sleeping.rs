//! The sleeping writer: an invocation stops at one call while others land what it was to land, cut differently, and then goes on.

use anyhow::Result;

use crate::plan::{Fault, Kind, Rule};
use crate::records::event;
use crate::rig::Rig;

pub(crate) async fn a_writer_that_wakes_up_late_adds_nothing(rig: &mut Rig) -> Result<()> {
    let topic = rig.topic("sleeping");
    for (first, swap) in [(0, Kind::LEDGER_CREATE), (60, Kind::LEDGER_REPLACE)] {
        let kinds = [Kind::LEDGER_READ, swap, Kind::REJECTS, Kind::BARS];
        let holds = [Fault::HoldRequest, Fault::HoldAnswer];
        let rules = holds.into_iter().flat_map(|hold| kinds.map(|kind| Rule::new(kind, hold)));
        let rules: Vec<Rule> = (0..).zip(rules).map(|(partition, rule)| rule.partition(partition)).collect();
        let (calls, partitions) = (rules.len(), 8);
        rig.note_published(&topic, partitions, first + 60);

        // Only a process that does not know the ledger reads it.
        rig.restart_function().await?;
        rig.plan(&topic, rules);
        let sleeper = event(&topic, 0..partitions, first..first + 40);
        let asleep = rig.invoke(sleeper.clone());
        let held = rig.held(calls).await?;
        // The emulator starts a second process for what is invoked beside the first.
        rig.deliver(&event(&topic, 0..partitions, first..first + 25)).await?;
        rig.deliver(&event(&topic, 0..partitions, first + 25..first + 60)).await?;
        for held in held {
            held.release().await;
        }
        // It may fail, and is delivered again then.
        let woken = asleep.await?;
        println!("the writer that woke up: {woken:?}");
        rig.deliver(&sleeper).await?;
        rig.check(&format!("a writer asleep at each kind of call, {swap} among them")).await?;
    }
    Ok(())
}
