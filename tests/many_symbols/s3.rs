//! A bucket that has the results of queries, and keeps of what is written only what is looked at: sizes, beginnings and ends.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use harness::http::{Answer, Request};

use crate::answer;
use crate::rows::Rows;

/// Of each end of an object.
const KEPT: usize = 64 << 10;

#[derive(Default)]
pub(crate) struct Bucket {
    results: BTreeMap<String, Arc<Rows>>,
    objects: BTreeMap<String, Object>,
    /// Uploads by their id, and the key of each.
    uploads: BTreeMap<String, (String, Object)>,
    begun: usize,
    requests: usize,
}

#[derive(Default)]
pub(crate) struct Object {
    bytes: usize,
    parts: Vec<usize>,
    begin: Vec<u8>,
    end: Vec<u8>,
}

impl Bucket {
    pub(crate) fn new(results: BTreeMap<String, Arc<Rows>>) -> Self {
        Self { results, ..Self::default() }
    }

    /// Rows are made without holding up who else asks.
    pub(crate) fn answer(bucket: &Mutex<Self>, request: &Request) -> Answer {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        if let Some(report) = path.strip_prefix("/lake/queries/").and_then(|name| name.strip_suffix(".csv")) {
            let rows = Arc::clone(&bucket.lock().unwrap().results[report]);
            return range(&rows, request.header("range").expect("a range, not all of it"));
        }
        bucket.lock().unwrap().answer_locked(&request.method, path, query, &request.body)
    }

    fn answer_locked(&mut self, method: &str, path: &str, query: &str, body: &[u8]) -> Answer {
        let parameter = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let path = &path.replace("%3D", "=");
        let xml = |root: &str, content: &str| answer(200, "application/xml", format!("<{root}>{content}</{root}>"));
        match (method, parameter("uploadId")) {
            ("GET", _) if query.contains("list-type=2") => xml("ListBucketResult", "<IsTruncated>false</IsTruncated>"),
            ("GET", _) => {
                answer(404, "application/xml", "<Error><Code>NoSuchKey</Code><Message>none</Message></Error>")
            }
            ("POST", None) => {
                self.begun += 1;
                let id = format!("upload-{}", self.begun);
                self.uploads.insert(id.clone(), (path.clone(), Object::default()));
                xml("InitiateMultipartUploadResult", &format!("<UploadId>{id}</UploadId>"))
            }
            ("PUT", Some(id)) => {
                self.requests += 1;
                let (key, object) = self.uploads.get_mut(id).expect("an upload that was begun");
                assert_eq!(
                    (&*key, parameter("partNumber")),
                    (path, Some((object.parts.len() + 1).to_string().as_str()))
                );
                object.append(body);
                Answer { status: 200, headers: vec![("etag", "\"part\"".to_owned())], body: Vec::new() }
            }
            ("POST", Some(id)) => {
                let (key, object) = self.uploads.remove(id).expect("an upload that was begun");
                let small = object.parts.iter().rev().skip(1).find(|part| **part < 5 << 20);
                assert_eq!((&key, small), (path, None), "S3 takes no smaller part than 5 MiB but the last");
                let parts = String::from_utf8_lossy(body).matches("<PartNumber>").count();
                assert_eq!(parts, object.parts.len(), "{key}");
                self.objects.insert(key, object);
                xml("CompleteMultipartUploadResult", "<ETag>\"whole\"</ETag>")
            }
            ("PUT", None) => {
                self.requests += 1;
                let mut object = Object::default();
                object.append(body);
                self.objects.insert(path.clone(), object);
                Answer { status: 200, headers: vec![("etag", "\"whole\"".to_owned())], body: Vec::new() }
            }
            _ => panic!("{method} {path}?{query}: nothing that a report is known to ask of S3"),
        }
    }

    pub(crate) fn object(&self, key: &str) -> &Object {
        self.objects.get(key).unwrap_or_else(|| panic!("no {key} among {:?}", self.objects.keys()))
    }

    pub(crate) fn bytes(&self) -> usize {
        self.objects.values().map(|object| object.bytes).sum()
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests
    }

    pub(crate) fn unfinished(&self) -> usize {
        self.uploads.len()
    }
}

impl Object {
    fn append(&mut self, body: &[u8]) {
        if self.bytes == 0 {
            self.begin = body[..body.len().min(KEPT)].to_vec();
        }
        self.end = body[body.len().saturating_sub(KEPT)..].to_vec();
        self.bytes += body.len();
        self.parts.push(body.len());
    }

    pub(crate) fn begins_with(&self, text: &str) -> &Self {
        assert!(self.begin.starts_with(text.as_bytes()), "{}", String::from_utf8_lossy(&self.begin));
        self
    }

    pub(crate) fn has_near_its_end(&self, text: &str) -> &Self {
        let end = String::from_utf8_lossy(&self.end);
        assert!(end.contains(text), "no {text} in {end}");
        self
    }

    pub(crate) fn ends_with(&self, text: &str) -> &Self {
        assert!(self.end.ends_with(text.as_bytes()), "{}", String::from_utf8_lossy(&self.end));
        self
    }
}

fn range(rows: &Rows, range: &str) -> Answer {
    let (first, last) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')).unwrap();
    let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
    let end = (last + 1).min(rows.len());
    let mut answer = answer(206, "text/csv", rows.bytes(first, end));
    answer.headers.push(("content-range", format!("bytes {first}-{}/{}", end - 1, rows.len())));
    answer
}
