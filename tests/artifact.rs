//! What goes to AWS: the functions as `make build` makes them, below `target/sam/`.

use std::fs;
use std::path::PathBuf;

use harness::{FUNCTIONS, TOO_LARGE, bootstrap};

/// That of `provided.al2023`.
const NEWEST_GLIBC: (u32, u32) = (2, 34);

#[test]
fn no_function_is_larger_than_a_cold_start_should_fetch() {
    for function in FUNCTIONS {
        let (path, binary) = read(function);
        assert!(binary.len() < TOO_LARGE, "{}: {} bytes, and {TOO_LARGE} are too many", path.display(), binary.len());
    }
}

#[test]
fn no_function_needs_a_newer_glibc_than_lambda_has() {
    for function in FUNCTIONS {
        let (path, binary) = read(function);
        let newest = glibc_versions(&binary).max();
        let newest = newest.unwrap_or_else(|| panic!("{}: no glibc version in it", path.display()));
        assert!(newest <= NEWEST_GLIBC, "{}: needs glibc {}.{}", path.display(), newest.0, newest.1);
    }
}

/// `make test` builds for this machine, `make build` for the parameter `Architecture`; both by `cargo lambda build`, with or without `--arm64`.
#[test]
fn every_function_is_built_for_the_architecture_that_was_asked_for() {
    // The machine in an ELF header is a little-endian u16 behind 16 bytes of identification and a u16 of type.
    let machine = if cfg!(target_arch = "aarch64") { 183 } else { 62 };
    for function in FUNCTIONS {
        let (path, binary) = read(function);
        assert_eq!(&binary[..4], b"\x7fELF", "{}", path.display());
        assert_eq!(u16::from_le_bytes([binary[18], binary[19]]), machine, "{}", path.display());
    }
}

fn read(function: &str) -> (PathBuf, Vec<u8>) {
    let path = bootstrap(function);
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
