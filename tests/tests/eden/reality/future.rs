//! A review found: a time in a tag that is yet to come, by a laptop whose clock is ahead or by somebody
//! who wants Eden switched off in silence, held back what it dates for as long as it says. No such time
//! is one; that of a claim is tested beside the other claims.

use eden_lab::World;
use eden_lab::example::{API, CLUSTER, SERVICE};
use eden_lab::world::AppState;
use eden_tests::rig::{Rig, minutes};

use crate::remediation::scene::{
    done, fail_requests, is_well, left_to_eden, of, service_tag, settled, sicken,
};

const FAR: &str = "2099-01-01T00:00:00Z";
const PAGE: &str = "https://status.example.com/down";

/// As many times as Eden keeps, all of them far in the future.
fn far() -> String {
    [FAR; 12].join(" ")
}

fn set(rig: &Rig, key: &str, value: &str) {
    rig.lab.world().set_service_tag(CLUSTER, SERVICE, key, Some(value)).unwrap();
}

/// The tag says when Eden did something, and nothing else any more.
fn is_edens_own(rig: &Rig, key: &str) -> bool {
    service_tag(rig, key).is_some_and(|times| !times.is_empty() && !times.contains("2099"))
}

#[tokio::test(start_paused = true)]
async fn deployments_of_the_future_neither_spend_the_budget_nor_begin_a_cooldown() {
    let rig = settled(&of(3)).await;
    set(&rig, "eden:redeployed", &far());
    // When all of them fail
    fail_requests(&rig, 502);
    // Then they are replaced as soon as ever.
    assert!(rig.lab.until(minutes(8), is_well).await);
    assert_eq!(done(&rig, "UpdateService").len(), 1);
    assert!(is_edens_own(&rig, "eden:redeployed"), "{:?}", service_tag(&rig, "eden:redeployed"));
}

#[tokio::test(start_paused = true)]
async fn stops_of_the_future_neither_spend_the_budget_nor_are_kept() {
    let rig = settled(&left_to_eden(of(3))).await;
    set(&rig, "eden:stopped", &far());
    // When
    let sick = rig.running().swap_remove(0);
    sicken(&rig, [&sick]);
    rig.wait(minutes(10)).await;
    // Then
    assert_eq!(done(&rig, "StopTask").len(), 1);
    assert!(is_edens_own(&rig, "eden:stopped"), "{:?}", service_tag(&rig, "eden:stopped"));
}

#[tokio::test(start_paused = true)]
async fn restorations_of_the_future_do_not_keep_the_count_down() {
    let rig = settled(&of(1)).await;
    set(&rig, "eden:restored", &far());
    // When
    rig.lab.world().set_desired_count(CLUSTER, SERVICE, 0).unwrap();
    rig.wait(minutes(10)).await;
    // Then
    assert!(is_well(&rig.lab.world()));
    assert_eq!(done(&rig, "UpdateService").len(), 1);
    assert!(is_edens_own(&rig, "eden:restored"), "{:?}", service_tag(&rig, "eden:restored"));
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_future_does_not_keep_the_maintenance_page_away() {
    let example = of(1).parameter("HealthCheckPath", &"/health");
    let example = example.parameter("MaintenanceUrl", &PAGE);
    let rig = settled(&example.parameter("MaintenanceAfterSeconds", &30)).await;
    rig.lab.world().add_page(PAGE);
    set(&rig, "eden:unserved-since", FAR);
    // When
    rig.lab.world().set_app_of_service(CLUSTER, SERVICE, AppState::Failing(503)).unwrap();
    // Then
    let is_page =
        |world: &World| world.upstream(API, "/orders/42").is_some_and(|uri| uri.starts_with(PAGE));
    assert!(rig.lab.until(minutes(12), is_page).await, "{:?}", service_tag(&rig, "eden:told"));
}

#[tokio::test(start_paused = true)]
async fn a_suspicion_of_the_future_does_not_keep_a_sick_task_alive() {
    let rig = settled(&left_to_eden(of(3))).await;
    let sick = rig.running().swap_remove(0);
    rig.lab.world().set_task_tag(&sick.arn, "eden:suspect-since", Some(FAR)).unwrap();
    // When
    sicken(&rig, [&sick]);
    rig.wait(minutes(10)).await;
    // Then
    assert_eq!(done(&rig, "StopTask").len(), 1);
    assert!(is_well(&rig.lab.world()));
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_the_future_does_not_keep_a_service_from_being_replaced() {
    // Given: it is noted that the service fails as a whole, and with which task definition.
    let rig = settled(&of(3)).await;
    fail_requests(&rig, 502);
    let is_noted =
        |world: &World| world.service(CLUSTER, SERVICE).unwrap().tags.contains_key(FAILING);
    assert!(rig.lab.until(minutes(6), is_noted).await);
    // When
    let noted = service_tag(&rig, FAILING).unwrap();
    let (_, definition) = noted.split_once(' ').unwrap();
    set(&rig, FAILING, &format!("{FAR} {definition}"));
    // Then
    assert!(rig.lab.until(minutes(12), is_well).await, "{:?}", service_tag(&rig, FAILING));
    assert_eq!(done(&rig, "UpdateService").len(), 1);
}

const FAILING: &str = "eden:failing-since";
