//! What the user sees: numbered steps with their seconds; a spinner on a terminal, plain lines elsewhere.

use std::cell::Cell;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often a step that only turns numbers writes a line where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Numbers the steps.
#[derive(Debug)]
pub(crate) struct Console {
    steps: usize,
    begun: usize,
}

/// A step under way.
#[derive(Debug)]
pub(crate) struct Step {
    title: String,
    number: String,
    started: Instant,
    spinner: ProgressBar,
    last_line: Cell<Instant>,
}

impl Console {
    pub(crate) fn new(steps: usize) -> Self {
        Self { steps, begun: 0 }
    }

    pub(crate) fn step(&mut self, title: &str) -> Step {
        self.begun += 1;
        let number = format!("[{}/{}]", self.begun, self.steps);
        say(&format!("{number} {title}"));
        let spinner = ProgressBar::new_spinner();
        spinner.set_style(
            ProgressStyle::with_template("      {spinner} {wide_msg} {elapsed}")
                .unwrap_or_else(|_| ProgressStyle::default_spinner()),
        );
        if io::stdout().is_terminal() {
            spinner.enable_steady_tick(Duration::from_millis(100));
        } else {
            spinner.set_draw_target(indicatif::ProgressDrawTarget::hidden());
        }
        let started = Instant::now();
        Step { title: title.to_owned(), number, started, spinner, last_line: Cell::new(started) }
    }
}

impl Step {
    /// A line that stays.
    pub(crate) fn say(&self, text: &str) {
        self.spinner.suspend(|| say(&format!("      {text}")));
    }

    /// What is true for the moment.
    pub(crate) fn note(&self, text: &str) {
        let news = self.spinner.message() != text;
        self.spinner.set_message(text.to_owned());
        if news && self.spinner.is_hidden() && self.last_line.get().elapsed() > LINE_INTERVAL {
            self.last_line.set(Instant::now());
            say(&format!("      {text}"));
        }
    }

    pub(crate) fn done(self, text: &str) {
        self.hide();
        say(&format!("      {text} ({:.1} s)", self.started.elapsed().as_secs_f64()));
    }

    /// Leaves the last line of the terminal to a program that draws there itself.
    pub(crate) fn hide(&self) {
        self.spinner.finish_and_clear();
    }

    /// The beginning of the message of whatever failed in this step.
    pub(crate) fn failed(&self) -> String {
        self.hide();
        format!("step {} failed: {}", self.number, self.title)
    }
}

/// Prints a line, outside of any step.
pub(crate) fn say(text: &str) {
    // A reader that has gone away is no reason to stop.
    let _ = writeln!(io::stdout(), "{text}");
}
