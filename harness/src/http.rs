//! As much HTTP/1.1 as the services need that a function is run between: Lambda's runtime API and AWS.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// A request as it came.
#[derive(Debug)]
pub struct Request {
    /// `GET`, `PUT` and so on.
    pub method: String,
    /// With its query.
    pub path: String,
    headers: Vec<(String, String)>,
    /// Empty without one.
    pub body: Vec<u8>,
}

/// What is answered.
#[derive(Debug)]
pub struct Answer {
    /// Of HTTP.
    pub status: u16,
    /// But for the length.
    pub headers: Vec<(&'static str, String)>,
    /// Its length is told.
    pub body: Vec<u8>,
}

/// A service on a free port of 127.0.0.1, until the process ends.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// Each connection has a thread of its own, so that an answer may wait.
    pub fn start(answer: impl Fn(Request) -> Answer + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = connections.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                counted.fetch_add(1, Ordering::SeqCst);
                let (stream, answer) = (stream.unwrap(), answer.clone());
                thread::spawn(move || serve(&stream, answer));
            }
        });
        Self { address, connections }
    }

    /// How many connections have been opened so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Request {
    /// The value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

fn serve(stream: &TcpStream, answer: impl Fn(Request) -> Answer) {
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader, stream) {
        let Answer { status, headers, body } = answer(request);
        let mut bytes = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n", body.len()).into_bytes();
        for (name, value) in headers {
            write!(bytes, "{name}: {value}\r\n").unwrap();
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&body);
        // The function may have been ended meanwhile.
        if (&*stream).write_all(&bytes).is_err() {
            return;
        }
    }
}

/// None when the connection is closed.
fn read(reader: &mut BufReader<&TcpStream>, mut stream: &TcpStream) -> Option<Request> {
    let first = line(reader)?;
    let mut words = first.split(' ');
    let mut request = Request {
        method: words.next()?.to_owned(),
        path: words.next()?.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
    };
    loop {
        let line = line(reader)?;
        let Some((name, value)) = line.split_once(':') else { break };
        request.headers.push((name.to_owned(), value.trim().to_owned()));
    }
    if request.header("expect").is_some() {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    assert_eq!(request.header("transfer-encoding"), None, "{first}: the length of a body is expected to be known");
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    request.body.resize(length, 0);
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}

fn line(reader: &mut BufReader<&TcpStream>) -> Option<String> {
    let mut line = String::new();
    let length = reader.read_line(&mut line).ok()?;
    (length > 0).then(|| line.trim_end().to_owned())
}
