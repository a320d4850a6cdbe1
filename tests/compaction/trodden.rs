//! A small lake in which one run of `compact` has something to do at each of its steps.

use anyhow::{Context, Result, ensure};
use chrono::{NaiveDate, Utc};
use compact::catalog::Catalog as _;
use shared::key::{Hour, LandingTime};
use shared::ledger::Ledger;
use shared::manifest::Table;

use crate::lake::{DAY_MS, HOUR_MS, Lab, Lake};
use crate::rows::{self, Rows};
use crate::sent::Event;

/// The lake, and what is read there.
pub(crate) struct Trodden {
    pub(crate) lake: Lake,
    pub(crate) objects: Vec<(String, u64)>,
    pub(crate) rows: Rows,
    /// Rows of objects that are too new to be hollowed.
    pub(crate) landed_rows: usize,
    /// By the clock of the function.
    pub(crate) now: LandingTime,
}

/// Makes one: parts that are to be merged with others, a retired and an orphaned part, landed objects that are old enough to be hollowed,
/// some that are in no part, a run that has landed and is not settled, one that never will land, a folder that is not registered.
pub(crate) async fn make(lab: &Lab, name: &str) -> Result<Trodden> {
    let lake = lab.lake(name).await?;
    let now = LandingTime(Utc::now().timestamp_millis());
    let first_day = LandingTime((now.0 / DAY_MS - 5) * DAY_MS);
    let at = |day: i64, hour: i64| LandingTime(first_day.0 + day * DAY_MS + hour * HOUR_MS);
    let last_day = NaiveDate::from_ymd_opt(2026, 3, 31).context("a day")?;
    let lander = lake.lander();

    Event::new(0..2, &(0..12), last_day, at(0, 3)).land(&lander).await?;
    lake.compact(Some(Hour::of(at(0, 5))), at(0, 6), 1).await?;
    Event::new(0..2, &(12..24), last_day, at(1, 4)).land(&lander).await?;
    lake.compact(Some(Hour::of(at(1, 5))), at(1, 6), 1).await?;
    Event::new(0..2, &(24..30), last_day, at(3, 7)).land(&lander).await?;
    Event::new(0..1, &(30..34), last_day, at(3, 9)).land(&lander).await?;

    let intended = Event::new(2..3, &(0..12), last_day, at(3, 9));
    intended.land(&lander).await?;
    // As if the process had ended before it wrote the bars.
    let pending = Ledger::parse(&lake.get("ledger/g1/compacted-bars-2.json").await?)?.pending;
    let [pending] = &pending[..] else { anyhow::bail!("one run is expected to be pending: {pending:?}") };
    ensure!(pending.rejects.is_some(), "the run that never lands is expected to have rejects");
    lake.remove(&pending.bars).await?;

    let orphan = format!("{}-v0-orphan-1", Hour::of(at(0, 5)));
    for table in Table::ALL {
        lake.put(&table.key(&orphan), b"what a compactor left behind".to_vec()).await?;
        lake.catalog().register(table, std::slice::from_ref(&orphan)).await?;
    }
    // Too new to be compacted.
    Event::new(0..1, &(34..36), last_day, now).land(&lander).await?;

    let manifest = lake.manifest().await?;
    ensure!(manifest.version == 2 && manifest.bars.len() == 1 && manifest.retired.len() == 3, "{manifest:?}");
    let objects = lab.aws.list(&lake.bucket, "").await?;
    let rows = rows::read(&lake).await?;
    let landed_rows = rows::of_folders(&lake, Hour::of(at(1, 0))).await?.len();
    Ok(Trodden { lake, objects, rows, landed_rows, now })
}
