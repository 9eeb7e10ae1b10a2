//! The service, its counts and deployments.

use std::time::Duration;

use aws_sdk_ecs::types::{
    Deployment as EcsDeployment, DeploymentConfiguration, DeploymentController as EcsController,
    DeploymentControllerType, DeploymentRolloutState, DeploymentStrategy, SchedulingStrategy,
    Service as EcsService, ServiceEvent as EcsServiceEvent, ServiceField, StabilityStatus, TaskSet,
};
use eden_policy::facts::{
    Deployment, DeploymentController, Failing, Refused, RolloutState, Scheduling, Service,
    ServiceEvent, ServiceStatus, Strategy, noted_time,
};
use eden_policy::mode::ModeTag;
use jiff::Timestamp;

use super::timestamp;
use crate::aws::Aws;
use crate::call_error::CallError;
use crate::config::Target;
use crate::memory::OwnNotes;
use crate::tags::{
    CLAIM, FAILED_RUNS, FAILING_SINCE, HEALING, OVERWRITTEN, REDEPLOYED, REFUSED, REPORTED,
    RESTORED, SEEN, STOPPED, TOLD, UNSERVED_SINCE,
};

/// Reads the service. One that ECS reports as MISSING is a fact, any other failure is an error
/// (F17).
///
/// # Errors
/// When the call fails, or answers with neither the service nor its being missing.
pub async fn describe(aws: &Aws, target: &Target) -> Result<Service, CallError> {
    const OPERATION: &str = "DescribeServices";
    let answer = aws
        .ecs
        .describe_services()
        .cluster(&target.cluster)
        .services(&target.service)
        .include(ServiceField::Tags)
        .send()
        .await
        .map_err(|error| CallError::new(OPERATION, &target.service, &error))?;
    if let Some(service) = answer.services().first() {
        let now = aws.now();
        aws.own.compare(|key| tag(service, &target.tag(key)), now);
        return facts(service, target, &aws.own, now).ok_or_else(|| {
            CallError::answered(
                OPERATION,
                &target.service,
                "it has no ARN, or a deployment or task set no id or time",
            )
        });
    }
    match answer.failures().first().and_then(|failure| failure.reason()) {
        Some("MISSING") => Ok(missing()),
        reason => {
            let because = reason.unwrap_or("the answer has no service and no failure");
            Err(CallError::answered(OPERATION, &target.service, because))
        }
    }
}

fn missing() -> Service {
    Service {
        arn: String::new(),
        status: ServiceStatus::Missing,
        desired: 0,
        running: 0,
        pending: 0,
        scheduling: Scheduling::Replica,
        deployments: Vec::new(),
        strategy: Strategy::Rolling,
        bake_time: Duration::ZERO,
        shift: None,
        minimum_healthy_percent: 100,
        maximum_percent: 200,
        health_check_grace: Duration::ZERO,
        controller: DeploymentController::Ecs,
        mode: ModeTag::Absent,
        unserved_since: None,
        failing: None,
        redeployed_at: Vec::new(),
        stopped_at: Vec::new(),
        restored_at: Vec::new(),
        overwritten_at: Vec::new(),
        refused: Vec::new(),
        claim: None,
        seen: None,
        told: None,
        failed_runs: None,
        reported: None,
        events: Vec::new(),
    }
}

fn facts(service: &EcsService, target: &Target, own: &OwnNotes, now: Timestamp) -> Option<Service> {
    // What somebody took away counts as if it were there.
    let note = |key: &'static str| {
        tag(service, &target.tag(key)).map(str::to_owned).or_else(|| own.recall(key))
    };
    // ECS may not show yet what this process has just written: the newest times tell which list is newer.
    let noted_times = |key| {
        let listed = |text: Option<String>| text.map(|text| times(&text, now)).unwrap_or_default();
        let (shown, own) = (listed(note(key)), listed(own.just_written(key, now)));
        if own.iter().rev().gt(shown.iter().rev()) { own } else { shown }
    };
    let configuration = service.deployment_configuration();
    let (minimum_healthy_percent, maximum_percent) = percents(service);
    Some(Service {
        arn: service.service_arn()?.to_owned(),
        status: status(service.status()),
        desired: count(service.desired_count()),
        running: count(service.running_count()),
        pending: count(service.pending_count()),
        scheduling: scheduling(service.scheduling_strategy()),
        deployments: deployments(service)?,
        strategy: strategy(configuration),
        bake_time: Duration::from_mins(
            count(
                configuration
                    .and_then(aws_sdk_ecs::types::DeploymentConfiguration::bake_time_in_minutes)
                    .unwrap_or(0),
            )
            .into(),
        ),
        shift: None,
        minimum_healthy_percent,
        maximum_percent,
        health_check_grace: Duration::from_secs(
            count(service.health_check_grace_period_seconds().unwrap_or(0)).into(),
        ),
        controller: controller(service),
        mode: ModeTag::from(tag(service, &target.tag(HEALING))),
        unserved_since: tag(service, &target.tag(UNSERVED_SINCE))
            .and_then(|since| noted_time(since, now)),
        failing: note(FAILING_SINCE).and_then(|text| failing(&text, now)),
        redeployed_at: noted_times(REDEPLOYED),
        stopped_at: noted_times(STOPPED),
        restored_at: noted_times(RESTORED),
        overwritten_at: noted_times(OVERWRITTEN),
        refused: Refused::parse_all(&note(REFUSED).unwrap_or_default(), now),
        claim: note(CLAIM),
        seen: note(SEEN),
        told: note(TOLD),
        failed_runs: note(FAILED_RUNS),
        reported: note(REPORTED),
        events: service.events().iter().filter_map(event).collect(),
    })
}

