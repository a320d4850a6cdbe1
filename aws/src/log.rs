//! What a function logs, and how: as `lambda_runtime`'s own logger does, without the regular expressions of its filter, which nobody uses
//! and every cold start fetches.

use std::io;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{fmt, registry};

/// From here on, what the process logs is written to standard output, a line each: as JSON if `AWS_LAMBDA_LOG_FORMAT` is `JSON`, which Lambda
/// says to a function that has it in its `LoggingConfig`. `RUST_LOG` says down to which level (`info`, or `info,hyper=debug`), without it
/// `AWS_LAMBDA_LOG_LEVEL`, without either `INFO`. There is no time in a line: Lambda adds it.
pub fn to_stdout() {
    let variable = |name| std::env::var(name).ok();
    let filter = filter(variable("RUST_LOG").as_deref(), variable("AWS_LAMBDA_LOG_LEVEL").as_deref());
    let lines = fmt::layer().with_target(false).without_time().with_writer(io::stdout);
    let is_json = variable("AWS_LAMBDA_LOG_FORMAT").is_some_and(|format| format.eq_ignore_ascii_case("json"));
    let lines = if is_json { lines.json().boxed() } else { lines.boxed() };
    registry().with(lines.with_filter(filter)).init();
}

/// A level that is none is INFO: a function that lands records is not to fail for what it says of them.
fn filter(wanted: Option<&str>, of_lambda: Option<&str>) -> Targets {
    // Lambda's FATAL is none here; nothing is logged that is more than an error.
    let level = of_lambda.map_or(Ok(LevelFilter::INFO), |level| match level {
        "FATAL" => Ok(LevelFilter::ERROR),
        level => level.parse(),
    });
    let level = level.unwrap_or(LevelFilter::INFO);
    let wanted = wanted.filter(|wanted| !wanted.is_empty()).and_then(|wanted| wanted.parse().ok());
    let wanted: Targets = wanted.unwrap_or_default();
    // Of the parts that it names alone it says nothing about the others.
    if wanted.default_level().is_none() { wanted.with_default(level) } else { wanted }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::filter::LevelFilter;

    use super::*;

    #[test]
    fn what_is_asked_for_goes_before_what_lambda_says_and_no_level_is_info() {
        for (wanted, of_lambda, expected) in [
            (Some("WARN"), Some("TRACE"), LevelFilter::WARN),
            (Some("debug"), None, LevelFilter::DEBUG),
            (None, Some("ERROR"), LevelFilter::ERROR),
            (None, Some("FATAL"), LevelFilter::ERROR),
            (None, None, LevelFilter::INFO),
            (None, Some("loud"), LevelFilter::INFO),
            (Some("=="), Some("ERROR"), LevelFilter::ERROR),
            (Some(""), Some("WARN"), LevelFilter::WARN),
            (Some("hyper=debug"), None, LevelFilter::INFO),
        ] {
            assert_eq!(filter(wanted, of_lambda).default_level(), Some(expected), "{wanted:?} {of_lambda:?}");
        }
    }

    #[test]
    fn a_part_of_the_program_may_say_more() {
        let filter = filter(Some("warn,hyper=debug"), None);
        let is_logged = |target: &str| filter.would_enable(target, &tracing::Level::DEBUG);
        assert!(is_logged("hyper::client") && !is_logged("ingest"));
    }
}
