//! The health-monitor Lambda function: configuration and clients once, then one [`handle`] an event.

use eden_core::config::HealthMonitorConfig;
use eden_core::health_monitor::handle;
use eden_core::{Edge, lambda};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let config = lambda::start(HealthMonitorConfig::read, |config| &config.target)?;
    let api_type = config.gateway.as_ref().map(|gateway| gateway.api_type);
    let edge = Edge::from_environment(api_type).await;
    lambda::serve(&config.target, async |invocation| handle(&config, &edge, &invocation).await)
        .await
}
