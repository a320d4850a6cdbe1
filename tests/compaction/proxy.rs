//! A proxy before the emulator that counts the requests of one process, and at one of them kills it or holds it.

use std::io;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::http::Request;

const HOLD_LIMIT: Duration = Duration::from_mins(1);

/// A running proxy. Dropping it stops it; connections that are open end with their client.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    held: mpsc::UnboundedReceiver<Held>,
    task: JoinHandle<()>,
}

/// Which request.
#[derive(Clone, Debug)]
pub(crate) enum Which {
    /// The one of this number, counted from 1.
    Number(usize),
    /// The first with this method, and this in its path.
    First(&'static str, &'static str),
}

/// Where it is when it happens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Moment {
    /// The emulator has not seen it.
    Before,
    /// The emulator has carried it out; its client has not seen the answer.
    After,
}

/// What happens.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    /// `kill -9` of this process.
    Killed(u32),
    /// It waits for the test.
    Held,
}

/// A request that waits.
pub(crate) struct Held {
    release: oneshot::Sender<()>,
}

impl Held {
    pub(crate) fn release(self) {
        // Fails only if the client is gone, which then has what it asked for.
        let _ = self.release.send(());
    }
}

struct Shared {
    server: SocketAddr,
    state: Mutex<State>,
    hand_over: mpsc::UnboundedSender<Held>,
}

#[derive(Default)]
struct State {
    calls: Vec<String>,
    plan: Option<(Which, Moment, Fate)>,
}

impl Proxy {
    pub(crate) async fn start(endpoint: &str) -> Result<Self> {
        let server = endpoint.trim_start_matches("http://").parse()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (hand_over, held) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared { server, state: Mutex::default(), hand_over });
        let accepting = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let shared = Arc::clone(&accepting);
                // An error is a client that went away, killed.
                tokio::spawn(async move { shared.serve(client).await });
            }
        });
        Ok(Self { address, shared, held, task })
    }

    pub(crate) fn plan(&self, which: Which, moment: Moment, fate: Fate) {
        self.shared.lock().plan = Some((which, moment, fate));
    }

    /// Whether what was planned has not happened.
    pub(crate) fn is_planned(&self) -> bool {
        self.shared.lock().plan.is_some()
    }

    /// Each request so far: method, path and, of Glue, the operation.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.shared.lock().calls.clone()
    }

    /// The request that is held.
    pub(crate) async fn held(&mut self) -> Result<Held> {
        let held = timeout(HOLD_LIMIT, self.held.recv()).await;
        held.ok().flatten().with_context(|| format!("nothing was held of {:#?}", self.calls()))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    async fn serve(&self, mut client: TcpStream) -> io::Result<()> {
        while let Some(request) = Request::read(&mut client).await? {
            let planned = self.note(&request);
            if let Some((Moment::Before, fate)) = planned {
                self.happen(fate).await?;
            }
            let answer = request.pass_on(self.server).await?;
            if let Some((Moment::After, fate)) = planned {
                self.happen(fate).await?;
            }
            answer.write(&mut client).await?;
            if !answer.delimited {
                break;
            }
        }
        Ok(())
    }

    fn note(&self, request: &Request) -> Option<(Moment, Fate)> {
        let operation = request.header("x-amz-target").unwrap_or_default();
        let call = format!("{} {} {operation}", request.method, request.path.replace("%3D", "="));
        let mut state = self.lock();
        let number = state.calls.len() + 1;
        let planned = state.plan.take_if(|(which, _, _)| match which {
            Which::Number(wanted) => number == *wanted,
            Which::First(method, part) => request.method == *method && call.contains(*part),
        });
        state.calls.push(call);
        planned.map(|(_, moment, fate)| (moment, fate))
    }

    /// An error ends the connection.
    async fn happen(&self, fate: Fate) -> io::Result<()> {
        let gone = || io::Error::from(io::ErrorKind::ConnectionAborted);
        match fate {
            Fate::Killed(process) => {
                Command::new("kill").args(["-9", &process.to_string()]).status()?;
                Err(gone())
            }
            Fate::Held => {
                let (release, released) = oneshot::channel();
                self.hand_over.send(Held { release }).map_err(|_| gone())?;
                released.await.map_err(|_| gone())
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
