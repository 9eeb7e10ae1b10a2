//! Protection from being scaled in: what the scheduler makes of it, and `GetTaskProtection`.

use aws_sdk_ecs::Client;
use aws_sdk_ecs::error::ProvideErrorMetadata;
use aws_sdk_ecs::operation::get_task_protection::GetTaskProtectionError;
use eden_lab::World;
use eden_lab::world::{Fault, FaultKind, HealthStatus, Role, RolloutState};
use serde_json::json;

use crate::support::{
    CLUSTER, MINUTE, SERVICE, pass, running, running_lab, running_world_with, the_task, until,
};

/// Protects a task for so many minutes.
fn protect(world: &mut World, arn: &str, minutes: u32) {
    let until = world.now() + minutes * MINUTE;
    world.protect_task(arn, until).unwrap();
}

#[tokio::test(start_paused = true)]
async fn every_task_asked_for_is_shown_with_its_protection_until_that_ends() {
    // given two tasks, of which one is protected for ten minutes
    let lab = running_lab(|spec| spec.desired_count = 2);
    let client = Client::new(&lab.sdk_config());
    let arns: Vec<String> = running(&lab.world()).iter().map(|task| task.arn.clone()).collect();
    protect(&mut lab.world(), &arns[0], 10);
    let end = lab.clock().now() + 10 * MINUTE;
    let short = arns[1].rsplit('/').next().unwrap();

    // when both and an unknown one are asked for
    let get = client.get_task_protection().cluster(CLUSTER).tasks(&arns[0]).tasks(short);
    let output = get.clone().tasks("unknown").send().await.unwrap();

    // then the two are shown
    let [first, second] = output.protected_tasks() else { panic!("{output:?}") };
    assert_eq!(first.task_arn(), Some(arns[0].as_str()));
    assert!(first.protection_enabled());
    assert_eq!(first.expiration_date().unwrap().secs(), end.as_second());
    assert_eq!(second.task_arn(), Some(arns[1].as_str()));
    assert!(!second.protection_enabled());
    assert_eq!(second.expiration_date(), None);
    assert_eq!(output.failures()[0].reason(), Some("MISSING"));

    // when the ten minutes are over, then neither is protected
    tokio::time::sleep(10 * MINUTE).await;
    let output = get.send().await.unwrap();
    assert!(output.protected_tasks().iter().all(|task| !task.protection_enabled()));
}

#[tokio::test(start_paused = true)]
async fn another_cluster_is_refused_and_a_partial_answer_has_failures() {
    // given a running task
    let lab = running_lab(|_| {});
    let client = Client::new(&lab.sdk_config());
    let get = client.get_task_protection().tasks(the_task(&lab.world()));

    // when another cluster is asked, then the SDK knows the error
    let cluster = get.clone().cluster("other").send().await.unwrap_err().into_service_error();
    assert!(matches!(cluster, GetTaskProtectionError::ClusterNotFoundException(_)), "{cluster:?}");
    let none = client.get_task_protection().cluster(CLUSTER).send().await.unwrap_err();
    assert_eq!(none.code(), Some("InvalidParameterException"));

    // when the answer is partial, then the task is a failure
    let kind = FaultKind::Partial(1);
    lab.world().inject(Fault { operation: "GetTaskProtection", kind, times: Some(1) });
    let partial = get.cluster(CLUSTER).send().await.unwrap();
    assert_eq!((partial.protected_tasks().len(), partial.failures().len()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn it_takes_a_permission_on_the_task() {
    // given a role that may ask about the tasks of this cluster
    let lab = running_lab(|_| {});
    let arn = the_task(&lab.world());
    let (tasks, _) = arn.rsplit_once('/').unwrap();
    let role = Role::new([&json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "ecs:GetTaskProtection", "Resource": format!("{tasks}/*"),
        "Condition": {"ArnEquals": {"ecs:cluster": tasks.replace("task/", "cluster/")}},
    }]})]);
    lab.world().assign_role("reader", role.unwrap());
    let reader = Client::new(&lab.sdk_config_of("reader"));

    // when it does, then it may, and about those of another cluster it may not
    let get = reader.get_task_protection().tasks(&arn);
    get.clone().cluster(CLUSTER).send().await.unwrap();
    let other = get.cluster("other").send().await.unwrap_err();
    assert_eq!(other.code(), Some("AccessDeniedException"));
}

#[test]
fn scaling_in_spares_a_protected_task_until_its_protection_ends() {
    // given two tasks, of which the newer one is protected
    let mut world = running_world_with(|_| {});
    let older = the_task(&world);
    world.set_desired_count(CLUSTER, SERVICE, 2).unwrap();
    pass(&mut world, 5 * MINUTE);
    let newer = running(&world)[1].arn.clone();
    protect(&mut world, &newer, 30);

    // when the service is scaled in, then the older one goes, which it would not otherwise
    world.set_desired_count(CLUSTER, SERVICE, 1).unwrap();
    pass(&mut world, 5 * MINUTE);
    assert_eq!(the_task(&world), newer);
    assert!(!world.task(&older).unwrap().is_wanted());

    // when it is scaled to zero, then it stays until its protection ends
    world.set_desired_count(CLUSTER, SERVICE, 0).unwrap();
    pass(&mut world, 15 * MINUTE);
    assert_eq!(the_task(&world), newer);
    pass(&mut world, 15 * MINUTE);
    assert!(running(&world).is_empty());
}

#[test]
fn a_rollout_waits_for_protected_tasks() {
    // given a protected task
    let mut world = running_world_with(|_| {});
    let old = the_task(&world);
    protect(&mut world, &old, 20);
    let rollout = |world: &World| world.service(CLUSTER, SERVICE).unwrap().primary.rollout_state;

    // when a new deployment is made, then the task stays beside its successor
    world.new_deployment(CLUSTER, SERVICE, None).unwrap();
    pass(&mut world, 15 * MINUTE);
    assert_eq!(running(&world).len(), 2);
    assert_eq!(rollout(&world), RolloutState::InProgress);

    // when its protection has ended, then the rollout completes
    until(&mut world, |world| rollout(world) == RolloutState::Completed);
    assert!(!world.task(&old).unwrap().is_wanted());
}

#[test]
fn protection_keeps_neither_stop_task_nor_the_replacement_of_sick_tasks_away() {
    // given two protected tasks with a health check
    let mut world = running_world_with(|spec| {
        spec.desired_count = 2;
        spec.task_definition.health_check = true;
    });
    let arns: Vec<String> = running(&world).iter().map(|task| task.arn.clone()).collect();
    for arn in &arns {
        protect(&mut world, arn, 60);
    }

    // when one is stopped and the other one turns UNHEALTHY
    world.stop_task(&arns[0], "test").unwrap();
    world.set_container_health(&arns[1], HealthStatus::Unhealthy).unwrap();
    pass(&mut world, 5 * MINUTE);

    // then both are replaced (F19)
    assert_eq!(running(&world).len(), 2);
    assert!(arns.iter().all(|arn| !world.task(arn).unwrap().is_wanted()));
}
