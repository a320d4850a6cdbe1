use std::io::Cursor;

use clap::Parser;
use proptest::prelude::*;

use super::*;
use crate::args::Args;
use crate::source::choices::Choices;
use crate::source::input::Input;
use crate::source::{listing, sniff};

mod cases;

const HEADER: &str = "Index,Date,Open,High,Low,Close,Adj Close,Volume,CloseUSD";

/// The rows of a file, with the line that says what it was taken for.
fn read(bytes: &[u8], choices: &Choices) -> Result<(String, CsvRows<crate::source::reader::Reader>)> {
    let mut input = Input::open(Cursor::new(bytes.to_vec()), choices, false)?;
    let dialect = sniff::sniff(&mut input, choices, Some("ACME"))?;
    let told = dialect.to_string();
    Ok((told, CsvRows::new(input.into_reader(), dialect, choices.wanted(), None)))
}

/// One line for the file and one for each row, as a person would look at them.
fn said(bytes: impl AsRef<[u8]>, choices: &Choices) -> String {
    match read(bytes.as_ref(), choices) {
        Ok((told, rows)) => format!("{told}\n{}", listing(rows)),
        Err(error) => format!("refused: {error:#}\n"),
    }
}

/// The same, read with the options that were typed.
fn told(bytes: impl AsRef<[u8]>, typed: &[&str]) -> String {
    let args = Args::try_parse_from([&["producer", "--csv", "ACME.csv"], typed].concat()).unwrap();
    said(bytes, &args.dialect.choices().unwrap())
}

/// The rows alone.
fn rows(bytes: impl AsRef<[u8]>, typed: &[&str]) -> String {
    let told = told(bytes, typed);
    told.split_once('\n').map(|(_, rows)| rows.to_owned()).filter(|rows| !rows.is_empty()).unwrap_or(told)
}

#[test]
fn a_row_of_the_tutorial_becomes_its_json() {
    insta::assert_snapshot!(rows(
        format!(
            "{HEADER}\nHSI,1986-12-31,2568.300049,2568.300049,2568.300049,2568.300049,2568.300049,0,333.87900637\n"
        ),
        &[]
    ));
}

#[test]
fn a_byte_order_mark_crlf_and_quotes_change_nothing() {
    let row = "HSI,1986-12-31,1,2,0.5,1.5,1.5,7,0.2";
    let plain = rows(format!("{HEADER}\n{row}\n"), &[]);
    assert!(plain.starts_with("HSI {"), "{plain}");
    for changed in [
        format!("\u{feff}{HEADER}\r\n{row}\r\n\r\n"),
        format!("{HEADER}\r{row}\r"),
        format!("{HEADER}\n{row},\n,,,,,,,,\n"),
        format!("\u{feff}\"Index\"{}\n\"HSI\"{}", &HEADER[5..], &row[3..]),
        format!("{HEADER}\n{row}\n").replace(',', ";"),
        format!("{HEADER}\n{row}\n").replace(',', "\t"),
        format!("{HEADER}\n{row}\n").replace(',', " | "),
    ] {
        assert_eq!(rows(&changed, &[]), plain, "{changed}");
    }
}

#[test]
fn columns_are_found_by_name_in_any_order_and_three_may_be_missing() {
    assert_eq!(
        rows("Volume,Note,Close,Low,High,Open,Date,Index\n7,x,1.5,0.5,2,1,1986-12-31,HSI\n", &[]),
        "HSI {\"Index\":\"HSI\",\"Date\":\"1986-12-31\",\"Open\":1.0,\"High\":2.0,\"Low\":0.5,\"Close\":1.5,\"Volume\":7.0,\
         \"Note\":\"x\"}\n"
    );
    assert_eq!(
        rows("Index,Date,Open,High,Low,Close\nHSI,1986-12-31,1,2,0.5,1.5\n", &[]),
        "HSI {\"Index\":\"HSI\",\"Date\":\"1986-12-31\",\"Open\":1.0,\"High\":2.0,\"Low\":0.5,\"Close\":1.5}\n"
    );
}

