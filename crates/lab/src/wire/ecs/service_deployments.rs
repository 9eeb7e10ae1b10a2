//! A service's history: `ListServiceDeployments`, `DescribeServiceDeployments` and
//! `DescribeServiceRevisions`.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{counts, find_cluster, find_service, missing, show_configuration};
use crate::wire::error::ApiError;
use crate::world::arn::short_name;
use crate::world::events::{CONTAINER, epoch_seconds};
use crate::world::{Deployment, RolloutState, Service, Task, World};

/// So many deployments or revisions can be described at once.
const MOST_ARNS: usize = 20;
/// So many deployments are listed on a page by default, and at most.
const DEFAULT_PAGE: usize = 20;
const MOST_RESULTS: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ListServiceDeployments {
    cluster: Option<String>,
    service: String,
    status: Option<Vec<String>>,
    created_at: Option<CreatedAt>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

/// In seconds since 1970.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreatedAt {
    after: Option<f64>,
    before: Option<f64>,
}

impl CreatedAt {
    fn includes(&self, at: Timestamp) -> bool {
        let at = epoch_seconds(at);
        self.after.is_none_or(|after| at > after) && self.before.is_none_or(|before| at < before)
    }
}

/// The deployments, by id: AWS documents no order, so there is none to rely on.
pub(super) fn list(world: &World, input: ListServiceDeployments) -> Result<Value, ApiError> {
    let cluster = find_cluster(world, input.cluster)?;
    let service = find_service(world, &cluster, &input.service)?;
    let page = input.max_results.unwrap_or(DEFAULT_PAGE);
    if !(1..=MOST_RESULTS).contains(&page) {
        let message = format!("maxResults must be 1 to {MOST_RESULTS}.");
        return Err(ApiError::invalid_parameter(&message));
    }
    // It may be fewer (API reference of `ListServiceDeployments`).
    let page = page.min(world.list_page()).max(1);
    let start = match input.next_token {
        None => 0,
        Some(token) => token.parse().map_err(|_| ApiError::invalid_parameter("Invalid token."))?,
    };
    let of_status = |status: &'static str| {
        let asked = input.status.as_ref().filter(|asked| !asked.is_empty());
        asked.is_none_or(|asked| asked.iter().any(|it| it == status))
    };
    let created = |at| input.created_at.as_ref().is_none_or(|created| created.includes(at));
    // Task sets are no deployments.
    let history = if service.deploys.by_task_sets() { vec![] } else { service.history() };
    let mut found: Vec<&Deployment> = history
        .into_iter()
        .filter(|it| it.rolls_back.is_none())
        .filter(|it| of_status(outcome(service, it).status) && created(it.created_at))
        .collect();
    found.sort_by_key(|it| &it.service_deployment_id);
    let briefs: Vec<Value> = found
        .iter()
        .skip(start)
        .take(page)
        .map(|deployment| show_brief(world, service, deployment))
        .collect();
    let mut output = json!({ "serviceDeployments": briefs });
    if found.len() > start + page {
        output["nextToken"] = (start + page).to_string().into();
    }
    Ok(output)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DescribeServiceDeployments {
    service_deployment_arns: Vec<String>,
}

