//! Every environment variable that `crawl` reads.

/// What the environment says.
#[derive(Debug, PartialEq)]
pub(crate) struct Config {
    /// `CRAWLER_NAME`: the Glue crawler to start.
    pub(crate) crawler_name: String,
}

/// A variable is missing.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the environment variable CRAWLER_NAME is not set: it names the Glue crawler to start")]
pub(crate) struct MissingCrawlerName;

impl Config {
    pub(crate) fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, MissingCrawlerName> {
        let crawler_name = lookup("CRAWLER_NAME").filter(|name| !name.is_empty()).ok_or(MissingCrawlerName)?;
        Ok(Self { crawler_name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crawler_must_be_named() {
        assert_eq!(Config::from_lookup(|_| None), Err(MissingCrawlerName));
        assert_eq!(Config::from_lookup(|_| Some(String::new())), Err(MissingCrawlerName));
        let named = Config::from_lookup(|name| (name == "CRAWLER_NAME").then(|| "lake".to_owned()));
        assert_eq!(named, Ok(Config { crawler_name: "lake".to_owned() }));
    }
}
