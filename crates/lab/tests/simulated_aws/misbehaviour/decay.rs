//! Applications that are well for a while, and those that depend on something else.

use super::*;

/// A running service with a health check whose tasks behave so, and an API that leads to the first.
fn scene(behaviour: Behaviour) -> (World, String) {
    let mut world = world_with(|spec| {
        spec.task_definition.health_check = true;
        spec.task_definition.behaviour = behaviour;
    });
    until(&mut world, |world| running(world).iter().any(|task| task.is_ready() && task.listening));
    let arn = the_task(&world);
    let endpoint = world.task(&arn).unwrap().endpoint();
    world.create_api(api(&format!("http://{endpoint}/{{proxy}}"), true));
    (world, arn)
}

#[test]
fn an_application_that_leaks_serves_for_a_while_and_then_fails_or_hangs() {
    for (into, status) in [(AppState::Failing(500), 500), (AppState::Hung, 503)] {
        // given an application that leaks for ten minutes
        let (mut world, task) = scene(Behaviour::Leaks { after: 10 * MINUTE, into });
        pass(&mut world, 5 * MINUTE);
        assert_eq!(world.request(API, "/x"), 200);

        // when they are over, then it no longer serves, though ECS calls it HEALTHY
        pass(&mut world, 10 * MINUTE);
        assert_eq!(world.request(API, "/x"), status);
        assert_eq!(world.task(&task).unwrap().health, HealthStatus::Healthy);

        // and its successor will serve for a while as well
        world.stop_task(&task, "test").unwrap();
        pass(&mut world, 5 * MINUTE);
        assert_eq!(world.task(&the_task(&world)).unwrap().app, AppState::Serving);
    }
}

#[test]
fn an_application_that_sickens_becomes_unhealthy_again_and_again() {
    // given an application that falls sick after ten minutes
    let (mut world, task) = scene(Behaviour::Sickens { after: 10 * MINUTE });
    assert_eq!(world.task(&task).unwrap().health, HealthStatus::Healthy);

    // when an hour has passed, then ECS has replaced it, and its successors, each after a while
    pass(&mut world, 50 * MINUTE);
    let failed = says(&world, "failed container health checks");
    assert!(failed && (3..6).contains(&starts(&world).len()), "{:?}", starts(&world));
    assert!(!world.task(&task).unwrap().is_wanted());
}

#[test]
fn all_tasks_fail_while_what_they_depend_on_is_down_and_serve_when_it_is_back() {
    // given a running service that depends on something
    let (mut world, task) = scene(Behaviour::Runs(AppState::Serving));

    // when that is down, then the task fails, and so does its successor
    world.set_dependency(CLUSTER, SERVICE, Some(502)).unwrap();
    assert_eq!(world.request(API, "/x"), 502);
    world.stop_task(&task, "test").unwrap();
    pass(&mut world, 5 * MINUTE);
    let endpoint = world.task(&the_task(&world)).unwrap().endpoint();
    let uri = format!("http://{endpoint}/{{proxy}}");
    world.set_integration_uri(API, crate::support::INTEGRATION, &uri).unwrap();
    assert_eq!(world.request(API, "/x"), 502);

    // when it is back, then it serves
    world.set_dependency(CLUSTER, SERVICE, None).unwrap();
    assert_eq!(world.request(API, "/x"), 200);
}
