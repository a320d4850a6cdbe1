//! Records drawn at random with replacement, as the tutorial's `df.sample(1)` does.

use anyhow::anyhow;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::row::{NoRecord, Record, Row};

/// First reads all of `rows`, handing on what is wrong with them; then draws without end.
pub(crate) struct Sample<I> {
    rows: Option<I>,
    records: Vec<Record>,
    random: ChaCha8Rng,
}

impl<I: Iterator<Item = Row>> Sample<I> {
    pub(crate) fn new(rows: I, seed: u64) -> Sample<I> {
        Sample { rows: Some(rows), records: Vec::new(), random: ChaCha8Rng::seed_from_u64(seed) }
    }
}

impl<I: Iterator<Item = Row>> Iterator for Sample<I> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        while let Some(rows) = &mut self.rows {
            match rows.next() {
                Some(Ok(record)) => self.records.push(record),
                Some(Err(no_record)) => return Some(Err(no_record)),
                None => self.rows = None,
            }
        }
        if self.records.is_empty() {
            return Some(Err(NoRecord::Broken(anyhow!("no row can be a bar: there is nothing to draw from"))));
        }
        let drawn = self.random.random_range(0..self.records.len());
        Some(Ok(self.records[drawn].clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Place;

    fn rows(symbols: &str) -> impl Iterator<Item = Row> {
        symbols.chars().map(|symbol| Ok(Record::new(symbol.to_string(), Vec::new(), Place::default())))
    }

    fn draw(symbols: &str, seed: u64) -> String {
        Sample::new(rows(symbols), seed).take(60).map(|row| row.unwrap().key).collect()
    }

    #[test]
    fn the_same_seed_draws_the_same_and_another_does_not() {
        assert_eq!(draw("abcd", 7), draw("abcd", 7));
        assert_ne!(draw("abcd", 7), draw("abcd", 8));
    }

    #[test]
    fn every_record_comes_up_and_comes_again() {
        let drawn = draw("abcd", 7);
        for symbol in "abcd".chars() {
            assert!(drawn.matches(symbol).count() > 1, "{symbol} in {drawn}");
        }
    }

    #[test]
    fn bad_rows_come_first_and_are_never_drawn() {
        let bad = || {
            std::iter::once(Err(NoRecord::Skipped {
                place: Place::new(None, 9),
                reason: String::new(),
                raw: Vec::new(),
                header: None,
            }))
        };
        let mut sample = Sample::new(rows("a").chain(bad()), 7);
        assert!(matches!(sample.next(), Some(Err(NoRecord::Skipped { .. }))));
        assert!(sample.take(50).all(|row| row.is_ok()));

        let mut hopeless = Sample::new(bad(), 7);
        assert!(matches!(hopeless.nth(1), Some(Err(NoRecord::Broken(_)))));
    }
}
