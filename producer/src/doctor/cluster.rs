//! The brokers as a client of theirs sees them: the login, who they are, what they are set to.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::executor::block_on;
use rdkafka::admin::{AdminClient, AdminOptions, ResourceSpecifier};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::{Metadata, MetadataTopic};
use rdkafka::producer::{DeliveryResult, Producer, ProducerContext, ThreadedProducer};
use rdkafka::{ClientConfig, ClientContext};

use crate::delivery::{in_words, refused};
use crate::doctor::address::Address;
use crate::doctor::finding::Finding;
use crate::doctor::login::Login;

/// A refusal of the login is known long before the patience ends; a busy broker may take a second for an answer.
const LOOK: Duration = Duration::from_secs(2);
/// How long each broker is asked for its zone. One that is gone has none to tell, and is named elsewhere.
const ZONE: Duration = Duration::from_secs(8);
/// In the reason of a transport error: the broker refuses a client's certificate after the handshake, so librdkafka takes
/// it for an answer that was cut off.
const REFUSED_BY_TLS: &str = "SSL alert number";

/// Brokers that have answered.
pub(crate) struct Cluster {
    metadata: Metadata,
    admin: AdminClient<Silent>,
}

impl Cluster {
    /// Logs in and asks for all brokers and topics. When no broker can be spoken to, `patience` is enough.
    pub(crate) fn connect(
        kafka: &ClientConfig,
        login: &Login,
        patience: Duration,
        at_most: Duration,
    ) -> Result<Cluster, Finding> {
        let not_taken = |error| Finding::bad(refused(error).to_string());
        // A producer, because it is polled for what librdkafka reports; it sends nothing.
        let client: ThreadedProducer<Silent> = kafka.create_with_context(Silent::default()).map_err(not_taken)?;
        let began = Instant::now();
        let metadata = loop {
            // All topics: asking for one by name makes brokers create it.
            let error = match client.client().fetch_metadata(None, LOOK) {
                Ok(metadata) => break metadata,
                Err(error) => error,
            };
            let context = client.context();
            let enough = if context.are_all_down() { patience } else { at_most };
            if context.is_refused() || began.elapsed() > enough {
                return Err(context.judge(&error, login));
            }
        };
        let admin = kafka.create_with_context(Silent::default()).map_err(not_taken)?;
        Ok(Cluster { metadata, admin })
    }

    pub(crate) fn answers(&self, login: &Login) -> Finding {
        let brokers = self.metadata.brokers().len();
        let are = if brokers == 1 { "there is 1 broker".to_owned() } else { format!("there are {brokers} brokers") };
        Finding::ok(format!("Kafka answers {}; {are}", login.in_words()))
    }

    /// Where clients are sent on to, by broker.
    pub(crate) fn advertised(&self) -> Vec<(i32, Address)> {
        let address = |host: &str, port| Address::new(host, u16::try_from(port).unwrap_or_default());
        self.metadata.brokers().iter().map(|broker| (broker.id(), address(broker.host(), broker.port()))).collect()
    }

    pub(crate) fn topic(&self, name: &str) -> Option<&MetadataTopic> {
        self.metadata.topics().iter().find(|topic| topic.name() == name && !topic.partitions().is_empty())
    }

    /// What the topic is set to, the brokers' defaults included; in words if that cannot be known.
    pub(crate) fn settings(&self, topic: &str, patience: Duration) -> Result<BTreeMap<String, String>, String> {
        self.describe(&ResourceSpecifier::Topic(topic), patience)
    }

    /// How many brokers have answered, or are known to those that have.
    pub(crate) fn brokers(&self) -> usize {
        self.metadata.brokers().len()
    }

    /// The zone of each broker that says one (`broker.rack`); in words if that cannot be known.
    pub(crate) fn zones(&self) -> Result<BTreeMap<i32, String>, String> {
        let mut zones = BTreeMap::new();
        for broker in self.metadata.brokers() {
            let mut settings = self.describe(&ResourceSpecifier::Broker(broker.id()), ZONE)?;
            if let Some(zone) = settings.remove("broker.rack").filter(|zone| !zone.is_empty()) {
                zones.insert(broker.id(), zone);
            }
        }
        Ok(zones)
    }

    fn describe(&self, of: &ResourceSpecifier<'_>, patience: Duration) -> Result<BTreeMap<String, String>, String> {
        let options = AdminOptions::new().request_timeout(Some(patience));
        let answer = block_on(self.admin.describe_configs([of], &options));
        let resource = match answer.map(|mut resources| resources.pop()) {
            // librdkafka keeps what the broker refused from rdkafka, which sees a topic without settings.
            Ok(Some(Ok(resource))) if resource.entries.is_empty() => return Err("the user may not".to_owned()),
            Ok(Some(Ok(resource))) => resource,
            Ok(Some(Err(code))) => return Err(code.to_string()),
            Ok(None) => return Err("no answer".to_owned()),
            Err(error) => return Err(in_words(&error)),
        };
        Ok(resource.entries.into_iter().filter_map(|entry| Some((entry.name, entry.value?))).collect())
    }
}

