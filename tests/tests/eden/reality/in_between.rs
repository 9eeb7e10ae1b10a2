//! What somebody does while Eden notes a step, before it takes it. An independent emulator showed it: a
//! count that an operator set was written over.

use std::time::Duration;

use eden_lab::World;
use eden_lab::example::{CLUSTER, SERVICE};
use eden_lab::world::{AppState, Behaviour, Fault, FaultKind};
use eden_tests::rig::{Rig, each, minutes, seconds};
use serde_json::Value;

use crate::remediation::scene::{
    cure, deploy, deployed, done, fail_requests, left_to_eden, look, of, revision, service_tag,
    settled, sicken, unschedule,
};

const FAILS: Behaviour = Behaviour::Runs(AppState::Failing(500));

/// From now on a note is in effect at once, and the call that writes it takes three seconds.
fn notes_take_long(rig: &Rig) {
    let kind = FaultKind::Latency(seconds(3));
    rig.lab.world().inject(Fault { operation: "TagResource", kind, times: None });
}

/// Waits for the note of a step under this tag, and lets somebody act while it is being written.
async fn meanwhile(rig: &Rig, tag: &str, acts: impl FnOnce(&Rig)) {
    let noted = |world: &World| {
        let tags = &world.service(CLUSTER, SERVICE).unwrap().tags;
        tags.get(tag).is_some_and(|value| !value.is_empty())
    };
    assert!(rig.lab.until(minutes(20), noted).await, "{tag} is noted");
    acts(rig);
}

/// Looks once while somebody acts, and says what the look did.
async fn while_noting(rig: &Rig, tag: &str, acts: impl FnOnce(&Rig)) -> Value {
    notes_take_long(rig);
    let (report, ()) = tokio::join!(look(rig), meanwhile(rig, tag, acts));
    assert_eq!(service_tag(rig, tag).unwrap_or_default(), "", "the note is taken back");
    report
}

fn desired(rig: &Rig) -> u32 {
    rig.lab.world().service(CLUSTER, SERVICE).unwrap().desired_count
}

fn set_desired(rig: &Rig, count: u32) {
    rig.lab.world().set_desired_count(CLUSTER, SERVICE, count).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_count_that_somebody_sets_while_its_restoration_is_noted_is_never_lowered() {
    // Given
    let rig = settled(&of(1)).await;
    unschedule(&rig);
    set_desired(&rig, 0);
    // When
    let report = while_noting(&rig, "eden:restored", |rig| set_desired(rig, 3)).await;
    // Then
    assert_eq!(desired(&rig), 3);
    assert_eq!(each(&report, "skipped", "action"), ["restore_desired_count"], "{report}");
    assert_eq!(rig.calls("UpdateService"), []);
}

#[tokio::test(start_paused = true)]
async fn a_count_that_somebody_sets_while_aws_throttles_its_restoration_is_never_lowered() {
    // Given: AWS refuses the first attempt.
    let rig = settled(&of(1)).await;
    unschedule(&rig);
    set_desired(&rig, 0);
    let (operation, kind) = ("UpdateService", FaultKind::Throttled);
    rig.lab.world().inject(Fault { operation, kind, times: Some(1) });
    // When somebody is quicker than the second one
    let somebody = async {
        let refused = |world: &World| world.calls().iter().any(|it| it.operation == operation);
        assert!(rig.lab.until(minutes(3), refused).await);
        set_desired(&rig, 3);
    };
    let (report, ()) = tokio::join!(look(&rig), somebody);
    // Then
    assert_eq!(desired(&rig), 3);
    assert_eq!(each(&report, "skipped", "action"), ["restore_desired_count"], "{report}");
    assert_eq!(service_tag(&rig, "eden:restored").unwrap_or_default(), "");
}

#[tokio::test(start_paused = true)]
async fn a_restoration_that_may_have_been_done_is_not_repeated_over_what_somebody_sets() {
    for kind in
        [FaultKind::InternalErrorAfter, FaultKind::ConnectionResetAfter, FaultKind::NoAnswer]
    {
        // Given: nobody knows whether the first attempt took effect.
        let rig = settled(&of(1)).await;
        unschedule(&rig);
        set_desired(&rig, 0);
        let operation = "UpdateService";
        rig.lab.world().inject(Fault { operation, kind, times: Some(1) });
        // When
        let somebody = async {
            let asked = |world: &World| world.calls().iter().any(|it| it.operation == operation);
            assert!(rig.lab.until(minutes(3), asked).await);
            set_desired(&rig, 3);
        };
        let run = rig.invoke(eden_lab::example::HEALTH_MONITOR, eden_tests::sample("scheduled"));
        let (ended, ()) = tokio::join!(run, somebody);
        rig.wait(minutes(10)).await;
        // Then
        assert!(ended.is_err(), "{kind:?}: Lambda is told");
        assert_eq!(desired(&rig), 3, "{kind:?}");
        assert_eq!(rig.calls(operation).len(), 1, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_somebody_begins_while_one_is_noted_is_not_started_over() {
    // Given
    let example = of(2).parameter("HealthCheckPath", &"/health");
    let rig = settled(&example).await;
    notes_take_long(&rig);
    // When: somebody deploys something mended.
    fail_requests(&rig, 503);
    let mended = revision(&example, 2, Behaviour::Runs(AppState::Serving));
    meanwhile(&rig, "eden:redeployed", |rig| deploy(rig, mended)).await;
    rig.wait(minutes(20)).await;
    // Then
    assert_eq!((deployed(&rig), rig.calls("UpdateService")), (2, vec![]));
    assert_eq!(service_tag(&rig, "eden:redeployed").unwrap_or_default(), "");
}

#[tokio::test(start_paused = true)]
async fn a_release_that_somebody_begins_while_a_roll_back_is_noted_stays() {
    // Given: a release of which every request fails.
    let example = of(2)
        .parameter("HealthCheckPath", &"/health")
        .parameter("Rollback", &"on")
        .parameter("TaskRoleArns", &"none");
    let rig = settled(&example).await;
    notes_take_long(&rig);
    deploy(&rig, revision(&example, 2, FAILS));
    // When: a mended one follows.
    let mended = revision(&example, 3, Behaviour::Runs(AppState::Serving));
    meanwhile(&rig, "eden:redeployed", |rig| deploy(rig, mended)).await;
    rig.wait(minutes(20)).await;
    // Then
    assert_eq!(deployed(&rig), 3);
    assert_eq!(
        (done(&rig, "UpdateService"), done(&rig, "StopServiceDeployment")),
        (vec![], vec![])
    );
    assert_eq!(service_tag(&rig, "eden:redeployed").unwrap_or_default(), "");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_gets_well_while_its_stop_is_noted_lives_on() {
    // Given
    let rig = settled(&left_to_eden(of(3)).parameter("UnhealthyForSeconds", &0)).await;
    unschedule(&rig);
    let sick = rig.running().swap_remove(1);
    sicken(&rig, [&sick]);
    // When
    let report = while_noting(&rig, "eden:stopped", |rig| cure(rig, [&sick])).await;
    // Then
    assert_eq!(each(&report, "skipped", "action"), ["stop_task"], "{report}");
    assert_eq!(rig.calls("StopTask"), []);
    rig.wait(Duration::from_secs(60)).await;
    assert!(rig.running().iter().any(|task| task.arn == sick.arn));
}
