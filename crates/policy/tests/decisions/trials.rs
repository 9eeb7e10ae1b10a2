//! Rungs 3 and 4: what has a shared cause gets one stop as a trial, and then a redeployment.

use std::time::Duration;

use eden_policy::facts::{Alarm, Readiness, RolloutState, Unready};
use eden_policy::{Facts, Hold, Limits, Step};

use crate::fixtures::*;
use crate::verdict::*;

#[test]
fn when_more_than_the_share_are_sick_one_is_stopped_as_a_trial() {
    for (sick, all, stopped) in
        [(1, 2, 1), (2, 4, 2), (3, 4, 1), (2, 2, 1), (50, 100, 6), (51, 100, 1), (60, 100, 1)]
    {
        let finding = decide(&ripe(sick, all));
        assert_eq!(finding.stopped().len(), stopped, "{sick} of {all}");
        let left = usize::from(sick) - stopped;
        // What is left has its turn when the last batch's successors had theirs.
        let limit = Hold::StopLimit { left, allowed: stopped, until: hence(120) };
        assert_eq!(finding.holds(&limit), left > 0, "{sick} of {all}: {:?}", finding.plan.holds);
    }
}

#[test]
fn tasks_that_are_missing_count_as_well_when_a_share_is_to_carry_the_service() {
    // Given: four are wanted, half of them may be stopped, and two run no more.
    let facts = ripe(2, 4).service(|service| service.running = 2);
    let one_left = |facts: Facts| facts.with_task(task(3).stopping(600));
    let facts = one_left(facts.with_task(task(4).starting()));
    // When, then: nobody else carries the service.
    assert_eq!(decide(&facts).stopped().len(), 1);
    let three_run = one_left(ripe(1, 4).service(|service| service.running = 3));
    assert_eq!(decide(&three_run).stopped().len(), 1);
}

/// Most of four are sick, and so is the one that was started after Eden stopped another five
/// minutes ago.
fn sick_again() -> Facts {
    ripe(2, 4)
        .with_task(task(9).stopped_by_eden(300))
        .with_task(sick_task(3).started(200).suspect(70))
}

#[test]
fn when_most_are_sick_and_the_successor_of_the_trial_is_too_the_service_is_redeployed() {
    let finding = decide(&sick_again());
    assert!(finding.redeploys(), "{finding:?}");
    assert_eq!(finding.stopped(), [] as [&str; 0]);
    // Not while one trial says nothing: its successor is well, or not sick for long enough.
    let well = sick_again().with_task(task(3).started(200)).with_task(sick_task(4).suspect(90));
    assert_eq!(decide(&well).stopped().len(), 1);
    for successor in [sick_task(3).started(200).suspect(20), sick_task(3).started(100)] {
        let finding = decide(&sick_again().with_task(successor));
        assert_eq!(finding.remedies(), [] as [&Step; 0]);
        assert!(finding.reasons().contains(&"trial_not_over"), "{finding:?}");
    }
    // Nor while most are well: then no cause is shared.
    let few = sick_again().with_task(task(1)).with_task(task(2));
    assert_eq!(decide(&few).stopped(), ["task3"]);
    assert!(!decide(&few).redeploys());
}

/// Neither of two tasks answers, which has been known for a minute, and the service was deployed ten
/// minutes ago.
fn nobody_answers() -> Facts {
    let suspects = [task(1).started(500).suspect(60), task(2).started(400).suspect(60)];
    let facts = healthy(2).api(bad()).route(route_to(1).erring(&[1, 2])).failing_since(60);
    suspects.into_iter().fold(facts, Facts::with_task).service(|service| {
        service.deployments = vec![deployment(RolloutState::Completed, 600)];
    })
}

#[test]
fn while_a_service_that_answers_nothing_may_not_be_deployed_again_one_task_is_stopped_as_a_trial() {
    let finding = decide(&nobody_answers());
    assert_eq!(named(&finding.diagnosis), "service_sick");
    assert!(finding.holds(&Hold::RedeployCooldown { until: hence(300) }));
    let [Step::StopTask { task, because, .. }] = &finding.remedies()[..] else {
        panic!("{finding:?}")
    };
    assert!(task.ends_with("/task1"), "the longest-running: {task}");
    assert_eq!(because, "does not answer, nor does any other: GET /health answered 500");
    // When it may, that is better: it starts replacements first.
    let may = nobody_answers().service(|it| it.deployments[0].created_at = ago(900));
    assert!(decide(&may).redeploys() && decide(&may).stopped().is_empty());
}