/// Keeps what librdkafka reports, so that nothing spills over the findings.
#[derive(Default)]
pub(crate) struct Silent {
    reported: Mutex<Vec<(RDKafkaErrorCode, String)>>,
    are_all_down: AtomicBool,
}

impl Silent {
    fn reported(&self) -> Vec<(RDKafkaErrorCode, String)> {
        self.reported.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether each broker was tried in vain at least once.
    fn are_all_down(&self) -> bool {
        self.are_all_down.load(Ordering::Relaxed)
    }

    /// Asking again would not help.
    fn is_refused(&self) -> bool {
        self.reported()
            .iter()
            .any(|(code, reason)| is_login(*code) || *code == RDKafkaErrorCode::SSL || reason.contains(REFUSED_BY_TLS))
    }

    fn judge(&self, error: &KafkaError, login: &Login) -> Finding {
        let reported = self.reported();
        let said = |wanted: &dyn Fn(RDKafkaErrorCode) -> bool| {
            reported.iter().find(|(code, _)| wanted(*code)).map(|(_, reason)| reason.as_str())
        };
        if let Some(reason) = said(&is_login) {
            return Finding::bad(format!(
                "Kafka refuses the login {}: {reason}; check the user, its password and its mechanism on the broker",
                login.in_words()
            ));
        }
        if let Some((_, reason)) = reported.iter().find(|(_, reason)| reason.contains(REFUSED_BY_TLS)) {
            return Finding::bad(format!(
                "the broker refuses this client's certificate, or that it has none: {reason}; pass -X \
                 ssl.certificate.location and ssl.key.location, signed by a CA that the broker trusts"
            ));
        }
        if let Some(reason) = said(&|code| code == RDKafkaErrorCode::SSL) {
            return Finding::bad(format!("TLS fails: {reason}; see the certificate above"));
        }
        // librdkafka may go where it was sent before it has said where that is.
        if let Some((_, reason)) = reported.iter().find(|(_, reason)| is_of_an_advertised_address(reason)) {
            return Finding::bad(format!(
                "the broker sends its clients on to an advertised address that does not answer from here: {reason}; set \
                 advertised.listeners to an address that clients and Lambda's pollers resolve and reach"
            ));
        }
        let reason = said(&|_| true).map_or_else(|| in_words(error), str::to_owned);
        Finding::bad(format!(
            "Kafka does not answer: {reason}; check the address, and -X security.protocol of that listener"
        ))
    }
}

/// `sasl_ssl://host:9096/1: Failed to resolve …`: an address that was typed ends in `/bootstrap`, another in its broker's number.
fn is_of_an_advertised_address(reason: &str) -> bool {
    let name = reason.split(": ").next().and_then(|address| address.rsplit_once('/'));
    name.is_some_and(|(_, broker)| broker.parse::<i32>().is_ok())
}

fn is_login(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode::{Authentication, IllegalSASLState, SaslAuthenticationFailed, UnsupportedSASLMechanism};
    matches!(code, Authentication | IllegalSASLState | SaslAuthenticationFailed | UnsupportedSASLMechanism)
}

impl ClientContext for Silent {
    fn log(&self, _level: RDKafkaLogLevel, _facility: &str, _message: &str) {}

    fn error(&self, error: KafkaError, reason: &str) {
        match error.rdkafka_error_code() {
            // It comes after each one's own reason.
            Some(RDKafkaErrorCode::AllBrokersDown) => self.are_all_down.store(true, Ordering::Relaxed),
            Some(code) => self.reported.lock().unwrap_or_else(PoisonError::into_inner).push((code, reason.to_owned())),
            None => {}
        }
    }
}

impl ProducerContext for Silent {
    type DeliveryOpaque = ();

    fn delivery(&self, _result: &DeliveryResult<'_>, (): ()) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_was_typed_is_told_from_an_advertised_one() {
        for (reason, advertised) in [
            ("sasl_ssl://no-such-host.invalid:9096/1: Failed to resolve 'no-such-host.invalid:9096'", true),
            ("broker-2:9092/12: Connect to ipv4#10.0.0.1:9092 failed", true),
            ("sasl_ssl://127.0.0.1:9096/bootstrap: Connect to ipv4#127.0.0.1:9096 failed: Connection refused", false),
            ("3/3 brokers are down", false),
        ] {
            assert_eq!(is_of_an_advertised_address(reason), advertised, "{reason}");
        }
    }
}
