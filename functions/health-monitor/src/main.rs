//! The health-monitor Lambda function: configuration and clients once, then one [`handle`] an event.

use std::process::ExitCode;

use eden_core::config::HealthMonitorConfig;
use eden_core::health_monitor::handle;
use eden_core::{Edge, lambda};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(config) = lambda::start(HealthMonitorConfig::read, |config| &config.target) else {
        return ExitCode::FAILURE;
    };
    let api_type = config.gateway.as_ref().map(|gateway| gateway.api_type);
    let edge = Edge::from_environment(api_type).await;
    lambda::serve(&config.target, async |invocation| handle(&config, &edge, &invocation).await)
        .await
}
