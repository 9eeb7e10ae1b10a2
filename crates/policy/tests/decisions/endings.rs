//! How things end, or do not: what ran before and is deregistered, what AWS refused, a desired count that
//! is lowered again and again, tasks that never stop, and tasks whose host is gone.

use std::time::Duration;

use eden_policy::facts::{
    ContainerDefinition, Former, Refused, RolloutState, Service, Stop, StopCode, Task,
    TaskDefinition,
};
use eden_policy::health::Finding;
use eden_policy::{Diagnosis, Facts, Hold, Limits, Observed, Step};

use crate::asks::asks;
use crate::fixtures::*;
use crate::verdict::*;

const INSTANCE: &str =
    "arn:aws:ecs:us-east-1:123456789012:container-instance/prod-eden-cluster/instance1";
const INACTIVE: &str = "TaskDefinition is inactive";

/// What ran before is the same, but deregistered.
fn deregistered(mut facts: Facts) -> Facts {
    if let Observed::Known(Some(former)) = &mut facts.former {
        former.active = false;
    }
    facts
}

fn dying() -> Facts {
    let dead = (1..=3).map(|n| task(n).died(u64::from(n) * 200)).collect();
    let facts = healthy(1).service(|service| service.running = 0).tasks(dead).former(3_600);
    facts.service(|service| service.deployments[0].created_at = ago(3_600))
}

/// Deployed ten minutes ago, with tasks that fail every request.
fn bad_release() -> Facts {
    let deployed = vec![deployment(RolloutState::Completed, 600)];
    failing(2).former(600).service(|service| service.deployments = deployed)
}

/// <https://github.com/aws/aws-cdk/issues/24372>,
/// <https://github.com/hashicorp/terraform-provider-aws/issues/258>,
/// <https://github.com/Cloud-CV/EvalAI/pull/5167>
#[test]
fn what_was_deregistered_is_not_returned_to_and_people_are_called_at_once() {
    let finding = decide_under(&deregistered(dying()), &rollback());
    assert_eq!(finding.plan.steps, []);
    assert!(finding.holds(&Hold::FormerInactive { definition: FORMER.to_owned() }));
    assert_eq!(finding.condition(), Some("crash_loop"));
    assert!(decide_under(&dying(), &rollback()).rolls_back());
}

#[test]
fn where_what_ran_before_was_deregistered_the_ladder_goes_on() {
    // While it may not be deployed again yet, one task is stopped as a trial; after that it is.
    let early = decide_under(&deregistered(bad_release()), &rollback());
    let reasons = ["no_better_task", "awaiting_ready", "former_inactive", "redeploy_cooldown"];
    assert_eq!(early.reasons(), reasons);
    assert!(early.plan.steps.iter().any(|step| matches!(step, Step::StopTask { .. })));
    let later = deregistered(bad_release()).service(|service| {
        service.deployments[0].created_at = ago(1_900);
        service.redeployed_at = vec![ago(1_900)];
    });
    let finding = decide_under(&later, &rollback());
    assert!(finding.redeploys() && !finding.rolls_back(), "{finding:?}");
    assert_eq!(finding.condition(), None);
}

#[test]
fn ecs_itself_rolls_back_the_deployment_that_it_can_stop() {
    let arn = "arn:aws:ecs:us-east-1:123456789012:service-deployment/prod/web/1";
    let mut facts = dying();
    if let Observed::Known(Some(Former { stops, .. })) = &mut facts.former {
        *stops = Some(arn.to_owned());
    }
    let finding = decide_under(&facts, &rollback());
    let [Step::RollBack { stops, .. }] = &finding.plan.steps[..] else { panic!("{finding:?}") };
    assert_eq!(stops.as_deref(), Some(arn));
}

#[test]
fn what_ran_before_is_read_only_when_it_may_be_returned_to() {
    for (facts, read) in [
        (healthy(2), false),
        (healthy(2).service(|service| service.deployments = rollout()), false),
        (dying(), true),
        (bad_release(), true),
        (ripe(1, 2), true),
    ] {
        assert_eq!(asks(&facts, &rollback()).former, read, "{:?}", decide(&facts).diagnosis);
        assert!(!asks(&facts, &Limits::default()).former);
    }
}

