//! The health-monitor Lambda function: configuration and clients once, then one [`handle`] an event.

use eden_core::config::HealthMonitorConfig;
use eden_core::health_monitor::handle;
use eden_core::{Edge, lambda};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let config = lambda::start(HealthMonitorConfig::read, |config| &config.target)?;
    let edge = Edge::from_environment().await;
    lambda::serve(&config.target, async |invocation| handle(&config, &edge, &invocation).await)
        .await
}
