//! How the event source logs in to the broker: a mapping's source access configurations and the secrets that they name, as
//! properties of librdkafka.

use std::fmt;

use anyhow::{Context as _, Result, bail};
use aws_sdk_lambda::types::{SourceAccessConfiguration, SourceAccessType};
use rdkafka::ClientConfig;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Properties of librdkafka; none for plaintext. What is secret in them is never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Access {
    properties: Vec<(&'static str, String)>,
}

/// The secret of `SASL_SCRAM_512_AUTH`, `SASL_SCRAM_256_AUTH` and `BASIC_AUTH`.
#[derive(Deserialize)]
struct Password {
    username: String,
    password: String,
}

/// The secret of `CLIENT_CERTIFICATE_TLS_AUTH`; the key may be encrypted.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientCertificate {
    certificate: String,
    private_key: String,
    private_key_password: Option<String>,
}

/// The secret of `SERVER_ROOT_CA_CERTIFICATE`.
#[derive(Deserialize)]
struct RootCa {
    certificate: String,
}

impl Access {
    /// What `configurations` say, with the secrets that they name read from Secrets Manager.
    ///
    /// # Errors
    /// A secret is not there or has not the shape that Lambda wants, or there is a configuration that cannot be followed here.
    pub(crate) async fn read(
        configurations: &[SourceAccessConfiguration],
        secrets: &aws_sdk_secretsmanager::Client,
    ) -> Result<Self> {
        let mut read = Vec::new();
        for configuration in configurations {
            let kind = configuration.r#type().context("a source access configuration has no type")?;
            // Subnets and security groups are Amazon's network, which is not here.
            if matches!(kind, SourceAccessType::VpcSubnet | SourceAccessType::VpcSecurityGroup) {
                continue;
            }
            let name = configuration.uri().with_context(|| format!("{kind} names no secret"))?;
            let answer = secrets.get_secret_value().secret_id(name).send().await;
            let answer = answer.with_context(|| format!("cannot read the secret {name} of {kind}"))?;
            let secret = answer.secret_string().with_context(|| format!("the secret {name} of {kind} is no text"))?;
            read.push((kind.clone(), secret.to_owned()));
        }
        Self::of(&read)
    }

