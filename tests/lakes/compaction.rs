//! The lake as it is after compaction: in some parts, and with its last hours as they have landed.

use compact::catalog::NoCatalog;
use compact::{Compactor, Limits, PART_GRACE_MS, Task};
use shared::key::{Hour, LandingTime};
use store::{Memory, Store};

/// Compacts all but the last hour of the lake, in two steps; of the landed objects, those before lose their rows.
pub(crate) async fn compact(lake: Memory) -> Memory {
    let landed = lake.list("bars/", "", usize::MAX).await.unwrap();
    let mut hours: Vec<_> = landed.iter().filter_map(|object| Hour::of_key(&object.key)).collect();
    hours.dedup();
    let Some(last) = hours.last().copied() else { return lake };
    let scratch = tempfile::tempdir().unwrap();
    let compactor = Compactor {
        store: lake,
        catalog: NoCatalog,
        limits: Limits { objects: 2, ..Limits::default() },
        part_grace_ms: PART_GRACE_MS,
        landed_grace_ms: Some(1),
        scratch: scratch.path().to_owned(),
    };
    for (step, before) in (0..).zip([hours[hours.len() / 2], last, last]) {
        let now = LandingTime(last.start().0 + (step + 2) * 3_600_000);
        let attempt = step.to_string();
        let task = Task { before: Some(before), now, attempt: &attempt, late: &|| false };
        compactor.run(&task).await.unwrap();
    }
    compactor.store
}
