//! Rows read ahead of the sending, by a thread of their own: reading may block, and a signal must not wait for it.

use std::collections::VecDeque;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{self, Receiver};
use tokio::time::{sleep, sleep_until};

use crate::source::{Record, Row, Rows};

/// Rows that may be read before they are sent.
const READ_AHEAD: usize = 4096;
/// Fewer rows at a time are not worth the waking.
const FEW: usize = 256;
/// How long more are waited for then.
const GATHER: Duration = Duration::from_millis(1);
/// Wait before a record is offered again to a full queue.
const QUEUE_FULL_PAUSE: Duration = Duration::from_millis(5);

pub(crate) struct Ahead {
    rows: Receiver<Option<Row>>,
    waiting: VecDeque<Option<Row>>,
    taken: Vec<Option<Row>>,
    is_put_back: bool,
}

/// What comes next.
pub(crate) enum Next {
    Row(Row),
    /// Nothing has been read yet.
    Later,
    End,
}

impl Ahead {
    /// Begins to read. The thread is left behind in its read when the program ends.
    pub(crate) fn read(rows: Rows) -> Ahead {
        let (sender, receiver) = mpsc::channel(READ_AHEAD);
        thread::spawn(move || {
            // The last is `None`: without it, reading has not come to the end.
            for row in rows.map(Some).chain([None]) {
                let sent = match sender.try_send(row) {
                    Err(TrySendError::Full(row)) => sender.blocking_send(row).is_ok(),
                    sent => sent.is_ok(),
                };
                if !sent {
                    break;
                }
            }
        });
        Ahead { rows: receiver, waiting: VecDeque::new(), taken: Vec::new(), is_put_back: false }
    }

    /// Waits for a row, and until it is due. Loses nothing when cancelled.
    pub(crate) async fn ready(&mut self, due: Option<Instant>) -> Result<()> {
        if self.is_put_back {
            sleep(QUEUE_FULL_PAUSE).await;
            self.is_put_back = false;
        }
        if self.waiting.is_empty() {
            let read = self.rows.recv_many(&mut self.taken, READ_AHEAD).await;
            self.waiting.extend(self.taken.drain(..));
            ensure!(read > 0, "reading the source has ended before its end: a defect of this program");
            if read < FEW && due.is_none() {
                sleep(GATHER).await;
                while let Ok(row) = self.rows.try_recv() {
                    self.waiting.push_back(row);
                }
            }
        }
        if let Some(due) = due {
            sleep_until(due.into()).await;
        }
        Ok(())
    }

    pub(crate) fn next(&mut self) -> Next {
        match self.waiting.pop_front() {
            Some(Some(row)) => Next::Row(row),
            Some(None) => Next::End,
            None => Next::Later,
        }
    }

    /// For later: there is no room for it now.
    pub(crate) fn put_back(&mut self, record: Record) {
        self.waiting.push_front(Some(Ok(record)));
        self.is_put_back = true;
    }
}
