//! A service that has been well for a while, the troubles that it gets into, and what became of it.

use std::time::Duration;

use eden_lab::World;
use eden_lab::example::{API, CLUSTER, Example, HEALTH_MONITOR, SERVICE};
use eden_lab::world::{AppState, Behaviour, Call, HealthStatus, Task, TaskDefinition};
use eden_tests::rig::{Rig, each, example, minutes, running, seconds};
use eden_tests::sample;
use jiff::Timestamp;
use serde_json::Value;

/// The subject of a mail that calls people.
pub const HUMAN: &str = "Eden Needs a Human";
/// The subject of a mail that says that what people were called for is over.
pub const WELL_AGAIN: &str = "Eden Service Healthy Again";

/// Longer than any test.
const NEVER: Duration = Duration::from_hours(1_000);

/// A service of so many tasks.
pub fn of(tasks: u32) -> Example {
    let mut example = example();
    example.service.desired_count = tasks;
    example
}

/// The same where ECS does not replace tasks that fail their container health check by itself: it
/// has no limit for when it does (F19).
pub fn left_to_eden(mut example: Example) -> Example {
    example.world.timing.unhealthy_replacement = NEVER;
    example
}

/// A service that has been well for so long that no grace and no cooldown holds, with a request a
/// second.
pub async fn settled(example: &Example) -> Rig {
    let rig = Rig::steady(example).await;
    rig.lab.world().start_traffic(API, "/orders/42", seconds(1));
    rig.wait(minutes(21)).await;
    rig
}

/// From now on nobody looks at the service but when a test says so, or the alarm does.
pub fn unschedule(rig: &Rig) {
    assert!(rig.lab.world().set_rule_enabled("prod-eden-scheduled-health-check", false));
}

/// health-monitor looks as on its schedule, and says what it saw and did.
pub async fn look(rig: &Rig) -> Value {
    rig.invoke(HEALTH_MONITOR, sample("scheduled")).await.unwrap()
}

/// The container health checks of these tasks fail from now on.
pub fn sicken<'a>(rig: &Rig, tasks: impl IntoIterator<Item = &'a Task>) {
    set_health(rig, tasks, HealthStatus::Unhealthy);
}

/// The container health checks of these tasks pass again.
pub fn cure<'a>(rig: &Rig, tasks: impl IntoIterator<Item = &'a Task>) {
    set_health(rig, tasks, HealthStatus::Healthy);
}

fn set_health<'a>(rig: &Rig, tasks: impl IntoIterator<Item = &'a Task>, health: HealthStatus) {
    let mut world = rig.lab.world();
    for task in tasks {
        world.set_container_health(&task.arn, health).unwrap();
    }
}

/// Every task's application answers requests with this status from now on, which ECS does not see.
pub fn fail_requests(rig: &Rig, status: u16) {
    rig.lab.world().set_app_of_service(CLUSTER, SERVICE, AppState::Failing(status)).unwrap();
}

/// Whatever starts from now on behaves like this.
pub fn starts_from_now(rig: &Rig, behaviour: Behaviour) {
    rig.lab.world().set_behaviour(CLUSTER, SERVICE, behaviour).unwrap();
}

/// The next revision of what the service runs, which behaves like this.
pub fn revision(example: &Example, revision: u32, behaviour: Behaviour) -> TaskDefinition {
    TaskDefinition { revision, behaviour, ..example.service.task_definition.clone() }
}

/// Somebody deploys that.
pub fn deploy(rig: &Rig, definition: TaskDefinition) {
    rig.lab.world().new_deployment(CLUSTER, SERVICE, Some(definition)).unwrap();
}

/// The task of this ARN as it is now.
pub fn now(rig: &Rig, task: &Task) -> Task {
    rig.lab.world().task(&task.arn).expect("ECS shows it for an hour").clone()
}

/// A tag of the service.
pub fn service_tag(rig: &Rig, key: &str) -> Option<String> {
    let world = rig.lab.world();
    world.service(CLUSTER, SERVICE).unwrap().tags.get(key).cloned()
}

/// The revision that the service is to run.
pub fn deployed(rig: &Rig) -> u32 {
    rig.lab.world().service(CLUSTER, SERVICE).unwrap().primary.task_definition.revision
}

/// The calls of an operation that did what they should.
pub fn done(rig: &Rig, operation: &str) -> Vec<Call> {
    rig.calls(operation).into_iter().filter(|call| call.outcome.is_ok()).collect()
}

/// When AWS did what was asked for by calls of an operation.
pub fn times(rig: &Rig, operation: &str) -> Vec<Timestamp> {
    done(rig, operation).iter().map(|call| call.at).collect()
}

/// The subjects of the mails so far.
pub fn subjects(rig: &Rig) -> Vec<String> {
    let world = rig.lab.world();
    world.published().iter().filter_map(|mail| mail.subject.clone()).collect()
}

/// How often people were called because no remedy is left.
pub fn calls_for_a_human(rig: &Rig) -> usize {
    subjects(rig).iter().filter(|subject| *subject == HUMAN).count()
}

/// Why things were not done.
pub fn reasons(report: &Value) -> Vec<&str> {
    each(report, "held", "reason")
}

/// What was done, other than leading the route to another task, and noting that the service fails.
pub fn remedies(report: &Value) -> Vec<&str> {
    const OTHERS: [&str; 3] = ["point_integration", "mark_failing", "clear_failing"];
    let done = each(report, "done", "action").into_iter();
    done.filter(|action| !OTHERS.contains(action)).collect()
}

/// Whether as many tasks run well as shall run.
pub fn is_well(world: &World) -> bool {
    let running = running(world);
    let well = |task: &Task| task.is_ready() && task.app == AppState::Serving;
    let desired = world.service(CLUSTER, SERVICE).unwrap().desired_count;
    usize::try_from(desired).unwrap() == running.len() && running.iter().all(well)
}
