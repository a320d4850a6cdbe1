//! A server for the one who sits at this machine: on 127.0.0.1, and only for pages that ask for it by that name.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderValue, LOCATION, ORIGIN};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::moment::Moment;
use super::page;
use super::reports::Maker;

/// Before a connection is tried again that could not be accepted.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a client may take to ask, at first and after an answer.
const PATIENCE: Duration = Duration::from_secs(10);
const HTML: &str = "text/html; charset=utf-8";
const NO_REPORTS: &str = "<!DOCTYPE html><html lang=\"en\"><title>No such report</title><p>There is no such report yet. \
                          <a href=\"/\">What lands</a> has a button that makes them.</p></html>";

/// What is served.
#[derive(Debug)]
pub(crate) enum Pages {
    /// A stack that is up.
    Live { moments: watch::Receiver<Moment>, maker: Arc<Maker>, topic: String, publish: String },
    /// A copy of the lake.
    Copy { lake: PathBuf },
}

/// Answers until it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    /// On any free port.
    pub(crate) async fn start(pages: Pages) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("cannot serve pages on 127.0.0.1")?;
        let address = listener.local_addr()?;
        let pages = Arc::new(pages);
        let task = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    // There are too many: some will end.
                    tokio::time::sleep(PAUSE).await;
                    continue;
                };
                let pages = Arc::clone(&pages);
                tokio::spawn(async move {
                    let service = service_fn(|request| {
                        let pages = Arc::clone(&pages);
                        async move { Ok::<_, Infallible>(answer(&request, &pages, address).await) }
                    });
                    // Who goes away in the middle is not missed.
                    let mut connection = http1::Builder::new();
                    connection.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
                    let _ = connection.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Ok(Self { address, task })
    }

    /// Where its first page is.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Answer = Response<Full<Bytes>>;

async fn answer(request: &Request<Incoming>, pages: &Pages, address: SocketAddr) -> Answer {
    let hosts = [address.to_string(), format!("localhost:{}", address.port())];
    let is_host = |value: &HeaderValue| hosts.iter().any(|host| value == host.as_str());
    // A page from elsewhere can have a browser ask, under a name of its own, or with its origin.
    let is_origin =
        |value: &HeaderValue| hosts.iter().any(|host| value.as_bytes() == format!("http://{host}").as_bytes());
    if !request.headers().get(HOST).is_some_and(is_host) || !request.headers().get(ORIGIN).is_none_or(is_origin) {
        return plain(StatusCode::FORBIDDEN, "only for pages of this server");
    }
    let path = request.uri().path();
    match (request.method(), path, pages) {
        (&Method::GET, "/", Pages::Live { moments, maker, topic, publish }) => {
            html(page::whole(&moments.borrow(), &maker.state(), topic, publish))
        }
        (&Method::GET, "/now", Pages::Live { moments, maker, .. }) => {
            html(page::now(&moments.borrow(), &maker.state()).into_string())
        }
        (&Method::POST, "/reports", Pages::Live { maker, .. }) => {
            maker.begin();
            redirect("/")
        }
        (&Method::GET, "/", Pages::Copy { .. }) | (&Method::GET, "/reports" | "/reports/", _) => {
            redirect("/reports/index.html")
        }
        (&Method::GET, path, pages) if path.starts_with("/reports/") => report(&decoded(&path[1..]), pages).await,
        (&Method::GET, ..) => plain(StatusCode::NOT_FOUND, "there is nothing here"),
        _ => plain(StatusCode::METHOD_NOT_ALLOWED, "only GET"),
    }
}

async fn report(key: &str, pages: &Pages) -> Answer {
    let body = match pages {
        Pages::Live { maker, .. } => maker.object(key).await,
        Pages::Copy { lake } => match within(lake, key) {
            Some(file) => tokio::fs::read(file).await.ok(),
            None => None,
        },
    };
    let Some(body) = body else {
        let mut answer = html(NO_REPORTS.to_owned());
        *answer.status_mut() = StatusCode::NOT_FOUND;
        return answer;
    };
    let kind = match key.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => HTML,
        "csv" => "text/csv; charset=utf-8",
        "json" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    };
    of_kind(kind, body)
}

