//! The rows of one run, column by column, as Parquet wants them.

use std::collections::HashMap;

use parquet::data_type::ByteArray;

use crate::event::Record;
use crate::extra;
use crate::row::Row;

/// Columns of equal length; an optional column holds the values that are there and says for each row whether one is.
#[derive(Default)]
pub(crate) struct Columns {
    pub(crate) symbol: Vec<ByteArray>,
    pub(crate) trade_date: Vec<i32>,
    pub(crate) open: Vec<f64>,
    pub(crate) high: Vec<f64>,
    pub(crate) low: Vec<f64>,
    pub(crate) close: Vec<f64>,
    pub(crate) adj_close: Optional<f64>,
    pub(crate) volume: Optional<f64>,
    pub(crate) close_usd: Optional<f64>,
    pub(crate) extra: Optional<ByteArray>,
    pub(crate) offset: Vec<i64>,
    pub(crate) index: Vec<i32>,
    pub(crate) timestamp_ms: Optional<i64>,
    pub(crate) bar_time_ms: Optional<i64>,
    pub(crate) bar_interval: Optional<ByteArray>,
    /// A handful of symbols repeats for ever: each is stored once, and counted by reference.
    symbols: HashMap<String, ByteArray>,
}

/// A column that may have nothing in a row.
pub(crate) struct Optional<T> {
    pub(crate) values: Vec<T>,
    /// Parquet's definition levels: 1 where there is a value.
    pub(crate) levels: Vec<i16>,
}

impl<T> Default for Optional<T> {
    fn default() -> Self {
        Self { values: Vec::new(), levels: Vec::new() }
    }
}

impl<T> Optional<T> {
    fn push(&mut self, value: Option<T>) {
        self.levels.push(i16::from(value.is_some()));
        self.values.extend(value);
    }

    fn truncate(&mut self, rows: usize, values: usize) {
        self.levels.truncate(rows);
        self.values.truncate(values);
    }
}

/// The length of the columns at some time; of an optional one, the number of its values.
pub(crate) struct Mark {
    rows: usize,
    adj_close: usize,
    volume: usize,
    close_usd: usize,
    extra: usize,
    timestamp_ms: usize,
    bar_time_ms: usize,
    bar_interval: usize,
}

impl Columns {
    pub(crate) fn len(&self) -> usize {
        self.offset.len()
    }

    /// Whether the values take less than so many bytes before they are encoded, about. The texts are looked at only where the numbers do not
    /// tell.
    pub(crate) fn take_less_than(&self, bytes: usize) -> bool {
        const NUMBERS: usize = 12 * size_of::<f64>();
        let texts = self.symbol.iter().chain(&self.extra.values).chain(&self.bar_interval.values);
        let numbers = self.len() * NUMBERS;
        numbers < bytes && numbers + texts.map(ByteArray::len).sum::<usize>() < bytes
    }

    pub(crate) fn push(&mut self, record: &Record<'_>, index: usize, row: Row<'_>) {
        let known = self.symbols.get(row.symbol.as_ref()).cloned();
        let symbol = known.unwrap_or_else(|| {
            let symbol = ByteArray::from(row.symbol.as_ref());
            self.symbols.insert(row.symbol.into_owned(), symbol.clone());
            symbol
        });
        self.symbol.push(symbol);
        self.trade_date.push(row.trade_date);
        self.open.push(row.open);
        self.high.push(row.high);
        self.low.push(row.low);
        self.close.push(row.close);
        self.adj_close.push(row.adj_close);
        self.volume.push(row.volume);
        self.close_usd.push(row.close_usd);
        self.extra.push(extra_of(record, row.extra).map(ByteArray::from));
        self.offset.push(record.offset);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_possible_wrap,
            reason = "a 6 MB event has no 2^31 elements"
        )]
        self.index.push(index as i32);
        self.timestamp_ms.push(record.trusted_timestamp_ms());
        self.bar_time_ms.push(row.bar_time_ms);
        self.bar_interval.push(row.bar_interval.map(|interval| ByteArray::from(interval.as_ref())));
    }

    /// So many values are there.
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            rows: self.len(),
            adj_close: self.adj_close.values.len(),
            volume: self.volume.values.len(),
            close_usd: self.close_usd.values.len(),
            extra: self.extra.values.len(),
            timestamp_ms: self.timestamp_ms.values.len(),
            bar_time_ms: self.bar_time_ms.values.len(),
            bar_interval: self.bar_interval.values.len(),
        }
    }

    /// Takes back the rows that came after the mark.
    pub(crate) fn back_to(&mut self, mark: &Mark) {
        let rows = mark.rows;
        self.symbol.truncate(rows);
        self.trade_date.truncate(rows);
        self.open.truncate(rows);
        self.high.truncate(rows);
        self.low.truncate(rows);
        self.close.truncate(rows);
        self.adj_close.truncate(rows, mark.adj_close);
        self.volume.truncate(rows, mark.volume);
        self.close_usd.truncate(rows, mark.close_usd);
        self.extra.truncate(rows, mark.extra);
        self.offset.truncate(rows);
        self.index.truncate(rows);
        self.timestamp_ms.truncate(rows, mark.timestamp_ms);
        self.bar_time_ms.truncate(rows, mark.bar_time_ms);
        self.bar_interval.truncate(rows, mark.bar_interval);
    }
}

/// What the timestamp's column cannot hold is kept all the same.
fn extra_of(record: &Record<'_>, extra: Option<Vec<u8>>) -> Option<Vec<u8>> {
    match record.timestamp_ms {
        Some(timestamp_ms) if record.trusted_timestamp_ms().is_none() => {
            Some(extra::with_timestamp(extra, timestamp_ms))
        }
        _ => extra,
    }
}
