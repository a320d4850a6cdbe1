use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::FutureExt as _;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type as GroupType;
use shared::event::Event;
use shared::landing::{Kind, Object};
use shared::parquet_file::{FOLDER_COLUMNS, merged_schema};
use shared::run::{Lot, Run, empty_parquet};
use store::{Memory, Store as _};

use super::*;
use crate::catalog::CatalogError;

const DAY_MS: i64 = 86_400_000;

/// What is registered, and of which version the views are.
#[derive(Default)]
struct Known {
    parts: RefCell<BTreeSet<(Table, String)>>,
    folders: RefCell<BTreeSet<Hour>>,
    views: RefCell<Vec<(Table, u64)>>,
    /// Views cannot be published.
    fails: Cell<bool>,
}

impl Catalog for Known {
    async fn parts(&self, table: Table) -> Result<Vec<String>, CatalogError> {
        Ok(self.parts.borrow().iter().filter(|(of, _)| *of == table).map(|(_, part)| part.clone()).collect())
    }

    async fn register(&self, table: Table, parts: &[String]) -> Result<(), CatalogError> {
        self.parts.borrow_mut().extend(parts.iter().map(|part| (table, part.clone())));
        Ok(())
    }

    async fn forget(&self, table: Table, parts: &[String]) -> Result<(), CatalogError> {
        self.parts.borrow_mut().retain(|(of, part)| *of != table || !parts.contains(part));
        Ok(())
    }

    async fn folders(&self, _: Hour) -> Result<Vec<Hour>, CatalogError> {
        Ok(self.folders.borrow().iter().copied().collect())
    }

    async fn register_folders(&self, folders: &[Hour]) -> Result<(), CatalogError> {
        self.folders.borrow_mut().extend(folders);
        Ok(())
    }

    async fn publish(
        &self,
        table: Table,
        version: u64,
        _: &dyn Fn(&[&str], &str) -> String,
    ) -> Result<Option<u64>, CatalogError> {
        if self.fails.get() {
            return Err(CatalogError { action: "publish", name: table.view().to_owned(), message: String::new() });
        }
        let mut views = self.views.borrow_mut();
        let ahead = views.iter().filter(|(of, _)| *of == table).map(|(_, version)| *version).max();
        let ahead = ahead.filter(|ahead| *ahead > version);
        if ahead.is_none() {
            views.push((table, version));
        }
        Ok(ahead)
    }
}

/// A lake in memory, and its compactor.
struct Lake {
    compactor: Compactor<Memory, Known>,
    _scratch: tempfile::TempDir,
}

impl Lake {
    fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let compactor = Compactor {
            store: Memory::default(),
            catalog: Known::default(),
            limits: Limits::default(),
            part_grace_ms: PART_GRACE_MS,
            landed_grace_ms: Some(7 * DAY_MS),
            scratch: scratch.path().to_owned(),
        };
        Self { compactor, _scratch: scratch }
    }

    fn put(&self, key: &str, body: Vec<u8>, kind: Kind) {
        let object = Object { key: key.to_owned(), body, kind };
        assert!(self.compactor.store.create(object).now_or_never().unwrap().unwrap());
    }

    fn land(&self, folder: &str, offset: i64) {
        self.put(&format!("bars/{folder}/t-0-{offset}.parquet"), row(offset), Kind::Bars);
    }

    /// Compacts at this time all that is two hours old.
    fn compact(&self, at: &str) -> Result<Summary, CompactError> {
        self.compact_within(at, false)
    }

    /// As much of it as there is time for.
    fn compact_within(&self, at: &str, is_late: bool) -> Result<Summary, CompactError> {
        let now = time(at);
        let task = Task { before: None, now, attempt: &manifest::attempt(now, "event"), late: &|| is_late };
        self.compactor.run(&task).now_or_never().unwrap()
    }

    fn rows(&self) -> Vec<u64> {
        self.manifest().bars.iter().map(|part| part.rows).collect()
    }

    fn keys(&self, prefix: &str) -> Vec<String> {
        self.compactor.store.objects(prefix).into_iter().map(|(key, _)| key).collect()
    }

    fn kind(&self, key: &str) -> Option<Kind> {
        self.compactor.store.find(key).now_or_never().unwrap().unwrap()
    }

    fn manifest(&self) -> Manifest {
        self.compactor.manifest().now_or_never().unwrap().unwrap().0
    }
}

