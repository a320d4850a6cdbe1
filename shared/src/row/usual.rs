//! A bar as producers write it, read in one pass: an object with the known fields, each once.
//!
//! It is a second way to the same row, several times as fast, and it judges nothing: whatever is not as usual is left to the decoder,
//! which is the only one to say why a value is no row.

use std::borrow::Cow;

use super::{LONGEST_INTERVAL, Row};
use crate::bar::field;
use crate::moment::Moment;
use crate::scan::Scan;

/// In the order in which producers write them.
const IN_ORDER: [&str; 10] = [
    field::INDEX,
    field::DATE,
    field::OPEN,
    field::HIGH,
    field::LOW,
    field::CLOSE,
    field::ADJ_CLOSE,
    field::VOLUME,
    field::CLOSE_USD,
    field::INTERVAL,
];

/// The row of a value, if it is as usual.
pub(super) fn row(value: &[u8]) -> Option<Row<'_>> {
    let mut scan = Scan::new(str::from_utf8(value).ok()?);
    let mut fields = Fields::default();
    scan.members(&IN_ORDER, |scan, name| fields.take(name, scan))?;
    scan.is_over().then_some(())?;
    fields.into_row()
}

#[derive(Default)]
struct Fields<'a> {
    symbol: Option<&'a str>,
    date: Option<&'a str>,
    interval: Option<&'a str>,
    open: Option<f64>,
    high: Option<f64>,
    low: Option<f64>,
    close: Option<f64>,
    adj_close: Option<f64>,
    volume: Option<f64>,
    close_usd: Option<f64>,
}

impl<'a> Fields<'a> {
    /// Nothing that is null, nothing twice, and nothing that is no column.
    fn take(&mut self, name: &str, scan: &mut Scan<'a>) -> Option<()> {
        let number = match name {
            field::OPEN => &mut self.open,
            field::HIGH => &mut self.high,
            field::LOW => &mut self.low,
            field::CLOSE => &mut self.close,
            field::ADJ_CLOSE => &mut self.adj_close,
            field::VOLUME => &mut self.volume,
            field::CLOSE_USD => &mut self.close_usd,
            _ => {
                let word = match name {
                    field::INDEX => &mut self.symbol,
                    field::DATE => &mut self.date,
                    field::INTERVAL => &mut self.interval,
                    _ => return None,
                };
                return word.replace(scan.string()?).is_none().then_some(());
            }
        };
        number.replace(scan.number()?).is_none().then_some(())
    }

