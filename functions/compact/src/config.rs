//! Every environment variable that `compact` reads.

use aws::environment::{Environment, EnvironmentError};

/// What the environment says.
#[derive(Debug, PartialEq)]
pub struct Config {
    /// `LAKE_BUCKET`: the bucket that holds the lake.
    pub lake_bucket: String,
    /// `GLUE_DATABASE`: the Glue database of its tables.
    pub glue_database: String,
    /// `RAW_RETENTION_DAYS`: for how many days landed objects keep their rows once these are read in parts; 0 is for ever.
    pub raw_retention_days: u32,
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
        let days = ("RAW_RETENTION_DAYS", "the days for which landed objects keep their rows once they are compacted");
        Ok(Self {
            lake_bucket: environment.required("LAKE_BUCKET", "the S3 bucket of the lake")?,
            glue_database: environment.required("GLUE_DATABASE", "the Glue database of the lake's tables")?,
            raw_retention_days: environment.parsed(days, "a whole number of days, 0 for ever", |text| {
                text.parse().ok().filter(|days| *days <= 36_500)
            })?,
            path_style: environment.path_style(),
        })
    }

    /// The same in milliseconds; none: for ever.
    pub fn landed_grace_ms(&self) -> Option<i64> {
        (self.raw_retention_days > 0).then(|| i64::from(self.raw_retention_days) * 86_400_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(changed: &str, value: Option<&str>) -> Result<Config, EnvironmentError> {
        Config::from_lookup(|name| match name {
            name if name == changed => value.map(str::to_owned),
            "LAKE_BUCKET" => Some("lake".to_owned()),
            "GLUE_DATABASE" => Some("stocks".to_owned()),
            "RAW_RETENTION_DAYS" => Some("7".to_owned()),
            _ => None,
        })
    }

    #[test]
    fn a_variable_that_is_missing_empty_or_wrong_is_named() {
        for name in ["LAKE_BUCKET", "GLUE_DATABASE", "RAW_RETENTION_DAYS"] {
            for value in [None, Some("")] {
                let error = config(name, value).unwrap_err().to_string();
                assert!(error.contains(name), "{error}");
            }
        }
        for value in ["-1", "a week", "40000"] {
            let error = config("RAW_RETENTION_DAYS", Some(value)).unwrap_err().to_string();
            assert!(error.contains("RAW_RETENTION_DAYS") && error.contains(value), "{error}");
        }
    }

    #[test]
    fn days_are_a_grace_and_none_is_for_ever() {
        assert_eq!(config("", None).unwrap().landed_grace_ms(), Some(7 * 86_400_000));
        assert_eq!(config("RAW_RETENTION_DAYS", Some("0")).unwrap().landed_grace_ms(), None);
    }

    #[test]
    fn an_endpoint_means_path_style() {
        assert!(!config("", None).unwrap().path_style);
        for name in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"] {
            assert_eq!(config(name, Some("http://127.0.0.1:4566")).map(|config| config.path_style), Ok(true));
        }
    }
}