fn time(at: &str) -> LandingTime {
    LandingTime(at.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp_millis())
}

/// An object with one row.
fn row(offset: i64) -> Vec<u8> {
    let bar = r#"{"Index":"X","Date":"2024-01-02","Open":1,"High":1,"Low":1,"Close":1,"Volume":1}"#;
    let value = STANDARD.encode(bar);
    let event = format!(r#"{{"records":{{"t-0":[{{"offset":{offset},"timestamp":7,"value":"{value}"}}]}}}}"#);
    let event = Event::parse(&event).unwrap();
    let run = Run::new("t", 0, &event.batches[0].records).unwrap();
    run.decode(LandingTime(0), Lot { life: 1, undecided: false }).to_parquet()
}

#[test]
fn landed_objects_are_hollowed_after_their_grace_and_fences_of_any_size_stay_fences() {
    let lake = Lake::new();
    lake.land("dt=2026-11-20/hour=03", 1);
    let schema = merged_schema();
    let columns = schema.get_fields().iter().filter(|column| !FOLDER_COLUMNS.contains(&column.name()));
    let schema = GroupType::group_type_builder("bars").with_fields(columns.cloned().collect()).build().unwrap();
    let remark = KeyValue { key: "made by".to_owned(), value: Some("a version of before".to_owned()) };
    let properties = WriterProperties::builder().set_key_value_metadata(Some(vec![remark])).build();
    let fence = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties)).unwrap();
    let fence = fence.into_inner().unwrap();
    assert!(fence.len() > empty_parquet().len());
    lake.put("bars/dt=2026-11-20/hour=03/t-0-2.parquet", fence, Kind::Fence);
    lake.put("bars/dt=2026-11-20/hour=03/t-0-3.parquet", empty_parquet(), Kind::Fence);

    let summary = lake.compact("2026-11-22T12:00:00Z").unwrap();
    assert_eq!((summary.objects, summary.rows, summary.hollowed), (3, 1, 0));
    assert_eq!(lake.compact("2026-11-29T11:00:00Z").unwrap().hollowed, 0);
    let summary = lake.compact("2026-11-29T12:00:00Z").unwrap();
    assert_eq!((summary.hollowed, summary.strange_days), (1, 0));
    let kinds = [1, 2, 3].map(|at| lake.kind(&format!("bars/dt=2026-11-20/hour=03/t-0-{at}.parquet")).unwrap());
    assert_eq!(kinds, [Kind::Hollow, Kind::Fence, Kind::Fence]);
    assert!(lake.manifest().landed.is_empty());
}

#[test]
fn nothing_is_merged_or_removed_while_the_manifest_is_gone_or_an_older_one() {
    let lake = Lake::new();
    lake.land("dt=2026-11-20/hour=03", 1);
    lake.compact("2026-11-21T12:00:00Z").unwrap();
    let (key, older) = lake.compactor.store.objects(manifest::KEY).remove(0);
    lake.land("dt=2026-11-21/hour=19", 2);
    lake.compact("2026-11-22T12:00:00Z").unwrap();
    assert_eq!(lake.compact("2026-11-30T12:00:00Z").unwrap().hollowed, 2);
    let parts = lake.keys("compacted/");
    assert_eq!(parts.len(), 3);

    lake.compactor.store.remove(&key).now_or_never().unwrap().unwrap();
    for at in ["2026-11-30T13:00:00Z", "2026-11-30T14:00:00Z"] {
        let error = lake.compact(at).unwrap_err();
        assert!(matches!(error, CompactError::NoManifest), "{error}");
    }
    assert!(lake.keys(&key).is_empty());
    // Its first hour that is in no part has an object that is hollow: its rows are in a part.
    lake.put(&key, older, Kind::Bars);
    for at in ["2026-11-30T15:00:00Z", "2026-11-30T16:00:00Z"] {
        let error = lake.compact(at).unwrap_err();
        assert!(matches!(&error, CompactError::Hollow(key) if key.ends_with("t-0-2.parquet")), "{error}");
    }
    // So whoever takes back the newest has everything back.
    assert_eq!(lake.keys("compacted/"), parts);
}

