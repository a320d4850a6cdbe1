//! What a version of the manifest says, as SQL in the words of Trino and `DuckDB`. Names and hours are our own, so there is nothing to quote.

use std::fmt::Write;

use super::{AUDIT_COLUMNS, Manifest, Part, Table};
use crate::key::Hour;

const LANDED: &str = "bars_landed";

impl Manifest {
    /// The rows of a table and, but for the audits, those that have landed since, as a SELECT of these columns and the folder's. `database` is
    /// put before the tables' names, where they need one.
    pub fn select(&self, table: Table, columns: &[&str], database: Option<&str>) -> String {
        let of = |name: &str| match database {
            Some(database) => format!("\"{database}\".{name}"),
            None => name.to_owned(),
        };
        let parts = of_parts(self.parts(table).iter(), columns, &of(table.name()));
        match table {
            Table::Bars | Table::Daily => [parts, Some(self.landed_since(columns, &of(LANDED)))]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" UNION ALL "),
            Table::Audits => parts.unwrap_or_else(|| no_audits(columns)),
        }
    }

    /// The rows of `bars` of which no audit tells, as a SELECT of these columns.
    pub fn select_unaudited(&self, columns: &[&str]) -> String {
        let landed = self.landed_since(columns, LANDED);
        let from = self.audited_from();
        let parts = self.bars.iter().filter(|part| part.from < from);
        match of_parts(parts, columns, Table::Bars.name()) {
            Some(parts) => format!("{parts} AND {} UNION ALL {landed}", before(from)),
            None => landed,
        }
    }

    /// Whether no audit tells of a row of `rejects`: a condition on its folder, which is a day's.
    pub fn unaudited_rejects(&self) -> String {
        let (from, through) = (self.audited_from(), self.through);
        if from == through {
            return "TRUE".to_owned();
        }
        let since = format!("dt >= '{}'", through.dt());
        if from == Hour::default() { since } else { format!("({since} OR dt < '{}')", from.dt()) }
    }

    fn landed_since(&self, columns: &[&str], table: &str) -> String {
        let mut select = format!("SELECT {} FROM {table}", columns.join(", "));
        if self.through > Hour::default() {
            let (dt, hour) = (self.through.dt(), self.through.hour());
            // Writing to a String cannot fail.
            let _ = write!(select, " WHERE dt >= '{dt}' AND (dt > '{dt}' OR hour >= '{hour}')");
        }
        select
    }
}

fn of_parts<'a>(parts: impl Iterator<Item = &'a Part>, columns: &[&str], table: &str) -> Option<String> {
    let names: Vec<_> = parts.map(|part| format!("'{}'", part.id)).collect();
    let select = format!("SELECT {} FROM {table} WHERE part IN ({})", columns.join(", "), names.join(", "));
    (!names.is_empty()).then_some(select)
}

/// A table of no files has no columns to the local engine.
fn no_audits(columns: &[&str]) -> String {
    let typed = AUDIT_COLUMNS.iter().filter(|(name, _)| columns.contains(name));
    let typed: Vec<_> = typed.map(|(name, of)| format!("CAST(NULL AS {of}) AS {name}")).collect();
    format!("SELECT {} WHERE FALSE", typed.join(", "))
}

fn before(hour: Hour) -> String {
    let (dt, hour) = (hour.dt(), hour.hour());
    format!("dt <= '{dt}' AND (dt < '{dt}' OR hour < '{hour}')")
}
