//! Every row comes out, once, as it was, in its place.

use std::cmp::Reverse;

use proptest::prelude::*;

use super::bar::{Bar, Scratch, any_bar, decode};
use crate::merge::{Keep, Tally, tally};

/// What rows are sorted by; greater is older.
pub(super) fn order(bar: &Bar) -> impl Ord + Clone + std::fmt::Debug + use<> {
    let time = bar.timestamp.filter(|time| (-62_135_596_800_000..=253_402_300_799_999).contains(time));
    let newest = (
        Reverse(time),
        Reverse(bar.life.unwrap_or(1)),
        Reverse(bar.offset),
        Reverse(bar.index),
        bar.partition,
        bar.topic.clone(),
        Reverse(bar.dt.clone()),
    );
    (bar.symbol.clone(), bar.trade_date, bar.bar_time, newest)
}

fn sorted(bars: &[Bar]) -> Vec<Bar> {
    let mut bars = bars.to_vec();
    bars.sort();
    bars
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_rows_of_any_files_come_out_sorted_and_each_as_it_was(
        objects in prop::collection::vec(prop::collection::vec(any_bar(), 0..12), 0..12),
        doubled in any::<prop::sample::Index>(),
    ) {
        let scratch = Scratch::new();
        let mut bars: Vec<Bar> = objects.into_iter().flatten().collect();
        if !bars.is_empty() {
            bars.push(bars[doubled.index(bars.len())].clone());
        }
        let taken = scratch.sort("runs", &bars);
        let file = scratch.merge("merged", &taken.runs, Keep::Every);
        let found = decode(&file);
        prop_assert_eq!(sorted(&found), sorted(&bars));
        let orders: Vec<_> = found.iter().map(order).collect();
        prop_assert!(orders.is_sorted());
        prop_assert_eq!(&tally(&file).unwrap(), &taken.tally);
        prop_assert_eq!(taken.tally.rows, bars.len() as u64);
    }

    #[test]
    fn it_makes_no_difference_in_which_files_and_in_which_order_rows_come(
        bars in prop::collection::vec(any_bar(), 0..60),
        cut in any::<prop::sample::Index>(),
        seed in any::<u64>(),
    ) {
        let scratch = Scratch::new();
        let whole = scratch.sort("whole", &bars);
        let at_once = scratch.merge("at-once", &whole.runs, Keep::Every);

        let mut shuffled = bars.clone();
        shuffled.sort_by_key(|bar| bar.prices[0] ^ seed);
        let (one, other) = shuffled.split_at(cut.index(bars.len() + 1));
        let (one, other) = (scratch.sort("one", one), scratch.sort("other", other));
        let halves = [
            scratch.merge("half", &one.runs, Keep::Every),
            scratch.merge("other-half", &other.runs, Keep::Every),
        ];
        let in_two_steps = scratch.merge("in-two-steps", &halves, Keep::Every);
        prop_assert_eq!(decode(&at_once), decode(&in_two_steps));

        let mut sum = Tally::default();
        sum.add(&one.tally);
        sum.add(&other.tally);
        prop_assert_eq!(&sum, &whole.tally);
        prop_assert_eq!(std::fs::read(at_once).unwrap(), std::fs::read(scratch.merge("again", &whole.runs, Keep::Every)).unwrap());
    }
}

#[test]
fn no_file_makes_a_file_without_rows() {
    let scratch = Scratch::new();
    let taken = scratch.sort("runs", &[]);
    assert_eq!((taken.runs.len(), &taken.tally), (0, &Tally::default()));
    let file = scratch.merge("merged", &[], Keep::Every);
    assert_eq!(decode(&file), []);
    assert_eq!(tally(&file).unwrap(), Tally::default());
}
