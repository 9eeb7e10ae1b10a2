//! Rung 3: sick tasks are stopped, the worst first, in batches, and never one that is protected.

use eden_policy::facts::StopCode;
use eden_policy::plan::Fact;
use eden_policy::{Facts, Hold, Step};

use crate::fixtures::*;
use crate::verdict::*;

#[test]
fn the_worst_are_stopped_first() {
    // Given: two that do not answer, and two that ECS calls UNHEALTHY, one of each older.
    let facts = healthy(10).route(route_to(10).silent(&[1, 2]));
    let facts = [
        task(1).started(9_000).suspect(60),
        task(2).started(8_000).suspect(60),
        sick_task(3).started(500).suspect(60),
        sick_task(4).started(900).suspect(60),
    ]
    .into_iter()
    .fold(facts, Facts::with_task);
    assert_eq!(decide(&facts).stopped(), ["task4", "task3", "task1", "task2"]);
}

#[test]
fn why_a_task_is_stopped_is_told_to_ecs() {
    let because = |facts: &Facts| match &decide(facts).plan.steps[..] {
        [Step::StopTask { because, .. }] => because.clone(),
        steps => panic!("{steps:?}"),
    };
    assert_eq!(because(&ripe(1, 2)), "container health check failing");
    let silent = healthy(2).route(route_to(1).silent(&[2])).with_task(task(2).suspect(60));
    assert_eq!(because(&silent), "does not answer while others do: connection refused");
}

#[test]
fn the_only_task_is_stopped_when_it_is_sick() {
    assert_eq!(decide(&ripe(1, 1)).stopped(), ["task1"]);
}

#[test]
fn a_protected_task_is_left_alone() {
    let finding = decide(&ripe(2, 4).protected(&[1]));
    assert_eq!(finding.stopped(), ["task2"]);
    assert!(finding.holds(&protected_task()));
    assert_eq!(finding.condition, None, "another one could be stopped");
}

fn protected_task() -> Hold {
    let cure = "aws ecs update-task-protection --cluster prod-eden-cluster --tasks task1 \
                --no-protection-enabled";
    Hold::TaskProtected { task: "task1".to_owned(), cure: cure.to_owned() }
}

#[test]
fn when_every_sick_task_is_protected_nothing_else_holds_it() {
    let stops = (10..20).fold(ripe(1, 2).protected(&[1]), |facts, n| {
        facts.with_task(task(n).stopped_by_eden(u64::from(n)))
    });
    let finding = decide(&stops);
    assert_eq!(finding.reasons(), ["task_protected"]);
}

/// Invented by a fresh reader: the application protects its tasks at their start and never ends that.
#[test]
fn when_every_sick_task_is_protected_people_are_told_once_that_lasts() {
    for all in [1, 2] {
        let finding = decide(&ripe(1, all).protected(&[1]));
        assert!(finding.holds(&protected_task()));
        assert_eq!(finding.condition(), Some("task_protected"));
        assert!(!finding.condition.unwrap().lasts);
    }
    let noted = format!("task_protected {PRIMARY} {:.0}", ago(60));
    let lasting = ripe(1, 2).protected(&[1]).service(|service| service.seen = Some(noted));
    assert!(decide(&lasting).condition.unwrap().lasts);
    // One that is sick for a moment only may yet be stopped.
    let another = ripe(1, 3).protected(&[1]).with_task(sick_task(2));
    assert_eq!(decide(&another).condition, None);
}

/// Three tasks could not be started in place of one that ECS calls UNHEALTHY.
fn without_image(facts: Facts) -> Facts {
    (0..3)
        .fold(facts, |facts, n| facts.with_task(task(21 + n).not_started(400 + 70 * u64::from(n))))
}

fn without_room(facts: Facts) -> Facts {
    facts.service(|service| service.events = vec![event(200, NO_ROOM)])
}

/// <https://github.com/aws/amazon-ecs-service-connect-agent/issues/41>,
/// <https://github.com/aws/containers-roadmap/issues/1078>: a sidecar is UNHEALTHY, the application
/// answers, and the image that runs is gone from the registry.
#[test]
fn nothing_is_stopped_whose_successor_cannot_be_started() {
    let silent = |all: u8| ripe(1, all).route(route_to(all).silent(&[1]));
    for facts in [ripe(1, 1), ripe(1, 2), silent(2), silent(1)] {
        let finding = decide(&without_image(facts));
        assert_eq!(finding.remedies(), [] as [&Step; 0], "{finding:?}");
        let held = Hold::SuccessorsCannotStart {
            task: Some("task1".to_owned()),
            because: NO_IMAGE.to_owned(),
        };
        assert!(finding.holds(&held), "{finding:?}");
        assert_eq!(finding.condition(), Some("cannot_start"));
        assert!(finding.condition.unwrap().lasts);
    }
    // One that has run for longer than its grace since then shows that they can.
    let since = without_image(ripe(1, 2)).with_task(task(2).started(300));
    assert_eq!(decide(&since).stopped(), ["task1"]);
    // A single one that did not start counts for a quarter of an hour.
    let once = |seconds| decide(&ripe(1, 2).with_task(task(21).not_started(seconds)));
    assert_eq!(once(899).stopped(), [] as [&str; 0]);
    assert_eq!(once(900).stopped(), ["task1"]);
}