/// With what stands for its bytes: `%3D` is `=`. Nothing is a key if that is no text.
fn decoded(path: &str) -> String {
    let mut parts = path.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let byte =
            part.get(..2).filter(|digits| !digits.contains('+')).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(b'%'));
        bytes.extend(&part.as_bytes()[if byte.is_some() { 2 } else { 0 }..]);
    }
    String::from_utf8(bytes).unwrap_or_default()
}

/// A file of the copy, and none beside it.
fn within(lake: &Path, key: &str) -> Option<PathBuf> {
    let key = Path::new(key);
    key.components().all(|part| matches!(part, Component::Normal(_))).then(|| lake.join(key))
}

fn of_kind(kind: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

fn html(page: String) -> Answer {
    let mut answer = of_kind(HTML, page);
    if let Ok(policy) = HeaderValue::from_str(&page::POLICY) {
        answer.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    answer
}

fn plain(status: StatusCode, text: &'static str) -> Answer {
    let mut answer = of_kind("text/plain; charset=utf-8", text);
    *answer.status_mut() = status;
    answer
}

fn redirect(to: &'static str) -> Answer {
    let mut answer = plain(StatusCode::SEE_OTHER, "");
    answer.headers_mut().insert(LOCATION, HeaderValue::from_static(to));
    answer
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

    use super::*;

    async fn ask(server: &Server, text: String) -> String {
        let address = server.address;
        let asked = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(text.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        });
        asked.await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn half_a_request_is_not_waited_for() {
        let server = Server::start(Pages::Copy { lake: PathBuf::new() }).await.unwrap();
        // It ends, instead of waiting for the rest.
        let answer = ask(&server, "GET / HTTP/1.1\r\nHo".to_owned()).await;
        assert!(!answer.contains("200"), "{answer}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_copy_is_served_to_its_own_pages_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let lake = folder.path().join("lake");
        std::fs::create_dir_all(lake.join("reports/trend/dt=2026-11-27")).unwrap();
        std::fs::write(lake.join("reports/index.html"), "the index").unwrap();
        std::fs::write(lake.join("reports/trend/dt=2026-11-27/report.csv"), "a,b").unwrap();
        std::fs::write(folder.path().join("secret"), "secret").unwrap();
        let server = Server::start(Pages::Copy { lake }).await.unwrap();
        let host = server.address;
        let get = |path: &str, headers: &str| format!("GET {path} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n\r\n");
        let own = format!("Host: {host}");
        for (path, headers, status, needle) in [
            ("/", own.clone(), "303", "location: /reports/index.html"),
            ("/reports/index.html", own.clone(), "200", "the index"),
            ("/reports/index.html", format!("Host: localhost:{}", host.port()), "200", "the index"),
            ("/reports/trend/dt=2026-11-27/report.csv", own.clone(), "200", "content-type: text/csv"),
            ("/reports/trend/dt%3D2026-11-27/report.csv", own.clone(), "200", "content-type: text/csv"),
            ("/reports/", own.clone(), "303", "location: /reports/index.html"),
            ("/reports", own.clone(), "303", "location: /reports/index.html"),
            ("/reports/%", own.clone(), "404", "no such report"),
            ("/reports/%ff%zz%", own.clone(), "404", "no such report"),
            ("/reports/%2e%2e/%2e%2e/secret", own.clone(), "404", "no such report"),
            ("/reports/..%2f..%2fsecret", own.clone(), "404", "no such report"),
            ("/reports/nothing.html", own.clone(), "404", "no such report"),
            ("/reports/../../secret", own.clone(), "404", "no such report"),
            ("/reports//etc/passwd", own.clone(), "404", "no such report"),
            ("/secret", own.clone(), "404", "nothing here"),
            ("/reports/index.html", "Host: evil.example".to_owned(), "403", "only for pages"),
            ("/reports/index.html", format!("{own}\r\nOrigin: http://evil.example"), "403", "only for pages"),
            ("/reports/index.html", format!("{own}\r\nOrigin: http://{host}"), "200", "the index"),
        ] {
            let answer = ask(&server, get(path, &headers)).await;
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(needle),
                "{path} {headers}: {answer}"
            );
            assert!(!answer.contains("secret\n") && !answer.ends_with("secret"), "{answer}");
        }
        let posted =
            ask(&server, format!("POST /reports HTTP/1.1\r\nConnection: close\r\n{own}\r\nContent-Length: 0\r\n\r\n"))
                .await;
        assert!(posted.starts_with("HTTP/1.1 405"), "{posted}");
    }
}
