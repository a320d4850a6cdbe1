//! A set of offsets as ranges.

use serde::de::{Deserialize, Deserializer, Error};
use serde::{Serialize, Serializer};

/// Offsets as ranges with both ends included: ascending, and apart by at least one offset. In JSON `[[0,199],[260,311]]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranges(Vec<(i64, i64)>);

impl Ranges {
    /// Whether the offset is in the set.
    pub fn contains(&self, offset: i64) -> bool {
        self.0.get(self.below(offset)).is_some_and(|(first, _)| *first <= offset)
    }

    /// Ranges that end below the offset. Two offsets that are not in the set lie in the same hole if this is the same for both.
    pub fn below(&self, offset: i64) -> usize {
        self.0.partition_point(|(_, last)| *last < offset)
    }

    /// Adds the offsets from `first` to `last`, of which some may be in the set.
    pub fn insert(&mut self, first: i64, last: i64) {
        let start = self.0.partition_point(|(_, end)| end.saturating_add(1) < first);
        let end = self.0.partition_point(|(begin, _)| *begin <= last.saturating_add(1));
        let touched = &self.0[start..end];
        let first = touched.first().map_or(first, |(begin, _)| first.min(*begin));
        let last = touched.last().map_or(last, |(_, end)| last.max(*end));
        self.0.splice(start..end, [(first, last)]);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The ranges, in the order of their offsets.
    pub fn iter(&self) -> impl Iterator<Item = (i64, i64)> {
        self.0.iter().copied()
    }

    /// The last offset.
    pub fn last(&self) -> Option<i64> {
        self.0.last().map(|(_, last)| *last)
    }

    /// Whether an offset from `first` to `last` is in the set.
    pub fn overlaps(&self, first: i64, last: i64) -> bool {
        self.0.get(self.below(first)).is_some_and(|(begin, _)| *begin <= last)
    }

    /// The offsets of the set that are below this one.
    pub(crate) fn cut(&self, offset: i64) -> Self {
        let mut cut = self.0[..self.0.partition_point(|(first, _)| *first < offset)].to_vec();
        if let Some((_, last)) = cut.last_mut() {
            *last = (*last).min(offset - 1);
        }
        Self(cut)
    }

    /// Forgets the first ranges until at most `most` are left.
    pub(crate) fn keep_last(&mut self, most: usize) {
        self.0.drain(..self.0.len().saturating_sub(most));
    }

    /// The number of holes: of offsets between two ranges.
    pub fn holes(&self) -> usize {
        self.0.len().saturating_sub(1)
    }

    /// The holes, from the oldest: first and last offset.
    pub fn iter_holes(&self) -> impl Iterator<Item = (i64, i64)> {
        self.0.windows(2).map(|pair| (pair[0].1 + 1, pair[1].0 - 1))
    }
}

impl Serialize for Ranges {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Ranges {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ranges = Vec::<(i64, i64)>::deserialize(deserializer)?;
        let ascending = ranges.iter().all(|(first, last)| 0 <= *first && first <= last);
        let apart = ranges.windows(2).all(|pair| pair[0].1 < i64::MAX && pair[0].1 + 1 < pair[1].0);
        if ascending && apart { Ok(Self(ranges)) } else { Err(D::Error::custom("the ranges are not in order")) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ranges_are_the_set_of_what_was_inserted(inserted in prop::collection::vec((0..60_i64, 0..9_i64), 0..12)) {
            let mut ranges = Ranges::default();
            let mut set = BTreeSet::new();
            for (first, length) in inserted {
                ranges.insert(first, first + length);
                set.extend(first..=first + length);
            }
            for offset in -1..80 {
                prop_assert_eq!(ranges.contains(offset), set.contains(&offset));
            }
            let bounds = set.first().copied().zip(set.last().copied()).unwrap_or((0, -1));
            let missing: Vec<i64> = (bounds.0..=bounds.1).filter(|offset| !set.contains(offset)).collect();
            let holes: Vec<i64> = ranges.iter_holes().flat_map(|(first, last)| first..=last).collect();
            prop_assert_eq!(holes, missing);
            prop_assert_eq!(ranges.holes(), ranges.iter_holes().count());
            prop_assert_eq!(ranges.last(), set.last().copied());
            prop_assert_eq!(ranges.is_empty(), set.is_empty());
            prop_assert_eq!(ranges.overlaps(20, 30), set.range(20..=30).next().is_some());
            let cut = ranges.cut(25);
            prop_assert!(cut.iter().flat_map(|(first, last)| first..=last).eq(set.range(..25).copied()));
            let json = serde_json::to_string(&ranges).unwrap();
            prop_assert_eq!(serde_json::from_str::<Ranges>(&json).unwrap(), ranges);
        }
    }

    #[test]
    fn offsets_of_one_hole_have_the_same_ranges_below_them() {
        let mut ranges = Ranges::default();
        ranges.insert(10, 19);
        ranges.insert(30, i64::MAX);
        assert_eq!([0, 9, 20, 29].map(|offset| ranges.below(offset)), [0, 0, 1, 1]);
        assert!(ranges.contains(i64::MAX));
    }
}
