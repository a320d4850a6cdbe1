//! The functions speak TLS with AWS, and with nobody else: everything else here runs on plain HTTP.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use harness::{Function, bucket};
use local::project_root;
use tests::built;

#[test]
fn what_lands_goes_by_tls_to_those_with_a_certificate_that_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let [authority, stranger] = ["authority", "stranger"].map(|name| Authority::make(folder.path(), name));
    let bucket = bucket::start();
    let terminator = Terminator::start(&authority.certificate(folder.path()), bucket.address.port());
    let event = fs::read_to_string(project_root().join("events/ingest-two-partitions.json")).unwrap();

    let landed = ingest(&terminator, &authority).invoke(event.clone()).unwrap();
    assert!(landed.contains("\"landed\":"), "{landed}");
    assert!(bucket.connections() > 0);

    let before = bucket.connections();
    let refused = ingest(&terminator, &stranger).invoke(event).unwrap_err();
    assert!(refused.contains("certificate"), "{refused}");
    assert_eq!(bucket.connections(), before, "something was sent to somebody who is not trusted");
}

/// With nobody trusted but this authority.
fn ingest(terminator: &Terminator, trusted: &Authority) -> Function {
    let endpoint = format!("https://localhost:{}", terminator.port);
    let variables = [
        ("LAKE_BUCKET", "lake"),
        ("GENERATION", "1"),
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("SSL_CERT_FILE", &trusted.file("pem")),
        // Each of its attempts fails alike.
        ("AWS_MAX_ATTEMPTS", "1"),
    ];
    Function::start_program(&built("ingest"), "IngestFunction", &variables, None)
}

/// A certificate authority.
struct Authority {
    path: String,
}

impl Authority {
    fn make(folder: &Path, name: &str) -> Self {
        let authority = Self { path: folder.join(name).display().to_string() };
        let (key, certificate) = (authority.file("key"), authority.file("pem"));
        let mut arguments =
            vec!["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", &key, "-out", &certificate];
        let subject = format!("/CN={name}");
        arguments.extend(["-subj", &subject]);
        openssl(&arguments);
        authority
    }

    fn file(&self, ending: &str) -> String {
        format!("{}.{ending}", self.path)
    }

    /// A file with the key and the certificate of localhost.
    fn certificate(&self, folder: &Path) -> String {
        let file = |ending: &str| folder.join(format!("localhost.{ending}")).display().to_string();
        let (key, request, certificate, both) = (file("key"), file("csr"), file("pem"), file("both"));
        openssl(&["req", "-newkey", "rsa:2048", "-nodes", "-keyout", &key, "-out", &request, "-subj", "/CN=localhost"]);
        let (names, authority, authority_key) = (file("names"), self.file("pem"), self.file("key"));
        fs::write(&names, "subjectAltName=DNS:localhost\n").unwrap();
        let mut arguments =
            vec!["x509", "-req", "-in", &request, "-CA", &authority, "-CAkey", &authority_key, "-CAcreateserial"];
        arguments.extend(["-days", "2", "-extfile", &names, "-out", &certificate]);
        openssl(&arguments);
        fs::write(&both, [fs::read(&key).unwrap(), fs::read(&certificate).unwrap()].concat()).unwrap();
        both
    }
}

fn openssl(arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// What takes TLS off before the bucket; it ends with this value.
struct Terminator {
    process: Child,
    port: u16,
}

impl Terminator {
    fn start(certificate: &str, behind: u16) -> Self {
        let root = project_root();
        let mut process = Command::new(root.join("target/emulator/venv/bin/python"))
            .arg("-B")
            .arg(root.join("tests/https/terminator.py"))
            .args([certificate, &behind.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { process, port: port.trim().parse().unwrap() }
    }
}

impl Drop for Terminator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
