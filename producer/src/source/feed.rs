//! What another program writes, to standard input or a file that grows: JSON lines, a JSON document, or CSV, told by how it begins.

use std::io;

use anyhow::Result;

use super::choices::Choices;
use super::compression::Compression;
use super::csv::CsvRows;
use super::input::Input;
use super::json::JsonRows;
use super::row::{NoRecord, Row, Rows};
use super::sniff;

const STANDARD_INPUT: &str = "standard input";

/// Nothing is read before the first row is wanted: a program may take its time.
pub(crate) struct Feed {
    choices: Choices,
    rows: Option<Rows>,
}

impl Feed {
    pub(crate) fn new(choices: Choices) -> Feed {
        Feed { choices, rows: None }
    }
}

impl Iterator for Feed {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        let rows = match &mut self.rows {
            Some(rows) => rows,
            none => none.insert(
                begin(io::stdin(), &self.choices, STANDARD_INPUT, None, false)
                    .unwrap_or_else(|error| Box::new(std::iter::once(Err(NoRecord::Broken(error))))),
            ),
        };
        rows.next()
    }
}

/// Reads as far as there is something. `name` is what it is called, beside each line if it `is_of_several`; `stem` the symbol, where the name
/// of a file says it.
pub(crate) fn begin(
    raw: impl io::Read + Send + 'static,
    choices: &Choices,
    name: &str,
    stem: Option<&str>,
    is_of_several: bool,
) -> Result<Rows> {
    let mut input = Input::open(raw, choices, true)?;
    if is_json(&mut input, choices)? {
        let is_plain = input.compression == Compression::None && input.encoded.encoding == encoding_rs::UTF_8;
        let told = format!("{name}: JSON; {}; {}", input.compression, input.encoded.encoding.name());
        let told = (!is_plain).then_some(Err(NoRecord::Told(told)));
        return Ok(Box::new(told.into_iter().chain(JsonRows::new(input.into_reader()))));
    }
    let dialect = sniff::sniff(&mut input, choices, stem)?;
    let file = is_of_several.then(|| name.into());
    let told = std::iter::once(Err(NoRecord::Told(format!("{name}: {dialect}"))));
    Ok(Box::new(told.chain(CsvRows::new(input.into_reader(), dialect, choices.wanted(), file))))
}

/// Whether it is JSON, or at least nothing else: a line that is not is skipped, and the next may be.
fn is_json(input: &mut Input, choices: &Choices) -> Result<bool> {
    loop {
        // A line may be long, and its end not be there yet.
        if begins_json(&String::from_utf8_lossy(input.head.trim_ascii_start())) {
            return Ok(true);
        }
        let lines = sniff::whole_lines(input)?;
        let is_json = |text: &str| {
            begins_json(text.trim_start()) || text.starts_with('"') && serde_json::from_str::<String>(text).is_ok()
        };
        let json = lines.iter().position(|(_, text)| is_json(text));
        match sniff::header(&lines[..json.unwrap_or(lines.len())], choices) {
            Ok(_) => return Ok(false),
            Err(no_header) if no_header.is_final => return Ok(false),
            Err(no_header) if json.is_none() => {
                if lines.len() > sniff::FARTHEST || !input.look()? {
                    return Ok(!no_header.is_near);
                }
            }
            Err(_) => return Ok(true),
        }
    }
}

