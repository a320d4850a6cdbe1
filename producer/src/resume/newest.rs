//! How far a topic is: the newest places in each partition, read from their ends.
//!
//! The newest record alone may mislead. A producer that stood still for longer than its session, and wakes when another has sent what it had
//! not, may send what it had queued: then older rows stand behind newer ones. So more is read than a queue holds, and of each source the
//! furthest counts.

use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::MOST_QUEUED;
use super::place::{Emptied, Last, Lasts, PLACE, PLACES, Place, SourceId, add_emptied, parse_places};
use crate::delivery::{in_words, refused};

/// How much is read at first: one record more than can come from a queue that was left behind.
const AT_FIRST: i64 = MOST_QUEUED as i64 + 1;
/// How many times as much is read when nothing is found.
const WIDER: i64 = 16;
/// How long a broker may be silent.
const SILENCE: Duration = Duration::from_secs(30);

/// What is found in a partition.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Found {
    pub(crate) lasts: Lasts,
    /// Where its records begin, if it had others and none that is left has a place.
    pub(crate) emptied: Option<i64>,
    /// The same of partitions when the records of this one were sent.
    pub(crate) emptied_before: Emptied,
    /// Its end, if a record is lost that said more than those that are left.
    pub(crate) cut: Option<i64>,
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
    let mut span = AT_FIRST;
    loop {
        let from = low.max(high - span);
        if span > 100_000 {
            say(&format!("partition {partition}: reading {} records for the newest with a place", high - from));
        }
        let mut ends = Ends { partitions, ..Ends::default() };
        read_span(consumer, topic, partition, (from, high), |message| {
            ends.take(header(message, PLACE), header(message, PLACES));
        })?;
        if ends.is_whole || from == low {
            let is_cut = !ends.is_whole && !ends.found.lasts.is_empty();
            let cut = is_cut.then_some(high);
            // Of records that were deleted, some may have been ours.
            let is_gone = from == low && low > 0 && ends.found.lasts.is_empty();
            return Ok(Found { cut, emptied: is_gone.then_some(low), ..ends.found });
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
    /// Takes the headers of the next record.
    fn take(&mut self, place: Option<&str>, places: Option<&str>) {
        // Anybody may write headers.
        let is_possible = |last: &Last| last.partitions <= self.partitions;
        let place = place.and_then(|text| text.parse::<Place>().ok());
        let Some(place) = place.filter(|place| is_possible(&place.last)) else { return };
        if place.since_places.is_none() {
            self.is_whole = true;
        } else if let Some((others, emptied)) = places.and_then(|text| parse_places(text).ok())
            && others.values().all(is_possible)
        {
            for (source, last) in others {
                self.note(source, last);
            }
            add_emptied(&mut self.found.emptied_before, &emptied);
            self.is_whole = true;
        }
        self.note(place.source, place.last);
    }

    fn note(&mut self, source: SourceId, last: Last) {
        let known = self.found.lasts.entry(source).or_insert(last);
        if known.mark <= last.mark {
            *known = last;
        }
    }
}

fn header<'m>(message: &'m BorrowedMessage<'_>, name: &str) -> Option<&'m str> {
    let header = message.headers()?.iter().find(|header| header.key == name)?;
    str::from_utf8(header.value?).ok()
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

#[cfg(test)]
mod tests {
    use super::super::place::{Mark, Sum, places};
    use super::*;

    fn place(source: &str, line: u64, since_places: Option<u32>) -> Place {
        let last = Last { mark: Mark { line, item: 0 }, sum: Sum::of(7), partitions: 1 };
        Place { source: SourceId::of(source), last, since_places }
    }

    fn read(records: &[(Place, Option<&Lasts>)]) -> Ends {
        let mut ends = Ends { partitions: 1, ..Ends::default() };
        for (place, others) in records {
            let places = others.map(|lasts| places(lasts, place.source, &Emptied::new()));
            ends.take(Some(&place.to_string()), places.as_deref());
        }
        ends
    }

    fn lasts(places: &[Place]) -> Lasts {
        places.iter().map(|place| (place.source, place.last)).collect()
    }

    #[test]
    fn what_was_queued_when_another_took_over_hides_nothing_that_the_other_sent() {
        // Of the same file, and of others: the one that stood still knows nothing of b.
        let [a10, a11, a500] = [10, 11, 500].map(|line| place("a", line, None));
        assert_eq!(read(&[(a10, None), (a500, None), (a11, None)]).found.lasts, lasts(&[a500]));
        let b = place("b", 20, Some(0));
        let ends = read(&[(a10, None), (b, Some(&lasts(&[a10]))), (a11, None)]);
        assert_eq!((ends.found.lasts, ends.is_whole), (lasts(&[a11, b]), true));
        let queued = place("a", 11, Some(0));
        let ends = read(&[(b, Some(&lasts(&[a500]))), (queued, Some(&Lasts::new()))]);
        assert_eq!(ends.found.lasts, lasts(&[a500, b]));
    }

    #[test]
    fn a_partition_is_known_whole_from_a_record_that_says_so() {
        let [a, b] = ["a", "b"].map(|source| place(source, 3, Some(8)));
        assert!(!read(&[(a, None), (b, None)]).is_whole);
        let whole = place("b", 4, Some(0));
        assert!(read(&[(a, None), (whole, Some(&lasts(&[a])))]).is_whole);
        assert!(read(&[(place("a", 3, None), None)]).is_whole);
    }
}