    fn into_row(self) -> Option<Row<'a>> {
        if self.volume.is_some_and(|volume| volume < 0.0)
            || self.interval.is_some_and(|interval| interval.len() > LONGEST_INTERVAL)
        {
            return None;
        }
        let moment = Moment::parse(self.date?)?.of_interval(self.interval);
        Some(Row {
            symbol: Cow::Borrowed(self.symbol?),
            trade_date: moment.day,
            bar_time_ms: moment.time_ms,
            bar_interval: self.interval.map(Cow::Borrowed),
            open: self.open?,
            high: self.high?,
            low: self.low?,
            close: self.close?,
            adj_close: self.adj_close,
            volume: self.volume,
            close_usd: self.close_usd,
            extra: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::judge_rows;
    use super::*;

    const BARS: [&str; 4] = [
        r#"{"Index":"HSI","Date":"1986-12-31","Open":2568.300049,"High":2569.0,"Low":2560,"Close":2568.300049,"Adj Close":2568.300049,"Volume":0.0,"CloseUSD":333.87900637}"#,
        // As Python writes it.
        r#"{"Index": "000001.SS", "Date": "1997-07-02", "Open": 1255.909058, "High": 1261.571045, "Low": 1147.331055, "Close": 1199.061035}"#,
        r#"{"Index":"CL","Date":"2020-04-20","Open":17.73,"High":17.85,"Low":-40.32,"Close":-37.63,"Volume":247947}"#,
        r#"{"Index":"ACME","Date":"2026-11-20T09:30:00-05:00","Open":1,"High":1,"Low":1,"Close":1,"Interval":"1m"}"#,
    ];

    /// What the decoder makes of it, to the last bit.
    fn judged(value: &str) -> Option<String> {
        let mut rows = Vec::new();
        judge_rows(value.as_bytes(), |_, row| rows.push(format!("{row:?}"))).ok()?;
        Some(rows.concat())
    }

    fn read(value: &str) -> Option<String> {
        row(value.as_bytes()).map(|row| format!("{row:?}"))
    }

    #[test]
    fn bars_as_producers_write_them_are_read() {
        for bar in BARS {
            assert!(read(bar).is_some(), "{bar}");
            assert_eq!(read(bar), judged(bar));
        }
    }

    #[test]
    fn what_is_not_as_usual_is_left_to_the_decoder() {
        for (from, to) in [
            ("HSI", "H\\u0053I"),
            ("HSI", "\n"),
            ("\"HSI\"", "7"),
            ("2569.0", "null"),
            ("2569.0", "\"2569\""),
            ("2569.0", "2.5e3"),
            ("2569.0", "02569"),
            ("2569.0", "2569."),
            ("2569.0", ".5"),
            ("2569.0", "-"),
            ("2569.0", "+1"),
            ("\"High\"", "\"Low\""),
            ("\"Low\":2560,", ""),
            ("\"Volume\":0.0", "\"Volume\":-1"),
            ("\"Open\"", "\"Name\":\"x\",\"Open\""),
            ("\"Open\"", "\"Interval\":\"seventeen letters\",\"Open\""),
            ("1986-12-31", "1986-02-29"),
            ("37}", "37} x"),
            ("37}", "37,}"),
            ("37}", "37"),
            ("{", "[{"),
        ] {
            let value = BARS[0].replacen(from, to, 1);
            assert_ne!(value, BARS[0]);
            assert_eq!(read(&value), None, "{value}");
        }
    }

    /// Numbers of every form, and what is like one.
    fn number() -> impl Strategy<Value = String> {
        prop_oneof![
            "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,25})?",
            "[-0-9.eE+]{0,8}",
            any::<f64>().prop_map(|number| number.to_string()),
            any::<i64>().prop_map(|number| number.to_string()),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

        #[test]
        fn any_number_is_read_as_the_decoder_reads_it(number in number(), other in number()) {
            let value = BARS[0].replace("2569.0", &number).replace("\":0.0", &format!("\":{other}"));
            if let Some(row) = read(&value) {
                prop_assert_eq!(Some(row), judged(&value));
            }
        }

        #[test]
        fn a_bar_with_any_piece_of_it_replaced_is_read_as_the_decoder_reads_it(
            bar in 0..BARS.len(), start in 0..100_usize, length in 0..12_usize, piece in "[ \",:{}a-zA-Z0-9.\\[\\]-]{0,6}|.{0,4}"
        ) {
            let bar = BARS[bar];
            let end = (start + length).min(bar.len());
            let value = format!("{}{piece}{}", &bar[..start], &bar[end..]);
            if let Some(row) = read(&value) {
                prop_assert_eq!(Some(row), judged(&value));
            }
        }

        #[test]
        fn any_fields_in_any_order_are_read_as_the_decoder_reads_them(
            fields in proptest::collection::vec((0..13_usize, number()), 0..14), blank in "[ \n]{0,2}"
        ) {
            const NAMES: [&str; 13] = [
                "Index", "Date", "Open", "High", "Low", "Close", "Adj Close", "Volume", "CloseUSD", "Interval", "Datetime", "open", "Name",
            ];
            let text = |place: usize| ["\"X\"", "\"2024-01-02\"", "\"1d\""].get(if place == 9 { 2 } else { place }).map(ToString::to_string);
            let member = |(place, number): &(usize, String)| {
                format!("\"{}\":{blank}{}", NAMES[*place], text(*place).unwrap_or_else(|| number.clone()))
            };
            let required = ["\"Index\":\"Y\"", "\"Date\":\"2024-01-03\"", "\"Open\":1", "\"High\":1", "\"Low\":1", "\"Close\":1"];
            let missing = (0..6).filter(|place| fields.iter().all(|(other, _)| other != place)).map(|place| required[place].to_owned());
            let members: Vec<String> = fields.iter().map(member).chain(missing).collect();
            let value = format!("{{{}}}{blank}", members.join(&format!("{blank},")));
            if let Some(row) = read(&value) {
                prop_assert_eq!(Some(row), judged(&value));
            }
        }
    }
}
