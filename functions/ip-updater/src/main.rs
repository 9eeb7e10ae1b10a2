//! The ip-updater Lambda function: configuration and clients once, then one [`handle`] an event.

use std::process::ExitCode;

use eden_core::config::IpUpdaterConfig;
use eden_core::ip_updater::handle;
use eden_core::{Edge, lambda};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(config) = lambda::start(IpUpdaterConfig::read, |config| &config.target) else {
        return ExitCode::FAILURE;
    };
    let edge = Edge::from_environment(Some(config.gateway.api_type)).await;
    lambda::serve(&config.target, async |invocation| handle(&config, &edge, &invocation).await)
        .await
}
