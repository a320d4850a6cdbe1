//! A daily file has the rows that can be the newest, and its verification tells any other.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::bar::{Bar, Scratch, any_bar, decode};
use super::merging::order;
use crate::merge::{Keep, MergeError, tally, verify_daily};

/// By the definition: of a symbol, day and time within it, no newer row has a `dt` as late.
fn front(bars: &[Bar]) -> BTreeSet<String> {
    let same_day = |one: &Bar, other: &Bar| {
        (&one.symbol, one.trade_date, one.bar_time) == (&other.symbol, other.trade_date, other.bar_time)
    };
    bars.iter()
        .filter(|bar| !bars.iter().any(|other| same_day(bar, other) && order(other) < order(bar) && other.dt >= bar.dt))
        .map(place)
        .collect()
}

fn place(bar: &Bar) -> String {
    format!("{:?}", order(bar))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn it_has_each_row_that_is_the_newest_from_some_day_on(bars in prop::collection::vec(any_bar(), 0..80)) {
        let scratch = Scratch::new();
        let runs = scratch.sort("runs", &bars).runs;
        let file = scratch.merge("daily", &runs, Keep::Daily);
        let found = decode(&file);
        prop_assert!(found.iter().all(|row| bars.contains(row)));
        let places: BTreeSet<_> = found.iter().map(place).collect();
        prop_assert_eq!(places.len(), found.len(), "a place of the order has one row");
        prop_assert_eq!(places, front(&bars));
        prop_assert_eq!(verify_daily(&runs, &file).unwrap(), tally(&file).unwrap());
    }

    #[test]
    fn it_is_the_same_in_one_step_and_in_several(
        bars in prop::collection::vec(any_bar(), 0..60),
        cut in any::<prop::sample::Index>(),
    ) {
        let scratch = Scratch::new();
        let at_once = scratch.merge("at-once", &scratch.sort("whole", &bars).runs, Keep::Daily);
        let (one, other) = bars.split_at(cut.index(bars.len() + 1));
        let parts = [("one", one), ("other", other)].map(|(name, bars)| {
            scratch.merge(&format!("{name}-daily"), &scratch.sort(name, bars).runs, Keep::Daily)
        });
        let of_both = scratch.merge("of-both", &parts, Keep::Daily);
        prop_assert_eq!(decode(&at_once), decode(&of_both));
        let again = scratch.merge("again", &[of_both.clone(), of_both.clone()], Keep::Daily);
        prop_assert_eq!(decode(&of_both), decode(&again));
    }

    #[test]
    fn a_row_too_many_too_few_or_changed_is_noticed(
        bars in prop::collection::vec(any_bar(), 1..40),
        at in any::<prop::sample::Index>(),
    ) {
        let scratch = Scratch::new();
        let runs = scratch.sort("runs", &bars).runs;
        let right = decode(&scratch.merge("daily", &runs, Keep::Daily));
        let at = at.index(right.len());
        let mut wrong = [right.clone(), right.clone(), right.clone()];
        wrong[0].remove(at);
        wrong[1].push(right[at].clone());
        wrong[2][at].prices[3] ^= 1;
        for (number, bars) in wrong.iter().enumerate() {
            let sorted = scratch.sort(&format!("{number}"), bars).runs;
            let file = scratch.merge(&format!("{number}-wrong"), &sorted, Keep::Every);
            let refused = matches!(verify_daily(&runs, &file), Err(MergeError::NotDaily { .. }));
            prop_assert!(refused, "{number}");
        }
    }
}

#[test]
fn a_file_that_lacks_all_days_is_told_how_many_there_are() {
    let scratch = Scratch::new();
    let bars: Vec<_> = (0..3000).map(|trade_date| Bar { trade_date, ..Bar::default() }).collect();
    let runs = scratch.sort("runs", &bars).runs;
    let none = scratch.merge("none", &[], Keep::Daily);
    match verify_daily(&runs, &none) {
        Err(MergeError::NotDaily { found_rows: 0, expected_rows: 3000, .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_newest_row_of_each_folder_day_is_found_by_those_who_look_from_there_on() {
    let bar = |timestamp, dt: &str, offset| Bar { timestamp: Some(timestamp), dt: dt.into(), offset, ..Bar::default() };
    let bars = [
        bar(3, "2026-11-02", 0),
        // Older, and landed earlier or at the same time: never the newest.
        bar(2, "2026-11-01", 1),
        bar(2, "2026-11-02", 2),
        // Older, and landed later, as of a replay: the newest for a report that looks from there on.
        bar(1, "2026-11-03", 3),
    ];
    let scratch = Scratch::new();
    let file = scratch.merge("daily", &scratch.sort("runs", &bars).runs, Keep::Daily);
    assert_eq!(decode(&file), [bars[0].clone(), bars[3].clone()]);
}
