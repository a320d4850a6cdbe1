//! The sleeping writer: an invocation stops at one call while others land what it was to land, cut differently, and then goes on.

use anyhow::Result;

use crate::plan::{Fault, Kind, Rule, by_partition};
use crate::records::event;
use crate::rig::Rig;

const HOLDS: [Fault; 2] = [Fault::HoldRequest, Fault::HoldAnswer];

pub(crate) async fn a_writer_that_wakes_up_late_adds_nothing(rig: &mut Rig) -> Result<()> {
    let topic = rig.topic("sleeping");
    for (first, swap) in [(0, Kind::LEDGER_CREATE), (60, Kind::LEDGER_REPLACE)] {
        let kinds = [Kind::LEDGER_READ, swap, Kind::REJECTS, Kind::BARS];
        let rules = by_partition(HOLDS.into_iter().flat_map(|hold| kinds.map(|kind| Rule::new(kind, hold))));
        let (calls, partitions) = (rules.len(), 8);
        rig.note_published(&topic, partitions, first + 60);

        // Only a process that does not know the ledger reads it.
        rig.restart_patient_function().await?;
        rig.plan(&topic, rules);
        let event_of = |offsets| event(&topic, 0..partitions, offsets);
        let sleeper = event_of(first..first + 40);
        let asleep = rig.invoke(sleeper.clone());
        let held = rig.held(calls).await?;
        // The emulator starts a second process for what is invoked beside the first.
        rig.deliver(&event_of(first..first + 25)).await?;
        rig.deliver(&event_of(first + 25..first + 60)).await?;
        for held in held {
            held.release().await;
        }
        // It may have failed; whether it knows is asked with its event again.
        let _ = asleep.await?;
        rig.deliver(&sleeper).await?;
        rig.check(&format!("a writer asleep at each kind of call, {swap} among them")).await?;
    }
    Ok(())
}

/// The function gives a call up, tries again, and is done, before S3 gets the call or the answer gets back.
pub(crate) async fn a_call_that_arrives_after_it_was_given_up_adds_nothing(rig: &mut Rig) -> Result<()> {
    let topic = rig.topic("given-up-calls");
    let partitions = 8;
    let event_of = |offsets| event(&topic, 0..partitions, offsets);
    rig.note_published(&topic, partitions, 60);
    rig.restart_patient_function().await?;
    rig.plan(&topic, Vec::new());
    rig.deliver(&event_of(0..10)).await?;

    rig.restart_patient_function().await?;
    let kinds = [Kind::LEDGER_READ, Kind::LEDGER_REPLACE, Kind::REJECTS, Kind::BARS];
    rig.plan(&topic, by_partition(HOLDS.into_iter().flat_map(|hold| kinds.map(|kind| Rule::new(kind, hold)))));
    let impatient = rig.invoke(event_of(0..40));
    let held = rig.held(8).await?;
    impatient.await??;
    rig.deliver(&event_of(30..60)).await?;
    for call in held {
        call.release().await;
    }
    rig.deliver(&event_of(0..60)).await?;
    rig.check("each kind of call given up and arriving late").await
}

/// One is about to write its bars, another, with a different cut, about to make that impossible: either goes on first.
pub(crate) async fn two_writers_that_take_turns_add_nothing(rig: &mut Rig) -> Result<()> {
    let kinds = [Kind::BARS_HEAD, Kind::BARS, Kind::REJECTS_BLANK, Kind::LEDGER_REPLACE];
    let partitions = 8;
    for (name, writer_first) in [("the writer", true), ("the fence", false)] {
        let topic = rig.topic(if writer_first { "writer-first" } else { "fence-first" });
        rig.note_published(&topic, partitions, 60);
        rig.restart_patient_function().await?;
        let event_of = |offsets| event(&topic, 0..partitions, offsets);

        rig.plan(&topic, by_partition((0..partitions).map(|_| Rule::new(Kind::BARS, Fault::HoldRequest))));
        let writer = rig.invoke(event_of(0..40));
        let writing = rig.held(8).await?;
        rig.plan(&topic, by_partition(HOLDS.into_iter().flat_map(|hold| kinds.map(|kind| Rule::new(kind, hold)))));
        let fencer = rig.invoke(event_of(10..60));
        let fencing = rig.held(8).await?;
        let mut turns = [(writing, writer), (fencing, fencer)];
        if !writer_first {
            turns.reverse();
        }
        for (held, invocation) in turns {
            for call in held {
                call.release().await;
            }
            // It may fail, and is delivered again below.
            let _ = invocation.await?;
        }
        rig.deliver(&event_of(0..40)).await?;
        rig.deliver(&event_of(10..60)).await?;
        rig.check(&format!("a writer and a fence at each kind of call, {name} first")).await?;
    }
    Ok(())
}
