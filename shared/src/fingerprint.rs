//! A fingerprint of a record: what tells it from another record at the same offset.

use crate::event::Record;

/// Odd, and with as many bits set as not: what is multiplied with them is spread over all bits.
const KEYS: [u64; 4] = [0x9e37_79b9_7f4a_7c15, 0xd1b5_4a32_d192_ed03, 0x8bb8_4b93_962e_acc9, 0x2d35_8dcc_aa6c_78a5];

/// Timestamp, key and value, hashed; of a record that no event can hold, where its bytes are, which tells them too. Ledgers keep fingerprints, so this never changes. Two records that differ have the same one in
/// one of 4 billion cases; it is no protection against somebody who wants them to.
pub(crate) fn fingerprint(record: &Record<'_>) -> u32 {
    let mut state = mix(record.timestamp_ms.map_or(KEYS[2], |time| time.cast_unsigned() ^ KEYS[1]), KEYS[0]);
    let elsewhere = record.oversized.as_ref().map(|oversized| oversized.at.as_str());
    for text in [record.key.as_deref(), record.value.as_deref().or(elsewhere)] {
        state = match text {
            Some(text) => hash(text.as_bytes(), state),
            None => mix(state ^ KEYS[2], KEYS[3]),
        };
    }
    folded(state)
}

/// The one of all records of a run, from their offsets and fingerprints.
pub(crate) fn fingerprint_of_all(records: impl Iterator<Item = (i64, u32)>) -> u32 {
    folded(records.fold(KEYS[3], |state, (offset, fingerprint)| {
        mix(state ^ u64::from(fingerprint) ^ KEYS[1], offset.cast_unsigned() ^ KEYS[0])
    }))
}

/// The one of all these records.
pub(crate) fn run_fingerprint(records: &[Record<'_>]) -> u32 {
    fingerprint_of_all(records.iter().map(|record| (record.offset, fingerprint(record))))
}

fn folded(state: u64) -> u32 {
    #[expect(clippy::cast_possible_truncation, reason = "half of the bits are kept")]
    let folded = (state ^ (state >> 32)) as u32;
    folded
}

/// Sixteen bytes at a time.
fn hash(bytes: &[u8], seed: u64) -> u64 {
    let mut state = mix(seed ^ KEYS[0], bytes.len() as u64 ^ KEYS[1]);
    let (chunks, rest) = bytes.as_chunks::<16>();
    for chunk in chunks {
        state = step(state, chunk);
    }
    let mut last = [0; 16];
    last[..rest.len()].copy_from_slice(rest);
    step(state, &last)
}

fn step(state: u64, chunk: &[u8; 16]) -> u64 {
    let both = u128::from_le_bytes(*chunk);
    #[expect(clippy::cast_possible_truncation, reason = "each half in turn")]
    let (low, high) = (both as u64, (both >> 64) as u64);
    mix(low ^ KEYS[2], high ^ state)
}

/// Both halves of the product, folded.
fn mix(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    #[expect(clippy::cast_possible_truncation, reason = "each half in turn")]
    let (low, high) = (product as u64, (product >> 64) as u64);
    low ^ high
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn record<'a>(timestamp_ms: Option<i64>, key: Option<&'a str>, value: Option<&'a str>) -> Record<'a> {
        Record { offset: 7, timestamp_ms, key: key.map(Into::into), value: value.map(Into::into), oversized: None }
    }

    #[test]
    fn each_part_of_a_record_counts_and_its_offset_does_not() {
        let texts =
            [None, Some(""), Some("A"), Some("AA"), Some("e30="), Some("0123456789abcdef"), Some("0123456789abcdefg")];
        let mut seen = BTreeSet::new();
        for timestamp_ms in [None, Some(0), Some(1), Some(i64::MAX)] {
            for key in texts {
                for value in texts {
                    assert!(
                        seen.insert(fingerprint(&record(timestamp_ms, key, value))),
                        "{timestamp_ms:?} {key:?} {value:?}"
                    );
                }
            }
        }
        let elsewhere = |at: &str| {
            let oversized = Some(Box::new(crate::oversized::Oversized { bytes: 7, at: at.into() }));
            fingerprint(&Record { oversized, ..record(Some(1), None, None) })
        };
        assert!(seen.insert(elsewhere("s3://lake/one")) && seen.insert(elsewhere("s3://lake/other")));
        let one = record(Some(1), None, Some("e30="));
        assert_eq!(fingerprint(&one), fingerprint(&Record { offset: 8, ..one.clone() }));
    }

    /// A ledger of today is read for years.
    #[test]
    fn it_never_changes() {
        let found = [
            fingerprint(&record(None, None, None)),
            fingerprint(&record(Some(1_795_374_311_250), Some("SFNJ"), Some("eyJJbmRleCI6IkhTSSJ9"))),
        ];
        assert_eq!(found, [3_315_036_172, 3_216_452_824]);
        let of_all = |records: &[(i64, u32)]| fingerprint_of_all(records.iter().copied());
        assert_eq!(of_all(&[(7, found[0]), (9, found[1])]), 1_978_484_619);
        assert_ne!(of_all(&[(7, found[0]), (8, found[1])]), of_all(&[(7, found[0]), (9, found[1])]));
        assert_ne!(of_all(&[(7, found[1]), (9, found[0])]), of_all(&[(7, found[0]), (9, found[1])]));
    }
}
