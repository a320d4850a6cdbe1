//! The manifest: which parts of the compacted tables there are, and up to which hour they stand in for what has landed.
//!
//! It is one object, changed only by compare-and-swap, and each of its versions tells one state of the lake: the rows of its parts, and
//! those of the folders from [`Manifest::through`] on. So whoever reads it once, and puts what it says into all queries, sees each row once.

mod select;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::key::{Hour, LandingTime};

/// Where it is.
pub const KEY: &str = "catalog/bars.json";

/// The columns of the views `bars` and `daily`: those of what has landed, and of its folder.
pub const COLUMNS: [&str; 20] = [
    "symbol",
    "trade_date",
    "open",
    "high",
    "low",
    "close",
    "adj_close",
    "volume",
    "close_usd",
    "extra",
    "kafka_topic",
    "kafka_partition",
    "kafka_offset",
    "kafka_index",
    "kafka_timestamp",
    "kafka_life",
    "bar_time",
    "bar_interval",
    "dt",
    "hour",
];

/// The columns of the view `audits`, and what they are in the words of Trino and `DuckDB`.
pub const AUDIT_COLUMNS: [(&str, &str); 11] = [
    ("dt", "varchar"),
    ("kafka_topic", "varchar"),
    ("kafka_partition", "integer"),
    ("kafka_life", "integer"),
    ("first_offset", "bigint"),
    ("last_offset", "bigint"),
    ("landed", "bigint"),
    ("rejected", "bigint"),
    ("bar_rows", "bigint"),
    ("duplicates", "bigint"),
    ("undecided", "boolean"),
];

/// How many switches it remembers: those of the newest hours, and ever fewer before.
const MOST_SWITCHES: usize = 40;

/// The state of the lake.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Counts its versions: each has one successor.
    pub version: u64,
    /// The rows of all folders before this hour are in the parts, and are read there.
    pub through: Hour,
    /// The parts of `bars_compacted`, in the order of their hours.
    pub bars: Vec<Part>,
    /// The parts of `daily_compacted`.
    pub daily: Vec<Part>,
    /// The parts of `audits_compacted`.
    #[serde(default)]
    pub audits: Vec<Part>,
    /// The audits tell of all folders from this hour on, as far as parts go; none: of nothing that is in parts until now.
    #[serde(default)]
    pub audited_from: Option<Hour>,
    /// Parts of versions before: a query that began then may still read them.
    #[serde(default)]
    pub retired: Vec<Retired>,
    /// When which hours came to be read in the parts.
    #[serde(default)]
    pub switches: Vec<Switch>,
    /// By their day (`2026-11-22`), the landed objects that are in parts and not yet hollow.
    #[serde(default)]
    pub landed: BTreeMap<String, Landed>,
}

/// One immutable file of a compacted table, and the Hive partition that it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Its name: the value of the partition key `part`.
    pub id: String,
    /// The first hour of its rows' folders.
    pub from: Hour,
    /// The hour after the last.
    pub through: Hour,
    /// Rows.
    pub rows: u64,
    /// Size in bytes.
    pub bytes: u64,
    /// What all its rows come to: a number that another row, or another value in one, would change. In hexadecimal.
    pub hash: String,
}

/// The landed objects of a day that parts were made of: what is there besides was never merged, and must not be hollowed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Landed {
    /// How many.
    pub objects: u64,
    /// What their keys come to, in any order. In hexadecimal.
    pub keys: String,
}

/// A part that no later version names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Retired {
    /// The table.
    pub table: Table,
    /// Its name.
    pub id: String,
    /// When: milliseconds since 1970 UTC.
    pub at_ms: i64,
}

/// When it was that all folders before an hour came to be read in the parts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Switch {
    /// The hour.
    pub through: Hour,
    /// When: milliseconds since 1970 UTC.
    pub at_ms: i64,
}

/// A table of parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    /// Each row that has landed.
    Bars,
    /// Of each symbol and trade date the newest row.
    Daily,
    /// Which offsets have landed or were rejected, by day, partition and life: what the rows of a sealed folder come to.
    Audits,
}

/// A manifest that cannot be read: then nobody knows what is read where.
#[derive(Debug, thiserror::Error)]
#[error(
    "catalog/bars.json cannot be read: {0}; restore a version of the object that can (RUNBOOK.md, Taking back what was deleted)"
)]
pub struct UnreadableManifest(#[source] serde_json::Error);

impl Table {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Bars, Self::Daily, Self::Audits];

    /// Its view, and the folder of its parts.
    pub fn view(self) -> &'static str {
        match self {
            Self::Bars => "bars",
            Self::Daily => "daily",
            Self::Audits => "audits",
        }
    }

    /// The columns of its view.
    pub fn columns(self) -> Vec<&'static str> {
        match self {
            Self::Bars | Self::Daily => COLUMNS.to_vec(),
            Self::Audits => AUDIT_COLUMNS.map(|(name, _)| name).to_vec(),
        }
    }

    /// Its name in the catalog.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bars => "bars_compacted",
            Self::Daily => "daily_compacted",
            Self::Audits => "audits_compacted",
        }
    }

    /// The prefix of its parts.
    pub fn prefix(self) -> String {
        format!("compacted/{}/part=", self.view())
    }

    /// The folder of a part.
    pub fn folder(self, id: &str) -> String {
        format!("{}{id}/", self.prefix())
    }

    /// The key of a part.
    pub fn key(self, id: &str) -> String {
        format!("{}{}.parquet", self.folder(id), self.view())
    }

    /// The part of a key.
    pub fn part_of(self, key: &str) -> Option<&str> {
        Some(key.strip_prefix(self.prefix().as_str())?.split_once('/')?.0)
    }
}

