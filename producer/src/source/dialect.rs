//! What a file was taken for.

use std::collections::BTreeSet;
use std::fmt;

use super::cells::Marks;
use super::clock::Span;
use super::compression::Compression;
use super::date::Style;
use super::encoding::Encoded;
use super::header::{Field, Layout};
use super::number::Decimal;
use super::shown::shown;

/// All that is needed to read the rows, and why it was taken so.
#[derive(Clone, Debug)]
pub(crate) struct Dialect {
    pub(crate) compression: Compression,
    pub(crate) encoded: Encoded,
    pub(crate) marks: Marks,
    pub(crate) header: Header,
    pub(crate) layout: Layout,
    /// The symbol of all rows, and where it was found.
    pub(crate) symbol: Option<(String, &'static str)>,
    pub(crate) dates: Style,
    /// The line and the day that have shown the order.
    pub(crate) dates_because_of: Option<(u64, String)>,
    pub(crate) span: Span,
    pub(crate) interval: Option<String>,
    pub(crate) decimal: Decimal,
    pub(crate) decimal_because_of: Option<(u64, String)>,
    /// Currencies that stand beside numbers, and are taken off.
    pub(crate) currencies: BTreeSet<String>,
}

/// The lines before the rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Header {
    /// The first and the last of the header's own lines; none if its columns were typed.
    pub(crate) lines: Option<(u64, u64)>,
    /// Its bytes, without the last line end.
    pub(crate) text: String,
    /// Lines above it that are no header.
    pub(crate) titles: Vec<(u64, String)>,
    /// The separator that a first line names for spreadsheets.
    pub(crate) hint: Option<u64>,
}

impl Header {
    /// The last line before the rows.
    pub(crate) fn end(&self) -> u64 {
        self.lines.map_or(self.hint.unwrap_or(0), |(_, last)| last)
    }
}

impl Dialect {
    /// Fields whose column is called otherwise.
    fn renamed(&self) -> Vec<String> {
        let field = |(place, name): (usize, &String)| {
            let field = self.layout.field(place).filter(|field| *field != Field::Time)?;
            (field.name() != name).then(|| format!("{}={}", field.name(), shown_name(name)))
        };
        self.layout.names.iter().enumerate().filter_map(field).collect()
    }
}

pub(crate) fn separator_name(separator: u8) -> String {
    match separator {
        b',' => "commas".to_owned(),
        b';' => "semicolons".to_owned(),
        b'\t' => "tabs".to_owned(),
        b' ' => "blanks".to_owned(),
        other => shown(&char::from(other).to_string()),
    }
}

fn shown_name(name: &str) -> String {
    if !name.is_empty() && name.chars().all(|character| character.is_ascii_graphic()) {
        name.to_owned()
    } else {
        shown(name)
    }
}

/// One line of what is not as in every file.
impl fmt::Display for Dialect {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if self.compression != Compression::None {
            parts.push(self.compression.to_string());
        }
        let because = self.encoded.because_of.map(|line| format!(" (line {line} is not UTF-8)")).unwrap_or_default();
        parts.push(format!("{}{because}", self.encoded.encoding.name()));
        parts.push(separator_name(self.marks.separator));
        parts.push(match self.header.lines {
            None => "no header".to_owned(),
            Some((first, last)) if first == last => format!("header in line {first}"),
            Some((first, last)) => format!("header in lines {first} to {last}"),
        });
        match (self.header.titles.len(), self.header.titles.first()) {
            (0, _) | (_, None) => {}
            (1, Some((line, title))) => parts.push(format!("above it line {line}: {}", shown(title))),
            (count, Some((_, title))) => parts.push(format!("above it {count} lines: {} ...", shown(title))),
        }
        let because = |of: &Option<(u64, String)>| {
            of.as_ref().map(|(line, text)| format!(" (line {line}: {})", shown(text))).unwrap_or_default()
        };
        match &self.dates {
            Style::Any(None) => {}
            Style::Any(Some(order)) => parts.push(format!("days as {order}{}", because(&self.dates_because_of))),
            Style::Pattern(pattern) => parts.push(format!("days as {pattern}")),
        }
        if self.span.is_within {
            parts.push(self.span.to_string());
        }
        if let Some(interval) = &self.interval {
            parts.push(format!("Interval={}", shown_name(interval)));
        }
        if self.decimal == Decimal::Comma {
            parts.push(format!("decimal commas{}", because(&self.decimal_because_of)));
        }
        if !self.currencies.is_empty() {
            let signs: Vec<&str> = self.currencies.iter().map(String::as_str).collect();
            parts.push(format!("without {}", signs.join(" ")));
        }
        if let Some((symbol, from)) = &self.symbol {
            parts.push(format!("Index={} from {from}", shown_name(symbol)));
        }
        parts.extend(self.renamed());
        if !self.layout.along.is_empty() {
            let names: Vec<String> = self.layout.along.iter().map(|(_, name)| shown_name(name)).collect();
            parts.push(format!("along go {}", names.join(", ")));
        }
        formatter.write_str(&parts.join("; "))
    }
}

