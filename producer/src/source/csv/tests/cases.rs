//! Files as they come from portals and programs, made up after real ones: what each value becomes, or why it is refused.

use std::io::Write as _;

use super::*;

/// The JSON of the first row.
fn first(bytes: impl AsRef<[u8]>, typed: &[&str]) -> String {
    let rows = rows(bytes, typed);
    rows.lines().next().unwrap_or_default().to_owned()
}

const BAR: &str =
    r#"ACME {"Index":"ACME","Date":"2024-02-19","Open":101.0,"High":103.0,"Low":100.0,"Close":101.5,"Volume":1000.0}"#;

/// That bar in the tutorial's columns.
const PLAIN: &str = "Index,Date,Open,High,Low,Close,Volume\nACME,2024-02-19,101,103,100,101.5,1000\n";

#[test]
fn yfinance_writes_three_lines_of_header_with_the_symbol_in_the_second() {
    let text = "Price,Close,High,Low,Open,Volume\nTicker,ACME,ACME,ACME,ACME,ACME\nDate,,,,,\n2024-02-19,101.5,103,100,101,1000\n";
    assert_eq!(told(text, &[]), format!("UTF-8; commas; header in lines 1 to 3; Index=ACME from the header\n{BAR}\n"));
    let swapped = "Ticker,ACME,ACME,ACME,ACME,ACME\nPrice,Close,High,Low,Open,Volume\nDate,,,,,\n2024-02-19,101.5,103,100,101,1000\n";
    assert_eq!(first(swapped, &[]), BAR);
    let with_index = "Index,Date,Close,High,Low,Open,Volume\nTicker,,ACME,ACME,ACME,ACME,ACME\nACME,2024-02-19,101.5,103,100,101,1000\n";
    assert_eq!(
        rows(with_index, &[]),
        format!("told: line 2: \"Ticker,,ACME,ACME,ACME,ACME,ACME\" belongs to a header, and is no row\n{BAR}\n")
    );
}

#[test]
fn yfinance_writes_the_midnight_of_the_exchange_and_two_columns_that_go_along() {
    let text = "Date,Open,High,Low,Close,Volume,Dividends,Stock Splits\n2024-02-19 00:00:00-05:00,101,103,100,101.5,1000,0.24,0.0\n";
    assert_eq!(
        told(text, &["--symbol=ACME"]),
        format!(
            "UTF-8; commas; header in line 1; Index=ACME from --symbol; along go Dividends, \"Stock Splits\"\n{},\
             \"Dividends\":\"0.24\",\"Stock Splits\":\"0.0\"}}\n",
            &BAR[..BAR.len() - 1]
        )
    );
    let minutes = text.replace("00:00:00-05:00", "09:30:00-05:00");
    assert_eq!(
        rows(minutes, &["--symbol=ACME"]),
        format!(
            "{},\"Dividends\":\"0.24\",\"Stock Splits\":\"0.0\"}}\n",
            BAR[..BAR.len() - 1].replace("2024-02-19", "2024-02-19T09:30:00-05:00")
        )
    );
}

#[test]
fn marks_of_a_missing_value_leave_an_optional_field_out_and_cost_a_required_one_its_row() {
    let rows = rows(
        format!(
            "{HEADER}\nACME,2024-02-20,null,null,null,null,null,null,null\nACME,2024-02-21,1,1,1,1,N/A,1,1\n\
             ACME,2024-02-22,1,1,1,1,1,-,1\nACME,2024-02-23,1,1,1,1,1,,1\nACME,2024-02-26,1,1,1,nan,1,1,1\n\
             ACME,2024-02-27,1,inf,1,1,1,1,1\nACME,2024-02-28,1,1,1,1,1,1,NULL\n"
        ),
        &[],
    );
    insta::assert_snapshot!(rows);
}

#[test]
fn commas_at_every_third_digit_are_taken_out() {
    let text = "Index,Date,Open,High,Low,Close,Volume\n\"ACME\",\"2024-02-19\",\"1,060.12\",\"1,071.00\",\"1,055.50\",\"1,066.75\",\"1,234,567\"\n";
    assert_eq!(
        first(text, &[]),
        r#"ACME {"Index":"ACME","Date":"2024-02-19","Open":1060.12,"High":1071.0,"Low":1055.5,"Close":1066.75,"Volume":1234567.0}"#
    );
}

#[test]
fn decimal_commas_between_semicolons_are_decimals() {
    let text = "Datum;Eröffnung;Hoch;Tief;Schluss;Volumen\n19.02.2024;101,00;103,00;100,00;101,50;1.000\n";
    assert_eq!(
        told(text, &["--symbol=ACME"]),
        format!(
            "UTF-8; semicolons; header in line 1; days as day/month/year (line 2: \"19.02.2024\"); decimal commas (line 2: \
             \"101,00\"); Index=ACME from --symbol; Date=Datum; Open=\"Eröffnung\"; High=Hoch; Low=Tief; Close=Schluss; \
             Volume=Volumen\n{BAR}\n"
        )
    );
}

