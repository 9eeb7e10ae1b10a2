//! What is done to the world by hand: to its tasks, and to the API.

use eden_lab::World;
use eden_lab::example::{API, CLUSTER, PROXY_INTEGRATION, ROOT_INTEGRATION, SERVICE};
use eden_lab::world::{AppState, Behaviour, HealthStatus, OperatorError, Task};

use crate::setting::PATH;
use crate::watch::address;

/// What a revision does whose image is not there.
pub(crate) fn unstartable() -> Behaviour {
    let reason = "CannotPullContainerError: pull image manifest has been retried 5 time(s)";
    Behaviour::NeverStarts { reason: reason.to_owned() }
}

/// The service's tasks, oldest first.
pub(crate) fn all(world: &World) -> Vec<Task> {
    world.tasks(CLUSTER, SERVICE).into_iter().cloned().collect()
}

/// The service's tasks that run and shall run, oldest first.
pub(crate) fn running(world: &World) -> Vec<Task> {
    world.tasks(CLUSTER, SERVICE).into_iter().filter(|task| task.is_running()).cloned().collect()
}

/// The same, the one first that the route leads to. By this turn faults mean tasks: policies lead to
/// different ones, and luck must not decide whose a fault befalls.
pub(crate) fn in_turn(world: &World) -> Vec<Task> {
    let upstream = world.upstream(API, PATH);
    let target = upstream.as_deref().and_then(address).and_then(|to| world.listening_at(to));
    let mut tasks = running(world);
    tasks.sort_by_key(|task| target.is_none_or(|target| target.arn != task.arn));
    tasks
}

type Outcome = Result<(), OperatorError>;

/// A fault of a task that is not there, or of a health check that the task does not have, is none.
pub(crate) fn on_task(world: &mut World, nth: usize, act: impl Fn(&mut World, &str) -> Outcome) {
    let running = in_turn(world);
    if !running.is_empty() {
        let _ = act(world, &running[nth % running.len()].arn);
    }
}

/// The same for each task that runs.
pub(crate) fn on_all(world: &mut World, act: impl Fn(&mut World, &str) -> Outcome) {
    for task in running(world) {
        let _ = act(world, &task.arn);
    }
}

/// The container health check of a task has noticed what its application does.
pub(crate) fn notice(world: &mut World, arn: &str) {
    let sick = |task: &Task| task.is_running() && task.app != AppState::Serving;
    if world.task(arn).is_some_and(sick) {
        let _ = world.set_container_health(arn, HealthStatus::Unhealthy);
    }
}

/// Somebody points the route to this address by hand, and deploys the stages that do not by
/// themselves.
pub(crate) fn point_route(world: &mut World, to: &str) {
    let scheme = scheme(world);
    for (integration, rest) in [(ROOT_INTEGRATION, ""), (PROXY_INTEGRATION, "{proxy}")] {
        let uri = format!("{scheme}://{to}/{rest}");
        let _ = world.set_integration_uri(API, integration, &uri);
    }
    for stage in manual_stages(world) {
        let _ = world.deploy_stage(API, &stage, None);
    }
}

/// What the service's applications speak.
pub(crate) fn scheme(world: &World) -> &'static str {
    let service = world.service(CLUSTER, SERVICE);
    let tls = service.is_some_and(|service| service.primary.task_definition.tls);
    if tls { "https" } else { "http" }
}

/// The stages of the API in which a change only shows when somebody deploys them.
pub(crate) fn manual_stages(world: &World) -> Vec<String> {
    let stages = world.api(API).into_iter().flat_map(|api| api.stages.values());
    stages.filter(|stage| !stage.auto_deploy).map(|stage| stage.name.clone()).collect()
}
