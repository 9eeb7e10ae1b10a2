//! Rung 2: a sick task is noted as a suspect and left to ECS for a while.

use std::time::Duration;

use eden_policy::facts::{Alarm, Task, TaskHealth};
use eden_policy::{Facts, Hold, Limits, Step};

use crate::fixtures::*;
use crate::verdict::*;

#[test]
fn a_sick_task_is_first_noted_as_a_suspect() {
    let finding = decide(&healthy(2).with_task(sick_task(2)));
    let (task, since) = (task(2).arn, now());
    assert_eq!(finding.plan.steps, [Step::MarkSuspect { task, since }]);
    let (task, until) = ("task2".to_owned(), hence(60));
    assert!(finding.holds(&Hold::SuspectNotYet { task, until }));
}

#[test]
fn a_suspect_is_stopped_when_its_time_has_come() {
    let suspect = |seconds| decide(&healthy(2).with_task(sick_task(2).suspect(seconds)));
    assert_eq!(suspect(59).plan.steps, []);
    assert!(suspect(59).holds(&Hold::SuspectNotYet { task: "task2".to_owned(), until: hence(1) }));
    assert_eq!(suspect(60).stopped(), ["task2"]);
    assert_eq!(suspect(60).remedies().len(), 1);
}

#[test]
fn with_no_time_to_wait_a_sick_task_is_stopped_at_once() {
    let limits = Limits { unhealthy_for: Duration::ZERO, ..Limits::default() };
    let finding = decide_under(&healthy(2).with_task(sick_task(2)), &limits);
    assert_eq!(finding.stopped(), ["task2"]);
    assert!(finding.marked().is_empty());
}

#[test]
fn the_note_goes_when_the_task_is_well_again() {
    let suspect = |facts: Facts| facts.with_task(task(2).suspect(30));
    for (case, facts, cleared) in [
        ("all is well", suspect(healthy(3)), true),
        ("another is sick", suspect(healthy(3).with_task(sick_task(3))), true),
        ("the service fails", suspect(answering(3)), true),
        ("the evidence disagrees", suspect(healthy(3).alarm(Alarm::Alarm)), true),
        ("the route is stale", suspect(healthy(3).route(route_to(9))), true),
        (
            "another is missing",
            { suspect(healthy(3).service(|it| it.running = 2)).with_task(task(3).died(600)) },
            true,
        ),
        ("it is sick", healthy(3).with_task(sick_task(2).suspect(30)), false),
        ("it stops", healthy(3).with_task(task(2).suspect(30).stopping(5)), false),
        ("nobody answers", suspect(healthy(3).route(route_to(1).silent(&[1, 2, 3]))), false),
        (
            "it is not asked any more, as all is quiet",
            { suspect(healthy(3).route(route_to(1).unasked())) },
            true,
        ),
        (
            "it is not asked any more, as the API answers well, whatever the alarm rings for",
            { suspect(healthy(3).alarm(Alarm::Alarm).route(route_to(1).unasked())) },
            true,
        ),
        (
            "it was not asked, and has no check of its own, while the API fails",
            suspect(unprobed(3)),
            false,
        ),
        (
            "it was not asked, but its check passes",
            {
                let well = task(2).suspect(30).health(TaskHealth::Healthy);
                healthy(3).route(route_to(1).unasked()).with_task(well)
            },
            true,
        ),
    ] {
        let expected: &[&str] = if cleared { &["task2"] } else { &[] };
        assert_eq!(decide(&facts).cleared(), expected, "{case}");
    }
}

#[test]
fn notes_stay_while_nothing_is_to_be_done() {
    let noted = |facts: Facts| facts.with_task(task(2).suspect(30));
    let mut unread = noted(healthy(2));
    unread.alarm = unknown();
    for (case, facts) in [
        ("unknown", unread),
        ("starting", noted(failing(3)).with_task(task(3).started(30))),
        ("rolling", noted(healthy(2)).service(|it| it.deployments = rollout())),
        (
            "crash_loop",
            (3..=5).fold(noted(healthy(3)), |facts, n| {
                let facts = facts.with_task(task(n).died(u64::from(n) * 100));
                facts.service(|it| it.running = 2)
            }),
        ),
    ] {
        let finding = decide(&facts);
        assert_eq!(named(&finding.diagnosis), case);
        assert_eq!(finding.plan.steps, [], "{case}");
    }
}

#[test]
fn a_task_that_ecs_is_replacing_is_left_to_it_while_its_replacement_is_fresh() {
    // Given: two are wanted, and three run or start.
    let replaced = |by: Task| {
        let facts = healthy(2).route(route_to(1)).with_task(sick_task(2).suspect(60));
        facts.with_task(by)
    };
    for (by, until) in [(task(3).starting(), None), (task(3).started(70), Some(hence(50)))] {
        let finding = decide(&replaced(by));
        assert_eq!(finding.plan.steps, []);
        let (task, by) = ("task2".to_owned(), "task3".to_owned());
        assert!(finding.holds(&Hold::ReplacedByEcs { task, by, until }), "{finding:?}");
    }
    // Not when that one should have taken over by now, nor when ECS sees nothing to replace, nor for
    // whoever wants sick tasks to be stopped at once.
    assert_eq!(decide(&replaced(task(3).started(120))).stopped(), ["task2"]);
    let silent = healthy(2).route(route_to(1).silent(&[2])).with_task(task(2).suspect(60));
    assert_eq!(decide(&silent.with_task(task(3).started(70))).stopped(), ["task2"]);
    let at_once = Limits { unhealthy_for: Duration::ZERO, ..Limits::default() };
    assert_eq!(decide_under(&replaced(task(3).starting()), &at_once).stopped(), ["task2"]);
}
