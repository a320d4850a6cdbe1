//! The Lambda that compacts the lake. Wiring only: configuration, clients, run.

use std::env;
use std::time::{Duration, SystemTime};

use compact::catalog::Glue;
use compact::config::Config;
use compact::handler::{Invocation, handle};
use compact::{Compactor, Limits, PART_GRACE_MS};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::value::RawValue;
use shared::key::LandingTime;
use shared::manifest::attempt;
use store::S3Store;
use tokio::time::Instant;

#[tokio::main]
async fn main() -> Result<(), Error> {
    aws::log::to_stdout();
    // As text, because an error that leaves main is printed in its Debug form.
    let config = Config::from_lookup(|name| env::var(name).ok()).map_err(|error| error.to_string())?;
    let settings = aws::settings().await;
    let landed_grace_ms = config.landed_grace_ms();
    let compactor = Compactor {
        store: S3Store::new(&settings, config.path_style, config.lake_bucket),
        catalog: Glue::new(aws_sdk_glue::Client::new(&settings), config.glue_database),
        limits: Limits::default(),
        part_grace_ms: PART_GRACE_MS,
        landed_grace_ms,
        scratch: env::temp_dir(),
    };
    run(service_fn(async |event: LambdaEvent<Box<RawValue>>| {
        let now = now();
        let give_up = begin_nothing_after(event.context.deadline, now);
        let invocation = Invocation {
            now,
            attempt: attempt(now, &event.context.request_id),
            late: &|| give_up.is_some_and(|give_up| Instant::now() >= give_up),
        };
        // Boxed: the SDK's futures are large.
        Box::pin(handle(&compactor, event.payload.get(), &invocation)).await
    }))
    .await
}

fn now() -> LandingTime {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    LandingTime(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

/// A third of the time is for what has been begun, and for what follows the last switch. A deadline that has passed is none: `cargo lambda
/// watch` sends one in 1970.
fn begin_nothing_after(deadline_ms: u64, now: LandingTime) -> Option<Instant> {
    let left = deadline_ms.checked_sub(u64::try_from(now.0).ok()?).filter(|left| *left > 0)?;
    Some(Instant::now() + Duration::from_millis(left) * 2 / 3)
}
