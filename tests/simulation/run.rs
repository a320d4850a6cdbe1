//! One run: a seed decides what happens next, until everything has been delivered and everyone has finished.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use compact::{CompactError, Summary};
use ingest::{Lander, PartError};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::event::Event;
use shared::key::{Generation, Hour, LandingTime};
use shared::landing::{Kind, LandingError, Object, Outcome};
use shared::ledger::Ledger;
use shared::manifest::{self, Manifest};
use tempfile::TempDir;

use crate::broker::{Broker, Cut};
use crate::compaction::{self, LANDED_GRACE_MS, Order, Registered, Seen, visible};
use crate::oracle::Oracle;
use crate::world::{Plan, ProcessStore, Reply, Request, Waiting, Without, World};

/// So long are long logs, and the events of them.
const SCALE: usize = 60;
const STORMY_STEPS: usize = 220;
/// Far more than it takes to deliver what is left when nothing fails any more.
const CALM_STEPS: usize = 20_000;
const INVOCATIONS_AT_ONCE: usize = 4;
/// 2026-11-22T19:55:00Z
const START_MS: i64 = 1_795_377_300_000;

type Parts = Vec<(String, Result<Outcome, PartError>)>;

/// A running invocation of a function, or a query.
struct Invocation {
    process: usize,
    what: What,
    future: Pin<Box<dyn Future<Output = Ended>>>,
    /// Its process is frozen: what it asked waits.
    asleep: bool,
}

enum What {
    /// An event; none: the schedule's.
    Land(Option<Cut>, Rc<Lander<ProcessStore>>),
    Compact,
    /// A query, which must see what was acknowledged when it began.
    Read(BTreeSet<u32>),
}

enum Ended {
    Landed(Parts),
    Compacted(Result<Summary, CompactError>),
    Read(Result<Seen, String>),
}

/// A warm process without work.
struct Idle {
    process: usize,
    lander: Rc<Lander<ProcessStore>>,
}

struct Run<'t> {
    rng: ChaCha8Rng,
    plan: Plan,
    world: Rc<World>,
    broker: Broker,
    running: Vec<Invocation>,
    idle: Vec<Idle>,
    catalog: Registered,
    /// Where compactors make parts.
    scratch: Option<TempDir>,
    processes: usize,
    /// Requests of which the process does not wait for the answer any more, and which are still on their way.
    late: Vec<Request>,
    time: LandingTime,
    oracle: Oracle,
    counts: Counts,
    trace: Option<&'t mut Vec<String>>,
}

/// How often what happened.
#[derive(Debug, Default)]
pub(crate) struct Counts(BTreeMap<&'static str, u64>);

impl Counts {
    /// What must have happened in some hundred seeds: what never happens is not tested.
    pub(crate) const EXPECTED: [&'static str; 18] = [
        "answers lost",
        "crashes",
        "events failed in part",
        "events given up",
        "fences",
        "invocations",
        "lives ended",
        "lives opened",
        "objects compacted",
        "objects removed",
        "records landed",
        "rejects blanked",
        "replays",
        "requests failed",
        "requests late",
        "settlings",
        "sleeps",
        "swaps lost",
    ];

    /// And where hours are compacted.
    pub(crate) const OF_COMPACTION: [&'static str; 7] = [
        "compactions",
        "compactions failed",
        "days passed",
        "objects hollowed",
        "parts removed",
        "queries",
        "switches",
    ];

    pub(crate) fn of(&self, what: &str) -> u64 {
        self.0.get(what).copied().unwrap_or_default()
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (what, count) in &other.0 {
            self.count(what, *count);
        }
    }

    fn count(&mut self, what: &'static str, times: u64) {
        *self.0.entry(what).or_default() += times;
    }
}

/// Runs one seed; the error is what went wrong.
pub(crate) fn simulate(seed: u64, plan: Plan, trace: Option<&mut Vec<String>>) -> Result<Counts, String> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let broker = Broker::new(&mut rng, START_MS, if plan.long { SCALE } else { 1 });
    let mut run = Run {
        rng,
        plan,
        world: Rc::new(World::new(plan)),
        broker,
        running: Vec::new(),
        idle: Vec::new(),
        catalog: Registered::default(),
        scratch: plan.compacting.then(|| tempfile::tempdir().unwrap()),
        processes: 0,
        late: Vec::new(),
        time: LandingTime(START_MS),
        oracle: Oracle::new(plan.sparse || plan.long),
        counts: Counts::default(),
        trace,
    };
    for _ in 0..STORMY_STEPS {
        run.stormy_step()?;
        if run.rng.random_bool(0.01) {
            run.check()?;
        }
    }
    run.calm_down()?;
    run.counts.count("records doubled", run.oracle.doubled);
    run.counts.count("records unknown", run.oracle.unknown);
    run.counts.count("records", run.broker.sent.len() as u64);
    Ok(run.counts)
}

