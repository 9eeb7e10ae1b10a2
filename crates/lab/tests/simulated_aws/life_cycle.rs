//! The life of tasks and of their network interfaces.

use std::collections::HashSet;
use std::time::Duration;

use eden_lab::World;
use eden_lab::world::{
    AppState, ContainerState, DesiredStatus, HealthStatus, OperatorError, StopCode, TaskStatus,
};
use serde_json::Value;

use crate::support::{
    CLUSTER, MINUTE, SERVICE, interface_of, pass, running, running_world_with, status, tasks,
    the_task, time_to_run, until, world_with,
};

/// `lastStatus` and `desiredStatus` of every event of a task, in order.
fn told(world: &World, arn: &str) -> Vec<(String, String)> {
    let text = |event: &Value, member: &str| event["detail"][member].as_str().unwrap().to_owned();
    world
        .events()
        .iter()
        .filter(|event| event["detail"]["taskArn"] == arn)
        .map(|event| (text(event, "lastStatus"), text(event, "desiredStatus")))
        .collect()
}

#[test]
fn a_task_goes_from_provisioning_to_running_in_the_time_that_timing_says() {
    // given a new service
    let mut world = world_with(|_| {});

    // when its task runs
    until(&mut world, |world| !running(world).is_empty());

    // then it took its steps in order, and so long
    let task = running(&world)[0];
    let took = world.now().duration_since(task.milestones.created);
    assert_eq!(Duration::try_from(took).unwrap(), time_to_run(world.timing()));
    let steps: Vec<String> = told(&world, &task.arn).into_iter().map(|(last, _)| last).collect();
    assert_eq!(steps, ["PROVISIONING", "PENDING", "PENDING", "ACTIVATING", "RUNNING"]);
}

#[test]
fn a_dying_task_reports_running_first_and_stopped_a_minute_later() {
    // given a running task whose application takes ten seconds to stop
    let mut world = running_world_with(|spec| spec.task_definition.stop = Duration::from_secs(10));
    let arn = the_task(&world);
    let before = told(&world, &arn).len();
    let asked = world.now();

    // when it is stopped
    world.stop_task(&arn, "unhealthy").unwrap();
    until(&mut world, |world| status(world, &arn) == TaskStatus::Stopped);

    // then F9 holds
    let after = told(&world, &arn)[before..].to_vec();
    let last: Vec<&str> = after.iter().map(|(last, _)| last.as_str()).collect();
    assert_eq!(
        last,
        ["RUNNING", "DEACTIVATING", "STOPPING", "STOPPING", "DEPROVISIONING", "STOPPED"]
    );
    assert!(after.iter().all(|(_, desired)| desired == "STOPPED"));
    let took = world.now().duration_since(asked).as_secs();
    assert!((60..=75).contains(&took), "{took} s");
}

#[test]
fn versions_count_up_with_every_event_of_a_task() {
    // given a task that lived and died
    let mut world = running_world_with(|_| {});
    let arn = the_task(&world);
    world.stop_task(&arn, "test").unwrap();
    pass(&mut world, 5 * MINUTE);

    // when its events are read
    let versions: Vec<u64> = world
        .events()
        .iter()
        .filter(|event| event["detail"]["taskArn"] == arn.as_str())
        .map(|event| event["detail"]["version"].as_u64().unwrap())
        .collect();

    // then F8 holds
    let counted: Vec<u64> = (1..).take(versions.len()).collect();
    assert_eq!(versions, counted);
}

#[test]
fn a_stopping_task_drains_and_then_refuses_connections() {
    // given a running task that serves
    let mut world = running_world_with(|_| {});
    let arn = the_task(&world);
    world.stop_task(&arn, "test").unwrap();

    // when it is told to stop, it still serves
    until(&mut world, |world| status(world, &arn) == TaskStatus::Stopping);
    assert!(world.task(&arn).unwrap().listening);

    // then it serves no more once it has drained, long before it is STOPPED
    until(&mut world, |world| status(world, &arn) == TaskStatus::Deprovisioning);
    assert!(!world.task(&arn).unwrap().listening);
    assert_eq!(world.task(&arn).unwrap().container.state, ContainerState::Stopped(Some(0)));
}

