//! The Lambda that lands the records of a Kafka event in S3. Wiring only: configuration, clients, run.

mod config;
mod handler;
mod lander;
mod metrics;
mod store;

use std::time::SystemTime;

use aws_sdk_s3::Client;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::value::RawValue;
use shared::key::LandingTime;

use config::Config;
use store::S3Store;

#[tokio::main]
async fn main() -> Result<(), Error> {
    lambda_runtime::tracing::init_default_subscriber();
    // As text, because an error that leaves main is printed in its Debug form.
    let config = Config::from_lookup(|name| std::env::var(name).ok()).map_err(|error| error.to_string())?;
    let aws = aws_config::load_from_env().await;
    let s3 = aws_sdk_s3::config::Builder::from(&aws).force_path_style(config.path_style).build();
    let store = S3Store::new(Client::from_conf(s3), config.lake_bucket);
    run(service_fn(async |event: LambdaEvent<Box<RawValue>>| {
        handler::handle(&store, event.payload.get(), now()).await.map_err(Error::from)
    }))
    .await
}

fn now() -> LandingTime {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    LandingTime(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}
