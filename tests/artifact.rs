//! What goes to AWS: the functions as `make build` makes them, below `target/sam/`.

use std::fs;
use std::path::PathBuf;

use local::project_root;

/// A cold start fetches and maps the whole file.
const LARGEST_INGEST: usize = 10 << 20;

/// That of `provided.al2023`.
const NEWEST_GLIBC: (u32, u32) = (2, 34);

#[test]
fn ingest_is_smaller_than_ten_mebibytes() {
    let (path, binary) = read("IngestFunction");
    let size = binary.len();
    assert!(size < LARGEST_INGEST, "{}: {size} bytes, which is more than {LARGEST_INGEST}", path.display());
}

#[test]
fn no_function_needs_a_newer_glibc_than_lambda_has() {
    for function in ["IngestFunction", "CrawlFunction", "ReportFunction"] {
        let (path, binary) = read(function);
        let newest = glibc_versions(&binary).max();
        let newest = newest.unwrap_or_else(|| panic!("{}: no glibc version in it", path.display()));
        assert!(newest <= NEWEST_GLIBC, "{}: needs glibc {}.{}", path.display(), newest.0, newest.1);
    }
}

fn read(function: &str) -> (PathBuf, Vec<u8>) {
    let path = project_root().join("target/sam").join(function).join("bootstrap");
    let binary = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}; `make test` builds it", path.display()));
    (path, binary)
}

/// The versions named in the table of symbols: `GLIBC_2.34`.
fn glibc_versions(binary: &[u8]) -> impl Iterator<Item = (u32, u32)> {
    const PREFIX: &[u8] = b"GLIBC_";
    let places = binary.windows(PREFIX.len()).enumerate().filter(|(_, window)| *window == PREFIX);
    places.filter_map(|(place, _)| {
        let version = binary[place + PREFIX.len()..].split(|byte| *byte == 0).next()?;
        let (major, minor) = std::str::from_utf8(version).ok()?.split_once('.')?;
        Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
    })
}

#[test]
fn a_symbol_of_a_newer_glibc_is_seen() {
    let found: Vec<_> = glibc_versions(b"\0GLIBC_2.2.5\0GLIBC_2.39\0GLIBC_PRIVATE\0GLIBC_").collect();
    assert_eq!(found.into_iter().max().unwrap(), (2, 39));
}
