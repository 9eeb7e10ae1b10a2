//! Rollouts to applications that misbehave, with the deployment circuit breaker and without.

use super::*;

/// A running service with a health check, of so many tasks, with or without the circuit breaker.
fn healthy_service(desired: u32, circuit_breaker: bool) -> World {
    running_world_with(|spec| {
        spec.desired_count = desired;
        spec.task_definition.health_check = true;
        spec.circuit_breaker = circuit_breaker;
    })
}

/// Rolls the service to a second revision that behaves so.
fn roll(world: &mut World, behaviour: Behaviour) {
    let definition = revision_2(world, behaviour);
    world.new_deployment(CLUSTER, SERVICE, Some(definition)).unwrap();
}

fn rollout(world: &World) -> RolloutState {
    service(world).primary.rollout_state
}

/// The running tasks of the revision before.
fn old_ones(world: &World) -> usize {
    running(world).iter().filter(|task| task.definition.revision == 1).count()
}

#[test]
fn a_rollout_whose_tasks_never_become_healthy_hangs_and_the_old_tasks_stay() {
    for desired in [1, 2, 5] {
        // given a healthy service
        let mut world = healthy_service(desired, false);

        // when it is rolled to a task definition that never passes its health check, at each step
        // of an hour
        roll(&mut world, Behaviour::NeverHealthy);
        let end = world.now() + 60 * MINUTE;
        until(&mut world, |world| {
            // then the old tasks stay
            assert_eq!(old_ones(world), desired as usize);
            world.now() + MINUTE > end
        });

        // then the rollout is still in progress, with sick tasks stopped and others started
        assert_eq!(rollout(&world), RolloutState::InProgress);
        let sick: Vec<&Task> =
            stopped(&world).into_iter().filter(|task| task.definition.revision == 2).collect();
        assert!(sick.len() > 3, "{} of {desired}", sick.len());
        for task in sick {
            let cause = task.stop_cause.as_ref().unwrap();
            assert_eq!(cause.code, StopCode::ServiceSchedulerInitiated);
            assert_eq!(cause.reason, "Task failed container health checks");
        }
        assert!(says(&world, "failed container health checks."));
    }
}

#[test]
fn a_rollout_to_what_never_starts_leaves_the_old_tasks_alone() {
    // given a healthy service of two tasks
    let mut world = healthy_service(2, false);

    // when it is rolled to an image that is not there, for half a day
    roll(&mut world, never_starts());
    pass(&mut world, 12 * 60 * MINUTE);

    // then it goes on trying, and counts
    assert_eq!(rollout(&world), RolloutState::InProgress);
    assert_eq!(old_ones(&world), 2);
    assert!(service(&world).primary.failures.tasks > 20);
}

#[test]
fn the_circuit_breaker_gives_up_a_rollout_to_what_never_starts() {
    // given a healthy service with the circuit breaker
    let mut world = healthy_service(1, true);

    // when it is rolled to an image that is not there
    roll(&mut world, never_starts());
    until(&mut world, |world| rollout(world) == RolloutState::Failed);

    // then it took three failures, and says so
    let failed = service(&world);
    assert_eq!(failed.primary.failures.tasks, 3);
    assert_eq!(failed.primary.ended_at, Some(world.now()));
    assert!(says(&world, &format!("(deployment {}) deployment failed", failed.primary.id)));
    let event =
        &world.events().iter().rfind(|event| event["detail-type"] == "ECS Deployment State Change");
    let detail = &event.unwrap()["detail"];
    assert_eq!(detail["eventName"], "SERVICE_DEPLOYMENT_FAILED");
    assert_eq!(detail["eventType"], "ERROR");
    assert_eq!(detail["reason"], "ECS deployment circuit breaker: tasks failed to start.");

    // and no more tasks are started, while the old one stays
    let so_far = starts(&world).len();
    pass(&mut world, 12 * 60 * MINUTE);
    assert_eq!(starts(&world).len(), so_far);
    assert_eq!((rollout(&world), old_ones(&world)), (RolloutState::Failed, 1));
}