#[test]
fn an_application_that_does_not_stop_is_killed() {
    // given an application that takes longer to stop than ECS waits
    let mut world = running_world_with(|spec| spec.task_definition.stop = 2 * MINUTE);
    let arn = the_task(&world);

    // when it is stopped
    world.stop_task(&arn, "test").unwrap();
    until(&mut world, |world| status(world, &arn) == TaskStatus::Stopped);

    // then its container was killed
    assert_eq!(world.task(&arn).unwrap().container.state, ContainerState::Stopped(Some(137)));
}

#[test]
fn a_task_stopped_before_it_runs_never_serves() {
    // given a task that is still PENDING
    let mut world = world_with(|_| {});
    until(&mut world, |world| {
        tasks(world).first().is_some_and(|task| task.last_status == TaskStatus::Pending)
    });
    let arn = tasks(&world)[0].arn.clone();

    // when it is stopped
    world.stop_task(&arn, "test").unwrap();
    pass(&mut world, 5 * MINUTE);

    // then it never ran, and another one does
    let task = world.task(&arn).unwrap();
    assert_eq!(task.last_status, TaskStatus::Stopped);
    assert_eq!(task.container.state, ContainerState::Stopped(None));
    assert_eq!(task.milestones.started, None);
    assert_ne!(the_task(&world), arn);
}

#[test]
fn the_reason_of_stop_task_comes_back_and_a_second_reason_does_not() {
    // given a running task
    let mut world = running_world_with(|_| {});
    let arn = the_task(&world);

    // when it is stopped twice
    world.stop_task(&arn, "first").unwrap();
    world.stop_task(&arn, "second").unwrap();

    // then F18 holds
    let cause = world.task(&arn).unwrap().stop_cause.clone().unwrap();
    assert_eq!((cause.code, cause.reason.as_str()), (StopCode::UserInitiated, "first"));
}

#[test]
fn a_crashed_task_refuses_connections_at_once_and_is_replaced_at_another_address() {
    // given a running task
    let mut world = running_world_with(|_| {});
    let arn = the_task(&world);
    let old = world.listeners()[0].address;

    // when it crashes
    world.crash_task(&arn, 1).unwrap();

    // then nothing listens, ECS learns of it, and its successor listens elsewhere
    assert!(world.listeners().is_empty());
    assert_eq!(world.task(&arn).unwrap().desired_status, DesiredStatus::Running);
    pass(&mut world, 5 * MINUTE);
    let crashed = world.task(&arn).unwrap();
    assert_eq!(crashed.container.state, ContainerState::Stopped(Some(1)));
    assert_eq!(crashed.stop_cause.as_ref().unwrap().code, StopCode::EssentialContainerExited);
    assert_eq!(world.listeners().len(), 1);
    assert_ne!(world.listeners()[0].address, old);
}

#[test]
fn an_application_listens_only_once_it_has_started() {
    // given an application that takes 20 seconds to start
    let start_up = Duration::from_secs(20);
    let mut world = world_with(|spec| spec.task_definition.start_up = start_up);

    // when its task runs
    until(&mut world, |world| !running(world).is_empty());

    // then it listens 20 seconds later
    pass(&mut world, start_up.checked_sub(Duration::from_millis(1)).unwrap());
    assert!(world.listeners().is_empty());
    pass(&mut world, Duration::from_millis(1));
    assert_eq!(world.listeners().len(), 1);
    assert_eq!(world.listeners()[0].app, AppState::Serving);
}

#[test]
fn an_application_whose_container_exits_while_it_starts_never_listens() {
    // given a task that runs while its application still starts
    let mut world = world_with(|spec| spec.task_definition.start_up = Duration::from_secs(20));
    until(&mut world, |world| !running(world).is_empty());
    let arn = the_task(&world);

    // when its container exits
    world.crash_task(&arn, 1).unwrap();
    pass(&mut world, Duration::from_secs(20));

    // then it does not listen when it would have started
    assert!(!world.task(&arn).unwrap().listening);
}

