//! AWS Lambda: REST JSON. A function is run by the [Lambda service](crate::lambda), not by the world.

use hyper::body::Bytes;
use hyper::header::HeaderValue;
use hyper::{Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ApiError;
use super::protocol::{Body, Protocol};
use super::request::ApiRequest;
use super::{Invoke, input};
use crate::lambda::FunctionError;
use crate::world::{Function, World};

pub(super) fn perform(world: &World, request: &ApiRequest) -> Result<Body, ApiError> {
    match request.operation.as_str() {
        "GetFunctionConfiguration" => {
            find(world, &input(request)?).map(|it| Body::Json(configuration(it)))
        }
        "GetFunction" => get_function(world, &input(request)?).map(Body::Json),
        "GetPolicy" => get_policy(world, &input(request)?).map(Body::Json),
        "Invoke" => invoke(world, input(request)?).map(Body::Invoke),
        operation => Err(request.service.unknown_operation(operation)),
    }
}

/// The lab's functions have no versions and no aliases.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct OfFunction {
    function_name: String,
}

fn get_function(world: &World, input: &OfFunction) -> Result<Value, ApiError> {
    let function = find(world, input)?;
    Ok(json!({ "Configuration": configuration(function), "Code": { "RepositoryType": "S3" } }))
}

fn configuration(function: &Function) -> Value {
    let spec = &function.spec;
    let modified = function.modified_at.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string();
    json!({
        "FunctionName": spec.name,
        "FunctionArn": function.arn,
        "Runtime": spec.runtime,
        "Handler": spec.handler,
        "Architectures": [spec.architecture],
        "Timeout": spec.timeout.as_secs(),
        "MemorySize": spec.memory_mb,
        "Environment": { "Variables": spec.environment },
        "LoggingConfig": { "LogFormat": "Text", "LogGroup": spec.log_group },
        "PackageType": "Zip",
        "Version": "$LATEST",
        "State": function.state.as_str(),
        "LastUpdateStatus": "Successful",
        "LastModified": modified,
    })
}

fn get_policy(world: &World, input: &OfFunction) -> Result<Value, ApiError> {
    let function = find(world, input)?;
    let statements: Vec<Value> = function
        .spec
        .permissions
        .iter()
        .map(|permission| {
            let mut statement = json!({
                "Sid": permission.id,
                "Effect": "Allow",
                "Principal": { "Service": permission.principal },
                "Action": "lambda:InvokeFunction",
                "Resource": function.arn,
            });
            if let Some(source) = &permission.source_arn {
                statement["Condition"] = json!({ "ArnLike": { "AWS:SourceArn": source } });
            }
            statement
        })
        .collect();
    // A function without a permission has no policy.
    if statements.is_empty() {
        return Err(not_found("The resource you requested does not exist."));
    }
    let policy = json!({ "Version": "2012-10-17", "Id": "default", "Statement": statements });
    Ok(json!({ "Policy": policy.to_string() }))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct InvokeInput {
    function_name: String,
    invocation_type: Option<String>,
    log_type: Option<String>,
    /// Nothing counts as `null`.
    #[serde(default)]
    payload: Value,
}

fn invoke(world: &World, input: InvokeInput) -> Result<Invoke, ApiError> {
    let unknown = |what: &str, value: &str| {
        let message = format!("The lab does not simulate the {what} {value}");
        ApiError::new(400, "InvalidParameterValueException", &message)
    };
    match (input.invocation_type.as_deref(), input.log_type.as_deref()) {
        (None | Some("RequestResponse"), None | Some("None")) => {}
        (None | Some("RequestResponse"), Some(log)) => return Err(unknown("log type", log)),
        (Some(invocation), _) => return Err(unknown("invocation type", invocation)),
    }
    let function = find(world, &OfFunction { function_name: input.function_name })?;
    Ok(Invoke { function: function.spec.name.clone(), payload: input.payload })
}

/// The answer to an invoker: the function's own, whether it is a good one or not.
pub(crate) fn invoked(
    mut response: Response<Bytes>,
    result: Result<Value, FunctionError>,
) -> Response<Bytes> {
    let payload = match result {
        Ok(value) => value,
        Err(FunctionError { error_type, message }) => {
            let unhandled = HeaderValue::from_static("Unhandled");
            response.headers_mut().insert("x-amz-function-error", unhandled);
            json!({ "errorType": error_type, "errorMessage": message })
        }
    };
    let version = HeaderValue::from_static("$LATEST");
    response.headers_mut().insert("x-amz-executed-version", version);
    *response.status_mut() = StatusCode::OK;
    *response.body_mut() = payload.to_string().into();
    response
}

/// The answer where there is no Lambda service: AWS would say something like it of a function that
/// could not be made.
pub(crate) fn not_run(function: &str) -> Response<Bytes> {
    let message = format!("The lab was started without what runs {function}");
    let error = ApiError::new(409, "ResourceConflictException", &message);
    Protocol::RestJson.error(&error, "")
}

fn find<'a>(world: &'a World, input: &OfFunction) -> Result<&'a Function, ApiError> {
    let name = &input.function_name;
    let arn = || world.arns().function(name);
    world.function(name).ok_or_else(|| not_found(&format!("Function not found: {}", arn())))
}

fn not_found(message: &str) -> ApiError {
    ApiError::new(404, "ResourceNotFoundException", message)
}
