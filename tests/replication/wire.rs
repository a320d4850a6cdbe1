//! What is between the brokers, and between them and their clients: each address that a broker advertises is a port here, from which bytes go
//! on to the broker. So one can be cut off as a machine is whose network is gone: nothing reaches it, and nothing that it sends arrives.

use std::collections::HashSet;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

/// After so long it is asked once more whose a connection is.
const AGAIN: Duration = Duration::from_millis(500);

/// The processes of the brokers: whose a connection is, is known by that.
#[derive(Default)]
struct State {
    processes: Vec<(u8, u32)>,
}

/// How a broker is cut off.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) broker: u8,
    /// Connections stay, and nothing comes through them any more: as of a machine that is gone without a word. Else they are closed.
    pub(crate) silently: bool,
}

/// All ports. They close when it is dropped.
pub(crate) struct Wire {
    state: Arc<Mutex<State>>,
    cut: watch::Sender<Option<Cut>>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Wire {
    pub(crate) fn new() -> Self {
        Self { state: Arc::default(), cut: watch::channel(None).0, tasks: Vec::new() }
    }

    /// A port that leads to `port` of this broker.
    pub(crate) async fn lead_to(&mut self, broker: u8, port: u16) -> Result<u16> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let own = listener.local_addr()?.port();
        let (state, cut) = (Arc::clone(&self.state), self.cut.subscribe());
        self.tasks.push(tokio::spawn(async move {
            while let Ok((mut client, from)) = listener.accept().await {
                let (state, mut cut) = (Arc::clone(&state), cut.clone());
                tokio::spawn(async move {
                    // Whose it is, is asked when it matters: a broker connects before anybody knows its process.
                    let concerned = |cut: &Option<Cut>| {
                        let owner = || state.lock().unwrap_or_else(PoisonError::into_inner).owner(from);
                        cut.is_some_and(|cut| cut.broker == broker || owner() == Some(cut.broker))
                    };
                    let Ok(mut to) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await else { return };
                    let _ = (client.set_nodelay(true), to.set_nodelay(true));
                    let mut copying = pin!(copy_bidirectional(&mut client, &mut to));
                    let silently = loop {
                        tokio::select! {
                            biased;
                            cut = cut.wait_for(concerned) => break cut.is_ok_and(|cut| cut.is_some_and(|cut| cut.silently)),
                            _ = &mut copying => break false,
                            // While others come and go, Linux may leave a connection out of what it tells: one that stays would make
                            // the cut none.
                            () = sleep(AGAIN) => {}
                        }
                    };
                    if silently {
                        let _ = cut.wait_for(Option::is_none).await;
                    }
                });
            }
        }));
        Ok(own)
    }

    /// The process that is this broker from now on.
    pub(crate) fn know(&self, broker: u8, process: u32) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.processes.retain(|(known, _)| *known != broker);
        state.processes.push((broker, process));
    }

    /// All that leads to a broker and comes from it, now and until it is healed.
    pub(crate) fn cut_off(&self, cut: Cut) {
        self.cut.send_replace(Some(cut));
    }

    pub(crate) fn heal(&self) {
        self.cut.send_replace(None);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl State {
    /// The broker whose process has the other end of a connection.
    fn owner(&self, end: SocketAddr) -> Option<u8> {
        let socket = format!("socket:[{}]", inode(end).ok()?);
        self.processes.iter().find_map(|(broker, process)| holds(*process, &socket).then_some(*broker))
    }
}

/// Java may have an address of version 4 in a socket of version 6.
fn inode(end: SocketAddr) -> Result<String> {
    let port = format!(":{:04X}", end.port());
    let lines = ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| fs::read_to_string(table).unwrap_or_default());
    let found = lines.iter().flat_map(|table| table.lines()).find_map(|line| {
        let columns: Vec<_> = line.split_whitespace().collect();
        columns.get(1)?.ends_with(&port).then(|| columns.get(9).map(|inode| (*inode).to_owned()))?
    });
    found.context("the connection is gone already")
}

fn holds(process: u32, socket: &str) -> bool {
    let Ok(open) = fs::read_dir(format!("/proc/{process}/fd")) else { return false };
    let targets: HashSet<_> = open.flatten().filter_map(|file| fs::read_link(file.path()).ok()).collect();
    targets.iter().any(|target| target.to_string_lossy() == socket)
}
