//! How things end: task definitions that are deregistered, deployments that are stopped, containers
//! beside the application's, and tasks whose host is gone.

use aws_sdk_ecs::Client;
use aws_sdk_ecs::error::ProvideErrorMetadata;
use aws_sdk_ecs::types::{Connectivity, Container, StopServiceDeploymentStopType, Task};
use eden_lab::world::{
    Doing, Fault, FaultKind, Networking, PublicAddress, RolloutState, ServiceSpec, Sidecar,
    StopCode, TaskDefinition, TaskStatus,
};
use eden_lab::{Clock, Lab};

use crate::support::{CLUSTER, MINUTE, SERVICE, pass, running, running_lab, the_task, world_with};

fn client(lab: &Lab) -> Client {
    Client::new(&lab.sdk_config())
}

/// The next revision of what the service runs.
fn revision(lab: &Lab, revision: u32) -> TaskDefinition {
    let world = lab.world();
    let present = world.service(CLUSTER, SERVICE).unwrap().primary.task_definition.clone();
    TaskDefinition { revision, ..present }
}

async fn describe(client: &Client, arn: &str) -> Task {
    let tasks = client.describe_tasks().cluster(CLUSTER).tasks(arn).send().await.unwrap();
    tasks.tasks()[0].clone()
}

#[tokio::test(start_paused = true)]
async fn no_service_can_be_updated_to_a_task_definition_that_was_deregistered() {
    // given a deployment that deregisters what ran before, as Terraform's
    let lab = running_lab(|_| {});
    let client = client(&lab);
    let next = revision(&lab, 2);
    lab.world().replace_task_definition(CLUSTER, SERVICE, next).unwrap();

    // when the service is to return to it, then ECS refuses
    let update = client.update_service().cluster(CLUSTER).service(SERVICE);
    let refused = update.task_definition(format!("{SERVICE}:1")).send().await.unwrap_err();
    let refused = refused.into_service_error();
    assert_eq!(refused.code(), Some("ClientException"));
    assert_eq!(refused.message(), Some("TaskDefinition is inactive"));
    for (revision, status) in [(1, "INACTIVE"), (2, "ACTIVE")] {
        let describe = client.describe_task_definition();
        let found = describe.task_definition(format!("{SERVICE}:{revision}")).send().await.unwrap();
        let found = found.task_definition().unwrap();
        assert_eq!(found.status().unwrap().as_str(), status);
    }
    // what runs it goes on, and may be deployed again
    lab.world().deregister_task_definition(&format!("{SERVICE}:2"));
    let update = client.update_service().cluster(CLUSTER).service(SERVICE);
    update.force_new_deployment(true).send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_deployment_in_progress_can_be_stopped_and_rolled_back() {
    // given
    let lab = running_lab(|_| {});
    let client = client(&lab);
    let next = revision(&lab, 2);
    lab.world().new_deployment(CLUSTER, SERVICE, Some(next)).unwrap();
    let list = client.list_service_deployments().cluster(CLUSTER).service(SERVICE);
    let deployments = list.send().await.unwrap();
    let of = |status: &str| {
        let mut all = deployments.service_deployments().iter();
        let found = all.find(|it| it.status().unwrap().as_str() == status).unwrap();
        found.service_deployment_arn().unwrap().to_owned()
    };
    let stop = |arn: String| {
        let stop = client.stop_service_deployment().service_deployment_arn(arn);
        stop.stop_type(StopServiceDeploymentStopType::Rollback).send()
    };

    // when one is stopped that is over, then that is a conflict
    let refused = stop(of("SUCCESSFUL")).await.unwrap_err().into_service_error();
    assert_eq!(refused.code(), Some("ConflictException"));

    // when the one in progress is, then the service returns to what it ran
    stop(of("IN_PROGRESS")).await.unwrap();
    pass(&mut lab.world(), 5 * MINUTE);
    let world = lab.world();
    let primary = &world.service(CLUSTER, SERVICE).unwrap().primary;
    assert_eq!(primary.task_definition.revision, 1);
    assert_eq!(primary.rollout_state, RolloutState::Completed);
}

/// The name, exit code and reason of each container.
fn ends(task: &Task) -> Vec<(&str, Option<i32>, Option<&str>)> {
    let end = |it| {
        let it: &Container = it;
        (it.name().unwrap(), it.exit_code(), it.reason())
    };
    task.containers().iter().map(end).collect()
}

#[tokio::test(start_paused = true)]
async fn the_containers_of_a_task_end_each_in_its_own_way() {
    // given a log router that is killed when the application ends, an agent of AWS's own that was
    // never pulled, and a helper that is not essential and has ended long ago
    let lab = running_lab(|spec: &mut ServiceSpec| {
        let pull = "CannotPullContainerError: access denied".to_owned();
        let agent = Sidecar::new("aws-guardduty-agent-x", Doing::NeverStarts { reason: pull });
        let helper = Sidecar::new("migrate", Doing::Ends { after: MINUTE, exit_code: 0 });
        spec.task_definition.sidecars = vec![
            Sidecar::new("log_router", Doing::Runs { exit_code: 137 }),
            Sidecar { injected: true, essential: false, ..agent },
            Sidecar { essential: false, ..helper },
        ];
    });
    let client = client(&lab);
    let arn = the_task(&lab.world());

    // when
    lab.world().crash_task(&arn, 1).unwrap();
    pass(&mut lab.world(), 5 * MINUTE);

    // then
    let task = describe(&client, &arn).await;
    let pull = Some("CannotPullContainerError: access denied");
    assert_eq!(
        ends(&task),
        [
            ("log_router", Some(137), None),
            ("aws-guardduty-agent-x", None, pull),
            ("migrate", Some(0), None),
            ("app", Some(1), None),
        ]
    );
    let describe = client.describe_task_definition().task_definition(format!("{SERVICE}:1"));
    let found = describe.send().await.unwrap();
    let known = found.task_definition().unwrap().container_definitions().iter();
    let known: Vec<_> = known.map(|it| (it.name().unwrap(), it.essential().unwrap())).collect();
    assert_eq!(known, [("log_router", true), ("migrate", false), ("app", true)]);
}

#[test]
fn an_essential_sidecar_that_ends_ends_its_task() {
    let ends = Doing::Ends { after: 5 * MINUTE, exit_code: 3 };
    let mut world = world_with(|spec| {
        spec.task_definition.sidecars = vec![Sidecar::new("proxy", ends)];
    });
    pass(&mut world, 2 * MINUTE);
    let arn = the_task(&world);
    pass(&mut world, 8 * MINUTE);
    let cause = world.task(&arn).unwrap().stop_cause.clone().unwrap();
    assert_eq!(cause.code, StopCode::EssentialContainerExited);
    assert_ne!(the_task(&world), arn);
}

/// Two instances with a task of the service on each.
fn on_instances() -> (Lab, [String; 2]) {
    let mut world = world_with(|spec| {
        spec.desired_count = 2;
        spec.task_definition.networking = Networking::Bridge { host_port: None };
    });
    let instances =
        [(); 2].map(|()| world.add_container_instance(CLUSTER, PublicAddress::Ipv4).unwrap());
    pass(&mut world, 10 * MINUTE);
    let clock = Clock::starting_at(world.now());
    (Lab::start(world, clock), instances)
}

fn task_on(lab: &Lab, instance: &str) -> String {
    lab.world().tasks_on(instance).next().unwrap().arn.clone()
}

#[tokio::test(start_paused = true)]
async fn the_tasks_of_a_dead_host_run_on_for_ecs_and_do_not_end_when_they_are_stopped() {
    let (lab, [dead, _]) = on_instances();
    let client = client(&lab);
    let arn = task_on(&lab, &dead);

    // when a host dies, then ECS goes on calling its task RUNNING
    lab.world().kill_instance(&dead).unwrap();
    pass(&mut lab.world(), 60 * MINUTE);
    let task = describe(&client, &arn).await;
    assert_eq!((task.last_status(), task.desired_status()), (Some("RUNNING"), Some("RUNNING")));
    assert_eq!(task.connectivity(), Some(&Connectivity::Disconnected));

    // when it is stopped, then another one is started in its place, and it stays
    lab.world().stop_task(&arn, "gone").unwrap();
    pass(&mut lab.world(), 60 * MINUTE);
    let task = describe(&client, &arn).await;
    assert_eq!((task.last_status(), task.desired_status()), (Some("RUNNING"), Some("STOPPED")));
    assert_eq!(running(&lab.world()).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_tasks_of_a_stopped_instance_keep_their_place_until_it_is_deregistered() {
    let (lab, [stopped, _]) = on_instances();
    let client = client(&lab);
    let arn = task_on(&lab, &stopped);

    // when an instance is stopped, then its task is to stop and never does
    lab.world().stop_instance(&stopped).unwrap();
    pass(&mut lab.world(), 60 * MINUTE);
    let task = describe(&client, &arn).await;
    assert_eq!((task.last_status(), task.desired_status()), (Some("RUNNING"), Some("STOPPED")));
    assert_eq!(task.stopping_at(), None);
    assert_eq!(running(&lab.world()).len(), 1);

    // when the service is deployed anew, then that does not help
    lab.world().new_deployment(CLUSTER, SERVICE, None).unwrap();
    pass(&mut lab.world(), 60 * MINUTE);
    let rollout = || lab.world().service(CLUSTER, SERVICE).unwrap().primary.rollout_state;
    assert_eq!(rollout(), RolloutState::InProgress);

    // when the instance is deregistered, then it is over
    lab.world().deregister_container_instance(&stopped).unwrap();
    pass(&mut lab.world(), 10 * MINUTE);
    assert_eq!(lab.world().task(&arn).unwrap().last_status, TaskStatus::Stopped);
    assert_eq!(running(&lab.world()).len(), 2);
    assert_eq!(rollout(), RolloutState::Completed);
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_is_back_does_what_it_was_asked_meanwhile() {
    let (lab, [instance, _]) = on_instances();
    let arn = task_on(&lab, &instance);
    lab.world().disconnect_agent(&instance).unwrap();
    lab.world().stop_task(&arn, "gone").unwrap();
    pass(&mut lab.world(), 10 * MINUTE);
    assert_eq!(lab.world().task(&arn).unwrap().last_status, TaskStatus::Running);
    lab.world().reconnect_agent(&instance).unwrap();
    pass(&mut lab.world(), 10 * MINUTE);
    assert_eq!(lab.world().task(&arn).unwrap().last_status, TaskStatus::Stopped);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_task_may_expire_between_two_calls() {
    let lab = running_lab(|_| {});
    let client = client(&lab);
    let old = the_task(&lab.world());
    lab.world().crash_task(&old, 1).unwrap();
    pass(&mut lab.world(), 5 * MINUTE);
    let new = the_task(&lab.world());
    let fault = Fault { operation: "DescribeTasks", kind: FaultKind::Expired, times: None };
    lab.world().inject(fault);
    let both = client.describe_tasks().cluster(CLUSTER).tasks(&old).tasks(&new);
    let both = both.send().await.unwrap();
    assert_eq!(both.tasks()[0].task_arn(), Some(&*new));
    assert_eq!(both.failures()[0].arn(), Some(&*old));
    assert_eq!(both.failures()[0].reason(), Some("MISSING"));
}
