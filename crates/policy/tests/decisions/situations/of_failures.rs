//! Situations in which tasks fail again and again, or a rollout does not end.

use eden_policy::facts::{Alarm, DeploymentController, RolloutState};
use eden_policy::{Facts, Mode, Observed};

use super::fixtures::*;
use super::{Situation, situation};

pub(super) fn all() -> Vec<Situation> {
    [crash_loops(), loops_of_what_ran(), silent_loops(), failed_starts(), rollouts()]
        .into_iter()
        .flatten()
        .collect()
}

/// Of a service that was deployed half an hour ago no task runs, and the route leads nowhere.
fn none_runs(wanted: u8) -> Facts {
    let deployed = vec![deployment(RolloutState::Completed, 1_800)];
    failing(wanted).route(route_to(99)).former(1_800).tasks(vec![]).service(|service| {
        service.running = 0;
        service.deployments = deployed;
    })
}

fn dying(facts: Facts) -> Facts {
    (1..=3).fold(facts, |facts, n| facts.with_task(task(n).died(u64::from(n) * 240)))
}

fn not_starting(facts: Facts) -> Facts {
    (1..=3).fold(facts, |facts, n| facts.with_task(task(n).not_started(u64::from(n) * 240)))
}

fn crash_loops() -> Vec<Situation> {
    vec![
        situation(
            "crash_loop/people_are_called",
            "The last three tasks died by themselves: the same again would not help",
            dying(none_runs(1)).with_task(task(4).starting()),
        ),
        situation(
            "crash_loop/of_their_health_checks",
            "ECS has replaced three tasks for failing their health checks, and the fourth fails them \
             too",
            (2..=4)
                .fold(healthy(1), |facts, n| {
                    facts.with_task(task(n).failed_checks(u64::from(n) * 300 - 300))
                })
                .with_task(sick_task(1).started(280).suspect(70)),
        ),
        situation(
            "crash_loop/rolled_back",
            "The tasks of the last deployment die, those of the one before did not",
            dying(none_runs(1)).with_task(task(4).starting()),
        )
        .with_rollback(),
        situation(
            "crash_loop/one_of_three",
            "One of three dies again and again while the others of the same deployment run well: \
             no fault of the deployment",
            dying(
                none_runs(3)
                    .alarm(Alarm::Ok)
                    .api(GOOD)
                    .route(route_to(8))
                    .service(|service| service.running = 2),
            )
            .with_task(task(8).started(1_680))
            .with_task(task(9).started(1_680)),
        )
        .with_rollback(),
        situation(
            "crash_loop/in_a_rollout",
            "The new tasks of a rollout die while the old ones serve: it is rolled back",
            dying(
                none_runs(1)
                    .former(900)
                    .alarm(Alarm::Ok)
                    .api(GOOD)
                    .route(route_to(9))
                    .service(|service| {
                        (service.running, service.deployments) = (1, rollout_since(900));
                    })
                    .with_task(task(9).started(82_800).old()),
            ),
        )
        .with_rollback(),
        situation(
            "crash_loop/another_controller",
            "CodeDeploy deploys the service, so that Eden cannot roll it back",
            dying(none_runs(1)).service(|service| {
                service.controller = DeploymentController::Other;
            }),
        )
        .with_rollback(),
    ]
}

/// Loops of releases that ran well before.
fn loops_of_what_ran() -> Vec<Situation> {
    let ran = |n, seconds, died| {
        let mut task = task(n).died(died);
        task.started_at = Some(ago(died + seconds));
        task.created_at = Some(ago(died + seconds + 60));
        task
    };
    vec![
        // https://github.com/argoproj/argo-rollouts/issues/841
        situation(
            "crash_loop/hours_after_a_release",
            "What the tasks depend on is gone five hours after a release: going back would not help",
            dying(none_runs(1)).with_task(ran(4, 17_000, 800)).former(18_000).service(|service| {
                service.deployments = vec![deployment(RolloutState::Completed, 18_000)];
            }),
        )
        .with_rollback(),
        // Invented by a fresh reader.
        situation(
            "crash_loop/every_quarter_of_an_hour",
            "Each task ends by itself after a quarter of an hour, as those of the release before did",
            (0..4)
                .fold(none_runs(1).alarm(Alarm::Ok).api(GOOD), |facts, n| {
                    facts.with_task(ran(n + 2, 900, 120 + u64::from(n) * 960))
                })
                .former(7_200)
                .with_task(task(1).started(60))
                .route(route_to(1))
                .service(|service| service.running = 1),
        )
        .with_rollback(),
    ]
}

/// Loops of which nobody is told by mail.
fn silent_loops() -> Vec<Situation> {
    vec![
        situation(
            "crash_loop/people_know",
            "People were told of this loop before: they are not told again",
            dying(none_runs(1)).service(|service| {
                service.told = Some(format!("crash_loop {PRIMARY}"));
            }),
        ),
        situation(
            "crash_loop/only_observing",
            "With HEALING_MODE=observe nothing is changed, not even the note that people know",
            dying(none_runs(1)),
        )
        .mode(Mode::Observe),
    ]
}