/// The service's deployments, or the task sets that stand for them where ECS does not deploy it
/// (F46).
fn deployments(service: &EcsService) -> Option<Vec<Deployment>> {
    if service.deployments().is_empty() {
        return service.task_sets().iter().map(task_set).collect();
    }
    let present = |it: &&EcsDeployment| it.status() != Some("INACTIVE");
    service.deployments().iter().filter(present).map(deployment).collect()
}

fn deployment(deployment: &EcsDeployment) -> Option<Deployment> {
    Some(Deployment {
        id: deployment.id()?.to_owned(),
        primary: deployment.status() == Some("PRIMARY"),
        rollout: rollout(deployment.rollout_state()),
        created_at: timestamp(deployment.created_at())?,
        definition: deployment.task_definition().unwrap_or_default().to_owned(),
        desired: count(deployment.desired_count()),
    })
}

/// A task set wants no task any more once it is DRAINING.
fn task_set(set: &TaskSet) -> Option<Deployment> {
    let drains = set.status() == Some("DRAINING");
    Some(Deployment {
        id: set.id()?.to_owned(),
        primary: set.status() == Some("PRIMARY"),
        rollout: match set.stability_status() {
            Some(StabilityStatus::SteadyState) => RolloutState::Completed,
            Some(StabilityStatus::Stabilizing) => RolloutState::InProgress,
            Some(_) | None => RolloutState::Unknown,
        },
        created_at: timestamp(set.created_at())?,
        definition: set.task_definition().unwrap_or_default().to_owned(),
        desired: if drains { 0 } else { count(set.computed_desired_count()) },
    })
}

/// How many tasks a deployment keeps at least and runs at most, in percent of the desired count, with
/// ECS's defaults.
fn percents(service: &EcsService) -> (u32, u32) {
    let daemon = service.scheduling_strategy() == Some(&SchedulingStrategy::Daemon);
    let (least, most) = if daemon { (0, 100) } else { (100, 200) };
    let configuration = service.deployment_configuration();
    let of = |percent: Option<i32>, default| percent.map_or(default, count);
    (
        of(
            configuration
                .and_then(aws_sdk_ecs::types::DeploymentConfiguration::minimum_healthy_percent),
            least,
        ),
        of(
            configuration.and_then(aws_sdk_ecs::types::DeploymentConfiguration::maximum_percent),
            most,
        ),
    )
}

/// The note of a failing service: a time, and what has run since then.
fn failing(text: &str, now: Timestamp) -> Option<Failing> {
    let (since, definition) = text.split_once(' ')?;
    Some(Failing { since: noted_time(since, now)?, definition: definition.to_owned() })
}

/// Times as Eden writes them into a tag.
fn times(text: &str, now: Timestamp) -> Vec<Timestamp> {
    text.split_whitespace().filter_map(|time| noted_time(time, now)).collect()
}

fn event(event: &EcsServiceEvent) -> Option<ServiceEvent> {
    Some(ServiceEvent {
        at: timestamp(event.created_at())?,
        text: event.message().unwrap_or_default().to_owned(),
    })
}

fn tag<'a>(service: &'a EcsService, key: &str) -> Option<&'a str> {
    let tag = service.tags().iter().find(|tag| tag.key() == Some(key))?;
    Some(tag.value().unwrap_or_default())
}

fn status(status: Option<&str>) -> ServiceStatus {
    match status {
        Some("ACTIVE") => ServiceStatus::Active,
        Some("DRAINING") => ServiceStatus::Draining,
        Some("INACTIVE") => ServiceStatus::Inactive,
        Some(_) | None => ServiceStatus::Unknown,
    }
}

fn rollout(state: Option<&DeploymentRolloutState>) -> RolloutState {
    match state {
        Some(DeploymentRolloutState::InProgress) => RolloutState::InProgress,
        Some(DeploymentRolloutState::Completed) => RolloutState::Completed,
        Some(DeploymentRolloutState::Failed) => RolloutState::Failed,
        Some(_) | None => RolloutState::Unknown,
    }
}

/// A service that names none is a REPLICA one.
fn scheduling(strategy: Option<&SchedulingStrategy>) -> Scheduling {
    match strategy {
        Some(SchedulingStrategy::Replica) | None => Scheduling::Replica,
        Some(SchedulingStrategy::Daemon) => Scheduling::Daemon,
        Some(_) => Scheduling::Unknown,
    }
}

/// A service that names none is deployed as all were before there was a choice.
fn strategy(configuration: Option<&DeploymentConfiguration>) -> Strategy {
    match configuration.and_then(DeploymentConfiguration::strategy) {
        Some(DeploymentStrategy::Rolling) | None => Strategy::Rolling,
        Some(DeploymentStrategy::BlueGreen) => Strategy::BlueGreen,
        Some(DeploymentStrategy::Linear) => Strategy::Linear,
        Some(DeploymentStrategy::Canary) => Strategy::Canary,
        Some(_) => Strategy::Unknown,
    }
}

/// A service created without a controller has ECS's own.
fn controller(service: &EcsService) -> DeploymentController {
    match service.deployment_controller().map(EcsController::r#type) {
        Some(DeploymentControllerType::Ecs) | None => DeploymentController::Ecs,
        Some(_) => DeploymentController::Other,
    }
}

/// AWS's counts are signed and never negative.
fn count(count: i32) -> u32 {
    u32::try_from(count).unwrap_or(0)
}
