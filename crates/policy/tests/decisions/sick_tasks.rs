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
    assert!(finding.holds(&Hold::TaskProtected { task: "task1".to_owned() }));
}

#[test]
fn when_every_sick_task_is_protected_nothing_else_holds_it() {
    let stops = (10..20).fold(ripe(1, 2).protected(&[1]), |facts, n| {
        facts.with_task(task(n).stopped_by_eden(u64::from(n)))
    });
    let finding = decide(&stops);
    assert_eq!(finding.reasons(), ["task_protected"]);
    assert_eq!(finding.condition, None);
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
