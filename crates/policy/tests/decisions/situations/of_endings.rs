//! Situations in which something does not end, or cannot be returned to.

use eden_policy::Facts;
use eden_policy::facts::{Ended, Refused, RolloutState, Stop, StopCode, Task};
use eden_policy::{Mode, Observed};

use super::fixtures::*;
use super::{Situation, situation};

const INSTANCE: &str =
    "arn:aws:ecs:us-east-1:123456789012:container-instance/prod-eden-cluster/instance1";

pub(super) fn all() -> Vec<Situation> {
    [stuck(), past(), counts(), containers()].into_iter().flatten().collect()
}

/// The instance of the task was stopped by hand: an incident report of 2026 tells of two days down.
fn zombie(seconds_ago: Option<u64>) -> Task {
    let mut zombie = task(1).stopping(0);
    zombie.stopping_at = seconds_ago.map(ago);
    zombie.container_instance = Some(INSTANCE.to_owned());
    let reason = "Host EC2 (instance i-0123456789abcdef0) stopped.".to_owned();
    zombie.stop = Some(Stop { code: StopCode::Infrastructure, reason, containers: Vec::new() });
    zombie
}

fn haunted(zombie: Task) -> Facts {
    healthy(1).api(bad()).tasks(vec![zombie]).service(|service| service.running = 0)
}

fn stuck() -> Vec<Situation> {
    let rolling =
        healthy(1).former(3_600).with_task(Task { arn: task_arn(2), ..zombie(Some(4_000)).old() });
    vec![
        situation(
            "task_stuck/its_instance_was_stopped",
            "ECS goes on counting a task whose instance is gone, and starts no other: people are \
             called with the cure, and nothing is deployed",
            haunted(zombie(Some(900))),
        ),
        situation(
            "task_stuck/it_holds_a_rollout",
            "A rollout waits for a task of the former deployment that never stops: it is not to blame",
            rolling.service(|service| service.deployments = rollout_since(3_600)),
        )
        .with_rollback(),
        situation(
            "starting/a_stop_is_not_over",
            "A task that is to stop still runs, and ECS starts no other: it has its time first",
            haunted(zombie(Some(300))),
        ),
        situation(
            "starting/a_stop_without_a_beginning",
            "ECS does not say since when the task is to stop: it is noted that it was seen",
            haunted(zombie(None)),
        ),
    ]
}

/// Deployed ten minutes ago; what ran before was deregistered, as Terraform and CloudFormation do.
fn bad_release() -> Facts {
    let deployed = vec![deployment(RolloutState::Completed, 600)];
    let mut facts = failing(2).former(600).service(|service| service.deployments = deployed);
    if let Observed::Known(Some(former)) = &mut facts.former {
        former.active = false;
    }
    facts
}

fn past() -> Vec<Situation> {
    let refused = |action: &str, target: &str| {
        let because = "ClientException: TaskDefinition is inactive".to_owned();
        Refused::new(action, target, ago(60), because)
    };
    vec![
        situation(
            "service_sick/what_ran_before_is_deregistered",
            "A bad release cannot be rolled back, since what ran before was deregistered: one task is \
             stopped as a trial while it may not be deployed again",
            bad_release(),
        )
        .with_rollback(),
        situation(
            "service_sick/the_roll_back_was_refused",
            "AWS refused to return to what ran before: the next remedy is taken, and people are told \
             in AWS's words",
            failing(2).former(7_200).service(|service| {
                service.deployments[0].created_at = ago(2_400);
                service.redeployed_at = vec![ago(2_400)];
                service.refused = vec![refused("roll_back", FORMER)];
            }),
        )
        .with_rollback(),
        situation(
            "task_sick/the_stop_was_refused",
            "AWS refused to stop a sick task: it is not asked for again at each look",
            ripe(1, 3).service(|service| {
                service.refused = vec![refused("stop_task", &task_arn(1))];
            }),
        ),
    ]
}

fn counts() -> Vec<Situation> {
    let raised = || {
        healthy(0).service(|service| {
            service.restored_at = vec![ago(9_000), ago(5_400), ago(1_800)];
        })
    };
    vec![
        situation(
            "below_floor/lowered_again_and_again",
            "The desired count was raised three times, and lowered each time: people are called",
            raised(),
        ),
        situation(
            "below_floor/only_observing",
            "With HEALING_MODE=observe the count stays as it is",
            healthy(0),
        )
        .mode(Mode::Observe),
    ]
}

/// <https://github.com/aws/aws-for-fluent-bit/issues/11>,
/// <https://github.com/aws-samples/bedrock-chat/pull/501>
fn containers() -> Vec<Situation> {
    let dead = |n: u8| {
        let mut dead = task(n).died(u64::from(n) * 240);
        let agent = Ended {
            name: "aws-guardduty-agent-x".to_owned(),
            exit_code: None,
            reason: Some("CannotPullContainerError: access denied".to_owned()),
        };
        if let Some(stop) = &mut dead.stop {
            stop.containers = vec![ended("log_router", 137), agent, ended("app", 1)];
        }
        dead
    };
    vec![situation(
        "crash_loop/with_sidecars",
        "The application exits with 1, its log router is killed then, and an agent of AWS's was never \
         pulled: the application is named",
        failing(1).route(route_to(99)).tasks((1..=3).map(dead).collect()).service(|service| {
            service.running = 0;
            service.deployments[0].created_at = ago(1_800);
        }),
    )]
}
