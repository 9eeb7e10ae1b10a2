//! What is the matter with the service: the first diagnosis that fits, by which evidence.

use std::time::Duration;

use eden_policy::facts::{
    Alarm, LastStatus, RolloutState, ServiceStatus, Stage, StopCode, Task, TaskHealth,
};
use eden_policy::plan::Fact;
use eden_policy::route::is_of_route;
use eden_policy::{Diagnosis, Evidence, Facts, Hold, Limits, Observed};

use crate::fixtures::*;
use crate::verdict::*;

fn diagnosis(facts: &Facts) -> &'static str {
    named(&decide(facts).diagnosis)
}

/// One of two tasks runs, and ECS says so.
fn one_of_two() -> Facts {
    healthy(2).service(|service| service.running = 1).tasks(vec![task(1)])
}

#[test]
fn a_healthy_service_is_left_alone() {
    let finding = decide(&healthy(3));
    assert_eq!(finding.diagnosis, Diagnosis::Healthy);
    assert_eq!(finding.plan.steps, []);
    assert_eq!(finding.condition, None);
}

#[test]
fn an_alarm_that_is_quiet_or_has_no_data_or_does_not_exist_is_no_sickness() {
    for alarm in [Alarm::Ok, Alarm::InsufficientData, Alarm::Missing] {
        assert_eq!(diagnosis(&healthy(1).alarm(alarm)), "healthy", "{alarm:?}");
    }
}

#[test]
fn alarm_and_api_must_agree_that_the_service_fails() {
    for (api, expected) in
        [(GOOD, "disputed"), (unclear(), "service_sick"), (bad(), "service_sick")]
    {
        assert_eq!(diagnosis(&failing(2).api(api.clone())), expected, "{api:?}");
    }
    let mut facts = failing(2);
    facts.api = unknown();
    assert_eq!(diagnosis(&facts), "unknown");
}

#[test]
fn a_service_without_traffic_is_sick_when_neither_the_api_nor_any_task_answers() {
    // The alarm stays quiet then, whatever happens (F2).
    let silent = |tasks: &[u8]| healthy(2).api(bad()).route(route_to(1).silent(tasks));
    assert_eq!(diagnosis(&silent(&[1, 2])), "service_sick");
    assert_eq!(diagnosis(&silent(&[1, 2]).api(GOOD)), "disputed");
    assert_eq!(diagnosis(&silent(&[])), "before_tasks");
    // One that cannot be reached is as bad as its sibling, which can.
    let facts = healthy(2).api(bad()).route(route_to(1).silent(&[1]).unreachable(&[2]));
    assert_eq!(diagnosis(&facts), "service_sick");
    // When none can be, nobody knows.
    let facts = healthy(2).api(bad()).route(route_to(1).unreachable(&[1, 2]));
    assert_eq!(diagnosis(&facts), "unknown");
    assert!(decide(&facts).reasons().contains(&"evidence_unclear"));
    // One that has just started may not answer yet.
    let facts = silent(&[1, 2]).with_task(task(2).started(30));
    assert_eq!(diagnosis(&facts), "starting");
}

#[test]
fn behind_the_maintenance_page_nobody_hears_the_service_fail() {
    // Given: no task answers, and the page does in their place, so that no alarm rings.
    let page = format!("{PAGE}?eden-before=http%3A%2F%2F203.0.113.1%3A8000");
    let route = |uri: &str| {
        route_to(1).pointers(vec![(integration("int1"), leading_to(uri))]).silent(&[1, 2])
    };
    let shown = |facts: Facts| {
        facts.route(route(&page)).service(|service| service.unserved_since = Some(ago(600)))
    };
    // When, then: that is not the service's good answer, nor the alarm's.
    let finding = decide_with_page(&shown(healthy(2)));
    assert_eq!(named(&finding.diagnosis), "service_sick");
    assert!(finding.redeploys());
    let told: Vec<_> = finding.evidence.iter().map(ToString::to_string).collect();
    assert!(told.contains(&"the 5XX alarm is OK".to_owned()), "{told:?}");
    assert!(told.contains(&"the maintenance page answers for the service".to_owned()), "{told:?}");
    // Nor is the answer needed; but a task that has just started may not answer yet.
    let finding = decide_with_page(&Facts { api: unknown(), ..shown(healthy(2)) });
    assert!(finding.redeploys());
    let finding = decide_with_page(&shown(healthy(2)).with_task(task(2).started(30)));
    assert_eq!(named(&finding.diagnosis), "starting");
    // The same when the page is only now due.
    let due = healthy(2).route(route(&uri_of(1))).service(|it| it.unserved_since = Some(ago(60)));
    let due = due.api(bad());
    assert!(decide_with_page(&due).redeploys());
}