#[test]
fn utf_16_is_read_with_and_without_its_mark() {
    for marked in [format!("\u{feff}{PLAIN}"), PLAIN.to_owned()] {
        for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
            let bytes: Vec<u8> = marked.encode_utf16().flat_map(to_bytes).collect();
            assert_eq!(first(bytes, &[]), BAR);
        }
    }
}

#[test]
fn half_a_character_of_utf_16_costs_its_row() {
    let text = format!("\u{feff}{PLAIN}AC#ME,2024-02-20,101,103,100,101.5,1000\n");
    let units = text.encode_utf16().map(|unit| if unit == u16::from(b'#') { 0xd800 } else { unit });
    assert_eq!(
        rows(units.flat_map(u16::to_le_bytes).collect::<Vec<u8>>(), &[]),
        format!("{BAR}\nline 3: has bytes that are no character of its encoding: --encoding says what it is\n")
    );
}

#[test]
fn nasdaq_has_dollars_days_in_american_order_and_no_symbol() {
    let text = "Date,Close/Last,Volume,Open,High,Low\n02/20/2024,$102.25,1310400,$101.75,$104.00,$101.25\n02/19/2024,$101.50,1000,$101.00,$103.00,$100.00\n";
    let refused = told(text, &[]);
    assert!(refused.starts_with("refused: no column has the symbol"), "{refused}");
    assert!(refused.contains("--symbol ACME"), "{refused}");
    assert_eq!(
        told(text, &["--symbol=ACME"]).lines().next(),
        Some(
            "UTF-8; commas; header in line 1; days as month/day/year (line 2: \"02/20/2024\"); without $; Index=ACME from \
             --symbol; Close=Close/Last"
        )
    );
    assert_eq!(rows(text, &["--symbol=ACME"]).lines().nth(1), Some(BAR));
    let currency = text.replace("1000", "N/A");
    assert_eq!(rows(currency, &["--symbol=ACME"]).lines().nth(1), Some(&*BAR.replace(",\"Volume\":1000.0", "")));
    let mixed = "Index,Date,Close,Volume,Open,High,Low\nACME,02/20/2024,$1,1,$1,$1,$1\nACME,2024-02-19,$101.50,1000,$101.00,$103,$100\n";
    assert_eq!(rows(mixed, &[]).lines().nth(1), Some(BAR));
}

#[test]
fn a_name_in_quotes_may_have_a_comma() {
    let text = "Index,Name,Date,Open,High,Low,Close,Volume\nACME,\"Bolt \"\"B\"\" Holdings, Ltd.\",2024-02-19,101,103,100,101.5,1000\n";
    let along = format!("{},\"Name\":\"Bolt \\\"B\\\" Holdings, Ltd.\"}}", &BAR[..BAR.len() - 1]);
    assert_eq!(first(text, &[]), along);
}

#[test]
fn headers_have_any_case_and_brackets() {
    for (header, row) in [
        ("date,open,high,low,close,volume,Name", "2024-02-19,101,103,100,101.5,1000,ACME"),
        ("index,date,open,high,low,close,volume", "ACME,2024-02-19,101,103,100,101.5,1000"),
        ("Index , Date , Open , High , Low , Close , Volume", "ACME , 2024-02-19 , 101 , 103 , 100 , 101.5 , 1000"),
        ("<TICKER>,<DTYYYYMMDD>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>", "ACME,20240219,101,103,100,101.5,1000"),
    ] {
        assert_eq!(first(format!("{header}\n{row}\n"), &[]), BAR, "{header}");
    }
    let alpha = "timestamp,open,high,low,close,volume\n2024-02-19,101.0000,103.0000,100.0000,101.5000,1000\n";
    assert_eq!(first(alpha, &["--symbol-from-file"]), BAR);
    let stooq = "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\nACME,D,20240219,000000,101,103,100,101.5,1000,0\n";
    let along = format!("{},\"<PER>\":\"D\",\"<TIME>\":\"000000\",\"<OPENINT>\":\"0\"}}", &BAR[..BAR.len() - 1]);
    assert_eq!(first(stooq, &[]), along);
    let minutes = stooq.replace("000000", "153000");
    let along = along.replace("000000", "153000");
    assert_eq!(first(&*minutes, &[]), along.replace("2024-02-19", "2024-02-19T15:30:00Z"));
    let along = along.replace("2024-02-19", "2024-02-19T15:30:00+01:00");
    let with_interval = along.replace(",\"<PER>\"", ",\"Interval\":\"5m\",\"<PER>\"");
    assert_eq!(first(&*minutes, &["--time-zone=Europe/Warsaw", "--interval=5m"]), with_interval);
}

