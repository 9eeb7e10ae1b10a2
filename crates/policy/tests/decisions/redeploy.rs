//! Rung 4: a service that fails as a whole, or has too few tasks, is deployed anew.

use std::time::Duration;

use eden_policy::facts::{DeploymentController, RolloutState};
use eden_policy::route::is_of_route;
use eden_policy::{Facts, Hold, Limits, Step};

use crate::fixtures::*;
use crate::verdict::*;

/// One step, and it is a forced redeployment of the present deployment.
fn assert_redeploys(facts: &Facts) {
    let finding = decide(facts);
    assert!(
        matches!(
            &finding.remedies()[..],
            [Step::ForceDeployment { replacing, .. }] if replacing == PRIMARY
        ),
        "{finding:?}"
    );
}

fn assert_held(facts: &Facts, expected: &Hold) {
    let finding = decide(facts);
    assert_eq!(finding.remedies(), [] as [&Step; 0], "{}", finding.diagnosis);
    assert!(finding.holds(expected), "{finding:?}");
}

fn deployed(facts: Facts, rollout: RolloutState, seconds_ago: u64) -> Facts {
    facts.service(|service| service.deployments = vec![deployment(rollout, seconds_ago)])
}

fn too_few() -> Facts {
    let facts = healthy(2).service(|service| service.running = 1).tasks(vec![task(1)]);
    facts.failing_since(60)
}

#[test]
fn a_service_that_fails_with_no_task_to_blame_is_redeployed() {
    assert_redeploys(&failing(1));
    // Without an alarm, once that has lasted.
    let quiet = healthy(2).api(bad()).route(route_to(1).silent(&[1, 2]));
    assert_redeploys(&quiet.clone().failing_since(60));
    assert_held(&quiet, &Hold::FailingNotYet { missing: false, since: now(), until: hence(60) });
}

#[test]
fn too_few_tasks_that_ecs_does_not_replace_lead_to_a_redeployment() {
    assert_redeploys(&too_few());
}

#[test]
fn the_reason_is_the_diagnosis() {
    let because = |facts: &Facts| decide(facts).remedies()[0].to_string();
    assert_eq!(because(&too_few()), "Forced service redeployment: Task count mismatch: 1/2");
}

#[test]
fn the_cooldown_counts_from_the_last_deployment_whoever_made_it() {
    for facts in [unprobed(1).failing_since(60), too_few()] {
        let deployed = |age| deployed(facts.clone(), RolloutState::Completed, age);
        assert_held(&deployed(899), &Hold::RedeployCooldown { until: hence(1) });
        assert_redeploys(&deployed(900));
    }
}

#[test]
fn the_cooldown_doubles_with_each_deployment_of_eden_in_the_last_two_hours() {
    for (at, cooldown) in [
        (vec![], 900),
        (vec![4_000], 1_800),
        (vec![5_000, 4_000], 3_600),
        (vec![7_000, 6_000, 5_000], 7_200),
        (vec![7_200, 4_000], 1_800),
        (vec![7_199, 4_000], 3_600),
        // It becomes no longer than six hours.
        (vec![7_000, 6_000, 5_000, 4_500, 4_200, 4_000], 21_600),
    ] {
        let facts = unprobed(1).failing_since(60);
        let facts = facts.service(|it| it.redeployed_at = at.iter().map(|s| ago(*s)).collect());
        let deployed = |age| deployed(facts.clone(), RolloutState::Completed, age);
        assert_held(&deployed(cooldown - 1), &Hold::RedeployCooldown { until: hence(1) });
        assert_redeploys(&deployed(cooldown));
    }
}

#[test]
fn a_longer_cooldown_of_the_settings_is_not_cut_short() {
    let cooldown = |hours, redeployments| {
        let redeploy_cooldown = Duration::from_hours(hours);
        Limits { redeploy_cooldown, ..Limits::default() }.redeploy_cooldown_after(redeployments)
    };
    assert_eq!(cooldown(8, 0), Duration::from_hours(8));
    assert_eq!(cooldown(8, 1), Duration::from_hours(8));
    assert_eq!(cooldown(1, 40), Duration::from_hours(6));
    assert_eq!(cooldown(0, 40), Duration::ZERO);
}

