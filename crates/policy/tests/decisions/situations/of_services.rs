//! Situations of the service as a whole.

use eden_policy::facts::{Alarm, DeploymentController, RolloutState, ServiceStatus, Stage};
use eden_policy::mode::ModeTag;
use eden_policy::{Facts, Observed};

use super::fixtures::*;
use super::{Situation, situation};

pub(super) fn all() -> Vec<Situation> {
    [well(), sick(), rolled_back(), too_few(), idle(), unknown_facts()]
        .into_iter()
        .flatten()
        .collect()
}

fn well() -> Vec<Situation> {
    let moved = Stage { auto_deploy: true, ..manual_stage(None, 100) };
    vec![
        situation("healthy/all_is_well", "All is well: nothing is touched", healthy(3)),
        situation(
            "healthy/no_alarm_of_that_name",
            "Without an alarm, the tasks and the API's answer speak for themselves",
            healthy(2).alarm(Alarm::Missing),
        ),
        situation(
            "healthy/no_room_for_more",
            "ECS had no room for a task, but all that are wanted run",
            healthy(2).service(|service| service.events = vec![event(300, NO_ROOM)]),
        ),
        situation(
            "healthy/what_people_were_told_of_is_over",
            "Something that runs well was deployed after a crash loop: people are told that it is over",
            deployed(healthy(2), RolloutState::Completed, 4_200).service(|service| {
                service.told = Some("crash_loop ecs-svc/0".to_owned());
                service.seen = Some(format!("well any {:.0}", ago(900)));
            }),
        ),
        situation(
            "healthy/what_people_were_told_of_may_come_back",
            "The gateway answers well again, at the first look: what comes and goes is one story",
            healthy(2).service(|service| {
                service.told = Some("before_tasks ecs-svc/1".to_owned());
            }),
        ),
        situation(
            "starting/the_route_has_just_moved",
            "The alarm shows what was before the route moved",
            failing(1).route(route_to(1).silent(&[1]).stage(moved)),
        ),
        situation(
            "disputed/the_alarm_rings_but_the_api_answers",
            "The alarm rings, but the API answers well: nothing is done on half of the evidence",
            healthy(2).alarm(Alarm::Alarm),
        ),
    ]
}

fn sick() -> Vec<Situation> {
    vec![
        situation(
            "service_sick/redeployed",
            "Alarm and API agree that the service fails, no task stands out: it is deployed anew",
            failing(2),
        ),
        situation(
            "service_sick/without_traffic",
            "Without traffic the alarm stays quiet, but neither the API nor any task answers",
            healthy(2).api(bad()).route(route_to(1).silent(&[1, 2])).failing_since(60),
        ),
        situation(
            "service_sick/behind_the_maintenance_page",
            "No task has answered for a while: the page is shown in their place, and the service \
             deployed anew",
            healthy(2)
                .api(bad())
                .route(route_to(1).silent(&[1, 2]))
                .service(|service| service.unserved_since = Some(ago(300))),
        )
        .with_page(300),
        situation(
            "service_sick/deployed_a_while_ago",
            "The service was deployed ten minutes ago: it is not deployed again yet",
            deployed(erring(2), RolloutState::Completed, 600),
        ),
        situation(
            "service_sick/redeployed_before",
            "Eden deployed it twice in the last hours: the cooldown has doubled twice",
            deployed(failing(2), RolloutState::Completed, 2_400)
                .service(|service| service.redeployed_at = vec![ago(5_400), ago(2_400)]),
        ),
        situation(
            "service_sick/the_rollout_failed",
            "The circuit breaker gave up the last deployment: repeating it would not help",
            deployed(failing(2), RolloutState::Failed, 1_200),
        ),
        situation(
            "service_sick/codedeploy",
            "CodeDeploy deploys the service, and accepts no forced deployment",
            failing(2).service(|service| service.controller = DeploymentController::Other),
        ),
        situation(
            "service_sick/the_route_is_unknown",
            "The route could not be read, and may be the whole fault",
            {
                let unread = route_to(1).pointers(vec![(integration("int1"), unknown())]);
                failing(2).route(unread.silent(&[1, 2]))
            },
        ),
    ]
}