/// The name of a part that is made of the manifest of this version: `2026-11-22T19-v17-<attempt>-0`.
pub fn part_id(through: Hour, base: u64, attempt: &str, place: usize) -> String {
    format!("{through}-v{base}-{attempt}-{place}")
}

/// The version of the manifest that a part was made of.
pub fn base_of(id: &str) -> Option<u64> {
    let (_, rest) = id.split_once("-v")?;
    rest.split('-').next()?.parse().ok()
}

/// When the invocation began that made a part, in milliseconds since 1970 UTC: its attempt begins with that.
pub fn begun_ms(id: &str) -> Option<i64> {
    let (_, rest) = id.split_once("-v")?;
    i64::from_str_radix(rest.split('-').nth(1)?.get(..ATTEMPT_TIME)?, 16).ok()
}

/// The name of an attempt: the time tells the invocations of one event apart, the event those of one time.
pub fn attempt(now: LandingTime, event: &str) -> String {
    let event: String = event.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
    format!("{:0width$x}{event}", now.0.max(0), width = ATTEMPT_TIME)
}

/// Hexadecimal digits of its time.
const ATTEMPT_TIME: usize = 11;

impl Landed {
    /// And this one.
    pub fn add(&mut self, key: &str) {
        let digest = Sha256::digest(key);
        let number = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let keys = u64::from_str_radix(&self.keys, 16).unwrap_or_default();
        self.keys = format!("{:x}", keys.wrapping_add(number));
        self.objects += 1;
    }
}

impl Manifest {
    /// Reads it from its JSON.
    pub fn parse(bytes: &[u8]) -> Result<Self, UnreadableManifest> {
        serde_json::from_slice(bytes).map_err(UnreadableManifest)
    }

    /// Its JSON, for people too.
    pub fn to_bytes(&self) -> Vec<u8> {
        #[expect(clippy::expect_used, reason = "numbers and strings always serialize")]
        serde_json::to_vec_pretty(self).expect("a manifest serializes")
    }

    /// The parts of a table.
    pub fn parts(&self, table: Table) -> &[Part] {
        match table {
            Table::Bars => &self.bars,
            Table::Daily => &self.daily,
            Table::Audits => &self.audits,
        }
    }

    /// Whether a part is read, or may still be.
    pub fn names(&self, table: Table, id: &str) -> bool {
        self.parts(table).iter().any(|part| part.id == id)
            || self.retired.iter().any(|retired| (retired.table, retired.id.as_str()) == (table, id))
    }

    /// The version after this one: these new parts, in the place of those of the same table that they were merged of.
    #[must_use]
    pub fn next(&self, through: Hour, new: &[(Table, Part)], merged: &[(Table, String)], now: LandingTime) -> Self {
        let audited_from = Some(self.audited_from());
        let mut next = Self { version: self.version + 1, through, audited_from, ..self.clone() };
        for (table, id) in merged {
            let parts = next.parts_mut(*table);
            parts.retain(|part| part.id != *id);
            next.retired.push(Retired { table: *table, id: id.clone(), at_ms: now.0 });
        }
        for (table, part) in new {
            let parts = next.parts_mut(*table);
            parts.push(part.clone());
            parts.sort_by_key(|part| (part.from, part.through));
        }
        if through > self.through {
            next.switches.push(Switch { through, at_ms: now.0 });
            next.thin_switches();
        }
        next
    }

    /// From which hour on the audits tell what is in the parts. A manifest of before there were audits has none yet.
    pub fn audited_from(&self) -> Hour {
        self.audited_from.unwrap_or(self.through)
    }

    /// Has the audits begin anew behind what is in parts: of some of that they cannot tell.
    pub fn forget_audits(&mut self, now: LandingTime) {
        let forgotten = std::mem::take(&mut self.audits).into_iter();
        self.retired.extend(forgotten.map(|part| Retired { table: Table::Audits, id: part.id, at_ms: now.0 }));
        self.audited_from = Some(self.through);
    }

    /// Counts landed objects that are in parts from this version on. Also where all keep their rows: that may be changed some day.
    pub fn count_landed<'k>(&mut self, objects: impl Iterator<Item = (Hour, &'k str)>) {
        for (hour, key) in objects {
            self.landed.entry(hour.dt()).or_default().add(key);
        }
    }

    fn parts_mut(&mut self, table: Table) -> &mut Vec<Part> {
        match table {
            Table::Bars => &mut self.bars,
            Table::Daily => &mut self.daily,
            Table::Audits => &mut self.audits,
        }
    }

    /// Up to which hour everything has been read in the parts for so long. Where switches were forgotten it tells an earlier one.
    pub fn through_for(&self, grace_ms: i64, now: LandingTime) -> Hour {
        let old = self.switches.iter().filter(|switch| now.0.saturating_sub(switch.at_ms) >= grace_ms);
        old.map(|switch| switch.through).max().unwrap_or_default()
    }

    /// Of three switches in a row the middle one may be forgotten: what it tells of, the next one tells later. The one goes that has the
    /// others nearest, as far back as it is.
    fn thin_switches(&mut self) {
        while self.switches.len() > MOST_SWITCHES {
            let newest = self.switches[self.switches.len() - 1].at_ms;
            let cost = |place: &usize| {
                let gap = self.switches[place + 1].at_ms - self.switches[place - 1].at_ms;
                let age = (newest - self.switches[*place].at_ms).max(1);
                // Gaps in proportion to the age, in parts of a million.
                gap.saturating_mul(1_000_000) / age
            };
            let least = (1..self.switches.len() - 1).min_by_key(cost).unwrap_or(1);
            self.switches.remove(least);
        }
    }
}

#[cfg(test)]
mod tests;
