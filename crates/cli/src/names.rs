//! What the stack's resources are called: as template.yaml names them, or as its outputs say.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use aws_config::SdkConfig;
use aws_sdk_cloudformation::types::Stack;

use crate::failure::Failed;

/// The names of what the stack consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The function that follows addresses.
    pub ip_updater: String,
    /// The function that heals.
    pub health_monitor: String,
    /// The log group with a line for each action.
    pub audit_log: String,
    /// `ENVIRONMENT-APP`, with which all other names begin.
    prefix: String,
}

impl Names {
    /// As template.yaml derives them from the parameters `Environment` and `AppName`.
    pub fn derived(environment: &str, app: &str) -> Self {
        let prefix = format!("{environment}-{app}");
        Names {
            ip_updater: format!("{prefix}-ip-updater"),
            health_monitor: format!("{prefix}-health-monitor"),
            audit_log: format!("/{app}/{environment}/autoresiliency"),
            prefix,
        }
    }

    /// As a stack's outputs tell them.
    ///
    /// # Errors
    /// When the outputs lack one of Eden's: it is another stack.
    pub fn from_outputs(outputs: &BTreeMap<String, String>) -> Result<Self> {
        let output = |key: &str| {
            let value = outputs.get(key).cloned();
            value.with_context(|| format!("it has no output {key}, so it is none of Eden's"))
        };
        let health_monitor = output("HealthMonitorFunctionName")?;
        let Some(prefix) = health_monitor.strip_suffix("-health-monitor") else {
            bail!("its function {health_monitor:?} is not named as template.yaml names it");
        };
        Ok(Names {
            ip_updater: output("IpUpdaterFunctionName")?,
            audit_log: output("AuditLogGroupName")?,
            prefix: prefix.to_owned(),
            health_monitor,
        })
    }

    /// The resource with this end of its name: a rule, an alarm, the topic or the queue.
    pub fn of(&self, end: &str) -> String {
        format!("{}-{end}", self.prefix)
    }

    /// The log group of a function.
    pub fn log_of(function: &str) -> String {
        format!("/aws/lambda/{function}")
    }
}

/// Reads a stack's outputs, by key.
///
/// # Errors
/// When there is no such stack, or it may not be read.
pub async fn outputs(config: &SdkConfig, stack: &str) -> Result<BTreeMap<String, String>> {
    let client = aws_sdk_cloudformation::Client::new(config);
    let answer = client.describe_stacks().stack_name(stack).send().await.map_err(|error| {
        Failed::new("DescribeStacks", "cloudformation:DescribeStacks", stack, &error).or_when(
            "ValidationError",
            "`aws cloudformation list-stacks` lists the stacks there are",
        )
    })?;
    let outputs = answer.stacks().first().map(Stack::outputs).unwrap_or_default();
    Ok(outputs
        .iter()
        .filter_map(|output| {
            Some((output.output_key()?.to_owned(), output.output_value()?.to_owned()))
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs() -> BTreeMap<String, String> {
        [
            ("HealthMonitorFunctionName", "dev-shop-health-monitor"),
            ("IpUpdaterFunctionName", "dev-shop-ip-updater"),
            ("AuditLogGroupName", "/shop/dev/autoresiliency"),
            ("DashboardUrl", "https://example.com"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
    }

    #[test]
    fn a_stack_s_outputs_name_what_the_parameters_would() {
        let names = Names::from_outputs(&outputs()).unwrap();

        assert_eq!(names, Names::derived("dev", "shop"));
        assert_eq!(names.of("dead-letters"), "dev-shop-dead-letters");
    }

    #[test]
    fn a_stack_of_something_else_is_named_as_such() {
        for (missing, says) in [
            ("HealthMonitorFunctionName", "HealthMonitorFunctionName"),
            ("AuditLogGroupName", "AuditLogGroupName"),
        ] {
            let mut outputs = outputs();
            outputs.remove(missing);
            let error = Names::from_outputs(&outputs).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
