//! Every kind of call times every fault, as the event source delivers.

use anyhow::Result;

use crate::plan::{Fault, Kind, Rule};
use crate::records;
use crate::rig::{PARTITIONS, Rig};

/// More than the SDK tries by itself.
const IN_A_ROW: usize = 5;

pub(crate) async fn a_failing_call_costs_nothing(rig: &mut Rig) -> Result<()> {
    for kind in [Kind::LEDGER_READ, Kind::LEDGER_REPLACE, Kind::REJECTS, Kind::BARS] {
        // Only a process that does not know the ledger reads it.
        rig.restart_function().await?;
        rig.plan(&rig.stack.topic().to_owned(), each_fault(kind));
        rig.publish(30).await?;
        rig.settle(&format!("each fault at {kind}")).await?;
    }
    let topic = rig.topic("create");
    rig.plan(&topic, each_fault(Kind::LEDGER_CREATE));
    rig.note_published(&topic, PARTITIONS, 30);
    rig.deliver(&records::event(&topic, 0..PARTITIONS, 0..30)).await?;
    rig.check(&format!("each fault at {}", Kind::LEDGER_CREATE)).await
}

/// Once in the first half of the partitions, several times in a row in the other.
pub(crate) fn each_fault(kind: Kind) -> Vec<Rule> {
    let once = Fault::ALL.map(|fault| Rule::new(kind, fault));
    let in_a_row = Fault::ALL.map(|fault| Rule::new(kind, fault).times(IN_A_ROW));
    (0..PARTITIONS).zip(once.into_iter().chain(in_a_row)).map(|(partition, rule)| rule.partition(partition)).collect()
}
