//! A proxy between the deployed function and S3 that does what a plan says goes wrong.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::http::{Answer, Request};
use crate::plan::{Call, Condition, Fault, Rule, listed};

const HOLD_LIMIT: Duration = Duration::from_secs(30);

/// A running proxy. Dropping it stops it; connections that are open end with their client.
pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    held: mpsc::UnboundedReceiver<Held>,
    task: JoinHandle<()>,
}

/// A call that waits for the test. Dropping it closes the connection without an answer.
pub(crate) struct Held {
    pub(crate) call: Call,
    /// The client's end of the connection.
    pub(crate) client: SocketAddr,
    release: oneshot::Sender<()>,
    done: oneshot::Receiver<()>,
}

impl Held {
    /// Lets the call go on, to S3 or back from there, and waits until it has; its client may be long dead.
    pub(crate) async fn release(self) {
        // Both fail only when the connection's task has ended, which is what is waited for.
        let _ = self.release.send(());
        let _ = self.done.await;
    }
}

struct Shared {
    server: SocketAddr,
    state: Mutex<State>,
    hold: mpsc::UnboundedSender<Held>,
}

#[derive(Default)]
struct State {
    topic: String,
    rules: Vec<Rule>,
    calls: Vec<Call>,
    /// Calls that were made before the plan.
    earlier: usize,
}

impl Proxy {
    /// In front of the S3 at `server`; nothing goes wrong yet.
    pub(crate) async fn start(server: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (hold, waiting) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared { server, state: Mutex::default(), hold });
        let accepting = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((client, peer)) = listener.accept().await {
                let shared = Arc::clone(&accepting);
                // An error is a client that went away, killed by a test.
                tokio::spawn(async move { shared.serve(client, peer).await });
            }
        });
        Ok(Self { address, shared, held: waiting, task })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on this goes wrong and nothing else, at objects of this Kafka topic.
    pub(crate) fn plan(&self, topic: &str, rules: Vec<Rule>) {
        let mut state = self.shared.lock();
        topic.clone_into(&mut state.topic);
        state.rules = rules;
        state.earlier = state.calls.len();
    }

    /// The plan, each rule with how often it has struck.
    pub(crate) fn rules(&self) -> Vec<Rule> {
        self.shared.lock().rules.clone()
    }

    /// The calls since the plan was made, in the order in which they came in.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let state = self.shared.lock();
        state.calls[state.earlier..].to_vec()
    }

    /// The next call that is held.
    pub(crate) async fn held(&mut self) -> Result<Held> {
        let held = timeout(HOLD_LIMIT, self.held.recv()).await;
        held.ok()
            .flatten()
            .with_context(|| format!("no call was held within {} s of:{}", HOLD_LIMIT.as_secs(), listed(self.calls())))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    async fn serve(&self, mut client: TcpStream, peer: SocketAddr) -> io::Result<()> {
        while let Some(request) = Request::read(&mut client).await? {
            let (number, call) = self.note(&request);
            let pass_on = async || {
                let answer = request.pass_on(self.server).await?;
                self.note_answer(number, answer.status);
                io::Result::Ok(answer)
            };
            // Dropped when all is done.
            let _held;
            let answer = match call.fault {
                None => pass_on().await?,
                Some(Fault::Answer500) => Answer::error(&request, 500, "InternalError"),
                Some(Fault::Answer503) => Answer::error(&request, 503, "SlowDown"),
                Some(Fault::Answer409) => Answer::error(&request, 409, "ConditionalRequestConflict"),
                Some(Fault::Reset) => return client.set_zero_linger(),
                Some(Fault::LoseAnswer) => return pass_on().await.map(drop),
                Some(Fault::LoseAnswerReset) => {
                    pass_on().await?;
                    return client.set_zero_linger();
                }
                Some(Fault::CutAnswer) => return pass_on().await?.write_all_but_the_last_byte(&mut client).await,
                Some(Fault::HoldRequest) => {
                    _held = self.hold(call, peer).await?;
                    pass_on().await?
                }
                Some(Fault::HoldAnswer) => {
                    let answer = pass_on().await?;
                    _held = self.hold(call, peer).await?;
                    answer
                }
            };
            answer.write(&mut client).await?;
            if !answer.delimited {
                break;
            }
        }
        Ok(())
    }

    /// Enters a call into the log, with what is to happen to it; says which one it is.
    fn note(&self, request: &Request) -> (usize, Call) {
        // Path style: the bucket comes first.
        let key = request.path.trim_start_matches('/').split_once('/').map_or("", |(_, key)| key);
        let key = key.replace("%3D", "=");
        let condition = if request.header("if-none-match").is_some() {
            Condition::Absent
        } else if request.header("if-match").is_some() {
            Condition::Same
        } else {
            Condition::None
        };
        let mut state = self.lock();
        let mut call = Call::new(&request.method, &key, condition, &state.topic);
        call.fault = state.rules.iter_mut().find_map(|rule| rule.strike(&call));
        state.calls.push(call.clone());
        (state.calls.len() - 1, call)
    }

    fn note_answer(&self, number: usize, status: u16) {
        self.lock().calls[number].status = Some(status);
    }

    /// Waits until the test lets go of the call. What is returned is to be dropped when the call is done.
    async fn hold(&self, call: Call, client: SocketAddr) -> io::Result<oneshot::Sender<()>> {
        let (release, released) = oneshot::channel();
        let (at_end, done) = oneshot::channel();
        let dropped = || io::Error::from(io::ErrorKind::ConnectionAborted);
        self.hold.send(Held { call, client, release, done }).map_err(|_| dropped())?;
        released.await.map_err(|_| dropped())?;
        Ok(at_end)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
