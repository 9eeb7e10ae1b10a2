//! Rollouts that hang: left alone for as long as they may take, then told or rolled back.

use std::time::Duration;

use eden_lab::example::{CLUSTER, Example, SERVICE};
use eden_lab::world::{AppState, Behaviour, RolloutState, TaskDefinition};
use eden_tests::rig::{Rig, minutes};

use super::scene::{
    calls_for_a_human, deploy, deployed, done, fail_requests, is_well, left_to_eden, look, of,
    reasons, revision, settled,
};

/// New tasks that never pass their health check, and which ECS does not give up either.
fn hanging(example: &Example) -> TaskDefinition {
    revision(example, 2, Behaviour::NeverHealthy)
}

fn state(rig: &Rig) -> RolloutState {
    rig.lab.world().service(CLUSTER, SERVICE).unwrap().primary.rollout_state
}

#[tokio::test(start_paused = true)]
async fn a_rollout_that_hangs_is_left_alone_until_its_time_is_up_and_then_told_once() {
    // Given: its old tasks fail as well, so that the alarm rings all the time.
    let example = left_to_eden(of(2));
    let rig = settled(&example).await;
    deploy(&rig, hanging(&example));
    fail_requests(&rig, 500);
    // When
    rig.wait(minutes(29)).await;
    // Then
    let report = look(&rig).await;
    assert_eq!(report["diagnosis"], "rolling", "{report}");
    assert!(reasons(&report).contains(&"rollout_in_progress"), "{report}");
    assert_eq!(calls_for_a_human(&rig), 0);
    // When
    rig.wait(minutes(120)).await;
    // Then
    let report = look(&rig).await;
    assert_eq!((report["diagnosis"].as_str(), &report["overdue"]), (Some("rolling"), &true.into()));
    assert_eq!(report["condition"]["name"], "rollout_overdue", "{report}");
    assert_eq!(calls_for_a_human(&rig), 1);
    assert_eq!(done(&rig, "UpdateService").len() + done(&rig, "StopTask").len(), 0);
    assert_eq!(state(&rig), RolloutState::InProgress);
}

#[tokio::test(start_paused = true)]
async fn a_rollout_that_hangs_is_rolled_back_where_that_is_allowed() {
    // Given
    let example = left_to_eden(of(2)).parameter("Rollback", &"on");
    let example = example.parameter("TaskRoleArns", &"none");
    let rig = settled(&example).await;
    let since = rig.start_traffic();
    // When
    deploy(&rig, hanging(&example));
    rig.wait(minutes(29)).await;
    assert_eq!((deployed(&rig), done(&rig, "UpdateService").len()), (2, 0));
    assert!(
        rig.lab
            .until(minutes(10), |world| {
                world.service(CLUSTER, SERVICE).unwrap().primary.task_definition.revision == 1
            })
            .await
    );
    rig.wait(minutes(60)).await;
    // Then: nobody noticed.
    assert!(is_well(&rig.lab.world()));
    assert_eq!(state(&rig), RolloutState::Completed);
    assert_eq!(rig.failures(since), []);
    // ECS itself rolls a deployment back that is in progress.
    assert_eq!(done(&rig, "StopServiceDeployment").len(), 1);
    assert_eq!(done(&rig, "UpdateService").len(), 0);
    assert_eq!(calls_for_a_human(&rig), 0);
}

#[tokio::test(start_paused = true)]
async fn a_rollout_that_ends_well_just_in_time_is_nobodys_business() {
    let example = of(2).parameter("RolloutTimeoutSeconds", &1_200);
    let rig = settled(&example).await;
    let slow = TaskDefinition {
        start_up: Duration::from_mins(17),
        ..revision(&example, 2, Behaviour::Runs(AppState::Serving))
    };
    deploy(&rig, slow);
    rig.wait(minutes(120)).await;
    assert_eq!((deployed(&rig), state(&rig)), (2, RolloutState::Completed));
    assert!(is_well(&rig.lab.world()));
    assert_eq!(calls_for_a_human(&rig), 0);
    assert_eq!(done(&rig, "UpdateService").len() + done(&rig, "StopTask").len(), 0);
}

#[tokio::test(start_paused = true)]
async fn new_tasks_that_ecs_gives_up_again_and_again_are_told_before_the_rollout_is_overdue() {
    // Given: ECS replaces what fails its health check, by something that fails it too.
    let example = of(2);
    let rig = settled(&example).await;
    deploy(&rig, hanging(&example));
    // When
    rig.wait(minutes(25)).await;
    // Then
    let report = look(&rig).await;
    assert_eq!(report["diagnosis"], "crash_loop", "{report}");
    assert_eq!(calls_for_a_human(&rig), 1);
    let mail = rig.lab.world().published()[0].message.clone();
    assert!(mail.contains("failed container health checks"), "{mail}");
    assert_eq!(done(&rig, "UpdateService").len() + done(&rig, "StopTask").len(), 0);
}
