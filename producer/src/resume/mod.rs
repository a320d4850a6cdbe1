//! `--resume`: each record carries its place, and a run goes on behind the newest of each partition. The topic is the only store.
//!
//! An idempotent producer leaves no gap within a partition, so what a partition has of a source are its first records that go there. Each
//! partition may be elsewhere: what one has acknowledged says nothing of another.

mod before;
mod items;
mod lock;
mod newest;
mod place;
mod stamp;

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};

use self::before::{Before, absolute};
pub(crate) use self::lock::Lease;
use self::lock::Lock;
use self::place::SourceId;
pub(crate) use self::place::{PLACE, PLACES};
use self::stamp::{Stamped, changed};
use crate::delivery::{in_words, refused};
use crate::source::{self, Past, Plan, Rows, Verdict, generation_of};

/// Sources whose places a topic can carry. Each is some 25 bytes of a header.
const MOST_SOURCES: usize = 2000;

/// Records that may wait to be sent. One who stood still, and wakes when another has the topic, sends them before it can be kept from it:
/// so many more are read at the next start.
pub(crate) const MOST_QUEUED: u32 = 5_000;

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, clap::ValueEnum)]
pub(crate) enum Start {
    /// Behind what is on the topic
    #[value(aliases = ["1", "true", "yes", "on"])]
    Newest,
    /// With the first row, whatever is on the topic
    Anew,
    /// As without it: what a variable of a service may say
    #[value(hide = true, aliases = ["", "0", "false", "no"])]
    Off,
}

/// A topic that is ours for now, and how far it is.
pub(crate) struct Resume {
    lock: Lock,
    before: Before,
}

impl Resume {
    /// Takes the topic, which exists, reads how far it is, and refuses files that are not what was sent of them.
    pub(crate) fn begin(
        kafka: &ClientConfig,
        topic: &str,
        start: Start,
        plan: &Plan,
        mut say: impl FnMut(&str),
    ) -> Result<Resume> {
        let lock = Lock::take(kafka, topic, &mut say)?;
        let of_topic = partitions(kafka, topic)?;
        let found = newest::read(kafka, topic, of_topic, &mut say)?;
        let mut before = Before::new(topic, found, of_topic, start == Start::Anew)?;
        let sources = before.sources();
        if sources.len() > MOST_SOURCES {
            before.keep(&present(plan, &before)?);
            let left = before.sources().len();
            say(&format!("the places of {} files that this run does not name are dropped", sources.len() - left));
            ensure!(
                left <= MOST_SOURCES,
                "--resume keeps the places of {MOST_SOURCES} files on a topic, and here are {left}: move those that are done elsewhere"
            );
        }
        if !sources.is_empty() {
            say(&format!("the topic has the places of {} sources", sources.len()));
        }
        let resume = Resume { lock, before };
        resume.check(plan)?;
        Ok(resume)
    }

    fn check(&self, plan: &Plan) -> Result<()> {
        let (Plan::Replay { files, .. }, false) = (plan, self.before.is_to_begin_anew()) else { return Ok(()) };
        for path in files.paths()? {
            let name = absolute(&path)?;
            let Some(generation) = self.before.generation(&name) else { continue };
            let rows = || files.only(&path).open();
            if let Verdict::Other(place) = self.before.compare(&generation_of(&name, generation), rows)? {
                return Err(changed(&place).context(format!("cannot go on with {}", path.display())));
            }
        }
        Ok(())
    }

    /// What was sent before, for sources that are found later.
    pub(crate) fn past(&self) -> Box<dyn Past> {
        Box::new(self.before.clone())
    }

    /// The rows that are not on the topic yet, each with its place.
    pub(crate) fn stamped(&self, rows: Rows, plan: &Plan) -> Result<Rows> {
        Ok(Box::new(Stamped::new(rows, self.before.clone(), only_name(plan)?)))
    }

    /// How long this process may send.
    pub(crate) fn lease(&self) -> Lease {
        self.lock.lease()
    }

    /// Whether nothing more may be sent, because another may do so by now.
    pub(crate) fn is_lost(&self) -> bool {
        self.lock.lease().is_over()
    }

    /// Why; takes a moment.
    pub(crate) fn why_lost(&self) -> String {
        self.lock.why_lost()
    }
}

/// The name of a source whose rows do not name one.
fn only_name(plan: &Plan) -> Result<String> {
    Ok(match plan {
        Plan::Replay { files, .. } | Plan::Sample { files, .. } => {
            files.paths()?.first().map(absolute).transpose()?.unwrap_or_default()
        }
        Plan::Simulate { from, seed, interval } => {
            format!("simulation {seed} {from} {}", interval.as_deref().unwrap_or("1d"))
        }
        Plan::Stdin { .. } | Plan::Follow { .. } => String::new(),
    })
}

/// Sources whose files are there.
fn present(plan: &Plan, before: &Before) -> Result<BTreeSet<SourceId>> {
    let names = match plan {
        Plan::Replay { files, .. } => files.paths()?.iter().map(absolute).collect::<Result<_>>()?,
        Plan::Follow { named, .. } => source::followed_names(named),
        _ => vec![only_name(plan)?],
    };
    let of_name = |name: &String| {
        let generations = before.generation(name).map_or(0..0, |last| 0..last + 1);
        generations.map(|generation| SourceId::of(&generation_of(name, generation))).collect::<Vec<_>>()
    };
    Ok(names.iter().flat_map(of_name).collect())
}

fn partitions(kafka: &ClientConfig, topic: &str) -> Result<i32> {
    const PATIENCE: Duration = Duration::from_secs(10);
    let consumer: BaseConsumer = kafka.clone().set("group.id", "none").create().map_err(refused)?;
    let metadata = consumer.fetch_metadata(Some(topic), PATIENCE).map_err(|error| anyhow!(in_words(&error)))?;
    let found = metadata.topics().first().map_or(0, |topic| topic.partitions().len());
    ensure!(found > 0, "topic {topic} has no partitions, or this user may not see them");
    Ok(i32::try_from(found)?)
}
