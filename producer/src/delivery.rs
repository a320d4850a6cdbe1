//! What librdkafka reports back: the fate of each record, and what goes wrong on the way.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

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
    failed: AtomicU64,
    too_large: AtomicU64,
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

    pub(crate) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Messages since the last call, one of a kind.
    pub(crate) fn take_troubles(&self) -> Vec<String> {
        std::mem::take(&mut self.troubles().fresh)
    }

    /// Notes a record that will not arrive.
    pub(crate) fn record_failed(&self, error: &KafkaError, symbol: &str) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        self.note(&format!("delivery {error:?}"), || {
            format!("a record of {symbol} was not delivered: {}", in_words(error))
        });
    }

    /// Notes a record that is larger than what may be sent at once, here or at the broker.
    pub(crate) fn record_too_large(&self, place: &str, symbol: &str, bytes: usize) {
        let failed = self.too_large.fetch_add(1, Ordering::Relaxed);
        self.failed.fetch_add(1, Ordering::Relaxed);
        // Keys and headers take their part.
        let enough = (bytes + bytes / 10).next_multiple_of(100_000);
        if failed < NAMED {
            self.note(&format!("too large {failed}"), || {
                format!(
                    "{place}: a record of {symbol} with {bytes} bytes is too large: -X message.max.bytes={enough} lets it leave \
                     here, max.message.bytes={enough} of the topic lets it in; or put fewer bars into one array"
                )
            });
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
            Ok(_) => {
                self.acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Err((error, message)) => {
                let symbol = String::from_utf8_lossy(message.key().unwrap_or_default());
                if error.rdkafka_error_code() == Some(RDKafkaErrorCode::MessageSizeTooLarge) {
                    // The broker refuses all that came with it, too.
                    self.record_too_large(&format!("line {line}, or one sent with it"), &symbol, message.payload_len());
                } else {
                    self.record_failed(error, &symbol);
                }
            }
        }
    }
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
