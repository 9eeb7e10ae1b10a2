//! The settings of the deployed functions: their environment variables are the only source, so that
//! what is decided here is decided as there.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use eden_core::config::{HealthMonitorConfig, IpUpdaterConfig};

use crate::context::Context;
use crate::failure::Failed;

/// Reads ip-updater's settings.
///
/// # Errors
/// When the function does not exist or may not be read, or its variables are refused.
pub async fn ip_updater(context: &Context) -> Result<IpUpdaterConfig> {
    let function = &context.names.ip_updater;
    let variables = variables(context, function).await?;
    IpUpdaterConfig::read(|name| variables.get(name).cloned())
        .with_context(|| format!("function {function} cannot start"))
}

/// Reads health-monitor's settings.
///
/// # Errors
/// As [`ip_updater`].
pub async fn health_monitor(context: &Context) -> Result<HealthMonitorConfig> {
    let function = &context.names.health_monitor;
    let variables = variables(context, function).await?;
    HealthMonitorConfig::read(|name| variables.get(name).cloned())
        .with_context(|| format!("function {function} cannot start"))
}

async fn variables(context: &Context, function: &str) -> Result<HashMap<String, String>> {
    let request = context.lambda().get_function_configuration().function_name(function);
    let answer = request.send().await.map_err(|error| {
        Failed::new(
            "GetFunctionConfiguration",
            "lambda:GetFunctionConfiguration",
            function,
            &error,
        )
        .or_when(
            "ResourceNotFoundException",
            "is Eden deployed here under these names? --env and --app are the stack's parameters \
             Environment and AppName, --stack is its name; `sam list stack-outputs --stack-name \
             NAME` shows what it made",
        )
    })?;
    Ok(answer.environment.and_then(|it| it.variables).unwrap_or_default())
}