fn refused(action: &str, target: &str, seconds_ago: u64) -> Refused {
    Refused::new(action, target, ago(seconds_ago), format!("ClientException: {INACTIVE}"))
}

fn with_refused(facts: Facts, all: &[Refused]) -> Facts {
    facts.service(|service| service.refused = all.to_vec())
}

#[test]
fn what_aws_refused_is_not_asked_for_again_within_the_hour() {
    let failing_still = || {
        bad_release().service(|service| {
            service.deployments[0].created_at = ago(1_900);
            service.redeployed_at = vec![ago(1_900)];
        })
    };
    let roll_back = |age| refused("roll_back", FORMER, age);
    // The roll back was refused: the next rung is taken, and people are told why.
    let finding = decide_under(&with_refused(failing_still(), &[roll_back(600)]), &rollback());
    assert!(finding.redeploys() && !finding.rolls_back(), "{finding:?}");
    assert_eq!(finding.condition(), Some("refused"));
    let told = finding.plan.holds.iter().map(ToString::to_string).collect::<String>();
    assert!(told.contains(INACTIVE), "{told}");
    // So was the deployment: nothing is left.
    let both = [roll_back(600), refused("force_deployment", PRIMARY, 600)];
    let finding = decide_under(&with_refused(failing_still(), &both), &rollback());
    assert_eq!(finding.plan.steps, []);
    assert_eq!(finding.condition(), Some("refused"));
    // After an hour, or for something else, it is tried.
    for other in [roll_back(3_600), refused("roll_back", "eden:5", 600)] {
        let finding = decide_under(&with_refused(failing_still(), &[other]), &rollback());
        assert!(finding.rolls_back(), "{finding:?}");
    }
}

#[test]
fn a_crash_loop_whose_roll_back_was_refused_calls_people() {
    let facts = with_refused(dying(), &[refused("roll_back", FORMER, 60)]);
    let finding = decide_under(&facts, &rollback());
    assert_eq!(finding.plan.steps, []);
    assert_eq!(finding.condition(), Some("crash_loop"));
    assert!(finding.reasons().contains(&"refused"), "{finding:?}");
}

#[test]
fn a_task_that_aws_would_not_stop_is_left_and_the_others_are_not() {
    let facts = with_refused(ripe(2, 8), &[refused("stop_task", &task_arn(1), 60)]);
    let finding = decide(&facts);
    assert_eq!(finding.stopped(), ["task2"]);
    assert_eq!(finding.condition(), Some("refused"));
}

/// <https://github.com/fabfuel/ecs-deploy/issues/59> and others: whatever lowers the count again wins.
#[test]
fn a_desired_count_that_is_lowered_again_and_again_is_raised_three_times_a_day() {
    let raised = |hours: &[u64]| {
        let times: Vec<_> = hours.iter().map(|hours| ago(hours * 3_600)).collect();
        decide(&healthy(0).service(|service| service.restored_at = times))
    };
    let restores = |finding: &Finding| {
        matches!(finding.plan.remedies_of_count(), [Step::RestoreDesiredCount { to: 1, .. }])
    };
    assert!(restores(&raised(&[])) && restores(&raised(&[2, 1])));
    let finding = raised(&[3, 2, 1]);
    assert_eq!(finding.plan.remedies_of_count(), []);
    assert!(finding.holds(&Hold::RestoredInVain { times: 3, until: hence(21 * 3_600) }));
    assert_eq!(finding.condition(), Some("restored_in_vain"));
    assert!(restores(&raised(&[24, 2, 1])));
}

trait OfCount {
    fn remedies_of_count(&self) -> &[Step];
}

impl OfCount for eden_policy::Plan {
    /// The last step, if it is about the desired count.
    fn remedies_of_count(&self) -> &[Step] {
        let last = self.steps.len().saturating_sub(1);
        let last = &self.steps[last..];
        if matches!(last, [Step::RestoreDesiredCount { .. }]) { last } else { &[] }
    }
}

