//! How the text of a file is encoded: by its mark, by its zeros, or else UTF-8, and what is not UTF-8 is Windows-1252.

use std::io::{self, BufRead as _, BufReader};

use anyhow::{Result, bail};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use encoding_rs_io::DecodeReaderBytesBuilder;

use super::reader::Reader;

/// An encoding, and what it was taken for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Encoded {
    pub(crate) encoding: &'static Encoding,
    /// Bytes of the mark at the beginning.
    mark: usize,
    /// The first line that is not UTF-8, which is why it was taken for Windows-1252.
    pub(crate) because_of: Option<u64>,
}

impl Encoded {
    pub(crate) fn settled(encoding: &'static Encoding, head: &[u8]) -> Encoded {
        let mark = Encoding::for_bom(head).filter(|(marked, _)| *marked == encoding).map_or(0, |(_, length)| length);
        Encoded { encoding, mark, because_of: None }
    }
}

/// Looks at the beginning of a file. `is_feed` are records of programs, which are UTF-8 or have a mark.
pub(crate) fn sniff(head: &[u8], is_feed: bool) -> Result<Encoded> {
    if let Some((encoding, mark)) = Encoding::for_bom(head) {
        return Ok(Encoded { encoding, mark, because_of: None });
    }
    let plain = |encoding| Ok(Encoded { encoding, mark: 0, because_of: None });
    if let Some(encoding) = by_zeros(head) {
        return plain(encoding);
    }
    if !is_feed && head.contains(&0) {
        bail!("it has zero bytes: it is not text, or --encoding says which it is");
    }
    let error = match str::from_utf8(head) {
        // A character may be cut at the end.
        Err(error) if error.error_len().is_some() && !is_feed => error,
        _ => return plain(UTF_8),
    };
    // Where other characters are UTF-8, this one is a mistake.
    let is_ascii_else = head[..error.valid_up_to()].is_ascii() && !has_wide_character(&head[error.valid_up_to()..]);
    let line = 1 + memchr::memchr_iter(b'\n', &head[..error.valid_up_to()]).count() as u64;
    Ok(if is_ascii_else {
        Encoded { encoding: WINDOWS_1252, mark: 0, because_of: Some(line) }
    } else {
        Encoded { encoding: UTF_8, mark: 0, because_of: None }
    })
}

/// UTF-16 without a mark: every second byte of most characters is zero.
fn by_zeros(head: &[u8]) -> Option<&'static Encoding> {
    const LOOK: usize = 2000;
    let head = &head[..head.len().min(LOOK) & !1];
    let zeros = |first: usize| head.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let (most, few) = (head.len() / 5, head.len() / 40);
    match (even > most, odd > most) {
        (false, true) if even <= few => Some(UTF_16LE),
        (true, false) if odd <= few => Some(UTF_16BE),
        _ => None,
    }
}

fn has_wide_character(bytes: &[u8]) -> bool {
    bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii())
}

/// The text as UTF-8. UTF-8 itself is left as it is, mistakes and all, so that they are found where they are.
pub(crate) fn open(mut reader: Reader, encoded: &Encoded) -> io::Result<Reader> {
    let mut mark = encoded.mark;
    while mark > 0 {
        let skipped = reader.fill_buf()?.len().min(mark);
        if skipped == 0 {
            break;
        }
        reader.consume(skipped);
        mark -= skipped;
    }
    if encoded.encoding == UTF_8 {
        return Ok(reader);
    }
    let decoder = DecodeReaderBytesBuilder::new().encoding(Some(encoded.encoding)).build(reader);
    Ok(Box::new(BufReader::with_capacity(1 << 16, decoder)))
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use super::*;

    fn read(bytes: &[u8]) -> (String, &'static str) {
        let encoded = sniff(bytes, false).unwrap();
        let mut text = Vec::new();
        open(Box::new(Cursor::new(bytes.to_vec())), &encoded).unwrap().read_to_end(&mut text).unwrap();
        (String::from_utf8_lossy(&text).into_owned(), encoded.encoding.name())
    }

    fn utf_16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(to_bytes).collect()
    }

    #[test]
    fn marks_and_zeros_tell_the_encoding() {
        let text = "Index,Date\nAß,2024-02-19\n";
        for (bytes, name) in [
            (text.as_bytes().to_vec(), "UTF-8"),
            (format!("\u{feff}{text}").into_bytes(), "UTF-8"),
            (utf_16(&format!("\u{feff}{text}"), u16::to_le_bytes), "UTF-16LE"),
            (utf_16(&format!("\u{feff}{text}"), u16::to_be_bytes), "UTF-16BE"),
            (utf_16(text, u16::to_le_bytes), "UTF-16LE"),
            (utf_16(text, u16::to_be_bytes), "UTF-16BE"),
        ] {
            assert_eq!(read(&bytes), (text.to_owned(), name));
        }
    }

    #[test]
    fn what_is_not_utf_8_is_windows_1252_unless_the_rest_is_utf_8() {
        assert_eq!(read(b"Index,Name\nA,Nestl\xe9\n"), ("Index,Name\nA,Nestlé\n".to_owned(), "windows-1252"));
        assert_eq!(sniff(b"Index\nA\nNestl\xe9\n", false).unwrap().because_of, Some(3));
        assert_eq!(read("Nestlé\n".as_bytes()).1, "UTF-8");
        assert_eq!(read(&["Nestlé\n".as_bytes(), b"\xff\n"].concat()).1, "UTF-8");
        assert_eq!(read(&[b"\xff\n", "Nestlé\n".as_bytes()].concat()).1, "UTF-8");
        assert_eq!(sniff(b"{\"Name\":\"Nestl\xe9\"}", true).unwrap().encoding, UTF_8);
    }

    #[test]
    fn a_character_that_the_head_ends_in_is_no_mistake() {
        assert_eq!(read(&"Nestlé".as_bytes()[..6]).1, "UTF-8");
    }

    #[test]
    fn what_has_zeros_and_is_not_utf_16_is_no_text() {
        assert!(sniff(b"\x01\x00\x00\x00\x07\x00\x00\x00abc", false).is_err());
    }
}
