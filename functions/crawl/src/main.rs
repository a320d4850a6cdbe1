//! The Lambda that starts the Glue crawler on a schedule. Wiring only: configuration, client, run.

mod config;
mod handler;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::value::RawValue;

use config::Config;

#[tokio::main]
async fn main() -> Result<(), Error> {
    aws::log::to_stdout();
    // As text, because an error that leaves main is printed in its Debug form.
    let config = Config::from_lookup(|name| std::env::var(name).ok()).map_err(|error| error.to_string())?;
    let glue = aws_sdk_glue::Client::new(&aws::settings().await);
    // Whatever the schedule sends, what there is to do is the same.
    run(service_fn(async |_: LambdaEvent<Box<RawValue>>| handler::handle(&glue, &config.crawler_name).await)).await
}
