//! Applications that misbehave by their task definition, and what ECS makes of them.

mod decay;
mod rollouts;
mod sdk;

use std::time::Duration;

use eden_lab::World;
use eden_lab::world::{
    AppState, Behaviour, ContainerState, HealthStatus, RolloutState, Service, ServiceSpec,
    StopCode, Task, TaskDefinition,
};
use jiff::Timestamp;

use crate::support::{
    API, CLUSTER, MINUTE, SERVICE, api, pass, running, running_world_with, tasks, the_task, until,
    world_with,
};

const NO_IMAGE: &str = "CannotPullContainerError: pull image manifest has been retried 7 time(s): \
                        failed to resolve ref docker.io/library/shop:2: not found";

/// Tasks that die a minute after RUNNING.
fn crashes() -> Behaviour {
    Behaviour::Crashes { after: MINUTE, exit_code: 3 }
}

fn never_starts() -> Behaviour {
    Behaviour::NeverStarts { reason: NO_IMAGE.to_owned() }
}

fn of(behaviour: Behaviour) -> impl FnOnce(&mut ServiceSpec) {
    move |spec| spec.task_definition.behaviour = behaviour
}

/// The second revision of what the service runs, which behaves so.
fn revision_2(world: &World, behaviour: Behaviour) -> TaskDefinition {
    let present = service(world).primary.task_definition.clone();
    TaskDefinition { revision: 2, behaviour, ..present }
}

fn service(world: &World) -> &Service {
    world.service(CLUSTER, SERVICE).unwrap()
}

fn says(world: &World, what: &str) -> bool {
    service(world).messages.iter().any(|message| message.text.contains(what))
}

fn stopped(world: &World) -> Vec<&Task> {
    tasks(world).into_iter().filter(|task| task.has_stopped()).collect()
}

/// When the service's tasks were made, oldest first.
fn starts(world: &World) -> Vec<Timestamp> {
    let first = |event: &&serde_json::Value| event["detail"]["version"] == 1;
    let at = |event: &serde_json::Value| event["detail"]["createdAt"].as_str().unwrap().parse();
    world.events().iter().filter(first).map(|event| at(event).unwrap()).collect()
}

/// The times between one start and the next.
fn gaps(starts: &[Timestamp]) -> Vec<Duration> {
    let between = |pair: &[Timestamp]| pair[1].duration_since(pair[0]).try_into().unwrap();
    starts.windows(2).map(between).collect()
}

#[test]
fn tasks_that_crash_are_replaced_again_and_again_without_a_pause() {
    // given a service whose tasks die a minute after RUNNING
    let mut world = world_with(of(crashes()));

    // when an hour passes
    pass(&mut world, 60 * MINUTE);

    // then each died by itself and was replaced at once: those that ran are not throttled
    let dead = stopped(&world);
    assert!(dead.len() > 20, "{} died", dead.len());
    for task in dead {
        assert_eq!(task.stop_cause.as_ref().unwrap().code, StopCode::EssentialContainerExited);
        assert_eq!(task.container.state, ContainerState::Stopped(Some(3)));
    }
    let timing = world.timing();
    let cycle = timing.scheduler_reaction
        + crate::support::time_to_run(timing)
        + MINUTE
        + timing.exit_report;
    assert!(gaps(&starts(&world)).iter().all(|gap| *gap == cycle), "{:?}", starts(&world));

    // and the deployment counts as completed: its first task was ready for a while
    assert_eq!(service(&world).primary.rollout_state, RolloutState::Completed);
    assert_eq!(service(&world).primary.failures.tasks, 0);
    assert!(!says(&world, "unable to consistently start"));
}

#[test]
fn tasks_that_never_start_are_given_up_with_the_reason() {
    // given a service whose image is not there
    let mut world = world_with(of(never_starts()));

    // when its first task has stopped
    until(&mut world, |world| !stopped(world).is_empty());

    // then it never ran, and says why
    let task = stopped(&world)[0];
    let cause = task.stop_cause.as_ref().unwrap();
    assert_eq!((cause.code, cause.reason.as_str()), (StopCode::TaskFailedToStart, NO_IMAGE));
    assert_eq!(task.container.state, ContainerState::Stopped(None));
    assert_eq!(task.container.reason.as_deref(), Some(NO_IMAGE));
    assert_eq!(task.milestones.started, None);
    assert_eq!(service(&world).primary.rollout_state, RolloutState::InProgress);
}

#[test]
fn tasks_that_never_start_are_tried_less_and_less_often() {
    // given a service whose image is not there
    let mut world = world_with(of(never_starts()));

    // when the first start has failed, then nothing is said yet
    until(&mut world, |world| tasks(world).iter().any(|task| !task.is_wanted()));
    assert!(!says(&world, "unable to consistently start"));

    // when half a day passes
    pass(&mut world, 12 * 60 * MINUTE);

    // then the waits have grown to half an hour, and the service says so
    let (gaps, timing) = (gaps(&starts(&world)), *world.timing());
    let attempt = timing.provisioning + timing.pending;
    let wait = |number: u32| (timing.restart_wait * 2_u32.pow(number)).min(27 * MINUTE);
    let expected: Vec<Duration> =
        (0..).map(|number| attempt + wait(number)).take(gaps.len()).collect();
    assert_eq!(gaps, expected);
    assert_eq!(gaps.last(), Some(&(attempt + 27 * MINUTE)));
    assert!(says(&world, "is unable to consistently start tasks successfully."));
}

