//! One run: a thread sends, this one looks after it, until one of the reasons to end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Error, Result, bail};
use tokio::task::yield_now;
use tokio::time::interval;

use crate::progress::Progress;
use crate::publish::Publisher;
use crate::resume::Resume;
use crate::sending::{End, Sender, Sending};
use crate::source::Rows;
use crate::stop::Stop;
use crate::tally::Tally;

/// Between two looks at what is on its way, when there is nothing else to do.
const FLUSH_LOOK: Duration = Duration::from_millis(5);
/// How long reports are taken in beside the thread that sends: it may stand still.
const GLANCE: Duration = Duration::from_millis(1);
/// How often the screen and the reports are looked at.
const TICK: Duration = Duration::from_millis(100);
/// How long a signal leaves for what is queued.
const LAST_FLUSH: Duration = Duration::from_secs(30);

/// How a run ended.
pub(crate) struct Outcome {
    pub(crate) tally: Tally,
    /// Why it ended before its time; what was sent until then is in the tally all the same.
    pub(crate) error: Option<Error>,
    /// Whether the source came to its end.
    pub(crate) is_whole: bool,
}

/// Sends the rows, then waits for the fate of every record: as long as librdkafka tries (`message.timeout.ms`), but not
/// longer than 30 s after a signal, and not at all after the second.
pub(crate) async fn run(
    rows: Rows,
    sender: Sender,
    publisher: Arc<Publisher>,
    resume: Option<&Resume>,
    stop: &mut Stop,
) -> Outcome {
    let (progress, started) = (sender.progress.clone(), Instant::now());
    let mut sending = Sending::begin(rows, sender, publisher.clone());
    if resume.is_some() {
        publisher.reports().watch_offsets();
    }
    let mut run = Run { publisher, resume, progress, tally: Tally::default(), started };
    let mut flush_until = None;
    let ended = run.watch(&mut sending, stop).await;
    sending.stop();
    let is_whole = matches!(ended, Ok(Why::Ended(End::Source)));
    let error = match ended {
        Ok(Why::Ended(_)) => None,
        Ok(Why::Signal(name)) => {
            run.progress.say(&format!("{name}: no more is read; waiting up to 30 s for what is queued"));
            flush_until = Some(Instant::now() + LAST_FLUSH);
            None
        }
        Err(error) => Some(error),
    };
    let late = run.flush(&sending, flush_until, stop).await;
    run.finish(error.or(late), is_whole)
}

/// Why no more is sent.
enum Why {
    Ended(End),
    Signal(&'static str),
}

struct Run<'a> {
    publisher: Arc<Publisher>,
    resume: Option<&'a Resume>,
    progress: Progress,
    tally: Tally,
    started: Instant,
}

impl Run<'_> {
    async fn watch(&mut self, sending: &mut Sending, stop: &mut Stop) -> Result<Why> {
        let mut tick = interval(TICK);
        loop {
            tokio::select! {
                biased;
                name = stop.asked() => return Ok(Why::Signal(name)),
                ended = sending.ended() => return Ok(Why::Ended(ended?)),
                _ = tick.tick() => {
                    self.look(sending, GLANCE);
                    self.may_go_on(sending)?;
                }
            }
        }
    }

    /// With `--resume` nothing is sent behind what is not on the topic, and nothing by two.
    fn may_go_on(&mut self, sending: &Sending) -> Result<()> {
        self.may_send(sending)?;
        // Behind one that is too large to leave nothing is sent, and what is before it may go on.
        if self.resume.is_some() && self.publisher.reports().undelivered() > 0 {
            sending.stop();
            self.publisher.drop_queue();
            bail!("a record did not arrive, and those behind it would hide it: nothing more is sent");
        }
        self.is_same_topic().inspect_err(|_| {
            sending.stop();
            self.publisher.drop_queue();
        })
    }

    fn is_same_topic(&self) -> Result<()> {
        if self.publisher.reports().went_back() {
            bail!(
                "the topic was removed and made anew while this run sent to it: what had arrived before is gone, and what came since says \
                 that it is there. --resume=anew sends all from the first row"
            );
        }
        Ok(())
    }

    fn may_send(&self, sending: &Sending) -> Result<()> {
        let Some(resume) = self.resume.filter(|resume| resume.is_lost()) else { return Ok(()) };
        // At once: another may be sending the same.
        sending.stop();
        self.publisher.drop_queue();
        bail!("{}: nothing more is sent", resume.why_lost())
    }

    /// Waits for what is on its way; returns why it must not go there any more, if that comes to light now.
    async fn flush(&mut self, sending: &Sending, mut until: Option<Instant>, stop: &mut Stop) -> Option<Error> {
        let mut error = None;
        let mut tick = interval(TICK);
        self.look(sending, GLANCE);
        while self.tally.on_the_way() > 0 && until.is_none_or(|until| Instant::now() < until) {
            tokio::select! {
                biased;
                _ = stop.asked() => match until {
                    None => until = Some(Instant::now() + LAST_FLUSH),
                    Some(_) => break,
                },
                _ = tick.tick() => {
                    // What is on its way is all before what has failed.
                    error = error.or_else(|| self.may_send(sending).err());
                    self.publisher.hurry();
                }
                () = yield_now() => {}
            }
            self.look(sending, FLUSH_LOOK);
        }
        error.or_else(|| self.is_same_topic().err())
    }

    /// Takes in what librdkafka reports for so long, and shows it.
    fn look(&mut self, sending: &Sending, time: Duration) {
        self.publisher.take_reports(time);
        self.tally = sending.tally();
        let reports = self.publisher.reports();
        self.tally.acknowledged = reports.acknowledged();
        self.tally.failed = reports.failed();
        self.tally.elapsed = self.started.elapsed();
        for trouble in reports.take_troubles() {
            self.progress.say(&trouble);
        }
        self.progress.show(&self.tally);
    }

    fn finish(mut self, error: Option<Error>, is_whole: bool) -> Outcome {
        let unknown = self.tally.on_the_way();
        if unknown > 0 {
            self.progress
                .say(&format!("{unknown} records were not acknowledged in time: they may be on the topic or not"));
            self.tally.failed += unknown;
        }
        self.progress.finish();
        Outcome { tally: self.tally, error, is_whole }
    }
}
