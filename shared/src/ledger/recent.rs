//! The newest runs that have landed, each with one fingerprint of all its records: what is delivered again is mostly what was delivered
//! last, and from where an event began.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::packed::{self, put, put_signed, take, take_fingerprint, take_signed};

/// So many runs, of all lives together.
const MOST: usize = 64;

/// A run that has landed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LandedRun {
    /// The life in which it did.
    pub(crate) life: u32,
    /// Offset of its first record.
    pub(crate) first: i64,
    /// Offset of its last record.
    pub(crate) last: i64,
    /// That of all its records.
    pub(crate) fingerprint: u32,
    /// Whether its records are kept because nobody knew if they had landed.
    pub(crate) undecided: bool,
}

/// Runs in the order in which they have landed. In JSON one text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recent(Vec<LandedRun>);

impl Recent {
    /// The runs, the newest last.
    pub(crate) fn runs(&self) -> &[LandedRun] {
        &self.0
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn push(&mut self, run: LandedRun) {
        self.0.push(run);
        self.0.drain(..self.0.len().saturating_sub(MOST));
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.0.len() * 10);
        let mut before = 0;
        for run in &self.0 {
            put(&mut bytes, (u64::from(run.life) << 1) | u64::from(run.undecided));
            // Mostly it begins where the one before ends; what fills a hole is behind it.
            put_signed(&mut bytes, run.first.wrapping_sub(before));
            put(&mut bytes, run.last.wrapping_sub(run.first).cast_unsigned());
            bytes.extend(run.fingerprint.to_le_bytes());
            before = run.last;
        }
        bytes
    }

    fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let mut runs = Vec::with_capacity(bytes.len() / 10);
        let mut before = 0_i64;
        while !bytes.is_empty() {
            let life = take(&mut bytes)?;
            let (life, undecided) = (u32::try_from(life >> 1).ok()?, life & 1 == 1);
            let first = before.wrapping_add(take_signed(&mut bytes)?);
            let last = first.checked_add_unsigned(take(&mut bytes)?).filter(|_| first >= 0)?;
            let fingerprint = take_fingerprint(&mut bytes)?;
            runs.push(LandedRun { life, first, last, fingerprint, undecided });
            before = last;
        }
        Some(Self(runs))
    }
}

impl Serialize for Recent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        packed::serialize(&self.to_bytes(), serializer)
    }
}

impl<'de> Deserialize<'de> for Recent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        packed::deserialize(deserializer, Self::from_bytes, "recent runs")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(runs in prop::collection::vec((any::<u32>(), 0..i64::MAX, any::<u16>(), any::<u32>(), any::<bool>()), 0..80)) {
            let mut recent = Recent::default();
            for (life, first, length, fingerprint, undecided) in runs {
                recent.push(LandedRun { life, first, last: first.saturating_add(length.into()), fingerprint, undecided });
            }
            prop_assert!(recent.0.len() <= MOST);
            let json = serde_json::to_string(&recent).unwrap();
            prop_assert_eq!(serde_json::from_str::<Recent>(&json).unwrap(), recent);
        }

        #[test]
        fn any_text_is_runs_or_an_error(text in ".*", bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = serde_json::from_value::<Recent>(text.into());
            let _ = Recent::from_bytes(&bytes);
        }
    }
}
