//! Changes to the gateway. One module for each kind of API, of the same shape.

mod http;
mod rest;

use std::time::Duration;

use aws_sdk_ecs::config::http::HttpResponse;
use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};
use eden_policy::facts::Pointer;

use super::Outcome;
use crate::aws::Aws;
use crate::call_error::CallError;
use crate::config::ApiType;
use crate::observe;

/// Tries to change what somebody else is changing.
const ATTEMPTS: u32 = 4;
/// API Gateway takes no more than one deployment in this time (F5, F7).
const DEPLOYMENT_INTERVAL: Duration = Duration::from_secs(5);

/// Sends nothing but the new URI: what is not sent stays (F3).
pub(super) async fn point_integration(
    aws: &Aws,
    api_type: ApiType,
    api: &str,
    integration: &str,
    uri: &str,
) -> Result<Outcome, CallError> {
    match api_type {
        ApiType::Http => http::point_integration(aws, api, integration, uri).await,
        ApiType::Rest => rest::point_integration(aws, api, integration, uri).await,
    }
}

/// Sends nothing but the one variable: the others stay.
pub(super) async fn set_variable(
    aws: &Aws,
    api_type: ApiType,
    api: &str,
    stage: &str,
    variable: (&str, &str),
) -> Result<Outcome, CallError> {
    match api_type {
        ApiType::Http => http::set_variable(aws, api, stage, variable).await,
        ApiType::Rest => rest::set_variable(aws, api, stage, variable).await,
    }
}

/// Leads a pointer to the first of these that API Gateway takes (F60), unless it no longer leads where
/// it did: somebody may have led it to a task that has just come.
pub(super) async fn park(
    aws: &Aws,
    api_type: ApiType,
    api: &str,
    pointer: &Pointer,
    (from, to): (&str, &[String]),
) -> Result<Outcome, CallError> {
    let present = observe::uri(aws, api_type, api, pointer).await?;
    if present.as_deref() != Some(from) {
        let present = present.unwrap_or_default();
        return Ok(Outcome::Skipped(format!("{pointer} leads to {present} by now, not to {from}")));
    }
    let mut refused = None;
    for to in to {
        let written = match pointer {
            Pointer::Integration(id) => point_integration(aws, api_type, api, id, to).await,
            Pointer::StageVariable { stage, name } => {
                set_variable(aws, api_type, api, stage, (name, to)).await
            }
        };
        match written {
            Err(error) if error.is_bad_request() => refused = Some(error),
            done_or_failed => return done_or_failed,
        }
    }
    refused.map_or(Ok(Outcome::Skipped("there is nowhere to park it".to_owned())), Err)
}

pub(super) async fn deploy_stage(
    aws: &Aws,
    api_type: ApiType,
    api: &str,
    stage: &str,
    note: &str,
) -> Result<Outcome, CallError> {
    match api_type {
        ApiType::Http => http::deploy_stage(aws, api, stage, note).await,
        ApiType::Rest => rest::deploy_stage(aws, api, stage, note).await,
    }
}

/// Makes a call until it meets neither a change that somebody else is making at the same time, who
/// most likely writes the same, nor the limit on deployments.
async fn persistently<T, E, F>(
    operation: &'static str,
    of: String,
    call: impl Fn() -> F,
) -> Result<T, CallError>
where
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let mut attempt = 1;
    loop {
        let error = match call().await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let wait = match error.as_service_error().and_then(ProvideErrorMetadata::code) {
            Some("ConflictException") => Duration::from_millis(250) * attempt,
            Some("TooManyRequestsException") => DEPLOYMENT_INTERVAL,
            Some(_) | None => return Err(CallError::new(operation, of, &error)),
        };
        if attempt == ATTEMPTS {
            return Err(CallError::new(operation, of, &error));
        }
        tokio::time::sleep(wait).await;
        attempt += 1;
    }
}
