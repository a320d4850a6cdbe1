//! Every environment variable that this function reads.

use std::time::Duration;

use thiserror::Error;

/// What the deployment says, read once at start.
#[derive(Debug, PartialEq, Eq)]
pub struct Config {
    /// `LAKE_BUCKET`: the bucket that the reports are written to.
    pub(crate) lake_bucket: String,
    /// `GLUE_DATABASE`: where the tables `bars` and `rejects` are declared.
    pub(crate) glue_database: String,
    /// `ATHENA_WORKGROUP`: names the place of query results and the scan limit.
    pub(crate) athena_workgroup: String,
    /// Where to say that the reports are made, if anywhere.
    pub(crate) delivery: Option<Delivery>,
    /// Whether `AWS_ENDPOINT_URL` is set. The SDK reads its value; here it only means that buckets are
    /// addressed by path, because no host of their own stands behind such an endpoint.
    pub custom_endpoint: bool,
}

/// How the reports are announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// `REPORT_TOPIC_ARN`: the SNS topic. Without it nothing is sent.
    pub(crate) topic: String,
    /// `REPORT_LINK_HOURS`: how long the link of the message works.
    pub(crate) link_lasts: Duration,
}

/// A variable that is missing or cannot be used.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// Not set, or set to nothing.
    #[error("environment variable {0} is missing or empty: set it to {1}")]
    Missing(&'static str, &'static str),
    /// A name that would have to be quoted.
    #[error("environment variable GLUE_DATABASE is {0:?}: a database name has only a-z, 0-9 and _")]
    Database(String),
    /// A time that is none, or longer than S3 signs for.
    #[error("environment variable REPORT_LINK_HOURS is {0:?}: set it to a number of hours from 1 to 168")]
    LinkHours(String),
}

impl Config {
    /// Reads the variables through `lookup`, which is `std::env::var` outside of tests.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let required =
            |name, meaning| lookup(name).filter(|value| !value.is_empty()).ok_or(ConfigError::Missing(name, meaning));
        let glue_database = required("GLUE_DATABASE", "the Glue database of the tables")?;
        let is_identifier = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if !glue_database.bytes().all(is_identifier) {
            return Err(ConfigError::Database(glue_database));
        }
        let topic = lookup("REPORT_TOPIC_ARN").filter(|value| !value.is_empty());
        let delivery = topic.map(|topic| {
            let hours = required("REPORT_LINK_HOURS", "the hours that the link in the message works")?;
            let link_hours = hours.parse().ok().filter(|hours| (1..=168).contains(hours));
            let link_hours: u64 = link_hours.ok_or_else(|| ConfigError::LinkHours(hours.clone()))?;
            Ok(Delivery { topic, link_lasts: Duration::from_hours(link_hours) })
        });
        Ok(Self {
            delivery: delivery.transpose()?,
            lake_bucket: required("LAKE_BUCKET", "the bucket of the lake")?,
            glue_database,
            athena_workgroup: required("ATHENA_WORKGROUP", "the Athena workgroup of the reports")?,
            custom_endpoint: lookup("AWS_ENDPOINT_URL").is_some_and(|url| !url.is_empty()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config_with(changed: &str, value: Option<&str>) -> Result<Config, ConfigError> {
        Config::from_lookup(|name| {
            if name == changed {
                return value.map(str::to_owned);
            }
            match name {
                "LAKE_BUCKET" => Some("lake".to_owned()),
                "GLUE_DATABASE" => Some("tickerlake_1".to_owned()),
                "ATHENA_WORKGROUP" => Some("reports".to_owned()),
                _ => None,
            }
        })
    }

    #[test]
    fn a_missing_or_empty_variable_is_named() {
        for name in ["LAKE_BUCKET", "GLUE_DATABASE", "ATHENA_WORKGROUP"] {
            for value in [None, Some("")] {
                let message = config_with(name, value).unwrap_err().to_string();
                assert!(message.starts_with(&format!("environment variable {name} is missing")), "{message}");
            }
        }
    }

    #[test]
    fn a_database_name_that_is_no_identifier_is_refused() {
        let error = config_with("GLUE_DATABASE", Some("lake; DROP")).unwrap_err();
        assert_eq!(error, ConfigError::Database("lake; DROP".to_owned()));
    }

    #[test]
    fn a_topic_needs_a_number_of_hours_for_its_link() {
        let with_topic = |hours: Option<&'static str>| {
            Config::from_lookup(|name| match name {
                "REPORT_TOPIC_ARN" => Some("arn:aws:sns:eu-central-1:1:reports".to_owned()),
                "REPORT_LINK_HOURS" => hours.map(str::to_owned),
                _ => Some("tickerlake".to_owned()),
            })
        };
        let lasts = with_topic(Some("12")).unwrap().delivery.map(|delivery| delivery.link_lasts);
        assert_eq!(lasts, Some(Duration::from_hours(12)));
        for hours in ["0", "169", "twelve"] {
            assert_eq!(with_topic(Some(hours)).unwrap_err(), ConfigError::LinkHours(hours.to_owned()));
        }
        assert!(with_topic(None).unwrap_err().to_string().contains("REPORT_LINK_HOURS is missing"));
        assert_eq!(config_with("REPORT_TOPIC_ARN", Some("")).unwrap().delivery, None);
    }

    #[test]
    fn buckets_are_addressed_by_path_only_at_an_endpoint_of_ones_own() {
        assert!(!config_with("AWS_ENDPOINT_URL", None).unwrap().custom_endpoint);
        assert!(config_with("AWS_ENDPOINT_URL", Some("http://127.0.0.1:4566")).unwrap().custom_endpoint);
    }
}
