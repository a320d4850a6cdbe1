//! What librdkafka reports back: the fate of each record, and what goes wrong on the way.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::anyhow;
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message};
use rdkafka::producer::ProducerContext;

/// Records that are too large are named one by one, so many of them.
const NAMED: u64 = 10;

/// Counts deliveries; keeps the first message of each kind of trouble until somebody takes it. Filled by the thread that
/// polls librdkafka.
#[derive(Default)]
pub(crate) struct Reports {
    acknowledged: AtomicU64,
    /// Records that never left.
    kept_back: AtomicU64,
    /// Records that left, or were to, and did not arrive.
    undelivered: AtomicU64,
    named: AtomicU64,
    /// Of each partition the newest offset, if that is wanted.
    offsets: OnceLock<Mutex<Vec<i64>>>,
    went_back: AtomicBool,
    troubles: Mutex<Troubles>,
}

#[derive(Default)]
struct Troubles {
    /// Kinds seen, as error codes: the texts carry times and counters, so that hardly two are equal.
    seen: BTreeSet<String>,
    fresh: Vec<String>,
}

impl Reports {
    pub(crate) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// Those that are too large to leave, and those that left in vain.
    pub(crate) fn failed(&self) -> u64 {
        self.kept_back.load(Ordering::Relaxed) + self.undelivered()
    }

    /// Those that left in vain: others may be on their way behind them.
    pub(crate) fn undelivered(&self) -> u64 {
        self.undelivered.load(Ordering::Relaxed)
    }

    /// From here on offsets are looked at.
    pub(crate) fn watch_offsets(&self) {
        self.offsets.get_or_init(Mutex::default);
    }

    /// Whether a record came to stand before one that was sent earlier: the topic is another one then, of the same name.
    pub(crate) fn went_back(&self) -> bool {
        self.went_back.load(Ordering::Relaxed)
    }

    fn arrived(&self, partition: i32, offset: i64) {
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
        // A record that had arrived before its answer did has no offset.
        let (Some(offsets), Ok(partition), true) = (self.offsets.get(), usize::try_from(partition), offset >= 0) else {
            return;
        };
        let mut offsets = offsets.lock().unwrap_or_else(PoisonError::into_inner);
        if offsets.len() <= partition {
            offsets.resize(partition + 1, -1);
        }
        if offset <= offsets[partition] {
            self.went_back.store(true, Ordering::Relaxed);
        }
        offsets[partition] = offset;
    }

    /// Messages since the last call, one of a kind.
    pub(crate) fn take_troubles(&self) -> Vec<String> {
        std::mem::take(&mut self.troubles().fresh)
    }

    /// Notes a record that will not arrive.
    pub(crate) fn record_failed(&self, error: &KafkaError, symbol: &str) {
        self.undelivered.fetch_add(1, Ordering::Relaxed);
        self.note(&format!("delivery {error:?}"), || {
            format!("a record of {symbol} was not delivered: {}", in_words(error))
        });
    }

    /// Notes a record that is larger than what may leave here.
    pub(crate) fn record_too_large(&self, place: &str, symbol: &str, bytes: usize) {
        self.kept_back.fetch_add(1, Ordering::Relaxed);
        self.note_too_large(|| {
            let enough = enough(bytes);
            format!(
                "{place}: a record of {symbol} with {bytes} bytes is too large: -X message.max.bytes={enough} lets it leave \
                 here, max.message.bytes={enough} of the topic lets it in; or put fewer bars into one array"
            )
        });
    }

    /// Notes a record that the broker did not take, or not with all that was sent at once.
    fn refused_as_too_large(&self, line: usize, symbol: &str, bytes: usize) {
        self.undelivered.fetch_add(1, Ordering::Relaxed);
        self.note_too_large(|| {
            let enough = enough(bytes);
            format!(
                "line {line}, or one sent with it: a record of {symbol} with {bytes} bytes is too large for the broker, by itself or with the \
                 others: -X batch.size={enough} sends less at once; if that is not enough, raise max.message.bytes of the topic, or put \
                 fewer bars into one array"
            )
        });
    }

