//! `AWS::Serverless::Function` resources as the Lambda service runs them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::intrinsics::{as_text, malformed};
use super::properties::{Properties, of_kind};
use super::{Resources, TemplateError, permissions};
use crate::spec::FunctionSpec;

pub(super) fn all(resources: &Resources) -> Result<Vec<FunctionSpec>, TemplateError> {
    let functions = of_kind(resources, "AWS::Serverless::Function");
    functions
        .map(|(_, resource, properties)| {
            let defaults = FunctionSpec::new(&resource.reference);
            let timeout = properties.optional_number("Timeout")?.map(Duration::from_secs);
            let architecture = properties.texts("Architectures")?.pop();
            let logging = properties.get("LoggingConfig").and_then(|it| it.get("LogGroup"));
            Ok(FunctionSpec {
                environment: environment(&properties)?,
                timeout: timeout.unwrap_or(defaults.timeout),
                memory_mb: properties.optional_number("MemorySize")?.unwrap_or(defaults.memory_mb),
                runtime: properties.optional_text("Runtime")?.unwrap_or(defaults.runtime),
                handler: properties.optional_text("Handler")?.unwrap_or(defaults.handler),
                architecture: architecture.unwrap_or(defaults.architecture),
                log_group: logging.and_then(as_text).unwrap_or(defaults.log_group),
                permissions: permissions::of_function(resources, resource)?,
                name: defaults.name,
            })
        })
        .collect()
}

fn environment(properties: &Properties<'_>) -> Result<BTreeMap<String, String>, TemplateError> {
    let variables = properties.get("Environment").and_then(|it| it.get("Variables"));
    let variables = variables.and_then(Value::as_object).into_iter().flatten();
    variables
        .map(|(name, value)| {
            let at = properties.at(&format!("Environment.Variables.{name}"));
            let text = as_text(value).ok_or_else(|| malformed(value, "a text", &at))?;
            Ok((name.clone(), text))
        })
        .collect()
}
