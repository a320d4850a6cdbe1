//! Faults on the real parts: the deployed stack on real Kafka, with a proxy before S3 that answers errors, resets connections,
//! loses answers and holds calls; `kill -9` in the middle of a run; Kafka stopped and started. After each, every published
//! record is in the lake once.

mod broker;
mod failing_calls;
mod function;
mod http;
mod killed;
mod plan;
mod proxy;
mod records;
mod recovery;
mod rig;
mod sleeping;

use anyhow::Result;

use rig::Rig;

#[tokio::test(flavor = "multi_thread")]
async fn every_record_lands_once_whatever_goes_wrong() -> Result<()> {
    let mut rig = Rig::start("faults").await?;
    failing_calls::a_failing_call_costs_nothing(&mut rig).await?;
    killed::a_killed_process_costs_nothing(&mut rig).await?;
    broker::a_broker_that_stops_costs_nothing(&mut rig).await?;
    rig.stack.pause_event_source().await?;
    sleeping::a_writer_that_wakes_up_late_adds_nothing(&mut rig).await?;
    sleeping::a_call_that_arrives_after_it_was_given_up_adds_nothing(&mut rig).await?;
    sleeping::two_writers_that_take_turns_add_nothing(&mut rig).await?;
    recovery::what_fails_after_a_crash_costs_nothing(&mut rig).await?;
    recovery::a_second_crash_costs_nothing(&mut rig).await?;
    recovery::a_crash_between_two_runs_costs_nothing(&mut rig).await?;
    rig.stack.stop().await
}
