//! The address of a broker: what it names, and whether it can be reached from here.

use std::fmt;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use crate::doctor::finding::Finding;

/// What librdkafka takes where no port is given.
const DEFAULT_PORT: u16 = 9092;

/// `host:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// Without the brackets of an IPv6 address.
    pub(crate) host: String,
    port: u16,
}

impl Address {
    pub(crate) fn new(host: &str, port: u16) -> Address {
        Address { host: host.to_owned(), port }
    }

    /// As librdkafka reads it: the port may be missing, a protocol may stand before it.
    pub(crate) fn parse(typed: &str) -> Address {
        let typed = typed.trim();
        let typed = typed.split_once("://").map_or(typed, |(_protocol, rest)| rest);
        let (host, port) = match typed.rsplit_once(':') {
            // A bare IPv6 address has colons of its own.
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port.parse().ok()),
            _ => (typed, None),
        };
        Address::new(host.trim_start_matches('[').trim_end_matches(']'), port.unwrap_or(DEFAULT_PORT))
    }

    /// A connection, or what is wrong in words that go on from the address.
    pub(crate) fn reach(&self, patience: Duration) -> Result<TcpStream, String> {
        let resolved: Vec<SocketAddr> = match (self.host.as_str(), self.port).to_socket_addrs() {
            Ok(resolved) => resolved.collect(),
            Err(error) => {
                return Err(format!(
                    "cannot be resolved from here ({error}): check the name, or look from a machine in the broker's network"
                ));
            }
        };
        let mut reason = "resolves to no address".to_owned();
        for address in &resolved {
            match TcpStream::connect_timeout(address, patience) {
                Ok(stream) => return Ok(stream),
                Err(error) => reason = format!("at {}: {error}", address.ip()),
            }
        }
        Err(format!(
            "cannot be reached {reason}; check that the broker runs and listens there, and that its security group or \
             firewall lets this machine in"
        ))
    }

    pub(crate) fn is_this_machine(&self) -> bool {
        self.host == "localhost"
            || self.host.ends_with(".localhost")
            || self.host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback() || ip.is_unspecified())
    }

    /// Whether Lambda's pollers could go where broker `broker` sends every client.
    pub(crate) fn judge_advertised(&self, broker: i32, bootstrap_is_local: bool) -> Option<Finding> {
        const NEEDED: &str = "Lambda's pollers are sent there: set advertised.listeners to an address that they resolve \
                              and reach";
        if self.is_this_machine() {
            let text = format!("{self}, advertised by broker {broker}, is whatever machine asks; {NEEDED}");
            // On one machine it works, and is meant so.
            return Some(if bootstrap_is_local { Finding::note(text) } else { Finding::bad(text) });
        }
        let is_ip = self.host.parse::<IpAddr>().is_ok();
        // One label alone, or under the domain of multicast DNS.
        let is_ours_only = match self.host.trim_end_matches('.').rsplit_once('.') {
            None => true,
            Some((_, domain)) => domain.eq_ignore_ascii_case("local"),
        };
        (!is_ip && is_ours_only).then(|| {
            Finding::note(format!(
                "{self}, advertised by broker {broker}, is a name that only its own network knows, unless the VPC's DNS has \
                 it; {NEEDED}"
            ))
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(formatter, "[{}]:{}", self.host, self.port)
        } else {
            write!(formatter, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Verdict;

    #[test]
    fn an_address_is_read_as_librdkafka_reads_it() {
        for (typed, shown) in [
            ("broker-1:9096", "broker-1:9096"),
            (" broker-1 ", "broker-1:9092"),
            ("SASL_SSL://broker-1:9096", "broker-1:9096"),
            ("[2001:db8::1]:9096", "[2001:db8::1]:9096"),
            ("2001:db8::1", "[2001:db8::1]:9092"),
        ] {
            assert_eq!(Address::parse(typed).to_string(), shown);
        }
    }

    #[test]
    fn an_advertised_address_that_lambda_could_not_reach_is_told() {
        let judge = |host: &str, bootstrap_is_local| {
            Address::new(host, 9092).judge_advertised(1, bootstrap_is_local).map(|finding| finding.verdict)
        };
        for host in ["localhost", "127.0.0.1", "0.0.0.0", "::1"] {
            assert_eq!(judge(host, false), Some(Verdict::Bad), "{host}");
            assert_eq!(judge(host, true), Some(Verdict::Note), "{host}");
        }
        for host in ["kafka", "broker-1.local"] {
            assert_eq!(judge(host, false), Some(Verdict::Note), "{host}");
        }
        for host in ["10.0.1.10", "ip-10-0-1-10.ec2.internal", "kafka.example.com"] {
            assert_eq!(judge(host, false), None, "{host}");
        }
    }

    #[test]
    fn a_name_that_nobody_knows_and_a_port_where_nobody_listens_are_told_apart() {
        let unknown = Address::new("no-such-host.invalid", 9092).reach(Duration::from_secs(5)).unwrap_err();
        assert!(unknown.contains("cannot be resolved"), "{unknown}");
        let silent = Address::new("127.0.0.1", 1).reach(Duration::from_secs(5)).unwrap_err();
        assert!(silent.contains("cannot be reached at 127.0.0.1: Connection refused"), "{silent}");
    }
}
