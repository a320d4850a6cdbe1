//! What the environment says to a function.

/// Its variables, as `std::env::var` finds them outside of tests. One that is set to nothing is not set.
pub struct Environment<L>(pub L);

/// A variable is missing, or not what it may be.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    /// Its name, and what it says.
    #[error("the environment variable {0} is not set: it names {1}")]
    Missing(&'static str, &'static str),
    /// Its name, what it is, and what it may be.
    #[error("the environment variable {0} is {1:?}, not {2}")]
    Invalid(&'static str, String, &'static str),
}

impl<L: Fn(&str) -> Option<String>> Environment<L> {
    /// A variable, if it is set.
    pub fn optional(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// A variable that names `what`.
    ///
    /// # Errors
    /// It is not set.
    pub fn required(&self, name: &'static str, what: &'static str) -> Result<String, EnvironmentError> {
        self.optional(name).ok_or(EnvironmentError::Missing(name, what))
    }

    /// A variable that names `what`, and has to be as `parse` takes it: `may_be` says how that is.
    ///
    /// # Errors
    /// It is not set, or of another form.
    pub fn parsed<T>(
        &self,
        (name, what): (&'static str, &'static str),
        may_be: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, EnvironmentError> {
        let value = self.required(name, what)?;
        parse(&value).ok_or(EnvironmentError::Invalid(name, value, may_be))
    }

    /// Whether a bucket's name goes into the path instead of the host name: so it must where `AWS_ENDPOINT_URL` (or `AWS_ENDPOINT_URL_S3`)
    /// names an emulator, which has no host of its own for each bucket. The SDK reads the values by itself.
    pub fn path_style(&self) -> bool {
        ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"].iter().any(|name| self.optional(name).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(set: &[(&str, &str)]) -> Environment<impl Fn(&str) -> Option<String>> {
        Environment(move |name: &str| {
            set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_variable_that_is_missing_empty_or_wrong_is_named() {
        for set in [&[][..], &[("DAYS", "")]] {
            let error = with(set).required("DAYS", "the days").unwrap_err().to_string();
            assert_eq!(error, "the environment variable DAYS is not set: it names the days");
        }
        let days =
            |value| with(&[("DAYS", value)]).parsed(("DAYS", "the days"), "a number", |text| text.parse::<u8>().ok());
        assert_eq!(days("7"), Ok(7));
        assert_eq!(days("many").unwrap_err().to_string(), "the environment variable DAYS is \"many\", not a number");
    }

    #[test]
    fn an_endpoint_of_ones_own_means_path_style() {
        assert!(!with(&[("AWS_ENDPOINT_URL", "")]).path_style());
        for name in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"] {
            assert!(with(&[(name, "http://127.0.0.1:4566")]).path_style());
        }
    }
}