#[test]
fn ecs_has_its_turn_while_tasks_start_or_have_just_stopped() {
    for (case, facts) in [
        ("one is starting", one_of_two().with_task(task(2).starting())),
        ("one has just stopped", one_of_two().with_task(task(2).stopping(30))),
        ("failing, one is fresh", failing(2).with_task(task(2).started(119))),
        ("failing, one has just been replaced", failing(2).with_task(task(3).stopping(100))),
    ] {
        let finding = decide(&facts);
        assert_eq!(finding.diagnosis, Diagnosis::Starting, "{case}");
        assert_eq!(finding.plan.steps, [], "{case}");
        assert!(finding.reasons().contains(&"within_startup_grace"), "{case}: {finding:?}");
    }
}

#[test]
fn a_task_that_is_on_its_way_for_too_long_is_not_waited_for() {
    let mut stuck = task(2).starting();
    for (age, expected) in [(1_799, "starting"), (1_800, "too_few_tasks")] {
        stuck.created_at = Some(ago(age));
        assert_eq!(diagnosis(&one_of_two().with_task(stuck.clone())), expected, "{age} s");
    }
    // One of unknown age may have just been requested.
    stuck.created_at = None;
    assert_eq!(diagnosis(&one_of_two().with_task(stuck)), "starting");
}

#[test]
fn the_alarm_shows_the_past_for_a_while_after_a_task_started_or_the_route_moved() {
    // The default settle time is 180 s.
    let started = |age| erring(1).tasks(vec![task(1).started(age)]);
    let moved = |age| {
        let stage = Stage { auto_deploy: true, ..manual_stage(None, age) };
        failing(1).route(route_to(1).silent(&[1]).stage(stage))
    };
    assert_eq!(diagnosis(&started(179)), "starting");
    assert_eq!(diagnosis(&started(180)), "service_sick");
    assert_eq!(diagnosis(&moved(179)), "starting");
    assert!(decide(&moved(179)).holds(&Hold::RouteJustMoved { until: hence(1) }));
    assert_eq!(diagnosis(&moved(180)), "service_sick");
}

#[test]
fn too_few_tasks_are_what_ecs_does_not_replace() {
    let expected = Diagnosis::TooFewTasks { running: 1, desired: 2 };
    assert_eq!(decide(&one_of_two()).diagnosis, expected);
    // That needs neither the alarm nor the API.
    let mut facts = one_of_two();
    (facts.alarm, facts.api) = (unknown(), unknown());
    assert_eq!(decide(&facts).diagnosis, expected);
}

#[test]
fn tasks_are_sick_that_ecs_calls_unhealthy_or_that_do_not_answer_while_others_do() {
    let sick = |facts: &Facts| match decide(facts).diagnosis {
        Diagnosis::TaskSick { tasks } => tasks.len(),
        _ => 0,
    };
    assert_eq!(sick(&healthy(3).with_task(sick_task(2))), 1);
    assert_eq!(sick(&healthy(3).route(route_to(1).silent(&[2, 3]))), 2);
    assert_eq!(sick(&healthy(3).with_task(sick_task(1)).route(route_to(1).silent(&[2]))), 2);
    assert_eq!(sick(&healthy(3).route(route_to(1).silent(&[1, 2, 3]))), 0, "a shared cause");
    assert_eq!(sick(&healthy(3).with_task(task(2).health(TaskHealth::Unknown))), 0, "F20");
    assert_eq!(sick(&healthy(3).with_task(sick_task(2).stopping(5))), 0, "it stops already");
}