#[test]
fn what_cannot_be_a_bar_is_named_by_line_and_costs_itself_only() {
    let bad = [
        "HSI,1986-12-31,1,2,0.5,1.5,1.5,7",
        "HSI,1986-12-31,1,2,0.5,1.5,1.5,7,0.2,8",
        "HSI,1986-12-31,one,2,0.5,1.5,1.5,7,0.2",
        "HSI,1986-12-31,1,NaN,0.5,1.5,1.5,7,0.2",
        "HSI,1986-12-31,1,2,0.5,1.5,1.5,-7,0.2",
        "HSI,1986-12-31,1,2,0.5,1e999,1.5,7,0.2",
        "HSI,1986-12-31,1,2,0.5,,1.5,7,0.2",
        "HSI,1986-12-31,1,2,0.5,\"1,5\",1.5,7,0.2",
        "HSI,1986-02-31,1,2,0.5,1.5,1.5,7,0.2",
        "HSI,1986-12-31 09:30,1,2,0.5,1.5,1.5,7,0.2",
        "HSI,0000-12-31,1,2,0.5,1.5,1.5,7,0.2",
        "HSI,02/03/1986,1,2,0.5,1.5,1.5,7,0.2",
        "HSI,,1,2,0.5,1.5,1.5,7,0.2",
        ",1986-12-31,1,2,0.5,1.5,1.5,7,0.2",
        "\"HSI,1986-12-31,1,2,0.5,1.5,1.5,7,0.2",
        "HSI,\u{1b}[2J,1,2,0.5,1.5,1.5,7,0.2",
        "prose in the middle",
        "HSI,1986-12-31,1,2,0.5,1.5,1.5,7,0.2",
    ];
    let text = format!("{HEADER}\r\n{}\r\n", bad.join("\r\n"));
    insta::assert_snapshot!(rows(text, &["--date-format=ymd", "--decimal=point"]));
}

#[test]
fn a_row_that_is_not_utf_8_is_skipped_where_others_are() {
    let text = [
        HEADER.as_bytes(),
        "\né\n".as_bytes(),
        b"\xff\xfe,1986-12-31,1,2,0.5,1.5,1.5,7,0.2\nHSI,1986-12-31,1,2,1,1,1,7,1\n",
    ];
    assert_eq!(
        rows(text.concat(), &[]),
        "line 2: not a row of cells\nline 3: not UTF-8: --encoding says what it is\n\
         HSI {\"Index\":\"HSI\",\"Date\":\"1986-12-31\",\"Open\":1.0,\"High\":2.0,\"Low\":1.0,\"Close\":1.0,\"Adj Close\":1.0,\
         \"Volume\":7.0,\"CloseUSD\":1.0}\n"
    );
}

#[test]
fn a_name_may_be_in_windows_1252_but_a_symbol_is_not_guessed() {
    let text =
        b"Index,Name,Date,Open,High,Low,Close\nNESN,Nestl\xe9,1986-12-31,1,2,1,1\nNESTL\xc9,,1986-12-31,1,2,1,1\n";
    insta::assert_snapshot!(told(text, &[]));
    assert!(rows(text, &["--encoding=windows-1252"]).contains("NESTLÉ {"));
}

#[test]
fn a_file_without_rows_or_header_or_a_column_is_an_error() {
    assert_eq!(told("", &[]), "refused: the file is empty\n");
    assert_eq!(told("\r\n\n", &[]), "refused: the file is empty\n");
    let error = told("Index,Date,Open,Close,Volume\n", &[]);
    assert!(
        error.starts_with("refused: the header has no column High, Low; it reads \"Index,Date,Open,Close,Volume\""),
        "{error}"
    );
    assert_eq!(rows(HEADER, &[]), "broken: the file has a header and no rows\n");
    let error = told("2024-02-19,1,2,1,1\n2024-02-20,1,2,1,1\n", &[]);
    assert!(error.contains("--columns"), "{error}");
    assert!(told("{\"Index\":\"HSI\"}\n", &[]).contains("--stdin reads"));
    assert!(told("<!DOCTYPE html>\n", &[]).contains("a web page"));
}

