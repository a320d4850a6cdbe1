//! A record's place in what it was read from, as it goes along in the record's headers.
//!
//! Headers count in Lambda's events, at four bytes a byte: so they are short. `place` is on every record:
//! `<source>:<line>[.<item>]~<sum>/<partitions>`, and `-<records>` behind it where there is more to be known of the partition than that: so
//! many records of this producer before it there is one with `places`, a list of the last places of other sources, and of the ends of
//! partitions that had no records any more.

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
    /// Of the line that it came from: whether the source still has the same there.
    pub(crate) sum: Sum,
    /// How many partitions the source's records are spread over.
    pub(crate) partitions: i32,
}

/// 24 bits that a line is known again by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sum(u32);

impl Sum {
    /// Of a CRC-32.
    pub(crate) fn of(crc: u32) -> Sum {
        Sum(crc & 0xff_ffff)
    }
}

/// Partitions without records, each with its end: what was sent there, if anything, can no longer be told.
pub(crate) type Emptied = BTreeMap<i32, i64>;

/// Takes in more of them: of two ends of one the later.
pub(crate) fn add_emptied(known: &mut Emptied, more: &Emptied) {
    for (partition, end) in more {
        let known = known.entry(*partition).or_insert(*end);
        *known = (*known).max(*end);
    }
}

/// Of each source that has records in a partition, the last.
pub(crate) type Lasts = BTreeMap<SourceId, Last>;

/// What the header `place` says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) source: SourceId,
    pub(crate) last: Last,
    /// How many records before it `places` is; `None` where there are none.
    pub(crate) since_places: Option<u32>,
}

impl SourceId {
    /// Of a name; `#` and the signs of an id stand for that id.
    pub(crate) fn of(name: &str) -> SourceId {
        if let Some(Ok(id)) = name.strip_prefix('#').map(str::parse) {
            return id;
        }
        let digest = Sha256::digest(name.as_bytes());
        SourceId(digest[..6].iter().fold(0, |id, byte| id << 8 | u64::from(*byte)))
    }
}

/// The header `places`.
pub(crate) fn places(lasts: &Lasts, without: SourceId, emptied: &Emptied) -> String {
    let others = lasts.iter().filter(|(source, _)| **source != without);
    let others = others.map(|(source, last)| format!("{source}:{last}"));
    let emptied = emptied.iter().map(|(partition, end)| format!("={partition}:{end}"));
    others.chain(emptied).collect::<Vec<_>>().join(",")
}

/// Reads the header `places`.
pub(crate) fn parse_places(text: &str) -> Result<(Lasts, Emptied)> {
    let (mut lasts, mut emptied) = (Lasts::new(), Emptied::new());
    for entry in text.split(',').filter(|entry| !entry.is_empty()) {
        let (name, rest) = entry.split_once(':').ok_or_else(unreadable)?;
        if let Some(partition) = name.strip_prefix('=') {
            emptied.insert(partition.parse()?, rest.parse()?);
        } else {
            lasts.insert(name.parse()?, rest.parse()?);
        }
    }
    Ok((lasts, emptied))
}

fn unreadable() -> Error {
    anyhow!("a header of another form")
}

/// Eight signs of 64.
const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl fmt::Display for SourceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_signs(formatter, self.0, 8)
    }
}

fn write_signs(formatter: &mut fmt::Formatter<'_>, bits: u64, signs: u32) -> fmt::Result {
    (0..signs).rev().try_for_each(|place| {
        let sign = usize::try_from(bits >> (6 * place) & 63).unwrap_or_default();
        write!(formatter, "{}", char::from(SIGNS[sign]))
    })
}

fn read_signs(text: &str, signs: usize) -> Result<u64> {
    let number = |sign: u8| SIGNS.iter().position(|known| *known == sign).map(|place| place as u64);
    let bits = text.bytes().try_fold(0_u64, |bits, sign| Some(bits << 6 | number(sign)?));
    bits.filter(|_| text.len() == signs).ok_or_else(unreadable)
}