#[test]
fn a_first_compaction_that_fails_leaves_a_manifest_and_the_next_goes_on() {
    let lake = Lake::new();
    lake.put("bars/dt=2026-11-20/hour=03/bad.parquet", b"no parquet".to_vec(), Kind::Bars);
    lake.compact("2026-11-22T12:00:00Z").unwrap_err();
    assert_eq!((lake.manifest(), lake.keys(SEAL).len()), (Manifest::default(), 1));
    lake.compactor.store.remove("bars/dt=2026-11-20/hour=03/bad.parquet").now_or_never().unwrap().unwrap();
    lake.land("dt=2026-11-20/hour=03", 1);
    assert_eq!(lake.compact("2026-11-22T13:00:00Z").unwrap().objects, 1);
}

#[test]
fn a_retention_that_is_turned_on_later_counts_for_what_was_compacted_before() {
    let mut lake = Lake::new();
    lake.compactor.landed_grace_ms = None;
    lake.land("dt=2026-11-19/hour=03", 1);
    lake.land("dt=2026-11-20/hour=03", 2);
    lake.compact("2026-11-20T06:00:00Z").unwrap();
    lake.compactor.landed_grace_ms = Some(7 * DAY_MS);
    lake.land("dt=2026-11-20/hour=09", 3);
    lake.land("dt=2026-11-21/hour=09", 4);
    lake.compact("2026-11-20T12:00:00Z").unwrap();
    lake.compact("2026-11-21T12:00:00Z").unwrap();
    lake.compactor.landed_grace_ms = None;
    lake.land("dt=2026-11-22/hour=09", 5);
    lake.compact("2026-11-22T12:00:00Z").unwrap();
    lake.compactor.landed_grace_ms = Some(7 * DAY_MS);
    lake.land("dt=2026-11-23/hour=09", 6);
    lake.compact("2026-11-23T12:00:00Z").unwrap();
    let summary = lake.compact("2026-12-24T12:00:00Z").unwrap();
    // Of the last day not all hours are in parts.
    assert_eq!((summary.hollowed, summary.strange_days), (5, 0));
    assert_eq!(lake.kind("bars/dt=2026-11-20/hour=03/t-0-2.parquet"), Some(Kind::Hollow));
    assert_eq!(lake.kind("bars/dt=2026-11-23/hour=09/t-0-6.parquet"), Some(Kind::Bars));
}

#[test]
fn a_day_with_an_object_more_or_another_is_strange_and_one_that_was_removed_is_not() {
    let lake = Lake::new();
    lake.land("dt=2026-11-18/hour=03", 5);
    lake.land("dt=2026-11-19/hour=03", 1);
    lake.land("dt=2026-11-20/hour=03", 2);
    lake.land("dt=2026-11-21/hour=03", 3);
    lake.compact("2026-11-22T12:00:00Z").unwrap();
    lake.land("dt=2026-11-19/hour=03", 4);
    lake.compactor.store.remove("bars/dt=2026-11-18/hour=03/t-0-5.parquet").now_or_never().unwrap().unwrap();
    lake.land("dt=2026-11-18/hour=03", 6);
    lake.compactor.store.remove("bars/dt=2026-11-20/hour=03/t-0-2.parquet").now_or_never().unwrap().unwrap();
    let summary = lake.compact("2026-12-22T12:00:00Z").unwrap();
    assert_eq!((summary.hollowed, summary.strange_days), (1, 2));
    assert_eq!(lake.kind("bars/dt=2026-11-19/hour=03/t-0-1.parquet"), Some(Kind::Bars));
}

#[test]
fn views_and_folders_are_there_also_if_nothing_can_be_merged() {
    let lake = Lake::new();
    lake.put("bars/dt=2026-11-20/hour=03/bad.parquet", b"no parquet".to_vec(), Kind::Bars);
    lake.land("dt=2026-11-20/hour=04", 1);
    let error = lake.compact("2026-11-22T12:00:00Z").unwrap_err().to_string();
    assert!(error.contains("bad.parquet"), "{error}");
    assert_eq!(*lake.compactor.catalog.views.borrow(), Table::ALL.map(|table| (table, 0)));
    let folders: Vec<_> = lake.compactor.catalog.folders.borrow().iter().map(ToString::to_string).collect();
    assert_eq!(folders, ["2026-11-20T03", "2026-11-20T04"]);
}

