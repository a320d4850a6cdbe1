//! An S3 bucket in memory, with the conditions on PUT that landing rests on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::http::{Answer, Request, Server};

#[derive(Default)]
struct Objects {
    by_path: HashMap<String, (String, Vec<u8>)>,
    puts: usize,
    /// What ends so is not kept; that it was written is.
    discarded: Option<&'static str>,
}

/// Starts one, with nothing in it.
pub fn start() -> Server {
    serve(Objects::default(), Duration::ZERO)
}

/// Starts one that forgets what is in objects whose names end so.
pub fn discarding(ending: &'static str) -> Server {
    serve(Objects { discarded: Some(ending), ..Objects::default() }, Duration::ZERO)
}

/// Starts one that forgets what is in Parquet files, and answers each request after so long.
pub fn answering_after(delay: Duration) -> Server {
    serve(Objects { discarded: Some(".parquet"), ..Objects::default() }, delay)
}

fn serve(objects: Objects, delay: Duration) -> Server {
    let objects = Arc::new(Mutex::new(objects));
    Server::start(move |request| {
        thread::sleep(delay);
        objects.lock().unwrap().answer(request)
    })
}

impl Objects {
    fn answer(&mut self, request: Request) -> Answer {
        let path = request.path.split('?').next().unwrap_or_default().to_owned();
        let found = self.by_path.get(&path);
        match request.method.as_str() {
            "PUT" => {
                let etag = found.map(|(etag, _)| etag.as_str());
                let refused = request.header("if-none-match").is_some() && etag.is_some()
                    || request.header("if-match").is_some_and(|wanted| etag != Some(wanted));
                if refused {
                    return error(412, "PreconditionFailed");
                }
                self.puts += 1;
                let etag = format!("\"{:032x}\"", self.puts);
                let is_discarded = self.discarded.is_some_and(|ending| path.ends_with(ending));
                let body = if is_discarded { Vec::new() } else { request.body };
                self.by_path.insert(path, (etag.clone(), body));
                Answer { status: 200, headers: vec![("etag", etag)], body: Vec::new() }
            }
            "GET" => match found {
                Some((etag, body)) => Answer { status: 200, headers: vec![("etag", etag.clone())], body: body.clone() },
                None => error(404, "NoSuchKey"),
            },
            "HEAD" => match found {
                Some((etag, _)) => Answer { status: 200, headers: vec![("etag", etag.clone())], body: Vec::new() },
                None => Answer { status: 404, headers: Vec::new(), body: Vec::new() },
            },
            other => panic!("{other} {path}: nothing that landing is known to ask of S3"),
        }
    }
}

fn error(status: u16, code: &str) -> Answer {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{code}</Message></Error>"
    );
    Answer { status, headers: vec![("content-type", "application/xml".to_owned())], body: body.into_bytes() }
}