#[test]
fn a_count_that_aws_would_not_raise_is_left() {
    let facts = with_refused(healthy(0), &[refused("restore_desired_count", "1", 60)]);
    let finding = decide(&facts);
    assert_eq!(finding.plan.remedies_of_count(), []);
    assert_eq!(finding.condition(), Some("refused"));
}

/// Users see stopped tasks for less than the hour that is documented
/// (<https://github.com/aws/containers-roadmap/issues/1246>), so the budget counts Eden's own notes.
#[test]
fn stops_that_ecs_has_forgotten_are_spent_all_the_same() {
    let noted = |stops: u64| {
        let times = (1..=stops).map(|n| ago(300 * n)).collect();
        decide(&ripe(1, 8).service(|service: &mut Service| service.stopped_at = times))
    };
    assert_eq!(noted(5).stopped(), ["task1"]);
    assert_eq!(noted(6).condition(), Some("budget_spent"));
    // What both remember is one and the same.
    let both = (20..23).fold(ripe(1, 8), |facts, n| facts.with_task(task(n).stopped_by_eden(600)));
    let both = both.service(|service| service.stopped_at = vec![ago(600); 3]);
    assert_eq!(decide(&both).stopped(), ["task1"]);
}

/// A task that has been to stop for so long and still runs, on an instance that was stopped.
fn zombie(n: u8, seconds_ago: Option<u64>) -> Task {
    let mut zombie = task(n).stopping(0);
    zombie.stopping_at = seconds_ago.map(ago);
    zombie.container_instance = Some(INSTANCE.to_owned());
    let reason = "Host EC2 (instance i-0123456789abcdef0) stopped.".to_owned();
    zombie.stop = Some(Stop { code: StopCode::Infrastructure, reason, containers: Vec::new() });
    zombie
}

/// ECS counts the zombie: it shows none or one that runs, a steady state, and starts no other.
fn haunted(zombie: &Task) -> [Facts; 2] {
    [0, 1].map(|running| {
        let facts = failing(1).route(route_to(1)).tasks(vec![zombie.clone()]).former(3_600);
        facts.service(|service| {
            service.running = running;
            service.events = vec![event(60, "has reached a steady state.")];
            service.redeployed_at = vec![ago(1_800)];
        })
    })
}

/// An incident report of 2026; <https://github.com/aws/amazon-ecs-agent/issues/818>
#[test]
fn a_task_that_never_stops_is_named_with_its_instance_and_the_cure() {
    for facts in haunted(&zombie(1, Some(720))) {
        let finding = decide_under(&facts, &rollback());
        assert_eq!(finding.diagnosis, Diagnosis::TaskStuck { tasks: vec![task_arn(1)] });
        assert_eq!(finding.remedies(), [] as [&Step; 0], "{finding:?}");
        assert_eq!(finding.condition(), Some("task_stuck"));
        let held = finding.plan.holds.iter().map(ToString::to_string).collect::<String>();
        let cure = "aws ecs deregister-container-instance --cluster prod-eden-cluster \
                    --container-instance instance1 --force";
        assert!(held.contains(cure), "{held}");
        let seen = finding.evidence.iter().map(ToString::to_string).collect::<String>();
        assert!(seen.contains("still runs on container instance instance1"), "{seen}");
    }
}

#[test]
fn while_a_stop_may_still_end_nothing_is_deployed_for_what_is_missing() {
    let [facts, _] = haunted(&zombie(1, Some(719)));
    let finding = decide(&facts);
    assert_eq!(finding.diagnosis, Diagnosis::Starting, "{finding:?}");
    let held = Hold::StopNotOver { task: "task1".to_owned(), until: Some(hence(1)) };
    assert!(finding.holds(&held), "{finding:?}");
    assert_eq!(finding.condition(), None);
}

#[test]
fn a_stop_without_a_beginning_counts_from_when_it_was_first_seen() {
    let [first, _] = haunted(&zombie(1, None));
    let finding = decide(&first);
    assert_eq!((finding.marked(), finding.redeploys()), (vec!["task1"], false), "{finding:?}");
    let held = Hold::StopNotOver { task: "task1".to_owned(), until: None };
    assert!(finding.holds(&held), "{finding:?}");
    for (age, condition) in [(719, None), (720, Some("task_stuck"))] {
        let [facts, _] = haunted(&zombie(1, None).suspect(age));
        let finding = decide(&facts);
        assert_eq!((finding.condition(), finding.marked().len()), (condition, 0), "{age}");
    }
}

