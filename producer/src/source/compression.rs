//! Compressed files, told by their first bytes.

use std::fmt;
use std::io::{self, BufRead, BufReader};

use anyhow::{Result, bail};
use flate2::bufread::MultiGzDecoder;
use zstd::stream::read::Decoder;

use super::reader::Reader;

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, clap::ValueEnum)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
}

/// How many bytes tell it.
pub(crate) const TELLING: usize = 6;

/// What other files begin with, and what to do.
const OTHERS: [(&[u8], &str); 7] = [
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook: unpack it, or save it as CSV"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook: save it as CSV"),
    (b"BZh", "compressed with bzip2: bzip2 -dc FILE | producer --csv -"),
    (b"\xfd7zXZ", "compressed with xz: xz -dc FILE | producer --csv -"),
    (b"PAR1", "a Parquet file, and not CSV"),
    (b"%PDF", "a PDF, and not CSV"),
    (b"\x89PNG", "a picture, and not CSV"),
];

/// What a file is, by its first bytes.
pub(crate) fn sniff(first: &[u8]) -> Result<Compression> {
    if let Some((_, what)) = OTHERS.iter().find(|(magic, _)| first.starts_with(magic)) {
        bail!("it is {what}");
    }
    Ok(match first {
        [0x1f, 0x8b, ..] => Compression::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Compression::Zstd,
        _ => Compression::None,
    })
}

/// What is in it. A file of several compressed ones, one after the other, is read to its end.
pub(crate) fn open(reader: Reader, compression: Compression) -> io::Result<Reader> {
    Ok(match compression {
        Compression::None => reader,
        Compression::Gzip => buffered(MultiGzDecoder::new(reader)),
        Compression::Zstd => buffered(Decoder::with_buffer(reader)?),
    })
}

fn buffered(reader: impl io::Read + Send + 'static) -> Box<dyn BufRead + Send> {
    Box::new(BufReader::with_capacity(1 << 16, reader))
}

impl fmt::Display for Compression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Compression::None => "none",
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read, Write};

    use super::*;

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn read(bytes: Vec<u8>) -> io::Result<String> {
        let compression = sniff(&bytes).unwrap();
        let mut text = String::new();
        open(Box::new(Cursor::new(bytes)), compression)?.read_to_string(&mut text)?;
        Ok(text)
    }

    #[test]
    fn what_was_compressed_comes_out_also_of_several_files_in_one() {
        assert_eq!(read([gzip("a\n"), gzip("b\n")].concat()).unwrap(), "a\nb\n");
        let zstd = |text: &str| zstd::encode_all(text.as_bytes(), 1).unwrap();
        assert_eq!(read([zstd("a\n"), zstd("b\n")].concat()).unwrap(), "a\nb\n");
        assert_eq!(read(b"a\nb\n".to_vec()).unwrap(), "a\nb\n");
    }

    #[test]
    fn a_file_that_was_cut_is_an_error() {
        let whole = gzip(&"bars ".repeat(1000));
        assert!(read(whole[..whole.len() - 9].to_vec()).is_err());
    }

    #[test]
    fn what_is_no_csv_is_named_with_what_to_do() {
        let message = sniff(b"PK\x03\x04\x14\x00").err().unwrap().to_string();
        assert_eq!(message, "it is a ZIP archive or an Excel workbook: unpack it, or save it as CSV");
        assert!(sniff(b"\xfd7zXZ\x00").err().unwrap().to_string().contains("xz -dc"));
    }
}