/// An object or an array, and not a header in brackets.
fn begins_json(text: &str) -> bool {
    let inner = text.strip_prefix('[').map(|inner| inner.trim_start().chars().next());
    text.starts_with('{') || matches!(inner, Some(None | Some('{' | '[' | '"' | ']')))
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use super::*;
    use crate::source::listing;

    fn read(bytes: &[u8]) -> String {
        match begin(Cursor::new(bytes.to_vec()), &Choices::default(), STANDARD_INPUT, None, false) {
            Ok(rows) => listing(rows),
            Err(error) => format!("broken: {error}\n"),
        }
    }

    #[test]
    fn json_lines_an_array_over_lines_and_csv_are_told_apart() {
        let bar = r#"{"Index":"HSI","Close":1.50}"#;
        assert_eq!(read(format!("{bar}\n").as_bytes()), format!("HSI {bar}\n"));
        assert_eq!(
            read(format!("[\n{bar},\n{bar}\n]\n").as_bytes()),
            format!("told: line 1 begins an array: each object in it is a record\nHSI {bar}\nHSI {bar}\n")
        );
        assert_eq!(
            read(b"Index;Date;Open;High;Low;Close\nHSI;2024-02-19;1,5;2;1;1,5\n"),
            "told: standard input: UTF-8; semicolons; header in line 1; decimal commas (line 2: \"1,5\")\n\
             HSI {\"Index\":\"HSI\",\"Date\":\"2024-02-19\",\"Open\":1.5,\"High\":2.0,\"Low\":1.0,\"Close\":1.5}\n"
        );
    }

    /// What has come of a feed so far: nobody knows when there will be more.
    struct SoFar(Option<&'static [u8]>);

    impl io::Read for SoFar {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let bytes = self.0.take().expect("nothing waits for more");
            buffer[..bytes.len()].copy_from_slice(bytes);
            Ok(bytes.len())
        }
    }

    #[test]
    fn a_feed_is_read_as_far_as_it_has_come() {
        let mut rows = begin(
            SoFar(Some(b"Index,Date,Open,High,Low,Close\nHSI,2024-02-19,1,2,1,1\n")),
            &Choices::default(),
            STANDARD_INPUT,
            None,
            false,
        )
        .unwrap();
        assert!(matches!(rows.next(), Some(Err(NoRecord::Told(_)))));
        assert!(matches!(rows.next(), Some(Ok(_))));
        let mut rows =
            begin(SoFar(Some(b"{\"Index\":\"HSI\"}\n")), &Choices::default(), STANDARD_INPUT, None, false).unwrap();
        assert!(matches!(rows.next(), Some(Ok(_))));
        // The first was cut off.
        let mut rows = begin(
            SoFar(Some(b"{\"Index\":\"A\",\n{\"Index\":\"B\"}\n")),
            &Choices::default(),
            STANDARD_INPUT,
            None,
            false,
        )
        .unwrap();
        assert!(matches!(rows.next(), Some(Err(NoRecord::Skipped { .. }))));
        assert!(matches!(rows.next(), Some(Ok(_))));
    }

    #[test]
    fn a_feed_whose_days_are_one_or_another_is_refused_at_once() {
        let feed = SoFar(Some(b"Index,Date,Open,High,Low,Close\nHSI,02/03/2024,1,2,1,1\n"));
        let error = begin(feed, &Choices::default(), STANDARD_INPUT, None, false).err().unwrap().to_string();
        assert!(error.starts_with("line 2: 02/03/2024 is one day or another"), "{error}");
    }

    #[test]
    fn a_feed_that_begins_at_midnight_may_be_of_days_or_of_minutes() {
        let text = "Index,Date,Open,High,Low,Close\nBTC,2024-02-19 00:00:00+00:00,1,2,1,1\n";
        let error = begin(SoFar(Some(text.as_bytes())), &Choices::default(), STANDARD_INPUT, None, false)
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains("--interval"), "{error}");
        let minutes = Choices { interval: Some("1m".to_owned()), ..Choices::default() };
        let rows = begin(SoFar(Some(text.as_bytes())), &minutes, STANDARD_INPUT, None, false).unwrap();
        assert!(listing(rows.take(2)).contains("\"Date\":\"2024-02-19T00:00:00Z\""));
        // Another day shows it.
        let days = "Index,Date,Open,High,Low,Close\nBTC,2024-02-19 00:00:00,1,2,1,1\nBTC,2024-02-20 00:00:00,1,2,1,1\n";
        let rows = begin(SoFar(Some(days.as_bytes())), &Choices::default(), STANDARD_INPUT, None, false).unwrap();
        assert!(listing(rows.take(3)).contains("\"Date\":\"2024-02-20\""));
    }

    #[test]
    fn a_quoted_header_is_no_json_text() {
        let text =
            b"\"Index\",\"Date\",\"Open\",\"High\",\"Low\",\"Close\"\n\"HSI\",\"2024-02-19\",\"1\",\"2\",\"1\",\"1\"\n";
        assert!(read(text).contains("\nHSI {"), "{}", read(text));
    }

    #[test]
    fn brackets_in_a_header_or_in_a_cell_make_no_json() {
        let rows = read(b"[Index],[Date],[Open],[High],[Low],[Close]\nHSI,2024-02-19,1,2,1,1\n");
        assert!(rows.contains("\nHSI {"), "{rows}");
        let rows = read(b"Index,Date,Open,High,Low,Close,Note\nHSI,2024-02-19,1,2,1,1,\"two\n{lines}\"\n");
        assert!(rows.contains("\"Note\":\"two\\n{lines}\""), "{rows}");
    }

    #[test]
    fn what_a_program_says_before_its_first_record_is_skipped() {
        assert_eq!(
            read(b"connected\n{\"Index\":\"HSI\"}\n"),
            "line 1: not JSON: expected value at line 1 column 1\nHSI {\"Index\":\"HSI\"}\n"
        );
        assert_eq!(read(b""), "");
    }

    #[test]
    fn a_header_without_a_column_is_an_error_and_not_bad_json() {
        let error = read(b"Index,Date,Open,High,Close\nHSI,2024-02-19,1,2,1\n");
        assert!(error.starts_with("broken: the header has no column Low"), "{error}");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic_a_feed(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            for before in [&b""[..], b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\xff\xfe", b"[", b"\""] {
                read(&[before, &bytes].concat());
            }
        }
    }

    #[test]
    fn packed_and_utf_16_feeds_are_read_and_told() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(b"{\"Index\":\"HSI\"}\n").unwrap();
        assert_eq!(read(&gzip.finish().unwrap()), "told: standard input: JSON; gzip; UTF-8\nHSI {\"Index\":\"HSI\"}\n");
        let wide: Vec<u8> = "\u{feff}{\"Index\":\"HSI\"}\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&wide), "told: standard input: JSON; none; UTF-16LE\nHSI {\"Index\":\"HSI\"}\n");
    }
}