#[test]
fn a_file_without_a_header_is_read_with_columns_that_are_typed() {
    assert_eq!(
        told("2024-02-19;1;2;1;1\n", &["--columns=Date,Open,High,Low,Close", "--symbol-from-file"]),
        "UTF-8; semicolons; no header; Index=ACME from the file's name\n\
         ACME {\"Index\":\"ACME\",\"Date\":\"2024-02-19\",\"Open\":1.0,\"High\":2.0,\"Low\":1.0,\"Close\":1.0}\n"
    );
}

#[test]
fn a_row_above_the_header_is_no_title() {
    let text = "A,2024-02-18,1,1,1,1\nIndex,Date,Open,High,Low,Close\nA,2024-02-19,1,1,1,1\n";
    let refused = told(text, &[]);
    assert!(
        refused.starts_with("refused: line 1 looks like a row, and stands above the header of line 2"),
        "{refused}"
    );
    assert_eq!(rows(text, &["--header-line=2"]).matches("A {").count(), 1);
    let columns = rows(text, &["--columns=Index,Date,Open,High,Low,Close"]);
    assert_eq!(columns.matches("A {").count(), 2, "{columns}");
    assert!(told(text, &["--header-line=9"]).contains("--header-line names a line that has nothing in it"));
    assert!(
        told(text, &["--header-line=3"]).contains("it reads \"A,2024-02-19"),
        "{}",
        told(text, &["--header-line=3"])
    );
}

#[test]
fn quotes_may_hold_lines_and_a_stray_one_costs_its_own_row() {
    let header = "Index,Date,Open,High,Low,Close,Note";
    let row = |note: &str| format!("HSI,1986-12-31,1,2,1,1,{note}\n");
    let two = format!("{header}\n{}{}", row("\"one,\n\ntwo\""), row("x"));
    assert!(rows(&two, &[]).contains("\"Note\":\"one,\\n\\ntwo\""), "{}", rows(&two, &[]));
    assert_eq!(rows(&two, &[]).lines().count(), 2);
    // The second stray quote would make a row of everything between.
    let stray = format!("{header}\n\"{}{}{}", row("x"), row("y"), row("z\""));
    let read = rows(&stray, &[]);
    assert!(read.starts_with("line 2: a quote is not closed\nHSI {"), "{read}");
    assert_eq!(read.lines().count(), 3);
    let swallowing = format!("{header}\n{}{}{}", row("\"x"), row("y"), row("z\""));
    let read = rows(&swallowing, &[]);
    assert!(read.starts_with("line 2: a quote is not closed\nHSI {") && read.lines().count() == 3, "{read}");
    let torn = "Date,Index,Open,High,Low,Close,Note\n1986-12-31,\"HS\nI\",1,2,1,1,x\n";
    assert_eq!(rows(torn, &[]), "line 2: a quote is not closed\nline 3: 6 fields where the header has 7\n");
    let last = format!("{header}\n{}\"{}", row("x"), row("y"));
    assert!(rows(&last, &[]).ends_with("line 3: a quote is not closed\n"));
    assert!(rows(format!("{header}\n{}", row("5\" pipe")), &[]).contains("\"5\\\" pipe\""));
}

#[test]
fn rows_below_another_header_are_read_by_it() {
    let text = "Index,Date,Open,High,Low,Close\nA,2024-02-19,1,4,0,2\n\
                Index,Date,Close,High,Low,Open\nB,2024-02-19,1,4,0,2\n\
                Index,Date,Close,High,Low,Open\nC,2024-02-19,1,4,0,2\n";
    insta::assert_snapshot!(told(text, &[]));
}

#[test]
fn rows_below_a_header_of_which_no_bar_can_be_made_are_skipped() {
    let text = "Index,Date,Open,High,Low,Close\nA,2024-02-19,1,4,0,2\n\
                Date,Close,High,Low,Open,Volume\n2024-02-19,1,4,0,2,7\n\
                Index,Date,Open,High,Low,Close\nA,2024-02-20,1,4,0,2\n";
    insta::assert_snapshot!(told(text, &[]));
}

