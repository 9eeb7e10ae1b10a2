//! Situations of services that are of another kind: daemon services, deployments that shift traffic,
//! task sets, and rollouts that wait for their old tasks. Sources are those of the public reports.

use eden_policy::Facts;
use eden_policy::facts::{
    Alarm, Deployment, DeploymentController, Observed, RolloutState, Scheduling, Shift, Strategy,
    Traffic,
};

use super::fixtures::*;
use super::{Situation, situation};

pub(super) fn all() -> Vec<Situation> {
    [shifting(), failing_beside(), task_sets(), daemons(), old_ends()]
        .into_iter()
        .flatten()
        .collect()
}

/// Two tasks of blue, which runs, and two of green, which a deployment brings: tasks 1 and 2, and 3
/// and 4. The route leads to task 1.
fn blue_and_green(strategy: Strategy, minutes_ago: u64, shift: Option<Observed<Shift>>) -> Facts {
    let green = [task(3), task(4)].map(|it| it.started(minutes_ago * 60 - 60));
    healthy(2).tasks([task(1).old(), task(2).old()].into_iter().chain(green).collect()).service(
        |service| {
            service.running = 4;
            service.deployments = rollout_since(minutes_ago * 60);
            service.strategy = strategy;
            service.shift = shift;
        },
    )
}

fn stage(traffic: Traffic, stage: &str) -> Observed<Shift> {
    let target = Some(PRIMARY.to_owned());
    Observed::Known(Shift { traffic, target, stage: stage.to_owned() })
}

fn shifting() -> Vec<Situation> {
    vec![
        situation(
            "rolling/green_waits_for_an_approval",
            "A hook has paused a blue/green deployment for nine hours: the route stays with blue, and \
             nothing hangs (reproio/ecs_deploy#125)",
            blue_and_green(
                Strategy::BlueGreen,
                540,
                Some(stage(Traffic::Source, "POST_TEST_TRAFFIC_SHIFT")),
            ),
        )
        .with_rollback(),
        situation(
            "rolling/green_bakes_for_a_day",
            "Blue and green run for 23 hours after the traffic has shifted: the route follows to \
             green, and nothing is rolled back (kayac/ecspresso#1063)",
            blue_and_green(Strategy::BlueGreen, 1_380, Some(stage(Traffic::Target, "BAKE_TIME"))),
        )
        .with_rollback(),
        situation(
            "rolling/a_canary_shifts_step_by_step",
            "While a canary deployment shifts traffic, all of it stays with the old tasks: the \
             gateway leads to one task only",
            blue_and_green(
                Strategy::Canary,
                20,
                Some(stage(Traffic::Source, "PRODUCTION_TRAFFIC_SHIFT")),
            ),
        ),
        situation(
            "rolling/a_linear_deployment_is_rolled_back",
            "ECS rolls the deployment back: the route goes back to the old tasks",
            blue_and_green(Strategy::Linear, 50, Some(stage(Traffic::Back, "ROLLBACK_IN_PROGRESS")))
                .route(route_to(3)),
        ),
        situation(
            "rolling/the_stage_was_not_read",
            "How far the deployment is could not be read: the old tasks keep the route",
            blue_and_green(Strategy::BlueGreen, 50, Some(unknown())),
        ),
        situation(
            "rolling/a_strategy_that_nobody_knows_yet",
            "A strategy of days to come is taken for one that shifts traffic",
            blue_and_green(Strategy::Unknown, 50, Some(stage(Traffic::Source, "SCALE_UP"))),
        ),
    ]
}

fn failing_beside() -> Vec<Situation> {
    let paused =
        || blue_and_green(Strategy::BlueGreen, 120, Some(stage(Traffic::Source, "POST_SCALE_UP")));
    vec![
        situation(
            "task_sick/blue_is_sick_while_green_is_paused",
            "A sick task of the side that serves is treated as ever, whatever stands beside it",
            paused().with_task(sick_task(2).old().suspect(90)),
        ),
        situation(
            "service_sick/blue_answers_nothing_while_green_is_paused",
            "Neither task that serves answers, and green may wait for an approval for days: one of blue \
             is stopped as a trial, and green gets no traffic",
            paused().api(bad()).alarm(Alarm::Alarm).route(route_to(1).silent(&[1, 2])),
        ),
        situation(
            "rolling/green_does_not_answer_before_it_is_validated",
            "Green answers nothing yet and blue does: that is no sickness of anything that serves",
            paused().route(route_to(1).silent(&[3, 4])),
        ),
        situation(
            "crash_loop/green_dies_before_it_has_traffic",
            "The new tasks die one after the other while blue serves: people are told, and nothing is \
             deployed over the deployment in progress",
            (1..=3).fold(
                blue_and_green(Strategy::BlueGreen, 40, Some(stage(Traffic::Source, "SCALE_UP")))
                    .tasks(vec![task(1).old(), task(2).old()])
                    .service(|service| service.running = 2),
                |facts, n| facts.with_task(task(10 + n).died(u64::from(n) * 300)),
            ),
        )
        .with_rollback(),
        situation(
            "crash_loop/blue_dies_during_a_bake_that_is_rolled_back",
            "The old tasks die after the traffic went back to them: people are called",
            (1..=3).fold(
                blue_and_green(Strategy::BlueGreen, 90, Some(stage(Traffic::Back, "ROLLBACK_IN_PROGRESS")))
                    .tasks(vec![task(3), task(4)])
                    .service(|service| service.running = 2),
                |facts, n| facts.with_task(task(10 + n).old().died(u64::from(n) * 300)),
            ),
        )
        .with_rollback(),
    ]
}

