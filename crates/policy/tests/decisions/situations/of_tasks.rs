//! Situations in which single tasks are sick, or will soon show whether they are.

use std::time::Duration;

use eden_policy::Facts;
use eden_policy::facts::{Alarm, RolloutState, TaskHealth};
use eden_policy::mode::{Mode, ModeTag};

use super::fixtures::*;
use super::{Situation, situation};

pub(super) fn all() -> Vec<Situation> {
    [suspects(), stops(), shared_causes(), held(), starting()].into_iter().flatten().collect()
}

/// Of `all` tasks the first `sick` have been UNHEALTHY for longer than ECS has to replace them; the
/// route leads to the last one.
fn sick(sick: u8, all: u8) -> Facts {
    let facts = healthy(all).route(route_to(all));
    (1..=sick).fold(facts, |facts, n| facts.with_task(sick_task(n).suspect(90)))
}

fn suspects() -> Vec<Situation> {
    vec![
        situation(
            "task_sick/noted_as_a_suspect",
            "A task that fails its container check is noted first: ECS replaces it better than a \
             stop does",
            healthy(3).with_task(sick_task(2)),
        ),
        situation(
            "task_sick/left_to_ecs_for_a_while",
            "A suspect is left to ECS for UNHEALTHY_FOR_SECONDS",
            healthy(3).with_task(sick_task(2).suspect(20)),
        ),
        situation(
            "task_sick/hangs_while_others_answer",
            "A task hangs behind the route: the route leaves it, and it is noted as a suspect",
            healthy(3).alarm(Alarm::Alarm).api(bad()).route(route_to(1).silent(&[1])),
        ),
        situation(
            "healthy/a_suspect_is_well_again",
            "A suspect that is well again is one no more",
            healthy(2).with_task(task(2).health(TaskHealth::Healthy).suspect(40)),
        ),
    ]
}

fn stops() -> Vec<Situation> {
    vec![
        situation(
            "task_sick/stopped_when_its_time_has_come",
            "A task that ECS has not replaced in time is stopped",
            sick(1, 3),
        ),
        situation(
            "task_sick/stopped_at_once",
            "With UNHEALTHY_FOR_SECONDS=0 a sick task is stopped at once, as in the seed",
            healthy(2).with_task(sick_task(2)),
        )
        .limits(|limits| limits.unhealthy_for = Duration::ZERO),
        situation(
            "task_sick/the_only_task",
            "The only task is sick: one may always be stopped",
            sick(1, 1),
        ),
        situation(
            "task_sick/several_within_the_share",
            "Three of ten are sick, fewer than MAX_UNHEALTHY_PERCENT: all are stopped, the worst \
             first",
            sick(2, 10)
                .route(route_to(10).silent(&[3]))
                .with_task(task(3).started(7_200).suspect(90))
                .with_task(sick_task(2).started(5_400).suspect(90)),
        ),
        situation(
            "task_sick/after_an_old_loop",
            "The task that ended a crash loop turns sick half an hour later: it is stopped like any \
             other",
            (2..=4)
                .fold(healthy(1), |facts, n| {
                    facts.with_task(task(n).died(1_800 + u64::from(n) * 90))
                })
                .with_task(sick_task(1).started(1_800).suspect(90)),
        ),
        situation(
            "task_sick/others_are_missing",
            "Two of four are sick and the two others are gone: they carry nothing, so one is \
             stopped as a trial",
            sick(2, 4)
                .route(route_to(1))
                .service(|service| (service.running, service.pending) = (2, 1))
                .with_task(task(3).stopping(500))
                .with_task(task(4).starting()),
        ),
        situation(
            "task_sick/a_fresh_one_beside_it",
            "Of two tasks that fail their check one has just started: only the other is judged",
            healthy(4).with_task(sick_task(2).suspect(90)).with_task(sick_task(3).started(45)),
        ),
    ]
}

/// Most tasks are sick, or were before Eden did something about it.
fn shared_causes() -> Vec<Situation> {
    vec![
        situation(
            "task_sick/sixty_of_a_hundred",
            "Sixty of a hundred are sick: a shared cause, so one is stopped as a trial",
            sick(60, 100),
        ),
        situation(
            "task_sick/the_trial_did_not_help",
            "Sixty of a hundred are sick, and so is the successor of the one that was stopped as a \
             trial: new tasks for all",
            sick(60, 100)
                .with_task(task(101).stopped_by_eden(600))
                .with_task(sick_task(60).started(400).suspect(90)),
        ),
        situation(
            "service_sick/one_is_stopped_as_a_trial",
            "Every task fails, and the service was deployed ten minutes ago: one is stopped as a trial",
            (1..=2)
                .fold(healthy(2).api(bad()).route(route_to(1).erring(&[1, 2])), |facts, n| {
                    facts.with_task(task(n).started(500).suspect(90))
                })
                .failing_since(90)
                .service(|service| {
                    service.deployments = vec![deployment(RolloutState::Completed, 600)];
                }),
        ),
        situation(
            "task_sick/sick_again_after_a_redeployment",
            "Neither a stop nor a redeployment has helped the only task: what ran before does",
            healthy(1)
                .former(3_600)
                .tasks(vec![
                    sick_task(1).started(1_200).suspect(90),
                    task(9).stopped_by_eden(2_400),
                ])
                .service(|service| {
                    service.redeployed_at = vec![ago(1_400)];
                    service.deployments = vec![deployment(RolloutState::Completed, 1_400)];
                }),
        )
        .with_rollback(),
    ]
}