/// <https://github.com/aws-actions/amazon-ecs-deploy-task-definition/issues/113>
#[test]
fn where_only_room_is_missing_what_does_not_answer_makes_it() {
    let hangs = |all: u8| without_room(ripe(1, all).route(route_to(all).silent(&[1])));
    assert_eq!(decide(&hangs(2)).stopped(), ["task1"]);
    assert_eq!(decide(&hangs(1)).stopped(), ["task1"]);
    // One that answers is kept, and so is the only one of which nobody knows.
    let kept = |facts: Facts| {
        let finding = decide(&without_room(facts));
        assert_eq!(finding.stopped(), [] as [&str; 0], "{finding:?}");
        assert!(finding.reasons().contains(&"successors_cannot_start"), "{finding:?}");
        assert_eq!(finding.condition(), Some("cannot_start"));
    };
    kept(ripe(1, 2));
    kept(ripe(1, 1));
    kept(ripe(1, 1).route(route_to(1).unasked()));
    assert_eq!(decide(&without_room(ripe(1, 2).route(route_to(2).unasked()))).stopped(), ["task1"]);
}

/// Invented by a fresh reader: autoscaling wants a fourth task, the cluster is full, and one of the
/// three that run hangs.
#[test]
fn what_cannot_be_started_beside_tasks_that_run_well_hides_no_sick_one() {
    let full = || {
        let facts = healthy(3).route(route_to(2).silent(&[1])).with_task(task(1).suspect(90));
        without_room(facts).service(|service| service.desired = 4)
    };
    let finding = decide(&full());
    assert_eq!(named(&finding.diagnosis), "task_sick");
    assert_eq!(finding.stopped(), ["task1"]);
    assert_eq!(finding.condition(), Some("cannot_start"));
    assert!(finding.evidence.iter().any(|it| it.to_string().contains(NO_ROOM)), "{finding:?}");
    // Where images cannot be pulled, nothing is stopped.
    let finding = decide(&without_image(full().service(|service| service.events.clear())));
    assert_eq!(named(&finding.diagnosis), "task_sick");
    assert_eq!(finding.stopped(), [] as [&str; 0]);
    assert_eq!(finding.condition(), Some("cannot_start"));
    // Nor in a rollout.
    let rolling = full().service(|service| service.deployments = rollout_since(600));
    assert_eq!(named(&decide(&rolling).diagnosis), "cannot_start");
}

#[test]
fn nothing_is_stopped_while_protection_is_unknown() {
    let mut facts = ripe(1, 2);
    facts.protected = unknown();
    let finding = decide(&facts);
    assert_eq!(finding.plan.steps, []);
    let unread = |hold: &Hold| matches!(hold, Hold::FactUnknown { fact: Fact::Protection, .. });
    assert!(finding.plan.holds.iter().any(unread));
}

#[test]
fn the_next_batch_waits_for_a_while_and_for_the_last_ones_successors() {
    let stopped = |seconds| ripe(1, 4).with_task(task(9).stopped_by_eden(seconds));
    let until = Some(hence(1));
    assert!(decide(&stopped(119)).holds(&Hold::StormCooldown { until }));
    assert_eq!(decide(&stopped(119)).plan.steps, []);
    assert_eq!(decide(&stopped(120)).stopped(), ["task1"]);
    let fewer = stopped(120).service(|it| it.running = 3).with_task(task(3).starting());
    assert!(decide(&fewer).holds(&Hold::StormCooldown { until: None }));
    assert_eq!(decide(&fewer).plan.steps, []);
    // Stops of others are no batch of Eden's.
    let others = task(9).stopped(60, StopCode::UserInitiated, "deployed by hand");
    assert_eq!(decide(&ripe(1, 4).with_task(others)).stopped(), ["task1"]);
}

#[test]
fn the_route_leaves_a_sick_task_before_it_is_stopped() {
    let facts = ripe(1, 2).route(route_to(1));
    assert!(
        matches!(
            &decide(&facts).plan.steps[..],
            [Step::PointIntegration { task, .. }, Step::StopTask { .. }] if task == "task2"
        ),
        "{:?}",
        decide(&facts).plan
    );
}
