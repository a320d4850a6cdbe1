//! How everything here reaches AWS: with what the environment says, as the SDK does by itself, but for the cryptography of its TLS. And how a
//! function logs, and what it is told.

pub mod environment;
pub mod log;

use aws_config::SdkConfig;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, ConnectorBuilder};

/// Region, credentials, endpoint and retries as the environment and the profile say, and a client with TLS. The SDK's own client is the
/// same with aws-lc, which is larger than ring, and takes a C compiler a minute.
pub async fn settings() -> SdkConfig {
    let client = Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = ConnectorBuilder::default().tls_provider(Provider::Rustls(CryptoMode::Ring));
        connector.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            connector.set_sleep_impl(components.sleep_impl());
        }
        connector.set_proxy_config(Some(ProxyConfig::from_env()));
        connector.build()
    });
    aws_config::from_env().http_client(client).load().await
}
