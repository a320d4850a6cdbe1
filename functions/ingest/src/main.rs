//! The Lambda that lands the records of a Kafka event in S3. Wiring only: configuration, clients, run.

use std::time::{Duration, SystemTime};

use ingest::config::Config;
use ingest::{Lander, Payload, invoked};
use lambda_runtime::layers::TracingLayer;
use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use shared::key::LandingTime;
use store::S3Store;

/// What is kept of an invocation's time to answer in, before Lambda ends the process.
const TIME_TO_ANSWER: Duration = Duration::from_secs(2);

// One beside this thread, so that the intent is on its way while the file is encoded; with the memory that it has, Lambda gives it less
// than one processor, and to hand work from one thread to another costs.
#[tokio::main(worker_threads = 1)]
async fn main() -> Result<(), Error> {
    aws::log::to_stdout();
    // As text, because an error that leaves main is printed in its Debug form.
    let config = Config::from_lookup(|name| std::env::var(name).ok()).map_err(|error| error.to_string())?;
    let settings = aws::settings().await;
    let store = S3Store::new(&settings, config.path_style, config.lake_bucket);
    let lander = Lander::new(store, config.generation);
    let payload = Payload::default();
    let handler = service_fn(async |event: LambdaEvent<()>| {
        let now = now();
        let time_left = time_left(event.context.deadline, now);
        invoked(&lander, &payload.take(), now, time_left).await
    });
    Runtime::new(handler).layer(payload.clone()).layer(TracingLayer::new()).run().await
}

fn now() -> LandingTime {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    LandingTime(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// A deadline that has passed is none: `cargo lambda watch` sends one in 1970.
fn time_left(deadline_ms: u64, now: LandingTime) -> Option<Duration> {
    let left = deadline_ms.checked_sub(u64::try_from(now.0).ok()?).filter(|left| *left > 0)?;
    Some(Duration::from_millis(left).saturating_sub(TIME_TO_ANSWER))
}