#[test]
fn a_price_may_be_negative() {
    let text = "Index,Date,Open,High,Low,Close,Volume\nCL=F,2020-04-20,17.73,17.85,-40.32,-37.63,248000\n";
    assert_eq!(
        first(text, &[]),
        r#"CL=F {"Index":"CL=F","Date":"2020-04-20","Open":17.73,"High":17.85,"Low":-40.32,"Close":-37.63,"Volume":248000.0}"#
    );
}

#[test]
fn lines_of_prose_around_the_rows_are_told_and_no_rows() {
    let text = format!("ACME Corp, daily\n\n{PLAIN}\"Downloaded from Example Quotes as of 02-21-2024 05:12pm CST\"\n");
    assert_eq!(
        told(text, &[]),
        format!(
            "UTF-8; commas; header in line 3; above it line 1: \"ACME Corp, daily\"\n{BAR}\ntold: line 5 is no row, at the end of \
             the file: \"\\\"Downloaded from Example Quotes as of 02-21-2024 05:12pm CST\\\"\"\n"
        )
    );
}

#[test]
fn packed_files_are_unpacked() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(PLAIN.as_bytes()).unwrap();
    assert_eq!(told(gzip.finish().unwrap(), &[]), format!("gzip; UTF-8; commas; header in line 1\n{BAR}\n"));
    assert_eq!(first(zstd::encode_all(PLAIN.as_bytes(), 1).unwrap(), &[]), BAR);
}

#[test]
fn a_packed_file_that_was_cut_is_broken_and_not_over() {
    let text = format!("{}{}", PLAIN, "ACME,2024-02-20,101,103,100,101.5,1000\n".repeat(50_000));
    let whole = zstd::encode_all(text.as_bytes(), 1).unwrap();
    let read = rows(&whole[..whole.len() / 2], &[]);
    assert!(
        read.ends_with('\n') && read.lines().last().unwrap().starts_with("broken: after line "),
        "{:?}",
        read.lines().last()
    );
}

#[test]
fn a_first_line_for_excel_says_the_separator() {
    assert_eq!(told(format!("sep=,\n{PLAIN}"), &[]), format!("UTF-8; commas; header in line 2\n{BAR}\n"));
    assert_eq!(first(format!("sep=|\n{}", PLAIN.replace(',', "|")), &[]), BAR);
}

#[test]
fn a_symbol_is_never_taken_for_anything_else() {
    for symbol in [
        "NA", "TRUE", "000001", "INF", "NaN", "null", "^GSPC", "EURUSD=X", "BRK.B", "BF/B", "M&M", "=1+1", "@SUM(1)",
        "-A1",
    ] {
        let text = PLAIN.replace("ACME", symbol);
        assert_eq!(first(text, &[]), BAR.replace("ACME", symbol));
    }
    // How a spreadsheet is kept from making a number of it.
    assert_eq!(first(PLAIN.replace("ACME", "=\"000001\""), &[]), BAR.replace("ACME", "000001"));
}

#[test]
fn near_names_of_adj_close_are_known_and_a_second_close_goes_along() {
    for name in ["Adj. Close", "Adj Close**", "AdjClose", "adj_close", "Adjusted Close"] {
        let text = PLAIN.replace("Volume", name);
        assert_eq!(first(text, &[]), BAR.replace("Volume", "Adj Close"), "{name}");
    }
    let twice = "Index,Date,Open,High,Low,Close,Close,Volume\nACME,2024-02-19,101,103,100,101.5,99,1000\n";
    assert_eq!(
        told(twice, &[]),
        format!(
            "UTF-8; commas; header in line 1; along go \"Close (2)\"\n{},\"Close (2)\":\"99\"}}\n",
            &BAR[..BAR.len() - 1]
        )
    );
    assert_eq!(
        first(twice, &["--map=Close=#7"]),
        format!("{},\"Close (2)\":\"101.5\"}}", BAR.replace("101.5", "99.0").trim_end_matches('}'))
    );
}

#[test]
fn volumes_are_read_in_every_form() {
    for (text, volume) in [
        ("9.6E7", "96000000.0"),
        ("1234.0", "1234.0"),
        ("5123456789012", "5123456789012.0"),
        ("1.23M", "1230000.0"),
        ("68.18K", "68180.0"),
        (" 1000 ", "1000.0"),
        ("+1000", "1000.0"),
    ] {
        assert_eq!(first(PLAIN.replace("1000", text), &[]), BAR.replace("1000.0", volume), "{text}");
    }
}

#[test]
fn prices_below_a_cent_and_volumes_in_quadrillions_stand_as_they_are() {
    let text = "Index,Date,Open,High,Low,Close,Volume\nDUST,2024-02-01,0.000000000812,0.000000000833,0.000000000799,0.000000000811000,98765432101234567\n";
    assert_eq!(
        first(text, &[]),
        r#"DUST {"Index":"DUST","Date":"2024-02-01","Open":8.12e-10,"High":8.33e-10,"Low":7.99e-10,"Close":8.11e-10,"Volume":9.876543210123456e+16}"#
    );
}
