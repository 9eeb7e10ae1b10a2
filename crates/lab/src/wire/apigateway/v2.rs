//! The second version: HTTP APIs. An integration has an id, and only what is sent changes (F3).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{bad_request, check_uri, find_api, not_found, refused};
use crate::wire::error::ApiError;
use crate::wire::input;
use crate::wire::protocol::Body;
use crate::wire::request::ApiRequest;
use crate::world::events::whole_seconds;
use crate::world::{Api, ApiKind, Integration, OperatorError, Stage, StageDeployment, World};

pub(in crate::wire) fn perform(world: &mut World, request: &ApiRequest) -> Result<Body, ApiError> {
    match request.operation.as_str() {
        "GetApis" => Ok(Body::Json(get_apis(world))),
        "GetRoutes" => get_routes(world, &input(request)?).map(Body::Json),
        "GetApi" => get_api(world, &input(request)?).map(Body::Json),
        "GetIntegrations" => get_integrations(world, &input(request)?).map(Body::Json),
        "GetIntegration" => get_integration(world, &input(request)?).map(Body::Json),
        "UpdateIntegration" => update_integration(world, input(request)?).map(Body::Json),
        "GetStages" => get_stages(world, &input(request)?).map(Body::Json),
        "GetStage" => get_stage(world, &input(request)?).map(Body::Json),
        "UpdateStage" => update_stage(world, &input(request)?).map(Body::Json),
        "GetDeployment" => get_deployment(world, &input(request)?).map(Body::Json),
        "CreateDeployment" => create_deployment(world, input(request)?).map(Body::Created),
        operation => Err(request.service.unknown_operation(operation)),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OfApi {
    api_id: String,
}

/// All of them on one page, which is assumed to be long enough.
fn get_apis(world: &World) -> Value {
    let items: Vec<Value> = world.apis(ApiKind::Http).map(|it| show_api(world, it)).collect();
    json!({ "items": items })
}

fn get_api(world: &World, input: &OfApi) -> Result<Value, ApiError> {
    find_http_api(world, &input.api_id).map(|api| show_api(world, api))
}

fn show_api(world: &World, api: &Api) -> Value {
    json!({
        "apiId": api.id,
        "name": api.name,
        "protocolType": "HTTP",
        "apiEndpoint": format!("https://{}.execute-api.{}.amazonaws.com", api.id, world.region()),
        "routeSelectionExpression": "$request.method $request.path",
        "createdDate": whole_seconds(api.created_at),
    })
}

fn get_routes(world: &World, input: &OfApi) -> Result<Value, ApiError> {
    let api = find_http_api(world, &input.api_id)?;
    let show = |(at, (method, path, integration)): (usize, (&str, &str, &str))| {
        let key = if path == "$default" { path.to_owned() } else { format!("{method} {path}") };
        json!({
            "routeId": format!("route{at}"),
            "routeKey": key,
            "target": format!("integrations/{integration}"),
            "authorizationType": "NONE",
            "apiKeyRequired": false,
        })
    };
    let items: Vec<Value> = api.routes().enumerate().map(show).collect();
    Ok(json!({ "items": items }))
}

fn get_integrations(world: &World, input: &OfApi) -> Result<Value, ApiError> {
    let api = find_http_api(world, &input.api_id)?;
    let items: Vec<Value> = api.integrations.values().map(show_integration).collect();
    Ok(json!({ "items": items }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OfIntegration {
    api_id: String,
    integration_id: String,
}

fn get_integration(world: &World, input: &OfIntegration) -> Result<Value, ApiError> {
    find_integration(world, &input.api_id, &input.integration_id).map(show_integration)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UpdateIntegration {
    api_id: String,
    integration_id: String,
    integration_uri: Option<String>,
    integration_method: Option<String>,
    description: Option<String>,
    payload_format_version: Option<String>,
    timeout_in_millis: Option<u32>,
}

fn update_integration(world: &mut World, input: UpdateIntegration) -> Result<Value, ApiError> {
    let UpdateIntegration { api_id, integration_id, .. } = &input;
    let integration = find_integration(world, api_id, integration_id)?;
    if let Some(uri) = &input.integration_uri {
        check_uri(world, integration, ApiKind::Http, uri)?;
    }
    let (api_id, integration_id) = (api_id.clone(), integration_id.clone());
    world
        .change_integration(&api_id, &integration_id, |integration| {
            replace(&mut integration.uri, input.integration_uri);
            replace(&mut integration.method, input.integration_method);
            replace(&mut integration.payload_format_version, input.payload_format_version);
            replace(&mut integration.timeout_ms, input.timeout_in_millis);
            if input.description.is_some() {
                integration.description = input.description;
            }
        })
        .map_err(|error| refused(&error))?;
    find_integration(world, &api_id, &integration_id).map(show_integration)
}

fn replace<T>(member: &mut T, sent: Option<T>) {
    if let Some(sent) = sent {
        *member = sent;
    }
}

fn get_stages(world: &World, input: &OfApi) -> Result<Value, ApiError> {
    let api = find_http_api(world, &input.api_id)?;
    let items: Vec<Value> = api.stages.values().map(show_stage).collect();
    Ok(json!({ "items": items }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OfStage {
    api_id: String,
    stage_name: String,
}

fn get_stage(world: &World, input: &OfStage) -> Result<Value, ApiError> {
    find_stage(world, &input.api_id, &input.stage_name).map(show_stage)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UpdateStage {
    api_id: String,
    stage_name: String,
    #[serde(default)]
    stage_variables: BTreeMap<String, String>,
}

/// The variables that are sent join those that are there, and an empty value removes one. The API
/// reference says neither; it is what Terraform's AWS provider rests on and what others found by
/// trying.
fn update_stage(world: &mut World, input: &UpdateStage) -> Result<Value, ApiError> {
    let UpdateStage { api_id, stage_name, stage_variables } = input;
    find_stage(world, api_id, stage_name)?;
    let changes: Vec<(&str, Option<&str>)> = stage_variables
        .iter()
        .map(|(name, value)| (name.as_str(), Some(value.as_str()).filter(|it| !it.is_empty())))
        .collect();
    world.change_stage_variables(api_id, stage_name, &changes).map_err(|error| refused(&error))?;
    find_stage(world, api_id, stage_name).map(show_stage)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CreateDeployment {
    api_id: String,
    stage_name: Option<String>,
    description: Option<String>,
}

fn create_deployment(world: &mut World, input: CreateDeployment) -> Result<Value, ApiError> {
    let CreateDeployment { api_id, stage_name, description } = input;
    let stage =
        stage_name.ok_or_else(|| bad_request("The lab deploys to a stage: give stageName"))?;
    // Assumed: AWS is known to refuse a deployment id for such a stage in UpdateStage.
    if find_stage(world, &api_id, &stage)?.auto_deploy {
        return Err(bad_request("Deployment to a stage with autoDeploy is not allowed"));
    }
    let deployment_id =
        world.create_deployment(&api_id, &stage, description).map_err(|error| refused(&error))?;
    get_deployment(world, &OfDeployment { api_id, deployment_id })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OfDeployment {
    api_id: String,
    deployment_id: String,
}

fn get_deployment(world: &World, input: &OfDeployment) -> Result<Value, ApiError> {
    let OfDeployment { api_id, deployment_id } = input;
    let deployment = find_http_api(world, api_id)?.deployments.get(deployment_id);
    deployment
        .map(show_deployment)
        .ok_or_else(|| not_found(&format!("Unable to find Deployment by id {deployment_id}")))
}

fn find_http_api<'a>(world: &'a World, id: &str) -> Result<&'a Api, ApiError> {
    find_api(world, id, ApiKind::Http)
}

fn find_integration<'a>(
    world: &'a World,
    api_id: &str,
    id: &str,
) -> Result<&'a Integration, ApiError> {
    find_http_api(world, api_id)?
        .integrations
        .get(id)
        .ok_or_else(|| refused(&OperatorError::NoSuchIntegration(id.to_owned())))
}

fn find_stage<'a>(world: &'a World, api_id: &str, name: &str) -> Result<&'a Stage, ApiError> {
    let stage = find_http_api(world, api_id)?.stages.get(name);
    stage.ok_or_else(|| refused(&OperatorError::NoSuchStage(name.to_owned())))
}

fn show_integration(integration: &Integration) -> Value {
    let mut shown = json!({
        "integrationId": integration.id,
        "integrationType": integration.integration_type.as_str(),
        "integrationUri": integration.uri,
        "integrationMethod": integration.method,
        "payloadFormatVersion": integration.payload_format_version,
        "timeoutInMillis": integration.timeout_ms,
        "connectionType": "INTERNET",
        "requestParameters": integration.request_parameters,
    });
    if let Some(description) = &integration.description {
        shown["description"] = description.as_str().into();
    }
    if let Some(link) = &integration.vpc_link {
        shown["connectionType"] = "VPC_LINK".into();
        shown["connectionId"] = link.as_str().into();
    }
    shown
}

fn show_deployment(deployment: &StageDeployment) -> Value {
    json!({
        "deploymentId": deployment.id,
        "deploymentStatus": if deployment.failed.is_some() { "FAILED" } else { "DEPLOYED" },
        "deploymentStatusMessage": deployment.failed,
        "autoDeployed": deployment.auto_deployed,
        "createdDate": whole_seconds(deployment.created_at),
        "description": deployment.description,
    })
}

fn show_stage(stage: &Stage) -> Value {
    json!({
        "stageName": stage.name,
        "autoDeploy": stage.auto_deploy,
        "deploymentId": stage.deployment_id,
        "lastDeploymentStatusMessage": stage.last_deployment_status,
        "stageVariables": stage.variables,
        "createdDate": whole_seconds(stage.created_at),
        "lastUpdatedDate": whole_seconds(stage.updated_at),
        "defaultRouteSettings": { "detailedMetricsEnabled": false },
    })
}
