//! Who is to blame: the tasks, or what is before them? Each is a public case, whose source is named.

use eden_policy::Facts;
use eden_policy::facts::{Alarm, ApiAnswer, Readiness, RolloutState, Unready};

use super::fixtures::*;
use super::{Situation, situation};

pub fn all() -> Vec<Situation> {
    [
        wrong_paths(),
        before_tasks(),
        unclear_ones(),
        slow_ones(),
        other_failures(),
        answered_by_others(),
        unreachable(),
        shared_causes(),
        large(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn api(status: u16) -> ApiAnswer {
    match status {
        500.. => ApiAnswer::Bad(status.to_string()),
        _ => ApiAnswer::Unclear { status },
    }
}

/// <https://github.com/amazon-archives/service-discovery-ecs-dns/issues/14>: a health checker asked
/// for a path that the application does not have, and stopped every task every five minutes.
fn wrong_paths() -> Vec<Situation> {
    vec![
        situation(
            "wrong_path/an_application_without_it",
            "The application has no such path: its 404 says nothing of its health, and nothing is done",
            healthy(1).api(api(404)).route(route_to(1).unclear(&[1])),
        ),
        situation(
            "wrong_path/only_the_gateway_may_ask",
            "The API answers well, but whoever asks a task itself is turned away",
            healthy(2).route(route_to(1).unclear(&[1, 2])),
        ),
        situation(
            "wrong_path/while_the_alarm_rings",
            "The alarm rings, and of so few failed requests nobody knows whose fault they are",
            answering(2).api(api(404)).route(route_to(1).unclear(&[1, 2])).requests(3, 6_000),
        ),
        situation(
            "unclear/a_path_that_answers_404_while_most_requests_fail",
            "Nearly every request is one for a slow path that the gateway gives up on: that the tasks \
             answer 404 at the path of the settings is no ground for a deployment, but people hear of it",
            answering(2).api(api(404)).route(route_to(1).unclear(&[1, 2])).requests(55, 60),
        ),
        situation(
            "task_sick/beside_one_that_lacks_the_path",
            "One task refuses connections while the other answers 404: the one is sick, the other not",
            healthy(2).route(route_to(2).unclear(&[2]).silent(&[1])).with_task(task(1).suspect(90)),
        ),
    ]
}

fn before_tasks() -> Vec<Situation> {
    let at_root = |facts: Facts| facts.answers(&[1, 2], &Readiness::Ready);
    vec![
        // https://github.com/aws/aws-cdk/issues/18352
        situation(
            "before_tasks/an_authorizer_that_fails",
            "The authorizer fails every request, and every task answers its health check",
            answering(2).api(api(500)),
        ),
        // https://github.com/anomalyco/sst/issues/2232, https://github.com/cortexlabs/cortex/issues/1225
        situation(
            "before_tasks/requests_that_take_too_long",
            "The gateway gives up requests that the tasks go on working on; they answer at `/`",
            at_root(answering(2)).requests(9, 10),
        ),
        // An API with a login always answers 4xx to whoever asks without one.
        situation(
            "before_tasks/an_api_with_a_login_and_a_few_errors",
            "The alarm rings for a few errors, and the API wants a login of whoever asks",
            answering(2).api(api(401)),
        ),
        // https://github.com/panther-labs/panther/pull/1551
        situation(
            "before_tasks/while_the_alarm_is_quiet",
            "The API fails, nobody but Eden asks it, and every task answers",
            healthy(2).api(api(503)),
        ),
        situation(
            "healthy/the_api_wants_a_login",
            "The API wants a login of whoever asks, and every task answers its health check",
            healthy(2).api(api(403)),
        ),
        // Whoever can make one endpoint of a public API fail could roll its next release back.
        situation(
            "before_tasks/a_stranger_cannot_roll_a_release_back",
            "Ten minutes after a release somebody makes the API answer 500; its tasks are well",
            answering(2).api(api(404)).former(600).service(|service| {
                service.deployments = vec![deployment(RolloutState::Completed, 600)];
            }),
        )
        .with_rollback(),
    ]
}

/// <https://github.com/kirill-markin/flashcards-open-source-app/pull/1675>: another integration of the
/// same API failed, and the bare URL says nothing of the tasks.
fn unclear_ones() -> Vec<Situation> {
    let without_root = || answering(2).api(api(404)).answers(&[1, 2], &nowhere());
    vec![
        situation(
            "healthy/an_application_without_a_root",
            "Without a path, neither the API nor the tasks have anything at `/`: that is usual",
            healthy(2).api(api(404)).answers(&[1, 2], &nowhere()),
        ),
        situation(
            "unclear/a_few_errors_among_many_requests",
            "Nothing is at `/` of any task, the alarm rings, and few requests fail",
            without_root().requests(3, 6_000),
        ),
        situation(
            "unclear/too_few_requests_to_tell",
            "Nothing is at `/` of any task, the alarm rings, and there were hardly any requests",
            without_root().requests(4, 5),
        ),
        situation(
            "service_sick/most_requests_fail",
            "Nothing is at `/` of any task, but most requests fail: one trial, and people are told",
            without_root().requests(55, 60),
        ),
        situation(
            "unclear/a_root_that_always_fails",
            "`/` of every task fails, while most requests succeed",
            answering(2)
                .answers(
                    &[1, 2],
                    &Readiness::NotReady(Unready::Fails, "GET / answered 500".to_owned()),
                )
                .requests(3, 6_000),
        ),
        situation(
            "service_sick/no_task_could_be_asked",
            "The alarm rings, the API fails, and no task may be asked: once that has lasted, they are \
             replaced",
            unprobed(2),
        ),
    ]
}

/// Slow is not dead: the path takes longer than a probe waits, while users are served.
/// <https://github.com/kubernetes/ingress-nginx/pull/5671>,
/// <https://github.com/pydantic/logfire-helm-chart/pull/245>; and invented by a fresh reader.
fn slow_ones() -> Vec<Situation> {
    let nothing = || ApiAnswer::Bad("nothing: nothing within 5s".to_owned());
    let slow = |all: &[u8]| {
        let tasks = u8::try_from(all.len()).unwrap();
        healthy(tasks).api(nothing()).route(route_to(1).slow(all)).failing_since(90)
    };
    let released = |facts: Facts| {
        facts.service(|service| {
            service.deployments = vec![deployment(RolloutState::Completed, 480)];
        })
    };
    vec![
        situation(
            "unclear/slow_while_the_alarm_is_quiet",
            "A report keeps the only task busy: its path is slow, and every request succeeds in the end",
            released(slow(&[1])).requests(0, 300),
        ),
        situation(
            "unclear/slow_while_the_alarm_rings",
            "Overloaded: the path is slow, and three requests of a hundred fail",
            slow(&[1]).alarm(Alarm::Alarm).requests(600, 20_000),
        ),
        situation(
            "unclear/slow_soon_after_a_release",
            "The release of this morning is slow, and is not taken back while users are served",
            released(slow(&[1])).former(480).requests(0, 300),
        )
        .with_rollback(),
        situation(
            "service_sick/silent_and_the_newest_minute_fails",
            "All hang: most requests of three minutes succeeded, but those of the newest fail",
            slow(&[1, 2]).requests(55, 200).newest_minute(50, 60),
        ),
        situation(
            "service_sick/silent_and_hardly_any_requests",
            "All hang, and there are too few requests to say that somebody is served",
            slow(&[1, 2]).requests(0, 9).newest_minute(0, 3),
        ),
        // A fresh reader's cases.
        situation(
            "unclear/slow_in_a_lull",
            "The path is slow, and for a minute hardly anybody comes: of those who did, all were served",
            slow(&[1]).requests(0, 33).newest_minute(0, 9),
        ),
        situation(
            "service_sick/silent_while_another_integration_serves_half_of_the_users",
            "All hang, and the alarm rings: what succeeds is answered by another integration",
            slow(&[1, 2]).alarm(Alarm::Alarm).requests(450, 1_000),
        ),
        situation(
            "service_sick/refused_while_others_of_the_api_succeed",
            "No task takes connections, and other integrations of the API answer: they are deployed",
            failing(2).alarm(Alarm::Ok).failing_since(90).requests(3, 600),
        ),
        situation(
            "service_sick/no_trial_while_nearly_all_requests_succeed",
            "All answer 503 at the path, but users are served: no task is stopped as a trial",
            released(failing(2)).alarm(Alarm::Ok).failing_since(90).requests(3, 600),
        ),
    ]
}

/// <https://github.com/aws/containers-roadmap/issues/2040>,
/// <https://github.com/convox/rack/issues/1247>: a host died, and its tasks stay RUNNING.
fn unreachable() -> Vec<Situation> {
    vec![
        situation(
            "task_sick/on_a_dead_host",
            "One of two tasks cannot be reached, while the other is, from the same place",
            healthy(2)
                .api(api(503))
                .route(route_to(2).unreachable(&[1]))
                .with_task(task(1).suspect(90)),
        ),
        situation(
            "unknown/the_only_task_cannot_be_reached",
            "The API answers nothing, and no connection to the only task comes about",
            healthy(1).api(api(503)).route(route_to(1).unreachable(&[1])),
        ),
    ]
}

/// One failure is not another. Invented by a fresh reader: a partner asks for what does not work, so
/// that the alarm rings for weeks, and a failure of long ago had used up the trials.
fn other_failures() -> Vec<Situation> {
    let tried = |facts: Facts, ago_last: u64| {
        facts.failing_since(86_400).service(|service| {
            service.redeployed_at = vec![ago(ago_last + 1_900), ago(ago_last)];
            service.deployments = vec![deployment(RolloutState::Completed, ago_last)];
            service.told = Some("replacing_did_not_help ecs-svc/1 somebody".to_owned());
        })
    };
    vec![
        situation(
            "service_sick/long_after_the_trials_of_another_failure",
            "Two deployments of seven hours ago did not help; what fails now may be something else",
            tried(failing(2), 25_200),
        ),
        situation(
            "disputed/the_failure_is_over_though_the_alarm_rings",
            "The API answers well and nearly all requests succeed: what was noted of the failure goes",
            tried(healthy(1).route(route_to(1).unasked()).alarm(Alarm::Alarm), 9_000).requests(6, 400),
        ),
        situation(
            "disputed/too_few_requests_to_end_a_failure",
            "The API answers well, but hardly anybody asks: what was noted of the failure stays",
            tried(healthy(1).route(route_to(1).unasked()).alarm(Alarm::Alarm), 9_000).requests(1, 8),
        ),
        situation(
            "unclear/nobody_probes_and_most_requests_succeed",
            "No task is asked, `/` of the API answers 500, and six requests of 400 fail",
            unprobed(1).failing_since(90).requests(6, 400),
        ),
        // https://github.com/willfarrell/docker-autoheal/issues/78
        situation(
            "service_sick/left_alone_for_as_long_as_a_sick_task",
            "All tasks are busy at night, and are to be left alone for ten minutes",
            failing(1).failing_since(100),
        )
        .limits(|limits| limits.unhealthy_for = std::time::Duration::from_mins(10)),
        // An application may have nothing at `/`, and answer 500 there for ever.
        situation(
            "service_sick/a_root_that_fails_rolls_nothing_back",
            "Ten minutes after a release `/`, which nobody chose, answers 500, and most requests fail",
            answering(2)
                .answers(&[1, 2], &Readiness::NotReady(Unready::Fails, "GET / answered 500".to_owned()))
                .requests(50, 60)
                .former(600)
                .service(|service| {
                    service.deployments = vec![deployment(RolloutState::Completed, 600)];
                }),
        )
        .with_rollback(),
        // https://github.com/aws/containers-roadmap/issues/1084: the process has ended, and the task goes on
        // saying RUNNING.
        situation(
            "service_sick/refused_connections_roll_a_release_back",
            "Ten minutes after a release its tasks refuse connections at `/`: that is their own doing",
            answering(2)
                .answers(&[1, 2], &Readiness::NotReady(Unready::Refuses, SILENCE.to_owned()))
                .former(600)
                .service(|service| {
                    service.deployments = vec![deployment(RolloutState::Completed, 600)];
                }),
        )
        .with_rollback(),
    ]
}

/// What is heard is not what is there. Invented by a fresh reader, and
/// <https://github.com/mosamlife/wpmgr/issues/291>, <https://github.com/aprin-labs/archimedes/issues/1520>.
fn answered_by_others() -> Vec<Situation> {
    vec![
        situation(
            "disputed/no_task_answers_but_a_cache_does",
            "Every task refuses connections, and the API answers well: a cache or a mock does",
            healthy(2).route(route_to(1).silent(&[1, 2])),
        ),
        situation(
            "disputed/no_task_answers_but_a_cache_does_and_the_alarm_rings",
            "The same while the alarm rings",
            healthy(2).alarm(Alarm::Alarm).route(route_to(1).silent(&[1, 2])),
        ),
        situation(
            "service_sick/while_a_further_task_waits_for_room",
            "Two tasks hang, which is why autoscaling wanted a third: it waits for room, and explains nothing",
            failing(2)
                .with_task(eden_policy::facts::Task {
                    created_at: Some(ago(480)),
                    ..task(3).starting()
                })
                .service(|service| (service.desired, service.pending) = (3, 1)),
        ),
        situation(
            "starting/while_a_further_task_is_coming",
            "The same, but the third was asked for a minute ago",
            failing(2)
                .with_task(eden_policy::facts::Task {
                    created_at: Some(ago(60)),
                    ..task(3).starting()
                })
                .service(|service| (service.desired, service.pending) = (3, 1)),
        ),
    ]
}

/// What fails everywhere alike has a shared cause.
fn shared_causes() -> Vec<Situation> {
    vec![
        situation(
            "service_sick/for_a_moment",
            "All tasks answer 503, since when nobody knows, and the alarm is quiet: it may pass",
            healthy(2).api(api(503)).route(route_to(1).silent(&[1, 2])),
        ),
        situation(
            "service_sick/the_successor_fails_alike",
            "A task was stopped as a trial, and its successor fails as well: people are told",
            erring(2)
                .with_task(task(1).started(420))
                .with_task(task(9).stopped_by_eden(500))
                .failing_since(600)
                .service(|service| {
                    service.deployments = vec![deployment(RolloutState::Completed, 800)];
                }),
        ),
        situation(
            "service_sick/two_redeployments_did_not_help",
            "Eden has deployed it twice since it began to fail: that is not repeated for ever",
            failing(2).failing_since(9_000).service(|service| {
                service.redeployed_at = vec![ago(8_900), ago(7_900)];
                service.deployments = vec![deployment(RolloutState::Completed, 7_900)];
            }),
        ),
        // https://github.com/aws/copilot-cli/issues/3153
        situation(
            "service_sick/a_deployment_would_stop_tasks_first",
            "No task could be asked, and a deployment would stop them all before it starts others",
            unprobed(2).failing_since(90).service(|service| {
                (service.minimum_healthy_percent, service.maximum_percent) = (0, 100);
            }),
        ),
        situation(
            "service_sick/nothing_serves_that_a_deployment_could_stop",
            "A deployment would stop tasks before it starts others, but none of them answers",
            failing(2).service(|service| {
                (service.minimum_healthy_percent, service.maximum_percent) = (0, 100);
            }),
        ),
    ]
}

/// In a service of dozens of tasks one is always being replaced.
fn large() -> Vec<Situation> {
    vec![
        situation(
            "service_sick/in_a_large_service_with_a_fresh_task",
            "One task of two dozen has just started: the others say enough",
            failing(24).with_task(task(24).started(30)),
        ),
        situation(
            "too_few_tasks/in_a_large_service_with_a_fresh_task",
            "Six tasks of two dozen are missing, and the one that is starting does not explain that",
            (1..=18)
                .map(task)
                .fold(healthy(24).tasks(vec![]), Facts::with_task)
                .with_task(task(24).starting())
                .service(|service| service.running = 18),
        ),
    ]
}