#[test]
fn what_is_no_ledger_is_not_sealed_and_a_ledger_that_cannot_be_read_is_named() {
    let lake = Lake::new();
    for key in ["ledger/", "ledger/g1/", "ledger/g1/t-0.json.bak"] {
        lake.put(key, Vec::new(), Kind::Bars);
    }
    lake.land("dt=2026-11-20/hour=03", 1);
    assert_eq!(lake.compact("2026-11-22T12:00:00Z").unwrap().objects, 1);
    assert_eq!(lake.keys(SEAL).len(), 1);
    lake.put("ledger/g1/t-0.json", b"{}".to_vec(), Kind::Bars);
    lake.land("dt=2026-11-22/hour=12", 2);
    let error = lake.compact("2026-11-22T16:00:00Z").unwrap_err().to_string();
    assert!(error.contains("cannot seal ledger/g1/t-0.json"), "{error}");
}

#[test]
fn an_hour_of_several_groups_becomes_several_parts_of_either_table() {
    let mut lake = Lake::new();
    lake.compactor.limits.bytes = 1;
    for offset in 0..3 {
        lake.land("dt=2026-11-20/hour=03", offset);
    }
    let summary = lake.compact("2026-11-22T12:00:00Z").unwrap();
    assert_eq!((summary.rows, summary.switches, summary.parts), (3, 1, 9));
    // With the next ones they are merged.
    lake.land("dt=2026-11-22/hour=12", 3);
    let summary = lake.compact("2026-11-22T16:00:00Z").unwrap();
    let manifest = lake.manifest();
    assert_eq!((summary.rows, manifest.bars.len(), manifest.daily.len()), (1, 1, 1));
    assert_eq!((manifest.bars[0].rows, manifest.daily[0].rows), (4, 1));
    let span = (manifest.bars[0].from.to_string(), manifest.bars[0].through.to_string());
    assert_eq!(span, ("2026-11-20T03".to_owned(), "2026-11-22T14".to_owned()));
}

#[test]
fn a_part_that_is_not_what_was_written_is_not_merged() {
    let [lake, other] = [1, 9].map(|offset| {
        let lake = Lake::new();
        lake.land("dt=2026-11-20/hour=03", offset);
        lake.compact("2026-11-22T12:00:00Z").unwrap();
        lake
    });
    let body = other.compactor.store.objects("compacted/bars/").remove(0).1;
    let key = lake.keys("compacted/bars/").remove(0);
    lake.compactor
        .store
        .overwrite(Object { key: key.clone(), body, kind: Kind::Bars })
        .now_or_never()
        .unwrap()
        .unwrap();
    lake.land("dt=2026-11-22/hour=12", 2);
    let error = lake.compact("2026-11-22T16:00:00Z").unwrap_err();
    assert!(matches!(&error, CompactError::Differs(part) if *part == key), "{error}");
}

#[test]
fn what_was_sealed_by_one_that_died_stays_sealed() {
    let lake = Lake::new();
    lake.put(manifest::KEY, Manifest::default().to_bytes(), Kind::Bars);
    let seal = br#"{"sealed":"2026-11-22T13"}"#.to_vec();
    lake.put(SEAL, seal.clone(), Kind::Bars);
    lake.land("dt=2026-11-20/hour=03", 1);
    assert_eq!(lake.compact("2026-11-22T12:00:00Z").unwrap().through.to_string(), "2026-11-22T10");
    assert_eq!(lake.compactor.store.objects(SEAL).remove(0).1, seal);
}

