//! Two compactors of one lake at once: nothing is doubled, nothing is missing, and the one that comes too late says so without an error.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use shared::key::LandingTime;

use crate::lake::{DAY_MS, Lab, Lake};
use crate::program;
use crate::proxy::{Fate, Moment, Proxy, Which};
use crate::rows::{self, check_same};
use crate::trodden::{self, Trodden};

const STARTED_TOGETHER: usize = 3;

/// Where one of them is held until the other is done.
const HELD: [(&str, Which); 8] = [
    ("the first request", Which::Number(1)),
    ("the seal", Which::First("PUT", "catalog/seal.json")),
    ("a ledger", Which::First("PUT", "ledger/")),
    ("a fence", Which::First("PUT", "bars/dt=")),
    ("a part", Which::First("PUT", "compacted/bars/")),
    ("the registration", Which::First("POST", "BatchCreatePartition")),
    ("the manifest", Which::First("PUT", "catalog/bars.json")),
    ("a view", Which::First("POST", "UpdateTable")),
];
/// Where the one is a day late: what it holds on to the other has removed.
const HELD_FOR_A_DAY: [(&str, Which); 5] = [
    ("a landed object", Which::First("GET", "bars/dt=")),
    ("a part", Which::First("PUT", "compacted/daily/")),
    ("the manifest", Which::First("PUT", "catalog/bars.json")),
    ("the removal of a part", Which::First("DELETE", "compacted/")),
    ("an object to be hollowed", Which::First("PUT", "bars/dt=")),
];

#[expect(clippy::print_stdout, reason = "cargo shows it of a test that fails, or is asked to")]
pub(crate) async fn two_compactors_do_no_harm(lab: &Lab) -> Result<()> {
    let started = Instant::now();
    let trodden = trodden::make(lab, "two").await?;
    for time in 0..STARTED_TOGETHER {
        together(lab, &trodden, time).await.with_context(|| format!("two at once, time {time}"))?;
    }
    println!("{:6.1} s  two compactors at once", started.elapsed().as_secs_f64());
    for (number, (what, which)) in HELD.iter().enumerate() {
        for moment in [Moment::Before, Moment::After] {
            let name = format!("held-{number}-{moment:?}").to_lowercase();
            let one = held(lab, &trodden, &name, which, moment, 0).await;
            let one = one.with_context(|| format!("one is held {moment:?} {what}"))?;
            println!("{:6.1} s  one held {moment:?} {what}: {one}", started.elapsed().as_secs_f64());
        }
    }
    for (number, (what, which)) in HELD_FOR_A_DAY.iter().enumerate() {
        let name = format!("held-for-a-day-{number}");
        let one = held(lab, &trodden, &name, which, Moment::Before, 2).await;
        let one = one.with_context(|| format!("one is held for two days before {what}"))?;
        println!("{:6.1} s  one held for two days before {what}: {one}", started.elapsed().as_secs_f64());
    }
    Ok(())
}

/// Two processes that are begun at the same time.
async fn together(lab: &Lab, trodden: &Trodden, time: usize) -> Result<()> {
    let lake = lab.copy(&trodden.lake, &trodden.objects, &format!("together-{time}")).await?;
    let proxy = Proxy::start(&lab.endpoint).await?;
    let both = [program::start(&lake, proxy.address), program::start(&lake, proxy.address)];
    let _ = both.iter().map(harness::Function::until_ready).max();
    for function in &both {
        function.begin("{}".to_owned());
    }
    let mut switches = 0;
    for function in both {
        let answer = program::end(function).await?.map_err(anyhow::Error::msg)?;
        switches += answer["switches"].as_u64().unwrap_or_default();
        ensure!(answer["switches"] == 1 || answer["more"] == true || answer["objects"] == 0, "{answer}");
    }
    ensure!(switches == 1, "{switches} of two switched");
    settled(&lake, trodden, 0).await
}

/// One is held at a request until the other has gone through everything, so many days later by its clock. What the one answers in the end.
async fn held(lab: &Lab, trodden: &Trodden, name: &str, which: &Which, moment: Moment, days: i64) -> Result<String> {
    let lake = lab.copy(&trodden.lake, &trodden.objects, name).await?;
    let mut proxy = Proxy::start(&lab.endpoint).await?;
    proxy.plan(which.clone(), moment, Fate::Held);
    let one = program::start(&lake, proxy.address);
    one.begin("{}".to_owned());
    let held = proxy.held().await?;
    let later = LandingTime(trodden.now.0 + days * DAY_MS);
    lake.compact(None, later, 1).await.context("the other")?;
    check_same("while one is held", &trodden.rows, &rows::read(&lake).await?)?;
    held.release();
    let answer = program::end(one).await?;
    check_same("when the one is done", &trodden.rows, &rows::read(&lake).await?)?;
    settled(&lake, trodden, days).await?;
    let answer = answer.map_err(anyhow::Error::msg).context("the one fails")?;
    Ok(format!("switches {}, more {}", answer["switches"], answer["more"]))
}

/// After one run more, all is as if there had been one compactor.
async fn settled(lake: &Lake, trodden: &Trodden, days: i64) -> Result<()> {
    check_same("before the next run", &trodden.rows, &rows::read(lake).await?)?;
    let later = LandingTime(trodden.now.0 + (days + 2) * DAY_MS);
    lake.compact(None, later, 1).await?;
    check_same("after the next run", &trodden.rows, &rows::read(lake).await?)?;
    lake.check_order("after the next run").await
}
