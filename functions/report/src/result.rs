//! The result of a query, read from where Athena has put it: a piece at a time, however large it is.

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::AggregatedBytes;
use thiserror::Error;

use crate::publish::{self, StorageError};
use crate::record::{Record, Splitter};

/// How much of a result is in memory at once.
const PIECE: u64 = 4 << 20;

/// How often a piece is asked for of which only a part arrives.
const MOST_TRIES: u32 = 3;

/// Where a result lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) bucket: String,
    pub(crate) key: String,
}

/// A result that cannot be read to its end.
#[derive(Debug, Error)]
pub(crate) enum ResultError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("s3://{}/{} ends in the middle of a row", .0.bucket, .0.key)]
    Cut(Place),
    #[error("s3://{}/{} is empty: it lacks even the names of the columns", .0.bucket, .0.key)]
    Empty(Place),
}

impl Place {
    /// Of `s3://bucket/key`.
    pub(crate) fn of(uri: &str) -> Option<Self> {
        let (bucket, key) = uri.strip_prefix("s3://")?.split_once('/')?;
        Some(Self { bucket: bucket.to_owned(), key: key.to_owned() })
    }
}

/// Reads lines, the first of which are the names of the columns.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    client: &'a Client,
    place: &'a Place,
    splitter: Splitter,
    piece: Vec<u8>,
    /// How much of the piece has been split.
    split: usize,
    /// Where the next piece begins.
    offset: u64,
    /// Of the whole result, once it is known.
    length: Option<u64>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(client: &'a Client, place: &'a Place) -> Self {
        Self { client, place, splitter: Splitter::new(), piece: Vec::new(), split: 0, offset: 0, length: None }
    }

    /// The next line, which stays until the one after it is asked for; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<&Record>, ResultError> {
        while !self.split_piece() {
            if self.length.is_some_and(|length| self.offset >= length) {
                let is_line = self.splitter.finish().map_err(|_| ResultError::Cut(self.place.clone()))?;
                return Ok(is_line.then(|| self.splitter.record()));
            }
            self.fetch().await?;
        }
        Ok(Some(self.splitter.record()))
    }

    fn split_piece(&mut self) -> bool {
        let mut rest = &self.piece[self.split..];
        let is_line = self.splitter.read(&mut rest);
        self.split = self.piece.len() - rest.len();
        is_line
    }

    async fn fetch(&mut self) -> Result<(), ResultError> {
        let Place { bucket, key } = self.place;
        let range = format!("bytes={}-{}", self.offset, self.offset + PIECE - 1);
        // Before the next one is there.
        self.piece = Vec::new();
        let mut tries = 0;
        let (bytes, length) = loop {
            tries += 1;
            let sent = self.client.get_object().bucket(bucket).key(key).range(&range).send().await;
            let object = sent.map_err(|error| publish::failed(bucket, key, "read", &error))?;
            let length = object.content_range().and_then(whole_length);
            match object.body.collect().await.map(AggregatedBytes::to_vec) {
                Ok(bytes) => break (bytes, length),
                Err(error) if tries < MOST_TRIES => {
                    tracing::info!(tries, reason = %error, "a part of a result was lost on its way, asking again");
                }
                Err(error) => return Err(StorageError::cut(bucket, key, &error).into()),
            }
        };
        self.offset += u64::try_from(bytes.len()).unwrap_or_default();
        // Who answers without saying how much there is has sent it all.
        self.length = Some(length.unwrap_or(self.offset));
        if bytes.is_empty() {
            return Err(ResultError::Empty(self.place.clone()));
        }
        self.piece = bytes;
        self.split = 0;
        Ok(())
    }
}

/// Of `bytes 0-99/1234`.
fn whole_length(content_range: &str) -> Option<u64> {
    content_range.rsplit_once('/')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::operation::get_object::GetObjectOutput;
    use aws_sdk_s3::primitives::ByteStream;
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    use super::*;

    #[test]
    fn a_place_is_a_bucket_and_a_key() {
        let place = Place { bucket: "lake".to_owned(), key: "queries/1.csv".to_owned() };
        assert_eq!(Place::of("s3://lake/queries/1.csv"), Some(place));
        assert_eq!(Place::of("https://lake/queries/1.csv"), None);
    }

    #[tokio::test]
    async fn a_result_is_read_in_pieces_and_a_line_may_lie_in_two() {
        let piece = |range: &'static str, bytes: &'static [u8], content_range: &'static str| {
            mock!(Client::get_object).match_requests(move |request| request.range() == Some(range)).then_output(
                move || {
                    GetObjectOutput::builder().body(ByteStream::from_static(bytes)).content_range(content_range).build()
                },
            )
        };
        let first = piece("bytes=0-4194303", b"\"a\",\"b\"\n\"1\",", "bytes 0-11/23");
        let second = piece("bytes=12-4194315", b"\"2\"\n\"3\",\"4\"", "bytes 12-22/23");
        let client = mock_client!(aws_sdk_s3, RuleMode::MatchAny, [&first, &second]);
        let place = Place { bucket: "lake".to_owned(), key: "queries/1.csv".to_owned() };
        let mut reader = Reader::new(&client, &place);
        let mut lines = Vec::new();
        while let Some(record) = reader.next().await.unwrap() {
            lines.push([0, 1].map(|place| record.cell(place).unwrap().into_owned()));
        }
        assert_eq!(lines, [["a", "b"], ["1", "2"], ["3", "4"]]);
        assert!(reader.next().await.unwrap().is_none(), "the end stays the end");
        assert_eq!((first.num_calls(), second.num_calls()), (1, 1));
    }
}