#[test]
fn files_of_yfinance_one_behind_the_other_are_read_each_with_its_symbol() {
    let file = |symbol: &str| {
        format!("Price,Close,High,Low,Open\nTicker,{symbol},{symbol},{symbol},{symbol}\nDate,,,,\n2024-02-19,2,4,0,1\n")
    };
    insta::assert_snapshot!(told(file("ACME") + &file("WIDG"), &[]));
}

#[test]
fn symbols_side_by_side_are_refused() {
    let text = "Price,Close,Close,High,High,Low,Low,Open,Open\nTicker,A,B,A,B,A,B,A,B\nDate,,,,,,,,\n2024-02-19,1,1,1,1,1,1,1,1\n";
    let error = told(text, &[]);
    assert!(error.contains("2 symbols side by side (A, B, ...)") && error.contains("stack"), "{error}");
}

#[test]
fn a_count_of_rows_is_no_symbol() {
    let text = "index,Date,Open,High,Low,Close\n0,2024-02-19,1,1,1,1\n1,2024-02-20,1,1,1,1\n2,2024-02-21,1,1,1,1\n";
    assert!(told(text, &[]).contains("counts the rows"), "{}", told(text, &[]));
    assert!(rows(text, &["--symbol=ACME"]).contains("\"index\":\"2\""));
}

#[test]
fn a_symbol_that_is_given_is_not_given_to_rows_of_another() {
    let text = "Symbol,Date,Open,High,Low,Close\nA,2024-02-19,1,1,1,1\nA,2024-02-20,1,1,1,1\nB,2024-02-19,1,1,1,1\n";
    insta::assert_snapshot!(rows(text, &["--symbol=ACME"]));
    assert_eq!(rows(text, &["--symbol=ACME", "--map=Index="]).matches("ACME {").count(), 3);
}

#[test]
fn the_order_of_day_and_month_is_shown_by_the_column_or_by_nobody() {
    let file = |days: &[&str]| {
        let rows: Vec<String> = days.iter().map(|day| format!("A,{day},1,1,1,1\n")).collect();
        format!("Index,Date,Open,High,Low,Close\n{}", rows.concat())
    };
    assert!(rows(file(&["02/03/2024", "13/03/2024"]), &[]).contains("\"2024-03-02\""));
    assert!(rows(file(&["02.03.2024", "03.13.2024"]), &[]).contains("\"2024-02-03\""));
    let undecided = told(file(&["02/03/2024", "04/05/2024", "2024-02-20"]), &[]);
    assert!(undecided.starts_with("refused: line 2: 02/03/2024 is one day or another"), "{undecided}");
    assert!(undecided.contains("--date-format dmy"), "{undecided}");
    assert!(told(file(&["02/03/2024 00:00\u{1b}[2J"]), &[]).contains("02/03/2024 00:00\\u{1b}[2J is one day"));
    assert!(rows(file(&["02/03/2024"]), &["--date-format=mdy"]).contains("\"2024-02-03\""));
    let both = told(file(&["13/03/2024", "03/13/2024"]), &[]);
    assert!(both.starts_with("refused: line 2 shows days as day/month/year (13/03/2024), and line 3 as"), "{both}");
    let settled = rows(file(&["13/03/2024", "03/13/2024"]), &["--date-format=dmy"]);
    assert!(
        settled.contains("\"2024-03-13\"") && settled.contains("line 3: Date is a day only as month/day/year"),
        "{settled}"
    );
}

#[test]
fn a_day_far_down_that_contradicts_the_order_ends_the_reading() {
    let mut text = "Index,Date,Open,High,Low,Close\nA,01/13/2024,1,1,1,1\n".to_owned();
    text += &"A,02/03/2024,1,1,1,1\n".repeat(20_000);
    text += "A,13/01/2024,1,1,1,1\nA,02/03/2024,1,1,1,1\n";
    let read = rows(&text, &[]);
    assert!(read.ends_with(
        "broken: line 20003: Date is a day only as day/month/year, which is not the file's order: \"13/01/2024\"; line 2 has \
         shown that order (01/13/2024): --date-format mdy or dmy says which is right, and rows of the other are skipped\n"
    ));
    assert_eq!(read.lines().count(), 20_002);
}

