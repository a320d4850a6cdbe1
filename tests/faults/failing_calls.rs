//! Every kind of call times every fault, as the event source delivers.

use anyhow::Result;

use crate::plan::{Fault, Kind, Rule, by_partition};
use crate::records;
use crate::rig::{PARTITIONS, Rig};

/// More than the function tries within its time: the event fails.
const LONG_ROW: usize = 8;
/// Fewer than it tries.
const SHORT_ROW: usize = 3;

pub(crate) async fn a_failing_call_costs_nothing(rig: &mut Rig) -> Result<()> {
    for kind in [Kind::LEDGER_READ, Kind::LEDGER_REPLACE, Kind::REJECTS, Kind::BARS] {
        // Only a process that does not know the ledger reads it.
        rig.restart_function().await?;
        rig.plan(rig.stack.topic(), each_fault_until_the_event_fails(kind));
        rig.publish(30).await?;
        rig.settle(&format!("each fault at {kind}")).await?;
    }
    let topic = rig.topic("create");
    rig.plan(&topic, each_fault_until_the_event_fails(Kind::LEDGER_CREATE));
    rig.note_published(&topic, PARTITIONS, 30);
    rig.deliver(&records::event(&topic, 0..PARTITIONS, 0..30)).await?;
    rig.check(&format!("each fault at {}", Kind::LEDGER_CREATE)).await
}

/// Once in the first half of the partitions, several times in a row in the other: as often as the function bears.
pub(crate) fn each_fault(kind: Kind) -> Vec<Rule> {
    once_and_in_a_row(kind, SHORT_ROW)
}

fn each_fault_until_the_event_fails(kind: Kind) -> Vec<Rule> {
    once_and_in_a_row(kind, LONG_ROW)
}

fn once_and_in_a_row(kind: Kind, times: usize) -> Vec<Rule> {
    let once = Fault::ALL.map(|fault| Rule::new(kind, fault));
    let in_a_row = Fault::ALL.map(|fault| Rule::new(kind, fault).times(times));
    by_partition(once.into_iter().chain(in_a_row))
}