#[test]
fn a_redeployment_is_spent_from_the_same_budget_as_stops() {
    let stopped = |stops: u8| {
        (20..20 + stops).fold(failing(1), |facts, n| facts.with_task(task(n).stopped_by_eden(600)))
    };
    assert_redeploys(&stopped(5));
    let finding = decide(&stopped(6));
    assert_eq!(finding.remedies(), [] as [&Step; 0]);
    assert!(finding.holds(&Hold::BudgetSpent { spent: 6, budget: 6, until: Some(hence(3_000)) }));
    assert_eq!(finding.condition(), Some("budget_spent"));
}

#[test]
fn a_rollout_that_failed_is_not_repeated_and_people_are_called() {
    for facts in [failing(1), too_few()] {
        let facts = deployed(facts, RolloutState::Failed, 5_000);
        assert_held(&facts, &Hold::RolloutFailed { deployment: PRIMARY.to_owned() });
        assert_eq!(decide(&facts).condition(), Some("rollout_failed"));
    }
}

#[test]
fn what_ecs_gave_up_is_tried_again_when_nothing_runs_and_nothing_failed_for_a_cooldown() {
    let none_runs = too_few().service(|service| service.running = 0).tasks(vec![]);
    let dead = deployed(none_runs, RolloutState::Failed, 9_000);
    assert_redeploys(&dead);
    for failed in [|ago| task(9).not_started(ago), |ago| task(9).died(ago)] {
        assert_redeploys(&dead.clone().with_task(failed(900)));
        // What failed lately would fail again.
        let finding = decide(&dead.clone().with_task(failed(899)));
        assert!(finding.plan.steps.iter().all(is_of_route));
        assert!(finding.holds(&Hold::RetryNotYet { until: hence(1) }));
        assert_eq!(finding.condition(), Some("rollout_failed"));
    }
    // While anything runs, it is left as it is.
    let one_runs = dead.service(|service| service.running = 1);
    assert_held(&one_runs, &Hold::RolloutFailed { deployment: PRIMARY.to_owned() });
}

#[test]
fn what_ecs_gave_up_in_a_loop_is_tried_again_ever_more_rarely_but_every_half_hour() {
    let looped = |since: u64, redeployed: &[u64]| {
        let none_runs = too_few().service(|service| service.running = 0);
        // Each came in place of the one before.
        let tasks =
            (7..10).zip([0, 130, 260]).map(|(n, before)| task(n).died(since + before)).collect();
        redeployed
            .iter()
            .fold(deployed(none_runs, RolloutState::Failed, 9_000), |facts, at| {
                facts.service(|service| service.redeployed_at.push(ago(*at)))
            })
            .tasks(tasks)
    };
    for (redeployed, wait) in [
        (&[][..], 900),
        (&[5_000], 1_800),
        (&[5_000, 6_000], 1_800),
        (&[5_000, 6_000, 7_000], 1_800),
    ] {
        assert_redeploys(&looped(wait, redeployed));
        let finding = decide(&looped(wait - 1, redeployed));
        assert!(finding.plan.steps.iter().all(is_of_route), "{wait}");
        assert!(finding.holds(&Hold::RetryNotYet { until: hence(1) }), "{finding:?}");
        assert_eq!(finding.condition(), Some("rollout_failed"));
        let still_a_loop = decide(&looped(600, redeployed));
        assert!(still_a_loop.holds(&Hold::NeedsAHuman), "{still_a_loop:?}");
    }
}

#[test]
fn of_a_service_of_another_deployment_controller_one_task_is_stopped_as_a_trial() {
    let facts = erring(1).service(|service| service.controller = DeploymentController::Other);
    let finding = decide(&facts);
    let [Step::StopTask { .. }] = finding.remedies()[..] else { panic!("{finding:?}") };
    assert_eq!(finding.condition(), None);
    // When its successor does not answer either, then people are called.
    let after = facts.with_task(task(9).stopped_by_eden(470)).with_task(task(1).started(400));
    let finding = decide(&after);
    assert_eq!(finding.remedies(), Vec::<&Step>::new());
    assert!(finding.holds(&Hold::ForeignDeploymentController), "{finding:?}");
    assert_eq!(finding.condition(), Some("foreign_deployment_controller"));
}

#[test]
fn without_a_primary_deployment_there_is_nothing_to_replace() {
    let finding = decide(&failing(1).service(|service| service.deployments.clear()));
    assert_eq!(finding.plan.steps, []);
    assert!(finding.plan.unknown_facts().next().is_some());
}

#[test]
fn a_desired_count_below_the_floor_is_restored() {
    let limits = Limits { min_desired_count: 3, ..Limits::default() };
    let finding = decide_under(&healthy(2), &limits);
    assert_eq!(finding.plan.steps, [Step::RestoreDesiredCount { from: 2, to: 3 }]);
}

