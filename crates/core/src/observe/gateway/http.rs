//! HTTP APIs (`apigatewayv2`): integrations by id, stages that may deploy by themselves (F4).

use aws_sdk_apigatewayv2::types::{ConnectionType, IntegrationType, Stage as ApiStage};
use eden_policy::facts::{Integration, IntegrationKind, Obstacle, Stage, StageDeployment};

use super::super::timestamp;
use super::{Variable, mapped_host, of, serves};
use crate::aws::Aws;
use crate::call_error::CallError;

pub(super) async fn integration(aws: &Aws, api: &str, id: &str) -> Result<Integration, CallError> {
    let request = aws.apigatewayv2.get_integration().api_id(api).integration_id(id);
    let answer = request.send().await.map_err(|error| {
        CallError::new("GetIntegration", of(api, id), &error)
            .or_not_found("check API_GATEWAY_ID, INTEGRATION_ID and API_TYPE, which is HTTP")
    })?;
    Ok(Integration {
        kind: kind(answer.integration_type(), answer.connection_type()),
        uri: answer.integration_uri().map(str::to_owned),
        host: mapped_host(answer.request_parameters(), "overwrite:header.", constant),
    })
}

/// What is written out is constant; what is worked out for each request has a `$` in it.
fn constant(value: &str) -> Option<&str> {
    (!value.contains('$')).then_some(value)
}

/// What kind of integration this type and connection make (F6).
pub fn kind(
    r#type: Option<&IntegrationType>,
    connection: Option<&ConnectionType>,
) -> IntegrationKind {
    match (r#type, connection) {
        (Some(IntegrationType::HttpProxy), Some(ConnectionType::Internet) | None) => {
            IntegrationKind::Http
        }
        (r#type, connection) => IntegrationKind::Other(format!(
            "{} over {}",
            r#type.map_or("an unnamed type", IntegrationType::as_str),
            connection.map_or("INTERNET", ConnectionType::as_str),
        )),
    }
}

pub(super) async fn stages(aws: &Aws, api: &str) -> Result<Vec<Stage>, CallError> {
    let mut stages = Vec::new();
    let mut token = None;
    loop {
        let request = aws.apigatewayv2.get_stages().api_id(api).set_next_token(token);
        let page = request.send().await.map_err(|error| {
            CallError::new("GetStages", format!("API {api}"), &error)
                .or_not_found("check API_GATEWAY_ID and API_TYPE, which is HTTP")
        })?;
        stages.extend(page.items().iter().map(stage));
        token = page.next_token;
        if token.is_none() {
            return Ok(stages);
        }
    }
}

fn stage(stage: &ApiStage) -> Stage {
    Stage {
        name: stage.stage_name().unwrap_or_default().to_owned(),
        auto_deploy: stage.auto_deploy().unwrap_or(false),
        named: false,
        serves: serves(stage.deployment_id()),
        obstacle: failure(stage).map(Obstacle::DeploymentFailed),
    }
}

/// What API Gateway says of an automatic deployment that failed. It says so in words alone, as it does
/// of one that did not (F56).
fn failure(stage: &ApiStage) -> Option<String> {
    let said = stage.last_deployment_status_message()?;
    let failed = stage.auto_deploy() == Some(true) && said.to_ascii_lowercase().contains("failed");
    failed.then(|| said.to_owned())
}

pub(super) async fn deployment(
    aws: &Aws,
    api: &str,
    id: &str,
) -> Result<StageDeployment, CallError> {
    let request = aws.apigatewayv2.get_deployment().api_id(api).deployment_id(id);
    let answer = request
        .send()
        .await
        .map_err(|error| CallError::new("GetDeployment", of(api, id), &error))?;
    Ok(StageDeployment {
        description: answer.description().map(str::to_owned),
        created_at: timestamp(answer.created_date()),
    })
}

pub(super) async fn variable(
    aws: &Aws,
    api: &str,
    stage: &str,
    name: &str,
) -> Result<Variable, CallError> {
    let request = aws.apigatewayv2.get_stage().api_id(api).stage_name(stage);
    let answer = request.send().await.map_err(|error| {
        CallError::new("GetStage", of(api, &format!("stage {stage}")), &error)
            .or_not_found("check API_GATEWAY_ID, STAGE_NAME and API_TYPE, which is HTTP")
    })?;
    Ok(Variable {
        value: answer.stage_variables().and_then(|all| all.get(name)).cloned(),
        of_canary: None,
        updated_at: timestamp(answer.last_updated_date()),
    })
}
