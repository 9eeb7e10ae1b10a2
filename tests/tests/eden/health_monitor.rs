//! health-monitor in virtual time: what it does about which trouble, and what it leaves alone.

use std::time::Duration;

use eden_lab::example::{
    ALARM, API, CLUSTER, Example, HEALTH_MONITOR, PROXY_INTEGRATION, ROOT_INTEGRATION, SERVICE,
};
use eden_lab::world::{AlarmState, AppState, HealthStatus};
use eden_tests::rig::{Rig, each, example, is_steady, minutes, serving};
use eden_tests::sample;
use serde_json::json;

/// A steady service that has been left alone for long enough that no grace or cooldown holds, with
/// a request a second.
async fn settled() -> Rig {
    let rig = Rig::steady(&example()).await;
    rig.lab.world().start_traffic(API, "/orders/42", Duration::from_secs(1));
    rig.wait(minutes(21)).await;
    rig
}

/// A steady service whose tasks are past their grace, at which nobody looks but a test.
async fn unscheduled(example: &Example) -> Rig {
    let rig = Rig::steady(example).await;
    assert!(rig.lab.world().set_rule_enabled("prod-eden-scheduled-health-check", false));
    rig.wait(minutes(3)).await;
    rig
}

#[tokio::test(start_paused = true)]
async fn a_healthy_service_is_left_alone_for_a_day() {
    let rig = settled().await;
    let writes = rig.writes();

    rig.wait(Duration::from_secs(24 * 3600)).await;

    assert_eq!(rig.writes(), writes);
    assert_eq!(rig.lab.world().published(), []);
    assert!(rig.invocations(HEALTH_MONITOR).len() > 280);
    assert!(rig.invocations(HEALTH_MONITOR).iter().all(|it| it.result.is_ok()));
}

#[tokio::test(start_paused = true)]
async fn a_manual_test_on_a_healthy_service_reports_and_does_nothing() {
    let rig = settled().await;
    let writes = rig.writes();
    for event in [sample("manual-test"), json!({}), sample("scheduled")] {
        let response = rig.invoke(HEALTH_MONITOR, event).await.unwrap();
        assert_eq!(response["outcome"], "unchanged");
        assert_eq!(response["diagnosis"], "healthy");
        assert_eq!(
            response["tasks"],
            json!({"running": 1, "desired": 1, "pending": 0, "unhealthy": 0})
        );
    }
    assert_eq!(rig.writes(), writes);
    assert_eq!(rig.lab.world().published(), []);
}

#[tokio::test(start_paused = true)]
async fn an_application_that_fails_is_redeployed_on_the_alarm_and_serves_again() {
    let rig = settled().await;
    rig.lab.world().set_app_of_service(CLUSTER, SERVICE, AppState::Failing(500)).unwrap();
    let broken_at = rig.lab.clock().now();
    // When
    assert!(rig.lab.until(minutes(15), |world| serving(world).is_some()).await);
    // Then
    let took = rig.lab.clock().now().duration_since(broken_at);
    assert!(took.as_secs() < 6 * 60, "{took:?}");
    let kinds = rig.action_kinds();
    assert_eq!(kinds.iter().filter(|kind| *kind == "force_deployment").count(), 1, "{kinds:?}");
    rig.wait(minutes(30)).await;
    let alarm = rig.lab.world().alarm(ALARM).unwrap().status.state;
    assert_eq!(alarm, AlarmState::Ok);
    let kinds = rig.action_kinds();
    assert_eq!(kinds.iter().filter(|kind| *kind == "force_deployment").count(), 1, "{kinds:?}");
}

