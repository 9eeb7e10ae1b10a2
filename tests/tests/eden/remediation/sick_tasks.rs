//! The first three rungs: the route is repaired, ECS has its turn, sick tasks are stopped.

use eden_lab::example::{API, Example, HEALTH_MONITOR, PROXY_INTEGRATION, ROOT_INTEGRATION};
use eden_lab::world::{AppState, Fault, FaultKind, Task};
use eden_tests::rig::{Rig, each, is_steady, minutes, seconds};
use eden_tests::sample;
use serde_json::json;

use super::scene::{
    cure, done, is_well, left_to_eden, look, now, of, reasons, remedies, settled, sicken, subjects,
    times, unschedule,
};

/// A task that the route does not lead to.
fn aside(rig: &Rig) -> Task {
    let serving = rig.serving().unwrap();
    rig.running().into_iter().find(|task| task.arn != serving.arn).unwrap()
}

const SUSPECT: &str = "eden:suspect-since";

fn lead_astray(rig: &Rig) {
    let mut world = rig.lab.world();
    for (integration, uri) in [
        (ROOT_INTEGRATION, "http://127.0.0.1:9/"),
        (PROXY_INTEGRATION, "http://127.0.0.1:9/{proxy}"),
    ] {
        world.set_integration_uri(API, integration, uri).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_stale_route_is_repaired_by_the_first_look_and_nothing_else_is_touched() {
    // Given
    let rig = settled(&of(2)).await;
    unschedule(&rig);
    lead_astray(&rig);
    // When
    let report = look(&rig).await;
    // Then
    assert_eq!(report["diagnosis"], "route_stale", "{report}");
    assert_eq!(each(&report, "done", "action"), ["point_integration"; 2]);
    assert!(rig.is_steady());
    assert_eq!(done(&rig, "StopTask").len() + done(&rig, "UpdateService").len(), 0);
}

#[tokio::test(start_paused = true)]
async fn while_the_route_is_stale_a_ringing_alarm_is_no_reason_to_redeploy() {
    // Given: the alarm rings for a route that leads nowhere, and nobody looks meanwhile.
    let rig = settled(&of(1)).await;
    for rule in ["health-alarm-trigger", "scheduled-health-check"] {
        assert!(rig.lab.world().set_rule_enabled(&format!("prod-eden-{rule}"), false));
    }
    lead_astray(&rig);
    rig.wait(minutes(5)).await;
    // When
    let report = look(&rig).await;
    // Then
    assert_eq!(report["diagnosis"], "route_stale", "{report}");
    assert!(reasons(&report).contains(&"route_repaired_first"), "{report}");
    rig.wait(minutes(1)).await;
    let report = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
    assert!(reasons(&report).contains(&"route_just_moved"), "{report}");
    rig.wait(minutes(30)).await;
    assert!(is_steady(&rig.lab.world()));
    assert_eq!(done(&rig, "UpdateService"), []);
}

/// ECS starts a successor first, and stops the sick task when that one is healthy (F19).
async fn ecs_has_its_turn(example: &Example) {
    // Given
    let rig = settled(example).await;
    unschedule(&rig);
    let sick = aside(&rig);
    sicken(&rig, [&sick]);
    // When
    let report = look(&rig).await;
    // Then: the mark goes with the task.
    assert_eq!(remedies(&report), ["mark_suspect"], "{report}");
    rig.wait(minutes(1)).await;
    let gone = now(&rig, &sick);
    assert!(gone.tags.contains_key(SUSPECT) && !gone.is_wanted(), "{gone:?}");
    assert_eq!(gone.stop_cause.unwrap().reason, "Task failed container health checks");
    rig.wait(minutes(20)).await;
    assert!(is_well(&rig.lab.world()));
    assert!(rig.running().iter().all(|task| task.tags.is_empty()), "{:?}", rig.running());
    assert_eq!(done(&rig, "StopTask"), []);
    assert!(subjects(&rig).is_empty(), "a mark is no news");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_ecs_replaces_by_itself_is_marked_and_not_stopped() {
    ecs_has_its_turn(&of(2).parameter("UnhealthyForSeconds", &100)).await;
}

#[tokio::test(start_paused = true)]
async fn a_suspect_that_is_well_again_loses_its_mark_and_lives() {
    // Given
    let rig = settled(&left_to_eden(of(2)).parameter("UnhealthyForSeconds", &600)).await;
    unschedule(&rig);
    let task = rig.running().swap_remove(0);
    sicken(&rig, [&task]);
    let report = look(&rig).await;
    assert_eq!(remedies(&report), ["mark_suspect"], "{report}");
    assert!(reasons(&report).contains(&"suspect_not_yet"), "{report}");
    assert!(now(&rig, &task).tags.contains_key(SUSPECT));
    // When
    cure(&rig, [&task]);
    let report = look(&rig).await;
    // Then
    assert_eq!(report["diagnosis"], "healthy", "{report}");
    assert_eq!(remedies(&report), ["clear_suspect"]);
    assert_eq!(now(&rig, &task).tags.get(SUSPECT), None);
    // When: it is sick once more, its time begins anew.
    rig.wait(minutes(9)).await;
    sicken(&rig, [&task]);
    let report = look(&rig).await;
    // Then
    assert_eq!(remedies(&report), ["mark_suspect"], "{report}");
    assert!(now(&rig, &task).is_wanted());
}

#[tokio::test(start_paused = true)]
async fn a_task_that_stays_sick_is_stopped_by_the_invocation_that_found_it() {
    // Given: no schedule would come.
    let rig = settled(&left_to_eden(of(3))).await;
    unschedule(&rig);
    let sick = rig.running().swap_remove(1);
    sicken(&rig, [&sick]);
    let found_at = rig.lab.clock().now();
    // When
    let report = look(&rig).await;
    // Then
    assert_eq!(report["diagnosis"], "task_sick", "{report}");
    assert_eq!(remedies(&report), ["mark_suspect", "stop_task"]);
    let [stopped_at] = times(&rig, "StopTask")[..] else { panic!("one stop: {report}") };
    let after = stopped_at.duration_since(found_at).as_secs();
    assert!((60..75).contains(&after), "after {after} s");
    let cause = now(&rig, &sick).stop_cause.unwrap();
    assert_eq!(cause.reason, "Eden: container health check failing");
    assert!(rig.lab.until(minutes(3), is_well).await);
    assert_eq!(subjects(&rig), ["Eden Service Auto-Healing Triggered"]);
}

#[tokio::test(start_paused = true)]
async fn whoever_invokes_it_by_hand_gets_an_answer_at_once_and_the_schedule_stops_the_task() {
    // Given
    let rig = settled(&left_to_eden(of(3))).await;
    let sick = rig.running().swap_remove(1);
    sicken(&rig, [&sick]);
    let asked_at = rig.lab.clock().now();
    // When
    let report = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
    // Then
    let took = rig.lab.clock().now().duration_since(asked_at);
    assert!(took.as_secs() < 5, "{took}");
    assert_eq!(remedies(&report), ["mark_suspect"], "{report}");
    assert!(reasons(&report).contains(&"suspect_not_yet"), "{report}");
    let next = report["next"][0]["held"].as_str().unwrap();
    assert!(next.contains("is sick; ECS may replace it itself until"), "{report}");
    assert!(rig.lab.until(minutes(7), |world| !world.task(&sick.arn).unwrap().is_wanted()).await);
}

#[tokio::test(start_paused = true)]
async fn with_no_time_for_ecs_a_sick_task_is_stopped_at_once_and_never_marked() {
    let rig = settled(&left_to_eden(of(3)).parameter("UnhealthyForSeconds", &0)).await;
    unschedule(&rig);
    let sick = rig.running().swap_remove(2);
    sicken(&rig, [&sick]);
    let found_at = rig.lab.clock().now();

    let report = look(&rig).await;

    assert_eq!(remedies(&report), ["stop_task"], "{report}");
    let [stopped_at] = times(&rig, "StopTask")[..] else { panic!("one stop: {report}") };
    let after = stopped_at.duration_since(found_at).as_secs();
    assert!(after < 10, "after {after} s: nothing is waited for but the claim");
    assert!(!now(&rig, &sick).tags.contains_key(SUSPECT));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_answers_badly_while_others_answer_well_is_sick_although_ecs_calls_it_healthy()
{
    let rig = settled(&of(3).parameter("HealthCheckPath", &"/health")).await;
    let sick = rig.running().swap_remove(1);
    rig.lab.world().set_app(&sick.arn, AppState::Failing(503)).unwrap();

    assert!(rig.lab.until(minutes(10), |world| !world.task(&sick.arn).unwrap().is_wanted()).await);

    let reason = now(&rig, &sick).stop_cause.unwrap().reason;
    assert!(reason.starts_with("Eden: does not answer while others do: "), "{reason}");
    assert!(reason.contains("503"), "{reason}");
    assert!(rig.lab.until(minutes(3), is_well).await);
    assert_eq!(done(&rig, "StopTask").len(), 1);
    assert_eq!(done(&rig, "UpdateService"), []);
}

#[tokio::test(start_paused = true)]
async fn without_a_path_tasks_are_asked_for_the_root_once_the_api_is_known_to_fail() {
    let rig = settled(&of(3)).await;
    let sick = rig.serving().unwrap();
    rig.lab.world().set_app(&sick.arn, AppState::Failing(503)).unwrap();

    assert!(rig.lab.until(minutes(10), |world| !world.task(&sick.arn).unwrap().is_wanted()).await);

    let reason = now(&rig, &sick).stop_cause.unwrap().reason;
    assert!(reason.starts_with("Eden: does not answer while others do: GET / of "), "{reason}");
    assert!(reason.contains("503"), "{reason}");
    assert!(rig.lab.until(minutes(3), is_well).await);
    assert_eq!(done(&rig, "StopTask").len(), 1);
    assert_eq!(done(&rig, "UpdateService"), []);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_recovers_while_its_stop_is_decided_is_spared() {
    // Given: it is well again before the invocation looks at it for the last time.
    let rig = settled(&left_to_eden(of(2))).await;
    unschedule(&rig);
    let task = rig.running().swap_remove(0);
    sicken(&rig, [&task]);
    let (lambda, scheduled) = (rig.lambda.clone(), sample("scheduled"));
    let looks =
        tokio::spawn(async move { lambda.invoke(HEALTH_MONITOR, scheduled).await.unwrap() });
    // When: between the claim and the stop.
    rig.wait(seconds(64)).await;
    cure(&rig, [&task]);
    let report = looks.await.unwrap();
    // Then
    assert!(!remedies(&report).contains(&"stop_task"), "{report}");
    assert!(now(&rig, &task).is_wanted());
}

#[tokio::test(start_paused = true)]
async fn whether_a_task_is_protected_must_be_known_before_it_is_stopped() {
    let rig = settled(&left_to_eden(of(2)).parameter("UnhealthyForSeconds", &0)).await;
    unschedule(&rig);
    let sick = rig.running().swap_remove(0);
    sicken(&rig, [&sick]);
    let fault =
        Fault { operation: "GetTaskProtection", kind: FaultKind::AccessDenied, times: None };
    rig.lab.world().inject(fault);
    // When
    let error = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap_err();
    // Then
    assert!(error.message.contains("the tasks' protection"), "{error}");
    assert!(now(&rig, &sick).is_wanted());
    // When
    rig.lab.world().clear_faults();
    look(&rig).await;
    // Then
    assert!(!now(&rig, &sick).is_wanted());
}
