//! One run: rows from the source, at their pace, to the publisher, until one of the reasons to end.

use std::time::{Duration, Instant};

use anyhow::{Error, Result, bail};
use tokio::time::{interval, sleep};

use crate::ahead::{Ahead, Next};
use crate::pace::Pace;
use crate::progress::Progress;
use crate::publish::{Handed, Publisher};
use crate::resume::Resume;
use crate::skipped::Skipped;
use crate::source::Rows;
use crate::stop::Stop;
use crate::tally::Tally;

/// Rows between two looks at the clock and for signals.
const IN_ONE_GO: usize = 1024;
/// Between two looks at what is on its way.
const FLUSH_PAUSE: Duration = Duration::from_millis(5);
/// How often the screen and the reports are looked at.
const TICK: Duration = Duration::from_millis(100);
/// How long a signal leaves for what is queued.
const LAST_FLUSH: Duration = Duration::from_secs(30);

/// When to end, and how fast to go there.
pub(crate) struct Limits {
    /// Records a second; 0 is no limit.
    pub(crate) rate: f64,
    pub(crate) count: Option<u64>,
}

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
    limits: &Limits,
    skipped: &mut Skipped,
    publisher: &Publisher,
    resume: Option<&Resume>,
    progress: &mut Progress,
    stop: &mut Stop,
) -> Outcome {
    let mut run =
        Run { limits, skipped, publisher, resume, progress, tally: Tally::default(), started: Instant::now() };
    let mut flush_until = None;
    let mut is_whole = false;
    let error = match run.send_all(Ahead::read(rows), stop).await {
        Ok(End::Source) => {
            is_whole = true;
            None
        }
        Ok(End::Count) => None,
        Ok(End::Signal(name)) => {
            run.progress.say(&format!("{name}: no more is read; waiting up to 30 s for what is queued"));
            flush_until = Some(Instant::now() + LAST_FLUSH);
            None
        }
        Err(error) => Some(error),
    };
    let late = run.flush(flush_until, stop).await;
    run.finish(error.or(late), is_whole)
}

enum End {
    Source,
    Count,
    Signal(&'static str),
}

struct Run<'a> {
    limits: &'a Limits,
    skipped: &'a mut Skipped,
    publisher: &'a Publisher,
    resume: Option<&'a Resume>,
    progress: &'a mut Progress,
    tally: Tally,
    started: Instant,
}

impl Run<'_> {
    async fn send_all(&mut self, mut rows: Ahead, stop: &mut Stop) -> Result<End> {
        let mut pace = Pace::new(self.limits.rate, self.started);
        let mut tick = interval(TICK);
        while !self.is_enough() {
            tokio::select! {
                biased;
                name = stop.asked() => return Ok(End::Signal(name)),
                _ = tick.tick() => {
                    self.look();
                    self.may_go_on()?;
                }
                ready = rows.ready(pace.due()) => {
                    ready?;
                    if self.send_some(&mut rows, &mut pace)? {
                        return Ok(End::Source);
                    }
                }
            }
        }
        Ok(End::Count)
    }

    fn is_enough(&self) -> bool {
        self.limits.count == Some(self.tally.sent + self.tally.present)
    }

    /// Sends what is due, in one go: looking at the clock and for signals costs more than a row. Returns whether the source is at its end.
    fn send_some(&mut self, rows: &mut Ahead, pace: &mut Pace) -> Result<bool> {
        for _ in 0..IN_ONE_GO {
            match rows.next() {
                Next::Later => break,
                Next::End => return Ok(true),
                Next::Row(Ok(record)) => match self.publisher.hand_over(&record)? {
                    handed @ (Handed::Over | Handed::TooLarge) => {
                        self.tally.read += 1;
                        self.tally.sent += 1;
                        if self.resume.is_some() && matches!(handed, Handed::TooLarge) {
                            // What is before it is on its way, and nothing behind it.
                            bail!("with --resume nothing is sent behind a record that is too large");
                        }
                        if pace.due().is_some() {
                            pace.sent(Instant::now());
                            break;
                        }
                    }
                    Handed::Back => {
                        rows.put_back(record);
                        break;
                    }
                },
                Next::Row(Err(no_record)) => self.skipped.take(no_record, &mut self.tally, self.progress)?,
            }
            if self.is_enough() {
                break;
            }
        }
        Ok(false)
    }

    /// With `--resume` nothing is sent behind what is not on the topic, and nothing by two.
    fn may_go_on(&mut self) -> Result<()> {
        self.may_send()?;
        if self.resume.is_some() && self.tally.failed > 0 {
            self.publisher.drop_queue();
            bail!("a record did not arrive, and those behind it would hide it: nothing more is sent");
        }
        Ok(())
    }

    fn may_send(&self) -> Result<()> {
        let Some(resume) = self.resume.filter(|resume| resume.is_lost()) else { return Ok(()) };
        // At once: another may be sending the same.
        self.publisher.drop_queue();
        bail!("{}: nothing more is sent", resume.why_lost())
    }

    /// Waits for what is on its way; returns why it must not go there any more, if that comes to light now.
    async fn flush(&mut self, mut until: Option<Instant>, stop: &mut Stop) -> Option<Error> {
        let mut error = None;
        let mut tick = interval(TICK);
        self.look();
        while self.tally.on_the_way() > 0 && until.is_none_or(|until| Instant::now() < until) {
            tokio::select! {
                biased;
                _ = stop.asked() => match until {
                    None => until = Some(Instant::now() + LAST_FLUSH),
                    Some(_) => break,
                },
                _ = tick.tick() => {
                    // What is on its way is all before what has failed.
                    error = error.or_else(|| self.may_send().err());
                    self.publisher.hurry();
                }
                () = sleep(FLUSH_PAUSE) => {}
            }
            self.look();
        }
        error
    }

    /// Takes in what librdkafka has reported, and shows it.
    fn look(&mut self) {
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
