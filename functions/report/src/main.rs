//! The report function: configuration, clients, run.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use lambda_runtime::{Error, LambdaEvent, service_fn};

use report::catalog;
use report::config::Config;
use report::handler::{self, Handler, Invocation};

/// Lambda's longest, for `cargo lambda watch`: the deadline that it gives lies in 1970.
const NO_DEADLINE: Duration = Duration::from_mins(15);

#[tokio::main]
async fn main() -> Result<(), Error> {
    aws::log::to_stdout();
    // As text, because an error that leaves main is printed in its Debug form.
    let config = Config::from_lookup(|name| std::env::var(name).ok()).map_err(|error| error.to_string())?;
    let reports = catalog::load().map_err(|error| error.to_string())?;
    let sdk = aws::settings().await;
    let s3 = aws_sdk_s3::config::Builder::from(&sdk).force_path_style(config.path_style).build();
    let handler = Arc::new(Handler {
        athena: aws_sdk_athena::Client::new(&sdk),
        s3: aws_sdk_s3::Client::from_conf(s3),
        sns: aws_sdk_sns::Client::new(&sdk),
        config,
        reports,
    });
    lambda_runtime::run(service_fn(move |event: LambdaEvent<serde_json::Value>| {
        let handler = Arc::clone(&handler);
        async move {
            let now = SystemTime::now();
            let remaining = event.context.deadline().duration_since(now).unwrap_or(NO_DEADLINE);
            let invocation =
                Invocation { id: event.context.request_id, now: now.into(), give_up: handler::give_up_at(remaining) };
            handler.run(&event.payload, &invocation).await
        }
    }))
    .await
}
