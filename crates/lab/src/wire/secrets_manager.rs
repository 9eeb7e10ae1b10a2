//! AWS Secrets Manager: AWS JSON 1.1.

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ApiError;
use super::input;
use super::protocol::Body;
use super::request::ApiRequest;
use crate::world::World;
use crate::world::secrets::secret_name;

pub(super) fn perform(world: &World, request: &ApiRequest) -> Result<Body, ApiError> {
    match request.operation.as_str() {
        "GetSecretValue" => get_secret_value(world, &input(request)?).map(Body::Json),
        operation => Err(request.service.unknown_operation(operation)),
    }
}

/// A secret of the lab has one version, the current one.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetSecretValue {
    secret_id: String,
}

fn get_secret_value(world: &World, input: &GetSecretValue) -> Result<Value, ApiError> {
    let (arn, text) = world.secret(&input.secret_id).ok_or_else(|| {
        let message = "Secrets Manager can't find the specified secret.";
        ApiError::new(400, "ResourceNotFoundException", message)
    })?;
    Ok(json!({
        "ARN": arn,
        "Name": secret_name(arn),
        "SecretString": text,
        "VersionStages": ["AWSCURRENT"],
    }))
}
