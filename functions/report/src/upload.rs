//! A file on its way to the lake: nobody sees any of it before all of it is there.

use std::mem;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};

use crate::publish::{self, StorageError};

/// S3 takes no smaller part but the last.
const PART: usize = 5 << 20;

/// A part ends with a row, so it is a little longer.
const LAST_ROW: usize = 64 << 10;

/// What is written to `buffer` goes away in parts. A file that is no larger than one of them is one object, put at once.
#[derive(Debug)]
pub(crate) struct Upload<'a> {
    client: &'a Client,
    bucket: &'a str,
    key: &'a str,
    content_type: &'static str,
    pub(crate) buffer: Vec<u8>,
    /// Of the upload in parts, once it is one.
    id: Option<String>,
    parts: Vec<CompletedPart>,
}

impl<'a> Upload<'a> {
    pub(crate) fn new(client: &'a Client, bucket: &'a str, key: &'a str, content_type: &'static str) -> Self {
        Self { client, bucket, key, content_type, buffer: Vec::new(), id: None, parts: Vec::new() }
    }

    /// Sends the buffer as a part if it is large enough for one.
    pub(crate) async fn flush_full_part(&mut self) -> Result<(), StorageError> {
        if self.buffer.len() < PART { Ok(()) } else { self.flush_part().await }
    }

    /// Makes the file appear.
    pub(crate) async fn complete(&mut self) -> Result<(), StorageError> {
        if self.id.is_none() {
            let whole = mem::take(&mut self.buffer);
            return publish::put(self.client, self.bucket, self.key, self.content_type, whole).await;
        }
        if !self.buffer.is_empty() {
            self.flush_part().await?;
        }
        let parts = CompletedMultipartUpload::builder().set_parts(Some(mem::take(&mut self.parts))).build();
        let request = self.client.complete_multipart_upload().bucket(self.bucket).key(self.key);
        let request = request.set_upload_id(self.id.clone()).multipart_upload(parts);
        request.send().await.map_err(|error| publish::failed(self.bucket, self.key, "written", &error))?;
        self.id = None;
        Ok(())
    }

    /// Takes back what has been sent. If that fails too, the lake's rule for unfinished uploads does it after a day.
    pub(crate) async fn abort(&mut self) {
        let Some(id) = self.id.take() else { return };
        let request = self.client.abort_multipart_upload().bucket(self.bucket).key(self.key).upload_id(id);
        if let Err(error) = request.send().await {
            let reason = publish::reason(&error);
            tracing::warn!(key = self.key, reason, "an unfinished upload stays until S3 drops it, for a day");
        }
    }

    async fn flush_part(&mut self) -> Result<(), StorageError> {
        let id = match &self.id {
            Some(id) => id.clone(),
            None => self.begin().await?,
        };
        let number = i32::try_from(self.parts.len() + 1).unwrap_or(i32::MAX);
        let part = mem::replace(&mut self.buffer, Vec::with_capacity(PART + LAST_ROW));
        let request = self.client.upload_part().bucket(self.bucket).key(self.key).upload_id(id).part_number(number);
        let sent = request.body(ByteStream::from(part)).send().await;
        let sent = sent.map_err(|error| publish::failed(self.bucket, self.key, "written", &error))?;
        let part = CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag);
        // S3 wants the checksum that the SDK has sent along once more.
        let part = part.set_checksum_crc32(sent.checksum_crc32).set_checksum_crc64_nvme(sent.checksum_crc64_nvme);
        self.parts.push(part.build());
        Ok(())
    }

    async fn begin(&mut self) -> Result<String, StorageError> {
        let request = self.client.create_multipart_upload().bucket(self.bucket).key(self.key);
        let begun = request.content_type(self.content_type).send().await;
        let begun = begun.map_err(|error| publish::failed(self.bucket, self.key, "written", &error))?;
        let id = begun.upload_id.ok_or_else(|| publish::incomplete(self.bucket, self.key, "the id of the upload"))?;
        self.id = Some(id.clone());
        Ok(id)
    }
}
