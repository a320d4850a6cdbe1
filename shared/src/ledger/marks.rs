//! Marks: the fingerprints of some of the records that have landed, the nearer to the end the more.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::packed::{self, put, put_signed, take, take_fingerprint, take_signed};

/// So many offsets at the end have a mark each.
const DENSE: i64 = 256;
/// Further back, at least every 1/16 of the way to the end one has: 16 marks for each doubling of that way.
const SPARSE: i64 = 32;
/// In JSON, where no record has a timestamp: so Kafka says it, too.
const NO_TIMESTAMP: i64 = -1;

/// The fingerprint of the record that has landed at an offset.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    /// Its offset.
    pub offset: i64,
    /// Its fingerprint.
    pub fingerprint: u32,
    /// No record that has landed here or below has a newer Kafka timestamp: milliseconds since 1970 UTC.
    pub newest_timestamp_ms: Option<i64>,
}

/// Marks in the order of their offsets. In JSON one text: per mark the distance to the one before, the fingerprint, and how much newer
/// the newest timestamp is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Marks(Vec<Mark>);

/// Whether an offset keeps its mark when so much has landed behind it. `age` is a life's place before the newest: the older, the fewer.
pub(crate) fn keeps(offset: i64, end: i64, age: u32) -> bool {
    let distance = end.saturating_sub(offset);
    let (dense, sparse) = (DENSE >> (2 * age).min(3), SPARSE >> (2 * age).min(6));
    // The more often an offset can be halved, the longer.
    distance < dense || offset == 0 || distance >> offset.trailing_zeros() < sparse
}

impl Marks {
    /// The marks, in the order of their offsets.
    pub fn iter(&self) -> std::slice::Iter<'_, Mark> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps those for which `keep` is true, as it leaves them. Not their offsets: they stay in order.
    pub fn retain(&mut self, keep: impl FnMut(&mut Mark) -> bool) {
        self.0.retain_mut(keep);
    }

    /// Adds one behind all others.
    pub(crate) fn push(&mut self, mark: Mark) {
        self.0.push(mark);
    }

    /// The mark of an offset, if it has one.
    pub(crate) fn at(&self, offset: i64) -> Option<&Mark> {
        self.0.binary_search_by_key(&offset, |mark| mark.offset).ok().map(|place| &self.0[place])
    }

    /// Those from one offset to another, both included.
    pub(crate) fn between(&self, first: i64, last: i64) -> &[Mark] {
        let start = self.0.partition_point(|mark| mark.offset < first);
        let end = self.0.partition_point(|mark| mark.offset <= last);
        &self.0[start..end]
    }

    /// The nearest mark below, and the nearest at the offset or above.
    pub(crate) fn around(&self, offset: i64) -> (Option<&Mark>, Option<&Mark>) {
        let place = self.0.partition_point(|mark| mark.offset < offset);
        (place.checked_sub(1).map(|below| &self.0[below]), self.0.get(place))
    }

    /// Those below an offset.
    pub(crate) fn below(&self, offset: i64) -> Self {
        Self(self.0[..self.0.partition_point(|mark| mark.offset < offset)].to_vec())
    }

    /// Takes in the marks of a run from `first` on, up to the timestamps of which nothing above may fall behind.
    pub(crate) fn land(
        &mut self,
        run: &Self,
        first: i64,
        newest_timestamp_ms: Option<i64>,
        newest_before: Option<i64>,
    ) {
        let start = self.0.partition_point(|mark| mark.offset < first);
        for mark in &mut self.0[start..] {
            mark.newest_timestamp_ms = mark.newest_timestamp_ms.max(newest_timestamp_ms);
        }
        let added =
            run.0.iter().map(|mark| Mark { newest_timestamp_ms: mark.newest_timestamp_ms.max(newest_before), ..*mark });
        let behind = self.0.last().is_none_or(|last| last.offset < first);
        self.0.extend(added);
        if !behind {
            // Of two at one offset the later counts, so from behind.
            self.0.reverse();
            self.0.sort_by_key(|mark| std::cmp::Reverse(mark.offset));
            self.0.dedup_by_key(|mark| mark.offset);
            self.0.reverse();
        }
    }