impl Dialect {
    /// All of it, a line to a thing.
    pub(crate) fn table(&self) -> String {
        let mut lines = Vec::new();
        let mut line = |name: &str, text: String| lines.push(format!("  {name:<13} {text}\n"));
        let because = |of: &Option<(u64, String)>| {
            of.as_ref().map(|(line, text)| format!(", as line {line} shows: {}", shown(text))).unwrap_or_default()
        };
        line("compression", self.compression.to_string());
        let guess =
            self.encoded.because_of.map(|line| format!(", because line {line} is not UTF-8")).unwrap_or_default();
        line("encoding", format!("{}{guess}", self.encoded.encoding.name()));
        let hint = self.header.hint.map(|line| format!(", as line {line} says")).unwrap_or_default();
        line("separator", format!("{}{hint}", separator_name(self.marks.separator)));
        line("quotes", self.marks.quote.map_or("none".to_owned(), |quote| char::from(quote).to_string()));
        line(
            "header",
            match self.header.lines {
                None => "none: the columns are those of --columns".to_owned(),
                Some((first, last)) if first == last => format!("line {first}"),
                Some((first, last)) => format!("lines {first} to {last}"),
            },
        );
        for (number, title) in &self.header.titles {
            line("ignored", format!("line {number}, above the header: {}", shown(title)));
        }
        line(
            "days",
            match &self.dates {
                Style::Any(None) => "with the year first, or the month as a word".to_owned(),
                Style::Any(Some(order)) => format!("{order}{}", because(&self.dates_because_of)),
                Style::Pattern(pattern) => pattern.clone(),
            },
        );
        line(
            "bars",
            if self.span.is_within {
                self.span.to_string()
            } else {
                "daily; one with a time of day is within it".to_owned()
            },
        );
        if let Some(interval) = &self.interval {
            line("Interval", format!("{} for all rows, from --interval", shown_name(interval)));
        }
        let currencies: Vec<&str> = self.currencies.iter().map(String::as_str).collect();
        let signs = if currencies.is_empty() { String::new() } else { format!("; {} taken off", currencies.join(" ")) };
        line(
            "decimals",
            match self.decimal {
                Decimal::Unsure => format!("after a point, where there are any{signs}"),
                known => format!("after a {known}{}{signs}", because(&self.decimal_because_of)),
            },
        );
        if let Some((symbol, from)) = &self.symbol {
            line("Index", format!("{} for all rows, from {from}", shown_name(symbol)));
        }
        for (place, name) in self.layout.names.iter().enumerate() {
            let field = self.layout.field(place).map(|field| match field {
                Field::Time => "the time of Date".to_owned(),
                field => field.name().to_owned(),
            });
            let along = self.layout.along.iter().find(|(along, _)| *along == place);
            let along = along.map(|(_, name)| format!("goes along as {}", shown_name(name)));
            let what = [field, along].into_iter().flatten().collect::<Vec<_>>().join(", ");
            line(&format!("column {}", place + 1), format!("{} -> {what}", shown_name(name)));
        }
        lines.concat()
    }
}
