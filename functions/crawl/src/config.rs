//! Every environment variable that `crawl` reads.

use aws::environment::{Environment, EnvironmentError};

/// What the environment says.
#[derive(Debug, PartialEq)]
pub(crate) struct Config {
    /// `CRAWLER_NAME`: the Glue crawler to start.
    pub(crate) crawler_name: String,
}

impl Config {
    pub(crate) fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, EnvironmentError> {
        Ok(Self { crawler_name: Environment(lookup).required("CRAWLER_NAME", "the Glue crawler to start")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crawler_must_be_named() {
        let missing = EnvironmentError::Missing("CRAWLER_NAME", "the Glue crawler to start");
        assert_eq!(Config::from_lookup(|_| None).as_ref(), Err(&missing));
        assert_eq!(Config::from_lookup(|_| Some(String::new())), Err(missing));
        let named = Config::from_lookup(|name| (name == "CRAWLER_NAME").then(|| "lake".to_owned()));
        assert_eq!(named, Ok(Config { crawler_name: "lake".to_owned() }));
    }
}
