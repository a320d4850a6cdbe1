//! What librdkafka is told, whatever client is made of it.

use anyhow::{Result, ensure};
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;

use crate::args::BrokerArgs;
use crate::bootstrap;
use crate::properties;

/// The end of a sentence that says what cannot be done.
pub(crate) const WITHOUT_TLS: &str = "this producer was built without it, as `make demo` and `make up` do: \
     cargo build --release --package producer makes target/release/producer, which has it";

/// librdkafka's properties; a broker is among them.
pub(crate) fn settings(args: &BrokerArgs) -> Result<ClientConfig> {
    let mut kafka = ClientConfig::new();
    if let Some(servers) = args.bootstrap_servers.as_deref().filter(|servers| !servers.is_empty()) {
        kafka.set("bootstrap.servers", servers);
    }
    for (name, value) in properties::merge(args.properties.as_deref(), &args.property)? {
        kafka.set(name, value);
    }
    let servers = bootstrap_servers(&kafka);
    ensure!(!servers.is_empty(), "no broker given: pass --bootstrap-servers HOST:PORT or set KAFKA_BOOTSTRAP_SERVERS");
    bootstrap::check(servers, kafka.get("security.protocol"))?;
    ensure!(cfg!(feature = "tls") || !needs_tls(&kafka), "a login or TLS needs OpenSSL, and {WITHOUT_TLS}");
    let log_level = if kafka.get("debug").is_some() { RDKafkaLogLevel::Debug } else { RDKafkaLogLevel::Warning };
    kafka.set_log_level(log_level);
    Ok(kafka)
}

/// Whether a broker is to be reached in a way that only librdkafka with OpenSSL can.
fn needs_tls(kafka: &ClientConfig) -> bool {
    kafka.get("security.protocol").is_some_and(|protocol| !protocol.eq_ignore_ascii_case("PLAINTEXT"))
}

/// The brokers to ask for the others, comma separated, under either of librdkafka's names for them.
pub(crate) fn bootstrap_servers(kafka: &ClientConfig) -> &str {
    kafka.get("bootstrap.servers").or(kafka.get("metadata.broker.list")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::Args;

    #[test]
    fn tls_is_told_from_plaintext() {
        let protocol = |property: &str| {
            let typed = ["producer", "--stdin", "--bootstrap-servers", "broker-1:9092", "-X", property];
            settings(&Args::try_parse_from(typed)?.kafka.broker).map(|kafka| needs_tls(&kafka))
        };
        for plain in ["security.protocol=plaintext", "client.id=x"] {
            assert!(!protocol(plain).unwrap(), "{plain}");
        }
        for secured in ["security.protocol=SASL_SSL", "security.protocol=ssl", "security.protocol=sasl_plaintext"] {
            assert!(protocol(secured).is_ok_and(|needs| needs), "{secured}");
        }
    }
}