/// Task sets stand for deployments: the PRIMARY one, and one that was made later.
fn by_task_sets(facts: Facts, rollout: RolloutState) -> Facts {
    facts.service(|service| {
        service.controller = DeploymentController::Other;
        service.deployments = vec![deployment(rollout, 86_400)];
    })
}

fn task_sets() -> Vec<Situation> {
    let dying = |fail: fn(u8) -> eden_policy::facts::Task| {
        let facts = healthy(1).route(route_to(99)).tasks(vec![]).service(|it| it.running = 0);
        (1..=8).fold(by_task_sets(facts, RolloutState::InProgress), |facts, n| {
            facts.with_task(fail(n))
        })
    };
    let green = Deployment {
        id: "ecs-svc/2".to_owned(),
        primary: false,
        desired: 1,
        ..deployment(RolloutState::InProgress, 600)
    };
    let of_green = |n: u8| {
        let mut task = task(n).started(500);
        task.deployment = Some("ecs-svc/2".to_owned());
        task
    };
    let with_green = move || {
        let green = green.clone();
        by_task_sets(healthy(1), RolloutState::Completed)
            .with_task(of_green(2))
            .service(move |service| service.deployments.push(green))
    };
    vec![
        situation(
            "crash_loop/of_a_task_set",
            "An EXTERNAL service has no deployments: its task set's tasks die all the same, and people \
             are called (aws/copilot-cli#1061)",
            dying(|n| task(n).died(u64::from(n) * 200)),
        ),
        situation(
            "cannot_start/of_a_task_set",
            "Tasks of a task set cannot be started: people are called",
            dying(|n| task(n).not_started(u64::from(n) * 200)),
        ),
        situation(
            "crash_loop/without_a_primary_task_set",
            "No task set is PRIMARY: whatever fails is the service's",
            dying(|n| task(n).died(u64::from(n) * 200)).service(|it| it.deployments.clear()),
        ),
        // From a run in an independent emulator: a `startedBy` that matches no deployment.
        situation(
            "crash_loop/no_deployment_claims_the_tasks",
            "What started the tasks is none of the deployments that are listed: nothing else can have \
             started them since the present one began",
            (1..=3).fold(healthy(1).tasks(vec![]).service(|it| it.running = 0), |facts, n| {
                let mut task = task(n).died(u64::from(n) * 200);
                task.deployment = Some("somebody-else".to_owned());
                facts.with_task(task)
            }),
        ),
        situation(
            "rolling/a_task_set_without_production_traffic",
            "The new task set answers and is not PRIMARY yet: the route stays with the one that is",
            with_green().route(route_to(1).slow(&[1])),
        ),
    ]
}

fn daemons() -> Vec<Situation> {
    let daemon = |facts: Facts| facts.service(|service| service.scheduling = Scheduling::Daemon);
    vec![
        situation(
            "no_instances/daemon",
            "The cluster has no container instance: the count of a daemon service is ECS's, and is \
             never written (fabfuel/ecs-deploy#59)",
            daemon(healthy(0)),
        ),
        situation(
            "starting/the_last_instance_has_just_gone",
            "The last instance of a daemon service was replaced a minute ago: another may be coming",
            daemon(healthy(0).with_task(task(1).stopped(
                60,
                eden_policy::facts::StopCode::Infrastructure,
                "Host EC2 (instance i-0123456789abcdef0) terminated.",
            ))),
        ),
        situation(
            "healthy/daemon_below_the_floor",
            "Two instances, a floor of three: a daemon service has no floor",
            daemon(healthy(2)),
        )
        .limits(|limits| limits.min_desired_count = 3),
        situation(
            "task_sick/daemon_below_the_floor",
            "Below the floor, every other diagnosis of a daemon service still happens",
            daemon(healthy(2)).with_task(sick_task(2).suspect(90)),
        )
        .limits(|limits| limits.min_desired_count = 3),
    ]
}

fn old_ends() -> Vec<Situation> {
    // Both new tasks run, and one old one has not ended.
    let waiting = |minutes_ago: u64| {
        let new = [task(1), task(2)].map(|it| it.started(minutes_ago * 60 - 120));
        healthy(2).tasks(new.into_iter().chain([task(3).old()]).collect()).service(|service| {
            service.running = 3;
            service.deployments = rollout_since(minutes_ago * 60);
        })
    };
    vec![
        situation(
            "old_tasks_remain/one_is_protected",
            "All new tasks run, and a protected old one keeps the rollout from ending",
            waiting(20).protected(&[3]),
        ),
        situation(
            "task_stuck/the_old_end_of_a_rollout",
            "The rollout is overdue for its old end only: people are told which task it waits for, \
             and nothing is rolled back",
            waiting(60).with_task(task(3).old().stopping(3_000)).former(3_600),
        )
        .with_rollback(),
        situation(
            "task_sick/while_an_old_task_remains",
            "What becomes sick when all new tasks were there is no matter of the rollout",
            waiting(60).protected(&[3]).with_task(sick_task(2).started(3_400).suspect(90)),
        ),
    ]
}