#[test]
fn a_task_within_its_grace_is_starting_and_not_sick() {
    for (case, facts) in [
        ("its check fails", healthy(2).with_task(sick_task(2).started(119))),
        ("it does not answer yet", {
            healthy(2).with_task(task(2).started(119)).route(route_to(1).silent(&[2]))
        }),
    ] {
        let finding = decide(&facts);
        assert_eq!(finding.diagnosis, Diagnosis::Starting, "{case}");
        assert_eq!(finding.plan.steps, [], "{case}");
        let (task, until) = ("task2".to_owned(), Some(hence(1)));
        assert!(finding.holds(&Hold::WithinStartupGrace { task, until }), "{case}");
    }
    // Beside one that is sick it is told, too.
    let facts = healthy(3).with_task(sick_task(2).started(119)).with_task(sick_task(3));
    let finding = decide(&facts);
    assert_eq!(named(&finding.diagnosis), "task_sick");
    assert_eq!(finding.marked(), ["task3"]);
    assert!(finding.reasons().contains(&"within_startup_grace"));
}

#[test]
fn a_stale_route_hides_no_sick_task() {
    // Given: the route leads to a task that does not answer, while another does.
    let facts = healthy(2).alarm(Alarm::Alarm).route(route_to(1).silent(&[1]));
    // When, then: the route is repaired, and the task noted, in one go.
    let finding = decide(&facts);
    assert_eq!(named(&finding.diagnosis), "task_sick");
    assert_eq!(finding.marked(), ["task1"]);
    assert!(finding.plan.steps.iter().any(eden_policy::route::is_move));
}

#[test]
fn a_route_that_cannot_be_repaired_hides_no_missing_task() {
    // Given: the only task left has an address that the variable cannot hold.
    let facts = crate::route_state::unwritable(one_of_two().alarm(Alarm::Alarm));
    assert_eq!(named(&decide(&facts).diagnosis), "too_few_tasks");
    assert!(decide(&facts.failing_since(60)).redeploys());
    // A failing API it explains.
    let facts = crate::route_state::unwritable(failing(1));
    assert_eq!(named(&decide(&facts).diagnosis), "route_stale");
    assert_eq!(decide(&facts).plan.steps, []);
}

#[test]
fn a_rollout_is_one_that_is_in_progress_or_has_an_older_deployment_beside_it() {
    let rolling = |state, old: bool| {
        failing(2).with_task(sick_task(2)).service(|service| {
            service.deployments = rollout_since(1_000);
            service.deployments[0].rollout = state;
            service.deployments.truncate(if old { 2 } else { 1 });
        })
    };
    for (state, old) in [
        (RolloutState::InProgress, true),
        (RolloutState::InProgress, false),
        (RolloutState::Unknown, true),
    ] {
        let finding = decide(&rolling(state, old));
        assert_eq!(named(&finding.diagnosis), "rolling", "{state:?} {old}");
        assert_eq!(finding.plan.steps, [], "{state:?} {old}");
        assert!(finding.holds(&Hold::RolloutInProgress { deployment: PRIMARY.to_owned() }));
    }
    assert_eq!(diagnosis(&rolling(RolloutState::Completed, false)), "task_sick");
}

#[test]
fn a_service_that_is_not_active_is_left_alone() {
    for status in [
        ServiceStatus::Missing,
        ServiceStatus::Inactive,
        ServiceStatus::Draining,
        ServiceStatus::Unknown,
    ] {
        let finding = decide(&healthy(0).service(|service| service.status = status));
        assert_eq!(finding.diagnosis, Diagnosis::NotActive { status });
        // But for the address that it leaves behind, if ECS says that it is over.
        let over = matches!(status, ServiceStatus::Inactive | ServiceStatus::Draining);
        assert!(finding.plan.steps.iter().all(is_of_route), "{:?}", finding.plan.steps);
        assert_eq!(finding.plan.steps.is_empty(), !over);
        assert!(finding.holds(&Hold::ServiceNotActive { status }));
    }
}

