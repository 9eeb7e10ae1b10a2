//! Trying Eden without risk: in `observe` all is said that would be done, and nothing is.

use std::time::Duration;

use eden_lab::example::{CLUSTER, SERVICE};
use eden_lab::world::Behaviour;
use eden_tests::rig::{Rig, minutes};
use serde_json::Value;

use super::scene::{
    deploy, fail_requests, left_to_eden, look, of, revision, settled, sicken, subjects, unschedule,
};

/// What was not done since healing is not on.
fn not_done(report: &Value) -> Vec<String> {
    let held = report["held"].as_array().unwrap().iter();
    let of_mode = held.filter(|hold| hold["reason"] == "healing_not_on");
    of_mode.map(|hold| hold["not_done"].as_str().unwrap().to_owned()).collect()
}

/// Calls that change something, but for those that tell people and the note that they were told.
fn changes(rig: &Rig) -> usize {
    rig.writes() - rig.calls("TagResource").len() - rig.calls("UntagResource").len()
}

/// Healed until here, and from now on only looked at.
fn observe(rig: &Rig) {
    let mut world = rig.lab.world();
    world.set_service_tag(CLUSTER, SERVICE, "eden:healing", Some("observe")).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stop_is_said_by_the_run_that_would_make_it() {
    // Given
    let rig = settled(&left_to_eden(of(3))).await;
    unschedule(&rig);
    observe(&rig);
    let sick = rig.running().swap_remove(1);
    sicken(&rig, [&sick]);
    let before = changes(&rig);
    // When: the suspect is no suspect for ECS to see, but the run remembers it.
    let report = look(&rig).await;
    // Then
    let id = sick.id();
    let said = not_done(&report);
    assert!(said.iter().any(|it| it.starts_with(&format!("Stopped task {id}"))), "{report}");
    assert_eq!(report["done"], serde_json::json!([]));
    assert_eq!(changes(&rig), before);
    assert_eq!(rig.calls("TagResource"), []);
    assert!(rig.running().iter().any(|task| task.arn == sick.arn));
    assert!(subjects(&rig).is_empty(), "what would have been done is no news");
}

#[tokio::test(start_paused = true)]
async fn what_may_be_done_at_once_and_is_not_is_no_reason_to_look_all_the_time() {
    // Given: no limit waits for anything, so that what is left to the next batch is due at once.
    let example = left_to_eden(of(4))
        .parameter("UnhealthyForSeconds", &0)
        .parameter("StormCooldownSeconds", &0);
    let rig = settled(&example).await;
    unschedule(&rig);
    observe(&rig);
    sicken(&rig, &rig.running()[..3]);
    let before = rig.calls("DescribeServices").len();
    // When
    let report = look(&rig).await;
    // Then
    assert_eq!(not_done(&report).iter().filter(|it| it.starts_with("Stopped task")).count(), 1);
    let looks = rig.calls("DescribeServices").len() - before;
    assert!(looks <= 2, "{looks} looks: {report}");
}

#[tokio::test(start_paused = true)]
async fn a_redeployment_is_said_for_as_long_as_the_service_fails() {
    let rig = settled(&of(2)).await;
    observe(&rig);
    fail_requests(&rig, 502);
    let before = changes(&rig);
    rig.wait(minutes(30)).await;
    let report = look(&rig).await;
    assert_eq!(report["diagnosis"], "service_sick", "{report}");
    let said = not_done(&report);
    assert!(said.iter().any(|it| it.starts_with("Forced service redeployment")), "{said:?}");
    assert_eq!(changes(&rig), before);
}

#[tokio::test(start_paused = true)]
async fn a_condition_is_in_every_report_for_the_metric_and_its_alarm_and_nothing_is_noted() {
    let example = of(1);
    let rig = settled(&example).await;
    observe(&rig);
    let crashes = Behaviour::Crashes { after: Duration::from_secs(10), exit_code: 1 };
    deploy(&rig, revision(&example, 2, crashes));
    let before = changes(&rig);
    rig.wait(minutes(60)).await;
    let report = look(&rig).await;
    assert_eq!(report["condition"]["name"], "crash_loop", "{report}");
    assert_eq!(rig.calls("TagResource"), []);
    assert!(subjects(&rig).is_empty(), "without a note it would be told at every check");
    assert_eq!(changes(&rig), before);
}
