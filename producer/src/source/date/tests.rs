use proptest::prelude::*;

use super::*;

fn of(text: &str, style: &Style) -> Result<String, Wrong> {
    read(text, "", style, Span::default())
}

fn any(text: &str) -> Result<String, Wrong> {
    read(text, "", &Style::Any(None), Span::default())
}

#[test]
fn a_day_that_is_one_in_any_order_is_read_in_each_form() {
    for text in [
        "2024-02-20",
        "2024/02/20",
        "2024.2.20",
        "20240220",
        "20-Feb-2024",
        "Feb 20, 2024",
        "20 February 2024",
        "1708387200",
        "1708387200000",
        "2024-02-20 00:00:00-05:00",
        "2024-02-20T00:00:00.000Z",
        "2024-02-20 00:00",
        "2024-02-20 00:00:00 America/New_York",
        "20240220 000000",
        "2024-02-20 12:00:00 AM",
    ] {
        assert_eq!(any(text).as_deref(), Ok("2024-02-20"), "{text}");
    }
    assert_eq!(any("03/03/2024").as_deref(), Ok("2024-03-03"));
}

#[test]
fn the_day_of_a_stamp_is_the_one_that_stands_in_it() {
    // In UTC these are days 19 and 20.
    assert_eq!(any("2024-02-20 00:00:00+05:30").as_deref(), Ok("2024-02-20"));
    assert_eq!(any("2024-02-20 00:00:00-05:00").as_deref(), Ok("2024-02-20"));
}

#[test]
fn a_bar_within_a_day_has_its_moment_and_the_day_that_stands_there() {
    for (text, expected) in [
        ("2024-02-20 09:30", "2024-02-20T09:30:00Z"),
        ("2024-02-20T14:30:00Z", "2024-02-20T14:30:00Z"),
        ("2024-02-20 20:00:00-05:00", "2024-02-20T20:00:00-05:00"),
        ("20240220 153000", "2024-02-20T15:30:00Z"),
        ("1708439400", "2024-02-20T14:30:00Z"),
        ("2024-02-20 12:00 PM", "2024-02-20T12:00:00Z"),
        ("Feb 20, 2024 4:05 PM", "2024-02-20T16:05:00Z"),
    ] {
        assert_eq!(any(text).as_deref(), Ok(expected), "{text}");
    }
    assert_eq!(any("2024-02-20 09:30 EST"), Err(Wrong::UnclearZone));
    assert_eq!(any("2024-02-20 25:30"), Err(Wrong::Nonsense));
}

#[test]
fn seconds_are_of_the_day_that_it_is_where_the_clock_is() {
    let tokyo = Span { is_within: true, zone: Some(chrono_tz::Tz::Asia__Tokyo) };
    let read = |text| read(text, "", &Style::Any(None), tokyo);
    // 16:30 on the 20th in UTC.
    assert_eq!(read("1708446600").as_deref(), Ok("2024-02-21T01:30:00+09:00"));
    assert_eq!(read("2024-02-20 09:00").as_deref(), Ok("2024-02-20T09:00:00+09:00"));
}

#[test]
fn midnight_is_a_day_unless_bars_are_within_days() {
    let within = Span { is_within: true, zone: None };
    let read = |text, time, span| read(text, time, &Style::Any(None), span);
    for (text, time) in [("2024-02-20 00:00:00-05:00", ""), ("2024-02-20", "00:00:00-05:00")] {
        assert_eq!(read(text, time, Span::default()).as_deref(), Ok("2024-02-20"));
        assert_eq!(read(text, time, within).as_deref(), Ok("2024-02-20T00:00:00-05:00"));
    }
    assert_eq!(read("20240220", "153000", within).as_deref(), Ok("2024-02-20T15:30:00Z"));
    assert_eq!(read("2024-02-20", "", within).as_deref(), Ok("2024-02-20"), "nothing says when");
    assert_eq!(read("2024-02-20", "noon", within), Err(Wrong::Nonsense));
    assert_eq!(read("2024-02-20 09:30", "10:30", within), Err(Wrong::Nonsense), "two times");
}

