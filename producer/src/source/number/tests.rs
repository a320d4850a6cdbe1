use proptest::prelude::*;

use super::*;

/// By its bits: a price is the very number that was sent.
fn assert_reads(text: &str, decimal: Decimal, value: f64) {
    match read(text, decimal) {
        Reading::Number(number, _) => assert_eq!(number.to_bits(), value.to_bits(), "{text}: {number}"),
        other => panic!("{text:?} is {other:?}"),
    }
}

#[test]
fn what_a_program_writes_is_read_as_it_stands() {
    for (text, value) in [
        ("101", 101.0),
        ("-40.32", -40.32),
        ("+1000", 1000.0),
        ("9.6E7", 9.6e7),
        ("1234.0", 1234.0),
        ("5123456789012", 5_123_456_789_012.0),
        ("0.000000000812", 0.000_000_000_812),
        ("98765432101234567", 98_765_432_101_234_567.0),
        (".5", 0.5),
    ] {
        for decimal in [Decimal::Point, Decimal::Unsure] {
            assert_reads(text, decimal, value);
        }
    }
}

#[test]
fn currencies_letters_and_brackets_are_taken_off() {
    for (text, value) in [
        ("$102.25", 102.25),
        ("-$1.50", -1.5),
        ("$-1.50", -1.5),
        ("(1.50)", -1.5),
        ("\u{2212}1.5", -1.5),
        ("12.30 EUR", 12.3),
        ("US$ 1,066.75", 1066.75),
        ("1.23M", 1_230_000.0),
        ("68.18K", 68_180.0),
        ("2.5 bn", 2.5e9),
        ("4.25%", 4.25),
    ] {
        assert_reads(text, Decimal::Point, value);
    }
    assert_eq!(read("€ 7", Decimal::Point), Reading::Number(7.0, Some("€")));
}

#[test]
fn thousands_are_taken_out_where_they_are_thousands() {
    for (text, value) in [
        ("1,060.12", 1060.12),
        ("1,234,567", 1_234_567.0),
        ("1,23,456.5", 123_456.5),
        ("1'234.5", 1234.5),
        ("1\u{202f}234", 1234.0),
    ] {
        assert_reads(text, Decimal::Point, value);
    }
    for (text, value) in [("1.060,12", 1060.12), ("101,5", 101.5), ("1.234", 1234.0), ("1 234,5", 1234.5)] {
        assert_reads(text, Decimal::Comma, value);
    }
    for wrong in ["101,5", "0,812", "1,2345", "12,34", "1,234.5.6", "1,234,56"] {
        assert_eq!(read(wrong, Decimal::Point), Reading::Nonsense, "{wrong}");
    }
    for wrong in ["101.5", "0.812", "1.060.12", "1,060,12"] {
        assert_eq!(read(wrong, Decimal::Comma), Reading::Nonsense, "{wrong}");
    }
}

#[test]
fn what_may_be_one_or_the_other_is_not_read_before_the_file_has_shown_which() {
    assert_eq!(read("1,234", Decimal::Unsure), Reading::Ambiguous);
    assert_reads("1,234", Decimal::Point, 1234.0);
    assert_reads("1,234", Decimal::Comma, 1.234);
    for (text, shown) in [
        ("101.50", Some(Decimal::Point)),
        ("1234.567", Some(Decimal::Point)),
        ("0.123", Some(Decimal::Point)),
        ("1,060.12", Some(Decimal::Point)),
        ("1,234,567", Some(Decimal::Point)),
        ("101,5", Some(Decimal::Comma)),
        ("0,123", Some(Decimal::Comma)),
        ("1.060,12", Some(Decimal::Comma)),
        ("1.234.567", Some(Decimal::Comma)),
        ("1,234", None),
        ("1.234", None),
        ("1234", None),
        ("N/A", None),
    ] {
        assert_eq!(evidence(text), shown, "{text}");
    }
}

#[test]
fn marks_of_a_missing_value_are_no_numbers_and_neither_is_what_is_not_finite() {
    for text in ["", "-", "N/A", "null", "NULL", "nan", "None", "--"] {
        assert_eq!(read(text, Decimal::Point), Reading::Missing, "{text}");
    }
    for text in ["inf", "-inf", "1e999"] {
        assert_eq!(read(text, Decimal::Point), Reading::NotFinite, "{text}");
    }
    for text in ["one", "1.2.3", "1-2", "--1", "-+1", "1 apple", "12:30", "$", "e5", "1e5M5", "5 $ $"] {
        assert_eq!(read(text, Decimal::Point), Reading::Nonsense, "{text}");
    }
}

#[test]
fn usual_numbers_need_not_be_read() {
    for text in ["0", "7", "1071", "248000", "1060.12", "0.5", "101.0", "123456789012345"] {
        assert!(plain_as_written(text).is_some(), "{text}");
    }
    for text in ["", ".5", "5.", "1.50", "007", "-1", "1e5", "1,5", "0.05", "1234567890123456", "1.2.3", "nan"] {
        assert_eq!(plain_as_written(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in "\\PC{0,12}|[-+$€,.0-9eEKMB%( )]{0,12}") {
        for decimal in [Decimal::Point, Decimal::Comma, Decimal::Unsure] {
            read(&text, decimal);
        }
        evidence(&text);
    }

    #[test]
    fn what_is_passed_on_as_it_stands_is_what_would_be_written(text in "[0-9]{0,12}(\\.[0-9]{0,12})?|[-+0-9.eE]{0,6}|0\\.0{0,6}[0-9]{0,3}") {
        let written = match plain_as_written(&text) {
            Some(Plain::Whole) => format!("{text}.0"),
            Some(Plain::Decimal) => text.clone(),
            None => return Ok(()),
        };
        for decimal in [Decimal::Point, Decimal::Unsure] {
            let Reading::Number(number, None) = read(&text, decimal) else { panic!("{text} is no number") };
            prop_assert_eq!(serde_json::to_string(&number).unwrap(), &*written);
        }
    }

    #[test]
    fn a_number_written_with_commas_or_points_is_the_same_number(whole in 0_u64..10_000_000_000, cents in 0_u32..100) {
        let plain = format!("{whole}.{cents:02}");
        let mut grouped = String::new();
        for (place, digit) in whole.to_string().chars().rev().enumerate() {
            if place > 0 && place % 3 == 0 {
                grouped.insert(0, ',');
            }
            grouped.insert(0, digit);
        }
        let american = format!("{grouped}.{cents:02}");
        let european = format!("{},{cents:02}", grouped.replace(',', "."));
        prop_assert_eq!(read(&american, Decimal::Point), read(&plain, Decimal::Point));
        prop_assert_eq!(read(&european, Decimal::Comma), read(&plain, Decimal::Point));
        prop_assert_eq!(read(&american, Decimal::Unsure), read(&plain, Decimal::Point));
        prop_assert_eq!(read(&european, Decimal::Unsure), read(&plain, Decimal::Point));
    }
}
