//! Ports nobody uses yet.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

/// `N` different free ports of 127.0.0.1.
///
/// A port is free until somebody else takes it: the processes that get these start at once, and say so when one is gone.
pub(crate) fn free<const N: usize>() -> io::Result<[u16; N]> {
    // All are held until all are found, else the same one could be found twice.
    let mut held = Vec::with_capacity(N);
    let mut ports = [0; N];
    for port in &mut ports {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_different_and_can_be_bound() {
        let ports = free::<3>().unwrap();
        let listeners: Vec<_> =
            ports.iter().map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).unwrap()).collect();
        assert_eq!(listeners.len(), 3);
    }
}
