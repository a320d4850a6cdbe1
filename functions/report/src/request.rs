//! What an invocation asks for: one report or all, for which day, as of which moment.

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use serde_json::{Map, Value};
use thiserror::Error;

/// An input that has been checked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// The report asked for; none means all of them.
    pub(crate) report: Option<String>,
    /// The UTC day that the reports are about.
    pub(crate) date: NaiveDate,
    /// The moment at which a running hour is looked at.
    pub(crate) as_of: DateTime<Utc>,
    /// What a retry has in common with the first try, and no other invocation has.
    pub(crate) cause: String,
}

/// An input that cannot be read. Retrying the same input does not help.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum RequestError {
    /// Not `{…}`.
    #[error(r#"the input must be a JSON object such as {{"report":"market-summary","date":"2026-11-22"}}"#)]
    NotAnObject,
    /// A misspelt field, most likely.
    #[error("unknown field {0:?} in the input: known are report, date and time")]
    UnknownField(String),
    /// A field that is not what it must be.
    #[error("field {field:?} is {found}: it must be {form}")]
    Malformed {
        /// Its name.
        field: &'static str,
        /// What is there.
        found: String,
        /// What must be there.
        form: &'static str,
    },
}

/// The other fields of an `EventBridge` event, which a rule sends along.
const ENVELOPE: [&str; 8] = ["version", "id", "detail-type", "source", "account", "region", "resources", "detail"];

impl Request {
    /// Without a `date` it is the day of `time`, without both it is the day of `now`.
    pub(crate) fn parse(input: &Value, now: DateTime<Utc>, invocation_id: &str) -> Result<Self, RequestError> {
        let fields = input.as_object().ok_or(RequestError::NotAnObject)?;
        let is_known = |name: &str| matches!(name, "report" | "date" | "time") || ENVELOPE.contains(&name);
        if let Some(unknown) = fields.keys().find(|name| !is_known(name)) {
            return Err(RequestError::UnknownField(unknown.clone()));
        }
        let report =
            field(fields, "report", "the name of a report, such as market-summary", |text| Some(text.to_owned()))?;
        let date = field(fields, "date", "a day as YYYY-MM-DD", parse_day)?;
        let time = field(fields, "time", "a moment as YYYY-MM-DDThh:mm:ssZ", |text| {
            Some(DateTime::parse_from_rfc3339(text).ok()?.to_utc()).filter(|time| is_year(time.year()))
        })?;
        let as_of = time.unwrap_or(now);
        Ok(Self {
            report,
            date: date.unwrap_or_else(|| as_of.date_naive()),
            as_of,
            cause: time.map_or_else(|| invocation_id.to_owned(), |time| time.to_rfc3339()),
        })
    }
}

/// A field that is absent or null is none; anything but a string that `parse` takes is an error.
fn field<T>(
    fields: &Map<String, Value>,
    name: &'static str,
    form: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, RequestError> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_str().and_then(parse) {
            Some(parsed) => Ok(Some(parsed)),
            None => Err(RequestError::Malformed { field: name, found: value.to_string(), form }),
        },
    }
}

/// chrono alone would also take `2026-1-2` and `+12026-01-02`.
fn parse_day(text: &str) -> Option<NaiveDate> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (text.len() == 10 && day.to_string() == text && is_year(day.year())).then_some(day)
}

/// Of which both engines have the same idea.
fn is_year(year: i32) -> bool {
    (1..=9999).contains(&year)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(input: &Value) -> Result<Request, RequestError> {
        let now = "2026-11-23T00:10:00Z".parse().unwrap();
        Request::parse(input, now, "request-1")
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn an_empty_input_is_all_reports_of_today() {
        let request = parse(&json!({})).unwrap();
        assert_eq!((request.report, request.date), (None, day("2026-11-23")));
        assert_eq!(request.cause, "request-1");
    }

    #[test]
    fn the_day_of_the_schedule_counts_even_if_it_runs_after_midnight() {
        let request = parse(&json!({"time": "2026-11-22T23:50:00Z"})).unwrap();
        assert_eq!(request.date, day("2026-11-22"));
        assert_eq!(request.cause, "2026-11-22T23:50:00+00:00");
    }

    #[test]
    fn the_day_of_a_time_with_an_offset_is_the_utc_day() {
        assert_eq!(parse(&json!({"time": "2026-11-22T23:50:00-05:00"})).unwrap().date, day("2026-11-23"));
    }

    #[test]
    fn a_date_wins_over_the_schedule() {
        let request = parse(&json!({"date": "2026-11-01", "time": "2026-11-22T23:50:00Z"})).unwrap();
        assert_eq!(request.date, day("2026-11-01"));
    }

    #[test]
    fn an_event_of_eventbridge_is_taken_with_its_envelope() {
        let event = json!({
            "version": "0", "id": "1", "detail-type": "Scheduled Event", "source": "aws.events", "account": "1",
            "time": "2026-11-22T23:50:00Z", "region": "eu-central-1", "resources": [], "detail": {}
        });
        assert_eq!(parse(&event).unwrap().date, day("2026-11-22"));
    }

    #[test]
    fn a_year_that_only_one_engine_has_is_refused() {
        for input in [json!({"date": "0000-12-31"}), json!({"time": "9999-12-31T23:30:00-01:00"})] {
            assert!(matches!(parse(&input), Err(RequestError::Malformed { .. })), "{input}");
        }
        assert_eq!(parse(&json!({"date": "0001-01-01"})).unwrap().date, day("0001-01-01"));
    }

    #[test]
    fn malformed_input_names_the_field_and_the_form() {
        let messages: Vec<String> = [
            json!({"date": "22.11.2026"}),
            json!({"date": "2026-1-2"}),
            json!({"date": "2026-02-30"}),
            json!({"date": 20_261_122}),
            json!({"time": "2026-11-22"}),
            json!({"report": ["market-summary"]}),
            json!({"reports": "market-summary"}),
            json!("market-summary"),
        ]
        .iter()
        .map(|input| parse(input).unwrap_err().to_string())
        .collect();
        insta::assert_snapshot!(messages.join("\n"));
    }
}
