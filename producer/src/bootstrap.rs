//! The addresses of brokers, before librdkafka waits for them: what can never work is refused at once, with what to write.

use anyhow::{Result, bail, ensure};

/// Protocols that librdkafka takes before an address; it must be the one of `security.protocol`.
const PROTOCOLS: [&str; 4] = ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"];

/// Checks a list `host:port,host:port`.
pub(crate) fn check(servers: &str, security_protocol: Option<&str>) -> Result<()> {
    // librdkafka passes over an empty one, too.
    for server in servers.split(',').map(str::trim).filter(|server| !server.is_empty()) {
        let (protocol, address) =
            server.split_once("://").map_or((None, server), |(before, rest)| (Some(before), rest));
        let meant = bare(address);
        if let Some(protocol) = protocol {
            let Some(known) = PROTOCOLS.iter().find(|known| known.eq_ignore_ascii_case(protocol)) else {
                bail!("{server} cannot be a broker: Kafka has an address, and no URL: write {meant}");
            };
            let chosen = security_protocol.unwrap_or("PLAINTEXT");
            ensure!(
                known.eq_ignore_ascii_case(chosen),
                "{server}: the protocol is an option of its own: write {meant} and -X security.protocol={known}"
            );
        }
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        let is_v6 = host.starts_with('[') && host.ends_with(']');
        if address.contains(['\'', '"', ';', '/', ' ', '(']) || address.contains('[') && !is_v6 {
            bail!("{servers} is no list of brokers: write {}", all_bare(servers));
        }
        if let Some((_, port)) = address.rsplit_once(':').filter(|(host, _)| is_v6 || !host.contains(':')) {
            let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
            ensure!(is_port, "{server}: {port} is no port: write HOST:PORT, as {}:9092", bare(host));
        }
    }
    Ok(())
}

/// The addresses in a text, whatever is around them.
fn all_bare(servers: &str) -> String {
    let mut list = String::new();
    for part in servers.split([',', ';', ' ']).map(bare).filter(|part| !part.is_empty()) {
        if !list.is_empty() {
            // `b;9092`
            list.push(if part.parse::<u16>().is_ok() { ':' } else { ',' });
        }
        list += &part;
    }
    if list.is_empty() { "HOST:PORT,HOST:PORT".to_owned() } else { list }
}

/// An address without protocol, path, quotes and brackets.
fn bare(text: &str) -> String {
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let text = text.trim_matches(['\'', '"', '(', ')', ' ', '[', ']']);
    text.split('/').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(servers: &str, protocol: Option<&str>) -> String {
        check(servers, protocol).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn what_librdkafka_takes_is_left_to_it() {
        for servers in [
            "b:9092",
            "b",
            "localhost:9092",
            "b1:9092, b2:9092",
            "PLAINTEXT://b:9092",
            "[::1]:9092",
            "::1",
            "b1:9092,,b2:9092,",
        ] {
            assert_eq!(message(servers, None), "", "{servers}");
        }
        assert_eq!(message("SASL_SSL://b:9096", Some("sasl_ssl")), "");
    }

    #[test]
    fn what_cannot_work_is_refused_with_what_to_write() {
        for (servers, write) in [
            ("http://b:9092", "write b:9092"),
            ("kafka://b:9092/", "write b:9092"),
            ("SASL_SSL://b:9096", "write b:9096 and -X security.protocol=SASL_SSL"),
            ("['b:9092']", "write b:9092"),
            ("['b1:9092', 'b2:9092']", "write b1:9092,b2:9092"),
            ("b:9092/", "write b:9092"),
            ("b1:9092;b2:9092", "write b1:9092,b2:9092"),
            ("b;9092", "write b:9092"),
            ("b:", "as b:9092"),
            ("b:99999", "as b:9092"),
            ("b:kafka", "as b:9092"),
        ] {
            assert!(message(servers, None).contains(write), "{servers}: {}", message(servers, None));
        }
    }
}
