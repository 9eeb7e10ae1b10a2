//! An API that throttles: what cannot be read is not acted on, and what was refused is done later.

use eden_lab::example::HEALTH_MONITOR;
use eden_lab::world::{Fault, FaultKind};
use eden_tests::rig::{Rig, minutes};
use serde_json::json;

use super::scene::{
    done, fail_requests, is_well, left_to_eden, look, of, settled, sicken, times, unschedule,
};

fn throttle(rig: &Rig, operation: &'static str, times: Option<u32>) {
    rig.lab.world().inject(Fault { operation, kind: FaultKind::Throttled, times });
}

/// What a check reads before it knows whether a task is sick.
const READS: [&str; 4] = ["DescribeServices", "ListTasks", "DescribeTasks", "GetTaskProtection"];

#[tokio::test(start_paused = true)]
async fn while_reads_are_throttled_nothing_is_done_and_afterwards_all_of_it() {
    for read in READS {
        // Given
        let rig = settled(&left_to_eden(of(3)).parameter("UnhealthyForSeconds", &0)).await;
        unschedule(&rig);
        let sick = rig.running().swap_remove(1);
        sicken(&rig, [&sick]);
        throttle(&rig, read, None);
        let writes = rig.writes();
        // When
        let error = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap_err();
        // Then
        assert!(error.message.contains("ThrottlingException"), "{read}: {error}");
        assert_eq!(rig.writes(), writes, "{read}");
        // When
        rig.lab.world().clear_faults();
        look(&rig).await;
        // Then
        assert_eq!(done(&rig, "StopTask").len(), 1, "{read}");
        assert!(rig.lab.until(minutes(3), is_well).await, "{read}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_throttled_a_few_times_is_repeated_within_the_same_run() {
    // Given
    let rig = settled(&left_to_eden(of(3)).parameter("UnhealthyForSeconds", &0)).await;
    unschedule(&rig);
    let sick = rig.running().swap_remove(1);
    sicken(&rig, [&sick]);
    for operation in READS.into_iter().chain(["StopTask", "UntagResource", "Publish"]) {
        throttle(&rig, operation, Some(2));
    }
    // When
    look(&rig).await;
    // Then
    assert_eq!(done(&rig, "StopTask").len(), 1);
    assert_eq!(rig.calls("StopTask").len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_redeployment_is_repeated_when_it_was_refused_and_not_when_it_may_have_been_done() {
    for kind in [
        FaultKind::Throttled,
        FaultKind::InternalErrorAfter,
        FaultKind::ConnectionResetAfter,
        FaultKind::NoAnswer,
    ] {
        // Given: the first attempt goes wrong, after it took effect or before.
        let rig = settled(&of(2).parameter("HealthCheckPath", &"/health")).await;
        fail_requests(&rig, 503);
        rig.lab.world().inject(Fault { operation: "UpdateService", kind, times: Some(1) });
        // When
        rig.wait(minutes(12)).await;
        // Then
        let world = rig.lab.world();
        let deployed = world.calls().iter().filter(|it| it.operation == "UpdateService" && it.done);
        assert_eq!(deployed.count(), 1, "{kind:?}");
        assert!(is_well(&world), "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_api_that_throttles_for_a_while_delays_healing_and_multiplies_nothing() {
    // Given: whole runs fail, one after the other.
    let rig = settled(&left_to_eden(of(4))).await;
    let sick: Vec<_> = rig.running().into_iter().take(2).collect();
    for operation in ["DescribeTasks", "DescribeServices", "TagResource", "StopTask"] {
        throttle(&rig, operation, Some(12));
    }
    sicken(&rig, &sick);
    // When
    rig.wait(minutes(60)).await;
    // Then
    assert!(is_well(&rig.lab.world()));
    assert!(rig.is_steady());
    let stops = times(&rig, "StopTask");
    assert_eq!(stops.len(), 2, "{stops:?}");
    assert_eq!(done(&rig, "UpdateService"), []);
}