#[test]
fn a_task_has_as_long_to_stop_as_its_definition_says() {
    let container = |stop_timeout: Option<u64>| ContainerDefinition {
        name: "app".to_owned(),
        essential: true,
        stop_timeout: stop_timeout.map(Duration::from_secs),
    };
    let stuck_after = |containers: &[Option<u64>], age| {
        let containers = containers.iter().map(|it| container(*it)).collect();
        let definition = TaskDefinition { arn: PRESENT.to_owned(), containers };
        let [facts, _] = haunted(&zombie(1, Some(age)));
        let facts = Facts { definition: Observed::Known(Some(definition)), ..facts };
        decide(&facts).condition().is_some()
    };
    for (containers, due) in
        [(&[None][..], 630), (&[Some(120)], 720), (&[Some(1_800), None], 2_430)]
    {
        assert!(!stuck_after(containers, due - 1) && stuck_after(containers, due), "{due}");
    }
    // It is read when the default is over.
    for (age, read) in [(629, None), (630, Some(PRESENT))] {
        let [facts, _] = haunted(&zombie(1, Some(age)));
        assert_eq!(asks(&facts, &Limits::default()).definition.as_deref(), read);
    }
}

#[test]
fn a_rollout_that_a_stuck_task_holds_is_not_rolled_back() {
    let rolling = |since| {
        let facts = healthy(1).former(since).with_task(zombie(2, Some(4_000)).old());
        facts.service(|service| service.deployments = rollout_since(since))
    };
    // Overdue or not, people are called for the task, and not for the rollout.
    for (since, diagnosis) in [(900, "old_tasks_remain"), (3_600, "task_stuck")] {
        let finding = decide_under(&rolling(since), &rollback());
        assert_eq!(named(&finding.diagnosis), diagnosis);
        assert_eq!(finding.plan.steps, []);
        assert_eq!(finding.condition(), Some("task_stuck"));
    }
}

#[test]
fn a_service_that_is_well_beside_a_stuck_task_is_not_all_well() {
    let finding = decide(&healthy(2).with_task(zombie(3, Some(4_000))));
    assert_eq!(named(&finding.diagnosis), "task_stuck");
    assert!(!finding.is_over);
    // More is missing than ECS counts: that is another matter.
    let facts = healthy(4).tasks(vec![task(1), zombie(3, Some(4_000))]);
    let finding = decide(&facts.service(|service| service.running = 1));
    assert_eq!(named(&finding.diagnosis), "too_few_tasks");
    assert_eq!(finding.condition(), Some("task_stuck"));
}

/// <https://github.com/aws/containers-roadmap/issues/2040>,
/// <https://github.com/convox/rack/issues/1247>
#[test]
fn a_task_that_ecs_does_not_hear_of_is_seen_and_loses_the_route_only_when_it_is_silent() {
    let mut lost = task(1);
    (lost.connected, lost.container_instance) = (false, Some(INSTANCE.to_owned()));
    let finding = decide(&healthy(2).with_task(lost.clone()));
    let seen = finding.evidence.iter().map(ToString::to_string).collect::<String>();
    assert!(seen.contains("does not hear of task task1 on container instance instance1"), "{seen}");
    let moves = |finding: &Finding| {
        finding.plan.steps.iter().any(
            |step| matches!(step, Step::PointIntegration { task, .. } if task.ends_with("task2")),
        )
    };
    // While it has the route and answers, it keeps it; else another gets it.
    assert!(!moves(&finding), "{finding:?}");
    let silent = healthy(2).with_task(lost.clone()).route(route_to(1).silent(&[1]));
    assert!(moves(&decide(&silent)), "{finding:?}");
    // An agent that loses touch for a moment is no sickness, and no reason to leave the only task.
    assert_eq!((finding.stopped().len(), finding.redeploys()), (0, false));
    let alone = decide(&healthy(1).with_task(lost));
    assert_eq!(alone.plan.steps, [], "{alone:?}");
}
