//! What is the matter with the service, and what is done about it.

use std::time::Duration;

use eden_policy::facts::{
    Alarm, DeploymentController, LastStatus, RolloutState, ServiceStatus, Stage, Task, TaskHealth,
};
use eden_policy::plan::Fact;
use eden_policy::{Diagnosis, Facts, Hold, Limits, Plan, Routing, Step, health};

use crate::fixtures::*;

fn decide(facts: &Facts) -> (Diagnosis, Plan) {
    health::decide(facts, &Limits::default(), &Routing::default(), now())
}

fn stopped(plan: &Plan) -> Vec<&str> {
    plan.steps
        .iter()
        .filter_map(|step| match step {
            Step::StopTask { task, .. } => task.rsplit('/').next(),
            _ => None,
        })
        .collect()
}

fn redeploys(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| matches!(step, Step::ForceDeployment { .. }))
}

/// One step, and it is a forced redeployment of the present deployment.
fn assert_redeploys(facts: &Facts) {
    let (_, plan) = decide(facts);
    assert!(
        matches!(&plan.steps[..], [Step::ForceDeployment { replacing, .. }] if replacing == "ecs-svc/1"),
        "{plan:?}"
    );
}

fn assert_held(facts: &Facts, expected: &Hold) {
    let (diagnosis, plan) = decide(facts);
    assert_eq!(plan.steps, [], "{diagnosis}");
    assert!(plan.holds.contains(expected), "{diagnosis}: {:?}", plan.holds);
}

fn sick_task(n: u8) -> Task {
    task(n).health(TaskHealth::Unhealthy)
}

#[test]
fn a_healthy_service_is_left_alone() {
    let (diagnosis, plan) = decide(&healthy(3));
    assert_eq!(diagnosis, Diagnosis::Healthy);
    assert_eq!(plan.steps, []);
}

#[test]
fn an_alarm_with_no_task_to_blame_leads_to_a_redeployment() {
    let facts = healthy(1).alarm(Alarm::Alarm);
    assert_eq!(decide(&facts).0, Diagnosis::ServiceSick);
    assert_redeploys(&facts);
}

#[test]
fn an_alarm_that_is_quiet_or_has_no_data_or_does_not_exist_is_no_sickness() {
    for alarm in [Alarm::Ok, Alarm::InsufficientData, Alarm::Missing] {
        assert_eq!(decide(&healthy(1).alarm(alarm)).0, Diagnosis::Healthy, "{alarm:?}");
    }
}

#[test]
fn too_few_tasks_that_ecs_does_not_replace_lead_to_a_redeployment() {
    let facts = healthy(2).service(|service| service.running = 1).tasks(vec![task(1)]);
    assert_eq!(decide(&facts).0, Diagnosis::TooFewTasks { running: 1, desired: 2 });
    assert_redeploys(&facts);
}

#[test]
fn ecs_has_its_turn_while_tasks_start_or_have_just_stopped() {
    let too_few = || healthy(2).service(|service| service.running = 1);
    let alarm = || healthy(2).alarm(Alarm::Alarm);
    for (case, facts) in [
        ("one is starting", too_few().tasks(vec![task(1), task(2).starting()])),
        ("one has just stopped", too_few().tasks(vec![task(1), task(2).stopping(30)])),
        ("alarm, one is fresh", alarm().tasks(vec![task(1), task(2).started(119)])),
        ("alarm, one has just been replaced", alarm().tasks(vec![task(1), task(3).stopping(100)])),
    ] {
        let (diagnosis, plan) = decide(&facts);
        assert_eq!(diagnosis, Diagnosis::Settling, "{case}");
        assert_eq!(plan.steps, [], "{case}");
        assert!(
            plan.holds.iter().any(|hold| matches!(hold, Hold::WithinStartupGrace { .. })),
            "{case}: {:?}",
            plan.holds
        );
    }
}

#[test]
fn the_alarm_shows_the_past_for_a_while_after_a_task_started() {
    // The default settle time is 180 s.
    let at = |age| healthy(1).alarm(Alarm::Alarm).tasks(vec![task(1).started(age)]);
    assert!(!redeploys(&decide(&at(179)).1));
    assert!(redeploys(&decide(&at(180)).1));
}

