//! Rung six for tasks that ECS cannot start: the reason is quoted, and nothing is deployed again.

use eden_lab::World;
use eden_lab::example::{CLUSTER, Example, SERVICE};
use eden_lab::world::{AppState, Behaviour, RolloutState};
use eden_tests::rig::{Rig, is_steady, minutes};

use super::scene::{
    HUMAN, WELL_AGAIN, calls_for_a_human, deploy, deployed, done, look, of, reasons, revision,
    settled, starts_from_now, subjects,
};

const REASON: &str = "CannotPullContainerError: failed to resolve ref \
                      example.com/shop:v2: not found";

fn cannot_start() -> Behaviour {
    Behaviour::NeverStarts { reason: REASON.to_owned() }
}

/// The only task is gone, and its image as well.
async fn without_an_image(example: &Example) -> Rig {
    let rig = settled(example).await;
    starts_from_now(&rig, cannot_start());
    let task = rig.running().swap_remove(0);
    rig.lab.world().crash_task(&task.arn, 1).unwrap();
    rig
}

#[tokio::test(start_paused = true)]
async fn an_image_that_cannot_be_pulled_is_quoted_in_report_and_mail_and_told_once() {
    // Given
    let rig = without_an_image(&of(1)).await;
    // When
    rig.wait(minutes(45)).await;
    // Then
    let report = look(&rig).await;
    assert_eq!(report["diagnosis"], "cannot_start", "{report}");
    assert!(report["because"].as_str().unwrap().contains(REASON), "{report}");
    assert!(reasons(&report).contains(&"needs_a_human"), "{report}");
    assert_eq!(subjects(&rig), [HUMAN]);
    let mail = rig.lab.world().published()[0].message.clone();
    assert!(mail.contains(REASON), "{mail}");
    assert_eq!(done(&rig, "UpdateService").len() + done(&rig, "StopTask").len(), 0);
    // When: the image is there.
    starts_from_now(&rig, Behaviour::Runs(AppState::Serving));
    // Then
    assert!(rig.lab.until(minutes(40), is_steady).await);
    // And the failures before are over an hour ago.
    rig.wait(minutes(70)).await;
    let parked = "Eden Route Parking";
    assert_eq!(subjects(&rig), [HUMAN, parked, WELL_AGAIN]);
    assert!(rig.lab.world().published()[2].message.contains("Status: HEALTHY"));
}

#[tokio::test(start_paused = true)]
async fn a_release_without_an_image_leaves_the_old_tasks_to_serve_and_is_told_or_rolled_back() {
    for (rollback, revision_then) in [("off", 2), ("on", 1)] {
        // Given
        let mut example = of(2).parameter("Rollback", &rollback);
        if rollback == "on" {
            example = example.parameter("TaskRoleArns", &"none");
        }
        let rig = settled(&example).await;
        let since = rig.start_traffic();
        // When
        deploy(&rig, revision(&example, 2, cannot_start()));
        rig.wait(minutes(60)).await;
        // Then
        assert_eq!(deployed(&rig), revision_then, "rollback {rollback}");
        assert_eq!(rig.failures(since), [], "the old tasks serve all the time");
        assert_eq!(calls_for_a_human(&rig), usize::from(rollback == "off"), "{:?}", subjects(&rig));
    }
}

#[tokio::test(start_paused = true)]
async fn a_circuit_breaker_that_gave_up_is_not_overruled() {
    // Given
    let mut example = of(2);
    example.service.circuit_breaker = true;
    let rig = settled(&example).await;
    deploy(&rig, revision(&example, 2, cannot_start()));
    let gave_up = |world: &World| {
        let service = world.service(CLUSTER, SERVICE).unwrap();
        service.primary.rollout_state == RolloutState::Failed
    };
    assert!(rig.lab.until(minutes(20), gave_up).await);
    // When
    rig.wait(minutes(120)).await;
    // Then
    assert_eq!(done(&rig, "UpdateService"), []);
    assert_eq!(deployed(&rig), 2);
    assert!(calls_for_a_human(&rig) > 0);
}