#[test]
fn parts_that_a_view_may_still_name_are_not_removed() {
    let lake = Lake::new();
    lake.land("dt=2026-11-20/hour=03", 1);
    lake.compact("2026-11-20T12:00:00Z").unwrap();
    lake.land("dt=2026-11-20/hour=12", 2);
    lake.compactor.catalog.fails.set(true);
    lake.compact("2026-11-20T16:00:00Z").unwrap_err();
    let parts = lake.keys("compacted/");
    assert_eq!((parts.len(), lake.manifest().retired.len()), (6, 3));
    lake.compact("2026-11-22T12:00:00Z").unwrap_err();
    assert_eq!(lake.keys("compacted/"), parts);
    lake.compactor.catalog.fails.set(false);
    assert_eq!(lake.compact("2026-11-22T13:00:00Z").unwrap().removed, 3);
}

/// Three objects of one hour, each of which is as much as a part is made of at once.
fn large_hour() -> Lake {
    let mut lake = Lake::new();
    lake.compactor.limits.bytes = 1;
    for offset in 0..3 {
        lake.land("dt=2026-11-20/hour=03", offset);
    }
    lake
}

#[test]
fn an_hour_that_is_too_large_for_one_invocation_is_gone_on_with_by_the_next() {
    let lake = large_hour();
    for (at, parts) in [("2026-11-22T12:00:00Z", 3), ("2026-11-22T13:00:00Z", 6)] {
        let summary = lake.compact_within(at, true).unwrap();
        assert!(summary.more && summary.switches == 0 && lake.rows().is_empty(), "{summary:?}");
        assert_eq!(lake.keys("compacted/").len(), parts);
    }
    let summary = lake.compact_within("2026-11-22T14:00:00Z", true).unwrap();
    assert_eq!((summary.more, summary.switches, summary.rows, summary.parts), (false, 1, 3, 9));
    assert_eq!(lake.rows(), [1, 1, 1]);
    // What is noted of an hour that is done helps nobody.
    lake.land("dt=2026-11-22/hour=13", 3);
    assert_eq!(lake.compact("2026-11-22T16:00:00Z").unwrap().rows, 1);
    assert_eq!(lake.rows(), [4]);
}

#[test]
fn what_was_noted_of_a_large_hour_is_of_no_use_if_a_part_is_gone_or_the_note_is_no_json() {
    for breaks in [
        |lake: &Lake| {
            let part = lake.keys("compacted/bars/").remove(0);
            lake.compactor.store.remove(&part).now_or_never().unwrap().unwrap();
        },
        |lake: &Lake| {
            let key = "catalog/progress.json";
            lake.compactor.store.remove(key).now_or_never().unwrap().unwrap();
            lake.put(key, b"{".to_vec(), Kind::Bars);
        },
    ] {
        let lake = large_hour();
        lake.compact_within("2026-11-22T12:00:00Z", true).unwrap();
        breaks(&lake);
        assert_eq!(lake.compact("2026-11-22T13:00:00Z").unwrap().rows, 3);
        assert_eq!(lake.rows(), [1, 1, 1]);
        lake.compact("2026-11-22T14:00:00Z").unwrap();
        assert_eq!(lake.keys("compacted/").len(), 9, "what the first has made is removed");
    }
}

#[test]
fn parts_of_invocations_that_died_are_removed_though_none_succeeds() {
    let lake = Lake::new();
    lake.land("dt=2026-11-20/hour=03", 1);
    lake.compact("2026-11-20T12:00:00Z").unwrap();
    lake.put("bars/dt=2026-11-20/hour=12/bad.parquet", b"no parquet".to_vec(), Kind::Bars);
    let version = lake.manifest().version;
    let left = |at| {
        let id = manifest::part_id("2026-11-20T13".parse().unwrap(), version, &manifest::attempt(time(at), "dead"), 1);
        lake.put(&Table::Bars.key(&id), b"half of it".to_vec(), Kind::Bars);
    };
    left("2026-11-20T15:30:00Z");
    // It may still be at work.
    lake.compact("2026-11-20T16:00:00Z").unwrap_err();
    assert_eq!((lake.keys("compacted/").len(), lake.manifest().version), (4, version));
    // From now on it cannot switch.
    lake.compact("2026-11-20T17:00:00Z").unwrap_err();
    assert_eq!((lake.keys("compacted/").len(), lake.manifest().version), (4, version + 1));
    lake.compact("2026-11-20T18:00:00Z").unwrap_err();
    assert_eq!((lake.keys("compacted/").len(), lake.manifest().version), (3, version + 1));
}

