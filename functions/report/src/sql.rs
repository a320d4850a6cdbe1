//! The text of a query: placeholders are filled with literals made from parsed dates, never with text of an input.

use chrono::{DateTime, NaiveDate, Utc};
use thiserror::Error;

/// A query whose placeholders are all known.
#[derive(Debug)]
pub(crate) struct Template(String);

/// A placeholder that nothing stands for, or one that never ends.
#[derive(Debug, PartialEq, Eq, Error)]
#[error("unknown placeholder {{{{{0}}}}}: known are {1}")]
pub(crate) struct UnknownPlaceholder(String, String);

impl Template {
    /// Puts each shared expression, given as name and SQL, in the place of `{{name}}`.
    pub(crate) fn parse(sql: &str, shared: &[(&str, &str)]) -> Result<Self, UnknownPlaceholder> {
        let mut text = sql.to_owned();
        for (name, expression) in shared {
            text = text.replace(&placeholder(name), expression.trim_end());
        }
        let literals = literals(NaiveDate::default(), DateTime::default());
        for rest in text.split("{{").skip(1) {
            let name = rest.split_once("}}").map_or(rest, |(name, _)| name);
            if !literals.iter().any(|(known, _)| *known == name) {
                let known = literals.iter().map(|literal| literal.0).chain(shared.iter().map(|entry| entry.0));
                let known: Vec<&str> = known.collect();
                return Err(UnknownPlaceholder(name.to_owned(), known.join(", ")));
            }
        }
        Ok(Self(text))
    }

    /// The SQL for a day, in the words of both Trino and `DuckDB`.
    pub(crate) fn render(&self, date: NaiveDate, as_of: DateTime<Utc>) -> String {
        literals(date, as_of)
            .into_iter()
            .fold(self.0.clone(), |sql, (name, literal)| sql.replace(&placeholder(name), &literal))
    }
}

/// What a placeholder stands for. A folder is text, as the partition keys `dt` are.
fn literals(date: NaiveDate, as_of: DateTime<Utc>) -> [(&'static str, String); 4] {
    let day_before = date.pred_opt().unwrap_or(date);
    [
        ("date", format!("DATE '{date}'")),
        ("folder", format!("'{date}'")),
        ("folder_before", format!("'{day_before}'")),
        ("as_of", format!("TIMESTAMP '{}'", as_of.format("%Y-%m-%d %H:%M:%S"))),
    ]
}

fn placeholder(name: &str) -> String {
    format!("{{{{{name}}}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_become_literals_also_inside_a_shared_expression() {
        let shared = [("daily", "SELECT * FROM bars WHERE trade_date <= {{date}}\n")];
        let template = Template::parse("{{daily}} AND dt IN ({{folder_before}}, {{folder}}) -- {{as_of}}", &shared);
        let as_of = "2026-11-22T23:50:00Z".parse().unwrap();
        let sql = template.unwrap().render("2026-03-01".parse().unwrap(), as_of);
        insta::assert_snapshot!(sql, @"SELECT * FROM bars WHERE trade_date <= DATE '2026-03-01' AND dt IN ('2026-02-28', '2026-03-01') -- TIMESTAMP '2026-11-22 23:50:00'");
    }

    #[test]
    fn an_unknown_placeholder_is_named() {
        for sql in ["SELECT {{dat}}", "SELECT {{dat"] {
            let message = Template::parse(sql, &[("daily", "")]).unwrap_err().to_string();
            assert_eq!(message, "unknown placeholder {{dat}}: known are date, folder, folder_before, as_of, daily");
        }
    }
}
