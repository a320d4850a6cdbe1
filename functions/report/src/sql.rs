//! The text of a query: placeholders are filled with literals made from parsed dates, never with text of an input.

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use shared::manifest::{COLUMNS, Manifest, Table};
use thiserror::Error;

/// Not a day, but as text before all of them.
const FIRST_FOLDER: &str = "0000-00-00";

/// The columns that a report may read: all but this one, the rest of a record, which is JSON that no engine need take.
const NOT_READ: &str = "extra";

/// A query whose placeholders are all known.
#[derive(Debug)]
pub(crate) struct Template(String);

/// A placeholder that nothing stands for, or one that never ends.
#[derive(Debug, PartialEq, Eq, Error)]
#[error("unknown placeholder {{{{{0}}}}}: known are {1}")]
pub struct UnknownPlaceholder(String, String);

impl Template {
    /// Puts each shared expression, given as name and SQL, in the place of `{{name}}`.
    pub(crate) fn parse(sql: &str, shared: &[(&str, &str)]) -> Result<Self, UnknownPlaceholder> {
        let expand = |text: String| {
            shared.iter().fold(text, |text, (name, expression)| text.replace(&placeholder(name), expression.trim_end()))
        };
        // Twice, for one may name another.
        let text = expand(expand(sql.to_owned()));
        let literals = literals(NaiveDate::default(), DateTime::default(), None, &Manifest::default());
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

    /// The SQL for a day, in the words of both Trino and `DuckDB`. Without `lookback_days` it reads all folders.
    pub(crate) fn render(
        &self,
        date: NaiveDate,
        as_of: DateTime<Utc>,
        lookback_days: Option<u32>,
        manifest: &Manifest,
    ) -> String {
        literals(date, as_of, lookback_days, manifest)
            .into_iter()
            .fold(self.0.clone(), |sql, (name, literal)| sql.replace(&placeholder(name), &literal))
    }
}

/// What a placeholder stands for. A folder is text, as the partition keys `dt` are. The rows of the lake are those of one version of the
/// manifest, whose names and hours are our own.
fn literals(
    date: NaiveDate,
    as_of: DateTime<Utc>,
    lookback_days: Option<u32>,
    manifest: &Manifest,
) -> [(&'static str, String); 9] {
    let from = lookback_days.and_then(|days| folder_from(date, as_of, days));
    let from = from.map_or_else(|| FIRST_FOLDER.to_owned(), |day| day.to_string());
    [
        ("date", format!("DATE '{date}'")),
        ("folder", format!("'{date}'")),
        ("folder_from", format!("'{from}'")),
        ("as_of", format!("TIMESTAMP '{}'", as_of.format("%Y-%m-%d %H:%M:%S"))),
        ("bars", format!("({})", manifest.select(Table::Bars, &readable(), None))),
        ("daily", format!("({})", manifest.select(Table::Daily, &readable(), None))),
        ("audits", format!("({})", manifest.select(Table::Audits, &Table::Audits.columns(), None))),
        ("unaudited_bars", format!("({})", manifest.select_unaudited(&readable()))),
        ("unaudited_rejects", manifest.unaudited_rejects()),
    ]
}

fn readable() -> Vec<&'static str> {
    COLUMNS.into_iter().filter(|column| *column != NOT_READ).collect()
}

/// The first folder of a lookback. It counts from the day, or from now if the day has not come yet; none if it is before all days.
pub(crate) fn folder_from(date: NaiveDate, as_of: DateTime<Utc>, lookback_days: u32) -> Option<NaiveDate> {
    let last = date.min(as_of.date_naive());
    last.checked_sub_days(Days::new(lookback_days.into())).filter(|day| day.year() >= 0)
}

fn placeholder(name: &str) -> String {
    format!("{{{{{name}}}}}")
}

#[cfg(test)]
mod tests {
    use shared::manifest::Part;

    use super::*;

