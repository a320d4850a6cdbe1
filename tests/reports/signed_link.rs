//! A link that anybody can open who has it.

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Follows every link of this page, of which there must be four for each report: its title, page, CSV and JSON.
pub(crate) async fn each_opens_without_a_login(page: &str, reports: usize) -> Result<()> {
    let links = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let links: Vec<String> = links.map(|link| link.replace("&amp;", "&")).collect();
    assert_eq!(links.len(), 4 * reports, "{page}");
    for link in &links {
        let answer = get(link).await?;
        assert!(answer.starts_with("HTTP/1.1 200"), "{link}: {answer}");
    }
    let unsigned = links[0].split_once('?').context("not signed")?.0;
    assert!(!get(unsigned).await?.starts_with("HTTP/1.1 200"), "{unsigned} is open to all");
    Ok(())
}

/// Status line, headers and body.
async fn get(link: &str) -> Result<String> {
    let (host, path) = link.strip_prefix("http://").and_then(|rest| rest.split_once('/')).context("not a URL")?;
    let mut connection = TcpStream::connect(host).await?;
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