#[test]
fn the_order_is_looked_for_as_far_as_need_be() {
    let mut text = "Index,Date,Open,High,Low,Close\n".to_owned();
    text += &"A,02/03/2024,1,1,1,1\n".repeat(30_000);
    text += "A,13/01/2024,1,1,1,1\n";
    assert!(rows(&text, &[]).starts_with("A {\"Index\":\"A\",\"Date\":\"2024-03-02\""));
}

#[test]
fn a_comma_in_a_number_means_what_the_file_shows() {
    let file = |open: &str, volume: &str| {
        format!("Index;Date;Open;High;Low;Close;Volume\nA;2024-02-19;{open};9;0;1;{volume}\n")
    };
    assert!(
        rows(file("1,5", "1.234.567"), &[]).contains("\"Open\":1.5,")
            && rows(file("1,5", "1.234"), &[]).contains("\"Volume\":1234.0")
    );
    assert!(rows(file("1.5", "1,234"), &[]).contains("\"Volume\":1234.0"));
    for doubtful in ["1,234", "1.234"] {
        let refused = told(file("1", doubtful), &[]);
        assert!(refused.starts_with(&format!("refused: line 2: {doubtful} is one number or another")), "{refused}");
        assert!(rows(file("1", doubtful), &["--decimal=point"]).contains("\"Volume\":1"));
    }
    let between_commas = "Index,Date,Open,High,Low,Close\nA,2024-02-19,1.085,1.087,1.081,1.083\n";
    assert!(rows(between_commas, &[]).contains("\"Open\":1.085,"));
    assert!(rows(file("1", "1,234"), &["--decimal=comma"]).contains("\"Volume\":1.234"));
    let both = told(file("1.5", "1,5"), &[]);
    assert!(
        both.starts_with("refused: line 2 has a number with a decimal point (1.5), and line 2 with a decimal comma"),
        "{both}"
    );
}

#[test]
fn a_second_currency_in_a_column_is_no_price_of_the_first() {
    let text =
        "Index,Date,Open,High,Low,Close\nA,2024-02-19,$1,$1,$1,$1\nB,2024-02-19,€1,€1,€1,€1\nC,2024-02-19,1,1,1,1\n";
    let read = told(text, &[]);
    assert!(read.starts_with("UTF-8; commas; header in line 1; without $ €\n"), "{read}");
    assert!(read.contains("line 3: Open is in €, and in $ before\nC {"), "{read}");
}

proptest! {
    #[test]
    fn no_bytes_panic_the_reader(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        said(&bytes, &Choices::default());
        said([HEADER.as_bytes(), b"\n", &bytes].concat(), &Choices::default());
    }

    #[test]
    fn no_text_panics_the_reader(text in "(Index|Date|Open|High|Low|Close|Ticker|Price|2024-02-19|13/02/2024|[,;\t\"'\n\r 1.A$-]){0,80}") {
        said(&text, &Choices::default());
        said(format!("{HEADER}\n{text}"), &Choices::default());
    }

    #[test]
    fn every_line_is_sent_skipped_or_told(lines in prop::collection::vec(0..9_usize, 0..40)) {
        const LINES: [&str; 9] = [
            "HSI,1986-12-31,1,2,1,1,1,7,1",
            "HSI,1986-12-31,x,2,1,1,1,7,1",
            "HSI,1986-12-31,1,2",
            "\"HSI,1986-12-31,1,2,1,1,1,7,1",
            "some prose",
            HEADER,
            "Index,Date,Close,High,Low,Open",
            "Index,Date,Close,High,Low",
            "Ticker,,A,A,A,A",
        ];
        let text: Vec<&str> = std::iter::once(HEADER).chain(lines.iter().map(|line| LINES[*line])).collect();
        let (_, rows) = read(text.join("\n").as_bytes(), &Choices::default()).unwrap();
        let seen = rows.filter(|row| !matches!(row, Err(NoRecord::Broken(_)))).count();
        prop_assert_eq!(seen, lines.len());
    }
}
