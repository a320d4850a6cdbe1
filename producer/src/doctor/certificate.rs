//! The certificate of a broker, looked at in a handshake of our own: librdkafka says only whether it takes it.

use std::net::{IpAddr, TcpStream};
use std::path::Path;
use std::time::Duration;
use std::{fs, io};

use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::error::ErrorStack;
use openssl::nid::Nid;
use openssl::ssl::{HandshakeError, SslConnector, SslMethod, SslRef, SslVerifyMode};
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::{X509, X509NameRef, X509Ref, X509VerifyResult};

use crate::doctor::address::Address;
use crate::doctor::finding::Finding;
use crate::doctor::login::Authorities;

/// With fewer days left somebody should know.
const SOON: i32 = 30;

/// Shakes hands and judges whatever certificate is shown.
pub(crate) fn examine(
    address: &Address,
    stream: TcpStream,
    authorities: &Authorities,
    patience: Duration,
) -> Vec<Finding> {
    let store = match store(authorities) {
        Ok(store) => store,
        Err(reason) => return vec![Finding::bad(reason)],
    };
    // A listener without TLS may wait for the rest of what it takes for a request.
    let timeouts = stream.set_read_timeout(Some(patience)).and(stream.set_write_timeout(Some(patience)));
    if let Err(error) = timeouts {
        return vec![Finding::bad(format!("{address}: {error}"))];
    }
    match handshake(&address.host, stream, store) {
        Ok(Shown { certificate: Some(certificate), verdict, version }) => {
            judge(address, &certificate, verdict, version, authorities)
        }
        Ok(Shown { certificate: None, .. }) => {
            vec![Finding::bad(format!(
                "{address} shows no certificate, so it does not speak TLS: name the port of a TLS listener, or pass the \
                 -X security.protocol of this one"
            ))]
        }
        Err(error) => vec![Finding::bad(format!("{address}: no TLS handshake: {error}"))],
    }
}

struct Shown {
    certificate: Option<X509>,
    verdict: X509VerifyResult,
    version: &'static str,
}

fn handshake(host: &str, stream: TcpStream, store: X509Store) -> Result<Shown, ErrorStack> {
    let mut builder = SslConnector::builder(SslMethod::tls_client())?;
    builder.set_cert_store(store);
    // Judges the certificate and goes on all the same: what is wrong with it is the finding.
    builder.set_verify(SslVerifyMode::NONE);
    let shown = |ssl: &SslRef| Shown {
        certificate: ssl.peer_certificate(),
        verdict: ssl.verify_result(),
        version: ssl.version_str(),
    };
    match builder.build().configure()?.connect(host, stream) {
        Ok(stream) => Ok(shown(stream.ssl())),
        // A broker that wants a certificate of the client has shown its own before it hangs up.
        Err(HandshakeError::Failure(broken) | HandshakeError::WouldBlock(broken)) => Ok(shown(broken.ssl())),
        Err(HandshakeError::SetupFailure(error)) => Err(error),
    }
}

/// The certificates that are trusted, or in words why there are none.
fn store(authorities: &Authorities) -> Result<X509Store, String> {
    let (whence, pem) = match authorities {
        Authorities::Pem(pem) => ("ssl.ca.pem".to_owned(), Ok(pem.clone().into_bytes())),
        Authorities::Path(path) => (format!("ssl.ca.location {}", path.display()), read(path)),
        // The OpenSSL that is built along knows no place of this system's.
        Authorities::System => match openssl_probe::probe().cert_file {
            Some(file) => (file.display().to_string(), read(&file)),
            None => return Err("this system has no list of trusted CAs: pass -X ssl.ca.location=ca.pem".to_owned()),
        },
    };
    let pem = pem.map_err(|error| format!("{whence} cannot be read: {error}"))?;
    let build = || -> Result<(usize, X509Store), ErrorStack> {
        let trusted = X509::stack_from_pem(&pem)?;
        let mut store = X509StoreBuilder::new()?;
        let count = trusted.len();
        for certificate in trusted {
            store.add_cert(certificate)?;
        }
        Ok((count, store.build()))
    };
    match build() {
        Ok((1.., store)) => Ok(store),
        Ok(_) => Err(format!("{whence} has no certificate in it: it must be PEM, with BEGIN CERTIFICATE")),
        Err(error) => Err(format!("{whence} cannot be understood: {error}")),
    }
}

