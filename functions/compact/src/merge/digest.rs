//! A 128-bit number for a whole row: every column, whether there is a value, and the folder.
//!
//! It is there to find mistakes, not attacks. Two lanes of 64 bits take in one word after the other. Each step can be undone, so
//! two rows that differ in one word differ in both lanes, whatever the words are; otherwise they are the same by chance only.

use std::ops::Range;

use shared::parquet_column::Values;

use super::batch::Batch;

/// The two lanes of one row.
#[derive(Clone, Copy)]
struct Lanes([u64; 2]);

/// Odd numbers, so that multiplication can be undone: the first digits of pi and of e.
const FACTORS: [u64; 2] = [0x243f_6a88_85a3_08d3, 0xb7e1_5162_8aed_2a6b];

impl Lanes {
    const START: Self = Self([1, 2]);

    #[inline]
    fn take(&mut self, word: u64) {
        let [one, two] = &mut self.0;
        *one = (*one ^ word).wrapping_mul(FACTORS[0]);
        *one ^= *one >> 32;
        *two = (two.rotate_left(23) ^ word).wrapping_mul(FACTORS[1]);
        *two ^= *two >> 29;
    }

    /// Spreads what was taken last over all bits: sums of rows that differ little must not.
    #[inline]
    fn end(mut self) -> u128 {
        for lane in &mut self.0 {
            *lane ^= *lane >> 33;
            *lane = lane.wrapping_mul(0xff51_afd7_ed55_8ccd);
            *lane ^= *lane >> 33;
            *lane = lane.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
            *lane ^= *lane >> 33;
        }
        u128::from(self.0[0]) << 64 | u128::from(self.0[1])
    }
}

/// The digest of some bytes.
pub(crate) fn bytes(bytes: &[u8]) -> u128 {
    let mut lanes = Lanes::START;
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        lanes.take(u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    lanes.take(u64::from_le_bytes(last));
    lanes.take(bytes.len() as u64);
    lanes.end()
}

/// The digests of some rows, in their order, instead of what is in `digests`.
pub(super) fn rows(batch: &Batch, range: Range<usize>, digests: &mut Vec<u128>) {
    let mut lanes = vec![Lanes::START; range.len()];
    for (place, column) in batch.columns.iter().enumerate() {
        let levels = column.levels.as_deref().map(|levels| (levels, place as u64));
        match &column.values {
            Values::Text(values) => {
                // What repeats is mostly the same bytes at the same place.
                let mut last: Option<(&[u8], u128)> = None;
                each(&mut lanes, range.clone(), levels, |lanes, row| {
                    let text = values[row].data();
                    let digest = match last {
                        Some((before, digest)) if std::ptr::eq(before, text) => digest,
                        _ => bytes(text),
                    };
                    last = Some((text, digest));
                    #[expect(clippy::cast_possible_truncation, reason = "one half after the other")]
                    for word in [digest as u64, (digest >> 64) as u64] {
                        lanes.take(word);
                    }
                });
            }
            Values::Int(values) => each(&mut lanes, range.clone(), levels, |lanes, row| {
                lanes.take(u64::from(values[row].cast_unsigned()));
            }),
            Values::Long(values) => each(&mut lanes, range.clone(), levels, |lanes, row| {
                lanes.take(values[row].cast_unsigned());
            }),
            Values::Double(values) => each(&mut lanes, range.clone(), levels, |lanes, row| {
                lanes.take(values[row].to_bits());
            }),
            Values::Flag(values) => each(&mut lanes, range.clone(), levels, |lanes, row| {
                lanes.take(u64::from(values[row]));
            }),
        }
    }
    digests.clear();
    digests.extend(lanes.into_iter().map(Lanes::end));
}

/// Has each row take the value that it has; of a column that may have none, with its place. One that it has not leaves no trace: so a row
/// has the same digest after a column was added, which it had in the part that was made before.
#[inline]
fn each(
    lanes: &mut [Lanes],
    range: Range<usize>,
    levels: Option<(&[i16], u64)>,
    mut take: impl FnMut(&mut Lanes, usize),
) {
    let Some((levels, place)) = levels else {
        for (lanes, row) in lanes.iter_mut().zip(range) {
            take(lanes, row);
        }
        return;
    };
    for (lanes, row) in lanes.iter_mut().zip(range) {
        if levels[row] == 1 {
            lanes.take(place);
            take(lanes, row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::batch::Column;
    use super::*;

    fn digests(batch: &Batch) -> Vec<u128> {
        let mut digests = Vec::new();
        rows(batch, 0..batch.rows, &mut digests);
        digests
    }

    fn optional(values: Vec<i32>, levels: Vec<i16>) -> Column {
        Column { values: Values::Int(values), levels: Some(levels) }
    }

    #[test]
    fn a_column_that_is_added_changes_no_row_that_has_nothing_in_it() {
        let columns = || vec![optional(vec![7, 0, 7], vec![1, 0, 1]), optional(vec![7, 7, 0], vec![1, 1, 0])];
        let before = digests(&Batch { columns: columns(), rows: 3 });
        let mut columns = columns();
        columns.push(optional(vec![0, 0, 7], vec![0, 0, 1]));
        let after = digests(&Batch { columns, rows: 3 });
        assert_eq!(before[..2], after[..2]);
        assert_ne!(before[2], after[2]);
        // The same value in another column is another row.
        let all: std::collections::BTreeSet<_> = before.iter().chain(&after).collect();
        assert_eq!(all.len(), 4);
    }

    #[test]
    fn bytes_of_another_length_or_order_have_another_digest() {
        let texts: [&[u8]; 9] = [
            b"",
            b"\0",
            b"\0\0\0\0\0\0\0\0",
            b"a",
            b"a\0",
            b"12345678",
            b"123456780",
            b"87654321",
            b"1234567812345678",
        ];
        for (at, text) in texts.iter().enumerate() {
            for other in &texts[..at] {
                assert_ne!(bytes(text), bytes(other), "{text:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_digest_is_the_same_on_every_machine_and_for_ever() {
        // A part's is kept, and compared after an update.
        assert_eq!(bytes(b"stock-bars"), 0xc1b2_78f8_e329_4f7f_ccaf_eda5_ebb1_14e4);
    }
}