#[test]
fn after_an_older_manifest_was_restored_the_views_say_what_it_says_from_the_next_switch_on() {
    let mut lake = Lake::new();
    lake.compactor.landed_grace_ms = None;
    lake.land("dt=2026-11-20/hour=03", 1);
    lake.compact("2026-11-20T12:00:00Z").unwrap();
    let (key, older) = lake.compactor.store.objects(manifest::KEY).remove(0);
    for (offset, hour) in (2..).zip(13..17) {
        lake.land(&format!("dt=2026-11-20/hour={hour}"), offset);
        lake.compact(&format!("2026-11-20T{}:00:00Z", hour + 3)).unwrap();
    }
    let newest = lake.manifest().version;
    let parts = lake.keys("compacted/");
    lake.compactor.store.remove(&key).now_or_never().unwrap().unwrap();
    lake.put(&key, older, Kind::Bars);
    // What the views may name stays until they say what the manifest says.
    lake.compactor.limits.objects = 1;
    let summary = lake.compact_within("2026-11-23T12:00:00Z", true).unwrap();
    assert_eq!((summary.switches, summary.more, summary.removed), (1, true, parts.len() - 3));
    assert!(lake.manifest().version > newest);
    assert!(lake.compactor.catalog.views.borrow().contains(&(Table::Bars, lake.manifest().version)));
    assert_eq!(lake.compact("2026-11-23T13:00:00Z").unwrap().rows, 3);
    assert_eq!(lake.rows().iter().sum::<u64>(), 5);
}

#[test]
fn parts_of_a_manifest_that_is_gone_stay() {
    let lake = Lake::new();
    lake.land("dt=2026-11-20/hour=03", 1);
    lake.compact("2026-11-20T12:00:00Z").unwrap();
    let parts = lake.keys("compacted/");
    lake.compactor.store.remove(manifest::KEY).now_or_never().unwrap().unwrap();
    lake.land("dt=2026-11-20/hour=13", 2);
    for at in ["2026-11-20T16:00:00Z", "2026-11-20T18:00:00Z", "2026-11-21T18:00:00Z"] {
        assert!(matches!(lake.compact(at), Err(CompactError::NoManifest)));
        assert_eq!((lake.keys("compacted/"), lake.keys(manifest::KEY).len()), (parts.clone(), 0));
    }
}

#[test]
fn what_was_put_among_the_done_of_a_large_hour_is_merged_too() {
    let lake = large_hour();
    lake.compact_within("2026-11-22T12:00:00Z", true).unwrap();
    lake.put("bars/dt=2026-11-20/hour=03/by-hand.parquet", row(9), Kind::Bars);
    assert_eq!(lake.compact("2026-11-22T13:00:00Z").unwrap().rows, 4);
    assert_eq!(lake.rows().iter().sum::<u64>(), 4);
}

#[test]
fn a_large_hour_is_gone_on_with_while_parts_of_before_expire_and_days_are_hollowed() {
    let mut lake = Lake::new();
    lake.compactor.landed_grace_ms = Some(DAY_MS);
    // Each switch retires the parts before it.
    for hour in 0..24_i64 {
        lake.land(&format!("dt=2026-11-19/hour={hour:02}"), hour);
        let at = Hour("2026-11-19T03".parse::<Hour>().unwrap().0 + hour).start().rfc3339();
        lake.compact(&at).unwrap();
    }
    let switches = lake.manifest().version;
    lake.compactor.limits.bytes = 1;
    for offset in 100..103 {
        lake.land("dt=2026-11-20/hour=01", offset);
    }
    for (at, is_done) in
        [("2026-11-20T04:30:00Z", false), ("2026-11-20T05:30:00Z", false), ("2026-11-20T06:30:00Z", true)]
    {
        let summary = lake.compact_within(at, true).unwrap();
        assert_eq!((summary.switches, summary.more), (usize::from(is_done), !is_done), "{at}: {summary:?}");
    }
    assert!(lake.manifest().version > switches);
    assert_eq!(lake.rows().iter().sum::<u64>(), 27);
    // What had to wait.
    assert!(lake.compact("2026-11-22T12:00:00Z").unwrap().hollowed > 0);
}