#[test]
fn day_and_month_are_never_guessed() {
    assert_eq!(any("02/03/2024"), Err(Wrong::Undecided));
    assert_eq!(any("02/20/2024"), Err(Wrong::Undecided));
    let european = Style::Any(Some(Order::DayFirst));
    let american = Style::Any(Some(Order::MonthFirst));
    assert_eq!(of("02/03/2024", &european).as_deref(), Ok("2024-03-02"));
    assert_eq!(of("02/03/2024", &american).as_deref(), Ok("2024-02-03"));
    assert_eq!(of("20.02.2024", &european).as_deref(), Ok("2024-02-20"));
    assert_eq!(of("02/20/2024", &european), Err(Wrong::OtherOrder(Order::MonthFirst)));
    assert_eq!(any("20-Feb-65"), Err(Wrong::TwoDigitYear));
    assert_eq!(any("20/02/65"), Err(Wrong::TwoDigitYear));
}

#[test]
fn a_text_shows_the_order_by_a_number_above_twelve() {
    for (text, shown) in [
        ("20/02/2024", Shown::One(Order::DayFirst)),
        ("02/20/2024 00:00", Shown::One(Order::MonthFirst)),
        ("02-03-2024", Shown::Either),
        ("03-03-2024", Shown::Nothing),
        ("2024-02-20", Shown::Nothing),
        ("20/20/2024", Shown::Nothing),
    ] {
        assert_eq!(evidence(text), shown, "{text}");
    }
}

#[test]
fn a_pattern_is_taken_at_its_word() {
    let style = |pattern: &str| Style::Pattern(pattern.to_owned());
    assert_eq!(of("20-Feb-65", &style("%d-%b-%y")).as_deref(), Ok("2065-02-20"));
    assert_eq!(of("03.02.24", &style("%d.%m.%y")).as_deref(), Ok("2024-02-03"));
    assert_eq!(of("03.02.2024 00:00", &style("%d.%m.%Y %H:%M")).as_deref(), Ok("2024-02-03"));
    assert_eq!(of("03.02.2024 10:30", &style("%d.%m.%Y %H:%M")).as_deref(), Ok("2024-02-03T10:30:00Z"));
    assert_eq!(of("2024-02-03", &style("%d.%m.%y")), Err(Wrong::Nonsense));
}

#[test]
fn what_is_no_day_is_none() {
    for text in [
        "yesterday",
        "2021-02-31",
        "0000-12-31",
        "2024-13-01",
        "",
        "45341",
        "1.5",
        "2024-02",
        "12:30",
        "a-b-c",
        "1708387200 00:00",
    ] {
        assert_eq!(any(text), Err(Wrong::Nonsense), "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in "\\PC{0,20}|[0-9:/. TZFebam+-]{0,24}") {
        for style in [Style::Any(None), Style::Any(Some(Order::DayFirst)), Style::Pattern("%d.%m.%y".to_owned())] {
            let _ = of(&text, &style);
        }
        evidence(&text);
        let _ = is_within(&text, "09:30", &Style::Any(None));
    }

    #[test]
    fn a_day_comes_back_from_each_form(days in 1_i64..3_000_000) {
        let day = NaiveDate::from_ymd_opt(1, 1, 1).unwrap() + chrono::Days::new(days.unsigned_abs());
        prop_assume!(day.year() <= 9999);
        let iso = day.format("%Y-%m-%d").to_string();
        for form in ["%Y-%m-%d", "%Y/%m/%d", "%d-%b-%Y", "%B %d, %Y", "%Y-%m-%d 00:00:00+09:00"] {
            prop_assert_eq!(any(&day.format(form).to_string()), Ok(iso.clone()));
        }
        prop_assert_eq!(of(&day.format("%d.%m.%Y").to_string(), &Style::Any(Some(Order::DayFirst))), Ok(iso.clone()));
        prop_assert_eq!(of(&day.format("%m/%d/%Y").to_string(), &Style::Any(Some(Order::MonthFirst))), Ok(iso));
    }
}
