//! HTTP/1.1, as much of it as a proxy needs that looks at a request, passes it on as it is, and may keep the answer to itself.
//! A message is its bytes: bodies, checksums and signatures go through unchanged.

use std::io;
use std::net::SocketAddr;

use httparse::{Header, Status};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const HEADERS: usize = 64;

pub(crate) struct Request {
    pub(crate) method: String,
    /// Path without query, as it was sent.
    pub(crate) path: String,
    headers: Vec<(String, Vec<u8>)>,
    target: String,
    body: Vec<u8>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    bytes: Vec<u8>,
    /// Whether its end can be told without closing the connection.
    pub(crate) delimited: bool,
}

impl Request {
    /// The next request of a connection; `None` when the client has closed it.
    pub(crate) async fn read(client: &mut TcpStream) -> io::Result<Option<Self>> {
        let mut bytes = Vec::new();
        let end_of_head = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            if client.read_buf(&mut bytes).await? == 0 {
                return if bytes.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
        };
        let mut body = bytes.split_off(end_of_head);
        let mut request = Self::parse(&bytes)?;
        if request.header("transfer-encoding").is_some() {
            return Err(invalid("a request without Content-Length"));
        }
        let length = request.header("content-length").map_or(Ok(0), str::parse).map_err(invalid)?;
        if body.len() < length && request.header("expect").is_some() {
            client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        while body.len() < length {
            if client.read_buf(&mut body).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        // A client that does not pipeline sends nothing more before its answer.
        request.body = body;
        Ok(Some(request))
    }

    fn parse(head: &[u8]) -> io::Result<Self> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        let complete = parsed.parse(head).map_err(invalid)?;
        let (Status::Complete(_), Some(method), Some(target)) = (complete, parsed.method, parsed.path) else {
            return Err(invalid("a request without method or path"));
        };
        Ok(Self {
            method: method.to_owned(),
            path: target.split('?').next().unwrap_or(target).to_owned(),
            target: target.to_owned(),
            headers: parsed.headers.iter().map(owned).collect(),
            body: Vec::new(),
        })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(value).ok()
    }

    /// Has `server` answer it, on a connection of its own.
    pub(crate) async fn pass_on(&self, server: SocketAddr) -> io::Result<Answer> {
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        for (name, value) in &self.headers {
            if !["connection", "expect"].contains(&name.to_ascii_lowercase().as_str()) {
                bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
            }
        }
        bytes.extend(b"Connection: close\r\n\r\n");
        bytes.extend(&self.body);
        let mut connection = TcpStream::connect(server).await?;
        connection.write_all(&bytes).await?;
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).await?;
        Answer::parse(&answer, self.method == "HEAD")
    }
}

impl Answer {
    /// An error in S3's own form.
    pub(crate) fn error(request: &Request, status: u16, code: &str) -> Self {
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>planned by a test</Message></Error>"
        );
        let head = format!(
            "HTTP/1.1 {status} Planned\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let bytes = if request.method == "HEAD" { head } else { head + &body };
        Self { status, bytes: bytes.into_bytes(), delimited: true }
    }

    /// Takes the server's wish to close its connection out: ours to the client stays open.
    fn parse(bytes: &[u8], bodiless: bool) -> io::Result<Self> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut parsed = httparse::Response::new(&mut headers);
        let Status::Complete(end_of_head) = parsed.parse(bytes).map_err(invalid)? else {
            return Err(invalid("an answer that ends within its headers"));
        };
        let status = parsed.code.unwrap_or_default();
        let mut message = format!("HTTP/1.1 {status} {}\r\n", parsed.reason.unwrap_or_default()).into_bytes();
        let mut delimited = bodiless || status == 204 || status == 304;
        for header in parsed.headers.iter() {
            let name = header.name.to_ascii_lowercase();
            delimited |= name == "content-length" || name == "transfer-encoding";
            if name != "connection" {
                message.extend([header.name.as_bytes(), b": ", header.value, b"\r\n"].concat());
            }
        }
        message.extend(b"\r\n");
        message.extend(&bytes[end_of_head..]);
        Ok(Self { status, bytes: message, delimited })
    }

    pub(crate) async fn write(&self, client: &mut TcpStream) -> io::Result<()> {
        client.write_all(&self.bytes).await
    }

    pub(crate) async fn write_all_but_the_last_byte(&self, client: &mut TcpStream) -> io::Result<()> {
        client.write_all(&self.bytes[..self.bytes.len() - 1]).await
    }
}

fn owned(header: &Header<'_>) -> (String, Vec<u8>) {
    (header.name.to_owned(), header.value.to_vec())
}

fn invalid(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
