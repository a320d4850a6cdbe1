use proptest::prelude::*;

use super::*;

fn any(text: &str) -> Result<String, Wrong> {
    read(text, &Style::Any(None))
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
fn a_time_of_day_is_turned_away() {
    for text in ["2024-02-20 09:30", "2024-02-20T14:30:00Z", "20240220 153000", "1708439400", "2024-02-20 12:00 PM"] {
        assert_eq!(any(text), Err(Wrong::Intraday), "{text}");
    }
    assert_eq!(judge_time("000000"), Ok(()));
    assert_eq!(judge_time(""), Ok(()));
    assert_eq!(judge_time("153000"), Err(Wrong::Intraday));
    assert_eq!(judge_time("noon"), Err(Wrong::Nonsense));
}

#[test]
fn day_and_month_are_never_guessed() {
    assert_eq!(any("02/03/2024"), Err(Wrong::Undecided));
    assert_eq!(any("02/20/2024"), Err(Wrong::Undecided));
    let european = Style::Any(Some(Order::DayFirst));
    let american = Style::Any(Some(Order::MonthFirst));
    assert_eq!(read("02/03/2024", &european).as_deref(), Ok("2024-03-02"));
    assert_eq!(read("02/03/2024", &american).as_deref(), Ok("2024-02-03"));
    assert_eq!(read("20.02.2024", &european).as_deref(), Ok("2024-02-20"));
    assert_eq!(read("02/20/2024", &european), Err(Wrong::OtherOrder(Order::MonthFirst)));
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
    assert_eq!(read("20-Feb-65", &style("%d-%b-%y")).as_deref(), Ok("2065-02-20"));
    assert_eq!(read("03.02.24", &style("%d.%m.%y")).as_deref(), Ok("2024-02-03"));
    assert_eq!(read("03.02.2024 00:00", &style("%d.%m.%Y %H:%M")).as_deref(), Ok("2024-02-03"));
    assert_eq!(read("03.02.2024 10:30", &style("%d.%m.%Y %H:%M")), Err(Wrong::Intraday));
    assert_eq!(read("2024-02-03", &style("%d.%m.%y")), Err(Wrong::Nonsense));
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
            let _ = read(&text, &style);
        }
        evidence(&text);
        let _ = judge_time(&text);
    }

    #[test]
    fn a_day_comes_back_from_each_form(days in 1_i64..3_000_000) {
        let day = NaiveDate::from_ymd_opt(1, 1, 1).unwrap() + chrono::Days::new(days.unsigned_abs());
        prop_assume!(day.year() <= 9999);
        let iso = day.format("%Y-%m-%d").to_string();
        for form in ["%Y-%m-%d", "%Y/%m/%d", "%d-%b-%Y", "%B %d, %Y", "%Y-%m-%d 00:00:00+09:00"] {
            prop_assert_eq!(any(&day.format(form).to_string()), Ok(iso.clone()));
        }
        prop_assert_eq!(read(&day.format("%d.%m.%Y").to_string(), &Style::Any(Some(Order::DayFirst))), Ok(iso.clone()));
        prop_assert_eq!(read(&day.format("%m/%d/%Y").to_string(), &Style::Any(Some(Order::MonthFirst))), Ok(iso));
    }
}
