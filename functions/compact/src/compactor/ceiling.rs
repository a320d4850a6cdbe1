use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::FutureExt;
use shared::event::Event;
use shared::key::Keys;
use shared::landing::{Kind, Object};
use shared::run::{Lot, Run};
use store::{Memory, Store};

use super::*;
use crate::catalog::NoCatalog;

/// A week, and a bit.
const HOURS: i64 = 200;
const PARTITIONS: i32 = 3;
/// 2026-01-05T00
const FIRST: Hour = Hour(491_064);

/// One record of each partition.
fn land(lake: &Memory, hour: Hour, nth: i64) {
    for partition in 0..PARTITIONS {
        let bar = format!(
            r#"{{"Index":"SYM{partition}","Date":"2026-01-02","Open":1,"High":1,"Low":1,"Close":{nth},"Volume":0}}"#
        );
        let record = format!(r#"{{"offset":{nth},"timestamp":{},"value":"{}"}}"#, hour.start().0, STANDARD.encode(bar));
        let text = format!(r#"{{"eventSource":"SelfManagedKafka","records":{{"t-{partition}":[{record}]}}}}"#);
        let event = Event::parse(&text).unwrap();
        let batch = &event.batches[0];
        let run = Run::new(batch.topic, batch.partition, &batch.records).unwrap();
        let body = run.decode(hour.start(), Lot { life: 1, undecided: false }).to_parquet();
        let key = Keys { topic: "t", partition }.bars(1, (nth, nth), 1, hour.start());
        assert!(lake.create(Object { key, body, kind: Kind::Bars }).now_or_never().unwrap().unwrap());
    }
}

#[test]
fn a_query_opens_few_objects_however_long_the_lake_has_been_filled() {
    let scratch = tempfile::tempdir().unwrap();
    let compactor = Compactor {
        store: Memory::default(),
        catalog: NoCatalog,
        limits: Limits::default(),
        part_grace_ms: PART_GRACE_MS,
        landed_grace_ms: None,
        scratch: scratch.path().to_owned(),
    };
    for nth in 0..HOURS {
        let hour = Hour(FIRST.0 + nth);
        land(&compactor.store, hour, nth);
        let now = LandingTime(Hour(hour.0 + 1).start().0 - 1);
        let task = Task { before: None, now, attempt: "a", late: &|| false };
        let summary = compactor.run(&task).now_or_never().unwrap().unwrap();
        let (manifest, _) = compactor.manifest().now_or_never().unwrap().unwrap();
        let landed = compactor.store.objects("bars/").into_iter();
        let open = landed.filter(|(key, _)| Hour::of_key(key).unwrap() >= manifest.through).count();
        // The hour that runs, and those that are left alone.
        let hours = usize::try_from(HOURS_LEFT_ALONE + 1).unwrap();
        assert!(open <= hours * usize::try_from(PARTITIONS).unwrap(), "{open} objects are open after {nth} hours");
        for table in Table::ALL {
            // Each is more than twice as large as all that are newer; and one of them is new.
            let most = 1 + usize::try_from((nth + 1).ilog(3)).unwrap();
            let parts = manifest.parts(table).len();
            assert!(parts <= most + 1, "{parts} parts of {} after {nth} hours", table.name());
        }
        assert!(!summary.more);
    }
    let (manifest, _) = compactor.manifest().now_or_never().unwrap().unwrap();
    let rows: u64 = manifest.bars.iter().map(|part| part.rows).sum();
    let merged = HOURS - 1 - HOURS_LEFT_ALONE;
    assert_eq!(rows, u64::try_from(merged * i64::from(PARTITIONS)).unwrap());
}