fn failed_starts() -> Vec<Situation> {
    vec![
        situation(
            "cannot_start/no_image",
            "The image cannot be pulled: people are called",
            not_starting(none_runs(1)),
        ),
        situation(
            "cannot_start/no_room",
            "ECS says that it has no room for a task",
            healthy(2).tasks(vec![task(1)]).service(|service| {
                (service.running, service.events) = (1, vec![event(200, NO_ROOM)]);
            }),
        ),
        situation(
            "cannot_start/no_room_for_a_rollout",
            "A task is missing, and ECS finds no room for the first one of a rollout: what ran \
             before would need it too",
            rolling_without_room().service(|service| service.running = 1),
        )
        .with_rollback(),
        situation(
            "cannot_start/nothing_to_roll_back_to",
            "The image cannot be pulled, and nothing else ever ran",
            Facts { former: Observed::Known(None), ..not_starting(none_runs(1)) }.service(|service| {
                service.deployments[0].rollout = RolloutState::InProgress;
            }),
        )
        .with_rollback(),
        situation(
            "cannot_start/rolled_back",
            "The image of the last deployment cannot be pulled: what ran before is run again",
            not_starting(none_runs(1)).service(|service| {
                service.deployments[0].rollout = RolloutState::InProgress;
            }),
        )
        .with_rollback(),
        // https://github.com/sil-org/ecs-deploy/issues/277
        situation(
            "cannot_start/no_capacity_hours_after_a_release",
            "The only task lost its Spot capacity hours after a release: what ran before would need \
             capacity too",
            none_runs(1).former(18_000).service(|service| {
                service.deployments = vec![deployment(RolloutState::Completed, 18_000)];
                service.events = vec![event(60, NO_CAPACITY)];
            }),
        )
        .with_rollback(),
        // Invented by a fresh reader.
        situation(
            "cannot_start/a_secret_is_gone_hours_after_a_release",
            "The tasks of a release that ran well for hours cannot be started any more: nothing that \
             it brought",
            not_starting(none_runs(1)).former(10_800).service(|service| {
                service.deployments = vec![deployment(RolloutState::Completed, 10_800)];
            }),
        )
        .with_rollback(),
    ]
}

/// A rollout that began a minute ago, beside the tasks before.
fn rolling_without_room() -> Facts {
    healthy(2)
        .former(60)
        .tasks(vec![task(1).started(82_800).old(), task(2).started(82_800).old()])
        .service(|service| {
            service.deployments = rollout();
            service.events = vec![event(40, NO_ROOM)];
        })
}

/// A deployment that the circuit breaker gave up, while the task before serves on.
fn given_up() -> Facts {
    healthy(1).former(5_400).tasks(vec![task(1).started(82_800).old()]).service(|service| {
        service.deployments = rollout_since(5_400);
        service.deployments[0].rollout = RolloutState::Failed;
    })
}

fn rollouts() -> Vec<Situation> {
    // One task is of the deployment before, and one of the new one is sick.
    let rolling = |since: u64| {
        let tasks =
            vec![task(1).started(82_800).old(), sick_task(2).started(since / 2).suspect(90)];
        let facts = healthy(2).former(since).tasks(tasks);
        facts.service(|it| it.deployments = rollout_since(since))
    };
    vec![
        situation(
            "rolling/left_alone",
            "A deployment is in progress: its sick tasks are ECS's to judge",
            rolling(600),
        ),
        situation(
            "rolling/the_route_follows",
            "A task of the new deployment answers: the route moves there, and nothing else is \
             touched",
            rolling(240)
                .tasks(vec![task(1).started(82_800).old(), task(2).started(82_800).old()])
                .with_task(task(3).started(60)),
        ),
        situation(
            "rolling/no_room_yet",
            "ECS finds no room yet for the first task of a rollout, while the tasks before serve",
            rolling_without_room(),
        ),
        situation(
            "rolling/the_remedy_of_a_crash_loop",
            "What crashed was replaced a minute ago: the deaths before say nothing about the remedy",
            {
                let crashed = (1..=3).map(|n| task(n).died(u64::from(n) * 240).old());
                let facts = none_runs(1).former(60).service(|it| it.deployments = rollout());
                crashed.fold(facts, Facts::with_task).with_task(task(4).starting())
            },
        )
        .with_rollback(),
        situation(
            "rollout_failed/people_are_called",
            "ECS gave a deployment up an hour ago and starts nothing more of it; the task before \
             serves, but nothing is as it was meant to be",
            given_up(),
        ),
        situation(
            "too_few_tasks/ecs_gave_up_long_ago",
            "ECS gave a deployment up 90 minutes ago and tries no more, and nothing runs: there is \
             nothing to lose",
            given_up().alarm(Alarm::Alarm).api(bad()).tasks(vec![]).service(|service| {
                service.running = 0;
            }),
        ),
        situation(
            "rollout_failed/rolled_back",
            "A deployment that ECS gave up is rolled back",
            given_up(),
        )
        .with_rollback(),
        situation(
            "rolling_overdue/people_are_called",
            "A rollout hangs for longer than ROLLOUT_TIMEOUT_SECONDS",
            rolling(2_400),
        ),
        situation(
            "rolling_overdue/rolled_back",
            "A rollout hangs, and may be rolled back",
            rolling(2_400),
        )
        .with_rollback(),
    ]
}