impl Run<'_> {
    fn stormy_step(&mut self) -> Result<(), String> {
        let may_invoke = self.running.len() < INVOCATIONS_AT_ONCE;
        match self.rng.random_range(0..1000) {
            0..120 => {
                if may_invoke && let Some(cut) = self.broker.next_event() {
                    self.invoke(Some(cut), "deliver");
                }
            }
            120..140 => {
                if let Some(cut) = self.broker.give_up(self.time.0) {
                    self.counts.count("events given up", 1);
                    self.note(|| format!("give up {}", cut.in_words()));
                }
            }
            140..180 => {
                let says_when = match self.plan {
                    Plan { without: Some(Without::GivenUp), .. } => 0.0,
                    _ => 0.8,
                };
                if may_invoke && let Some(cut) = self.broker.replay(says_when) {
                    self.counts.count("replays", 1);
                    self.invoke(Some(cut), "replay");
                }
            }
            180..230 => self.sleep_or_wake(),
            230..260 => self.perform_late(),
            260..280 => self.broker.produce(self.time.0),
            280..288 => {
                self.counts.count("lives ended", 1);
                let what = self.broker.end_a_life(self.time.0);
                self.note(|| what);
            }
            288..293 => {
                if may_invoke {
                    self.time.0 += self.rng.random_range(0..2) * 7_200_000;
                    self.counts.count("settlings", 1);
                    self.invoke(None, "settle");
                }
            }
            293..300 if !self.plan.compacting => self.somebody_tidies_up()?,
            293..380 if self.plan.compacting => self.something_of_compaction()?,
            _ => self.answer_one(true),
        }
        self.poll_all()
    }

    /// A compaction begins, or a query; or days pass, in which no query lives on, but whoever sleeps may.
    fn something_of_compaction(&mut self) -> Result<(), String> {
        let is = |invocation: &Invocation, what: fn(&What) -> bool| what(&invocation.what);
        let readers = self.running.iter().filter(|running| is(running, |what| matches!(what, What::Read(_)))).count();
        let compactors =
            self.running.iter().filter(|running| is(running, |what| matches!(what, What::Compact))).count();
        match self.rng.random_range(0..24) {
            0..12 if compactors < 2 => {
                let ahead = self.rng.random_range(-1..2);
                let is_late = self.rng.random_ratio(1, 3);
                self.compact(Hour(Hour::of(self.time).0 + ahead), is_late);
            }
            12..22 if readers < 3 => self.read(),
            22 => self.days_pass()?,
            23 => self.broker.add_partition(self.time.0),
            _ => {}
        }
        Ok(())
    }

    /// Lambda ends its invocations long before, and the schedule has settled what they left behind. A compactor may be asleep all the time.
    fn days_pass(&mut self) -> Result<(), String> {
        self.counts.count("days passed", 1);
        self.running.retain(|running| matches!(running.what, What::Compact));
        let compacting: Vec<_> = self.running.iter().map(|running| running.process).collect();
        self.world.waiting.borrow_mut().retain(|waiting| compacting.contains(&waiting.process));
        self.idle.clear();
        while !self.late.is_empty() {
            self.perform_late();
        }
        let asleep: Vec<_> = self.running.iter_mut().map(|running| mem::replace(&mut running.asleep, true)).collect();
        self.time.0 += 7_200_000;
        self.invoke(None, "settle");
        self.poll_all()?;
        while self.running.len() > asleep.len() {
            self.answer_one(false);
            self.poll_all()?;
        }
        for (running, asleep) in self.running.iter_mut().zip(asleep) {
            running.asleep = asleep;
        }
        self.time.0 += self.rng.random_range(1..4) * 86_400_000;
        Ok(())
    }

    fn compact(&mut self, before: Hour, is_late: bool) {
        self.time.0 += self.rng.random_range(0..3_600_000);
        let process = self.new_process();
        self.counts.count("compactions", 1);
        self.note(|| format!("process {process}: compacts before {before}"));
        let order = Order {
            store: ProcessStore { world: Rc::clone(&self.world), process },
            catalog: self.catalog.clone(),
            without: self.plan.without,
            scratch: self.scratch.as_ref().map(|folder| folder.path().to_owned()).unwrap_or_default(),
            objects: self.rng.random_range(1..8),
            // Seldom so few that an hour is several parts: it takes many more requests, and other things are to be met too.
            bytes: if self.rng.random_ratio(1, 5) { 1 } else { 1_000_000 },
            part_bytes: [1, 20_000, 1_000_000][self.rng.random_range(0..3)],
            is_late,
            before,
            now: self.time,
        };
        let future = Box::pin(async move { Ended::Compacted(compaction::compact(order).await) });
        self.running.push(Invocation { process, what: What::Compact, future, asleep: false });
    }

    fn read(&mut self) {
        let process = self.new_process();
        self.counts.count("queries", 1);
        self.note(|| format!("process {process}: reads"));
        let store = ProcessStore { world: Rc::clone(&self.world), process };
        let catalog = self.catalog.clone();
        let future = Box::pin(async move { Ended::Read(compaction::read(store, catalog).await) });
        let what = What::Read(self.broker.acknowledged.clone());
        self.running.push(Invocation { process, what, future, asleep: false });
    }

    fn new_process(&mut self) -> usize {
        self.processes += 1;
        self.processes
    }

    /// Everything that has landed is compacted, and days later hollowed: who reads then sees the same.
    fn compact_all(&mut self) -> Result<(), String> {
        for days in [0, 1, LANDED_GRACE_MS / 86_400_000 + 1] {
            self.time.0 += days * 86_400_000;
            self.compact(Hour(Hour::of(self.time).0 + 1), false);
            self.finish_all()?;
            self.check()?;
            compaction::check_audits(|prefix| self.world.memory.objects(prefix))?;
        }
        let landed = self.world.memory.objects("bars/").into_iter();
        let through = self.manifest_through();
        for (key, body) in landed {
            // A day is hollowed when all its hours are in parts.
            if Hour::of_key(&key).map(Hour::dt) < Some(through.dt()) && !self.oracle.ids(body, &self.broker).is_empty()
            {
                return Err(format!("{key} is not hollow"));
            }
        }
        Ok(())
    }

    fn manifest_through(&self) -> Hour {
        let manifest = self.world.memory.objects(manifest::KEY).into_iter().next();
        manifest.map(|(_, bytes)| Manifest::parse(&bytes).unwrap().through).unwrap_or_default()
    }

    fn finish_all(&mut self) -> Result<(), String> {
        self.poll_all()?;
        while !self.running.is_empty() {
            self.answer_one(false);
            self.poll_all()?;
        }
        Ok(())
    }

    /// Nobody runs, nothing is on its way: days pass, with what the schedule does in them. Then somebody removes an object, or writes its
    /// rows into another, as docs/exactly-once.md allows.
    fn somebody_tidies_up(&mut self) -> Result<(), String> {
        if !self.running.is_empty() || !self.late.is_empty() {
            return Ok(());
        }
        // No process lives for days.
        self.idle.clear();
        if self.plan.without != Some(Without::Settling) {
            self.time.0 += 7_200_000;
            self.invoke(None, "settle");
            self.finish_all()?;
        }
        self.time.0 += 5 * 86_400_000;
        let objects = self.world.memory.objects("bars/");
        let objects = objects.into_iter().filter(|(key, _)| !key.ends_with("/compacted.parquet"));
        let with_rows: Vec<_> =
            objects.filter(|(_, body)| !self.oracle.ids(body.clone(), &self.broker).is_empty()).collect();
        if with_rows.is_empty() {
            return Ok(());
        }
        let (key, body) = with_rows[self.rng.random_range(0..with_rows.len())].clone();
        self.world.perform(Request::Remove(key.clone()));
        if self.rng.random_bool(0.5) {
            self.counts.count("objects compacted", 1);
            self.note(|| format!("somebody compacts {key}"));
            let to = key.replace(".parquet", "/compacted.parquet");
            self.world.perform(Request::Create(Object { key: to, body, kind: Kind::Bars }));
        } else {
            self.counts.count("objects removed", 1);
            self.note(|| format!("somebody removes {key}"));
            let ids = self.oracle.ids(body, &self.broker);
            self.oracle.removed.extend(ids);
        }
        Ok(())
    }

    /// Nothing fails any more: what is not acknowledged is delivered until it is; sleepers wake up before, meanwhile or after.
    fn calm_down(&mut self) -> Result<(), String> {
        self.note(|| "--- no more faults".to_owned());
        for _ in 0..CALM_STEPS {
            let awake = self.running.iter().any(|invocation| !invocation.asleep);
            if awake {
                match self.rng.random_range(0..40) {
                    0 => self.sleep_or_wake(),
                    1 => self.perform_late(),
                    _ => self.answer_one(false),
                }
            } else if let Some(cut) = self.broker.unacknowledged() {
                self.invoke(Some(cut), "deliver again");
            } else if !self.running.is_empty() {
                self.running.iter_mut().for_each(|invocation| invocation.asleep = false);
            } else if !self.late.is_empty() {
                self.perform_late();
            } else {
                return self.check_and_replay_all();
            }
            self.poll_all()?;
        }
        Err("it does not come to an end".to_owned())
    }

    /// A replay of everything by a process that knows nothing must change nothing.
    fn check_and_replay_all(&mut self) -> Result<(), String> {
        self.check()?;
        if self.plan.compacting {
            self.compact_all()?;
        }
        let before = self.rows();
        self.idle.clear();
        for cut in self.broker.everything() {
            self.invoke(Some(cut), "replay everything");
            self.finish_all()?;
        }
        if self.rows() != before && !self.plan.sparse && !self.plan.long {
            return Err("a replay of everything changed something".to_owned());
        }
        self.check()
    }

    /// The records that have rows, by object. What nobody acknowledged, in a life that is over, may still be fenced.
    fn rows(&mut self) -> Vec<(String, Vec<u32>)> {
        let objects = visible(|prefix| self.world.memory.objects(prefix)).into_iter();
        let with_ids = objects.map(|(key, body)| (key, self.oracle.ids(body, &self.broker)));
        with_ids.filter(|(_, ids)| !ids.is_empty()).collect()
    }

    fn check(&mut self) -> Result<(), String> {
        self.oracle.violation(&self.world.memory, &self.broker).map_or(Ok(()), Err)
    }

    fn invoke(&mut self, cut: Option<Cut>, why: &str) {
        self.time.0 += self.rng.random_range(0..900_000);
        // A process that goes on knows the marks that are taken out of the ledger.
        let warm = !self.idle.is_empty() && self.rng.random_bool(0.7) && !self.plan.sparse;
        let Idle { process, lander } = if warm {
            self.idle.swap_remove(self.rng.random_range(0..self.idle.len()))
        } else {
            let process = self.new_process();
            let store = ProcessStore { world: Rc::clone(&self.world), process };
            Idle { process, lander: Rc::new(Lander::new(store, Generation(1))) }
        };
        self.counts.count("invocations", 1);
        self.note(|| format!("process {process}: {why} {}", cut.as_ref().map(Cut::in_words).unwrap_or_default()));
        // A clock may be hours slow: then the folder may be one that is sealed.
        let slow = self.plan.compacting && cut.is_some() && self.rng.random_bool(0.3);
        let time = LandingTime(self.time.0 - if slow { self.rng.random_range(0..20_000_000) } else { 0 });
        let (payload, its_lander) = (cut.as_ref().map(Cut::payload), Rc::clone(&lander));
        let future = Box::pin(async move {
            let Some(payload) = payload else {
                let settled = its_lander.settle(time, None).await;
                let failed = settled.into_iter().flat_map(|settling| settling.failed);
                return Ended::Landed(failed.map(|(part, error)| (part, Err(error))).collect());
            };
            let event = Event::parse(&payload).unwrap();
            Ended::Landed(its_lander.land_event(&event, time, None).await)
        });
        self.running.push(Invocation { process, what: What::Land(cut, lander), future, asleep: false });
    }

    /// Lets everyone run until they wait for the store; takes the results of those who finish.
    fn poll_all(&mut self) -> Result<(), String> {
        let mut place = 0;
        while place < self.running.len() {
            let invocation = &mut self.running[place];
            match invocation.future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Pending => place += 1,
                Poll::Ready(ended) => {
                    let Invocation { process, what, .. } = self.running.swap_remove(place);
                    self.ended(process, what, ended)?;
                }
            }
        }
        Ok(())
    }

    fn ended(&mut self, process: usize, what: What, ended: Ended) -> Result<(), String> {
        match (what, ended) {
            (What::Land(cut, lander), Ended::Landed(parts)) => {
                self.finished(process, cut.as_ref(), &parts)?;
                self.idle.push(Idle { process, lander });
            }
            (What::Compact, Ended::Compacted(outcome)) => self.compacted(process, outcome)?,
            (What::Read(acknowledged), Ended::Read(seen)) => {
                let Seen { bars } = seen.map_err(|error| format!("process {process}: {error}"))?;
                if let Some(violation) = self.oracle.unseen(bars, &acknowledged, &self.broker) {
                    return Err(format!("process {process} reads: {violation}"));
                }
                self.note(|| format!("process {process}: has seen what it had to"));
            }
            _ => unreachable!("each ends as what it is"),
        }
        Ok(())
    }

    fn compacted(&mut self, process: usize, outcome: Result<Summary, CompactError>) -> Result<(), String> {
        match outcome {
            Ok(summary) => {
                self.note(|| format!("process {process}: {summary:?}"));
                self.counts.count("switches", summary.switches as u64);
                self.counts.count("objects hollowed", summary.hollowed as u64);
                self.counts.count("parts removed", summary.removed as u64);
                self.counts.count("runs fenced at a seal", summary.fenced as u64);
                if summary.strange_days > 0 {
                    return Err("a day has objects that are in no part".to_owned());
                }
            }
            // What a sleeper is about to read, others may have merged and removed or hollowed.
            Err(
                CompactError::Store(_)
                | CompactError::Ledger { source: LandingError::Contended(_), .. }
                | CompactError::Gone(_)
                | CompactError::Hollow(_),
            ) => {
                self.note(|| format!("process {process}: compaction failed"));
                self.counts.count("compactions failed", 1);
            }
            Err(error) => return Err(format!("process {process}: {error}")),
        }
        Ok(())
    }

    fn finished(&mut self, process: usize, cut: Option<&Cut>, parts: &Parts) -> Result<(), String> {
        let all = parts.len();
        let mut failed = BTreeSet::new();
        for (part, outcome) in parts {
            match outcome {
                Ok(outcome) => {
                    self.counts.count("records landed", (outcome.landed + outcome.rejected) as u64);
                    if outcome.uncertain > 0 {
                        self.uncertain(process, cut, part, outcome)?;
                    }
                }
                Err(PartError::Store(_) | PartError::Landing(LandingError::Contended(_))) => {
                    failed.insert(part.clone());
                }
                Err(error) => return Err(format!("process {process}: {error}")),
            }
        }
        self.note(|| format!("process {process}: {} of {all} parts failed", failed.len()));
        let Some(cut) = cut else { return Ok(()) };
        for (part, _) in parts {
            if !failed.contains(part) {
                self.broker.acknowledge(cut, partition_of(part));
            }
        }
        if failed.is_empty() {
            self.broker.commit(cut);
        } else if failed.len() < all {
            self.counts.count("events failed in part", 1);
        }
        Ok(())
    }

    /// As long as each record has a mark, nothing is.
    fn uncertain(&mut self, process: usize, cut: Option<&Cut>, part: &str, outcome: &Outcome) -> Result<(), String> {
        if !self.plan.sparse && !self.plan.long {
            return Err(format!("process {process} does not know whether records of {part} have landed"));
        }
        self.counts.count("parts uncertain", 1);
        let skipped = outcome.uncertain - outcome.undecided;
        self.oracle.skipped += skipped as u64;
        if skipped == 0 {
            return Ok(());
        }
        let records = cut.iter().flat_map(|cut| &cut.parts).filter(|(of, _)| *of == partition_of(part));
        self.oracle.uncertain.extend(records.flat_map(|(_, records)| records).map(|sent| sent.id));
        Ok(())
    }

    /// One request that waits gets what the seed has for it.
    fn answer_one(&mut self, faults: bool) {
        let Some(Waiting { process, request, asker }) = self.take_waiting() else { return };
        let who = format!("process {process}");
        let is_query = |running: &Invocation| running.process == process && matches!(running.what, What::Read(_));
        let faults = faults && !self.running.iter().any(is_query);
        match if faults { self.rng.random_range(0..100) } else { 99 } {
            0..4 => {
                self.counts.count("requests failed", 1);
                self.note(|| format!("{who}: {request} -> not done, failed"));
                asker.answer(Reply::Failed);
            }
            4..9 => {
                self.counts.count("answers lost", 1);
                self.perform(&who, request, ", answer lost");
                asker.answer(Reply::Failed);
            }
            9..12 => {
                self.note(|| format!("{who}: {request} -> on its way, failed"));
                self.comes_late(request);
                asker.answer(Reply::Failed);
            }
            12..17 => self.crash(process, request),
            _ => {
                let reply = self.perform(&who, request, "");
                asker.answer(reply);
            }
        }
    }

    fn take_waiting(&mut self) -> Option<Waiting> {
        let asleep = |process| self.running.iter().any(|other| other.process == process && other.asleep);
        let mut waiting = self.world.waiting.borrow_mut();
        let awake: Vec<usize> = (0..waiting.len()).filter(|place| !asleep(waiting[*place].process)).collect();
        if awake.is_empty() {
            return None;
        }
        Some(waiting.swap_remove(awake[self.rng.random_range(0..awake.len())]))
    }

    /// The process ends with all it knows, before or after what it asked was done, or while that is on its way.
    fn crash(&mut self, process: usize, request: Request) {
        self.counts.count("crashes", 1);
        let who = format!("process {process}");
        match self.rng.random_range(0..3) {
            0 => self.note(|| format!("{who}: crashes before {request}")),
            1 => drop(self.perform(&who, request, ", crashes")),
            _ => {
                self.note(|| format!("{who}: crashes, on its way is {request}"));
                self.comes_late(request);
            }
        }
        self.running.retain(|invocation| invocation.process != process);
        // Of its other partitions, some requests are on their way too.
        let (of_process, others): (Vec<_>, Vec<_>) =
            self.world.waiting.take().into_iter().partition(|waiting| waiting.process == process);
        self.world.waiting.replace(others);
        for waiting in of_process {
            if self.rng.random_bool(0.5) {
                self.comes_late(waiting.request);
            }
        }
    }

    fn sleep_or_wake(&mut self) {
        if self.running.is_empty() {
            return;
        }
        let place = self.rng.random_range(0..self.running.len());
        let invocation = &mut self.running[place];
        invocation.asleep = !invocation.asleep;
        let (process, asleep) = (invocation.process, invocation.asleep);
        self.counts.count("sleeps", u64::from(asleep));
        self.note(|| format!("process {process}: {}", if asleep { "falls asleep" } else { "wakes up" }));
    }

    fn comes_late(&mut self, request: Request) {
        // Nobody notices a late read.
        if !matches!(request, Request::Read(_) | Request::Find(_) | Request::List { .. }) {
            self.counts.count("requests late", 1);
            self.late.push(request);
        }
    }

    fn perform_late(&mut self) {
        if !self.late.is_empty() {
            let place = self.rng.random_range(0..self.late.len());
            let request = self.late.swap_remove(place);
            self.perform("late", request, "");
        }
    }

    fn perform(&mut self, who: &str, request: Request, then: &str) -> Reply {
        let words = if self.trace.is_some() { request.to_string() } else { String::new() };
        let lives = |body: &[u8]| Ledger::parse(body).map_or(0, |ledger| ledger.lives.len());
        let opens = matches!(&request, Request::Swap { key, body, .. } if {
            let before = self.world.memory.objects(key).first().map_or(1, |(_, before)| lives(before));
            lives(body) > before
        });
        let fence = matches!(&request, Request::Create(object) if object.kind == Kind::Fence);
        let reply = self.world.perform(request);
        match &reply {
            Reply::Created(true) if fence => self.counts.count("fences", 1),
            Reply::Written => self.counts.count("rejects blanked", 1),
            Reply::Swapped(None) => self.counts.count("swaps lost", 1),
            Reply::Swapped(Some(_)) if opens => self.counts.count("lives opened", 1),
            _ => {}
        }
        self.note(|| format!("{who}: {words} -> {reply}{then}"));
        reply
    }

    fn note(&mut self, words: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(words());
        }
    }
}

fn partition_of(part: &str) -> usize {
    part.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or_default()
}
