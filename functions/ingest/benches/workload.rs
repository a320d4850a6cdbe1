//! What the benchmarks feed: events as Lambda delivers them, full of bars that look like real ones.

use std::fmt::Write;
use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use shared::bar::Bar;

/// Most records that Lambda puts into one event.
pub(crate) const FULL: usize = 10_000;

const SYMBOLS: [&str; 14] = [
    "HSI",
    "NYA",
    "IXIC",
    "000001.SS",
    "N225",
    "N100",
    "399001.SZ",
    "GSPTSE",
    "NSEI",
    "GDAXI",
    "KS11",
    "SSMI",
    "TWII",
    "J203.JO",
];

/// The bars of the CSV file that `BENCH_DATA` names, its first 10,000; without it, as many from a formula, with digits like
/// theirs. The second value says which.
pub(crate) fn bars() -> (Vec<Bar>, String) {
    match std::env::var("BENCH_DATA") {
        Ok(path) if !path.is_empty() => (bars_of(&path), format!("the first bars of {path}")),
        _ => ((0..FULL).map(bar).collect(), "bars from a formula".to_owned()),
    }
}

/// An event with one record for each value, in one partition.
pub(crate) fn event<V: AsRef<[u8]>>(topic: &str, first_offset: usize, values: impl IntoIterator<Item = V>) -> String {
    let mut payload = format!(
        r#"{{"eventSource":"SelfManagedKafka","bootstrapServers":"b-1:9092,b-2:9092","records":{{"{topic}-0":["#
    );
    for (offset, value) in (first_offset..).zip(values) {
        let separator = if offset == first_offset { "" } else { "," };
        let (key, value) = (STANDARD.encode(SYMBOLS[offset % 14]), STANDARD.encode(value));
        let timestamp = 1_795_370_753_000 + offset;
        let _ = write!(
            payload,
            r#"{separator}{{"topic":"{topic}","partition":0,"offset":{offset},"timestamp":{timestamp},"timestampType":"CREATE_TIME","key":"{key}","value":"{value}","headers":[]}}"#
        );
    }
    payload + "]}}"
}

/// A bar's JSON, as producers send it.
pub(crate) fn json(bar: &Bar) -> String {
    serde_json::to_string(bar).unwrap()
}

fn bar(number: usize) -> Bar {
    let day = number / SYMBOLS.len();
    let digits = |salt: usize, scale: f64| {
        #[expect(clippy::cast_precision_loss, reason = "seven digits")]
        let noise = ((number * 7_919 + salt * 104_729) % 9_999_991) as f64 / 9_999_991.0;
        (noise * scale * 1e6).round() / 1e6
    };
    let open = 3_000.0 + digits(1, 900.0);
    let (high, low) = (open + digits(2, 30.0), open - digits(3, 30.0));
    let close = low + digits(4, 1.0) * (high - low);
    let [high, low, close] = [high, low, close].map(|price| (price * 1e6).round() / 1e6);
    Bar {
        symbol: SYMBOLS[number % SYMBOLS.len()].to_owned(),
        date: format!("{}-{:02}-{:02}", 1990 + day / 336, day / 28 % 12 + 1, day % 28 + 1),
        open,
        high,
        low,
        close,
        adj_close: Some(close),
        volume: Some((digits(5, 1.0) * 1e9).round()),
        close_usd: Some((close * 0.13 * 1e8).round() / 1e8),
    }
}

fn bars_of(path: &str) -> Vec<Bar> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("BENCH_DATA={path}: {error}"));
    let mut lines = text.lines();
    let header: Vec<_> = lines.next().unwrap_or_default().split(',').collect();
    let place = |name| header.iter().position(|column| *column == name).unwrap_or_else(|| panic!("{path}: no {name}"));
    let places = ["Index", "Date", "Open", "High", "Low", "Close", "Adj Close", "Volume", "CloseUSD"].map(place);
    let bars: Vec<_> = lines
        .take(FULL)
        .map(|line| {
            let cells: Vec<_> = line.split(',').collect();
            let [symbol, date, open, high, low, close, adj_close, volume, close_usd] = places.map(|place| cells[place]);
            let number = |cell: &str| cell.parse().unwrap_or_else(|_| panic!("{path}: {cell} is not a number"));
            Bar {
                symbol: symbol.to_owned(),
                date: date.to_owned(),
                open: number(open),
                high: number(high),
                low: number(low),
                close: number(close),
                adj_close: Some(number(adj_close)),
                volume: Some(number(volume)),
                close_usd: Some(number(close_usd)),
            }
        })
        .collect();
    assert_eq!(bars.len(), FULL, "{path} has too few rows");
    bars
}
