//! A log of realistic size, landed by the deployed lander on a store that only counts: what became of each record.
//!
//! The records are tombstones, told apart by their key: their row is a line of `rejects` that is not `undecided`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;

use ingest::Lander;
use shared::event::{Batch, Event, Record};
use shared::key::{Generation, LandingTime};
use shared::landing::{Kind, Object, Outcome, Version};
use store::{Listed, Store, StoreError};

/// 2026-11-22T19:55:00Z
pub(crate) const START_MS: i64 = 1_795_377_300_000;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rec {
    pub(crate) id: u32,
    pub(crate) offset: i64,
    pub(crate) ts: Option<i64>,
}

/// Of an object, the records that it has a line of: their ids, and whether they are there as undecided.
type Lines = Vec<(u32, bool)>;

#[derive(Default)]
struct Inner {
    ledgers: HashMap<String, (Vec<u8>, u64)>,
    objects: BTreeMap<String, (Kind, Lines)>,
    writes: u64,
    requests: usize,
    /// What happens to the next request whose key begins so: it fails, done or not.
    fault: Option<(&'static str, bool)>,
}

#[derive(Default)]
pub(crate) struct Shelf(Mutex<Inner>);

impl Inner {
    fn count(&mut self, key: &str) -> Result<bool, StoreError> {
        self.requests += 1;
        match self.fault {
            Some((prefix, done)) if key.starts_with(prefix) => {
                self.fault = None;
                if done { Ok(true) } else { Err(failed(key)) }
            }
            _ => Ok(false),
        }
    }
}

/// The batches of one event are landed side by side: each request lets the others go on.
async fn others_go_on() {
    let mut had = false;
    std::future::poll_fn(|context| {
        if had {
            return std::task::Poll::Ready(());
        }
        had = true;
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

fn failed(key: &str) -> StoreError {
    StoreError { action: "write", key: key.to_owned(), message: "fault".to_owned() }
}

fn lines(body: &[u8]) -> Lines {
    let text = std::str::from_utf8(body).unwrap();
    text.lines()
        .map(|line| {
            let key = line.split(r#""kafka_key":""#).nth(1).unwrap();
            let id = key.split('"').next().unwrap().parse().unwrap();
            (id, line.contains(r#""reason":"undecided""#))
        })
        .collect()
}

impl Store for &Shelf {
    async fn read(&self, key: &str) -> Result<Option<(Vec<u8>, Version)>, StoreError> {
        others_go_on().await;
        let mut inner = self.0.lock().unwrap();
        inner.count(key)?;
        Ok(inner.ledgers.get(key).map(|(body, version)| (body.clone(), version.to_string())))
    }

    async fn swap(&self, key: &str, body: Vec<u8>, expected: Option<Version>) -> Result<Option<Version>, StoreError> {
        others_go_on().await;
        let mut inner = self.0.lock().unwrap();
        let then_fails = inner.count(key)?;
        let there = inner.ledgers.get(key).map(|(_, version)| version.to_string());
        if there != expected {
            return Ok(None);
        }
        inner.writes += 1;
        let version = inner.writes;
        inner.ledgers.insert(key.to_owned(), (body, version));
        if then_fails { Err(failed(key)) } else { Ok(Some(version.to_string())) }
    }

    async fn find(&self, key: &str) -> Result<Option<Kind>, StoreError> {
        others_go_on().await;
        let mut inner = self.0.lock().unwrap();
        inner.count(key)?;
        Ok(inner.objects.get(key).map(|(kind, _)| *kind))
    }

    async fn create(&self, object: Object) -> Result<bool, StoreError> {
        others_go_on().await;
        let mut inner = self.0.lock().unwrap();
        let then_fails = inner.count(&object.key)?;
        if inner.objects.contains_key(&object.key) {
            return Ok(false);
        }
        let its = if object.kind == Kind::Rejects { lines(&object.body) } else { Vec::new() };
        let key = object.key.clone();
        inner.objects.insert(object.key, (object.kind, its));
        if then_fails { Err(failed(&key)) } else { Ok(true) }
    }

    async fn overwrite(&self, object: Object) -> Result<(), StoreError> {
        others_go_on().await;
        let mut inner = self.0.lock().unwrap();
        inner.count(&object.key)?;
        inner.objects.insert(object.key, (object.kind, lines(&object.body)));
        Ok(())
    }

    async fn list(&self, prefix: &str, _: &str, most: usize) -> Result<Vec<Listed>, StoreError> {
        let inner = self.0.lock().unwrap();
        let keys = inner.ledgers.keys().filter(|key| key.starts_with(prefix)).cloned();
        Ok(keys.map(|key| Listed { key, bytes: 0 }).take(most).collect())
    }
}

/// What became of all records that were acknowledged.
#[derive(Debug, Default, PartialEq, Clone)]
pub(crate) struct Fate {
    pub(crate) acknowledged: usize,
    pub(crate) rows: usize,
    /// There as a row more than once.
    pub(crate) twice: usize,
    /// Neither a row nor kept.
    pub(crate) gone: usize,
    /// Of these, those of which no event has said `uncertain`.
    pub(crate) silent: usize,
    /// Kept as undecided, and no row.
    pub(crate) only_kept: usize,
    /// Lines of `undecided` of records that have a row: noise.
    pub(crate) noise: usize,
    pub(crate) lives: usize,
}

pub(crate) struct Lab {
    pub(crate) shelf: &'static Shelf,
    lander: Lander<&'static Shelf>,
    pub(crate) now: i64,
    acknowledged: BTreeSet<u32>,
    /// Ids whose delivery said so many uncertain.
    excused: BTreeSet<u32>,
    pub(crate) uncertain: usize,
    next_id: u32,
    offsets: HashMap<u32, i64>,
}

impl Lab {
    pub(crate) fn new() -> Self {
        // For as long as the test runs.
        let shelf: &'static Shelf = Box::leak(Box::default());
        Self {
            shelf,
            lander: Lander::new(shelf, Generation(1)),
            now: START_MS,
            acknowledged: BTreeSet::new(),
            excused: BTreeSet::new(),
            uncertain: 0,
            next_id: 0,
            offsets: HashMap::new(),
        }
    }

    /// Another process, which knows nothing.
    pub(crate) fn cold(&mut self) {
        self.lander = Lander::new(self.shelf, Generation(1));
    }

    pub(crate) fn log(&mut self, offsets: std::ops::Range<i64>, ts: impl Fn(i64) -> Option<i64>) -> Vec<Rec> {
        offsets
            .map(|offset| {
                self.next_id += 1;
                self.offsets.insert(self.next_id, offset);
                Rec { id: self.next_id, offset, ts: ts(offset) }
            })
            .collect()
    }

    /// An event of these records, if it lands.
    pub(crate) fn try_deliver(&mut self, records: &[Rec], given_up_ms: Option<i64>) -> Result<Outcome, String> {
        self.try_deliver_logs(&[records], given_up_ms).map(|mut outcomes| outcomes.remove(0))
    }

    /// An event of records of one partition, but of so many logs.
    pub(crate) fn try_deliver_logs(
        &mut self,
        logs: &[&[Rec]],
        given_up_ms: Option<i64>,
    ) -> Result<Vec<Outcome>, String> {
        let record = |rec: &Rec| Record {
            offset: rec.offset,
            timestamp_ms: rec.ts,
            key: Some(rec.id.to_string().into()),
            value: None,
            oversized: None,
        };
        let batch = |log: &&[Rec]| Batch { topic: "t", partition: 0, records: log.iter().map(record).collect() };
        let event = Event { batches: logs.iter().map(batch).collect(), strays: Vec::new(), given_up_ms };
        let parts = futures::executor::block_on(self.lander.land_event(&event, LandingTime(self.now), None));
        let outcomes: Result<Vec<_>, _> = parts.into_iter().map(|(_, outcome)| outcome).collect();
        let outcomes = outcomes.map_err(|error| error.to_string())?;
        for (records, outcome) in logs.iter().zip(&outcomes) {
            let ids = || records.iter().map(|rec| rec.id);
            self.acknowledged.extend(ids());
            if outcome.uncertain > 0 {
                self.excused.extend(ids());
            }
            self.uncertain += outcome.uncertain;
        }
        Ok(outcomes)
    }

    /// As if no offset had been left out: what lies between was landed long before.
    pub(crate) fn close_gaps(&mut self) {
        self.cold();
        let mut inner = self.shelf.0.lock().unwrap();
        for (body, _) in inner.ledgers.values_mut() {
            let mut ledger: serde_json::Value = serde_json::from_slice(body).unwrap();
            for life in ledger["lives"].as_array_mut().unwrap() {
                if let Some(last) =
                    life["landed"].as_array().and_then(|ranges| ranges.last()).map(|range| range[1].clone())
                {
                    life["landed"] = serde_json::json!([[0, last]]);
                }
                life["filled"] = serde_json::json!([]);
            }
            for run in ledger["pending"].as_array_mut().unwrap() {
                run["gaps"] = serde_json::json!([]);
            }
            *body = ledger.to_string().into_bytes();
        }
    }

    /// Requests of all kinds so far.
    pub(crate) fn requests(&self) -> usize {
        self.shelf.0.lock().unwrap().requests
    }

    /// Rows that share life and offset with another: the key by which readers tell rows apart.
    pub(crate) fn shared_keys(&self) -> usize {
        let inner = self.shelf.0.lock().unwrap();
        let mut keys: HashMap<(String, i64), usize> = HashMap::new();
        for (key, (_, lines)) in inner.objects.iter().filter(|(key, _)| key.starts_with("rejects/")) {
            let life = key.split("-g").nth(1).unwrap().split('-').next().unwrap();
            for (id, undecided) in lines {
                if !undecided {
                    *keys.entry((life.to_owned(), self.offsets[id])).or_default() += 1;
                }
            }
        }
        keys.values().filter(|rows| **rows > 1).count()
    }

    pub(crate) fn deliver(&mut self, records: &[Rec]) -> Outcome {
        self.try_deliver(records, None).unwrap()
    }

    /// In events of so many.
    pub(crate) fn deliver_all(&mut self, records: &[Rec], size: usize) {
        for chunk in records.chunks(size) {
            if let Some(ts) = chunk.last().and_then(|rec| rec.ts) {
                self.now = self.now.max(ts.min(START_MS * 2) + 500);
            }
            self.deliver(chunk);
        }
    }

    pub(crate) fn settle(&mut self) {
        let settling = futures::executor::block_on(self.lander.settle(LandingTime(self.now), None)).unwrap();
        assert!(settling.failed.is_empty(), "{:?}", settling.failed);
    }

    pub(crate) fn ledger(&self) -> (usize, shared::ledger::Ledger) {
        let inner = self.shelf.0.lock().unwrap();
        let (body, _) = &inner.ledgers["ledger/g1/t-0.json"];
        (body.len(), shared::ledger::Ledger::parse(body).unwrap())
    }

    /// As if a version without lives had landed these.
    pub(crate) fn put_former_ledger(&mut self, log: &[Rec]) {
        let newest = log.iter().filter_map(|rec| rec.ts).max().map_or("null".to_owned(), |newest| newest.to_string());
        let last = log.last().unwrap().offset;
        let body = format!(
            r#"{{"sequence":9,"landed":[[0,{last}]],"newest_timestamp_ms":{newest},"holes_closed":0,"closed_through":null,"pending":[]}}"#
        );
        let mut inner = self.shelf.0.lock().unwrap();
        inner.writes += 1;
        let version = inner.writes;
        inner.ledgers.insert("ledger/g1/t-0.json".to_owned(), (body.into_bytes(), version));
    }

    pub(crate) fn fault(&mut self, prefix: &'static str, done: bool) {
        self.shelf.0.lock().unwrap().fault = Some((prefix, done));
    }

    pub(crate) fn fate(&self) -> Fate {
        let inner = self.shelf.0.lock().unwrap();
        let mut rows: HashMap<u32, usize> = HashMap::new();
        let mut kept: HashMap<u32, usize> = HashMap::new();
        for (id, undecided) in inner.objects.values().flat_map(|(_, lines)| lines) {
            *(if *undecided { &mut kept } else { &mut rows }).entry(*id).or_default() += 1;
        }
        drop(inner);
        let mut fate =
            Fate { acknowledged: self.acknowledged.len(), lives: self.ledger().1.lives.len(), ..Fate::default() };
        for id in &self.acknowledged {
            let (row, keeps) = (rows.get(id).copied().unwrap_or(0), kept.get(id).copied().unwrap_or(0));
            fate.rows += usize::from(row > 0);
            fate.twice += usize::from(row > 1);
            if row == 0 && keeps == 0 {
                fate.gone += 1;
                fate.silent += usize::from(!self.excused.contains(id));
            }
            if row == 0 && keeps > 0 {
                fate.only_kept += 1;
            }
            if row > 0 {
                fate.noise += keeps;
            }
        }
        fate
    }
}

/// Kinds of timestamps of a log that is written from `from` on, a record every `every` ms.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kinds {
    /// One clock.
    Increasing,
    /// Ten records of each millisecond.
    Bursts,
    Equal,
    None,
    /// Several producers, whose clocks are up to a minute apart.
    Jitter,
    /// Two producers, one of which is an hour ahead.
    HourAhead,
    /// Old times, one symbol after the other.
    History,
    /// Old times, in no order.
    Shuffled,
    /// Increasing, but the tenth record is of 2035.
    Future,
}

impl Kinds {
    pub(crate) const ALL: [Self; 9] = [
        Self::Increasing,
        Self::Bursts,
        Self::Equal,
        Self::None,
        Self::Jitter,
        Self::HourAhead,
        Self::History,
        Self::Shuffled,
        Self::Future,
    ];

    pub(crate) fn at(self, offset: i64, from: i64) -> Option<i64> {
        let spread = |offset: i64| (offset.wrapping_mul(2_654_435_761) >> 7) & 0xffff;
        match self {
            Self::Increasing => Some(from + offset * 10),
            Self::Bursts => Some(from + offset / 10),
            Self::Equal => Some(1_700_000_000_000),
            Self::None => None,
            Self::Jitter => Some(from + offset * 10 + spread(offset) % 60_000),
            Self::HourAhead => Some(from + offset * 10 + if spread(offset) % 2 == 0 { 3_600_000 } else { 0 }),
            Self::History => Some(500_000_000_000 + offset % 10_000 * 86_400_000),
            Self::Shuffled => Some(500_000_000_000 + spread(offset) * 86_400_000 / 8),
            Self::Future => Some(if offset == 9 { 2_051_222_400_000 } else { from + offset * 10 }),
        }
    }
}
