//! The bytes of a source as text: unpacked, decoded, and its beginning looked at before the rest is read.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use anyhow::Result;

use super::choices::Choices;
use super::compression::{self, Compression};
use super::encoding::{self, Encoded};
use super::reader::Reader;

/// How much of a file is looked at before it is judged.
const HEAD: usize = 256 << 10;
/// How much at most, while the order of day and month is still open.
const LONGEST_HEAD: usize = 16 << 20;

/// A text whose beginning is known.
pub(crate) struct Input {
    rest: Reader,
    pub(crate) head: Vec<u8>,
    /// Whether the head is all there is.
    pub(crate) is_whole: bool,
    /// Whether what has come is judged at once, instead of waiting for more.
    pub(crate) is_feed: bool,
    pub(crate) compression: Compression,
    pub(crate) encoded: Encoded,
}

impl Input {
    /// A file is looked at as far as a head goes; a feed as far as it has come.
    pub(crate) fn open(raw: impl Read + Send + 'static, choices: &Choices, is_feed: bool) -> Result<Input> {
        let mut reader: Reader = Box::new(BufReader::with_capacity(1 << 16, raw));
        let first = peek(&mut reader, compression::TELLING)?;
        let compression = match choices.compression {
            Some(compression) => compression,
            None => compression::sniff(&first)?,
        };
        let mut reader = compression::open(Box::new(Cursor::new(first).chain(reader)), compression)?;
        // What a feed has not sent yet is not waited for.
        let head = if is_feed { reader.fill_buf()?.to_vec() } else { peek(&mut reader, HEAD)? };
        let encoded = match choices.encoding {
            Some(encoding) => Encoded::settled(encoding, &head),
            None => encoding::sniff(&head, is_feed)?,
        };
        let reader: Reader = if is_feed { reader } else { Box::new(Cursor::new(head).chain(reader)) };
        let rest = encoding::open(reader, &encoded)?;
        let mut input = Input { rest, head: Vec::new(), is_whole: false, is_feed, compression, encoded };
        input.look()?;
        Ok(input)
    }

    /// Looks further, if that can be; `false` if all has been looked at, or enough.
    pub(crate) fn look(&mut self) -> io::Result<bool> {
        if self.is_whole || self.head.len() >= LONGEST_HEAD {
            return Ok(false);
        }
        // What has been looked at is looked at again, so it has to grow by more than a line.
        let wanted = match self.head.len() {
            length if length >= HEAD => length,
            _ if self.is_feed => 1,
            _ => HEAD,
        };
        let before = self.head.len();
        while self.head.len() < before + wanted {
            let bytes = match self.rest.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                filled => filled?,
            };
            if bytes.is_empty() {
                self.is_whole = true;
                break;
            }
            self.head.extend_from_slice(bytes);
            let used = bytes.len();
            self.rest.consume(used);
        }
        Ok(true)
    }

    /// All of the text, from its beginning.
    pub(crate) fn into_reader(self) -> Reader {
        Box::new(Cursor::new(self.head).chain(self.rest))
    }
}

/// So many bytes of the beginning, or all there are.
fn peek(reader: &mut Reader, most: usize) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    reader.take(most as u64).read_to_end(&mut head)?;
    Ok(head)
}
