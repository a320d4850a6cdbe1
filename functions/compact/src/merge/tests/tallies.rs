//! What a tally notices.

use std::collections::BTreeMap;

use super::bar::{Bar, Scratch};
use crate::merge::{Span, Tally};

fn tally_of(bars: &[Bar]) -> Tally {
    Scratch::new().sort("runs", bars).tally
}

/// A row, and rows that differ from it in one cell.
fn changed() -> Vec<(&'static str, Bar)> {
    let bar = Bar::default;
    let mut changed = vec![
        ("symbol", Bar { symbol: b"HSJ".to_vec(), ..bar() }),
        ("symbol", Bar { symbol: b"HSI\0".to_vec(), ..bar() }),
        ("trade_date", Bar { trade_date: 20_001, ..bar() }),
        ("extra", Bar { extra: Some(Vec::new()), ..bar() }),
        ("extra", Bar { extra: Some(b"{}".to_vec()), ..bar() }),
        ("kafka_topic", Bar { topic: "stock-bar".into(), ..bar() }),
        ("kafka_partition", Bar { partition: 1, ..bar() }),
        ("kafka_offset", Bar { offset: 8, ..bar() }),
        ("kafka_index", Bar { index: 1, ..bar() }),
        ("kafka_timestamp", Bar { timestamp: Some(1_795_374_300_001), ..bar() }),
        ("kafka_timestamp", Bar { timestamp: None, ..bar() }),
        ("kafka_life", Bar { life: Some(2), ..bar() }),
        ("kafka_life", Bar { life: None, ..bar() }),
        ("dt", Bar { dt: "2026-11-23".into(), ..bar() }),
        ("hour", Bar { hour: "20".into(), ..bar() }),
        // The same in another place.
        ("symbol and topic", Bar { symbol: b"stock-bars".to_vec(), topic: "HSI".into(), ..bar() }),
    ];
    for at in 0..4 {
        let mut of_price = bar();
        of_price.prices[at] ^= 1;
        changed.push(("price", of_price));
    }
    for at in 0..3 {
        for value in [None, Some(0), Some((-0.0_f64).to_bits()), Some(f64::NAN.to_bits()), Some(f64::NAN.to_bits() | 1)]
        {
            let mut of_optional = bar();
            of_optional.more[at] = value;
            if of_optional != bar() {
                changed.push(("optional", of_optional));
            }
        }
    }
    changed
}

#[test]
fn a_cell_that_changed_is_noticed_in_every_column() {
    let changed = changed();
    let hash = |bar: &Bar| tally_of(std::slice::from_ref(bar)).hash;
    let mut hashes = vec![("unchanged", hash(&Bar::default()))];
    for (column, bar) in &changed {
        let hash = hash(bar);
        assert!(hashes.iter().all(|(_, other)| *other != hash), "{column}: {bar:?}");
        hashes.push((column, hash));
    }
}

#[test]
fn a_row_that_is_lost_doubled_or_stands_for_another_is_noticed() {
    let bars: Vec<_> = (0..4).map(|offset| Bar { offset, ..Bar::default() }).collect();
    let right = tally_of(&bars);
    let lost = tally_of(&bars[..3]);
    let doubled = tally_of(&[&bars[..], &bars[3..]].concat());
    // As many rows from the same first to the same last offset.
    let instead = tally_of(&[&bars[..2], &bars[1..2], &bars[3..]].concat());
    assert_eq!((right.rows, instead.rows, &right.records), (4, 4, &instead.records));
    assert_ne!(right.hash, instead.hash);
    assert!(right != lost && right != doubled);
}

#[test]
fn cells_that_changed_places_are_noticed() {
    let bars: Vec<_> = (0..2)
        .map(|number| Bar { offset: number, prices: [1, 2, 3, 4 + number.cast_unsigned()], ..Bar::default() })
        .collect();
    let mut swapped = bars.clone();
    swapped[0].prices[3] = bars[1].prices[3];
    swapped[1].prices[3] = bars[0].prices[3];
    assert_ne!(tally_of(&bars).hash, tally_of(&swapped).hash);
    let mut within = bars.clone();
    within[0].prices.swap(0, 1);
    assert_ne!(tally_of(&bars).hash, tally_of(&within).hash);
}

#[test]
fn records_are_counted_by_topic_partition_and_life() {
    let bar =
        |topic: &str, partition, life, offset| Bar { topic: topic.into(), partition, life, offset, ..Bar::default() };
    let bars = [
        bar("a", 0, None, 5),
        bar("b", 0, None, 1),
        bar("a", 0, Some(1), 3),
        bar("a", 0, Some(2), 4),
        bar("a", 0, Some(1), 3),
        bar("a", 1, Some(1), 9),
    ];
    let span = |rows, first, last| Span { rows, first, last };
    let expected = BTreeMap::from([
        (("a".to_owned(), 0, 1), span(3, 3, 5)),
        (("a".to_owned(), 0, 2), span(1, 4, 4)),
        (("a".to_owned(), 1, 1), span(1, 9, 9)),
        (("b".to_owned(), 0, 1), span(1, 1, 1)),
    ]);
    assert_eq!(tally_of(&bars).records, expected);
}