/// A file, or all files of a folder one after the other.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    if !path.is_dir() {
        return fs::read(path);
    }
    let mut all = Vec::new();
    for entry in fs::read_dir(path)? {
        let file = entry?.path();
        if file.is_file() {
            all.extend(fs::read(file)?);
            all.push(b'\n');
        }
    }
    Ok(all)
}

fn judge(
    address: &Address,
    certificate: &X509Ref,
    verdict: X509VerifyResult,
    version: &str,
    authorities: &Authorities,
) -> Vec<Finding> {
    /// `X509_V_ERR_HOSTNAME_MISMATCH` and `X509_V_ERR_IP_ADDRESS_MISMATCH`.
    const OTHER_NAME: [i32; 2] = [62, 64];
    let issuer = name(certificate.issuer_name());
    let days = days_left(certificate.not_after());
    vec![match (verdict, days) {
        (_, Some(days)) if days < 0 => Finding::bad(format!(
            "the certificate of {address}, issued by {issuer}, expired {} days ago: renew it",
            -days
        )),
        (X509VerifyResult::OK, Some(days)) if days < SOON => Finding::note(format!(
            "the certificate of {address}, issued by {issuer}, expires in {days} days: renew it soon"
        )),
        (X509VerifyResult::OK, _) => Finding::ok(format!(
            "{address} speaks {version}; its certificate, issued by {issuer}, is trusted and valid for {} days",
            days.unwrap_or_default()
        )),
        (verdict, _) if OTHER_NAME.contains(&verdict.as_raw()) => Finding::bad(format!(
            "the certificate of {address} is for {}, not for {}: use and advertise a name that it has, or issue one with \
             that name",
            names(certificate).join(", "),
            address.host
        )),
        (verdict, _) => Finding::bad(format!(
            "the certificate of {address}, issued by {issuer}, is not trusted by {}: {}; pass -X ssl.ca.location=ca.pem with \
             the CA that signed it, and give Lambda that CA in KafkaRootCaSecretArn",
            in_words(authorities),
            verdict.error_string()
        )),
    }]
}

fn in_words(authorities: &Authorities) -> String {
    match authorities {
        Authorities::System => "the CAs of this system".to_owned(),
        Authorities::Path(path) => path.display().to_string(),
        Authorities::Pem(_) => "ssl.ca.pem".to_owned(),
    }
}

/// Days until then, negative if it has passed. `None` for a time that is none.
fn days_left(time: &Asn1TimeRef) -> Option<i32> {
    let left = Asn1Time::days_from_now(0).ok()?.diff(time).ok()?;
    Some(if left.secs < 0 { left.days - 1 } else { left.days })
}

/// The name that a person knows it by.
fn name(subject: &X509NameRef) -> String {
    let entry = |nid| subject.entries_by_nid(nid).next()?.data().to_string().ok();
    entry(Nid::COMMONNAME)
        .or_else(|| entry(Nid::ORGANIZATIONNAME))
        .unwrap_or_else(|| "somebody without a name".to_owned())
}

fn names(certificate: &X509Ref) -> Vec<String> {
    let Some(names) = certificate.subject_alt_names() else { return vec![name(certificate.subject_name())] };
    let ip = |bytes: &[u8]| match *bytes {
        [a, b, c, d] => Some(IpAddr::from([a, b, c, d]).to_string()),
        _ => <[u8; 16]>::try_from(bytes).ok().map(|sixteen| IpAddr::from(sixteen).to_string()),
    };
    names.iter().filter_map(|name| name.dnsname().map(str::to_owned).or_else(|| ip(name.ipaddress()?))).collect()
}
