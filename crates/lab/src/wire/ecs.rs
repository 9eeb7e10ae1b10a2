//! Amazon ECS: AWS JSON 1.1.

mod container_instances;
mod lists;
mod service_deployments;
mod tags;
mod task_definitions;
mod task_protection;

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::ApiError;
use super::input;
use super::protocol::Body;
use super::request::ApiRequest;
use crate::world::arn::short_name;
use crate::world::events::{described_task, epoch_seconds, show_tags};
use crate::world::{Deployment, Deploys, Service, ServiceStatus, Task, World};

/// So many services `DescribeServices` takes, so many tasks `DescribeTasks` (F17).
const MOST_SERVICES: usize = 10;
const MOST_TASKS: usize = 100;
/// So many characters the reason of `StopTask` may have (F18).
const LONGEST_REASON: usize = 255;
/// So many tasks a service may have.
const MOST_DESIRED: u32 = 5000;

pub(super) fn perform(world: &mut World, request: &ApiRequest) -> Result<Body, ApiError> {
    match request.operation.as_str() {
        "ListClusters" => lists::clusters(world, &input(request)?),
        "ListServices" => lists::services(world, input(request)?),
        "DescribeServices" => describe_services(world, input(request)?, request.failed),
        "ListTasks" => list_tasks(world, input(request)?),
        "DescribeTasks" => describe_tasks(world, request),
        "StopTask" => stop_task(world, input(request)?),
        "DescribeContainerInstances" => {
            container_instances::describe(world, input(request)?, request.failed)
        }
        "UpdateService" => update_service(world, input(request)?),
        "GetTaskProtection" => task_protection::get(world, input(request)?, request.failed),
        "ListServiceDeployments" => service_deployments::list(world, input(request)?),
        "DescribeServiceDeployments" => service_deployments::describe(world, &input(request)?),
        "DescribeServiceRevisions" => {
            service_deployments::describe_revisions(world, &input(request)?)
        }
        "StopServiceDeployment" => service_deployments::stop(world, &input(request)?),
        "DescribeTaskDefinition" => task_definitions::describe(world, &input(request)?),
        "TagResource" => tags::tag_resource(world, input(request)?),
        "UntagResource" => tags::untag_resource(world, &input(request)?),
        operation => Err(request.service.unknown_operation(operation)),
    }
    .map(Body::Json)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DescribeServices {
    cluster: Option<String>,
    services: Vec<String>,
    #[serde(default)]
    include: Vec<String>,
}

fn describe_services(
    world: &World,
    input: DescribeServices,
    failed: usize,
) -> Result<Value, ApiError> {
    let cluster = find_cluster(world, input.cluster)?;
    if !(1..=MOST_SERVICES).contains(&input.services.len()) {
        let message = format!("services must be 1 to {MOST_SERVICES}.");
        return Err(ApiError::invalid_parameter(&message));
    }
    let with_tags = includes_tags(&input.include);
    let (mut services, mut failures) = (Vec::new(), Vec::new());
    for (index, name) in input.services.iter().enumerate() {
        match world.service(&cluster, short_name(name)) {
            Some(service) if index >= failed => {
                services.push(show_service(world, service, with_tags));
            }
            _ => failures.push(missing(&world.arns().service(&cluster, short_name(name)))),
        }
    }
    Ok(json!({ "services": services, "failures": failures }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListTasks {
    cluster: Option<String>,
    service_name: Option<String>,
    desired_status: Option<String>,
    max_results: Option<usize>,
    next_token: Option<String>,
}

fn list_tasks(world: &World, input: ListTasks) -> Result<Value, ApiError> {
    let cluster = find_cluster(world, input.cluster)?;
    let service = input
        .service_name
        .ok_or_else(|| ApiError::invalid_parameter("The lab lists tasks by serviceName only."))?;
    let service = find_service(world, &cluster, &service)?;
    let desired = input.desired_status.unwrap_or_else(|| "RUNNING".to_owned());
    let start = match input.next_token {
        None => 0,
        Some(token) => token.parse().map_err(|_| ApiError::invalid_parameter("Invalid token."))?,
    };
    // RUNNING lists what shall run, also while it is still PENDING (F17).
    let found: Vec<&Task> = world
        .tasks(&cluster, &service.name)
        .into_iter()
        .filter(|task| task.desired_status.as_str() == desired)
        .collect();
    let page = input.max_results.unwrap_or(MOST_TASKS).min(world.list_page()).max(1);
    let arns: Vec<&str> =
        found.iter().skip(start).take(page).map(|task| task.arn.as_str()).collect();
    let mut output = json!({ "taskArns": arns });
    if found.len() > start + page {
        output["nextToken"] = (start + page).to_string().into();
    }
    Ok(output)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DescribeTasks {
    cluster: Option<String>,
    tasks: Vec<String>,
    #[serde(default)]
    include: Vec<String>,
}

fn describe_tasks(world: &World, request: &ApiRequest) -> Result<Value, ApiError> {
    let ApiRequest { failed, expired, .. } = *request;
    let input: DescribeTasks = input(request)?;
    let cluster = find_cluster(world, input.cluster)?;
    if !(1..=MOST_TASKS).contains(&input.tasks.len()) {
        let message = format!("tasks must be 1 to {MOST_TASKS}.");
        return Err(ApiError::invalid_parameter(&message));
    }
    let with_tags = includes_tags(&input.include);
    let (mut tasks, mut failures) = (Vec::new(), Vec::new());
    for (index, name) in input.tasks.iter().enumerate() {
        let arn = world.arns().task(&cluster, short_name(name));
        match world.task(&arn) {
            Some(task) if index >= failed && !(expired && task.has_stopped()) => {
                tasks.push(described_task(task, with_tags));
            }
            _ => failures.push(missing(&arn)),
        }
    }
    Ok(json!({ "tasks": tasks, "failures": failures }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StopTask {
    cluster: Option<String>,
    task: String,
    reason: Option<String>,
}

fn stop_task(world: &mut World, input: StopTask) -> Result<Value, ApiError> {
    let cluster = find_cluster(world, input.cluster)?;
    let reason = input.reason.unwrap_or_else(|| "Task stopped by user".to_owned());
    if reason.chars().count() > LONGEST_REASON {
        let message = format!("reason must be at most {LONGEST_REASON} characters.");
        return Err(ApiError::invalid_parameter(&message));
    }
    let arn = world.arns().task(&cluster, short_name(&input.task));
    let not_found = || ApiError::invalid_parameter("The referenced task was not found.");
    world.stop_task(&arn, &reason).map_err(|_| not_found())?;
    let task = world.task(&arn).ok_or_else(not_found)?;
    Ok(json!({ "task": described_task(task, false) }))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UpdateService {
    cluster: Option<String>,
    service: String,
    desired_count: Option<u32>,
    #[serde(default)]
    force_new_deployment: bool,
    task_definition: Option<String>,
}

fn update_service(world: &mut World, input: UpdateService) -> Result<Value, ApiError> {
    let cluster = find_cluster(world, input.cluster)?;
    let service = find_service(world, &cluster, &input.service)?;
    if service.status == ServiceStatus::Inactive {
        return Err(ApiError::new(400, "ServiceNotActiveException", "Service was not ACTIVE."));
    }
    let not_that = |message: &str| Err(ApiError::invalid_parameter(message));
    if service.daemon && input.desired_count.is_some() {
        // https://github.com/fabfuel/ecs-deploy/issues/59
        return not_that(
            "The daemon scheduling strategy does not support a desired count for services. Remove \
             the desired count value and try again.",
        );
    }
    let deploys = input.force_new_deployment || input.task_definition.is_some();
    match service.deploys {
        // https://github.com/keidarcy/e1s/issues/145
        Deploys::CodeDeploy if deploys => {
            return not_that(
                "Unable to update task definition on services with a CODE_DEPLOY deployment \
                 controller. Use AWS CodeDeploy to trigger a new deployment.",
            );
        }
        // Its words are assumed; that it is refused is F22.
        Deploys::External if deploys => {
            return not_that("Services with an EXTERNAL deployment controller are not deployed.");
        }
        Deploys::Rolling | Deploys::BesideBy(_) | Deploys::CodeDeploy | Deploys::External => {}
    }
    let name = service.name.clone();
    let current = service.primary.task_definition.clone();
    let definition = match &input.task_definition {
        None => current.clone(),
        Some(wanted) => world.task_definition(short_name(wanted)).cloned().ok_or_else(|| {
            ApiError::new(400, "ClientException", "Unable to describe task definition.")
        })?,
    };
    // In these words (<https://github.com/Cloud-CV/EvalAI/pull/5167>).
    if input.task_definition.is_some() && !world.is_active(&definition) {
        return Err(ApiError::new(400, "ClientException", "TaskDefinition is inactive"));
    }
    if input.desired_count.is_some_and(|desired| desired > MOST_DESIRED) {
        let message = format!("desiredCount must be 0 to {MOST_DESIRED}.");
        return Err(ApiError::invalid_parameter(&message));
    }
    let gone = |error: crate::world::OperatorError| {
        ApiError::new(400, "ServiceNotFoundException", &error.to_string())
    };
    if let Some(desired) = input.desired_count {
        world.set_desired_count(&cluster, &name, desired).map_err(gone)?;
    }
    if input.force_new_deployment || definition != current {
        world.new_deployment(&cluster, &name, Some(definition)).map_err(gone)?;
    }
    let service = find_service(world, &cluster, &name)?;
    Ok(json!({ "service": show_service(world, service, false) }))
}

fn find_cluster(world: &World, cluster: Option<String>) -> Result<String, ApiError> {
    let cluster = cluster.unwrap_or_else(|| "default".to_owned());
    let name = short_name(&cluster);
    if world.has_cluster(name) {
        Ok(name.to_owned())
    } else {
        Err(ApiError::new(400, "ClusterNotFoundException", "Cluster not found."))
    }
}

fn find_service<'a>(
    world: &'a World,
    cluster: &str,
    service: &str,
) -> Result<&'a Service, ApiError> {
    world
        .service(cluster, short_name(service))
        .ok_or_else(|| ApiError::new(400, "ServiceNotFoundException", "Service not found."))
}

fn includes_tags(include: &[String]) -> bool {
    include.iter().any(|what| what == "TAGS")
}

fn missing(arn: &str) -> Value {
    json!({ "arn": arn, "reason": "MISSING" })
}

/// The tasks of a service that shall run: those that do, and those on their way.
fn counts(tasks: &[&Task]) -> (usize, usize) {
    let wanted = tasks.iter().filter(|task| task.is_wanted()).count();
    let running = tasks.iter().filter(|task| task.is_running()).count();
    (running, wanted - running)
}

fn show_service(world: &World, service: &Service, with_tags: bool) -> Value {
    let tasks = world.tasks(&service.cluster, &service.name);
    let (running, pending) = counts(&tasks);
    let definition = &service.primary.task_definition;
    // Services have deployments, or task sets (F46).
    let each = service.deployments().enumerate();
    let (deployments, task_sets): (Vec<Value>, Vec<Value>) = if service.deploys.by_task_sets() {
        (vec![], each.map(|(index, it)| show_task_set(world, service, it, index, &tasks)).collect())
    } else {
        (
            each.map(|(index, it)| show_deployment(world, service, it, index, &tasks)).collect(),
            vec![],
        )
    };
    let events: Vec<Value> = service
        .messages
        .iter()
        .map(|message| {
            json!({
                "id": message.id,
                "createdAt": epoch_seconds(message.at),
                "message": message.text,
            })
        })
        .collect();
    let tags = if with_tags { show_tags(&service.tags) } else { Vec::new() };
    json!({
        "serviceArn": world.shown_arn(service),
        "serviceName": service.name,
        "clusterArn": world.arns().cluster(&service.cluster),
        "status": service.status.as_str(),
        "desiredCount": service.desired_count,
        "runningCount": running,
        "pendingCount": pending,
        "launchType": definition.networking.launch_type(),
        "platformVersion": definition.networking.is_fargate().then_some("1.4.0"),
        "taskDefinition": world.arns().task_definition(&definition.family, definition.revision),
        "deploymentConfiguration": show_configuration(service),
        "deploymentController": { "type": service.deploys.controller() },
        "deployments": deployments,
        "taskSets": task_sets,
        "events": events,
        "healthCheckGracePeriodSeconds": service.health_check_grace_period_seconds,
        "loadBalancers": [],
        "schedulingStrategy": if service.daemon { "DAEMON" } else { "REPLICA" },
        "createdAt": epoch_seconds(service.created_at),
        "tags": tags,
    })
}

fn show_configuration(service: &Service) -> Value {
    let mut shown = json!({
        "deploymentCircuitBreaker": {
            "enable": service.circuit_breaker,
            "rollback": service.rollback,
        },
        "maximumPercent": service.maximum_percent,
        "minimumHealthyPercent": service.minimum_healthy_percent,
    });
    if let Some(strategy) = service.deploys.strategy() {
        shown["strategy"] = strategy.into();
    }
    if let Deploys::BesideBy(beside) = &service.deploys {
        shown["bakeTimeInMinutes"] = beside.bake_minutes.into();
        let stages: Vec<_> = beside.pauses.iter().map(|stage| stage.as_str()).collect();
        shown["lifecycleHooks"] = json!([{ "targetType": "PAUSE", "lifecycleStages": stages }]);
    }
    shown
}

fn show_deployment(
    world: &World,
    service: &Service,
    deployment: &Deployment,
    index: usize,
    tasks: &[&Task],
) -> Value {
    let own: Vec<&Task> =
        tasks.iter().copied().filter(|task| task.started_by == deployment.id).collect();
    let (running, pending) = counts(&own);
    let definition = &deployment.task_definition;
    // One that is being replaced wants no more tasks than it still has.
    let (status, desired) = match index {
        0 if deployment.lifecycle.is_none() => ("PRIMARY", service.desired_count as usize),
        0 => ("PRIMARY", service.wanted_of(deployment)),
        _ if service.deploys == Deploys::Rolling => ("ACTIVE", running + pending),
        _ => ("ACTIVE", service.wanted_of(deployment)),
    };
    json!({
        "id": deployment.id,
        "status": status,
        "taskDefinition": world.arns().task_definition(&definition.family, definition.revision),
        "desiredCount": desired,
        "pendingCount": pending,
        "runningCount": running,
        "failedTasks": deployment.failures.tasks,
        "createdAt": epoch_seconds(deployment.created_at),
        "updatedAt": epoch_seconds(deployment.updated_at),
        "launchType": definition.networking.launch_type(),
        "platformVersion": definition.networking.is_fargate().then_some("1.4.0"),
        "rolloutState": deployment.rollout_state.as_str(),
        "rolloutStateReason": deployment.rollout_state_reason,
    })
}

/// A task set (API reference of `TaskSet`), whose tasks carry its id as `startedBy`.
fn show_task_set(
    world: &World,
    service: &Service,
    set: &Deployment,
    index: usize,
    tasks: &[&Task],
) -> Value {
    let own: Vec<&Task> = tasks.iter().copied().filter(|task| task.started_by == set.id).collect();
    let (running, pending) = counts(&own);
    let wanted = service.wanted_of(set);
    let status = match (index, set.scale_percent) {
        (0, _) => "PRIMARY",
        (_, 0) => "DRAINING",
        _ => "ACTIVE",
    };
    let steady = running == wanted && pending == 0 && own.iter().all(|task| task.is_ready());
    let definition = &set.task_definition;
    let started_by = (service.deploys == Deploys::CodeDeploy).then_some("CODE_DEPLOY");
    let id = set.id.as_str();
    json!({
        "id": id,
        "taskSetArn": world.arns().task_set(&service.cluster, &service.name, id),
        "serviceArn": service.arn,
        "clusterArn": world.arns().cluster(&service.cluster),
        "startedBy": started_by,
        "status": status,
        "taskDefinition": world.arns().task_definition(&definition.family, definition.revision),
        "computedDesiredCount": wanted,
        "pendingCount": pending,
        "runningCount": running,
        "createdAt": epoch_seconds(set.created_at),
        "updatedAt": epoch_seconds(set.updated_at),
        "launchType": definition.networking.launch_type(),
        "scale": { "value": f64::from(set.scale_percent), "unit": "PERCENT" },
        "stabilityStatus": if steady { "STEADY_STATE" } else { "STABILIZING" },
    })
}
