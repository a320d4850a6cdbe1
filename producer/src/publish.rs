//! Records into librdkafka's queue.

use std::time::Duration;

use anyhow::{Result, anyhow};
use rdkafka::ClientConfig;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, PurgeConfig};

use crate::delivery::{Reports, in_words, refused};
use crate::resume::{PLACE, PLACES};
use crate::source::{Record, Stamp};
use crate::topic::{self, Topic};

/// An idempotent producer for one topic. It has no thread that takes in reports: whoever sends does it in between, since what they
/// release is what the next records are made of.
pub(crate) struct Publisher {
    producer: BaseProducer<Reports>,
    topic: String,
}

fn headers(stamp: &Stamp) -> OwnedHeaders {
    let headers = OwnedHeaders::new().insert(Header { key: PLACE, value: Some(&stamp.place) });
    match &stamp.places {
        Some(places) => headers.insert(Header { key: PLACES, value: Some(places) }),
        None => headers,
    }
}

/// What became of a record that was handed over.
pub(crate) enum Handed {
    /// Taken: its fate will be in the reports.
    Over,
    /// Too large for ever, as the reports say.
    TooLarge,
    /// The queue is full: try again in a moment.
    Back,
}

impl Publisher {
    /// Connects; returns a sentence about the topic beside the publisher. Gives up on silent brokers after `patience`.
    pub(crate) fn connect(kafka: &ClientConfig, topic: &Topic, patience: Duration) -> Result<(Publisher, String)> {
        let producer: BaseProducer<Reports> = kafka.create_with_context(Reports::default()).map_err(refused)?;
        let sentence = topic::prepare(&producer, kafka, topic, patience)?;
        Ok((Publisher { producer, topic: topic.name.clone() }, sentence))
    }

    /// Queues a record without waiting. An error means that no further record can be sent.
    pub(crate) fn hand_over(&self, record: &Record) -> Result<Handed> {
        let line = usize::try_from(record.place.line).unwrap_or_default();
        let mut message = BaseRecord::with_opaque_to(&self.topic, line).key(&record.key).payload(&record.value);
        if let Some(stamp) = &record.stamp {
            message = message.partition(stamp.partition).headers(headers(stamp));
        }
        let Err((error, _)) = self.producer.send(message) else {
            return Ok(Handed::Over);
        };
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::QueueFull) => Ok(Handed::Back),
            Some(RDKafkaErrorCode::MessageSizeTooLarge) => {
                self.reports().record_too_large(&record.place.to_string(), &record.key, record.value.len());
                Ok(Handed::TooLarge)
            }
            _ => Err(anyhow!("cannot send to topic {}: {}", self.topic, in_words(&error))),
        }
    }

    /// Takes back what has not left yet, and tries nothing again that has; it counts as failed.
    pub(crate) fn drop_queue(&self) {
        self.producer.purge(PurgeConfig::default().queue().inflight());
    }

    /// Sends what lingers in the queue now, without waiting for it.
    pub(crate) fn hurry(&self) {
        // Its error says that records are still on their way, which the reports say better.
        let _ = self.producer.flush(Duration::ZERO);
    }

    /// Takes in what librdkafka reports, for so long; with no time, one report if there is one. The queue has room for others then.
    pub(crate) fn take_reports(&self, time: Duration) {
        self.producer.poll(time);
    }

    pub(crate) fn reports(&self) -> &Reports {
        self.producer.client().context()
    }
}