fn rolled_back() -> Vec<Situation> {
    let still_failing = || {
        let facts = deployed(failing(2), RolloutState::Completed, 2_400).former(7_200);
        facts.service(|service| service.redeployed_at = vec![ago(2_400)])
    };
    vec![
        situation(
            "service_sick/rolled_back",
            "A new deployment did not help, and the sickness began with a rollout: it is rolled back",
            still_failing(),
        )
        .with_rollback(),
        situation(
            "service_sick/a_rollback_did_not_help",
            "What Eden rolled back to fails as well: it is not rolled back in turn",
            still_failing().former(2_400),
        )
        .with_rollback(),
        situation(
            "service_sick/the_past_is_unknown",
            "What ran before could not be read: nothing is done instead of a rollback",
            Facts { former: unknown(), ..still_failing() },
        )
        .with_rollback(),
        situation(
            "service_sick/the_failed_rollout_is_rolled_back",
            "The circuit breaker gave up the last deployment: what ran before is run again",
            deployed(failing(2), RolloutState::Failed, 1_200).former(1_200),
        )
        .with_rollback(),
    ]
}

fn too_few() -> Vec<Situation> {
    let one_of_two = || healthy(2).service(|it| it.running = 1).tasks(vec![task(1)]);
    vec![
        situation(
            "too_few_tasks/ecs_starts_none",
            "Fewer tasks run than should, and ECS starts none: the service is deployed anew",
            one_of_two().failing_since(90),
        ),
        situation(
            "too_few_tasks/somebody_has_just_asked_for_more",
            "Fewer tasks run than should, and ECS may be about to start them: that has to last",
            one_of_two(),
        ),
        situation(
            "too_few_tasks/deployed_a_while_ago",
            "Too few tasks ten minutes after a deployment: it is not deployed again yet",
            deployed(one_of_two(), RolloutState::Completed, 600),
        ),
        situation(
            "too_few_tasks/one_is_stuck_on_its_way",
            "A task has been starting for longer than a whole rollout may take: it is not waited \
             for",
            {
                let mut stuck = task(2).starting();
                stuck.created_at = Some(ago(1_860));
                one_of_two().service(|service| service.pending = 1).with_task(stuck)
            },
        ),
    ]
}

fn idle() -> Vec<Situation> {
    vec![
        situation(
            "paused/switched_off_by_tag",
            "Somebody set the service's healing tag to off: nothing is looked for",
            failing(2).service(|it| it.mode = ModeTag::Set(eden_policy::Mode::Off)),
        ),
        situation(
            "below_floor/scaled_to_zero_by_mistake",
            "The desired count is below MIN_DESIRED_COUNT: it is raised",
            healthy(0),
        ),
        situation(
            "scaled_to_zero/on_purpose",
            "With MIN_DESIRED_COUNT=0 a service may be scaled to zero",
            healthy(0),
        )
        .limits(|limits| limits.min_desired_count = 0),
        situation(
            "not_active/missing",
            "ECS knows no such service",
            healthy(0).service(|service| service.status = ServiceStatus::Missing),
        ),
        situation(
            "not_active/being_deleted",
            "The service is being deleted: its last tasks are nobody's business",
            healthy(1).service(|service| service.status = ServiceStatus::Draining),
        ),
    ]
}

fn unknown_facts() -> Vec<Situation> {
    vec![
        situation(
            "unknown/the_service_was_not_read",
            "ECS throttles: what is not known is not sick",
            Facts { service: unknown(), ..failing(2) },
        ),
        situation(
            "unknown/the_tasks_were_read_in_part",
            "DescribeTasks answered for some tasks only, which is no answer",
            Facts {
                tasks: Observed::Unknown("DescribeTasks: 99 of 100 tasks answered".to_owned()),
                ..failing(2)
            },
        ),
        situation(
            "unknown/the_alarm_was_not_read",
            "The alarm could not be read: neither an alarm nor an all-clear",
            Facts { alarm: unknown(), ..healthy(2) },
        ),
        situation(
            "unknown/the_api_was_not_asked",
            "The alarm rings, and nobody knows what the API answers",
            Facts { api: unknown(), ..failing(2) },
        ),
    ]
}

/// Deployed so long ago, with tasks that started soon after.
fn deployed(facts: Facts, rollout: RolloutState, seconds_ago: u64) -> Facts {
    let tasks = facts.tasks.known().cloned().unwrap_or_default();
    let started = tasks.into_iter().map(|task| task.started(seconds_ago - 120)).collect();
    facts
        .tasks(started)
        .service(|service| service.deployments = vec![deployment(rollout, seconds_ago)])
}