    /// From pairs of a type and the text of its secret.
    fn of(secrets: &[(SourceAccessType, String)]) -> Result<Self> {
        let mut properties = Vec::new();
        let (mut logins, mut protocol) = (0, "SSL");
        for (kind, secret) in secrets {
            let mechanism = match kind {
                SourceAccessType::SaslScram512Auth => "SCRAM-SHA-512",
                SourceAccessType::SaslScram256Auth => "SCRAM-SHA-256",
                SourceAccessType::BasicAuth => "PLAIN",
                SourceAccessType::ClientCertificateTlsAuth => {
                    logins += 1;
                    let secret: ClientCertificate = parse(kind, secret, r#"{"certificate": …, "privateKey": …}"#)?;
                    properties.push(("ssl.certificate.pem", secret.certificate));
                    properties.push(("ssl.key.pem", secret.private_key));
                    properties.extend(secret.private_key_password.map(|password| ("ssl.key.password", password)));
                    continue;
                }
                SourceAccessType::ServerRootCaCertificate => {
                    let secret: RootCa = parse(kind, secret, r#"{"certificate": …}"#)?;
                    properties.push(("ssl.ca.pem", secret.certificate));
                    continue;
                }
                other => bail!("the event source mapping has {other}, which the local event source does not know"),
            };
            (logins, protocol) = (logins + 1, "SASL_SSL");
            let secret: Password = parse(kind, secret, r#"{"username": …, "password": …}"#)?;
            properties.push(("sasl.mechanism", mechanism.to_owned()));
            properties.push(("sasl.username", secret.username));
            properties.push(("sasl.password", secret.password));
        }
        if logins > 1 {
            bail!("the event source mapping has {logins} ways to log in; lambda takes one");
        }
        if !properties.is_empty() {
            properties.push(("security.protocol", protocol.to_owned()));
            if !properties.iter().any(|(name, _)| *name == "ssl.ca.pem") {
                // Public authorities, wherever this machine keeps them.
                properties.push(("ssl.ca.location", "probe".to_owned()));
            }
        }
        Ok(Self { properties })
    }

    pub(crate) fn apply(&self, client: &mut ClientConfig) {
        for (name, value) in &self.properties {
            client.set(*name, value);
        }
    }
}

/// serde's own message would quote what it found, so it is not passed on.
fn parse<T: DeserializeOwned>(kind: &SourceAccessType, secret: &str, shape: &str) -> Result<T> {
    serde_json::from_str(secret).ok().with_context(|| format!("the secret of {kind} is not {shape}"))
}

impl fmt::Debug for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |name: &&str| {
            let (_, value) = self.properties.iter().find(|(set, _)| set == name)?;
            Some(value.as_str())
        };
        let words: Vec<_> = ["security.protocol", "sasl.mechanism"].iter().filter_map(shown).collect();
        formatter.write_str(if words.is_empty() { "PLAINTEXT" } else { "" })?;
        formatter.write_str(&words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGIN: &str = r#"{"username":"lake","password":"hunter2"}"#;
    const CA: &str = r#"{"certificate":"hunter2 CA"}"#;

    fn of(secrets: &[(SourceAccessType, &str)]) -> Result<Access> {
        Access::of(&secrets.iter().map(|(kind, secret)| (kind.clone(), (*secret).to_owned())).collect::<Vec<_>>())
    }

    fn client(access: &Access) -> ClientConfig {
        let mut client = ClientConfig::new();
        access.apply(&mut client);
        client
    }

    #[test]
    fn each_way_to_log_in_with_a_password_has_its_mechanism() {
        for (kind, mechanism) in [
            (SourceAccessType::SaslScram512Auth, "SCRAM-SHA-512"),
            (SourceAccessType::SaslScram256Auth, "SCRAM-SHA-256"),
            (SourceAccessType::BasicAuth, "PLAIN"),
        ] {
            let client = client(&of(&[(kind, LOGIN)]).unwrap());
            let property = |name| client.get(name).unwrap();
            assert_eq!((property("security.protocol"), property("sasl.mechanism")), ("SASL_SSL", mechanism));
            assert_eq!((property("sasl.username"), property("sasl.password")), ("lake", "hunter2"));
            assert_eq!(property("ssl.ca.location"), "probe");
        }
    }

    #[test]
    fn a_certificate_logs_in_without_sasl_and_its_key_may_be_encrypted() {
        let secret = r#"{"certificate":"C","privateKey":"K","privateKeyPassword":"P"}"#;
        let kinds =
            [(SourceAccessType::ClientCertificateTlsAuth, secret), (SourceAccessType::ServerRootCaCertificate, CA)];
        let client = client(&of(&kinds).unwrap());
        for (name, value) in [
            ("security.protocol", "SSL"),
            ("ssl.certificate.pem", "C"),
            ("ssl.key.pem", "K"),
            ("ssl.key.password", "P"),
            ("ssl.ca.pem", "hunter2 CA"),
        ] {
            assert_eq!(client.get(name), Some(value), "{name}");
        }
        assert_eq!(client.get("ssl.ca.location"), None);
        let unencrypted = r#"{"certificate":"C","privateKey":"K"}"#;
        assert!(of(&[(SourceAccessType::ClientCertificateTlsAuth, unencrypted)]).is_ok());
    }

    #[test]
    fn without_a_secret_it_is_plaintext() {
        assert_eq!(client(&of(&[]).unwrap()).config_map().len(), 0);
    }

    #[test]
    fn what_is_secret_is_not_shown() {
        let access =
            of(&[(SourceAccessType::SaslScram512Auth, LOGIN), (SourceAccessType::ServerRootCaCertificate, CA)]);
        assert_eq!(format!("{:?}", access.unwrap()), "SASL_SSL SCRAM-SHA-512");
        assert_eq!(format!("{:?}", Access::default()), "PLAINTEXT");
    }

    #[test]
    fn a_secret_of_another_shape_is_refused_with_the_right_one_and_not_repeated() {
        let errors = [
            of(&[(SourceAccessType::SaslScram512Auth, r#""hunter2""#)]),
            of(&[(SourceAccessType::ClientCertificateTlsAuth, r#"{"certificate":"hunter2"}"#)]),
            of(&[(SourceAccessType::ServerRootCaCertificate, "-----BEGIN hunter2")]),
            of(&[(SourceAccessType::VirtualHost, "hunter2")]),
            of(&[(SourceAccessType::BasicAuth, LOGIN), (SourceAccessType::SaslScram512Auth, LOGIN)]),
        ]
        .map(|refused| refused.unwrap_err().to_string());
        insta::assert_snapshot!(errors.join("\n"));
    }
}
