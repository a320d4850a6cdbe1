//! A crawl, as the schedule starts it, to its end.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use aws_sdk_glue::types::CrawlerState;
use tokio::time::{Instant, sleep};

use crate::Aws;
use crate::deploy::Outputs;

const LIMIT: Duration = Duration::from_mins(2);
const POLL: Duration = Duration::from_millis(200);

/// Invokes the crawl function, and waits for the crawler.
pub(crate) async fn run(aws: &Aws, outputs: &Outputs) -> Result<()> {
    aws.invoke(&outputs.crawl_function, b"{}".to_vec()).await?;
    let deadline = Instant::now() + LIMIT;
    loop {
        let answer = aws.glue.get_crawler().name(&outputs.crawler).send().await;
        let answer = answer.with_context(|| format!("cannot ask for the crawler {}", outputs.crawler))?;
        match answer.crawler().and_then(|crawler| crawler.state()) {
            Some(CrawlerState::Ready) => return Ok(()),
            state if Instant::now() > deadline => {
                bail!("the crawler {} is {state:?} after {} s, not ready", outputs.crawler, LIMIT.as_secs())
            }
            _ => sleep(POLL).await,
        }
    }
}
