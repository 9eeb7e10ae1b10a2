//! What the real SDK client of ECS sees of applications that misbehave.

use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::{DeploymentRolloutState, DesiredStatus, TaskStopCode};
use eden_lab::world::{Networking, PublicAddress, WorldConfig};
use eden_lab::{Clock, Lab};

use super::*;
use crate::support::start;

/// A lab whose service behaves so from the beginning, some time later.
async fn lab_of(behaviour: Behaviour, time: Duration) -> Lab {
    let lab = Lab::start(world_with(of(behaviour)), Clock::starting_at(start()));
    tokio::time::sleep(time).await;
    lab
}

/// The oldest of the stopped tasks.
async fn first_stopped(client: &Client) -> aws_sdk_ecs::types::Task {
    let list = client.list_tasks().cluster(CLUSTER).service_name(SERVICE);
    let arns = list.desired_status(DesiredStatus::Stopped).send().await.unwrap().task_arns.unwrap();
    let describe = client.describe_tasks().cluster(CLUSTER).tasks(&arns[0]);
    describe.send().await.unwrap().tasks.unwrap().remove(0)
}

#[tokio::test(start_paused = true)]
async fn a_task_that_crashed_shows_its_exit_code() {
    // given a service in a crash loop
    let lab = lab_of(crashes(), 10 * MINUTE).await;

    // when a task that died is described
    let task = first_stopped(&Client::new(&lab.sdk_config())).await;

    // then it says how (F18)
    assert_eq!(task.stop_code(), Some(&TaskStopCode::EssentialContainerExited));
    assert_eq!(task.stopped_reason(), Some("Essential container in task exited"));
    assert_eq!(task.containers()[0].exit_code(), Some(3));
    assert_eq!(task.containers()[0].reason(), None);
    assert!(task.started_at().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_task_that_never_started_shows_why_and_its_service_that_it_fails() {
    // given a service whose image is not there
    let lab = lab_of(never_starts(), 10 * MINUTE).await;
    let client = Client::new(&lab.sdk_config());

    // when one of its tasks is described
    let task = first_stopped(&client).await;

    // then it says why (F18)
    assert_eq!(task.last_status(), Some("STOPPED"));
    assert_eq!(task.stop_code(), Some(&TaskStopCode::TaskFailedToStart));
    assert_eq!(task.stopped_reason(), Some(NO_IMAGE));
    assert_eq!(task.containers()[0].exit_code(), None);
    assert_eq!(task.containers()[0].reason(), Some(NO_IMAGE));
    assert_eq!(task.started_at(), None);

    // and its service says that starts fail, the newest message first
    let describe = client.describe_services().cluster(CLUSTER).services(SERVICE);
    let output = describe.send().await.unwrap();
    let service = &output.services()[0];
    let deployment = &service.deployments()[0];
    assert_eq!(deployment.rollout_state(), Some(&DeploymentRolloutState::InProgress));
    assert!(deployment.failed_tasks() > 3);
    let messages: Vec<&str> = service.events().iter().filter_map(|event| event.message()).collect();
    let impaired = "is unable to consistently start tasks successfully.";
    assert!(messages.iter().any(|message| message.ends_with(impaired)), "{messages:?}");
    assert!(messages.last().unwrap().contains("has started 1 tasks"), "{messages:?}");
    let times: Vec<i64> =
        service.events().iter().map(|event| event.created_at().unwrap().secs()).collect();
    assert!(times.is_sorted_by(|newer, older| newer >= older), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn on_ec2_only_the_container_says_why_it_never_started() {
    // given a service on a container instance whose image is not there
    let mut world = World::new(WorldConfig::new(1, start()));
    world.add_container_instance(CLUSTER, PublicAddress::Ipv4).unwrap();
    let mut spec = ServiceSpec::new(CLUSTER, SERVICE);
    spec.task_definition.networking = Networking::Bridge { host_port: None };
    spec.task_definition.behaviour = never_starts();
    world.create_service(spec);
    let lab = Lab::start(world, Clock::starting_at(start()));
    tokio::time::sleep(10 * MINUTE).await;

    // when one of its tasks is described
    let task = first_stopped(&Client::new(&lab.sdk_config())).await;

    // then only the container says why
    assert_eq!(task.stop_code(), Some(&TaskStopCode::TaskFailedToStart));
    assert_eq!(task.stopped_reason(), Some("Task failed to start"));
    assert_eq!(task.containers()[0].reason(), Some(NO_IMAGE));
}