#[test]
fn the_trial_of_a_service_that_answers_nothing_is_held_like_any_other() {
    let spent = Limits { healing_budget_per_hour: 0, ..Limits::default() };
    let held = |facts: &Facts, limits: &Limits, reason: &str| {
        let finding = decide_under(facts, limits);
        assert_eq!(finding.remedies(), [] as [&Step; 0], "{reason}: {finding:?}");
        assert!(finding.reasons().contains(&reason), "{reason}: {finding:?}");
    };
    let limits = Limits::default();
    held(&nobody_answers(), &spent, "budget_spent");
    held(&nobody_answers().protected(&[1, 2]), &limits, "task_protected");
    held(&nobody_answers().with_task(task(9).stopped_by_eden(60)), &limits, "within_startup_grace");
    // What fails alike is tried when it has lasted for a minute, or the alarm rings.
    let unmarked = nobody_answers().with_task(task(1).started(500)).with_task(task(2).started(400));
    held(&unmarked.clone().failing_since(59), &limits, "failing_not_yet");
    let ringing = unmarked.clone().service(|it| it.failing = None).alarm(Alarm::Alarm);
    let longer = Limits { unhealthy_for: Duration::from_secs(61), ..Limits::default() };
    for facts in [&unmarked, &ringing] {
        let finding = decide(facts);
        assert_eq!((finding.marked().len(), finding.stopped().len()), (0, 1));
        // That is as long as a suspect is left to ECS, unless it is left to it for longer.
        held(facts, &longer, "failing_not_yet");
        let finding = decide_under(&facts.clone().failing_since(61), &longer);
        assert_eq!((finding.marked().len(), finding.stopped().len()), (2, 0));
    }
    // One that was stopped before was the trial: what was started since answers nothing either.
    held(&nobody_answers().with_task(task(9).stopped_by_eden(470)), &limits, "redeploy_cooldown");
    held(&nobody_answers().with_task(task(9).stopped_by_eden(899)), &limits, "redeploy_cooldown");
    // What has run well for longer than that is sick of something else.
    let finding = decide(&nobody_answers().with_task(task(9).stopped_by_eden(900)));
    assert_eq!(finding.stopped().len(), 1, "{finding:?}");
    // Whether a task that was not asked, or could not be, serves is not known.
    let unasked = nobody_answers().route(route_to(1).unasked()).alarm(Alarm::Alarm);
    held(&unasked, &limits, "redeploy_cooldown");
}

#[test]
fn what_tasks_answer_counts_for_more_than_that_they_take_connections() {
    // Given: all tasks take connections, the alarm rings and the API fails.
    let failing = |silent: &[u8]| {
        let facts = answering(2).with_task(task(1).suspect(60));
        let mut facts = facts.with_task(task(2).suspect(60));
        let answers = |n| {
            let fails = Readiness::NotReady(Unready::Fails, "GET / answered 500".to_owned());
            (endpoint(n), if silent.contains(&n) { fails } else { Readiness::Ready })
        };
        facts.answers = [1, 2].map(answers).into();
        facts.service(|service| {
            service.deployments = vec![deployment(RolloutState::Completed, 600)];
        })
    };
    // When nothing is known of the tasks, none is stopped, nor when all answer.
    assert_eq!(decide(&Facts { answers: [].into(), ..failing(&[]) }).stopped().len(), 0);
    assert_eq!(decide(&failing(&[])).stopped().len(), 0);
    // When one answers badly while the other does not, that one is; when both do, one as a trial.
    let finding = decide(&failing(&[2]));
    assert_eq!(named(&finding.diagnosis), "task_sick");
    assert_eq!(finding.stopped(), ["task2"]);
    let finding = decide(&failing(&[1, 2]));
    assert_eq!(named(&finding.diagnosis), "service_sick");
    assert_eq!(finding.stopped(), ["task1"]);
}

#[test]
fn with_the_default_times_the_trials_come_to_an_end() {
    // Given: all are sick, and so is each successor a minute after it has started.
    let two = |seconds: u64| {
        let facts = ripe(1, 2).route(route_to(1)).with_task(task(9).stopped_by_eden(seconds + 1));
        let started = seconds.saturating_sub(60);
        let successor = sick_task(2).started(started);
        facts.with_task(if started < 120 { successor } else { successor.suspect(started - 120) })
    };
    // When: looked at every half minute from the first stop.
    let seen = (3..20).map(|n| decide(&two(n * 30)));
    // Then: no second trial, and a redeployment as soon as it is known that the first did not help.
    let (before, after): (Vec<_>, Vec<_>) = seen.partition(|finding| !finding.redeploys());
    assert_eq!((before.len(), after.len()), (5, 12));
    assert!(before.iter().all(|finding| finding.remedies().is_empty()));
}

#[test]
fn the_only_task_that_is_sick_again_after_a_stop_gets_a_redeployment() {
    let facts =
        healthy(1).tasks(vec![task(9).stopped_by_eden(600), sick_task(1).started(400).suspect(90)]);
    assert!(decide(&facts).redeploys());
    // And after that nothing but what its limits allow.
    let sick = sick_task(1).started(1_400).suspect(90);
    let redeployed = facts.service(|service| {
        service.redeployed_at = vec![ago(1_700)];
        service.deployments = vec![deployment(RolloutState::Completed, 1_700)];
    });
    let redeployed = redeployed.tasks(vec![task(9).stopped_by_eden(2_400), sick.clone()]);
    let finding = decide(&redeployed);
    assert_eq!(finding.remedies(), [] as [&Step; 0]);
    assert!(finding.holds(&Hold::RedeployCooldown { until: hence(100) }), "{finding:?}");
    let lately = redeployed.clone().former(3_000);
    assert!(decide_under(&lately, &rollback()).rolls_back());
    // Of a stop that is over an hour ago nobody knows any more: then this is another illness.
    assert_eq!(decide(&redeployed.tasks(vec![sick])).stopped(), ["task1"]);
}
