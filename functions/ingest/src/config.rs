//! Every environment variable that `ingest` reads.

use aws::environment::{Environment, EnvironmentError};
use shared::key::Generation;

/// What the environment says.
#[derive(Debug, PartialEq)]
pub struct Config {
    /// `LAKE_BUCKET`: the bucket that holds the lake.
    pub lake_bucket: String,
    /// `GENERATION`: how often it was raised when topics were made anew, before ledgers knew of lives: a whole number from 1.
    pub generation: Generation,
    /// Whether the bucket's name goes into the path instead of the host name.
    pub path_style: bool,
}

impl Config {
    /// Reads the variables.
    ///
    /// # Errors
    /// The first that is missing or invalid.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, EnvironmentError> {
        let environment = Environment(lookup);
        let generation = ("GENERATION", "the newest generation that has ledgers, 1 unless it was raised");
        Ok(Self {
            lake_bucket: environment.required("LAKE_BUCKET", "the S3 bucket in which records land")?,
            generation: environment.parsed(generation, "a whole number from 1", |text| {
                text.parse().ok().filter(|number| *number >= 1).map(Generation)
            })?,
            path_style: environment.path_style(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(changed: &str, value: Option<&str>) -> Result<Config, EnvironmentError> {
        Config::from_lookup(|name| match name {
            name if name == changed => value.map(str::to_owned),
            "LAKE_BUCKET" => Some("lake".to_owned()),
            "GENERATION" => Some("1".to_owned()),
            _ => None,
        })
    }

    #[test]
    fn a_variable_that_is_missing_empty_or_wrong_is_named() {
        for name in ["LAKE_BUCKET", "GENERATION"] {
            for value in [None, Some("")] {
                let error = config(name, value).unwrap_err().to_string();
                assert!(error.contains(name), "{error}");
            }
        }
        for value in ["0", "-1", "second"] {
            let error = config("GENERATION", Some(value)).unwrap_err().to_string();
            assert!(error.contains("GENERATION") && error.contains(value), "{error}");
        }
    }

    #[test]
    fn an_endpoint_means_path_style() {
        let on_aws = Config { lake_bucket: "lake".into(), generation: Generation(1), path_style: false };
        assert_eq!(config("", None), Ok(on_aws));
        for name in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"] {
            assert_eq!(config(name, Some("http://127.0.0.1:4566")).map(|config| config.path_style), Ok(true));
        }
    }
}
