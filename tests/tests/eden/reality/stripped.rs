//! A reconciler that takes tags off the service which it does not know, every ten minutes, as
//! Terraform's AWS provider does by default (<https://github.com/hashicorp/terraform/issues/3069>;
//! invented by a fresh reader). It removed each bound that is noted there.

use std::time::Duration;

use eden_lab::World;
use eden_lab::example::{CLUSTER, HEALTH_MONITOR, SERVICE};
use eden_lab::world::{Behaviour, Fault, FaultKind};
use eden_tests::rig::{Rig, minutes, running};

use crate::remediation::scene::{
    calls_for_a_human, done, fail_requests, look, of, reasons, service_tag, settled, subjects,
};

const REMOVED: &str = "Eden's Notes Are Taken Away";
const CRASHES: Behaviour = Behaviour::Crashes { after: Duration::from_secs(20), exit_code: 3 };

fn strip(world: &mut World) {
    let tags = world.service(CLUSTER, SERVICE).unwrap().tags.clone();
    for key in tags.keys().filter(|key| key.starts_with("eden:")) {
        world.set_service_tag(CLUSTER, SERVICE, key, None).unwrap();
    }
}

/// Lets hours pass in which the reconciler runs.
async fn reconciled(rig: &Rig, hours: u32) {
    for _ in 0..6 * hours {
        rig.wait(minutes(10)).await;
        strip(&mut rig.lab.world());
    }
}

fn told(rig: &Rig, subject: &str) -> usize {
    subjects(rig).iter().filter(|it| *it == subject).count()
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop_is_told_once_and_so_is_that_the_notes_are_taken_away() {
    // Given
    let rig = settled(&of(1)).await;
    let mut world = rig.lab.world();
    world.set_behaviour(CLUSTER, SERVICE, CRASHES).unwrap();
    for task in running(&world) {
        world.crash_task(&task.arn, 3).unwrap();
    }
    drop(world);
    // When
    reconciled(&rig, 3).await;
    // Then
    assert_eq!(calls_for_a_human(&rig), 1, "{:?}", subjects(&rig));
    assert_eq!(told(&rig, REMOVED), 1, "{:?}", subjects(&rig));
    let world = rig.lab.world();
    let mail = world.published().iter().find(|mail| mail.subject.as_deref() == Some(REMOVED));
    let mail = &mail.unwrap().message;
    assert!(mail.contains("ignore_tags { key_prefixes = [\"eden:\"] }"), "{mail}");
    drop(world);
    assert!(reasons(&look(&rig).await).contains(&"tags_removed"));
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_all_tasks_share_is_met_by_two_deployments_at_most() {
    // Given
    let rig = settled(&of(2).parameter("HealthCheckPath", &"/health")).await;
    fail_requests(&rig, 503);
    rig.lab
        .world()
        .set_behaviour(CLUSTER, SERVICE, Behaviour::Runs(eden_lab::world::AppState::Failing(503)))
        .unwrap();
    // When
    reconciled(&rig, 6).await;
    // Then
    assert_eq!(done(&rig, "UpdateService").len(), 2);
    // Then: people are called once for each deployment that did not help.
    assert_eq!(calls_for_a_human(&rig), 2, "{:?}", subjects(&rig));
}

#[tokio::test(start_paused = true)]
async fn a_count_that_is_lowered_again_and_again_is_raised_three_times() {
    let rig = settled(&of(1)).await;
    for _ in 0..12 {
        rig.lab.world().set_desired_count(CLUSTER, SERVICE, 0).unwrap();
        rig.wait(minutes(10)).await;
        strip(&mut rig.lab.world());
    }
    assert_eq!(done(&rig, "UpdateService").len(), 3);
    assert_eq!(calls_for_a_human(&rig), 1, "{:?}", subjects(&rig));
}

/// Whoever wants to be told again removes one tag.
#[tokio::test(start_paused = true)]
async fn a_person_who_takes_one_note_off_is_told_again() {
    // Given
    let rig = settled(&of(1)).await;
    let mut world = rig.lab.world();
    world.set_behaviour(CLUSTER, SERVICE, CRASHES).unwrap();
    for task in running(&world) {
        world.crash_task(&task.arn, 3).unwrap();
    }
    drop(world);
    rig.wait(minutes(40)).await;
    assert_eq!(calls_for_a_human(&rig), 1);
    // When
    rig.lab.world().set_service_tag(CLUSTER, SERVICE, "eden:told", None).unwrap();
    rig.wait(minutes(40)).await;
    // Then
    assert_eq!(calls_for_a_human(&rig), 2);
    assert_eq!(told(&rig, REMOVED), 0);
}

/// A service that is well has nothing to lose, and a clean-up of long ago tells nobody anything.
#[tokio::test(start_paused = true)]
async fn of_a_service_that_is_well_nothing_is_told() {
    let rig = settled(&of(1)).await;
    let before = subjects(&rig).len();
    reconciled(&rig, 2).await;
    assert_eq!(subjects(&rig).len(), before);
    assert_eq!(service_tag(&rig, "eden:noted"), None);
}

/// A tag that was written just now and is not shown yet was not taken away.
#[tokio::test(start_paused = true)]
async fn a_look_that_is_answered_with_the_past_misses_no_notes() {
    let rig = settled(&of(1)).await;
    fail_requests(&rig, 503);
    rig.lab.world().inject(Fault {
        operation: "DescribeServices",
        kind: FaultKind::Stale,
        times: Some(30),
    });
    rig.wait(minutes(30)).await;
    let of_monitor = rig.invocations(HEALTH_MONITOR);
    assert!(!of_monitor.is_empty());
    assert_eq!(told(&rig, REMOVED), 0);
}
