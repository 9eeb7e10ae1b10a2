//! Amazon API Gateway: REST JSON, in two versions with a resource model each.

pub(super) mod v1;
pub(super) mod v2;

use url::Url;

use super::error::ApiError;
use super::request::Service;
use crate::world::{
    Api, ApiKind, Integration, IntegrationType, OperatorError, World, with_stage_variables,
};

/// An API of this kind: those of the other are unknown to a version.
fn find_api<'a>(world: &'a World, id: &str, kind: ApiKind) -> Result<&'a Api, ApiError> {
    world
        .api(id)
        .filter(|api| api.kind == kind)
        .ok_or_else(|| not_found(&format!("Invalid API identifier specified {id}")))
}

fn bad_request(message: &str) -> ApiError {
    ApiError::new(400, "BadRequestException", message)
}

fn not_found(message: &str) -> ApiError {
    ApiError::new(404, "NotFoundException", message)
}

/// What the world refuses, in API Gateway's words.
fn refused(error: &OperatorError) -> ApiError {
    match error {
        OperatorError::InvalidStageVariable { .. } | OperatorError::CanaryEnabled(_) => {
            bad_request(&error.to_string())
        }
        OperatorError::TooManyDeployments(_) => Service::ApiGateway.throttled(),
        missing => not_found(&missing.to_string()),
    }
}

/// Whether an integration may lead to this URI (F6).
fn check_uri(
    world: &World,
    integration: &Integration,
    kind: ApiKind,
    uri: &str,
) -> Result<(), ApiError> {
    // Only a whole URL can be parsed, and a variable may be any part of it.
    let example = with_stage_variables(uri, |_| Some("0"));
    let is_url = Url::parse(&example).is_ok_and(|url| {
        let refused = url.host_str().is_some_and(|host| world.refuses_host(host));
        matches!(url.scheme(), "http" | "https") && !refused
    });
    let is_private = kind == ApiKind::Http && integration.vpc_link.is_some();
    let (fits, what) = match integration.integration_type {
        IntegrationType::HttpProxy if is_private => (uri.starts_with("arn:"), "ARN"),
        IntegrationType::HttpProxy => (is_url, "HTTP endpoint"),
        IntegrationType::AwsProxy => (uri.starts_with("arn:"), "ARN"),
        IntegrationType::Mock => (false, "integration without a backend"),
    };
    if fits {
        Ok(())
    } else {
        Err(bad_request(&format!("Invalid {what} specified for URI: {uri}")))
    }
}