#[test]
fn many_tasks_that_fail_to_start_at_once_count_as_one_failure() {
    // given a service of a hundred tasks that never start
    let mut world = world_with(|spec| {
        spec.desired_count = 100;
        spec.task_definition.behaviour = never_starts();
    });

    // when all have failed, then all are started again after the first wait
    let timing = *world.timing();
    pass(&mut world, MINUTE + timing.restart_wait);
    let starts = starts(&world);
    assert_eq!(starts.len(), 200);
    let again = timing.provisioning + timing.pending + timing.restart_wait;
    assert_eq!(starts[199], starts[0] + again);
    assert_eq!(service(&world).primary.failures.tasks, 100);
}

#[test]
fn another_task_definition_is_started_at_once_whatever_failed_before() {
    // given a service that waits for half an hour between two starts
    let mut world = world_with(of(never_starts()));
    pass(&mut world, 12 * 60 * MINUTE);

    // when it is updated to a task definition that works
    let works = revision_2(&world, Behaviour::Runs(AppState::Serving));
    world.new_deployment(CLUSTER, SERVICE, Some(works)).unwrap();
    pass(&mut world, 2 * MINUTE);

    // then that runs
    assert_eq!(running(&world).len(), 1);
    assert_eq!(service(&world).primary.rollout_state, RolloutState::Completed);
}

#[test]
fn a_start_that_succeeds_ends_the_throttling() {
    // given a running service whose image vanishes, so that its task has no successor
    let mut world = running_world_with(|_| {});
    let stop = |world: &mut World| {
        let arn = the_task(world);
        world.stop_task(&arn, "test").unwrap();
    };
    world.set_behaviour(CLUSTER, SERVICE, never_starts()).unwrap();
    stop(&mut world);
    pass(&mut world, 5 * 60 * MINUTE);
    assert!(running(&world).is_empty());

    // when the image is back, then a task comes with the next attempt
    world.set_behaviour(CLUSTER, SERVICE, Behaviour::Runs(AppState::Serving)).unwrap();
    pass(&mut world, 28 * MINUTE);
    assert_eq!(running(&world).len(), 1);

    // when it vanishes again, then the waits begin anew
    let so_far = starts(&world).len();
    world.set_behaviour(CLUSTER, SERVICE, never_starts()).unwrap();
    stop(&mut world);
    pass(&mut world, 5 * MINUTE);
    let timing = *world.timing();
    let attempt = timing.provisioning + timing.pending;
    assert_eq!(gaps(&starts(&world)[so_far..])[0], attempt + timing.restart_wait);
}

#[test]
fn an_application_may_fail_from_its_start() {
    // given a service whose application answers 503, and an API that leads to it
    let mut world = running_world_with(|spec| {
        spec.task_definition.health_check = true;
        spec.task_definition.behaviour = Behaviour::Runs(AppState::Failing(503));
    });
    let first = the_task(&world);
    let endpoint = world.task(&first).unwrap().endpoint();
    world.create_api(api(&format!("http://{endpoint}/{{proxy}}"), true));

    // when it is asked, then it fails, though ECS calls it HEALTHY
    assert_eq!(world.request(API, "/orders"), 503);
    assert_eq!(world.task(&first).unwrap().health, HealthStatus::Healthy);

    // when somebody makes it well and replaces it, then its successor fails again
    world.set_app(&first, AppState::Serving).unwrap();
    assert_eq!(world.request(API, "/orders"), 200);
    world.stop_task(&first, "test").unwrap();
    pass(&mut world, 5 * MINUTE);
    let second = the_task(&world);
    assert_eq!(world.task(&second).unwrap().app, AppState::Failing(503));
}

#[test]
fn the_grace_period_keeps_a_sick_task_from_being_replaced() {
    // given a task that turns UNHEALTHY within its service's grace period of five minutes
    let mut world = world_with(|spec| {
        spec.task_definition.health_check = true;
        spec.task_definition.behaviour = Behaviour::NeverHealthy;
        spec.health_check_grace_period_seconds = 300;
    });
    until(&mut world, |world| tasks(world).iter().any(|it| it.health == HealthStatus::Unhealthy));
    let task = the_task(&world);
    let started = world.task(&task).unwrap().milestones.started.unwrap();
    assert_eq!(world.now(), started + 3 * world.timing().health_check_interval);

    // when ECS replaces it
    until(&mut world, |world| world.task(&task).unwrap().condemned);

    // then the five minutes are over, and no more
    assert_eq!(world.now(), started + 5 * MINUTE);
}
