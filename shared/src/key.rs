//! Object keys: where in the bucket a run, its rejects, or an event's strays are.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::event::{Stray, split_name};

/// The time of landing, to which the folders of an event's objects belong: milliseconds since 1970 UTC.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LandingTime(pub i64);

impl LandingTime {
    fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }

    /// `dt=2026-11-22/hour=19`, UTC.
    pub fn hour_folder(self) -> String {
        self.utc().format("dt=%Y-%m-%d/hour=%H").to_string()
    }

    /// `dt=2026-11-22`, UTC.
    pub fn day_folder(self) -> String {
        self.utc().format("dt=%Y-%m-%d").to_string()
    }

    /// `2026-11-22T19:05:11Z`.
    pub fn rfc3339(self) -> String {
        self.utc().format("%Y-%m-%dT%H:%M:%SZ").to_string()
    }
}

/// An hour of UTC, to which a folder of the lake belongs: hours since 1970. As text `2026-11-22T19`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hour(pub i64);

const HOUR_MS: i64 = 3_600_000;

impl Hour {
    /// The hour of a time.
    pub fn of(time: LandingTime) -> Self {
        Self(time.0.div_euclid(HOUR_MS))
    }

    /// When it begins.
    pub fn start(self) -> LandingTime {
        LandingTime(self.0.saturating_mul(HOUR_MS))
    }

    /// The hour of the folder in which a key of `bars/` lies; none if it is in none, or hidden.
    pub fn of_key(key: &str) -> Option<Self> {
        let (day, rest) = key.strip_prefix("bars/dt=")?.split_once("/hour=")?;
        let (hour, name) = rest.split_once('/')?;
        // What begins so, no engine reads.
        let is_hidden = |part: &str| part.starts_with(['_', '.']);
        (!name.is_empty() && !name.split('/').any(is_hidden)).then_some(())?;
        Self::parse(day, hour)
    }

    fn parse(day: &str, hour: &str) -> Option<Self> {
        let digits = |text: &str, length: usize| {
            (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| text.parse::<u32>().ok())?
        };
        let (year, rest) = day.split_once('-')?;
        let (month, day) = rest.split_once('-')?;
        let date = NaiveDate::from_ymd_opt(digits(year, 4)?.cast_signed(), digits(month, 2)?, digits(day, 2)?)?;
        let time = date.and_hms_opt(digits(hour, 2)?, 0, 0)?.and_utc();
        Some(Self::of(LandingTime(time.timestamp_millis())))
    }

    /// `2026-11-22`, as in `dt=`.
    pub fn dt(self) -> String {
        self.start().utc().format("%Y-%m-%d").to_string()
    }

    /// `19`, as in `hour=`.
    pub fn hour(self) -> String {
        self.start().utc().format("%H").to_string()
    }
}

impl fmt::Display for Hour {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}T{}", self.dt(), self.hour())
    }
}

impl FromStr for Hour {
    type Err = NotAnHour;

    fn from_str(text: &str) -> Result<Self, NotAnHour> {
        let parsed = text.split_once('T').and_then(|(day, hour)| Self::parse(day, hour));
        parsed.ok_or_else(|| NotAnHour(text.to_owned()))
    }
}

/// Text that names no hour.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("{0:?} is no hour of UTC such as 2026-11-22T19")]
pub struct NotAnHour(String);

impl Serialize for Hour {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hour {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Where it stands up to which hour all is sealed or about to be: [`crate::sealing::Seal`].
pub const SEAL: &str = "catalog/seal.json";

/// Which generations a lake has ledgers of. It was raised by hand when a topic was made anew, before ledgers knew of lives; each
/// generation of then is a life now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation(pub u32);

/// The keys of one partition's objects.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'a> {
    /// Kafka topic.
    pub topic: &'a str,
    /// Kafka partition.
    pub partition: i32,
}

impl Keys<'_> {
    /// `ledger/g1/<topic>-<partition>.json`.
    pub fn ledger(&self) -> String {
        self.former_ledger(Generation(1))
    }

    /// `ledger/g<generation>/<topic>-<partition>.json`: where it was when each generation had its own.
    pub fn former_ledger(&self, Generation(generation): Generation) -> String {
        format!("ledger/g{generation}/{}-{}.json", self.topic, self.partition)
    }

    /// `bars/dt=…/hour=…/<topic>-<partition>-g<life>-<first>-<last>-<sequence>.parquet`. The offsets are padded, so that keys sort
    /// by offset.
    pub fn bars(&self, life: u32, offsets: (i64, i64), sequence: u64, landing: LandingTime) -> String {
        format!("bars/{}/{}.parquet", landing.hour_folder(), self.run(life, offsets, sequence))
    }

    /// `rejects/dt=…/<topic>-<partition>-g<life>-<first>-<last>-<sequence>.jsonl`.
    pub fn rejects(&self, life: u32, offsets: (i64, i64), sequence: u64, landing: LandingTime) -> String {
        format!("rejects/{}/{}.jsonl", landing.day_folder(), self.run(life, offsets, sequence))
    }

    fn run(&self, life: u32, (first, last): (i64, i64), sequence: u64) -> String {
        let Self { topic, partition } = self;
        format!("{topic}-{partition}-g{life}-{first:019}-{last:019}-{sequence}")
    }
}

