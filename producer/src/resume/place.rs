//! A record's place in what it was read from, as it goes along in the record's headers.
//!
//! Headers count in Lambda's events, at four bytes a byte: so they are short. `place` is on every record:
//! `<source>:<line>[.<item>]/<partitions>`, and `-<records>` behind it where the partition has records of other sources, too: so many
//! records of this producer before it there is one with `places`, a list of the others' last places with a sum of each value.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use anyhow::{Error, Result, anyhow};
use sha2::{Digest, Sha256};

/// Header of every record.
pub(crate) const PLACE: &str = "place";
/// Header of some records, where a partition has several sources.
pub(crate) const PLACES: &str = "places";

/// 48 bits that stand for the name of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SourceId(u64);

/// How far a source is read: its line, and the record of that line, both in the order in which they are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    /// From 1.
    pub(crate) line: u64,
    /// From 0; a line of JSON may have several.
    pub(crate) item: u32,
}

/// The last record of a source in a partition.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Last {
    pub(crate) mark: Mark,
    /// CRC-32 of the record's value: whether the source still has the same there.
    pub(crate) sum: u32,
}

/// Of each source that has records in a partition, the last.
pub(crate) type Lasts = BTreeMap<SourceId, Last>;

/// What the header `place` says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) source: SourceId,
    pub(crate) mark: Mark,
    /// How many partitions records are spread over.
    pub(crate) partitions: i32,
    /// How many records before it `places` is; `None` where the partition has no other sources.
    pub(crate) since_places: Option<u32>,
}

impl SourceId {
    pub(crate) fn of(name: &str) -> SourceId {
        let digest = Sha256::digest(name.as_bytes());
        SourceId(digest[..6].iter().fold(0, |id, byte| id << 8 | u64::from(*byte)))
    }
}

/// What a value is known again by.
pub(crate) fn sum(value: &[u8]) -> u32 {
    crc32fast::hash(value)
}

/// The header `places`.
pub(crate) fn places(lasts: &Lasts, without: SourceId) -> String {
    let others = lasts.iter().filter(|(source, _)| **source != without);
    let text = others.map(|(source, Last { mark, sum })| format!("{source}:{mark}~{sum:x}"));
    text.collect::<Vec<_>>().join(",")
}

/// Reads the header `places`.
pub(crate) fn parse_places(text: &str) -> Result<Lasts> {
    let last = |entry: &str| -> Result<(SourceId, Last)> {
        let (source, rest) = entry.split_once(':').ok_or_else(unreadable)?;
        let (mark, sum) = rest.split_once('~').ok_or_else(unreadable)?;
        Ok((source.parse()?, Last { mark: mark.parse()?, sum: u32::from_str_radix(sum, 16)? }))
    };
    text.split(',').filter(|entry| !entry.is_empty()).map(last).collect()
}

fn unreadable() -> Error {
    anyhow!("a header of another form")
}

/// Eight signs of 64.
const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl fmt::Display for SourceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        (0..8).rev().try_for_each(|place| {
            let sign = usize::try_from(self.0 >> (6 * place) & 63).unwrap_or_default();
            write!(formatter, "{}", char::from(SIGNS[sign]))
        })
    }
}

impl FromStr for SourceId {
    type Err = Error;

    fn from_str(text: &str) -> Result<SourceId> {
        let number = |sign: u8| SIGNS.iter().position(|known| *known == sign).map(|place| place as u64);
        let bits = text.bytes().try_fold(0_u64, |id, sign| Some(id << 6 | number(sign)?));
        bits.filter(|_| text.len() == 8).map(SourceId).ok_or_else(unreadable)
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.item {
            0 => write!(formatter, "{}", self.line),
            item => write!(formatter, "{}.{item}", self.line),
        }
    }
}

impl FromStr for Mark {
    type Err = Error;

    fn from_str(text: &str) -> Result<Mark> {
        let (line, item) = text.split_once('.').unwrap_or((text, "0"));
        Ok(Mark { line: line.parse()?, item: item.parse()? })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}/{}", self.source, self.mark, self.partitions)?;
        self.since_places.map_or(Ok(()), |records| write!(formatter, "-{records}"))
    }
}

impl FromStr for Place {
    type Err = Error;

    fn from_str(text: &str) -> Result<Place> {
        let (source, rest) = text.split_once(':').ok_or_else(unreadable)?;
        let (mark, rest) = rest.split_once('/').ok_or_else(unreadable)?;
        let (partitions, since) = match rest.split_once('-') {
            Some((partitions, since)) => (partitions, Some(since.parse()?)),
            None => (rest, None),
        };
        let partitions: i32 = partitions.parse()?;
        anyhow::ensure!(partitions > 0, unreadable());
        Ok(Place { source: source.parse()?, mark: mark.parse()?, partitions, since_places: since })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_short_and_read_as_it_was_written() {
        let source = SourceId::of("/data/bars.csv");
        for (item, since_places, text) in
            [(0, None, "a:1000/4"), (2, Some(0), "a:1000.2/4-0"), (0, Some(17), "a:1000/4-17")]
        {
            let place = Place { source, mark: Mark { line: 1000, item }, partitions: 4, since_places };
            let written = place.to_string();
            assert_eq!(written, text.replace('a', &source.to_string()));
            assert_eq!(written.parse::<Place>().unwrap(), place);
        }
        assert_eq!(source.to_string().len(), 8);
    }

    #[test]
    fn places_are_of_the_others_and_read_as_they_were_written() {
        let [one, two, three] = ["one", "two", "three"].map(SourceId::of);
        let last = |line| Last { mark: Mark { line, item: 0 }, sum: sum(b"value") };
        let lasts = Lasts::from([(one, last(7)), (two, last(8)), (three, last(9))]);
        let read = parse_places(&places(&lasts, two)).unwrap();
        assert_eq!(read, Lasts::from([(one, last(7)), (three, last(9))]));
        assert_eq!(parse_places("").unwrap(), Lasts::new());
    }

    #[test]
    fn headers_of_others_are_no_places() {
        for text in [
            "",
            "x",
            "AAAAAAAA",
            "AAAAAAAA:1",
            "AAAAAAAA:x/4",
            "short:1/4",
            "AAAAAAA!:1/4",
            "AAAAAAAA:1/0",
            "AAAAAAAA:1/4-x",
        ] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
        assert!(parse_places("AAAAAAAA:1").is_err());
    }
}
