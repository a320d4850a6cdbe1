//! Every environment variable that `ingest` reads.

use shared::key::Generation;

/// What the environment says.
#[derive(Debug, PartialEq)]
pub struct Config {
    /// `LAKE_BUCKET`: the bucket that holds the lake.
    pub lake_bucket: String,
    /// `GENERATION`: how often it was raised when topics were made anew, before ledgers knew of lives: a whole number from 1.
    pub generation: Generation,
    /// Whether the bucket's name goes into the path instead of the host name: so it must where `AWS_ENDPOINT_URL` (or
    /// `AWS_ENDPOINT_URL_S3`) names an emulator.
    pub path_style: bool,
}

/// A variable is missing, or not what it may be.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// Its name, and what it says.
    #[error("the environment variable {0} is not set: it names {1}")]
    Missing(&'static str, &'static str),
    /// Its name, what it is, and what it may be.
    #[error("the environment variable {0} is {1:?}, not {2}")]
    Invalid(&'static str, String, &'static str),
}

impl Config {
    /// Reads the variables.
    ///
    /// # Errors
    /// The first that is missing or invalid.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let present = |name| lookup(name).filter(|value| !value.is_empty());
        let required = |name, what| present(name).ok_or(ConfigError::Missing(name, what));
        let lake_bucket = required("LAKE_BUCKET", "the S3 bucket in which records land")?;
        let generation = required("GENERATION", "the newest generation that has ledgers, 1 unless it was raised")?;
        let number = generation.parse().ok().filter(|number| *number >= 1);
        let invalid = || ConfigError::Invalid("GENERATION", generation.clone(), "a whole number from 1");
        Ok(Self {
            lake_bucket,
            generation: Generation(number.ok_or_else(invalid)?),
            path_style: present("AWS_ENDPOINT_URL").or_else(|| present("AWS_ENDPOINT_URL_S3")).is_some(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(changed: &str, value: Option<&str>) -> Result<Config, ConfigError> {
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