/// Topic and partition of a ledger, by its key.
pub fn of_ledger(key: &str) -> Option<(&str, i32)> {
    let (_, name) = key.strip_prefix("ledger/g")?.strip_suffix(".json")?.split_once('/')?;
    crate::event::split_name(name)
}

/// `rejects/dt=…/stray-<hash>.jsonl`: strays have no offset, so their content names them, and a redelivery finds them there.
pub fn strays(strays: &[Stray<'_>], landing: LandingTime) -> String {
    let mut hash = Sha256::new();
    for stray in strays {
        hash.update(&stray.source);
        hash.update([0]);
        hash.update(stray.text.as_bytes());
        hash.update([0]);
    }
    format!("rejects/{}/stray-{}.jsonl", landing.day_folder(), digest(hash))
}

/// `oversized/<topic>-<partition>-<offset>-<hash>.json`: a record that no event can hold, named by its content too. None if its batch
/// is not named after a partition.
pub fn oversized(batch: &str, offset: i64, json: &str) -> Option<String> {
    split_name(batch)?;
    Some(format!("oversized/{batch}-{offset:019}-{}.json", digest(Sha256::new().chain_update(json))))
}

fn digest(hash: Sha256) -> String {
    let mut digest = String::new();
    for byte in hash.finalize().iter().take(16) {
        // Writing to a String cannot fail.
        let _ = write!(digest, "{byte:02x}");
    }
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-22T19:05:11.250Z
    const LANDING: LandingTime = LandingTime(1_795_374_311_250);

    #[test]
    fn keys_have_the_folder_of_landing_and_padded_offsets() {
        let keys = Keys { topic: "stock-bars", partition: 2 };
        assert_eq!(keys.ledger(), "ledger/g1/stock-bars-2.json");
        assert_eq!(keys.former_ledger(Generation(3)), "ledger/g3/stock-bars-2.json");
        assert_eq!(
            keys.bars(1, (9, 100), 17, LANDING),
            "bars/dt=2026-11-22/hour=19/stock-bars-2-g1-0000000000000000009-0000000000000000100-17.parquet"
        );
        assert_eq!(
            keys.rejects(4, (9, i64::MAX), 17, LANDING),
            "rejects/dt=2026-11-22/stock-bars-2-g4-0000000000000000009-9223372036854775807-17.jsonl"
        );
        assert_eq!(LANDING.rfc3339(), "2026-11-22T19:05:11Z");
    }

    #[test]
    fn a_ledger_tells_whose_it_is() {
        assert_eq!(of_ledger("ledger/g1/stock-bars-2.json"), Some(("stock-bars", 2)));
        assert_eq!(of_ledger("ledger/g12/a-1-0.json"), Some(("a-1", 0)));
        for other in
            ["ledger/g1/", "ledger/stock-bars-2.json", "ledger/g1/stock-bars-02.json", "bars/g1/stock-bars-2.json"]
        {
            assert_eq!(of_ledger(other), None, "{other}");
        }
    }

    #[test]
    fn an_hour_is_that_of_its_folder() {
        let hour = Hour::of(LANDING);
        assert_eq!(format!("{hour} dt={}/hour={}", hour.dt(), hour.hour()), "2026-11-22T19 dt=2026-11-22/hour=19");
        assert_eq!(format!("dt={}/hour={}", hour.dt(), hour.hour()), hour.start().hour_folder());
        assert_eq!("2026-11-22T19".parse(), Ok(hour));
        assert_eq!(Hour::of_key("bars/dt=2026-11-22/hour=19/any/thing.parquet"), Some(hour));
        for other in [
            "bars/dt=2026-11-22/hour=19/",
            "bars/dt=2026-11-22/hour=19/_temporary/a.parquet",
            "bars/dt=2026-11-22/hour=19/.a.parquet.crc",
            "bars/dt=2026-11-31/hour=19/a",
            "bars/dt=2026-11-22/hour=24/a",
            "bars/dt=2026-11-22/hour=+9/a",
            "bars/dt=26-11-22/hour=19/a",
            "rejects/dt=2026-11-22/hour=19/a",
        ] {
            assert_eq!(Hour::of_key(other), None, "{other}");
        }
        assert!("2026-11-22 19".parse::<Hour>().is_err());
        assert_eq!(serde_json::from_str::<Hour>("\"2026-11-22T19\"").unwrap(), hour);
        assert_eq!(serde_json::to_string(&hour).unwrap(), "\"2026-11-22T19\"");
    }

    #[test]
    fn the_same_strays_have_the_same_key_and_others_another() {
        let stray = |text: &'static str| Stray { source: "t-0".into(), text: text.into(), detail: String::new() };
        let key = strays(&[stray("1")], LANDING);
        assert_eq!(key, strays(&[stray("1")], LANDING));
        assert_ne!(key, strays(&[stray("2")], LANDING));
        assert!(key.starts_with("rejects/dt=2026-11-22/stray-"), "{key}");
    }

    #[test]
    fn a_record_that_no_event_can_hold_is_named_by_its_place_and_content() {
        let key = oversized("t-0", 7, "{}");
        assert_eq!(key.as_deref(), Some("oversized/t-0-0000000000000000007-44136fa355b3678a1146ad16f7e8649e.json"));
        assert_ne!(key, oversized("t-0", 7, "[]"));
        assert_eq!(oversized("../t", 7, "{}"), None);
    }
}
