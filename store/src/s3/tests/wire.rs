//! What goes over the wire, seen by a server of the test's own.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};

use super::*;

/// The head of the request that a PUT sends, in lower case.
fn head_of_put() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut buffer = [0; 4096];
        while !request.ends_with(b"\r\n\r\nbars") {
            let length = stream.read(&mut buffer).unwrap();
            assert!(length > 0, "the request has ended in {}", String::from_utf8_lossy(&request));
            request.extend_from_slice(&buffer[..length]);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\netag: \"v1\"\r\ncontent-length: 0\r\n\r\n").unwrap();
        String::from_utf8(request).unwrap().to_lowercase()
    });
    let credentials = Credentials::new("test", "test", None, None, "test");
    let aws = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    let store = S3Store::new(&aws, true, "lake".to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert!(runtime.block_on(store.create(Object { body: b"bars".to_vec(), ..bars() })).unwrap());
    server.join().unwrap()
}

#[test]
fn a_body_is_checked_by_a_checksum_that_is_signed_and_not_hashed_once_more_for_the_signature() {
    let head = head_of_put();
    assert!(head.contains("\r\nx-amz-content-sha256: unsigned-payload\r\n"), "{head}");
    // CRC-32 of "bars".
    assert!(head.contains("\r\nx-amz-checksum-crc32: "), "{head}");
    let signed = head.split_once("signedheaders=").unwrap().1.split(',').next().unwrap();
    assert!(signed.split(';').any(|name| name == "x-amz-checksum-crc32"), "{signed}");
}