    /// Drops what has come to lie too far behind the end; never the first.
    pub(crate) fn thin(&mut self, end: i64, age: u32) {
        let first = self.0.first().map(|mark| mark.offset);
        self.0.retain(|mark| Some(mark.offset) == first || keeps(mark.offset, end, age));
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * 8);
        let (mut offset, mut newest) = (0, NO_TIMESTAMP);
        for mark in &self.0 {
            put(&mut bytes, mark.offset.wrapping_sub(offset).cast_unsigned());
            bytes.extend(mark.fingerprint.to_le_bytes());
            let timestamp = mark.newest_timestamp_ms.unwrap_or(NO_TIMESTAMP);
            put_signed(&mut bytes, timestamp.wrapping_sub(newest));
            (offset, newest) = (mark.offset, timestamp);
        }
        bytes
    }

    fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let mut marks = Vec::with_capacity(bytes.len() / 6);
        let (mut offset, mut newest) = (0_i64, NO_TIMESTAMP);
        while !bytes.is_empty() {
            let distance = take(&mut bytes)?;
            offset = offset.checked_add_unsigned(distance).filter(|_| distance > 0 || marks.is_empty())?;
            let fingerprint = take_fingerprint(&mut bytes)?;
            newest = newest.wrapping_add(take_signed(&mut bytes)?);
            marks.push(Mark { offset, fingerprint, newest_timestamp_ms: (newest != NO_TIMESTAMP).then_some(newest) });
        }
        Some(Self(marks))
    }
}

impl<'m> IntoIterator for &'m Marks {
    type Item = &'m Mark;
    type IntoIter = std::slice::Iter<'m, Mark>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Serialize for Marks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        packed::serialize(&self.to_bytes(), serializer)
    }
}

impl<'de> Deserialize<'de> for Marks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        packed::deserialize(deserializer, Self::from_bytes, "marks")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mark(offset: i64) -> Mark {
        Mark { offset, fingerprint: 9, newest_timestamp_ms: Some(1000) }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(marks in prop::collection::btree_map(0..i64::MAX, (any::<u32>(), prop::option::of((i64::MIN..i64::MAX).prop_filter("none", |time| *time != -1))), 0..20)) {
            let marks = marks.into_iter().map(|(offset, (fingerprint, newest_timestamp_ms))| Mark { offset, fingerprint, newest_timestamp_ms });
            let marks = Marks(marks.collect());
            let json = serde_json::to_string(&marks).unwrap();
            prop_assert_eq!(serde_json::from_str::<Marks>(&json).unwrap(), marks);
        }

        #[test]
        fn any_text_is_marks_or_an_error(text in ".*", bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = serde_json::from_value::<Marks>(text.into());
            let _ = Marks::from_bytes(&bytes);
        }

        #[test]
        fn marks_of_runs_in_any_order_are_those_of_one_run(mut offsets in prop::collection::vec(0..200_i64, 1..30)) {
            let mut marks = Marks::default();
            for offset in &offsets {
                marks.land(&Marks(vec![mark(*offset)]), *offset, Some(1000), None);
            }
            offsets.sort_unstable();
            offsets.dedup();
            prop_assert_eq!(marks.0, offsets.into_iter().map(mark).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_end_has_all_marks_and_what_is_behind_it_fewer_and_fewer() {
        let mut marks = Marks::default();
        for end in 0..100_000 {
            marks.push(mark(end));
            marks.thin(end, 0);
        }
        assert!((0..256).all(|distance| marks.at(99_999 - distance).is_some()));
        for pair in marks.0.windows(2) {
            let (gap, way) = (pair[1].offset - pair[0].offset, 99_999 - pair[0].offset);
            assert!(gap <= 1 + way / 16, "no mark between {} and {}", pair[0].offset, pair[1].offset);
        }
        assert_eq!(marks.0[0].offset, 0);
        assert!((380..520).contains(&marks.0.len()), "{}", marks.0.len());
        // A billion records later no mark is left in between; the first stays.
        let of_before = marks.0.len();
        marks.thin(2_000_000_000, 0);
        assert!(marks.0.len() < of_before / 50 && marks.0[0].offset == 0, "{}", marks.0.len());
    }

    #[test]
    fn a_mark_tells_the_newest_time_of_all_that_had_landed_before_it() {
        let mut marks = Marks::default();
        marks.land(&Marks(vec![mark(5)]), 5, Some(1000), Some(9000));
        assert_eq!(marks.at(5).unwrap().newest_timestamp_ms, Some(9000));
    }

    #[test]
    fn a_record_that_fills_a_hole_is_below_every_mark_above_it() {
        let mut marks = Marks::default();
        marks.land(&Marks(vec![mark(1), mark(9)]), 1, Some(1000), None);
        marks.land(&Marks(vec![Mark { newest_timestamp_ms: Some(3000), ..mark(5) }]), 5, Some(3000), Some(1000));
        let newest: Vec<_> = marks.iter().map(|mark| (mark.offset, mark.newest_timestamp_ms)).collect();
        assert_eq!(newest, [(1, Some(1000)), (5, Some(3000)), (9, Some(3000))]);
    }
}
