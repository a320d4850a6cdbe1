//! Every environment variable that this function reads.

use std::time::Duration;

use aws::environment::{Environment, EnvironmentError};

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
    /// Whether a bucket's name goes into the path instead of the host name.
    pub path_style: bool,
}

/// How the reports are announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// `REPORT_TOPIC_ARN`: the SNS topic. Without it nothing is sent.
    pub(crate) topic: String,
    /// `REPORT_LINK_HOURS`: how long the link of the message works.
    pub(crate) link_lasts: Duration,
}

impl Config {
    /// Reads the variables through `lookup`, which is `std::env::var` outside of tests.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, EnvironmentError> {
        let environment = Environment(lookup);
        let is_identifier = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        // Any other would have to be quoted.
        let database = ("GLUE_DATABASE", "the Glue database of the tables");
        let glue_database = environment.parsed(database, "a name of a-z, 0-9 and _ only", |name| {
            name.bytes().all(is_identifier).then(|| name.to_owned())
        })?;
        let delivery = environment.optional("REPORT_TOPIC_ARN").map(|topic| {
            let hours = ("REPORT_LINK_HOURS", "the hours that the link in the message works");
            // S3 signs for no longer.
            let link_lasts = environment.parsed(hours, "a number of hours from 1 to 168", |text| {
                text.parse().ok().filter(|hours| (1..=168).contains(hours)).map(Duration::from_hours)
            })?;
            Ok(Delivery { topic, link_lasts })
        });
        Ok(Self {
            delivery: delivery.transpose()?,
            lake_bucket: environment.required("LAKE_BUCKET", "the bucket of the lake")?,
            glue_database,
            athena_workgroup: environment.required("ATHENA_WORKGROUP", "the Athena workgroup of the reports")?,
            path_style: environment.path_style(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config_with(changed: &str, value: Option<&str>) -> Result<Config, EnvironmentError> {
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
                assert!(message.starts_with(&format!("the environment variable {name} is not set")), "{message}");
            }
        }
    }

    #[test]
    fn a_database_name_that_is_no_identifier_is_refused() {
        let error = config_with("GLUE_DATABASE", Some("lake; DROP")).unwrap_err();
        let what = "a name of a-z, 0-9 and _ only";
        assert_eq!(error, EnvironmentError::Invalid("GLUE_DATABASE", "lake; DROP".to_owned(), what));
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
            let what = "a number of hours from 1 to 168";
            let error = EnvironmentError::Invalid("REPORT_LINK_HOURS", hours.to_owned(), what);
            assert_eq!(with_topic(Some(hours)).unwrap_err(), error);
        }
        assert!(with_topic(None).unwrap_err().to_string().contains("REPORT_LINK_HOURS is not set"));
        assert_eq!(config_with("REPORT_TOPIC_ARN", Some("")).unwrap().delivery, None);
    }

    #[test]
    fn buckets_are_addressed_by_path_only_at_an_endpoint_of_ones_own() {
        assert!(!config_with("AWS_ENDPOINT_URL", None).unwrap().path_style);
        assert!(config_with("AWS_ENDPOINT_URL", Some("http://127.0.0.1:4566")).unwrap().path_style);
    }
}
