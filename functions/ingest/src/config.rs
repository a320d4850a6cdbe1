//! Every environment variable that `ingest` reads.

/// What the environment says.
#[derive(Debug, PartialEq)]
pub(crate) struct Config {
    /// `LAKE_BUCKET`: the bucket that holds the lake.
    pub(crate) lake_bucket: String,
    /// Whether the bucket's name goes into the path instead of the host name: so it must where `AWS_ENDPOINT_URL` (or
    /// `AWS_ENDPOINT_URL_S3`) names an emulator.
    pub(crate) path_style: bool,
}

/// A variable is missing.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the environment variable {0} is not set: it names {1}")]
pub(crate) struct MissingVariable(&'static str, &'static str);

impl Config {
    pub(crate) fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, MissingVariable> {
        let present = |name| lookup(name).filter(|value| !value.is_empty());
        Ok(Self {
            lake_bucket: present("LAKE_BUCKET")
                .ok_or(MissingVariable("LAKE_BUCKET", "the S3 bucket in which records land"))?,
            path_style: present("AWS_ENDPOINT_URL").or_else(|| present("AWS_ENDPOINT_URL_S3")).is_some(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_or_empty_bucket_is_named() {
        for value in [None, Some(String::new())] {
            let error = Config::from_lookup(|_| value.clone()).unwrap_err().to_string();
            assert!(error.contains("LAKE_BUCKET"), "{error}");
        }
    }

    #[test]
    fn an_endpoint_means_path_style() {
        let config = |endpoint: Option<&str>| {
            Config::from_lookup(|name| match name {
                "LAKE_BUCKET" => Some("lake".to_owned()),
                "AWS_ENDPOINT_URL" => endpoint.map(str::to_owned),
                _ => None,
            })
        };
        assert_eq!(config(None), Ok(Config { lake_bucket: "lake".into(), path_style: false }));
        assert_eq!(config(Some("http://127.0.0.1:4566")).map(|config| config.path_style), Ok(true));
    }
}
