//! What the service scheduler does.

use eden_lab::World;
use eden_lab::world::{HealthStatus, RolloutState, ServiceStatus, StopCode};

use crate::support::{
    CLUSTER, MINUTE, SERVICE, pass, running, running_world_with, tasks, the_task, until, world_with,
};

fn wanted(world: &World) -> usize {
    tasks(world).iter().filter(|task| task.is_wanted()).count()
}

fn rollout(world: &World) -> RolloutState {
    world.service(CLUSTER, SERVICE).unwrap().primary.rollout_state
}

fn deployment_events(world: &World) -> Vec<String> {
    world
        .events()
        .iter()
        .filter(|event| event["detail-type"] == "ECS Deployment State Change")
        .map(|event| event["detail"]["eventName"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_new_service_completes_its_first_rollout_when_its_tasks_run() {
    // given a new service of three tasks
    let mut world = world_with(|spec| spec.desired_count = 3);
    assert_eq!(rollout(&world), RolloutState::InProgress);

    // when its tasks run
    until(&mut world, |world| rollout(world) == RolloutState::Completed);

    // then there are three, and it says so
    assert_eq!(running(&world).len(), 3);
    let service = world.service(CLUSTER, SERVICE).unwrap();
    assert!(service.messages[0].text.contains("has reached a steady state"));
    assert_eq!(
        deployment_events(&world),
        ["SERVICE_DEPLOYMENT_IN_PROGRESS", "SERVICE_DEPLOYMENT_COMPLETED"]
    );
}

#[test]
fn a_rollout_starts_the_new_task_first_and_stops_the_old_one_later() {
    // given a running service of one task
    let mut world = running_world_with(|_| {});
    let old = the_task(&world);

    // when a new deployment is made, at each step until it is complete
    world.new_deployment(CLUSTER, SERVICE, None).unwrap();
    assert_eq!(world.service(CLUSTER, SERVICE).unwrap().replaced.len(), 1);
    let mut most = 0;
    until(&mut world, |world| {
        // then never is there less than one running task
        assert!(!running(world).is_empty());
        rollout(world) == RolloutState::Completed
    });
    for event in world.events() {
        most += usize::from(event["detail"]["lastStatus"] == "PROVISIONING");
    }

    // then the old one stopped by order of the scheduler, and only its successor is left
    assert_eq!(most, 2);
    assert_ne!(the_task(&world), old);
    let cause = world.task(&old).unwrap().stop_cause.as_ref().unwrap();
    assert_eq!(cause.code, StopCode::ServiceSchedulerInitiated);
    assert!(world.service(CLUSTER, SERVICE).unwrap().replaced.is_empty());
}

#[test]
fn a_rollout_waits_for_the_health_check_of_the_new_task() {
    // given a running service with a health check
    let mut world = running_world_with(|spec| spec.task_definition.health_check = true);
    let old = the_task(&world);

    // when a new deployment has a task that runs but is not yet HEALTHY
    world.new_deployment(CLUSTER, SERVICE, None).unwrap();
    until(&mut world, |world| running(world).len() == 2);
    let still_unknown = world.timing().health_check_interval / 2;
    pass(&mut world, still_unknown);

    // then the old one runs on, until the new one is HEALTHY
    assert!(world.task(&old).unwrap().is_wanted());
    pass(&mut world, MINUTE);
    assert!(!world.task(&old).unwrap().is_wanted());
    assert_eq!(running(&world)[0].health, HealthStatus::Healthy);
}

#[test]
fn a_rollout_keeps_to_its_minimum_and_maximum() {
    // given a service of five tasks: half of them are three, 125 percent are six
    let mut world = running_world_with(|spec| {
        spec.desired_count = 5;
        spec.minimum_healthy_percent = 50;
        spec.maximum_percent = 125;
    });

    // when it is rolled, at each step
    world.new_deployment(CLUSTER, SERVICE, None).unwrap();
    until(&mut world, |world| {
        // then it keeps to both
        assert!(running(world).len() >= 3);
        assert!(wanted(world) <= 6);
        rollout(world) == RolloutState::Completed
    });
    assert_eq!(running(&world).len(), 5);
}

#[test]
fn a_service_that_may_not_exceed_its_count_stops_first() {
    // given a service of one task with 0 and 100 percent
    let mut world = running_world_with(|spec| {
        spec.minimum_healthy_percent = 0;
        spec.maximum_percent = 100;
    });
    let old = the_task(&world);

    // when it is rolled, at each step
    world.new_deployment(CLUSTER, SERVICE, None).unwrap();
    until(&mut world, |world| {
        // then there is never a second task
        assert!(wanted(world) <= 1);
        rollout(world) == RolloutState::Completed
    });
    assert_ne!(the_task(&world), old);
}

#[test]
fn a_stopped_task_is_replaced_in_the_same_deployment() {
    // given a running service
    let mut world = running_world_with(|_| {});
    let old = the_task(&world);

    // when its task is stopped
    world.stop_task(&old, "test").unwrap();
    assert_eq!(wanted(&world), 0);
    pass(&mut world, 2 * MINUTE);

    // then another runs, started by the same deployment (F21), and there was no rollout
    let new = world.task(&the_task(&world)).unwrap();
    assert_eq!(new.started_by, world.task(&old).unwrap().started_by);
    assert_eq!(rollout(&world), RolloutState::Completed);
    assert_eq!(deployment_events(&world).len(), 2);
}

#[test]
fn an_unhealthy_task_is_replaced_replacement_first() {
    for minimum in [100, 0] {
        // given a running service with a health check, whatever a rollout would have to leave
        let mut world = running_world_with(|spec| {
            spec.minimum_healthy_percent = minimum;
            spec.task_definition.health_check = true;
        });
        let sick = the_task(&world);

        // when its task becomes UNHEALTHY, at each step until it is gone
        world.set_container_health(&sick, HealthStatus::Unhealthy).unwrap();
        until(&mut world, |world| {
            // then F19 holds: it goes only once its successor is HEALTHY
            let healthy = running(world).iter().any(|task| task.health == HealthStatus::Healthy);
            let stays = world.task(&sick).unwrap().is_wanted();
            assert!(stays || healthy, "{minimum} percent");
            !stays
        });
        assert_ne!(the_task(&world), sick);
    }
}

#[test]
fn sick_tasks_that_may_have_no_replacement_first_are_stopped_one_by_one() {
    // given three tasks with a health check, which are all that there may be
    let mut world = running_world_with(|spec| {
        spec.desired_count = 3;
        spec.maximum_percent = 100;
        spec.task_definition.health_check = true;
    });
    let sick: Vec<String> = running(&world).iter().map(|task| task.arn.clone()).collect();

    // when all of them become UNHEALTHY, at each step until all are replaced
    for arn in &sick {
        world.set_container_health(arn, HealthStatus::Unhealthy).unwrap();
    }
    until(&mut world, |world| {
        // then there are never more, and two are always there
        assert!(wanted(world) <= 3);
        assert!(running(world).len() >= 2);
        running(world).iter().filter(|task| task.is_ready()).count() == 3
    });
    assert!(sick.iter().all(|arn| !world.task(arn).unwrap().is_wanted()));
}

#[test]
fn a_task_that_recovers_in_time_is_not_replaced() {
    // given a task that has just become UNHEALTHY
    let mut world = running_world_with(|spec| spec.task_definition.health_check = true);
    let task = the_task(&world);
    world.set_container_health(&task, HealthStatus::Unhealthy).unwrap();

    // when it is HEALTHY again at once
    world.set_container_health(&task, HealthStatus::Healthy).unwrap();
    pass(&mut world, 10 * MINUTE);

    // then it stays
    assert_eq!(the_task(&world), task);
}

#[test]
fn scaling_in_stops_the_newest_and_scaling_to_zero_stops_all() {
    // given a service of two tasks, of which one is older
    let mut world = running_world_with(|_| {});
    let oldest = the_task(&world);
    world.set_desired_count(CLUSTER, SERVICE, 2).unwrap();
    pass(&mut world, 5 * MINUTE);
    assert_eq!(running(&world).len(), 2);

    // when it is scaled in, then the older one is left
    world.set_desired_count(CLUSTER, SERVICE, 1).unwrap();
    pass(&mut world, 5 * MINUTE);
    assert_eq!(the_task(&world), oldest);

    // when it is scaled to zero, then none is
    world.set_desired_count(CLUSTER, SERVICE, 0).unwrap();
    pass(&mut world, 5 * MINUTE);
    assert!(running(&world).is_empty());
}

#[test]
fn a_forced_deployment_during_a_rollout_restarts_it() {
    // given a rollout that has just started
    let mut world = running_world_with(|_| {});
    let old = the_task(&world);
    world.new_deployment(CLUSTER, SERVICE, None).unwrap();
    let first = world.service(CLUSTER, SERVICE).unwrap().primary.id.clone();
    until(&mut world, |world| wanted(world) == 2);

    // when another one is forced
    world.new_deployment(CLUSTER, SERVICE, None).unwrap();
    until(&mut world, |world| rollout(world) == RolloutState::Completed);

    // then the task is the last deployment's, and the one before never completed (F21)
    let last = world.service(CLUSTER, SERVICE).unwrap().primary.id.clone();
    assert_ne!(last, first);
    assert_eq!(world.task(&the_task(&world)).unwrap().started_by, last);
    assert!(!world.task(&old).unwrap().is_wanted());
    assert_eq!(
        deployment_events(&world),
        [
            "SERVICE_DEPLOYMENT_IN_PROGRESS",
            "SERVICE_DEPLOYMENT_COMPLETED",
            "SERVICE_DEPLOYMENT_IN_PROGRESS",
            "SERVICE_DEPLOYMENT_IN_PROGRESS",
            "SERVICE_DEPLOYMENT_COMPLETED",
        ]
    );
}

#[test]
fn a_service_without_a_free_address_says_so_and_goes_on_when_one_is_free() {
    // given a service of one task more than there are addresses
    let mut world = running_world_with(|spec| spec.desired_count = 255);
    assert_eq!(running(&world).len(), 254);
    let complains = |world: &World| {
        let messages = &world.service(CLUSTER, SERVICE).unwrap().messages;
        messages.iter().any(|message| message.text.contains("unable to place a task"))
    };
    assert!(complains(&world));

    // when a task is stopped
    let old = running(&world)[0].arn.clone();
    world.stop_task(&old, "test").unwrap();
    pass(&mut world, 5 * MINUTE);

    // then another one has got its address
    let address = world.task(&old).unwrap().endpoint();
    assert_eq!(running(&world).len(), 254);
    assert!(running(&world).iter().any(|task| task.endpoint() == address));
}

#[test]
fn a_deleted_service_is_inactive_and_has_no_tasks() {
    // given a running service
    let mut world = running_world_with(|_| {});

    // when it is deleted
    world.delete_service(CLUSTER, SERVICE).unwrap();
    pass(&mut world, 5 * MINUTE);

    // then nothing of it runs
    assert!(running(&world).is_empty());
    assert_eq!(world.service(CLUSTER, SERVICE).unwrap().status, ServiceStatus::Inactive);
}
