//! As much of S3 and of Glue as one compaction asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Bound;

use harness::http::{Answer, Request};
use serde_json::{Value, json};

const LISTED_AT_ONCE: usize = 1000;

#[derive(Default)]
pub(crate) struct Aws {
    objects: BTreeMap<String, Vec<u8>>,
}

impl Aws {
    pub(crate) fn put(&mut self, key: &str, body: Vec<u8>) {
        self.objects.insert(key.to_owned(), body);
    }

    pub(crate) fn answer(&mut self, request: &Request) -> Answer {
        if let Some(target) = request.header("x-amz-target") {
            return glue(target);
        }
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let key = decoded(path).trim_start_matches("/lake").trim_start_matches('/').to_owned();
        match request.method.as_str() {
            "GET" if key.is_empty() => self.list(query),
            "GET" => match self.objects.get(&key) {
                Some(body) => Answer { status: 200, headers: vec![("etag", "\"1\"".to_owned())], body: body.clone() },
                None => refusal(404, "NoSuchKey"),
            },
            "PUT" if request.header("if-none-match").is_some() && self.objects.contains_key(&key) => {
                refusal(412, "PreconditionFailed")
            }
            "PUT" => {
                let is_chunked =
                    request.header("content-encoding").is_some_and(|encoding| encoding.contains("aws-chunked"));
                let body = if is_chunked { unchunked(&request.body) } else { request.body.clone() };
                self.objects.insert(key, body);
                Answer { status: 200, headers: vec![("etag", "\"1\"".to_owned())], body: Vec::new() }
            }
            other => panic!("{other} {path}: nothing that this compaction is known to ask of S3"),
        }
    }

    fn list(&self, query: &str) -> Answer {
        let parameter = |name: &str| {
            query
                .split('&')
                .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
                .map(decoded)
                .unwrap_or_default()
        };
        let prefix = parameter("prefix");
        let after = parameter("start-after").max(parameter("continuation-token"));
        let found = self.objects.range::<String, _>((Bound::Excluded(&after), Bound::Unbounded));
        let found = found.filter(|(key, _)| key.starts_with(&prefix));
        let mut content = String::new();
        if parameter("delimiter") == "/" {
            let folders = found.filter_map(|(key, _)| Some(key[prefix.len()..].split_once('/')?.0));
            for folder in folders.collect::<BTreeSet<_>>() {
                let _ = write!(content, "<CommonPrefixes><Prefix>{prefix}{folder}/</Prefix></CommonPrefixes>");
            }
        } else {
            let page: Vec<_> = found.take(LISTED_AT_ONCE).collect();
            for (key, body) in &page {
                let _ = write!(content, "<Contents><Key>{key}</Key><Size>{}</Size></Contents>", body.len());
            }
            if let Some((last, _)) = page.get(LISTED_AT_ONCE - 1) {
                let _ = write!(
                    content,
                    "<IsTruncated>true</IsTruncated><NextContinuationToken>{last}</NextContinuationToken>"
                );
            }
        }
        Answer {
            status: 200,
            headers: xml(),
            body: format!("<ListBucketResult>{content}</ListBucketResult>").into_bytes(),
        }
    }
}

fn glue(target: &str) -> Answer {
    let column = |name: &str, of: &str| json!({ "Name": name, "Type": of });
    let answer: Value = match target {
        "AWSGlue.GetTable" => json!({ "Table": {
            "Name": "any",
            "TableType": "VIRTUAL_VIEW",
            "StorageDescriptor": { "Location": "s3://lake/any/", "Columns": [column("symbol", "string")] },
            "PartitionKeys": [column("dt", "string"), column("hour", "string")],
        } }),
        "AWSGlue.GetPartitions" => json!({ "Partitions": [] }),
        "AWSGlue.BatchCreatePartition" | "AWSGlue.UpdateTable" => json!({}),
        other => panic!("{other}: nothing that this compaction is known to ask of Glue"),
    };
    let headers = vec![("content-type", "application/x-amz-json-1.1".to_owned())];
    Answer { status: 200, headers, body: answer.to_string().into_bytes() }
}

fn refusal(status: u16, code: &str) -> Answer {
    Answer {
        status,
        headers: xml(),
        body: format!("<Error><Code>{code}</Code><Message>{code}</Message></Error>").into_bytes(),
    }
}

/// A file is sent in chunks, each after its length in hexadecimal, and with a checksum at the end.
fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(body.len());
    loop {
        let end = body.windows(2).position(|two| two == b"\r\n").unwrap();
        let head = std::str::from_utf8(&body[..end]).unwrap();
        let length = usize::from_str_radix(head.split(';').next().unwrap(), 16).unwrap();
        if length == 0 {
            return whole;
        }
        whole.extend(&body[end + 2..end + 2 + length]);
        body = &body[end + 2 + length + 2..];
    }
}

fn xml() -> Vec<(&'static str, String)> {
    vec![("content-type", "application/xml".to_owned())]
}

fn decoded(text: &str) -> String {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at(2);
        bytes.push(u8::from_str_radix(code, 16).unwrap());
        bytes.extend(rest.bytes());
    }
    String::from_utf8(bytes).unwrap()
}
