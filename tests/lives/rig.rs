//! The built function as a process, and the lake that it writes.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use harness::http::{Answer, Request, Server};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use serde_json::Value;
use tests::built;

/// More than it takes until something is written.
const PATIENCE: Duration = Duration::from_mins(1);

/// A record: offset, timestamp, and the closing price, which tells it from all others at its offset. None: no bar.
pub(crate) type Rec = (i64, Option<i64>, Option<i64>);

/// Records of a log whose prices are their offset and `mark`.
pub(crate) fn records(offsets: std::ops::Range<i64>, timestamps: Timestamps, mark: i64) -> Vec<Rec> {
    offsets.map(|offset| (offset, timestamps.at(offset), Some(mark + offset))).collect()
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Timestamps {
    /// This time and a millisecond per offset.
    From(i64),
    None,
}

impl Timestamps {
    /// Of a later life: newer than 1,000, older, the same, of the far future, none.
    pub(crate) const ALL: [Self; 5] =
        [Self::From(900_000), Self::From(0), Self::From(1000), Self::From(i64::MAX - 1_000_000), Self::None];
    pub(crate) const OLD: Self = Self::From(1000);

    fn at(self, offset: i64) -> Option<i64> {
        match self {
            Self::From(time) => Some(time + offset),
            Self::None => None,
        }
    }
}

pub(crate) fn event(parts: &[(&str, &[Rec])]) -> String {
    let mut json = String::from(r#"{"eventSource":"SelfManagedKafka","records":{"#);
    for (place, (name, records)) in parts.iter().enumerate() {
        let _ = write!(json, r#"{}"{name}":["#, if place > 0 { "," } else { "" });
        for (place, (offset, timestamp, close)) in records.iter().enumerate() {
            let value = match close {
                Some(close) => format!(
                    r#"{{"Index":"X","Date":"2024-01-02","Open":1,"High":1,"Low":1,"Close":{close},"Volume":1}}"#
                ),
                None => "no bar".to_owned(),
            };
            let (comma, timestamp) = (if place > 0 { "," } else { "" }, timestamp.unwrap_or(-1));
            let value = STANDARD.encode(value);
            let _ =
                write!(json, r#"{comma}{{"offset":{offset},"timestamp":{timestamp},"value":"{value}","headers":[]}}"#);
        }
        json.push(']');
    }
    json + "}}"
}

/// An event of one partition.
pub(crate) fn of_t0(records: &[Rec]) -> String {
    event(&[("t-0", records)])
}

/// The event as `make redrive` brings it back.
pub(crate) fn given_up(event: &str, at: SystemTime) -> String {
    let at = chrono::DateTime::<chrono::Utc>::from(at).to_rfc3339();
    event.replacen('{', &format!(r#"{{"givenUpAt":"{at}","#), 1)
}

#[derive(Clone)]
struct Stored {
    etag: String,
    body: Vec<u8>,
    mark: Option<String>,
}

#[derive(Default)]
struct Objects {
    by_key: BTreeMap<String, Stored>,
    puts: usize,
    /// Objects with this in their key wait to be put.
    held: Option<String>,
    waiting: bool,
}

#[derive(Default)]
struct Bucket {
    objects: Mutex<Objects>,
    changed: Condvar,
}

/// A bucket, and the processes that write it.
pub(crate) struct Lake {
    bucket: Arc<Bucket>,
    server: Server,
}

/// A running process of the function.
pub(crate) struct Function(harness::Function);

impl Lake {
    pub(crate) fn new() -> Self {
        let bucket = Arc::new(Bucket::default());
        let its = Arc::clone(&bucket);
        Self { bucket, server: Server::start(move |request| its.answer(&request)) }
    }

    /// A new process with this `GENERATION`.
    pub(crate) fn function(&self, generation: u32) -> Function {
        let (endpoint, generation) = (format!("http://{}", self.server.address), generation.to_string());
        let variables = [("AWS_ENDPOINT_URL", &*endpoint), ("GENERATION", &*generation), ("LAKE_BUCKET", "lake")];
        Function(harness::Function::start_program(&built("ingest"), "ingest", &variables, None))
    }

    /// Lands these events, one after the other; all must succeed.
    pub(crate) fn land(&self, generation: u32, events: &[&String]) -> Vec<Value> {
        let mut function = self.function(generation);
        events.iter().map(|event| function.invoke((*event).clone()).expect("the event lands")).collect()
    }

    /// Everything that is landed is there once, and nothing else is: per partition, offsets and prices.
    pub(crate) fn assert_holds(&self, expected: &[(i32, &[Rec])]) {
        let mut wanted: Vec<_> = expected
            .iter()
            .flat_map(|(partition, records)| {
                records.iter().map(|(offset, _, close)| (*partition, *offset, close.unwrap()))
            })
            .collect();
        wanted.sort_unstable();
        assert_eq!(self.rows(), wanted);
    }

    /// Partition, offset and price of each row of `bars`. No two rows of a life have the same offset.
    pub(crate) fn rows(&self) -> Vec<(i32, i64, i64)> {
        let mut rows = Vec::new();
        let mut lives = Vec::new();
        for (key, body) in self.objects("bars/") {
            let reader = SerializedFileReader::new(Bytes::from(body)).unwrap();
            for row in reader.get_row_iter(None).unwrap() {
                let row = row.unwrap();
                #[expect(clippy::cast_possible_truncation, reason = "small whole numbers")]
                let close = row.get_double(5).unwrap() as i64;
                let (partition, offset) = (row.get_int(11).unwrap(), row.get_long(12).unwrap());
                let life = row.get_int(15).unwrap();
                assert!(key.contains(&format!("-g{life}-")), "{key} has rows of life {life}");
                rows.push((partition, offset, close));
                lives.push((partition, life, offset));
            }
        }
        rows.sort_unstable();
        lives.sort_unstable();
        let in_lives = lives.len();
        lives.dedup();
        assert_eq!(lives.len(), in_lives, "a life has two rows at one offset: {rows:?}");
        rows
    }

    /// Keys and bytes of the objects below a prefix.
    pub(crate) fn objects(&self, prefix: &str) -> Vec<(String, Vec<u8>)> {
        let objects = self.bucket.objects.lock().unwrap();
        let found = objects.by_key.iter().filter(|(key, _)| key.starts_with(prefix));
        found.map(|(key, stored)| (key.clone(), stored.body.clone())).collect()
    }

    /// Takes an object away.
    pub(crate) fn remove(&self, key: &str) -> Vec<u8> {
        self.bucket.objects.lock().unwrap().by_key.remove(key).unwrap().body
    }

    /// Puts an object there.
    pub(crate) fn put(&self, key: &str, body: Vec<u8>) {
        self.bucket.objects.lock().unwrap().put(key, body, None);
    }

    /// What is written with this in its key waits, until it is let go.
    pub(crate) fn hold(&self, what: &str) {
        self.bucket.objects.lock().unwrap().held = Some(what.to_owned());
    }

    /// Until something waits.
    pub(crate) fn wait_until_held(&self) {
        let objects = self.bucket.objects.lock().unwrap();
        let waited = self.bucket.changed.wait_timeout_while(objects, PATIENCE, |objects| !objects.waiting).unwrap();
        assert!(!waited.1.timed_out(), "nothing was written that is to be held");
    }

    /// Nothing waits any more. From now on what is written is not held.
    pub(crate) fn let_go(&self) {
        self.bucket.objects.lock().unwrap().waiting = false;
        self.bucket.changed.notify_all();
    }
}

impl Bucket {
    fn answer(&self, request: &Request) -> Answer {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let key = path.strip_prefix("/lake/").or(path.strip_prefix("/lake")).unwrap();
        // The SDK writes `dt=` so.
        let key = key.replace("%3D", "=");
        let mut objects = self.objects.lock().unwrap();
        if request.method == "PUT" && objects.held.as_ref().is_some_and(|held| key.contains(held.as_str())) {
            (objects.held, objects.waiting) = (None, true);
            self.changed.notify_all();
            objects = self.changed.wait_timeout_while(objects, PATIENCE, |objects| objects.waiting).unwrap().0;
        }
        let found = objects.by_key.get(&key).cloned();
        let with = |body| {
            let found = found.as_ref().unwrap();
            let mark = found.mark.iter().map(|mark| ("x-amz-meta-tickerlake", mark.clone()));
            let headers = std::iter::once(("etag", found.etag.clone())).chain(mark).collect();
            Answer { status: 200, headers, body }
        };
        match (request.method.as_str(), &found) {
            ("PUT", _) => {
                let etag = found.as_ref().map(|found| found.etag.as_str());
                let refused = request.header("if-none-match").is_some() && etag.is_some()
                    || request.header("if-match").is_some_and(|wanted| etag != Some(wanted));
                if refused {
                    return error(412, "PreconditionFailed");
                }
                let mark = request.header("x-amz-meta-tickerlake").map(str::to_owned);
                let etag = objects.put(&key, request.body.clone(), mark);
                Answer { status: 200, headers: vec![("etag", etag)], body: Vec::new() }
            }
            ("GET", _) if query.contains("list-type=2") => objects.list(query),
            ("GET", Some(found)) => with(found.body.clone()),
            ("GET", None) => error(404, "NoSuchKey"),
            ("HEAD", Some(_)) => with(Vec::new()),
            ("HEAD", None) => Answer { status: 404, headers: Vec::new(), body: Vec::new() },
            (other, _) => panic!("{other} {path}: nothing that landing is known to ask of S3"),
        }
    }
}

impl Objects {
    fn put(&mut self, key: &str, body: Vec<u8>, mark: Option<String>) -> String {
        self.puts += 1;
        let etag = format!("\"{:032x}\"", self.puts);
        self.by_key.insert(key.to_owned(), Stored { etag: etag.clone(), body, mark });
        etag
    }

    fn list(&self, query: &str) -> Answer {
        let prefix = query.split('&').find_map(|part| part.strip_prefix("prefix=")).unwrap().replace("%2F", "/");
        let keys = self.by_key.keys().filter(|key| key.starts_with(&prefix));
        let contents: Vec<_> = keys.map(|key| format!("<Contents><Key>{key}</Key></Contents>")).collect();
        let contents = contents.concat();
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>"
        );
        Answer { status: 200, headers: vec![("content-type", "application/xml".to_owned())], body: body.into_bytes() }
    }
}

fn error(status: u16, code: &str) -> Answer {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{code}</Message></Error>"
    );
    Answer { status, headers: vec![("content-type", "application/xml".to_owned())], body: body.into_bytes() }
}

impl Function {
    /// Hands over an event, without waiting for the answer.
    pub(crate) fn begin(&self, event: String) {
        self.0.begin(event);
    }

    /// The answer to what was begun.
    pub(crate) fn end(&mut self) -> Result<Value, String> {
        self.0.end().map(|text| serde_json::from_str(&text).unwrap())
    }

    pub(crate) fn invoke(&mut self, event: String) -> Result<Value, String> {
        self.begin(event);
        self.end()
    }
}