fn held() -> Vec<Situation> {
    let stopped = |n, seconds_ago| task(n).stopped_by_eden(seconds_ago);
    vec![
        situation(
            "task_sick/protected",
            "A task that ECS protects from being stopped is left alone, however sick",
            sick(2, 6).protected(&[1]),
        ),
        situation("task_sick/protection_not_read", "Nothing is stopped that may be protected", {
            let mut facts = sick(1, 3);
            facts.protected = unknown();
            facts
        }),
        situation(
            "task_sick/storm_cooldown",
            "Eden stopped a task a minute ago: the next one waits",
            sick(1, 4).with_task(stopped(9, 60)),
        ),
        situation(
            "task_sick/successors_on_their_way",
            "The successor of a stopped task is not there yet: the next one waits for it",
            sick(1, 4)
                .service(|service| (service.running, service.pending) = (3, 1))
                .with_task(stopped(3, 150))
                .with_task(task(9).starting()),
        ),
        situation(
            "task_sick/ecs_is_replacing_it",
            "ECS has started the replacement of a sick task: it stops the sick one itself",
            sick(1, 2).with_task(task(3).started(40)),
        ),
        situation(
            "task_sick/the_trial_is_not_over",
            "Both tasks were sick, one was stopped, and its successor is too fresh to tell whether \
             that helped",
            sick(1, 2).with_task(stopped(9, 150)).with_task(sick_task(2).started(80)),
        ),
        situation(
            "task_sick/budget_spent",
            "Six remedies within the hour have not helped: people are called",
            (20..25)
                .fold(sick(1, 4), |facts, n| facts.with_task(stopped(n, 2_640 - u64::from(n) * 60)))
                .service(|service| service.redeployed_at = vec![ago(2_700)]),
        ),
        situation(
            "task_sick/only_observing",
            "With HEALING_MODE=observe all is said that would be done, and nothing is done",
            sick(1, 3),
        )
        .mode(Mode::Observe),
        situation(
            "task_sick/the_tag_says_something_else",
            "A healing tag that names no mode may mean hands off",
            sick(1, 3).service(|it| it.mode = ModeTag::Unrecognized("not today".to_owned())),
        ),
    ]
}

fn starting() -> Vec<Situation> {
    vec![
        situation(
            "starting/a_successor_is_on_its_way",
            "A task died and ECS starts another: ECS has its turn",
            healthy(2)
                .service(|service| (service.running, service.pending) = (1, 1))
                .with_task(task(2).died(40))
                .with_task(task(3).starting()),
        ),
        situation(
            "starting/a_fresh_task_fails_its_check",
            "A task that has just started is not sick yet",
            healthy(2).with_task(sick_task(2).started(45)),
        ),
        situation(
            "starting/a_fresh_task_does_not_answer_yet",
            "While scaling out, a task that does not answer yet is starting, not sick",
            healthy(2).route(route_to(1).silent(&[2])).with_task(task(2).started(30)),
        ),
        situation(
            "starting/the_alarm_looks_back",
            "The alarm shows what was before the last task started",
            failing(2).with_task(task(2).started(130)),
        ),
        // https://github.com/willfarrell/docker-autoheal/issues/21 and /issues/53
        situation(
            "starting/a_slow_starter_beside_others",
            "A task that was started five minutes ago refuses connections, while others answer: it boots",
            healthy(3).route(route_to(1).silent(&[3])).with_task(task(3).started(300)),
        ),
        situation(
            "starting/a_slow_starter_alone",
            "The only task was started five minutes ago and refuses connections: it boots",
            failing(1).with_task(task(1).started(300)),
        ),
        // https://github.com/aws/containers-roadmap/issues/2379
        situation(
            "starting/the_only_task_stays_pending",
            "The only task has been PENDING for twelve minutes, and nobody is served: people are told",
            pending(720),
        ),
        situation(
            "starting/three_of_a_hundred_died",
            "Three of a hundred tasks die within a minute: no crash loop, they are being replaced",
            (1..=3).fold(
                healthy(100)
                    .route(route_to(50))
                    .service(|service| (service.running, service.pending) = (97, 3)),
                |facts, n| {
                    let mut dead = task(n).died(u64::from(n) * 20);
                    (dead.created_at, dead.started_at) = (task(n).created_at, task(n).started_at);
                    facts.with_task(dead).with_task(task(100 + n).starting())
                },
            ),
        ),
    ]
}