pub(super) fn describe(
    world: &World,
    input: &DescribeServiceDeployments,
) -> Result<Value, ApiError> {
    let arns = &input.service_deployment_arns;
    let (shown, failures) = find_each(world, arns, |world, service, deployment, arn| {
        (deployment_arn(world, service, deployment) == arn)
            .then(|| show_whole(world, service, deployment))
    })?;
    Ok(json!({ "serviceDeployments": shown, "failures": failures }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StopServiceDeployment {
    service_deployment_arn: String,
    stop_type: Option<String>,
}

/// Which errors it answers is assumed.
pub(super) fn stop(world: &mut World, input: &StopServiceDeployment) -> Result<Value, ApiError> {
    if input.stop_type.as_deref() != Some("ROLLBACK") {
        return Err(ApiError::invalid_parameter("stopType must be ROLLBACK."));
    }
    let arn = &input.service_deployment_arn;
    let service = service_in(world, arn).filter(|service| {
        service.history().into_iter().any(|it| deployment_arn(world, service, it) == *arn)
    });
    let Some(service) = service else {
        let why = "Service deployment not found.";
        return Err(ApiError::new(400, "ServiceDeploymentNotFoundException", why));
    };
    let (service_arn, is_present) =
        (service.arn.clone(), deployment_arn(world, service, &service.primary) == *arn);
    if !(is_present && world.stop_deployment(&service_arn)) {
        let why = "The service deployment is not in a state in which it can be stopped.";
        return Err(ApiError::new(400, "ConflictException", why));
    }
    Ok(json!({ "serviceDeploymentArn": arn }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct DescribeServiceRevisions {
    service_revision_arns: Vec<String>,
}

pub(super) fn describe_revisions(
    world: &World,
    input: &DescribeServiceRevisions,
) -> Result<Value, ApiError> {
    let arns = &input.service_revision_arns;
    let (shown, failures) = find_each(world, arns, |world, service, deployment, arn| {
        (revision_arn(world, service, &deployment.id) == arn)
            .then(|| show_revision(world, service, deployment))
    })?;
    Ok(json!({ "serviceRevisions": shown, "failures": failures }))
}

/// What `show` makes of the deployment that each ARN is about, and the failures for the others.
fn find_each(
    world: &World,
    arns: &[String],
    show: impl Fn(&World, &Service, &Deployment, &str) -> Option<Value>,
) -> Result<(Vec<Value>, Vec<Value>), ApiError> {
    if !(1..=MOST_ARNS).contains(&arns.len()) {
        return Err(ApiError::invalid_parameter(&format!("Give 1 to {MOST_ARNS} ARNs.")));
    }
    let (mut shown, mut failures) = (Vec::new(), Vec::new());
    for arn in arns {
        let found = service_in(world, arn).and_then(|service| {
            let mut history = service.history().into_iter();
            history.find_map(|deployment| show(world, service, deployment, arn))
        });
        match found {
            Some(found) => shown.push(found),
            None => failures.push(missing(arn)),
        }
    }
    Ok((shown, failures))
}

/// The service in the ARN of one of its deployments or revisions: `…/CLUSTER/SERVICE/ID`.
fn service_in<'a>(world: &'a World, arn: &str) -> Option<&'a Service> {
    let mut parts = arn.rsplit('/').skip(1);
    let (service, cluster) = (parts.next()?, parts.next()?);
    world.service(cluster, service)
}

fn deployment_arn(world: &World, service: &Service, deployment: &Deployment) -> String {
    let Service { cluster, name, .. } = service;
    world.arns().service_deployment(cluster, name, &deployment.service_deployment_id)
}

/// The revision that a deployment deploys: every deployment makes one (Developer Guide, service
/// revisions), whose id is the number of the deployment's.
fn revision_arn(world: &World, service: &Service, deployment_id: &str) -> String {
    world.arns().service_revision(&service.cluster, &service.name, short_name(deployment_id))
}

/// Whether a deployment is what the circuit breaker made of another one. The history shows it as a
/// part of that one and not as one of its own, which is assumed (API reference of `Rollback`).
fn rolls_back(deployment: &Deployment, failed: &Deployment) -> bool {
    deployment.rolls_back.as_ref() == Some(&failed.id)
}

/// How far a deployment has come, in the words of the history.
struct Outcome {
    status: &'static str,
    reason: Option<String>,
    finished: bool,
}

fn outcome(service: &Service, deployment: &Deployment) -> Outcome {
    let is_primary = deployment.id == service.primary.id;
    let outcome = |status, reason, finished| Outcome { status, reason, finished };
    if deployment.lifecycle.as_ref().is_some_and(|lifecycle| lifecycle.rolled_back) {
        let status = if is_primary { "ROLLBACK_IN_PROGRESS" } else { "ROLLBACK_SUCCESSFUL" };
        return outcome(status, Some("Rolled back by a person.".to_owned()), !is_primary);
    }
    match deployment.rollout_state {
        RolloutState::InProgress if is_primary => outcome("IN_PROGRESS", None, false),
        // Assumed.
        RolloutState::InProgress => {
            let reason = "Service deployment stopped because of a newer one.";
            outcome("STOPPED", Some(reason.to_owned()), false)
        }
        RolloutState::Completed => outcome("SUCCESSFUL", None, true),
        RolloutState::Failed => {
            let history = service.history();
            let rollback = history.iter().find(|it| rolls_back(it, deployment));
            let (status, finished) = match rollback.map(|it| it.rollout_state) {
                Some(RolloutState::Completed) => ("ROLLBACK_SUCCESSFUL", true),
                Some(RolloutState::Failed) => ("ROLLBACK_FAILED", true),
                Some(RolloutState::InProgress) => ("ROLLBACK_IN_PROGRESS", false),
                // What is not rolled back is stopped (API reference of `ServiceDeployment`).
                None => ("STOPPED", false),
            };
            outcome(status, Some(deployment.rollout_state_reason.clone()), finished)
        }
    }
}

fn show_brief(world: &World, service: &Service, deployment: &Deployment) -> Value {
    let Outcome { status, reason, finished } = outcome(service, deployment);
    let finished_at = deployment.ended_at.filter(|_| finished);
    json!({
        "serviceDeploymentArn": deployment_arn(world, service, deployment),
        "serviceArn": service.arn,
        "clusterArn": world.arns().cluster(&service.cluster),
        "createdAt": epoch_seconds(deployment.created_at),
        "startedAt": epoch_seconds(deployment.created_at),
        "finishedAt": finished_at.map(epoch_seconds),
        "targetServiceRevisionArn": revision_arn(world, service, &deployment.id),
        "status": status,
        "statusReason": reason,
    })
}

fn show_whole(world: &World, service: &Service, deployment: &Deployment) -> Value {
    let Outcome { status, reason, finished } = outcome(service, deployment);
    let tasks = world.tasks(&service.cluster, &service.name);
    let summary = |id: &str| summary(world, service, id, &tasks);
    let sources: Vec<Value> = deployment.sources.iter().map(|id| summary(id)).collect();
    let ended_at = deployment.ended_at;
    let stopped = status == "STOPPED";
    json!({
        "serviceDeploymentArn": deployment_arn(world, service, deployment),
        "serviceArn": service.arn,
        "clusterArn": world.arns().cluster(&service.cluster),
        "createdAt": epoch_seconds(deployment.created_at),
        "startedAt": epoch_seconds(deployment.created_at),
        "finishedAt": ended_at.filter(|_| finished).map(epoch_seconds),
        "stoppedAt": ended_at.filter(|_| stopped).map(epoch_seconds),
        "updatedAt": epoch_seconds(deployment.updated_at),
        "sourceServiceRevisions": sources,
        "targetServiceRevision": summary(&deployment.id),
        "status": status,
        "statusReason": reason,
        "lifecycleStage": deployment.lifecycle.as_ref().map(|it| it.stage.as_str()),
        "deploymentConfiguration": show_configuration(service),
        "deploymentCircuitBreaker": show_circuit_breaker(service, deployment),
    })
}

/// A revision with the tasks that run it.
fn summary(world: &World, service: &Service, deployment_id: &str, tasks: &[&Task]) -> Value {
    let own = tasks.iter().copied().filter(|task| task.started_by == deployment_id);
    let (running, pending) = counts(&own.collect::<Vec<_>>());
    let is_primary = deployment_id == service.primary.id;
    let requested = if is_primary { service.desired_count as usize } else { running + pending };
    json!({
        "arn": revision_arn(world, service, deployment_id),
        "requestedTaskCount": requested,
        "runningTaskCount": running,
        "pendingTaskCount": pending,
    })
}

fn show_circuit_breaker(service: &Service, deployment: &Deployment) -> Value {
    let status = match deployment.rollout_state {
        RolloutState::InProgress | RolloutState::Completed | RolloutState::Failed
            if !service.circuit_breaker =>
        {
            "DISABLED"
        }
        RolloutState::InProgress => "MONITORING",
        RolloutState::Completed => "MONITORING_COMPLETE",
        RolloutState::Failed => "TRIGGERED",
    };
    json!({
        "status": status,
        "failureCount": deployment.failures.tasks,
        "threshold": service.failure_threshold(),
    })
}

fn show_revision(world: &World, service: &Service, deployment: &Deployment) -> Value {
    let definition = &deployment.task_definition;
    json!({
        "serviceRevisionArn": revision_arn(world, service, &deployment.id),
        "serviceArn": service.arn,
        "clusterArn": world.arns().cluster(&service.cluster),
        "taskDefinition": world.arns().task_definition(&definition.family, definition.revision),
        "launchType": definition.networking.launch_type(),
        "platformVersion": definition.networking.is_fargate().then_some("1.4.0"),
        "containerImages": [{ "containerName": CONTAINER, "image": definition.name() }],
        "guardDutyEnabled": false,
        "createdAt": epoch_seconds(deployment.created_at),
    })
}