#[test]
fn the_alarm_shows_the_past_for_a_while_after_the_route_moved() {
    let moved = |age| {
        let stage = Stage { auto_deploy: true, ..manual_stage(None, age) };
        healthy(1).alarm(Alarm::Alarm).route(route_to(1).stage(stage))
    };
    let (diagnosis, plan) = decide(&moved(60));
    assert_eq!(diagnosis, Diagnosis::Settling);
    assert!(plan.holds.iter().any(|hold| matches!(hold, Hold::RouteJustMoved { .. })));
    assert!(redeploys(&decide(&moved(180)).1));
}

#[test]
fn unhealthy_tasks_are_stopped_the_longest_running_first() {
    let facts = healthy(4).tasks(vec![
        task(1),
        sick_task(2).started(500),
        sick_task(3).started(900),
        task(4),
    ]);
    let (diagnosis, plan) = decide(&facts);
    assert!(matches!(diagnosis, Diagnosis::TasksUnhealthy { tasks } if tasks.len() == 2));
    assert_eq!(stopped(&plan), ["task3", "task2"]);
}

#[test]
fn unknown_health_is_no_sickness() {
    let facts = healthy(2).tasks(vec![task(1), task(2).health(TaskHealth::Unknown)]);
    assert_eq!(decide(&facts).0, Diagnosis::Healthy);
}

#[test]
fn when_most_tasks_are_sick_one_is_stopped_as_a_trial() {
    let facts = healthy(4).tasks(vec![sick_task(1), sick_task(2), sick_task(3), task(4)]);
    let (_, plan) = decide(&facts);
    assert_eq!(stopped(&plan).len(), 1);
    assert!(plan.holds.contains(&Hold::StopLimit { left: 2, allowed: 1 }));
}

#[test]
fn the_only_task_is_stopped_when_it_is_sick() {
    let (_, plan) = decide(&healthy(1).tasks(vec![sick_task(1)]));
    assert_eq!(stopped(&plan), ["task1"]);
}

#[test]
fn a_sick_task_within_its_grace_is_left_to_start() {
    let facts = healthy(2).tasks(vec![task(1), sick_task(2).started(119)]);
    let (_, plan) = decide(&facts);
    assert_eq!(plan.steps, []);
    let until = Some(ago(119).checked_add(Duration::from_secs(120)).unwrap());
    assert!(plan.holds.contains(&Hold::WithinStartupGrace { task: "task2".to_owned(), until }));
}

#[test]
fn the_services_own_grace_period_counts_when_it_is_longer() {
    let facts = healthy(2)
        .service(|service| service.health_check_grace = Duration::from_secs(600))
        .tasks(vec![task(1), sick_task(2).started(599)]);
    assert_eq!(decide(&facts).1.steps, []);
    let facts = facts.tasks(vec![task(1), sick_task(2).started(600)]);
    assert_eq!(stopped(&decide(&facts).1), ["task2"]);
}

#[test]
fn a_sick_task_of_unknown_age_may_be_a_fresh_one() {
    let mut sick = sick_task(1);
    sick.started_at = None;
    sick.created_at = None;
    assert_eq!(decide(&healthy(1).tasks(vec![sick])).1.steps, []);
}

#[test]
fn nothing_is_stopped_or_redeployed_during_a_rollout() {
    let rolling = |facts: Facts| {
        facts.service(|service| {
            service.deployments = vec![deployment(RolloutState::InProgress, 1_000)];
        })
    };
    let hold = Hold::RolloutInProgress { deployment: "ecs-svc/1".to_owned() };
    assert_held(&rolling(healthy(1).alarm(Alarm::Alarm)), &hold);
    assert_held(&rolling(healthy(2).tasks(vec![task(1), sick_task(2)])), &hold);
    assert_held(&rolling(healthy(2).service(|s| s.running = 1).tasks(vec![task(1)])), &hold);
}

#[test]
fn an_old_deployment_beside_the_primary_one_is_a_rollout_too() {
    let facts = healthy(1).alarm(Alarm::Alarm).service(|service| {
        service.deployments = rollout();
        service.deployments[0].rollout = RolloutState::Unknown;
    });
    assert_held(&facts, &Hold::RolloutInProgress { deployment: "ecs-svc/1".to_owned() });
}

#[test]
fn the_cooldown_counts_from_the_last_deployment_whoever_made_it() {
    let deployed = |age| {
        healthy(1)
            .alarm(Alarm::Alarm)
            .service(|service| service.deployments = vec![deployment(RolloutState::Completed, age)])
    };
    let until = ago(899).checked_add(Duration::from_secs(900)).unwrap();
    assert_held(&deployed(899), &Hold::RedeployCooldown { until });
    assert_redeploys(&deployed(900));
}

