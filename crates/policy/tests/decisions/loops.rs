//! Tasks that die or fail to start again and again: which deaths make a loop, and what ECS's own
//! messages say.

use eden_policy::facts::{RolloutState, Task};
use eden_policy::{Diagnosis, Evidence, Facts, Limits, Step};

use crate::fixtures::*;
use crate::verdict::*;

fn diagnosis(facts: &Facts) -> &'static str {
    named(&decide(facts).diagnosis)
}

/// One task is wanted, none runs, and those before are as given.
fn after(stops: Vec<Task>) -> Facts {
    healthy(1).service(|service| service.running = 0).tasks(stops)
}

/// The last three tasks died.
fn three_deaths() -> Vec<Task> {
    vec![task(1).died(600), task(2).died(400), task(3).died(200)]
}

#[test]
fn the_last_tasks_that_died_by_themselves_are_a_crash_loop() {
    let finding = decide(&after(three_deaths()));
    let reason = "Essential container in task exited".to_owned();
    let container = Some("app".to_owned());
    let expected = Diagnosis::CrashLoop { deaths: 3, exit_code: Some(1), container, reason };
    assert_eq!(finding.diagnosis, expected);
    let died: Vec<_> = finding
        .evidence
        .iter()
        .filter_map(|it| match it {
            Evidence::Died { task, exit_code: Some(1), .. } => Some(task.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(died, ["task3", "task2", "task1"], "newest first");
    assert_eq!(finding.plan.steps, []);
    assert_eq!(finding.condition(), Some("crash_loop"));
}

#[test]
fn the_last_tasks_that_never_ran_cannot_start() {
    let stops = vec![task(1).not_started(600), task(2).not_started(400), task(3).not_started(200)];
    let finding = decide(&after(stops));
    assert_eq!(finding.diagnosis, Diagnosis::CannotStart { because: NO_IMAGE.to_owned() });
    let given_up = |it: &&Evidence| matches!(it, Evidence::NotStarted { .. });
    assert_eq!(finding.evidence.iter().filter(given_up).count(), 3);
    assert_eq!(finding.plan.steps, []);
    assert_eq!(finding.condition(), Some("cannot_start"));
}

#[test]
fn so_many_deaths_in_a_row_as_the_limit_says_make_a_loop() {
    for (deaths, loops) in [(1, false), (2, false), (3, true), (4, true)] {
        let stops = (1..=deaths).map(|n| task(n).died(u64::from(n) * 200)).collect();
        assert_eq!(diagnosis(&after(stops)) == "crash_loop", loops, "{deaths}");
    }
    let limits = Limits { loop_deaths: 4, ..Limits::default() };
    let finding = decide_under(&after(three_deaths()), &limits);
    assert_eq!(named(&finding.diagnosis), "too_few_tasks");
}

#[test]
fn deaths_and_failed_starts_in_turn_are_a_loop_all_the_same() {
    let stops = vec![
        task(1).died(800),
        task(2).not_started(600),
        task(3).died(400),
        task(4).not_started(200),
    ];
    assert_eq!(diagnosis(&after(stops.clone())), "cannot_start");
    assert_eq!(diagnosis(&after(stops[..3].to_vec())), "crash_loop");
}

#[test]
fn a_stop_by_eden_or_ecs_between_deaths_does_not_end_the_loop() {
    let mut stops = three_deaths();
    stops.push(task(4).started(360).stopped_by_eden(300));
    assert_eq!(diagnosis(&after(stops)), "crash_loop");
}

#[test]
fn a_loop_is_over_when_a_task_requested_later_has_run_for_longer_than_its_grace() {
    let then = |age| {
        let facts = healthy(1).route(route_to(9)).tasks(three_deaths());
        facts.with_task(task(9).started(age))
    };
    assert_eq!(diagnosis(&then(119)), "crash_loop");
    assert_eq!(diagnosis(&then(120)), "healthy");
}

#[test]
fn tasks_that_ecs_replaces_for_their_health_checks_again_and_again_are_a_loop() {
    // Given: the present one fails its check as well, after as long as those before.
    let replaced = [900, 600, 300].iter().zip(1..).map(|(at, n)| task(n).failed_checks(*at));
    let facts = healthy(1).route(route_to(9)).tasks(replaced.collect());
    let finding = decide(&facts.with_task(sick_task(9).started(200).suspect(60)));
    // When, then
    let reason = "Task failed container health checks".to_owned();
    let expected = Diagnosis::CrashLoop { deaths: 3, exit_code: None, container: None, reason };
    assert_eq!(finding.diagnosis, expected);
    assert_eq!(finding.plan.steps, []);
    assert_eq!(finding.condition(), Some("crash_loop"));
}

#[test]
fn a_loop_that_a_task_has_long_outlived_is_not_held_against_it_when_it_turns_sick() {
    // Given: those before lived for a minute, this one for longer than its grace.
    let then = |task: Task| {
        let facts = healthy(1).route(route_to(9)).tasks(three_deaths());
        diagnosis(&facts.with_task(task))
    };
    let sick = |age| sick_task(9).started(age).suspect(60);
    assert_eq!(then(sick(120)), "crash_loop");
    assert_eq!(then(sick(121)), "task_sick");
    // Nor when it has been stopped for that, and its successor is on its way.
    let facts = healthy(1).route(route_to(99)).tasks(three_deaths());
    let facts = facts.with_task(task(9).started(190).stopped_by_eden(10));
    let facts = facts.with_task(task(10).starting()).service(|service| {
        (service.running, service.pending) = (0, 1);
    });
    assert_eq!(diagnosis(&facts), "starting");
}

#[test]
fn a_task_that_fails_after_a_life_like_those_before_goes_on_with_the_loop() {
    // Given: each lived for four minutes, and the last one for nine.
    let row = |last: u64| {
        let mut stops = vec![task(1).failed_checks(1_500), task(2).failed_checks(1_200)];
        let mut third = task(3).failed_checks(60);
        third.started_at = Some(ago(60 + last));
        stops.push(third);
        after(stops).with_task(task(4).starting())
    };
    assert_eq!(diagnosis(&row(480)), "crash_loop");
    assert_eq!(diagnosis(&row(540)), "starting");
}

#[test]
fn tasks_that_ran_well_beside_the_loop_do_not_end_it() {
    let facts = healthy(3).service(|service| service.running = 2);
    let facts = facts.tasks(vec![task(7), task(8)]);
    let facts = three_deaths().into_iter().fold(facts, Facts::with_task);
    assert_eq!(diagnosis(&facts), "crash_loop");
}

#[test]
fn deaths_of_old_tasks_at_the_same_time_are_no_loop() {
    // Given: a hundred tasks have run for an hour, and three of them die within a minute.
    let facts = healthy(100)
        .route(route_to(9))
        .service(|service| (service.running, service.pending) = (97, 3));
    let facts = (1..=3).fold(facts, |facts, n| {
        let mut dead = task(n).died(u64::from(n) * 20);
        (dead.created_at, dead.started_at) = (task(n).created_at, task(n).started_at);
        facts.with_task(dead).with_task(task(100 + n).starting())
    });
    // When, then
    assert_eq!(diagnosis(&facts), "starting");
}

#[test]
fn deaths_under_an_earlier_deployment_say_nothing_about_the_present_one() {
    // Given: what crashed in a loop was replaced, by people or by Eden, a minute ago.
    let crashed = three_deaths().into_iter().map(TaskExt::old).collect();
    let mended = after(crashed)
        .with_task(task(9).starting())
        .former(60)
        .service(|service| service.deployments = rollout());
    // When, then: the mended one is not rolled back.
    let finding = decide_under(&mended, &rollback());
    assert_eq!(named(&finding.diagnosis), "rolling");
    assert_eq!(finding.plan.steps, []);
    // The same when it is steady, and when ECS says so about the one before.
    let steady = mended.service(|service| {
        service.deployments = vec![deployment(RolloutState::Completed, 60)];
        service.events = vec![event(90, NO_ROOM)];
    });
    assert_eq!(diagnosis(&steady), "starting");
}

#[test]
fn a_loop_in_a_rollout_is_a_loop_even_while_the_tasks_before_run_on() {
    let facts = healthy(2)
        .service(|service| service.deployments = rollout_since(700))
        .tasks(vec![task(7).old(), task(8).old()]);
    let dying = three_deaths().into_iter().fold(facts.clone(), Facts::with_task);
    assert_eq!(diagnosis(&dying), "crash_loop");
    let not_starting = (1..=3).map(|n| task(n).not_started(u64::from(n) * 200));
    assert_eq!(diagnosis(&not_starting.fold(facts, Facts::with_task)), "cannot_start");
}

#[test]
fn failed_starts_are_no_fault_while_all_wanted_tasks_run() {
    let not_started = (1..=3).map(|n| task(n).not_started(u64::from(n) * 200));
    let facts = healthy(1).route(route_to(9)).tasks(vec![task(9).started(60)]);
    assert_eq!(diagnosis(&not_started.fold(facts, Facts::with_task)), "healthy");
}

#[test]
fn ecs_says_that_it_cannot_start_tasks() {
    let told = |events: Vec<_>| {
        healthy(2).tasks(vec![task(1)]).service(|service| {
            service.running = 1;
            service.events = events;
        })
    };
    for text in [
        NO_ROOM,
        "was unable to place a task. Reason: Capacity is unavailable at this time.",
        "is unable to consistently start tasks successfully.",
        "failed to launch a task with (error ECS was unable to assume the role eden).",
    ] {
        let finding = decide(&told(vec![event(600, text)]));
        assert_eq!(named(&finding.diagnosis), "cannot_start", "{text}");
        assert_eq!(finding.remedies(), [] as [&Step; 0]);
        assert!(finding.evidence.iter().any(|it| it.to_string().contains(text)), "{text}");
    }
    for (case, events, expected) in [
        // It tries again every 27 minutes in the end, and is silent in between.
        ("most of an hour ago", vec![event(3_599, NO_ROOM)], "cannot_start"),
        ("long ago", vec![event(3_600, NO_ROOM)], "too_few_tasks"),
        ("of something else", vec![event(60, "has reached a steady state.")], "too_few_tasks"),
        (
            "before it was well again",
            vec![event(60, "has reached a steady state."), event(120, NO_ROOM)],
            "too_few_tasks",
        ),
        (
            "before it did start one",
            vec![event(60, "has started 1 tasks: (task task9)."), event(120, NO_ROOM)],
            "too_few_tasks",
        ),
        (
            "after it started another",
            vec![event(60, NO_ROOM), event(120, "has started 1 tasks: (task task9).")],
            "cannot_start",
        ),
    ] {
        assert_eq!(diagnosis(&told(events)), expected, "{case}");
    }
    // Nobody minds while all wanted tasks run.
    let facts = healthy(2).service(|service| service.events = vec![event(60, NO_ROOM)]);
    assert_eq!(diagnosis(&facts), "healthy");
}

#[test]
fn exit_codes_tell_more_than_ecss_summary_of_them() {
    let summary = event(60, "is unable to consistently start tasks successfully.");
    let facts = after(three_deaths()).service(|service| service.events = vec![summary]);
    assert_eq!(diagnosis(&facts), "crash_loop");
}
