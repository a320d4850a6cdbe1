//! How far a topic is: the newest places in each partition, read from their ends.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::place::{Emptied, Last, Lasts, PLACE, PLACES, Place, parse_places};
use crate::delivery::{in_words, refused};

/// How often more is read when nothing is found, and how much at first.
const WIDER: i64 = 16;
/// How long a broker may be silent.
const SILENCE: Duration = Duration::from_secs(30);

/// What is found in a partition.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Found {
    pub(crate) lasts: Lasts,
    /// Its end, if it had records and has none any more.
    pub(crate) emptied: Option<i64>,
    /// The ends of partitions that had none when its records were sent.
    pub(crate) emptied_before: Emptied,
    /// Whether a record is lost that said more.
    pub(crate) is_cut: bool,
}

/// Reads all partitions of the topic. `say` is told of what takes long.
pub(crate) fn read(
    kafka: &ClientConfig,
    topic: &str,
    partitions: i32,
    mut say: impl FnMut(&str),
) -> Result<Vec<Found>> {
    let mut settings = kafka.clone();
    settings
        .set("group.id", "none")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        // What transactions of others leave open or take back is there all the same.
        .set("isolation.level", "read_uncommitted")
        // What is deleted in this moment is an error, and not the end.
        .set("auto.offset.reset", "error")
        .set("fetch.wait.max.ms", "10");
    // A replica nearby may be behind, and its end is not the end.
    settings.remove("client.rack");
    let consumer: BaseConsumer = settings.create().map_err(refused)?;
    (0..partitions).map(|partition| newest(&consumer, topic, (partition, partitions), &mut say)).collect()
}

fn newest(
    consumer: &BaseConsumer,
    topic: &str,
    (partition, partitions): (i32, i32),
    say: &mut impl FnMut(&str),
) -> Result<Found> {
    let watermarks = consumer.fetch_watermarks(topic, partition, SILENCE);
    let (low, high) = watermarks.map_err(|error| unreadable(topic, partition, &in_words(&error)))?;
    if low == high {
        return Ok(Found { emptied: (high > 0).then_some(high), ..Found::default() });
    }
    let mut span = 1;
    loop {
        let from = low.max(high - span);
        if span > 100_000 {
            say(&format!("partition {partition}: reading {} records for the newest with a place", high - from));
        }
        let mut ends = Ends { partitions, ..Ends::default() };
        read_span(consumer, topic, partition, (from, high), |message| ends.take(message))?;
        if ends.is_whole || from == low {
            let is_cut = !ends.is_whole && !ends.found.lasts.is_empty();
            // Of records that were deleted, some may have been ours.
            let is_gone = from == low && low > 0 && ends.found.lasts.is_empty();
            return Ok(Found { is_cut, emptied: is_gone.then_some(low), ..ends.found });
        }
        span = span.saturating_mul(WIDER);
    }
}

/// What the records of a span say together.
#[derive(Default)]
struct Ends {
    found: Found,
    /// Whether all sources are known.
    is_whole: bool,
    /// How many the topic has.
    partitions: i32,
}

impl Ends {
    fn take(&mut self, message: &BorrowedMessage<'_>) {
        let header = |name: &str| {
            let headers = message.headers()?;
            let header = headers.iter().find(|header| header.key == name)?;
            str::from_utf8(header.value?).ok()
        };
        // Anybody may write headers.
        let is_possible = |last: &Last| last.partitions <= self.partitions;
        let place = header(PLACE).and_then(|text| text.parse::<Place>().ok());
        let Some(place) = place.filter(|place| is_possible(&place.last)) else { return };
        if place.since_places.is_none() {
            self.found.lasts.clear();
            self.found.emptied_before.clear();
            self.is_whole = true;
        } else if let Some((others, emptied)) = header(PLACES).and_then(|text| parse_places(text).ok())
            && others.values().all(is_possible)
        {
            self.found.lasts = others;
            self.found.emptied_before = emptied;
            self.is_whole = true;
        }
        self.found.lasts.insert(place.source, place.last);
    }
}

/// Gives each record from the first offset on, up to the second.
fn read_span(
    consumer: &BaseConsumer,
    topic: &str,
    partition: i32,
    (from, to): (i64, i64),
    mut take: impl FnMut(&BorrowedMessage<'_>),
) -> Result<()> {
    let mut assignment = TopicPartitionList::new();
    assignment.add_partition_offset(topic, partition, Offset::Offset(from))?;
    consumer.assign(&assignment)?;
    let mut heard = Instant::now();
    loop {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => {
                heard = Instant::now();
                if message.offset() < to {
                    take(&message);
                }
                if message.offset() + 1 >= to {
                    return Ok(());
                }
            }
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(()),
            Some(Err(error)) if is_final(&error) => bail!(unreadable(topic, partition, &in_words(&error))),
            Some(Err(_)) | None if heard.elapsed() < SILENCE => {}
            Some(Err(error)) => bail!(unreadable(topic, partition, &in_words(&error))),
            None => bail!(unreadable(topic, partition, "the broker does not answer")),
        }
    }
}

fn is_final(error: &KafkaError) -> bool {
    use rdkafka::error::RDKafkaErrorCode::{AutoOffsetReset, TopicAuthorizationFailed, UnknownTopicOrPartition};
    matches!(error.rdkafka_error_code(), Some(AutoOffsetReset | TopicAuthorizationFailed | UnknownTopicOrPartition))
}

fn unreadable(topic: &str, partition: i32, reason: &str) -> anyhow::Error {
    anyhow!("--resume reads the newest records of topic {topic}, and cannot read partition {partition}: {reason}")
}
