//! A tag that is pushed over: a forced deployment takes what it means by then
//! (<https://github.com/aws/containers-roadmap/issues/2402>,
//! <https://github.com/aws/amazon-ecs-agent/issues/4226>).

use eden_lab::example::{CLUSTER, Example, SERVICE};
use eden_lab::world::{AppState, Behaviour};
use eden_tests::rig::{Rig, minutes};

use crate::remediation::scene::{done, fail_requests, is_well, of, settled};

const TAG: &str = "registry.example.com/app:latest";

fn of_a_tag(tasks: u32) -> Example {
    let mut example = of(tasks).parameter("HealthCheckPath", &"/health");
    example.service.task_definition.image = Some(TAG.to_owned());
    example
}

fn digests(rig: &Rig) -> Vec<String> {
    rig.running().into_iter().map(|task| task.container.image_digest).collect()
}

#[tokio::test(start_paused = true)]
async fn a_dependency_that_was_away_for_minutes_releases_nothing() {
    for tasks in [1, 2] {
        // Given: something unfinished was pushed, and nobody has deployed it.
        let rig = settled(&of_a_tag(tasks)).await;
        let released = digests(&rig);
        rig.lab.world().push_image(TAG, "sha256:unfinished");
        // When
        rig.lab.world().set_dependency(CLUSTER, SERVICE, Some(503)).unwrap();
        rig.wait(minutes(4)).await;
        rig.lab.world().set_dependency(CLUSTER, SERVICE, None).unwrap();
        rig.wait(minutes(60)).await;
        // Then
        assert!(is_well(&rig.lab.world()));
        assert!(digests(&rig).iter().all(|it| *it == released[0]), "{:?}", digests(&rig));
        assert_eq!(done(&rig, "UpdateService"), []);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_new_task_cures_is_cured_without_a_release() {
    // Given: all tasks hang.
    let rig = settled(&of_a_tag(3)).await;
    let released = digests(&rig);
    rig.lab.world().push_image(TAG, "sha256:unfinished");
    // When
    fail_requests(&rig, 503);
    rig.wait(minutes(60)).await;
    // Then
    assert!(is_well(&rig.lab.world()));
    assert!(digests(&rig).iter().all(|it| *it == released[0]), "{:?}", digests(&rig));
    assert_eq!(done(&rig, "UpdateService"), []);
}

#[tokio::test(start_paused = true)]
async fn when_a_deployment_has_to_be_tried_people_read_which_image_ran() {
    // Given: what is started anew fails as well.
    let rig = settled(&of_a_tag(2)).await;
    let released = digests(&rig).remove(0);
    rig.lab.world().push_image(TAG, "sha256:unfinished");
    let fails = Behaviour::Runs(AppState::Failing(503));
    rig.lab.world().set_behaviour(CLUSTER, SERVICE, fails).unwrap();
    // When
    fail_requests(&rig, 503);
    rig.wait(minutes(90)).await;
    // Then
    assert_eq!(done(&rig, "UpdateService").len(), 2);
    let world = rig.lab.world();
    let mails = world.published().iter().map(|mail| &mail.message);
    let mail = { mails }.find(|mail| mail.contains("Forced service redeployment")).unwrap();
    assert!(mail.contains(&format!("image {TAG} is a tag: {released} runs so far")), "{mail}");
}
