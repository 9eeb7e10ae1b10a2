//! HTTP APIs (`apigatewayv2`).

use aws_sdk_apigatewayv2::types::DeploymentStatus;

use super::persistently;
use crate::act::Outcome;
use crate::aws::Aws;
use crate::call_error::CallError;

pub(super) async fn point_integration(
    aws: &Aws,
    api: &str,
    integration: &str,
    uri: &str,
) -> Result<Outcome, CallError> {
    let request = aws.apigatewayv2.update_integration().api_id(api);
    let request = request.integration_id(integration).integration_uri(uri);
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
    let request = aws.apigatewayv2.update_stage().api_id(api).stage_name(stage);
    let request = request.stage_variables(name, value);
    let of = format!("variable {name} of stage {stage} of API {api}");
    persistently("UpdateStage", of, || request.clone().send()).await?;
    Ok(Outcome::Done)
}

/// A deployment that API Gateway took and could not make is a failure (F56).
pub(super) async fn deploy_stage(
    aws: &Aws,
    api: &str,
    stage: &str,
    note: &str,
) -> Result<Outcome, CallError> {
    let request = aws.apigatewayv2.create_deployment().api_id(api);
    let request = request.stage_name(stage).description(note);
    let of = format!("stage {stage} of API {api}");
    let made = persistently("CreateDeployment", of.clone(), || request.clone().send()).await?;
    if made.deployment_status() == Some(&DeploymentStatus::Failed) {
        let because = made.deployment_status_message().unwrap_or("no reason given");
        return Err(CallError::answered("CreateDeployment", of, format!("FAILED: {because}")));
    }
    Ok(Outcome::Done)
}
