//! How a client logs in, as its properties say, and whether Lambda can do the same.

use std::path::PathBuf;

use rdkafka::ClientConfig;

use crate::doctor::finding::Finding;

/// Protocol, mechanism and trust, of a set of librdkafka properties. No secret is in it.
pub(crate) struct Login {
    /// Upper case, as `SASL_SSL`.
    protocol: String,
    mechanism: Option<String>,
    user: Option<String>,
    authorities: Authorities,
    checks_certificates: bool,
    checks_names: bool,
}

/// Who may have signed a broker's certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Authorities {
    /// Those that the system trusts.
    #[default]
    System,
    /// A file of PEM, or a folder of such files.
    Path(PathBuf),
    Pem(String),
}

impl Login {
    pub(crate) fn of(kafka: &ClientConfig) -> Login {
        let property = |name: &str| kafka.get(name).filter(|value| !value.is_empty()).map(str::to_owned);
        let is_on = |name: &str| property(name).is_none_or(|value| !["false", "f", "0"].contains(&value.as_str()));
        let authorities = match (property("ssl.ca.pem"), property("ssl.ca.location")) {
            (Some(pem), _) => Authorities::Pem(pem),
            (None, Some(location)) if location != "probe" => Authorities::Path(location.into()),
            _ => Authorities::System,
        };
        Login {
            protocol: property("security.protocol").unwrap_or_else(|| "PLAINTEXT".to_owned()).to_uppercase(),
            mechanism: property("sasl.mechanism").or_else(|| property("sasl.mechanisms")),
            user: property("sasl.username"),
            authorities,
            checks_certificates: is_on("enable.ssl.certificate.verification"),
            checks_names: property("ssl.endpoint.identification.algorithm").is_none_or(|value| value != "none"),
        }
    }

    /// `None` without TLS.
    pub(crate) fn authorities(&self) -> Option<Authorities> {
        self.protocol.ends_with("SSL").then(|| self.authorities.clone())
    }

    /// What Lambda could not do.
    pub(crate) fn judge(&self) -> Vec<Finding> {
        const LAMBDAS: [&str; 3] = ["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"];
        let mut found = Vec::new();
        if self.protocol == "SASL_PLAINTEXT" {
            found.push(Finding::bad(
                "security.protocol SASL_PLAINTEXT: Lambda logs in over TLS only; give the broker a SASL_SSL listener",
            ));
        }
        if self.protocol.starts_with("SASL") {
            match self.mechanism.as_deref() {
                Some(mechanism) if LAMBDAS.contains(&mechanism) => {}
                mechanism => found.push(Finding::bad(format!(
                    "sasl.mechanism {}: Lambda can do {}; pass -X sasl.mechanism=...",
                    mechanism.unwrap_or("is not set"),
                    LAMBDAS.join(", ")
                ))),
            }
        }
        if self.protocol.ends_with("SSL") && !(self.checks_certificates && self.checks_names) {
            found.push(Finding::note(
                "the check of the broker's certificate is turned off by a property; Lambda always checks it: leave \
                 enable.ssl.certificate.verification and ssl.endpoint.identification.algorithm as they are",
            ));
        }
        found
    }

    /// In words, for a connection that stands.
    pub(crate) fn in_words(&self) -> String {
        let mechanism = self.mechanism.as_deref().unwrap_or_default();
        match (self.protocol.as_str(), &self.user) {
            ("PLAINTEXT", _) => {
                "without TLS or login (for Lambda that is KafkaAuthentication=NONE, inside a VPC only)".to_owned()
            }
            ("SSL", _) => "over TLS".to_owned(),
            (protocol, Some(user)) => format!("to user {user} over {protocol} with {mechanism}"),
            (protocol, None) => format!("over {protocol} with {mechanism}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::Verdict;

    fn login(properties: &[(&str, &str)]) -> Login {
        let mut kafka = ClientConfig::new();
        for (name, value) in properties {
            kafka.set(*name, *value);
        }
        Login::of(&kafka)
    }

    fn verdicts(properties: &[(&str, &str)]) -> Vec<Verdict> {
        login(properties).judge().into_iter().map(|finding| finding.verdict).collect()
    }

    #[test]
    fn what_lambda_can_do_needs_no_word() {
        assert_eq!(verdicts(&[]), []);
        assert_eq!(verdicts(&[("security.protocol", "SSL")]), []);
        for mechanism in ["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] {
            assert_eq!(verdicts(&[("security.protocol", "sasl_ssl"), ("sasl.mechanism", mechanism)]), []);
        }
    }

    #[test]
    fn what_lambda_cannot_do_is_bad() {
        assert_eq!(verdicts(&[("security.protocol", "SASL_PLAINTEXT"), ("sasl.mechanism", "PLAIN")]), [Verdict::Bad]);
        assert_eq!(verdicts(&[("security.protocol", "SASL_SSL")]), [Verdict::Bad]);
        assert_eq!(verdicts(&[("security.protocol", "SASL_SSL"), ("sasl.mechanism", "OAUTHBEARER")]), [Verdict::Bad]);
    }

    #[test]
    fn a_check_that_is_turned_off_is_told() {
        for (name, value) in
            [("enable.ssl.certificate.verification", "false"), ("ssl.endpoint.identification.algorithm", "none")]
        {
            assert_eq!(verdicts(&[("security.protocol", "SSL"), (name, value)]), [Verdict::Note], "{name}");
        }
    }

    #[test]
    fn no_password_is_in_what_is_said() {
        let login = login(&[
            ("security.protocol", "SASL_SSL"),
            ("sasl.mechanism", "PLAIN"),
            ("sasl.username", "lake"),
            ("sasl.password", "hunter2"),
        ]);
        assert_eq!(login.in_words(), "to user lake over SASL_SSL with PLAIN");
    }
}