#[test]
fn a_desired_count_below_the_floor_is_not_healthy_and_zero_is_only_without_a_floor() {
    assert_eq!(decide(&healthy(0)).diagnosis, Diagnosis::BelowFloor { desired: 0, floor: 1 });
    let limits = Limits { min_desired_count: 0, ..Limits::default() };
    let facts = healthy(0).alarm(Alarm::Alarm);
    let finding = decide_under(&facts, &limits);
    assert_eq!(finding.diagnosis, Diagnosis::ScaledToZero);
    assert!(finding.holds(&Hold::ScaledToZero));
}

#[test]
fn nothing_is_known_while_the_service_or_the_tasks_are_not() {
    let mut no_service = failing(1).route(route_to(9));
    no_service.service = unknown();
    let mut no_tasks = failing(1).route(route_to(9));
    no_tasks.tasks = unknown();
    for (facts, missing) in [(no_service, Fact::Service), (no_tasks, Fact::Tasks)] {
        let finding = decide(&facts);
        assert_eq!(finding.diagnosis, Diagnosis::Unknown);
        assert_eq!(finding.plan.steps, []);
        let because = "ThrottlingException".to_owned();
        assert_eq!(finding.plan.holds, [Hold::FactUnknown { fact: missing, because }]);
        assert!(matches!(&finding.evidence[..], [Evidence::NotRead { .. }]));
    }
}

#[test]
fn an_alarm_that_cannot_be_read_is_no_alarm_and_no_all_clear() {
    let mut facts = healthy(1).api(bad());
    facts.alarm = unknown();
    let finding = decide(&facts);
    assert_eq!(finding.diagnosis, Diagnosis::Unknown);
    assert_eq!(finding.plan.steps, []);
    assert!(finding.plan.unknown_facts().next().is_some());
}

#[test]
fn an_unread_fact_is_listed_even_if_nothing_rests_on_it() {
    let mut facts = healthy(2).with_task(sick_task(2));
    (facts.alarm, facts.api) = (unknown(), unknown());
    let finding = decide(&facts);
    assert_eq!(named(&finding.diagnosis), "task_sick");
    assert_eq!(finding.plan.unknown_facts().count(), 2);
    let not_read = |it: &&Evidence| matches!(it, Evidence::NotRead { .. });
    assert_eq!(finding.evidence.iter().filter(not_read).count(), 2);
}

#[test]
fn a_task_in_an_unknown_state_is_neither_sick_nor_waited_for() {
    let odd = Task { last_status: LastStatus::Unknown, ..sick_task(2) };
    assert_eq!(diagnosis(&healthy(1).with_task(odd)), "healthy");
}

#[test]
fn tasks_without_an_address_are_a_fault_to_tell_once_they_have_had_the_time_to_get_one() {
    let unaddressed =
        |age| healthy(1).tasks(vec![task(1).started(age)]).route(route_to(1).unaddressed(1));
    let fault = |facts: &Facts| {
        decide(facts).plan.unknown_facts().any(|hold| hold.to_string().contains("eni-1"))
    };
    assert!(!fault(&unaddressed(119)));
    assert!(fault(&unaddressed(120)));
}

#[test]
fn the_services_own_grace_counts_when_it_is_longer() {
    let started = |age| {
        let own = Duration::from_secs(600);
        let task = sick_task(2).started(age).suspect(60);
        healthy(2).service(|service| service.health_check_grace = own).with_task(task)
    };
    assert_eq!(diagnosis(&started(599)), "starting");
    assert_eq!(diagnosis(&started(600)), "task_sick");
}

#[test]
fn the_services_own_grace_is_over_for_a_task_that_has_passed_its_health_check() {
    let started = |health, age| {
        let own = Duration::from_secs(600);
        let task = Task { health, ..task(2).started(age) };
        let facts = healthy(2).service(|service| service.health_check_grace = own);
        facts.with_task(task).route(route_to(1).erring(&[2]))
    };
    assert_eq!(diagnosis(&started(TaskHealth::Healthy, 179)), "starting");
    assert_eq!(diagnosis(&started(TaskHealth::Healthy, 180)), "task_sick");
    assert_eq!(diagnosis(&started(TaskHealth::Unknown, 599)), "starting");
    assert_eq!(diagnosis(&started(TaskHealth::Unknown, 600)), "task_sick");
}