#[test]
fn without_a_gateway_only_the_service_is_healed() {
    let mut facts = unprobed(1).failing_since(60);
    facts.route = None;
    assert_redeploys(&facts);
}

#[test]
fn while_the_evidence_disagrees_nothing_is_redeployed() {
    let facts = healthy(1).alarm(eden_policy::facts::Alarm::Alarm);
    assert_held(&facts, &Hold::EvidenceDisagrees);
}

/// <https://github.com/aws/amazon-ecs-agent/issues/2031>: with such a configuration a forced deployment
/// has neither room to start a task nor leave to stop one, and hangs.
#[test]
fn what_no_deployment_can_replace_is_never_deployed_and_one_is_stopped_as_a_trial() {
    let room = |facts: Facts, minimum: u32, maximum: u32| {
        facts.service(|service| {
            (service.minimum_healthy_percent, service.maximum_percent) = (minimum, maximum);
        })
    };
    for (tasks, minimum, maximum, replaces) in [
        (1, 50, 100, false),
        (1, 100, 100, false),
        (3, 67, 100, false),
        (2, 50, 100, true),
        (1, 50, 200, true),
        (1, 0, 100, true),
        (3, 100, 133, false),
        (3, 100, 134, true),
    ] {
        let finding = decide(&room(failing(tasks), minimum, maximum));
        assert_eq!(finding.redeploys(), replaces, "{tasks} {minimum}/{maximum}: {finding:?}");
        assert_eq!(finding.stopped().len(), usize::from(!replaces), "{tasks} {minimum}/{maximum}");
        let hold = Hold::NoRoomToDeploy { minimum, maximum };
        assert_eq!(finding.holds(&hold), !replaces);
    }
    // Where nobody knows whether tasks serve, people are called.
    let unasked = room(unprobed(1).failing_since(90), 50, 100);
    let finding = decide(&unasked);
    assert_eq!(finding.remedies(), [] as [&Step; 0]);
    assert_eq!(finding.condition(), Some("no_room_to_deploy"));
    // Nor is it rolled back by a deployment.
    let new = room(failing(1).former(600), 50, 100).service(|service| {
        service.deployments = vec![deployment(RolloutState::Completed, 600)];
    });
    let finding = decide_under(&new, &rollback());
    assert!(!finding.rolls_back() && !finding.redeploys(), "{finding:?}");
    assert_eq!(finding.stopped().len(), 1);
    // What does not run can be started.
    let none = room(healthy(1).tasks(vec![]), 50, 100).service(|service| service.running = 0);
    let none = none.failing_since(60);
    assert!(decide(&none).redeploys());
}

/// Invented by a fresh reader: Application Auto Scaling scales below the floor every night, and is let do
/// so after three times.
#[test]
fn below_a_floor_that_is_not_restored_everything_else_is_still_diagnosed_and_treated() {
    let limits = Limits { min_desired_count: 3, ..Limits::default() };
    let in_vain = |facts: Facts| {
        let facts = facts.service(|it| it.restored_at = vec![ago(3_000), ago(2_000), ago(1_000)]);
        decide_under(&facts, &limits)
    };
    // The floor is all that is wrong.
    let finding = in_vain(healthy(2));
    assert_eq!(named(&finding.diagnosis), "below_floor");
    assert_eq!(finding.condition(), Some("restored_in_vain"));
    assert!(!finding.is_over);
    // A sick task is stopped, a service that fails is deployed, and what is told besides is stronger.
    let finding = in_vain(ripe(1, 2));
    assert_eq!((named(&finding.diagnosis), finding.stopped()), ("task_sick", vec!["task1"]));
    assert_eq!(finding.condition(), Some("restored_in_vain"));
    assert!(in_vain(failing(2)).redeploys());
    let dead = (1..=3).map(|n| task(n).died(u64::from(n) * 200)).collect();
    let finding = in_vain(healthy(2).tasks(dead).service(|it| it.running = 0));
    assert_eq!(
        (named(&finding.diagnosis), finding.condition()),
        ("crash_loop", Some("crash_loop"))
    );
    // Where it is restored, that comes first.
    let finding = decide_under(&ripe(1, 2), &limits);
    assert_eq!(named(&finding.diagnosis), "below_floor");
    assert_eq!(finding.stopped(), [] as [&str; 0]);
}
