//! `kill -9` of the function's process at each kind of call: before S3 has it, and before its answer is there. The event source
//! delivers again.

use anyhow::Result;
use tests::land;

use crate::plan::{Fault, Kind, Rule};
use crate::rig::{PARTITIONS, Rig};

pub(crate) async fn a_killed_process_costs_nothing(rig: &mut Rig) -> Result<()> {
    let topic = rig.stack.topic().to_owned();
    let kinds = [Kind::LEDGER_READ, Kind::LEDGER_REPLACE, Kind::REJECTS, Kind::BARS];
    // A third of the partitions each: S3 never has the call, S3 has it long after, S3 has it and nobody the answer.
    let holds = [Fault::HoldRequest, Fault::HoldRequest, Fault::HoldAnswer];
    let pairs = holds.into_iter().flat_map(|hold| kinds.map(|kind| Rule::new(kind, hold)));
    let rules: Vec<Rule> = (0..PARTITIONS).zip(pairs).map(|(partition, rule)| rule.partition(partition)).collect();
    let late = PARTITIONS / 3..PARTITIONS / 3 * 2;

    // Only a process that does not know the ledger reads it.
    rig.restart_function().await?;
    rig.plan(&topic, rules);
    rig.publish(30).await?;
    let held = rig.held(PARTITIONS.unsigned_abs() as usize).await?;
    rig.kill(&held)?;
    let is_late = |partition: Option<i32>| partition.is_some_and(|partition| late.contains(&partition));
    let (late, dropped): (Vec<_>, Vec<_>) = held.into_iter().partition(|held| is_late(held.call.partition));
    drop(dropped);
    land(&rig.stack).await?;
    for held in late {
        held.release().await;
    }
    rig.settle("kill -9 at each kind of call").await
}