#[test]
fn the_threshold_of_the_circuit_breaker_grows_with_the_service() {
    // given a service of ten tasks with the circuit breaker, which is rolled two by two
    let mut world = running_world_with(|spec| {
        spec.desired_count = 10;
        spec.maximum_percent = 120;
        spec.circuit_breaker = true;
    });

    // when it is rolled to what never starts, at each step until it is given up
    roll(&mut world, never_starts());
    until(&mut world, |world| {
        // then half of the tasks must have failed
        let (failed, given_up) =
            (service(world).primary.failures.tasks, rollout(world) == RolloutState::Failed);
        assert_eq!(given_up, failed >= 5, "{failed} failed");
        given_up
    });
    assert_eq!(old_ones(&world), 10);
}

#[test]
fn the_circuit_breaker_counts_failed_health_checks_and_crashes_before_the_first_healthy_task() {
    let early = Behaviour::Crashes { after: Duration::from_secs(10), exit_code: 1 };
    for behaviour in [Behaviour::NeverHealthy, early] {
        // given a healthy service with the circuit breaker
        let mut world = healthy_service(1, true);

        // when it is rolled to a task definition whose tasks are never HEALTHY
        roll(&mut world, behaviour.clone());
        until(&mut world, |world| rollout(world) != RolloutState::InProgress);

        // then it is given up
        assert_eq!(rollout(&world), RolloutState::Failed, "{behaviour:?}");
        assert_eq!(old_ones(&world), 1, "{behaviour:?}");
    }
}

#[test]
fn the_circuit_breaker_does_not_see_crashes_of_tasks_that_were_healthy() {
    // given a healthy service with the circuit breaker
    let mut world = healthy_service(1, true);

    // when it is rolled to a task definition whose tasks are HEALTHY for a while, then crash
    roll(&mut world, crashes());
    until(&mut world, |world| rollout(world) != RolloutState::InProgress);

    // then the rollout is complete, and stays so in the crash loop that follows
    assert_eq!(rollout(&world), RolloutState::Completed);
    pass(&mut world, 60 * MINUTE);
    assert_eq!(rollout(&world), RolloutState::Completed);
    assert!(stopped(&world).len() > 20);
    assert_eq!(service(&world).primary.failures.tasks, 0);
}

#[test]
fn the_circuit_breaker_rolls_back_to_what_was_completed_last_if_it_is_to() {
    // given a healthy service whose circuit breaker rolls back
    let mut world = running_world_with(|spec| {
        spec.task_definition.health_check = true;
        spec.circuit_breaker = true;
        spec.rollback = true;
    });
    let good = service(&world).primary.clone();

    // when it is rolled to an image that is not there
    roll(&mut world, never_starts());
    let bad = service(&world).primary.id.clone();
    until(&mut world, |world| service(world).primary.id != bad);

    // then what was completed last is deployed again, which it says
    let rollback = service(&world).primary.clone();
    assert_eq!(rollback.task_definition, good.task_definition);
    assert_eq!(rollback.rolls_back, Some(bad));
    assert!(says(&world, &format!("rolling back to (deployment {}).", good.id)));
    assert!(rollback.rollout_state_reason.contains("rolling back to deploymentId"));

    // and it completes
    until(&mut world, |world| rollout(world) == RolloutState::Completed);
    assert_eq!(running(&world).len(), 1);
}

#[test]
fn a_rollback_that_fails_as_well_is_given_up() {
    // given a service whose circuit breaker rolls back, and whose old image is gone as well
    let mut world = running_world_with(|spec| {
        spec.task_definition.health_check = true;
        spec.circuit_breaker = true;
        spec.rollback = true;
    });
    world.set_behaviour(CLUSTER, SERVICE, never_starts()).unwrap();
    let old = the_task(&world);

    // when it is rolled to an image that is not there, and its old task is stopped
    roll(&mut world, never_starts());
    world.stop_task(&old, "test").unwrap();
    pass(&mut world, 12 * 60 * MINUTE);

    // then both have failed, and nothing more is tried
    let failed = service(&world);
    assert_eq!(failed.primary.rollout_state, RolloutState::Failed);
    assert!(failed.primary.rolls_back.is_some());
    assert_eq!(failed.history().len(), 3);
}
