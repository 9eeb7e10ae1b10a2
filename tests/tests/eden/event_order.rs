//! Events are hints: repeated, late, reordered, lost or simultaneous ones end in the same route.

use std::time::Duration;

use eden_lab::example::{CLUSTER, HEALTH_MONITOR, IP_UPDATER, SERVICE};
use eden_lab::world::DeliveryFaults;
use eden_tests::rig::{Rig, example, is_steady, minutes};
use eden_tests::sample;
use serde_json::json;

/// Crashes, scaling and a rolling deployment, one after the other.
async fn turmoil(rig: &Rig) {
    for round in 0..3 {
        let victim = rig.running()[0].arn.clone();
        rig.lab.world().crash_task(&victim, 1).unwrap();
        rig.wait(Duration::from_secs(70)).await;
        rig.lab.world().set_desired_count(CLUSTER, SERVICE, 1 + round % 2).unwrap();
        rig.wait(Duration::from_secs(90)).await;
    }
    rig.lab.world().new_deployment(CLUSTER, SERVICE, None).unwrap();
    rig.wait(minutes(5)).await;
}

#[tokio::test(start_paused = true)]
async fn repeated_events_end_in_the_same_route_and_write_it_once() {
    // Given
    let rig = Rig::steady(&example()).await;
    let faults = DeliveryFaults { copies: 3, delay: Duration::ZERO, ..DeliveryFaults::NONE };
    rig.lab.world().set_delivery_faults(faults);
    let crashed = rig.running()[0].arn.clone();
    let writes = rig.writes();
    // When: each event comes three times, one after the other.
    rig.lab.world().crash_task(&crashed, 1).unwrap();
    rig.wait(minutes(3)).await;
    // Then
    assert!(rig.is_steady());
    let moved: Vec<_> = rig.actions();
    assert!(rig.writes() > writes);
    let endpoint = rig.serving().unwrap().endpoint();
    assert_eq!(
        rig.uris(),
        [format!("http://{endpoint}/"), format!("http://{endpoint}/{{proxy}}")],
        "{moved:?}"
    );
}

/// <https://github.com/aws/containers-roadmap/issues/737>, <https://github.com/DiazzzDev/BFlow/pull/90>:
/// several tasks are RUNNING during a rollout, and events come out of order.
#[tokio::test(start_paused = true)]
async fn late_and_reordered_events_end_in_a_route_to_a_running_task() {
    let rig = Rig::steady(&example()).await;
    let faults =
        DeliveryFaults { copies: 2, delay: Duration::from_secs(100), ..DeliveryFaults::NONE };
    rig.lab.world().set_delivery_faults(faults);

    turmoil(&rig).await;
    rig.wait(minutes(10)).await;

    assert!(rig.is_steady());
}

#[tokio::test(start_paused = true)]
async fn an_event_about_a_task_that_is_long_gone_moves_nothing() {
    // Given: the first task's RUNNING event, and by now another task.
    let rig = Rig::steady(&example()).await;
    let first = rig.invocations(IP_UPDATER)[0].payload.clone();
    assert_eq!(first["detail"]["lastStatus"], "RUNNING");
    let crashed = rig.running()[0].arn.clone();
    rig.lab.world().crash_task(&crashed, 1).unwrap();
    rig.wait(minutes(5)).await;
    let (route, writes) = (rig.uris(), rig.writes());
    // When
    let response = rig.invoke(IP_UPDATER, first).await.unwrap();
    // Then
    assert_eq!(response["outcome"], "unchanged");
    assert_eq!(rig.uris(), route);
    assert_eq!(rig.writes(), writes);
}

#[tokio::test(start_paused = true)]
async fn when_every_event_is_lost_the_schedule_repairs_the_route() {
    // Given: ip-updater never hears of the crash.
    let rig = Rig::steady(&example()).await;
    assert!(rig.lab.world().set_rule_enabled("prod-eden-ecs-task-state-change", false));
    // When
    let crashed = rig.running()[0].arn.clone();
    rig.lab.world().crash_task(&crashed, 1).unwrap();
    rig.wait(minutes(7)).await;
    // Then
    assert!(rig.is_steady());
    let repairs: Vec<_> =
        rig.actions().into_iter().filter(|action| action["function"] == "health-monitor").collect();
    assert!(repairs.iter().all(|action| action["step"]["action"] == "point_integration"));
    assert_eq!(repairs.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn two_updaters_at_once_end_in_the_same_route() {
    // Given: a stale route that two invocations see at the same moment.
    let rig = Rig::steady(&example()).await;
    rig.wait(minutes(1)).await;
    let right = rig.uris();
    for (integration, uri) in [("int1234", "http://127.0.0.1:9/"), ("int5678", "placeholder")] {
        rig.lab.world().set_integration_uri("a1b2c3d4e5", integration, uri).unwrap();
    }
    // When
    let event = || sample("ecs-task-running");
    let (one, two) = tokio::join!(rig.invoke(IP_UPDATER, event()), rig.invoke(IP_UPDATER, event()));
    // Then
    one.unwrap();
    two.unwrap();
    assert_eq!(rig.uris(), right);
}

#[tokio::test(start_paused = true)]
async fn updater_and_monitor_at_once_end_in_the_same_route() {
    let rig = Rig::steady(&example()).await;
    rig.wait(minutes(1)).await;
    let right = rig.uris();
    rig.lab
        .world()
        .set_integration_uri("a1b2c3d4e5", "int5678", "http://127.0.0.1:9/{proxy}")
        .unwrap();

    let (one, two) = tokio::join!(
        rig.invoke(IP_UPDATER, sample("ecs-task-running")),
        rig.invoke(HEALTH_MONITOR, json!({})),
    );

    one.unwrap();
    two.unwrap();
    assert_eq!(rig.uris(), right);
}

#[tokio::test(start_paused = true)]
async fn two_monitors_at_once_restore_the_same_count() {
    let rig = Rig::steady(&example()).await;
    rig.lab.world().set_desired_count(CLUSTER, SERVICE, 0).unwrap();

    let (one, two) =
        tokio::join!(rig.invoke(HEALTH_MONITOR, json!({})), rig.invoke(HEALTH_MONITOR, json!({})));

    one.unwrap();
    two.unwrap();
    assert!(rig.lab.until(minutes(5), is_steady).await);
    assert_eq!(rig.lab.world().service(CLUSTER, SERVICE).unwrap().desired_count, 1);
}

#[tokio::test(start_paused = true)]
async fn a_second_monitor_that_comes_while_the_first_redeploys_leaves_it_alone() {
    use eden_lab::world::AppState;
    // Given: the alarm rings, and the application is to blame.
    let rig = Rig::steady(&example()).await;
    rig.wait(minutes(20)).await;
    rig.lab.world().start_traffic("a1b2c3d4e5", "/orders/42", Duration::from_secs(1));
    rig.lab.world().set_app_of_service(CLUSTER, SERVICE, AppState::Failing(500)).unwrap();
    let deployed = || rig.action_kinds().iter().filter(|kind| *kind == "force_deployment").count();
    while deployed() == 0 {
        rig.wait(Duration::from_secs(1)).await;
    }
    // When
    let response = rig.invoke(HEALTH_MONITOR, sample("cloudwatch-alarm")).await.unwrap();
    // Then
    assert_eq!(response["diagnosis"], "rolling", "{response}");
    rig.wait(minutes(10)).await;
    assert_eq!(deployed(), 1);
}
