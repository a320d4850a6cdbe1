//! What the AWS SDK asks of the crate `crc-fast`, in whose place this is built: checksums of what goes to S3 and comes from there. That crate
//! has the tables of a hundred checksums in it, of which the SDK uses three: 0.65 MiB that every cold start would fetch. Where the SDK begins
//! to ask for more, it does not compile.

use std::fmt;

use crc::{CRC_32_ISCSI, CRC_64_NVME, Crc, Table};

/// With tables of 1 and of 32 KiB: S3 makes a CRC-64 of what comes without a checksum, such as results of Athena, and of those there may be
/// much to read.
static CRC32C: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);
static CRC64_NVME: Crc<u64, Table<16>> = Crc::<u64, Table<16>>::new(&CRC_64_NVME);

/// A kind of checksum, named as `crc-fast` does.
#[derive(Clone, Copy, Debug)]
pub enum CrcAlgorithm {
    /// CRC-32, which the SDK takes unless it is told otherwise.
    Crc32IsoHdlc,
    /// CRC-32C.
    Crc32Iscsi,
    /// CRC-64/NVME.
    Crc64Nvme,
}

/// The checksum of what has been told so far.
pub struct Digest(State);

enum State {
    Crc32(crc32fast::Hasher),
    Crc32c(crc::Digest<'static, u32>),
    Crc64Nvme(crc::Digest<'static, u64, Table<16>>),
}

impl Digest {
    /// The checksum of nothing.
    pub fn new(algorithm: CrcAlgorithm) -> Self {
        Self(match algorithm {
            CrcAlgorithm::Crc32IsoHdlc => State::Crc32(crc32fast::Hasher::new()),
            CrcAlgorithm::Crc32Iscsi => State::Crc32c(CRC32C.digest()),
            CrcAlgorithm::Crc64Nvme => State::Crc64Nvme(CRC64_NVME.digest()),
        })
    }

    /// Goes on with these bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Crc32(hasher) => hasher.update(bytes),
            State::Crc32c(digest) => digest.update(bytes),
            State::Crc64Nvme(digest) => digest.update(bytes),
        }
    }

    /// The checksum, of 32 bits in the lower half.
    pub fn finalize(self) -> u64 {
        match self.0 {
            State::Crc32(hasher) => hasher.finalize().into(),
            State::Crc32c(digest) => digest.finalize().into(),
            State::Crc64Nvme(digest) => digest.finalize(),
        }
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Digest").finish_non_exhaustive()
    }
}

/// The checksum of these bytes.
pub fn checksum(algorithm: CrcAlgorithm, bytes: &[u8]) -> u64 {
    let mut digest = Digest::new(algorithm);
    digest.update(bytes);
    digest.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_checksum_is_the_one_that_its_standard_says_of_123456789_in_whatever_pieces() {
        for (algorithm, expected) in [
            (CrcAlgorithm::Crc32IsoHdlc, 0xcbf4_3926),
            (CrcAlgorithm::Crc32Iscsi, 0xe306_9283),
            (CrcAlgorithm::Crc64Nvme, 0xae8b_1486_0a79_9888),
        ] {
            let text = b"123456789";
            assert_eq!(checksum(algorithm, text), expected, "{algorithm:?}");
            for cut in 0..=text.len() {
                let mut digest = Digest::new(algorithm);
                digest.update(&text[..cut]);
                digest.update(&text[cut..]);
                assert_eq!(digest.finalize(), expected, "{algorithm:?}, cut at {cut}");
            }
        }
    }
}