#[test]
fn a_rollout_that_failed_is_not_repeated() {
    let facts = healthy(1)
        .alarm(Alarm::Alarm)
        .service(|service| service.deployments = vec![deployment(RolloutState::Failed, 5_000)]);
    assert_held(&facts, &Hold::RolloutFailed { deployment: "ecs-svc/1".to_owned() });
}

#[test]
fn a_service_of_another_deployment_controller_is_not_redeployed() {
    let facts = healthy(1)
        .alarm(Alarm::Alarm)
        .service(|service| service.controller = DeploymentController::Other);
    assert_held(&facts, &Hold::ForeignDeploymentController);
}

#[test]
fn a_desired_count_below_the_floor_is_restored() {
    let facts = healthy(0);
    let (diagnosis, plan) = decide(&facts);
    assert_eq!(diagnosis, Diagnosis::BelowFloor { desired: 0, floor: 1 });
    assert_eq!(plan.steps, [Step::RestoreDesiredCount { from: 0, to: 1 }]);
}

#[test]
fn a_floor_of_zero_lets_people_scale_to_zero() {
    let limits = Limits { min_desired_count: 0, ..Limits::default() };
    let facts = healthy(0).alarm(Alarm::Alarm);
    let (diagnosis, plan) = health::decide(&facts, &limits, &Routing::default(), now());
    assert_eq!(diagnosis, Diagnosis::ScaledToZero);
    assert_eq!(plan.steps, []);
    assert!(plan.holds.contains(&Hold::ScaledToZero));
}

#[test]
fn the_route_is_repaired_beside_other_remedies() {
    let facts = healthy(2).tasks(vec![sick_task(1), task(2)]);
    let (_, plan) = decide(&facts);
    assert!(
        matches!(&plan.steps[..], [Step::PointIntegration { task, .. }, Step::StopTask { .. }] if task == "task2"),
        "{plan:?}"
    );
}

#[test]
fn without_a_gateway_only_the_service_is_healed() {
    let mut facts = healthy(1).alarm(Alarm::Alarm);
    facts.route = None;
    assert_redeploys(&facts);
}

#[test]
fn a_service_that_is_not_active_is_left_alone() {
    for status in [
        ServiceStatus::Missing,
        ServiceStatus::Inactive,
        ServiceStatus::Draining,
        ServiceStatus::Unknown,
    ] {
        let facts = healthy(0).service(|service| service.status = status);
        assert_held(&facts, &Hold::ServiceNotActive { status });
        assert_eq!(decide(&facts).0, Diagnosis::NotActive { status });
    }
}

#[test]
fn nothing_is_done_while_the_service_or_the_tasks_are_not_known() {
    let mut no_service = healthy(1).alarm(Alarm::Alarm).route(route_to(9));
    no_service.service = unknown();
    let mut no_tasks = healthy(1).alarm(Alarm::Alarm).route(route_to(9));
    no_tasks.tasks = unknown();
    for (facts, missing) in [(no_service, Fact::Service), (no_tasks, Fact::Tasks)] {
        let (diagnosis, plan) = decide(&facts);
        assert_eq!(diagnosis, Diagnosis::Unknown);
        assert_eq!(plan.steps, []);
        assert!(matches!(&plan.holds[..], [Hold::FactUnknown { fact, .. }] if *fact == missing));
    }
}

#[test]
fn an_alarm_that_cannot_be_read_is_no_alarm_and_no_all_clear() {
    let mut facts = healthy(1);
    facts.alarm = unknown();
    let (diagnosis, plan) = decide(&facts);
    assert_eq!(diagnosis, Diagnosis::Unknown);
    assert_eq!(plan.steps, []);
    assert!(plan.unknown_facts().next().is_some());
}

#[test]
fn a_task_in_an_unknown_state_is_neither_stopped_nor_waited_for() {
    let mut odd = sick_task(2);
    odd.last_status = LastStatus::Unknown;
    let facts = healthy(1).tasks(vec![task(1), odd]);
    assert_eq!(decide(&facts).0, Diagnosis::Healthy);
}

#[test]
fn tasks_without_an_address_are_a_fault_to_tell_once_they_have_had_the_time_to_get_one() {
    let unaddressed =
        |age| healthy(1).tasks(vec![task(1).started(age)]).route(route_to(1).unaddressed(1));
    let fault = |facts: &Facts| {
        decide(facts).1.unknown_facts().any(|hold| hold.to_string().contains("eni-1"))
    };
    assert!(!fault(&unaddressed(119)));
    assert!(fault(&unaddressed(120)));
}
