//! `kill -9` of the program at each of its requests in turn: before it reaches AWS, and after it was carried out but before the answer is
//! seen. Whoever reads then sees each row once; and the next run does what is left to do.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use shared::key::{Hour, LandingTime};

use crate::lake::{DAY_MS, Lab};
use crate::program;
use crate::proxy::{Fate, Moment, Proxy, Which};
use crate::rows::{self, check_same};
use crate::trodden::{self, Trodden};

const SIDE_BY_SIDE: usize = 3;

#[expect(clippy::print_stdout, reason = "cargo shows it of a test that fails, or is asked to")]
pub(crate) async fn a_compactor_may_be_killed_at_any_request(lab: &Lab) -> Result<()> {
    let started = Instant::now();
    let trodden = trodden::make(lab, "trodden").await?;
    let calls = undisturbed(lab, &trodden).await?;
    // A read that was carried out leaves nothing behind: to be killed after it is to be killed before the next request.
    let rounds = (1..=calls.len())
        .flat_map(|number| [(number, Moment::Before), (number, Moment::After)])
        .filter(|(number, moment)| *moment == Moment::Before || !is_read(&calls[number - 1]));
    let rounds: Vec<_> = rounds.collect();
    let killed: Vec<bool> = stream::iter(&rounds)
        .map(async |(number, moment)| {
            let what = format!("killed {moment:?} request {number}, {}", calls[number - 1]);
            round(lab, &trodden, *number, *moment).await.context(what)
        })
        .buffer_unordered(SIDE_BY_SIDE)
        .try_collect()
        .await?;
    let killed = killed.into_iter().filter(|killed| *killed).count();
    // Requests that are under way side by side may be one more or less.
    ensure!(killed + 4 >= rounds.len(), "of {} rounds only {killed} came to their request", rounds.len());
    println!("{:6.1} s  killed {killed} times, at each of {} requests", started.elapsed().as_secs_f64(), calls.len());
    Ok(())
}

/// The requests of a run to which nothing happens; it must do something at each step.
async fn undisturbed(lab: &Lab, trodden: &Trodden) -> Result<Vec<String>> {
    let lake = lab.copy(&trodden.lake, &trodden.objects, "undisturbed").await?;
    let proxy = Proxy::start(&lab.endpoint).await?;
    let function = program::start(&lake, proxy.address);
    function.begin("{}".to_owned());
    let answer = program::end(function).await?.map_err(anyhow::Error::msg)?;
    for (step, least) in [("switches", 1), ("objects", 3), ("fenced", 1), ("hollowed", 2), ("removed", 4), ("parts", 2)]
    {
        ensure!(answer[step].as_u64() >= Some(least), "{step}: {answer}");
    }
    check_same("a run to which nothing happens", &trodden.rows, &rows::read(&lake).await?)?;
    lake.check_order("a run to which nothing happens").await?;
    Ok(proxy.calls())
}

/// Whether the process was killed: it came so far.
async fn round(lab: &Lab, trodden: &Trodden, number: usize, moment: Moment) -> Result<bool> {
    let lake = lab.copy(&trodden.lake, &trodden.objects, &format!("killed-{number}-{moment:?}").to_lowercase()).await?;
    let proxy = Proxy::start(&lab.endpoint).await?;
    let function = program::start(&lake, proxy.address);
    proxy.plan(Which::Number(number), moment, Fate::Killed(function.id()));
    function.begin("{}".to_owned());
    let answer = program::end(function).await?;
    let killed = !proxy.is_planned();
    ensure!(answer.is_err() == killed, "{answer:?}");

    check_same("after it was killed", &trodden.rows, &rows::read(&lake).await?)?;
    lake.compact(None, trodden.now, 1).await?;
    check_same("after the next run", &trodden.rows, &rows::read(&lake).await?)?;
    lake.check_order("after the next run").await?;
    let manifest = lake.manifest().await?;
    let wanted = Hour(Hour::of(trodden.now).0 - 2);
    // The killed one may have begun in the next hour.
    ensure!(manifest.through >= wanted, "compacted up to {}, not {wanted}", manifest.through);
    // The first day is hollow, the others are too new.
    let landed = rows::of_folders(&lake, Hour::default()).await?.len();
    ensure!(landed == trodden.landed_rows, "{landed} rows are left where they landed, not {}", trodden.landed_rows);

    if number.is_multiple_of(8) {
        let later = LandingTime(trodden.now.0 + 2 * DAY_MS);
        lake.compact(None, later, 1).await?;
        check_same("after the grace", &trodden.rows, &rows::read(&lake).await?)?;
        lake.check_order("after the grace").await?;
        let manifest = lake.manifest().await?;
        // Of its own switch.
        ensure!(manifest.retired.iter().all(|retired| retired.at_ms == later.0), "{manifest:?}");
    }
    lake.forget().await?;
    Ok(killed)
}

fn is_read(call: &str) -> bool {
    call.starts_with("GET ") || call.starts_with("HEAD ") || call.contains("AWSGlue.Get")
}
