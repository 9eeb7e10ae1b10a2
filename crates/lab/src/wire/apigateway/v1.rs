//! The first version: REST APIs. An integration belongs to a resource and an HTTP method, changes
//! are lists of patch operations, times are numbers (F7).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{bad_request, check_uri, find_api, not_found, refused};
use crate::wire::error::ApiError;
use crate::wire::input;
use crate::wire::protocol::Body;
use crate::wire::request::ApiRequest;
use crate::world::{Api, ApiKind, Integration, IntegrationType, Stage, StageDeployment, World};

pub(in crate::wire) fn perform(world: &mut World, request: &ApiRequest) -> Result<Body, ApiError> {
    match request.operation.as_str() {
        "GetRestApis" => Ok(Body::Json(get_rest_apis(world))),
        "GetResources" => get_resources(world, &input(request)?).map(Body::Json),
        "GetRestApi" => get_rest_api(world, &input(request)?).map(Body::Json),
        "GetIntegration" => get_integration(world, &input(request)?).map(Body::Json),
        "UpdateIntegration" => update_integration(world, &input(request)?).map(Body::Json),
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
    rest_api_id: String,
}

/// All of them on one page, which is assumed to be long enough.
fn get_rest_apis(world: &World) -> Value {
    let items: Vec<Value> = world.apis(ApiKind::Rest).map(show_api).collect();
    json!({ "item": items })
}

fn get_rest_api(world: &World, input: &OfApi) -> Result<Value, ApiError> {
    find_rest_api(world, &input.rest_api_id).map(show_api)
}

fn show_api(api: &Api) -> Value {
    json!({
        "id": api.id,
        "name": api.name,
        "createdDate": api.created_at.as_second(),
        "apiKeySource": "HEADER",
        "endpointConfiguration": { "types": [if api.private { "PRIVATE" } else { "REGIONAL" }] },
        "disableExecuteApiEndpoint": false,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GetResources {
    rest_api_id: String,
    /// `methods` to have their integrations as well.
    embed: Option<String>,
}

/// All of them on one page, which is assumed to be long enough.
fn get_resources(world: &World, input: &GetResources) -> Result<Value, ApiError> {
    let GetResources { rest_api_id, embed } = input;
    let api = find_rest_api(world, rest_api_id)?;
    let embeds = embed.as_deref() == Some("methods");
    let mut resources: BTreeMap<&str, Value> = BTreeMap::new();
    for (method, path, id) in api.routes() {
        let resource = id.split(':').next().unwrap_or(id);
        let shown = resources
            .entry(resource)
            .or_insert_with(|| json!({ "id": resource, "path": path, "resourceMethods": {} }));
        let integration = api.integrations.get(id).filter(|_| embeds);
        shown["resourceMethods"][method] = integration.map_or_else(
            || json!({}),
            |it| {
                json!({
                    "httpMethod": method,
                    "authorizationType": "NONE",
                    "methodIntegration": show_integration(it, resource),
                })
            },
        );
    }
    Ok(json!({ "item": resources.into_values().collect::<Vec<_>>() }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OfIntegration {
    rest_api_id: String,
    resource_id: String,
    http_method: String,
}

fn get_integration(world: &World, input: &OfIntegration) -> Result<Value, ApiError> {
    let OfIntegration { rest_api_id, resource_id, http_method } = input;
    let integration = find_integration(world, rest_api_id, resource_id, http_method)?;
    Ok(show_integration(integration, resource_id))
}

/// One step of a change: a JSON patch in which every value is a string.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PatchOperation {
    op: String,
    path: String,
    value: Option<String>,
}

impl PatchOperation {
    fn unknown(&self) -> ApiError {
        let Self { op, path, .. } = self;
        bad_request(&format!("The lab does not simulate the patch operation {op} of {path}"))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UpdateIntegration {
    rest_api_id: String,
    resource_id: String,
    http_method: String,
    #[serde(default)]
    patch_operations: Vec<PatchOperation>,
}

fn update_integration(world: &mut World, input: &UpdateIntegration) -> Result<Value, ApiError> {
    let UpdateIntegration { rest_api_id, resource_id, http_method, patch_operations } = input;
    let integration = find_integration(world, rest_api_id, resource_id, http_method)?;
    let mut changed = integration.uri.clone();
    for patch in patch_operations {
        match (patch.op.as_str(), patch.path.as_str(), &patch.value) {
            ("replace", "/uri", Some(uri)) => {
                check_uri(world, integration, ApiKind::Rest, uri)?;
                changed.clone_from(uri);
            }
            _ => return Err(patch.unknown()),
        }
    }
    let id = integration.id.clone();
    world
        .change_integration(rest_api_id, &id, |integration| integration.uri = changed)
        .map_err(|error| refused(&error))?;
    let integration = find_integration(world, rest_api_id, resource_id, http_method)?;
    Ok(show_integration(integration, resource_id))
}

fn get_stages(world: &World, input: &OfApi) -> Result<Value, ApiError> {
    let api = find_rest_api(world, &input.rest_api_id)?;
    let items: Vec<Value> = api.stages.values().map(show_stage).collect();
    Ok(json!({ "item": items }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OfStage {
    rest_api_id: String,
    stage_name: String,
}

fn get_stage(world: &World, input: &OfStage) -> Result<Value, ApiError> {
    find_stage(world, &input.rest_api_id, &input.stage_name).map(show_stage)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UpdateStage {
    rest_api_id: String,
    stage_name: String,
    #[serde(default)]
    patch_operations: Vec<PatchOperation>,
}

fn update_stage(world: &mut World, input: &UpdateStage) -> Result<Value, ApiError> {
    let UpdateStage { rest_api_id, stage_name, patch_operations } = input;
    find_stage(world, rest_api_id, stage_name)?;
    let change = |patch: &'_ PatchOperation| {
        let variable = patch.path.strip_prefix("/variables/");
        match (patch.op.as_str(), variable, patch.value.as_deref()) {
            ("replace", Some(name), Some(value)) => Ok((name.to_owned(), Some(value.to_owned()))),
            ("remove", Some(name), None) => Ok((name.to_owned(), None)),
            _ => Err(patch.unknown()),
        }
    };
    let changes = patch_operations.iter().map(change).collect::<Result<Vec<_>, _>>()?;
    let changes: Vec<(&str, Option<&str>)> =
        changes.iter().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
    world
        .change_stage_variables(rest_api_id, stage_name, &changes)
        .map_err(|error| refused(&error))?;
    find_stage(world, rest_api_id, stage_name).map(show_stage)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OfDeployment {
    rest_api_id: String,
    deployment_id: String,
}

fn get_deployment(world: &World, input: &OfDeployment) -> Result<Value, ApiError> {
    let OfDeployment { rest_api_id, deployment_id } = input;
    find_rest_api(world, rest_api_id)?
        .deployments
        .get(deployment_id)
        .map(show_deployment)
        .ok_or_else(|| not_found("Invalid Deployment identifier specified"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CreateDeployment {
    rest_api_id: String,
    stage_name: Option<String>,
    description: Option<String>,
}

/// AWS makes a stage of a name that it does not know; the lab does not simulate that.
fn create_deployment(world: &mut World, input: CreateDeployment) -> Result<Value, ApiError> {
    let CreateDeployment { rest_api_id, stage_name, description } = input;
    let stage = stage_name.ok_or_else(|| {
        bad_request("The lab deploys to a stage that is there: give stageName of one")
    })?;
    find_stage(world, &rest_api_id, &stage)?;
    let deployment_id = world
        .create_deployment(&rest_api_id, &stage, description)
        .map_err(|error| refused(&error))?;
    get_deployment(world, &OfDeployment { rest_api_id, deployment_id })
}

fn find_rest_api<'a>(world: &'a World, id: &str) -> Result<&'a Api, ApiError> {
    find_api(world, id, ApiKind::Rest)
}

fn find_integration<'a>(
    world: &'a World,
    api_id: &str,
    resource: &str,
    method: &str,
) -> Result<&'a Integration, ApiError> {
    let api = find_rest_api(world, api_id)?;
    api.integrations.get(&format!("{resource}:{method}")).ok_or_else(|| {
        let prefix = format!("{resource}:");
        let is_known = api.integrations.keys().any(|id| id.starts_with(&prefix));
        let what = if is_known { "Method" } else { "Resource" };
        not_found(&format!("Invalid {what} identifier specified"))
    })
}

fn find_stage<'a>(world: &'a World, api_id: &str, name: &str) -> Result<&'a Stage, ApiError> {
    let stage = find_rest_api(world, api_id)?.stages.get(name);
    stage.ok_or_else(|| not_found("Invalid stage identifier specified"))
}

fn show_integration(integration: &Integration, resource: &str) -> Value {
    let mut shown = json!({
        "type": integration.integration_type.as_str(),
        "passthroughBehavior": "WHEN_NO_MATCH",
        "timeoutInMillis": integration.timeout_ms,
        "cacheNamespace": resource,
        "cacheKeyParameters": [],
    });
    if integration.integration_type != IntegrationType::Mock {
        shown["httpMethod"] = integration.method.as_str().into();
        shown["uri"] = integration.uri.as_str().into();
        shown["connectionType"] = "INTERNET".into();
        shown["requestParameters"] = json!(integration.request_parameters);
    }
    if let Some(link) = &integration.vpc_link {
        shown["connectionType"] = "VPC_LINK".into();
        shown["connectionId"] = link.as_str().into();
    }
    shown
}

fn show_stage(stage: &Stage) -> Value {
    let mut shown = json!({
        "stageName": stage.name,
        "deploymentId": stage.deployment_id,
        "variables": stage.variables,
        "createdDate": stage.created_at.as_second(),
        "lastUpdatedDate": stage.updated_at.as_second(),
        "cacheClusterEnabled": false,
        "cacheClusterStatus": "NOT_AVAILABLE",
        "methodSettings": {},
        "tracingEnabled": false,
    });
    if let Some(canary) = &stage.canary {
        shown["canarySettings"] = json!({
            "percentTraffic": f64::from(canary.percent),
            "deploymentId": canary.deployment_id,
            "stageVariableOverrides": canary.variables,
            "useStageCache": false,
        });
    }
    shown
}

fn show_deployment(deployment: &StageDeployment) -> Value {
    json!({
        "id": deployment.id,
        "createdDate": deployment.created_at.as_second(),
        "description": deployment.description,
    })
}
