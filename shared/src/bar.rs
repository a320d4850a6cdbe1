//! A bar is one OHLCV row of one symbol: the record of this system, as it stands on the topic.

use serde::ser::{Serialize, SerializeMap, Serializer};

/// The field names of a bar's JSON, in the order in which producers write them.
pub mod field {
    /// The symbol, a string.
    pub const INDEX: &str = "Index";
    /// The trading day, `YYYY-MM-DD`, or a moment on it, such as `2026-11-20T09:30:00-05:00`.
    pub const DATE: &str = "Date";
    /// The moment, where `Date` is the day or is missing; may be missing or null.
    pub const DATETIME: &str = "Datetime";
    /// What a bar spans, such as `1m` or `1d`; may be missing or null.
    pub const INTERVAL: &str = "Interval";
    /// Opening price.
    pub const OPEN: &str = "Open";
    /// Highest price.
    pub const HIGH: &str = "High";
    /// Lowest price.
    pub const LOW: &str = "Low";
    /// Closing price.
    pub const CLOSE: &str = "Close";
    /// Closing price adjusted for splits and dividends; may be missing or null.
    pub const ADJ_CLOSE: &str = "Adj Close";
    /// Volume; may be missing or null.
    pub const VOLUME: &str = "Volume";
    /// Closing price in US dollars; may be missing or null.
    pub const CLOSE_USD: &str = "CloseUSD";
}

/// One bar. Prices are in the currency of the index; volume in its own unit (shares or contracts).
///
/// Serializes as the topic's JSON, with the field names of the tutorial pipeline, so that old and new producers can share a
/// topic.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Symbol of the index, such as `HSI`; also the record's key.
    pub symbol: String,
    /// Trading day, `YYYY-MM-DD`.
    pub date: String,
    /// Opening price.
    pub open: f64,
    /// Highest price.
    pub high: f64,
    /// Lowest price.
    pub low: f64,
    /// Closing price.
    pub close: f64,
    /// Adjusted closing price, where the source has one.
    pub adj_close: Option<f64>,
    /// Volume, where the source has one.
    pub volume: Option<f64>,
    /// Closing price in US dollars, where the source has one.
    pub close_usd: Option<f64>,
}

impl Serialize for Bar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(field::INDEX, &self.symbol)?;
        map.serialize_entry(field::DATE, &self.date)?;
        map.serialize_entry(field::OPEN, &self.open)?;
        map.serialize_entry(field::HIGH, &self.high)?;
        map.serialize_entry(field::LOW, &self.low)?;
        map.serialize_entry(field::CLOSE, &self.close)?;
        if let Some(adj_close) = self.adj_close {
            map.serialize_entry(field::ADJ_CLOSE, &adj_close)?;
        }
        if let Some(volume) = self.volume {
            map.serialize_entry(field::VOLUME, &volume)?;
        }
        if let Some(close_usd) = self.close_usd {
            map.serialize_entry(field::CLOSE_USD, &close_usd)?;
        }
        map.end()
    }
}
