//! AWS Systems Manager's Parameter Store: AWS JSON 1.1.

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ApiError;
use super::input;
use super::protocol::Body;
use super::request::ApiRequest;
use crate::world::World;

/// What a `SecureString` looks like to those who do not ask for its text.
const ENCRYPTED: &str = "AQICAHgTheLabEncryptsNothing==";

pub(super) fn perform(world: &World, request: &ApiRequest) -> Result<Body, ApiError> {
    match request.operation.as_str() {
        "GetParameter" => get_parameter(world, &input(request)?).map(Body::Json),
        operation => Err(request.service.unknown_operation(operation)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetParameter {
    name: String,
    #[serde(default)]
    with_decryption: bool,
}

fn get_parameter(world: &World, input: &GetParameter) -> Result<Value, ApiError> {
    let (arn, text) = world
        .parameter(&input.name)
        .ok_or_else(|| ApiError::new(400, "ParameterNotFound", "Parameter not found."))?;
    Ok(json!({
        "Parameter": {
            "ARN": arn,
            "Name": input.name,
            "Type": "SecureString",
            "DataType": "text",
            "Value": if input.with_decryption { text } else { ENCRYPTED },
            "Version": 1,
        },
    }))
}
