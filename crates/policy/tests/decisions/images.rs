//! Images that a tag names: a deployment of the same may be another release
//! (<https://github.com/aws/containers-roadmap/issues/2402>,
//! <https://github.com/aws/amazon-ecs-agent/issues/4226>).

use eden_policy::facts::Image;
use eden_policy::{Evidence, Facts, Observed, Step};

use crate::fixtures::*;
use crate::verdict::*;

/// Every task runs the image of this name.
fn running(image: &str, mut facts: Facts) -> Facts {
    if let Observed::Known(tasks) = &mut facts.tasks {
        for task in tasks {
            let digest = Some("sha256:a".to_owned());
            task.images = vec![Image { name: image.to_owned(), digest }];
        }
    }
    facts
}

fn tag() -> Evidence {
    let digest = Some("sha256:a".to_owned());
    Evidence::MovingTag { image: "app:latest".to_owned(), digest }
}

#[test]
fn where_a_deployment_may_release_something_one_task_is_stopped_as_a_trial_first() {
    for tasks in [1, 2, 3] {
        let pinned = decide(&running("app@sha256:a", failing(tasks)));
        assert!(pinned.redeploys(), "{pinned:?}");
        assert!(!pinned.evidence.contains(&tag()));
        let moving = decide(&running("app:latest", failing(tasks)));
        assert!(matches!(moving.remedies()[..], [Step::StopTask { .. }]), "{moving:?}");
    }
}

#[test]
fn when_the_successor_fails_alike_the_service_is_deployed_and_people_read_of_the_tag() {
    // Given: Eden stopped a task five minutes ago, since the service has failed.
    let tried = |facts: Facts| facts.with_task(task(9).stopped_by_eden(300)).failing_since(400);
    let successor = task(2).started(200);
    let facts = running("app:latest", tried(erring(2).with_task(successor)));
    // When
    let finding = decide(&facts);
    // Then
    assert!(finding.redeploys(), "{finding:?}");
    assert!(finding.evidence.contains(&tag()), "{:?}", finding.evidence);
    let told = tag().to_string();
    assert!(told.contains("app:latest is a tag: sha256:a runs so far"), "{told}");
}

#[test]
fn where_no_task_can_be_stopped_the_service_is_deployed_and_people_read_of_the_tag() {
    let no_task_is_asked = running("app:latest", unprobed(2).failing_since(400));
    let all_are_protected = running("app:latest", failing(2).protected(&[1, 2]));
    for facts in [no_task_is_asked, all_are_protected] {
        let finding = decide(&facts);
        assert!(finding.redeploys(), "{finding:?}");
        assert!(finding.evidence.contains(&tag()));
    }
}

/// A fresh reader's case: nobody knows how many are served, so a stop may take the one that serves.
#[test]
fn where_requests_cannot_be_read_no_task_is_stopped_before_the_service_is_deployed() {
    let mut facts = running("app:latest", failing(1));
    facts.requests = Observed::Unknown("GetMetricData failed: Throttling".to_owned());
    let finding = decide(&facts);
    assert!(finding.redeploys(), "{finding:?}");
}

/// <https://yehudacohen.substack.com/p/a-tale-of-ecs-service-stability>: the registry had removed what the
/// tag meant when the service was deployed, and the tag itself was fine. Only another deployment asks anew.
#[test]
fn when_nothing_runs_since_the_image_of_a_tag_is_gone_the_service_is_deployed_once() {
    let gone = |image: &str| {
        let tasks = (1..=3).map(|n| task(n).not_started(u64::from(n) * 60)).collect();
        let facts = healthy(2).tasks(tasks).service(|service| service.running = 0);
        running(image, facts)
    };
    let finding = decide(&gone("app:latest"));
    assert!(finding.redeploys(), "{finding:?}");
    assert!(finding.evidence.contains(&tag()), "{:?}", finding.evidence);
    // An image by its digest is gone for good, and what did not help is people's.
    let deployed = gone("app:latest").service(|service| service.redeployed_at = vec![ago(1_800)]);
    for facts in [gone("app@sha256:a"), deployed] {
        let finding = decide(&facts);
        assert!(!finding.redeploys(), "{finding:?}");
        assert_eq!(finding.condition(), Some("cannot_start"));
    }
}