impl fmt::Display for Last {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}~", self.mark)?;
        write_signs(formatter, self.sum.0.into(), 4)?;
        write!(formatter, "/{}", self.partitions)
    }
}

impl FromStr for Last {
    type Err = Error;

    fn from_str(text: &str) -> Result<Last> {
        let (mark, rest) = text.split_once('~').ok_or_else(unreadable)?;
        let (sum, partitions) = rest.split_once('/').ok_or_else(unreadable)?;
        let partitions: i32 = partitions.parse()?;
        anyhow::ensure!(partitions > 0, unreadable());
        Ok(Last { mark: mark.parse()?, sum: Sum(u32::try_from(read_signs(sum, 4)?)?), partitions })
    }
}

impl FromStr for SourceId {
    type Err = Error;

    fn from_str(text: &str) -> Result<SourceId> {
        Ok(SourceId(read_signs(text, 8)?))
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
        write!(formatter, "{}:{}", self.source, self.last)?;
        self.since_places.map_or(Ok(()), |records| write!(formatter, "-{records}"))
    }
}

impl FromStr for Place {
    type Err = Error;

    fn from_str(text: &str) -> Result<Place> {
        let (source, rest) = text.split_once(':').ok_or_else(unreadable)?;
        // The sum may have the sign in it, too.
        let (last, since) = match rest.rsplit_once('-') {
            Some((last, since)) if last.contains('/') => (last, Some(since.parse()?)),
            _ => (rest, None),
        };
        Ok(Place { source: source.parse()?, last: last.parse()?, since_places: since })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(line: u64, item: u32) -> Last {
        Last { mark: Mark { line, item }, sum: Sum::of(0xdead_beef), partitions: 4 }
    }

    #[test]
    fn a_place_is_short_and_read_as_it_was_written() {
        let source = SourceId::of("/data/bars.csv");
        for (item, since_places, text) in
            [(0, None, "a:1000~rb7v/4"), (2, Some(0), "a:1000.2~rb7v/4-0"), (0, Some(17), "a:1000~rb7v/4-17")]
        {
            let place = Place { source, last: last(1000, item), since_places };
            let written = place.to_string();
            assert_eq!(written, text.replace('a', &source.to_string()));
            assert_eq!(written.parse::<Place>().unwrap(), place);
        }
        assert_eq!(source.to_string().len(), 8);
        // Any sum.
        for sum in [0, 0xff_ffff, 0x3e_f7bd] {
            let place = Place { source, last: Last { sum: Sum(sum), ..last(1, 0) }, since_places: None };
            assert_eq!(place.to_string().parse::<Place>().unwrap(), place);
        }
    }

    #[test]
    fn places_are_of_the_others_and_read_as_they_were_written() {
        let [one, two, three] = ["one", "two", "three"].map(SourceId::of);
        let lasts = Lasts::from([(one, last(7, 0)), (two, last(8, 1)), (three, last(9, 0))]);
        let emptied = Emptied::from([(3, 1200)]);
        let read = parse_places(&places(&lasts, two, &emptied)).unwrap();
        assert_eq!(read, (Lasts::from([(one, last(7, 0)), (three, last(9, 0))]), emptied));
        assert_eq!(parse_places("").unwrap(), (Lasts::new(), Emptied::new()));
    }

    #[test]
    fn headers_of_others_are_no_places() {
        for text in [
            "",
            "x",
            "AAAAAAAA",
            "AAAAAAAA:1",
            "AAAAAAAA:1/4",
            "AAAAAAAA:x~AAAA/4",
            "short:1~AAAA/4",
            "AAAAAAA!:1~AAAA/4",
            "AAAAAAAA:1~AAA/4",
            "AAAAAAAA:1~AAAA/0",
            "AAAAAAAA:1~AAAA/-4",
            "AAAAAAAA:1~AAAA/4-x",
            "AAAAAAAA:99999999999999999999~AAAA/4",
        ] {
            assert!(text.parse::<Place>().is_err(), "{text}");
        }
        assert!(parse_places("AAAAAAAA:1").is_err() && parse_places("=x:1").is_err());
    }
}
