//! How the deployed event source is to log in to a broker that asks for it.

use std::fmt;

use anyhow::{Context as _, Result};
use aws_sdk_lambda::types::{SourceAccessConfiguration, SourceAccessType};

use crate::aws::Aws;

/// A listener with TLS, and the secrets for it, in the shapes that Lambda reads (docs/deploying.md).
#[derive(Clone)]
pub struct Login {
    /// Addresses of that listener, `host:port,host:port`.
    pub bootstrap_servers: String,
    /// As the parameter `KafkaAuthentication` has it.
    pub authentication: String,
    /// JSON of the secret to log in with.
    pub secret: String,
    /// JSON of the secret with the CA that signed the broker's certificate.
    pub root_ca: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at {}", self.authentication, self.bootstrap_servers)
    }
}

/// A login whose secrets are in Secrets Manager.
#[derive(Debug)]
pub(crate) struct StoredLogin {
    pub(crate) bootstrap_servers: String,
    pub(crate) authentication: String,
    pub(crate) secret_arn: String,
    pub(crate) root_ca_arn: String,
}

impl Login {
    /// Makes the secrets.
    pub(crate) async fn store(&self, aws: &Aws) -> Result<StoredLogin> {
        Ok(StoredLogin {
            bootstrap_servers: self.bootstrap_servers.clone(),
            authentication: self.authentication.clone(),
            secret_arn: make_secret("tickerlake-kafka", &self.secret, aws).await?,
            root_ca_arn: make_secret("tickerlake-kafka-ca", &self.root_ca, aws).await?,
        })
    }
}

impl StoredLogin {
    /// What the mapping of `template.yaml` is made with.
    pub(crate) fn configurations(&self) -> Vec<SourceAccessConfiguration> {
        let login = SourceAccessType::from(self.authentication.as_str());
        [(login, &self.secret_arn), (SourceAccessType::ServerRootCaCertificate, &self.root_ca_arn)]
            .map(|(kind, arn)| SourceAccessConfiguration::builder().r#type(kind).uri(arn).build())
            .to_vec()
    }
}

async fn make_secret(name: &str, text: &str, aws: &Aws) -> Result<String> {
    let made = aws.secrets.create_secret().name(name).secret_string(text).send().await;
    let made = made.with_context(|| format!("cannot make the secret {name}"))?;
    made.arn().map(str::to_owned).with_context(|| format!("the secret {name} has no arn"))
}