/// <https://github.com/aws/amazon-ecs-agent/issues/4094>: a task is HEALTHY when the containers pass that
/// have a health check, which may be a sidecar alone.
#[test]
fn the_services_own_grace_goes_on_for_a_task_that_is_healthy_by_a_sidecar_alone() {
    let started = |unchecked, age| {
        let own = Duration::from_secs(600);
        let task = Task { health: TaskHealth::Healthy, unchecked, ..task(2).started(age) };
        let facts = healthy(2).service(|service| service.health_check_grace = own);
        facts.with_task(task).route(route_to(1).erring(&[2]))
    };
    assert_eq!(diagnosis(&started(false, 599)), "task_sick");
    assert_eq!(diagnosis(&started(true, 599)), "starting");
    assert_eq!(diagnosis(&started(true, 600)), "task_sick");
}

#[test]
fn the_services_own_grace_does_not_count_from_a_move_of_the_route() {
    let own = Duration::from_secs(600);
    let moved = |age| {
        let facts = failing(2).service(|service| service.health_check_grace = own);
        let stage = Stage { auto_deploy: true, ..manual_stage(None, age) };
        facts.route(route_to(1).silent(&[1, 2]).stage(stage))
    };
    assert_eq!(diagnosis(&moved(179)), "starting");
    assert_eq!(diagnosis(&moved(180)), "service_sick");
}

/// Stops by people, scaling, a deployment or a host that is taken away:
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html>
#[test]
fn a_stop_that_somebody_asked_for_is_no_evidence_against_the_application() {
    let stopped = |code| {
        let ended = |n: u8| u64::from(n) * 60;
        let stops =
            (2..=6).map(|n| task(n).started(ended(n) + 50).stopped(ended(n), code, "because"));
        one_of_two().tasks(stops.collect())
    };
    for code in [
        StopCode::UserInitiated,
        StopCode::ServiceSchedulerInitiated,
        StopCode::Infrastructure,
        StopCode::Unknown,
    ] {
        assert_eq!(diagnosis(&stopped(code)), "too_few_tasks", "{code:?}");
    }
    assert_eq!(diagnosis(&stopped(StopCode::EssentialContainerExited)), "crash_loop");
    assert_eq!(diagnosis(&stopped(StopCode::FailedHealthChecks)), "crash_loop");
    assert_eq!(diagnosis(&stopped(StopCode::TaskFailedToStart)), "cannot_start");
}

#[test]
fn what_is_seen_is_evidence_and_told_in_words() {
    let said =
        |facts: &Facts| decide(facts).evidence.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        said(&failing(2)),
        [
            "2 of 2 tasks run, 0 are on their way",
            "the 5XX alarm is ALARM",
            "the API answered 503",
            "0 of 2 tasks answer well when asked themselves; connection refused"
        ]
    );
    assert_eq!(
        said(&healthy(2).with_task(sick_task(2).suspect(30))),
        [
            "2 of 2 tasks run, 0 are on their way",
            "ECS calls task task2 UNHEALTHY, since 2026-01-01T11:59:30Z"
        ]
    );
    let Observed::Known(mut service) = healthy(1).service else { panic!() };
    service.deployments = rollout();
    let mut rolling = healthy(1);
    rolling.service = Observed::Known(service);
    assert!(said(&rolling)[1].starts_with("deployment ecs-svc/1 has been in progress since"));
}

/// <https://github.com/hashicorp/terraform-provider-aws/pull/7806>: a grace period of years keeps ECS from
/// ending tasks, and says nothing of what they do.
#[test]
fn the_services_own_grace_period_counts_for_no_longer_than_a_rollout_may_take() {
    let of_years = |facts: Facts| {
        facts.service(|it| it.health_check_grace = Duration::from_secs(2_147_483_647))
    };
    assert_eq!(diagnosis(&of_years(failing(2))), "service_sick");
    assert_eq!(decide(&of_years(ripe(1, 2))).stopped(), ["task1"]);
    let aged = |age| {
        let tasks = vec![task(1).started(age), task(2).started(age)];
        diagnosis(&of_years(failing(2).tasks(tasks)))
    };
    assert_eq!(aged(1_799), "starting");
    assert_eq!(aged(1_800), "service_sick");
}