    fn note_too_large(&self, message: impl FnOnce() -> String) {
        let named = self.named.fetch_add(1, Ordering::Relaxed);
        if named < NAMED {
            self.note(&format!("too large {named}"), message);
        }
    }

    fn note(&self, kind: &str, message: impl FnOnce() -> String) {
        let mut troubles = self.troubles();
        if troubles.seen.insert(kind.to_owned()) {
            troubles.fresh.push(message());
        }
    }

    fn troubles(&self) -> std::sync::MutexGuard<'_, Troubles> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Reports {
    #[expect(clippy::print_stderr, reason = "only with -X debug=..., whose lines are wanted as they come")]
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Warning | RDKafkaLogLevel::Notice => {
                // "[thrd:main]: ..." is of use to librdkafka's authors only.
                let text = message.split_once("]: ").map_or(message, |(_thread, text)| text);
                // It is experimental with timeouts, and --resume has none.
                if text.contains("enable.gapless.guarantee") {
                    return;
                }
                // Texts vary but for these, of which each is wanted.
                let kind = if facility == "CONFWARN" { text } else { facility };
                self.note(kind, || text.to_owned());
            }
            RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => eprintln!("librdkafka: {facility} {message}"),
            // Errors come to `error` as well.
            _ => {}
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // The brokers' own errors say it better, and come first.
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::AllBrokersDown) {
            self.note(&format!("{error:?}"), || reason.to_owned());
        }
    }
}

impl ProducerContext for Reports {
    /// The line that a record is of; 0 if of none.
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, line: usize) {
        match result {
            Ok(message) => self.arrived(message.partition(), message.offset()),
            Err((error, message)) => {
                let symbol = String::from_utf8_lossy(message.key().unwrap_or_default());
                if error.rdkafka_error_code() == Some(RDKafkaErrorCode::MessageSizeTooLarge) {
                    self.refused_as_too_large(line, &symbol, message.payload_len());
                } else {
                    self.record_failed(error, &symbol);
                }
            }
        }
    }
}

/// A limit that such a record fits into: keys and headers take their part.
fn enough(bytes: usize) -> usize {
    (bytes + bytes / 10).next_multiple_of(100_000)
}

/// Why librdkafka makes no client of its properties.
pub(crate) fn refused(error: KafkaError) -> anyhow::Error {
    match error {
        // The whole text repeats the value, which may be a password.
        KafkaError::ClientConfig(_, description, _, _) | KafkaError::ClientCreation(description) => {
            anyhow!("librdkafka: {description}")
        }
        other => anyhow!(other),
    }
}

/// librdkafka's code and sentence, without the wrapper's name for the operation that failed.
pub(crate) fn in_words(error: &KafkaError) -> String {
    match error {
        KafkaError::AdminOp(code) => code.to_string(),
        _ => error.rdkafka_error_code().map_or_else(|| error.to_string(), |code| code.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_left_has_nothing_behind_it_on_its_way() {
        let reports = Reports::default();
        reports.record_too_large("line 2", "ACME", 5000);
        assert_eq!((reports.failed(), reports.undelivered()), (1, 0));
        reports.refused_as_too_large(3, "ACME", 5000);
        reports.record_failed(&KafkaError::MessageProduction(RDKafkaErrorCode::PurgeQueue), "ACME");
        assert_eq!((reports.failed(), reports.undelivered()), (3, 2));
    }

    #[test]
    fn a_topic_that_was_made_anew_is_told_by_its_offsets() {
        let reports = Reports::default();
        reports.arrived(0, 7);
        reports.arrived(0, 3);
        assert!(!reports.went_back(), "nobody wants to know");
        reports.watch_offsets();
        for (partition, offset, went_back) in
            [(0, 7, false), (2, 1, false), (0, 8, false), (2, -1, false), (0, -1, false), (2, 2, false), (0, 0, true)]
        {
            reports.arrived(partition, offset);
            assert_eq!(reports.went_back(), went_back, "{partition} {offset}");
        }
        assert_eq!(reports.acknowledged(), 9);
    }
}
