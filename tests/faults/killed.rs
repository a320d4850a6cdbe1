//! `kill -9` of the function's process at each kind of call: before S3 has it, and before its answer is there. The event source
//! delivers again.

use anyhow::Result;
use tests::land;

use crate::plan::{Fault, Kind, Rule, by_partition};
use crate::rig::Rig;

pub(crate) async fn a_killed_process_costs_nothing(rig: &mut Rig) -> Result<()> {
    let kinds = [Kind::LEDGER_READ, Kind::LEDGER_REPLACE, Kind::REJECTS, Kind::BARS];
    // Four partitions each: S3 never gets the call, S3 gets it long after, S3 has done it and nobody gets the answer.
    let holds = [Fault::HoldRequest, Fault::HoldRequest, Fault::HoldAnswer];
    let late = 4..8;

    // Only a process that does not know the ledger reads it.
    rig.restart_patient_function().await?;
    let rules = by_partition(holds.into_iter().flat_map(|hold| kinds.map(|kind| Rule::new(kind, hold))));
    let calls = rules.len();
    rig.plan(rig.stack.topic(), rules);
    rig.publish(30).await?;
    let held = rig.held(calls).await?;
    rig.kill(&held)?;
    let (late, never): (Vec<_>, Vec<_>) =
        held.into_iter().partition(|held| held.call.partition.is_some_and(|partition| late.contains(&partition)));
    drop(never);
    land(&rig.stack).await?;
    for held in late {
        held.release().await;
    }
    rig.settle("kill -9 at each kind of call").await
}