#[tokio::test(start_paused = true)]
async fn an_application_that_fails_for_good_is_redeployed_once_a_cooldown() {
    let rig = settled().await;
    // Every task that comes up fails as well.
    let until = rig.lab.clock().now() + minutes(60);
    while rig.lab.clock().now() < until {
        rig.lab.world().set_app_of_service(CLUSTER, SERVICE, AppState::Failing(500)).unwrap();
        rig.wait(Duration::from_secs(1)).await;
    }
    let times: Vec<_> = rig.calls("UpdateService").iter().map(|call| call.at).collect();
    assert!((2..=4).contains(&times.len()), "{times:?}");
    for pair in times.windows(2) {
        assert!(pair[1].duration_since(pair[0]).as_secs() >= 900, "{times:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_is_ecs_to_repair_and_never_leads_to_a_redeployment() {
    // The alarm rings for the requests that failed meanwhile: that is the past.
    let rig = settled().await;
    for _ in 0..5 {
        let task = rig.running()[0].arn.clone();
        rig.lab.world().crash_task(&task, 137).unwrap();
        rig.wait(minutes(17)).await;
        assert!(rig.is_steady());
    }
    assert_eq!(rig.calls("UpdateService"), []);
    assert_eq!(rig.calls("StopTask"), []);
}

#[tokio::test(start_paused = true)]
async fn an_unhealthy_task_is_stopped_when_ecs_does_not_replace_it() {
    // Given: ECS is slow to replace it by itself (F19).
    let mut example = example();
    example.world.timing.unhealthy_replacement = minutes(600);
    let rig = unscheduled(&example).await;
    let sick = rig.running()[0].arn.clone();
    rig.lab.world().set_app(&sick, AppState::Failing(503)).unwrap();
    rig.lab.world().set_container_health(&sick, HealthStatus::Unhealthy).unwrap();
    // When
    let response = rig.invoke(HEALTH_MONITOR, sample("scheduled")).await.unwrap();
    // Then: it was noted as a suspect, and stopped when ECS had had its turn.
    assert_eq!(response["diagnosis"], "task_sick");
    let mut done = each(&response, "done", "action");
    // The run that the error alarm woke meanwhile noted that it met this one's claim.
    done.retain(|action| *action != "clear_condition");
    assert_eq!(done, ["mark_suspect", "stop_task"], "{response}");
    assert!(rig.lab.until(minutes(5), is_steady).await);
    let world = rig.lab.world();
    let cause = world.task(&sick).unwrap().stop_cause.clone().unwrap();
    assert_eq!(cause.reason, "Eden: container health check failing");
}

#[tokio::test(start_paused = true)]
async fn of_several_unhealthy_tasks_only_as_many_are_stopped_as_the_limit_allows() {
    let mut example = example();
    example.world.timing.unhealthy_replacement = minutes(600);
    example.service.desired_count = 4;
    let rig = unscheduled(&example).await;
    let tasks = rig.running();
    for sick in &tasks[..3] {
        rig.lab.world().set_container_health(&sick.arn, HealthStatus::Unhealthy).unwrap();
    }

    let response = rig.invoke(HEALTH_MONITOR, sample("scheduled")).await.unwrap();

    assert_eq!(rig.calls("StopTask").len(), 1, "{response}");
    assert!(each(&response, "held", "reason").contains(&"stop_limit"), "{response}");
}

#[tokio::test(start_paused = true)]
async fn a_service_without_container_health_checks_is_not_sick() {
    let mut example = example();
    example.service.task_definition.health_check = false;
    let rig = Rig::steady(&example).await;
    let response = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
    assert_eq!(response["diagnosis"], "healthy");
}

#[tokio::test(start_paused = true)]
async fn a_service_scaled_to_zero_is_restored() {
    let rig = settled().await;
    rig.lab.world().set_desired_count(CLUSTER, SERVICE, 0).unwrap();
    assert!(rig.lab.until(minutes(8), is_steady).await);
    assert!(rig.action_kinds().contains(&"restore_desired_count".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_service_may_be_scaled_to_zero_when_no_minimum_is_set() {
    let example = example().parameter("MinDesiredCount", &0);
    let rig = Rig::steady(&example).await;
    rig.lab.world().set_desired_count(CLUSTER, SERVICE, 0).unwrap();
    rig.wait(minutes(30)).await;
    assert_eq!(rig.lab.world().service(CLUSTER, SERVICE).unwrap().desired_count, 0);
    let response = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
    assert_eq!(response["diagnosis"], "scaled_to_zero");
    assert_eq!(response["outcome"], "unchanged");
}

#[tokio::test(start_paused = true)]
async fn a_route_edited_by_hand_is_repaired_and_nothing_is_redeployed() {
    let rig = settled().await;
    let right = rig.uris();
    for (integration, uri) in [
        (ROOT_INTEGRATION, "http://127.0.0.1:9/"),
        (PROXY_INTEGRATION, "http://127.0.0.1:9/{proxy}"),
    ] {
        rig.lab.world().set_integration_uri(API, integration, uri).unwrap();
    }
    rig.wait(minutes(6)).await;
    assert_eq!(rig.uris(), right);
    rig.wait(minutes(30)).await;
    assert_eq!(rig.calls("UpdateService"), []);
}

#[tokio::test(start_paused = true)]
async fn a_rolling_deployment_is_left_alone_whatever_the_alarm_says() {
    // Given: a deployment by an operator, whose tasks need long to start, while the old ones fail.
    let rig = settled().await;
    rig.lab.world().set_app_of_service(CLUSTER, SERVICE, AppState::Failing(500)).unwrap();
    let mut slow = example().service.task_definition;
    slow.revision = 2;
    slow.start_up = minutes(8);
    rig.lab.world().new_deployment(CLUSTER, SERVICE, Some(slow)).unwrap();
    // When
    rig.wait(minutes(7)).await;
    let response = rig.invoke(HEALTH_MONITOR, sample("cloudwatch-alarm")).await.unwrap();
    // Then
    assert_eq!(response["diagnosis"], "rolling", "{response}");
    assert_eq!(
        response["held"].as_array().unwrap().last().unwrap()["reason"],
        "rollout_in_progress"
    );
    assert_eq!(rig.calls("UpdateService"), []);
    assert_eq!(rig.calls("StopTask"), []);
}

#[tokio::test(start_paused = true)]
async fn both_envelopes_of_the_alarm_are_understood_and_its_present_state_counts() {
    // Given: the event says ALARM, the alarm itself is quiet.
    let rig = settled().await;
    let writes = rig.writes();
    for event in [sample("cloudwatch-alarm"), sample("cloudwatch-alarm-direct")] {
        let response = rig.invoke(HEALTH_MONITOR, event).await.unwrap();
        assert_eq!(response["diagnosis"], "healthy");
    }
    assert_eq!(rig.writes(), writes);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_not_ours_causes_no_call_and_says_why() {
    let rig = settled().await;
    let mut other_alarm = sample("cloudwatch-alarm");
    other_alarm["detail"]["alarmName"] = json!("dev-eden-api-health-alarm");
    for (event, part) in [
        (other_alarm, "dev-eden-api-health-alarm"),
        (sample("ecs-task-running"), "ECS Task State Change"),
        (json!([1, 2]), "JSON array"),
        (json!({"source": "someone"}), "source"),
    ] {
        let calls = rig.call_count();
        let response = rig.invoke(HEALTH_MONITOR, event).await.unwrap();
        assert_eq!(response["outcome"], "ignored");
        let why = response["ignored_because"].as_str().unwrap();
        assert!(why.contains(part), "{why}");
        assert_eq!(rig.call_count(), calls, "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deleted_service_is_left_alone_and_named() {
    let rig = settled().await;
    rig.lab.world().delete_service(CLUSTER, SERVICE).unwrap();
    let response = rig.invoke(HEALTH_MONITOR, json!({})).await.unwrap();
    assert_eq!(response["diagnosis"], "not_active");
    assert_eq!(response["done"], json!([]));
}