    #[test]
    fn placeholders_become_literals_also_inside_a_shared_expression() {
        let shared = [("shared", "SELECT * FROM bars WHERE trade_date <= {{date}}\n")];
        let template = Template::parse("{{shared}} AND dt IN ({{folder_from}}, {{folder}}) -- {{as_of}}", &shared);
        let as_of = "2026-11-22T23:50:00Z".parse().unwrap();
        let sql = template.unwrap().render("2026-03-01".parse().unwrap(), as_of, Some(1), &Manifest::default());
        insta::assert_snapshot!(sql, @"SELECT * FROM bars WHERE trade_date <= DATE '2026-03-01' AND dt IN ('2026-02-28', '2026-03-01') -- TIMESTAMP '2026-11-22 23:50:00'");
    }

    #[test]
    fn a_shared_expression_may_name_another_whatever_their_order() {
        let shared = [("a", "1"), ("b", "{{a}} + {{c}}"), ("c", "2")];
        let sql = Template::parse("SELECT {{b}}", &shared).unwrap().render(
            NaiveDate::default(),
            DateTime::default(),
            None,
            &Manifest::default(),
        );
        assert_eq!(sql, "SELECT 1 + 2");
    }

    #[test]
    fn folders_are_read_from_the_lookback_on_or_from_the_first() {
        let template = Template::parse("dt >= {{folder_from}}", &[]).unwrap();
        let now: DateTime<Utc> = "2026-11-22T23:50:00Z".parse().unwrap();
        let from = |days| template.render("2026-03-01".parse().unwrap(), now, days, &Manifest::default());
        assert_eq!(from(Some(60)), "dt >= '2025-12-31'");
        assert_eq!(from(None), "dt >= '0000-00-00'");
        assert_eq!(from(Some(u32::MAX)), "dt >= '0000-00-00'", "further back than there are days");
        let of_the_future = template.render("2999-01-01".parse().unwrap(), now, Some(60), &Manifest::default());
        assert_eq!(of_the_future, "dt >= '2026-09-23'", "what has landed until now");
    }

    #[test]
    fn the_rows_of_the_lake_are_those_of_one_version_of_the_manifest() {
        let template = Template::parse("SELECT count(*) FROM {{bars}} AS bars, {{daily}} AS daily", &[]).unwrap();
        let part = |id: &str| Part { id: id.to_owned(), ..Part::default() };
        let manifest = Manifest {
            through: "2026-11-22T19".parse().unwrap(),
            bars: vec![part("a"), part("b")],
            daily: vec![part("c")],
            ..Manifest::default()
        };
        let sql = template.render(NaiveDate::default(), DateTime::default(), None, &manifest);
        let columns = readable().join(", ");
        let since = "WHERE dt >= '2026-11-22' AND (dt > '2026-11-22' OR hour >= '19')";
        assert_eq!(
            sql,
            format!(
                "SELECT count(*) FROM (SELECT {columns} FROM bars_compacted WHERE part IN ('a', 'b') UNION ALL \
                 SELECT {columns} FROM bars_landed {since}) AS bars, (SELECT {columns} FROM daily_compacted WHERE part IN ('c') \
                 UNION ALL SELECT {columns} FROM bars_landed {since}) AS daily"
            )
        );
    }

    #[test]
    fn a_report_may_read_every_column_but_extra() {
        let mut columns = readable();
        columns.insert(9, "extra");
        assert_eq!(columns, COLUMNS);
    }

    #[test]
    fn an_unknown_placeholder_is_named() {
        for sql in ["SELECT {{dat}}", "SELECT {{dat"] {
            let message = Template::parse(sql, &[("shared", "")]).unwrap_err().to_string();
            assert_eq!(
                message,
                "unknown placeholder {{dat}}: known are date, folder, folder_from, as_of, bars, daily, audits, unaudited_bars, \
                 unaudited_rejects, shared"
            );
        }
    }
}
