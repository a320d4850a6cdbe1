//! Redrive: what Lambda gave up on goes back to the ingest function.
//!
//! Any event may be fed again at any time: what has landed is skipped. So an object is removed only after the function has answered
//! that all of it is durable, and whatever ends a redrive, another one goes on.

mod account;
mod display;
mod feed;
mod record;
mod split;

use anyhow::{Result, bail};

use account::Account;
pub use account::{Named, Place};
use display::Display;
use feed::Feeder;

/// Feeds every object of the on-failure bucket to the function, oldest first, until `interrupted`; says whether none is kept. With
/// `dry_run` it says what it would feed and what it could not read.
///
/// # Errors
/// Nothing could be begun: the account, the stack or the bucket is not to be had. What goes wrong with one object is printed, and
/// the object kept.
pub async fn run(place: Place, dry_run: bool, interrupted: impl Future<Output = ()>) -> Result<bool> {
    let mut interrupted = std::pin::pin!(interrupted);
    tokio::select! {
        begun = begin(place, dry_run) => {
            let (feeder, keys) = begun?;
            Ok(feed_all(&feeder, &keys, dry_run, interrupted).await)
        }
        () = &mut interrupted => bail!("interrupted"),
    }
}

async fn begin(place: Place, dry_run: bool) -> Result<(Feeder, Vec<String>)> {
    let account = Account::from_environment().await?;
    let Named { bucket, function, lake } = account.find(place).await?;
    let what = if dry_run { "would feed" } else { "feeding" };
    display::say(&format!("{what} s3://{bucket} to {function} ({})", account.described()));
    let feeder = Feeder { s3: account.s3, lambda: account.lambda, bucket, function, lake };
    let keys = feeder.list().await?;
    Ok((feeder, keys))
}

async fn feed_all(
    feeder: &Feeder,
    keys: &[String],
    dry_run: bool,
    mut interrupted: impl Future<Output = ()> + Unpin,
) -> bool {
    let mut display = Display::new(keys.len());
    for key in keys {
        display.begin(key);
        let feeding = async { if dry_run { feeder.look(key).await } else { feeder.feed(key).await } };
        // At any moment: an object is removed only after its answer, and an event that is fed again adds nothing.
        tokio::select! {
            fed = feeding => display.end(key, &fed),
            () = &mut interrupted => return display.finish("interrupted"),
        }
    }
    display.finish(if dry_run { "dry run" } else { "done" })
}