#[test]
fn the_interface_appears_after_running_and_its_address_later_still() {
    // given a task that has just reached RUNNING
    let mut world = world_with(|_| {});
    until(&mut world, |world| !running(world).is_empty());
    let id = interface_of(running(&world)[0]).id.clone();
    let timing = *world.timing();

    // when time passes, then F24 holds at each point
    assert!(world.network_interface(&id).is_none());
    pass(&mut world, timing.eni_visible);
    assert!(!world.network_interface(&id).unwrap().associated);
    pass(&mut world, timing.eni_association);
    assert!(world.network_interface(&id).unwrap().associated);
}

#[test]
fn the_interface_of_a_stopped_task_is_gone_and_its_attachment_deleted() {
    // given a task that has stopped
    let mut world = running_world_with(|_| {});
    let arn = the_task(&world);
    let id = interface_of(world.task(&arn).unwrap()).id.clone();
    world.stop_task(&arn, "test").unwrap();

    // when it is STOPPED
    until(&mut world, |world| status(world, &arn) == TaskStatus::Stopped);

    // then F10 holds
    assert!(world.network_interface(&id).is_none());
    let event = world.events().iter().rfind(|event| event["detail"]["taskArn"] == arn.as_str());
    assert_eq!(event.unwrap()["detail"]["attachments"][0]["status"], "DELETED");
}

#[test]
fn a_stopped_task_stays_visible_for_an_hour() {
    // given a task that has just become STOPPED
    let mut world = running_world_with(|_| {});
    let arn = the_task(&world);
    world.stop_task(&arn, "test").unwrap();
    until(&mut world, |world| status(world, &arn) == TaskStatus::Stopped);

    // when an hour passes, then F18 holds
    pass(&mut world, 59 * MINUTE);
    assert!(world.task(&arn).is_some());
    pass(&mut world, MINUTE);
    assert!(world.task(&arn).is_none());
}

#[test]
fn no_address_is_used_again_while_another_is_free() {
    // given a service whose task is stopped a hundred times
    let mut world = running_world_with(|_| {});
    let mut seen = HashSet::new();
    for _ in 0..100 {
        let arn = the_task(&world);
        let address = world.task(&arn).unwrap().endpoint().ip();
        // then each has an address of its own
        assert!(seen.insert(address), "{address} again");

        // when it is replaced
        world.stop_task(&arn, "test").unwrap();
        pass(&mut world, 5 * MINUTE);
    }
    assert!(seen.iter().all(|address| address.to_string().starts_with("127.10.0.")));
}

#[test]
fn a_task_with_a_health_check_becomes_healthy_and_one_without_stays_unknown() {
    // given a service with a health check and one without
    let checked = running_world_with(|spec| spec.task_definition.health_check = true);
    let mut unchecked = running_world_with(|_| {});

    // when both run, then F20 holds
    assert_eq!(running(&checked)[0].health, HealthStatus::Healthy);
    assert_eq!(running(&unchecked)[0].health, HealthStatus::Unknown);
    let arn = the_task(&unchecked);
    assert_eq!(
        unchecked.set_container_health(&arn, HealthStatus::Unhealthy),
        Err(OperatorError::NoHealthCheck(arn))
    );
}

#[test]
fn an_action_on_something_that_is_not_there_is_an_error_that_names_it() {
    // given a world with one service
    let mut world = running_world_with(|_| {});

    // when something else is named
    let error = world.set_desired_count(CLUSTER, "other", 1).unwrap_err();

    // then the error says what
    assert!(error.to_string().contains("prod-eden-cluster/other"), "{error}");
    assert!(world.crash_task("arn:none", 1).is_err());
    assert!(world.set_app_of_service(CLUSTER, SERVICE, AppState::Hung).is_ok());
}
