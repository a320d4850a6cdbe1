//! `--resume`: each record carries its place, and a run goes on behind the newest of each partition. The topic is the only store.
//!
//! An idempotent producer leaves no gap within a partition, so what a partition has of a source are its first records that go there. Each
//! partition may be elsewhere: what one has acknowledged says nothing of another.

mod lock;
mod newest;
mod place;
mod stamp;

use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};

use self::lock::Lock;
use self::newest::Found;
use self::place::{Lasts, Mark, SourceId, sum};
pub(crate) use self::stamp::Stamp;
use self::stamp::{Items, Names, Stamped, absolute, changed, partition_of};
use crate::delivery::{in_words, refused};
use crate::source::{Judge, NoRecord, Place, Plan, Row, Rows, Verdict};

/// Sources whose places a partition can carry. Each is some 30 bytes of a header.
const MOST_SOURCES: usize = 2000;

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, clap::ValueEnum)]
pub(crate) enum Start {
    /// Behind what is on the topic
    Newest,
    /// With the first row, whatever is on the topic
    Anew,
}

/// A topic that is ours for now, and how far it is.
pub(crate) struct Resume {
    lock: Lock,
    before: Vec<Lasts>,
    partitions: i32,
}

impl Resume {
    /// Takes the topic, which exists, and reads how far it is.
    pub(crate) fn begin(kafka: &ClientConfig, topic: &str, start: Start, mut say: impl FnMut(&str)) -> Result<Resume> {
        let lock = Lock::take(kafka, topic, &mut say)?;
        let of_topic = partitions(kafka, topic)?;
        let found = match start {
            Start::Newest => newest::read(kafka, topic, of_topic, &mut say)?,
            Start::Anew => (0..of_topic).map(|_| Found::default()).collect(),
        };
        let partitions = found.iter().find_map(|found| found.partitions).unwrap_or(of_topic);
        if partitions != of_topic {
            say(&format!(
                "the topic has {of_topic} partitions, and its records are spread over {partitions}: so it stays"
            ));
        }
        let before: Vec<Lasts> = found.into_iter().map(|found| found.lasts).collect();
        let most = before.iter().map(Lasts::len).max().unwrap_or_default();
        ensure!(
            most <= MOST_SOURCES,
            "topic {topic} carries the places of {most} files, and --resume keeps {MOST_SOURCES}: use another topic, or --resume=anew with a \
             folder from which the files that are done were taken"
        );
        let sources: std::collections::BTreeSet<_> = before.iter().flat_map(Lasts::keys).collect();
        if !sources.is_empty() {
            say(&format!("the topic has records of {} sources that can be gone on with", sources.len()));
        }
        Ok(Resume { lock, before, partitions })
    }

    /// Refuses files that are not what was sent of them.
    pub(crate) fn check(&self, plan: &Plan) -> Result<()> {
        let Plan::Replay { files, .. } = plan else { return Ok(()) };
        for path in files.paths()? {
            let rows = || files.only(&path).open();
            if let Verdict::Other(place) =
                verdict(&self.before, self.partitions, &absolute(&path.display().to_string()), rows)?
            {
                return Err(changed(&place).context(format!("cannot go on with {}", path.display())));
            }
        }
        Ok(())
    }

    /// Judges sources that are found later.
    pub(crate) fn judge(&self) -> Judge {
        let (before, partitions) = (self.before.clone(), self.partitions);
        Box::new(move |name, rows| verdict(&before, partitions, name, rows))
    }

    /// The rows that are not on the topic yet, each with its place.
    pub(crate) fn stamped(&self, rows: Rows, plan: &Plan) -> Rows {
        let names = Names::new(only_name(plan));
        Box::new(Stamped::new(rows, names, self.before.clone(), self.partitions))
    }

    /// Why nothing more may be sent, if so.
    pub(crate) fn lost(&self) -> Option<String> {
        self.lock.lost()
    }
}

/// Reads a source as far as it was sent, and compares the last record of each partition.
fn verdict<R: Iterator<Item = Row>>(
    before: &[Lasts],
    partitions: i32,
    name: &str,
    rows: impl FnOnce() -> Result<R>,
) -> Result<Verdict> {
    let source = SourceId::of(name);
    let lasts: Vec<_> = before.iter().map(|lasts| lasts.get(&source)).collect();
    let Some(end) = lasts.iter().flatten().map(|last| last.mark).max() else { return Ok(Verdict::New) };
    let mut items = Items::default();
    let mut left = lasts.iter().flatten().count();
    let mut seen = Place::default();
    for row in rows()? {
        let record = match row {
            Ok(record) => record,
            Err(NoRecord::Broken(_)) => break,
            Err(_) => continue,
        };
        let mark: Mark = items.mark(source, record.place.line);
        if mark > end {
            break;
        }
        seen = record.place;
        let partition = usize::try_from(partition_of(&record.key, partitions)).unwrap_or_default();
        if let Some(last) = lasts[partition].filter(|last| last.mark == mark) {
            if last.sum != sum(&record.value) {
                return Ok(Verdict::Other(seen));
            }
            left -= 1;
        }
        if left == 0 {
            break;
        }
    }
    Ok(if left == 0 { Verdict::Same } else { Verdict::Other(seen) })
}

/// The name of a source whose rows do not name one.
fn only_name(plan: &Plan) -> String {
    match plan {
        Plan::Replay { files, .. } | Plan::Sample { files, .. } => {
            files.named.first().map(|path| absolute(&path.display().to_string())).unwrap_or_default()
        }
        Plan::Simulate { from, seed, interval } => {
            format!("simulation {seed} {from} {}", interval.as_deref().unwrap_or("1d"))
        }
        Plan::Stdin { .. } | Plan::Follow { .. } => String::new(),
    }
}

fn partitions(kafka: &ClientConfig, topic: &str) -> Result<i32> {
    const PATIENCE: Duration = Duration::from_secs(10);
    let consumer: BaseConsumer = kafka.clone().set("group.id", "none").create().map_err(refused)?;
    let metadata = consumer.fetch_metadata(Some(topic), PATIENCE).map_err(|error| anyhow!(in_words(&error)))?;
    let found = metadata.topics().first().map_or(0, |topic| topic.partitions().len());
    ensure!(found > 0, "topic {topic} has no partitions, or this user may not see them");
    Ok(i32::try_from(found)?)
}
