//! What a person sees on stderr: a bar on a terminal, a line every ten seconds elsewhere, and messages in between.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::tally::Tally;

const LINE_EVERY: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(crate) struct Progress {
    /// Hidden where stderr is no terminal.
    bar: ProgressBar,
    next_line: Duration,
}

impl Progress {
    /// `total` is the number of rows to come, where it is known.
    pub(crate) fn new(total: Option<u64>) -> Progress {
        let (bar, template) = match total {
            Some(total) => (ProgressBar::new(total), "{bar:30} {percent:>3} %, {eta} left, {wide_msg}"),
            None => (ProgressBar::new_spinner(), "{spinner} {wide_msg}"),
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        Progress { bar: bar.with_style(style), next_line: LINE_EVERY }
    }

    /// Shows how far the run is. To be called several times a second.
    pub(crate) fn show(&mut self, tally: &Tally) {
        if !self.bar.is_hidden() {
            let Tally { acknowledged, failed, skipped, .. } = tally;
            let rate = tally.rate();
            self.bar
                .set_message(format!("{acknowledged} acknowledged, {rate:.0}/s, {failed} failed, {skipped} skipped"));
            self.bar.set_position(tally.skipped + tally.present + tally.acknowledged + tally.failed);
        } else if tally.elapsed >= self.next_line {
            self.next_line = tally.elapsed + LINE_EVERY;
            self.say(&tally.to_string());
        }
    }

    /// A message for the user, on a line of its own.
    #[expect(clippy::print_stderr, reason = "this is where the program talks to its user")]
    pub(crate) fn say(&self, message: &str) {
        self.bar.suspend(|| eprintln!("{message}"));
    }

    /// Takes the bar away, so that the end line stands alone.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
