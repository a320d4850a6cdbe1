//! Kafka stopped in the middle of a run, and started while the producer publishes.

use std::io::Write as _;

use anyhow::Result;

use crate::plan::{Fault, Kind, Rule, by_partition};
use crate::rig::Rig;

pub(crate) async fn a_broker_that_stops_costs_nothing(rig: &mut Rig) -> Result<()> {
    if !rig.stack.owns_broker() {
        // Around the capture of a passing test's output: who reads it must know.
        writeln!(
            std::io::stderr(),
            "left out: Kafka stopped and started, because KAFKA_BOOTSTRAP_SERVERS names a broker"
        )?;
        return Ok(());
    }
    rig.restart_patient_function().await?;
    rig.plan(rig.stack.topic(), by_partition([Rule::new(Kind::BARS, Fault::HoldAnswer)]));
    rig.publish(30).await?;
    let held = rig.held(1).await?;
    rig.stack.stop_broker().await?;
    // The function succeeds; the event source commits when the broker is back, or delivers the event again.
    for held in held {
        held.release().await;
    }
    let published = rig.hand_over(30)?;
    rig.stack.start_broker().await?;
    published.await?;
    rig.settle("Kafka stopped and started").await
}
