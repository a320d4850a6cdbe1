//! The result of a report's query, made as it is read: the columns that its `report.toml` declares, and a row per symbol.

use std::fs;

use local::project_root;
use toml::Table;

/// Those that have a row per symbol; the others have few rows, whatever is in the lake.
const PER_SYMBOL: [&str; 6] = ["data-quality", "drawdown", "intraday", "market-summary", "trend", "volatility"];
const FEW: usize = 60;
/// So many of the first rows have arrays, of so many items, as in the queries.
const WITH_ARRAYS: usize = 200;
const ITEMS: usize = 252;
/// In place of the number of a symbol, in all other rows.
const PLACE: &str = "0000000";

pub(crate) struct Rows {
    heading: String,
    /// Of a symbol per row, whose number is at `places`.
    row: String,
    places: Vec<usize>,
    /// The heading and the rows with arrays.
    head: Vec<u8>,
    count: usize,
}

impl Rows {
    pub(crate) fn of(report: &str, symbols: usize) -> Self {
        let file = project_root().join("functions/report/reports").join(report).join("report.toml");
        let declaration: Table = fs::read_to_string(file).unwrap().parse().unwrap();
        let column = |column: &toml::Value| (text(column, "name"), text(column, "format"));
        let columns: Vec<(String, String)> = declaration["columns"].as_array().unwrap().iter().map(column).collect();
        let row = |with_arrays: bool| {
            let cells: Vec<String> =
                columns.iter().map(|(name, format)| cell(report, name, format, with_arrays)).collect();
            cells.join(",") + "\n"
        };
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        let count = if PER_SYMBOL.contains(&report) { symbols } else { FEW };
        let mut head = format!("\"{}\"\n", names.join("\",\"")).into_bytes();
        for number in 0..count.min(WITH_ARRAYS) {
            head.extend(row(true).replace(PLACE, &numbered(number)).as_bytes());
        }
        let row = row(false);
        let places = row.match_indices(PLACE).map(|(place, _)| place).collect();
        Self { heading: names.join(","), row, places, head, count }
    }

    pub(crate) fn heading(&self) -> &str {
        &self.heading
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn last_symbol(&self) -> String {
        if self.places.is_empty() { String::new() } else { format!("S{}", numbered(self.count - 1)) }
    }

    pub(crate) fn len(&self) -> usize {
        self.head.len() + self.row.len() * self.count.saturating_sub(WITH_ARRAYS)
    }

    /// The bytes from `first` to before `end`.
    pub(crate) fn bytes(&self, first: usize, end: usize) -> Vec<u8> {
        let mut bytes = self.head[first.min(self.head.len())..end.min(self.head.len())].to_vec();
        let mut at = first.max(self.head.len());
        let mut row = self.row.clone().into_bytes();
        while at < end {
            let (number, within) = ((at - self.head.len()) / row.len(), (at - self.head.len()) % row.len());
            let numbered = numbered(WITH_ARRAYS + number);
            for place in &self.places {
                row[*place..*place + PLACE.len()].copy_from_slice(numbered.as_bytes());
            }
            let taken = (row.len() - within).min(end - at);
            bytes.extend_from_slice(&row[within..within + taken]);
            at += taken;
        }
        bytes
    }
}

fn numbered(number: usize) -> String {
    format!("{number:07}")
}

fn text(column: &toml::Value, key: &str) -> String {
    column[key].as_str().unwrap().to_owned()
}

/// As Athena writes it.
fn cell(report: &str, name: &str, format: &str, with_arrays: bool) -> String {
    let array = |item: &str| if with_arrays { format!("[{}]", vec![item; ITEMS].join(", ")) } else { String::new() };
    let value = match format {
        "text" if name == "section" && report == "drawdown" => "Below the peak now".to_owned(),
        "text" if name == "section" => "Symbols".to_owned(),
        "text" if name == "period" => "Day".to_owned(),
        "text" if name == "symbol" || name == "other" => format!("S{PLACE}"),
        "text" => "yes".to_owned(),
        "date" => "2026-11-20".to_owned(),
        "month" => "2026-11".to_owned(),
        "timestamp" => "2026-11-20 19:00:00.000".to_owned(),
        "integer" | "duration" => "12".to_owned(),
        "decimal" | "amount" | "percent" => "123.45678901234567".to_owned(),
        "numbers" => array("123.45678901234567"),
        "dates" => array("2026-11-20"),
        "times" => array("2026-11-20 14:30:00.000"),
        other => panic!("a format {other}"),
    };
    if value.is_empty() { value } else { format!("\"{value}\"") }
}
