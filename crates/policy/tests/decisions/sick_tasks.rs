//! Rungs 2 and 3: a sick task is noted, left to ECS for a while, and stopped within the limits.

use std::time::Duration;

use eden_policy::facts::{Alarm, Readiness, RolloutState, StopCode, Task, TaskHealth};
use eden_policy::plan::Fact;
use eden_policy::{Diagnosis, Facts, Hold, Limits, Step};

use crate::fixtures::*;
use crate::verdict::*;

/// Of `all` tasks the first `sick` are UNHEALTHY, and have been for long enough.
fn ripe(sick: u8, all: u8) -> Facts {
    (1..=sick).fold(healthy(all).route(route_to(all)), |facts, n| {
        facts.with_task(sick_task(n).suspect(60))
    })
}

/// A task that Eden stopped so long ago.
fn past_stop(n: u8, seconds_ago: u64) -> Task {
    task(n).stopped_by_eden(seconds_ago)
}

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
        ("the service fails", suspect(failing(3)), true),
        ("the evidence disagrees", suspect(healthy(3).alarm(Alarm::Alarm)), true),
        ("the route is stale", suspect(healthy(3).route(route_to(9))), true),
        (
            "another is missing",
            { suspect(healthy(3).service(|it| it.running = 2)).with_task(task(3).stopping(600)) },
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
            "it was not asked, and has no check of its own, while the alarm rings",
            { suspect(healthy(3).alarm(Alarm::Alarm).route(route_to(1).unasked())) },
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

#[test]
fn a_protected_task_is_left_alone() {
    let finding = decide(&ripe(2, 4).protected(&[1]));
    assert_eq!(finding.stopped(), ["task2"]);
    assert!(finding.holds(&Hold::TaskProtected { task: "task1".to_owned() }));
}

#[test]
fn when_every_sick_task_is_protected_nothing_else_holds_it() {
    let stops = (10..20)
        .fold(ripe(1, 2).protected(&[1]), |facts, n| facts.with_task(past_stop(n, u64::from(n))));
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
    let stopped = |seconds| ripe(1, 4).with_task(past_stop(9, seconds));
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
fn no_more_than_the_budget_is_spent_in_an_hour() {
    let spent = |stops: u8, deployments: u8| {
        let facts = ripe(3, 8).service(|service| {
            service.redeployed_at = (0..deployments).map(|n| ago(600 + u64::from(n))).collect();
        });
        (20..20 + stops).fold(facts, |facts, n| facts.with_task(past_stop(n, 600)))
    };
    for (stops, deployments, stopped) in
        [(0, 0, 3), (3, 0, 3), (4, 0, 2), (3, 2, 1), (0, 5, 1), (6, 0, 0), (3, 3, 0), (9, 0, 0)]
    {
        let finding = decide(&spent(stops, deployments));
        let case = format!("{stops} stops, {deployments} deployments");
        assert_eq!(finding.stopped().len(), stopped, "{case}");
        let is_spent = stops + deployments >= 6;
        assert_eq!(finding.reasons().contains(&"budget_spent"), is_spent, "{case}");
        assert_eq!(finding.condition(), is_spent.then_some("budget_spent"), "{case}");
    }
}

#[test]
fn the_budget_frees_up_when_what_was_done_is_over_an_hour_ago() {
    let stops = |oldest: u64| {
        (21..27).fold(ripe(1, 8), |facts, n| {
            let at = if n == 21 { oldest } else { 600 };
            facts.with_task(past_stop(n, at))
        })
    };
    let finding = decide(&stops(3_599));
    assert!(finding.holds(&Hold::BudgetSpent { spent: 6, budget: 6, until: Some(hence(1)) }));
    assert_eq!(decide(&stops(3_600)).stopped(), ["task1"]);
    // Eight were stopped, as by several at a time: three must be over before there is room.
    let facts = [3_000, 2_000]
        .into_iter()
        .zip(31..)
        .fold(stops(3_100), |facts, (at, n)| facts.with_task(past_stop(n, at)));
    let until = Some(hence(1_600));
    assert!(decide(&facts).holds(&Hold::BudgetSpent { spent: 8, budget: 6, until }));
}

/// Most of four are sick, and so is the one that was started after Eden stopped another five
/// minutes ago.
fn sick_again() -> Facts {
    ripe(2, 4).with_task(past_stop(9, 300)).with_task(sick_task(3).started(200).suspect(70))
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
    let facts = healthy(2).api(bad()).route(route_to(1).silent(&[1, 2]));
    suspects.into_iter().fold(facts, Facts::with_task).service(|service| {
        service.deployments = vec![deployment(RolloutState::Completed, 600)];
    })
}

#[test]
fn while_a_service_that_answers_nothing_may_not_be_deployed_again_one_task_is_stopped_as_a_trial() {
    let finding = decide(&nobody_answers());
    assert_eq!(named(&finding.diagnosis), "service_sick");
    assert!(finding.holds(&Hold::RedeployCooldown { until: hence(300) }));
    let [Step::StopTask { task, because, .. }] = &finding.plan.steps[..] else {
        panic!("{finding:?}")
    };
    assert!(task.ends_with("/task1"), "the longest-running: {task}");
    assert_eq!(because, "does not answer, nor does any other: connection refused");
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
    held(&nobody_answers().with_task(past_stop(9, 60)), &limits, "within_startup_grace");
    let unmarked = nobody_answers().with_task(task(1).started(500)).with_task(task(2).started(400));
    let finding = decide(&unmarked);
    assert_eq!((finding.marked().len(), finding.stopped().len()), (2, 0));
    // When the alarm rings, it has waited for as long as a suspect does, unless that is longer.
    let ringing = unmarked.clone().alarm(Alarm::Alarm);
    let finding = decide(&ringing);
    assert_eq!((finding.marked().len(), finding.stopped().len()), (0, 1));
    let longer = Limits { unhealthy_for: Duration::from_secs(61), ..Limits::default() };
    let finding = decide_under(&ringing, &longer);
    assert_eq!((finding.marked().len(), finding.stopped().len()), (2, 0));
    // One that was stopped before was the trial: what was started since answers nothing either.
    held(&nobody_answers().with_task(past_stop(9, 470)), &limits, "redeploy_cooldown");
    held(&nobody_answers().with_task(past_stop(9, 899)), &limits, "redeploy_cooldown");
    // What has run well for longer than that is sick of something else.
    let finding = decide(&nobody_answers().with_task(past_stop(9, 900)));
    assert_eq!(finding.stopped().len(), 1, "{finding:?}");
    // Whether a task that was not asked, or could not be, serves is not known.
    let unasked = nobody_answers().route(route_to(1).unasked()).alarm(Alarm::Alarm);
    held(&unasked, &limits, "redeploy_cooldown");
}

#[test]
fn what_tasks_answer_counts_for_more_than_that_they_take_connections() {
    // Given: all tasks take connections, the alarm rings and the API fails.
    let failing = |silent: &[u8]| {
        let mut facts = failing(2).with_task(task(1).suspect(60)).with_task(task(2).suspect(60));
        let answers = |n| {
            let fails = Readiness::NotReady("GET / answered 500".to_owned());
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
        let facts = ripe(1, 2).route(route_to(1)).with_task(past_stop(9, seconds + 1));
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

#[test]
fn the_only_task_that_is_sick_again_after_a_stop_gets_a_redeployment() {
    let facts = healthy(1).tasks(vec![past_stop(9, 600), sick_task(1).started(400).suspect(90)]);
    assert!(decide(&facts).redeploys());
    // And after that nothing but what its limits allow.
    let sick = sick_task(1).started(1_400).suspect(90);
    let redeployed = facts.service(|service| {
        service.redeployed_at = vec![ago(1_700)];
        service.deployments = vec![deployment(RolloutState::Completed, 1_700)];
    });
    let redeployed = redeployed.tasks(vec![past_stop(9, 2_400), sick.clone()]);
    let finding = decide(&redeployed);
    assert_eq!(finding.remedies(), [] as [&Step; 0]);
    assert!(finding.holds(&Hold::RedeployCooldown { until: hence(100) }), "{finding:?}");
    let lately = redeployed.clone().former(3_000);
    assert!(decide_under(&lately, &rollback()).rolls_back());
    // Of a stop that is over an hour ago nobody knows any more: then this is another illness.
    assert_eq!(decide(&redeployed.tasks(vec![sick])).stopped(), ["task1"]);
}

#[test]
fn what_people_were_told_of_is_over_when_nothing_of_the_last_hour_would_bring_it_back() {
    assert!(decide(&healthy(2)).is_over);
    assert!(!decide(&ripe(1, 2)).is_over);
    let spent = (20..26).fold(healthy(2), |facts, n| facts.with_task(past_stop(n, 600)));
    assert!(!decide(&spent).is_over && decide(&spent).diagnosis == Diagnosis::Healthy);
    let died = (20..23).fold(healthy(2).route(route_to(2)), |facts, n| {
        facts.with_task(task(n).died(u64::from(n) * 100))
    });
    let died = died.with_task(task(2).started(600));
    assert!(!decide(&died).is_over && decide(&died).diagnosis == Diagnosis::Healthy);
}

#[test]
fn a_stop_of_unknown_time_counts_as_one_of_just_now() {
    let mut stop = past_stop(9, 0);
    stop.stopping_at = None;
    let limits = Limits { healing_budget_per_hour: 1, ..Limits::default() };
    let finding = decide_under(&ripe(1, 4).with_task(stop.clone()), &limits);
    assert_eq!(finding.plan.steps, []);
    assert!(decide(&ripe(1, 4).with_task(stop)).reasons().contains(&"storm_cooldown"));
}

#[test]
fn a_budget_of_zero_never_frees_up() {
    let limits = Limits { healing_budget_per_hour: 0, ..Limits::default() };
    let finding = decide_under(&ripe(1, 4), &limits);
    assert_eq!(finding.plan.steps, []);
    assert!(finding.holds(&Hold::BudgetSpent { spent: 0, budget: 0, until: None }));
    assert!(finding.plan.holds.iter().all(|hold| hold.until().is_none()));
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
