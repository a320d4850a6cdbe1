//! One run: a seed decides what happens next, until everything has been delivered and everyone has finished.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use ingest::{Lander, PartError};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use shared::event::Event;
use shared::key::{Generation, LandingTime};
use shared::landing::{Kind, LandingError, Object, Outcome};
use shared::ledger::Ledger;

use crate::broker::{Broker, Cut};
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

/// A running invocation of the function.
struct Invocation {
    process: usize,
    /// None: the schedule's.
    cut: Option<Cut>,
    future: Pin<Box<dyn Future<Output = Parts>>>,
    /// Its process is frozen: what it asked waits.
    asleep: bool,
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
    running: Vec<(Invocation, Rc<Lander<ProcessStore>>)>,
    idle: Vec<Idle>,
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
            293..300 => self.somebody_tidies_up()?,
            _ => self.answer_one(true),
        }
        self.poll_all()
    }

    /// Nobody runs, nothing is on its way: days pass, with what the schedule does in them. Then somebody removes an object, or writes its
    /// rows into another, as the README allows.
    fn somebody_tidies_up(&mut self) -> Result<(), String> {
        if !self.running.is_empty() || !self.late.is_empty() {
            return Ok(());
        }
        // No process lives for days.
        self.idle.clear();
        if self.plan.without != Some(Without::Settling) {
            self.time.0 += 7_200_000;
            self.invoke(None, "settle");
            self.poll_all()?;
            while !self.running.is_empty() {
                self.answer_one(false);
                self.poll_all()?;
            }
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
            let awake = self.running.iter().any(|(invocation, _)| !invocation.asleep);
            if awake {
                match self.rng.random_range(0..40) {
                    0 => self.sleep_or_wake(),
                    1 => self.perform_late(),
                    _ => self.answer_one(false),
                }
            } else if let Some(cut) = self.broker.unacknowledged() {
                self.invoke(Some(cut), "deliver again");
            } else if !self.running.is_empty() {
                self.running.iter_mut().for_each(|(invocation, _)| invocation.asleep = false);
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
        let before = self.rows();
        self.idle.clear();
        for cut in self.broker.everything() {
            self.invoke(Some(cut), "replay everything");
            self.poll_all()?;
            while !self.running.is_empty() {
                self.answer_one(false);
                self.poll_all()?;
            }
        }
        if self.rows() != before && !self.plan.sparse && !self.plan.long {
            return Err("a replay of everything changed something".to_owned());
        }
        self.check()
    }

    /// The records that have rows, by object. What nobody acknowledged, in a life that is over, may still be fenced.
    fn rows(&mut self) -> Vec<(String, Vec<u32>)> {
        let objects = self.world.memory.objects("bars/").into_iter();
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
            self.processes += 1;
            let store = ProcessStore { world: Rc::clone(&self.world), process: self.processes };
            Idle { process: self.processes, lander: Rc::new(Lander::new(store, Generation(1))) }
        };
        self.counts.count("invocations", 1);
        self.note(|| format!("process {process}: {why} {}", cut.as_ref().map(Cut::in_words).unwrap_or_default()));
        let (payload, time, its_lander) = (cut.as_ref().map(Cut::payload), self.time, Rc::clone(&lander));
        let future = Box::pin(async move {
            let Some(payload) = payload else {
                let settled = its_lander.settle(time, None).await;
                return settled
                    .into_iter()
                    .flat_map(|settling| settling.failed)
                    .map(|(part, e)| (part, Err(e)))
                    .collect();
            };
            let event = Event::parse(&payload).unwrap();
            its_lander.land_event(&event, time, None).await
        });
        self.running.push((Invocation { process, cut, future, asleep: false }, lander));
    }

    /// Lets everyone run until they wait for the store; takes the results of those who finish.
    fn poll_all(&mut self) -> Result<(), String> {
        let mut place = 0;
        while place < self.running.len() {
            let (invocation, _) = &mut self.running[place];
            match invocation.future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Pending => place += 1,
                Poll::Ready(parts) => {
                    let (invocation, lander) = self.running.swap_remove(place);
                    self.finished(&invocation, &parts)?;
                    self.idle.push(Idle { process: invocation.process, lander });
                }
            }
        }
        Ok(())
    }

    fn finished(&mut self, invocation: &Invocation, parts: &Parts) -> Result<(), String> {
        let all = parts.len();
        let mut failed = BTreeSet::new();
        for (part, outcome) in parts {
            match outcome {
                Ok(outcome) => {
                    self.counts.count("records landed", (outcome.landed + outcome.rejected) as u64);
                    if outcome.uncertain > 0 {
                        self.uncertain(invocation, part, outcome)?;
                    }
                }
                Err(PartError::Store(_) | PartError::Landing(LandingError::Contended(_))) => {
                    failed.insert(part.clone());
                }
                Err(error) => return Err(format!("process {}: {error}", invocation.process)),
            }
        }
        self.note(|| format!("process {}: {} of {all} parts failed", invocation.process, failed.len()));
        let Some(cut) = &invocation.cut else { return Ok(()) };
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
    fn uncertain(&mut self, invocation: &Invocation, part: &str, outcome: &Outcome) -> Result<(), String> {
        if !self.plan.sparse && !self.plan.long {
            return Err(format!("process {} does not know whether records of {part} have landed", invocation.process));
        }
        self.counts.count("parts uncertain", 1);
        let skipped = outcome.uncertain - outcome.undecided;
        self.oracle.skipped += skipped as u64;
        if skipped == 0 {
            return Ok(());
        }
        let records = invocation.cut.iter().flat_map(|cut| &cut.parts).filter(|(of, _)| *of == partition_of(part));
        self.oracle.uncertain.extend(records.flat_map(|(_, records)| records).map(|sent| sent.id));
        Ok(())
    }

    /// One request that waits gets what the seed has for it.
    fn answer_one(&mut self, faults: bool) {
        let Some(Waiting { process, request, asker }) = self.take_waiting() else { return };
        let who = format!("process {process}");
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
        let asleep = |process| self.running.iter().any(|(other, _)| other.process == process && other.asleep);
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
        self.running.retain(|(invocation, _)| invocation.process != process);
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
        let invocation = &mut self.running[place].0;
        invocation.asleep = !invocation.asleep;
        let (process, asleep) = (invocation.process, invocation.asleep);
        self.counts.count("sleeps", u64::from(asleep));
        self.note(|| format!("process {process}: {}", if asleep { "falls asleep" } else { "wakes up" }));
    }

    fn comes_late(&mut self, request: Request) {
        // Nobody notices a late read.
        if matches!(request, Request::Swap { .. } | Request::Create(_) | Request::Overwrite(_)) {
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
