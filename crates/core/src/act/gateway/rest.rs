//! REST APIs (`apigateway`): changes are lists of patch operations (F7).

use aws_sdk_apigateway::types::{Op, PatchOperation};

use super::persistently;
use crate::act::Outcome;
use crate::aws::Aws;
use crate::call_error::CallError;

fn replace(path: String, value: &str) -> PatchOperation {
    PatchOperation::builder().op(Op::Replace).path(path).value(value).build()
}

/// `integration` is `RESOURCE_ID:METHOD`.
pub(super) async fn point_integration(
    aws: &Aws,
    api: &str,
    integration: &str,
    uri: &str,
) -> Result<Outcome, CallError> {
    let (resource, method) = integration.split_once(':').unwrap_or((integration, "ANY"));
    let request = aws.apigateway.update_integration().rest_api_id(api);
    let request = request.resource_id(resource).http_method(method);
    let request = request.patch_operations(replace("/uri".to_owned(), uri));
    let of = format!("{integration} of API {api}");
    persistently("UpdateIntegration", of, || request.clone().send()).await?;
    Ok(Outcome::Done)
}

pub(super) async fn set_variable(
    aws: &Aws,
    api: &str,
    stage: &str,
    (name, value): (&str, &str),
) -> Result<Outcome, CallError> {
    let request = aws.apigateway.update_stage().rest_api_id(api).stage_name(stage);
    let request = request.patch_operations(replace(format!("/variables/{name}"), value));
    let of = format!("variable {name} of stage {stage} of API {api}");
    persistently("UpdateStage", of, || request.clone().send()).await?;
    Ok(Outcome::Done)
}

pub(super) async fn deploy_stage(
    aws: &Aws,
    api: &str,
    stage: &str,
    note: &str,
) -> Result<Outcome, CallError> {
    let request = aws.apigateway.create_deployment().rest_api_id(api);
    let request = request.stage_name(stage).description(note);
    let of = format!("stage {stage} of API {api}");
    persistently("CreateDeployment", of, || request.clone().send()).await?;
    Ok(Outcome::Done)
}
