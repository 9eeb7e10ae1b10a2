//! REST APIs (`apigateway`): integrations by resource and method, stages that always need a
//! deployment (F7).

use aws_sdk_apigateway::types::{ConnectionType, IntegrationType, Stage as ApiStage};
use eden_policy::facts::{Integration, IntegrationKind, Obstacle, Stage, StageDeployment};

use super::super::timestamp;
use super::{Variable, mapped_host, of, serves};
use crate::aws::Aws;
use crate::call_error::CallError;

/// `id` is `RESOURCE_ID:METHOD`.
pub(super) async fn integration(aws: &Aws, api: &str, id: &str) -> Result<Integration, CallError> {
    let (resource, method) = id.split_once(':').unwrap_or((id, "ANY"));
    let request = aws.apigateway.get_integration().rest_api_id(api);
    let request = request.resource_id(resource).http_method(method);
    let answer = request.send().await.map_err(|error| {
        CallError::new("GetIntegration", of(api, id), &error)
            .or_not_found("check API_GATEWAY_ID, INTEGRATION_ID and API_TYPE, which is REST")
    })?;
    Ok(Integration {
        kind: kind(answer.r#type(), answer.connection_type()),
        uri: answer.uri().map(str::to_owned),
        host: mapped_host(answer.request_parameters(), "integration.request.header.", constant),
    })
}

/// What is in single quotes is constant.
fn constant(value: &str) -> Option<&str> {
    value.strip_prefix('\'')?.strip_suffix('\'')
}

/// What kind of integration this type and connection make (F6).
pub fn kind(
    r#type: Option<&IntegrationType>,
    connection: Option<&ConnectionType>,
) -> IntegrationKind {
    match (r#type, connection) {
        (
            Some(IntegrationType::HttpProxy | IntegrationType::Http),
            Some(ConnectionType::Internet) | None,
        ) => IntegrationKind::Http,
        (r#type, connection) => IntegrationKind::Other(format!(
            "{} over {}",
            r#type.map_or("an unnamed type", IntegrationType::as_str),
            connection.map_or("INTERNET", ConnectionType::as_str),
        )),
    }
}

pub(super) async fn stages(aws: &Aws, api: &str) -> Result<Vec<Stage>, CallError> {
    let answer = aws.apigateway.get_stages().rest_api_id(api).send().await.map_err(|error| {
        CallError::new("GetStages", format!("API {api}"), &error)
            .or_not_found("check API_GATEWAY_ID and API_TYPE, which is REST")
    })?;
    Ok(answer.item().iter().map(stage).collect())
}

fn stage(stage: &ApiStage) -> Stage {
    Stage {
        name: stage.stage_name().unwrap_or_default().to_owned(),
        auto_deploy: false,
        named: false,
        serves: serves(stage.deployment_id()),
        obstacle: stage.canary_settings().map(|_| Obstacle::Canary),
    }
}

pub(super) async fn deployment(
    aws: &Aws,
    api: &str,
    id: &str,
) -> Result<StageDeployment, CallError> {
    let request = aws.apigateway.get_deployment().rest_api_id(api).deployment_id(id);
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
    let request = aws.apigateway.get_stage().rest_api_id(api).stage_name(stage);
    let answer = request.send().await.map_err(|error| {
        CallError::new("GetStage", of(api, &format!("stage {stage}")), &error)
            .or_not_found("check API_GATEWAY_ID, STAGE_NAME and API_TYPE, which is REST")
    })?;
    Ok(Variable {
        value: answer.variables().and_then(|all| all.get(name)).cloned(),
        of_canary: answer
            .canary_settings()
            .and_then(|canary| canary.stage_variable_overrides()?.get(name))
            .cloned(),
        updated_at: timestamp(answer.last_updated_date()),
    })
}
