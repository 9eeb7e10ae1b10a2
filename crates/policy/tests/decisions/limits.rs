//! Every diagnosis crossed with every limit: the table is `tests/golden/limits.txt`.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

use eden_policy::facts::{Alarm, DeploymentController, RolloutState, Scheduling, ServiceStatus};
use eden_policy::health::{self, Finding, Rules};
use eden_policy::mode::{Mode, ModeTag};
use eden_policy::{Facts, Limits, Observed, Routing, Step};

use crate::fixtures::*;
use crate::verdict::*;

/// Every diagnosis, by name.
pub const ILLS: [&str; 23] = [
    "unknown",
    "not_active",
    "paused",
    "below_floor",
    "scaled_to_zero",
    "no_instances",
    "crash_loop",
    "cannot_start",
    "rolling",
    "rolling_overdue",
    "old_tasks_remain",
    "task_sick",
    "task_stuck",
    "too_few_tasks",
    "route_stale",
    "healthy",
    "rollout_failed",
    "starting",
    "disputed",
    "before_tasks",
    "wrong_path",
    "unclear",
    "service_sick",
];

/// Facts and the rules that they are decided by.
#[derive(Clone)]
struct Scene {
    facts: Facts,
    limits: Limits,
    mode: Mode,
}

impl Scene {
    fn decide(&self) -> Finding {
        let Scene { facts, limits, mode } = self;
        let routing = Routing::default();
        health::decide(facts, Rules { limits, routing: &routing, mode: *mode }, now())
    }

    fn service(mut self, change: impl FnOnce(&mut eden_policy::facts::Service)) -> Self {
        self.facts = self.facts.service(change);
        self
    }

    fn each_task(mut self, change: impl Fn(&mut eden_policy::facts::Task)) -> Self {
        if let Observed::Known(tasks) = &mut self.facts.tasks {
            tasks.iter_mut().for_each(change);
        }
        self
    }
}

/// Four tasks, three of them sick for long enough: more than half.
fn three_sick_of_four() -> Facts {
    (1..=3)
        .fold(healthy(4).route(route_to(4)), |facts, n| facts.with_task(sick_task(n).suspect(90)))
}

/// A service that is ill in the given way, for so long that nothing holds back its remedy.
fn ill(name: &str) -> Scene {
    let failures = |fail: fn(u8) -> eden_policy::facts::Task| {
        let facts = failing(1).route(route_to(99)).tasks(vec![]).service(|it| it.running = 0);
        (1..=3).fold(facts, |facts, n| facts.with_task(fail(n)))
    };
    let mut limits = Limits::default();
    let facts = match name {
        "unknown" => Facts { alarm: unknown(), ..healthy(2) },
        "not_active" => healthy(1).service(|it| it.status = ServiceStatus::Inactive),
        "paused" => failing(2).service(|it| it.mode = ModeTag::Set(Mode::Off)),
        "below_floor" => healthy(0),
        "scaled_to_zero" => {
            limits.min_desired_count = 0;
            healthy(0)
        }
        "no_instances" => healthy(0).service(|it| it.scheduling = Scheduling::Daemon),
        "old_tasks_remain" => {
            healthy(2).with_task(task(3).old()).service(|it| it.deployments = rollout_since(2_000))
        }
        "crash_loop" => failures(|n| task(n).died(u64::from(n) * 200)),
        "cannot_start" => failures(|n| task(n).not_started(u64::from(n) * 200))
            .service(|it| it.deployments[0].rollout = RolloutState::Unknown),
        "rolling" => healthy(2).service(|it| it.deployments = rollout_since(600)),
        "rolling_overdue" => healthy(2).service(|it| it.deployments = rollout_since(2_000)),
        "task_sick" => three_sick_of_four(),
        "task_stuck" => {
            let stuck = task(3).stopping(4_000);
            healthy(2).with_task(stuck)
        }
        "too_few_tasks" => healthy(2).service(|it| it.running = 1).tasks(vec![task(1)]),
        "route_stale" => healthy(2).route(route_to(9)),
        "healthy" => healthy(2),
        "rollout_failed" => {
            healthy(2).service(|it| it.deployments = vec![deployment(RolloutState::Failed, 2_000)])
        }
        "starting" => failing(2).with_task(task(3).starting()),
        "disputed" => healthy(2).alarm(Alarm::Alarm),
        "before_tasks" => answering(2),
        "wrong_path" => healthy(2).api(unclear()).route(route_to(1).unclear(&[1, 2])),
        "unclear" => answering(2).answers(&[1, 2], &nowhere()),
        "service_sick" => failing(2),
        _ => panic!("{name} is no diagnosis"),
    };
    Scene { facts, limits, mode: Mode::On }
}

type Limit = (&'static str, fn(Scene) -> Scene);

/// What holds remedies back, or lets them go further.
const LIMITS: [Limit; 29] = [
    ("nothing holds it back", |scene| scene),
    ("STARTUP_GRACE_SECONDS: every running task started a minute ago", |scene| {
        scene.each_task(|task| {
            if task.runs() {
                (task.created_at, task.started_at) = (Some(ago(120)), Some(ago(60)));
            }
        })
    }),
    ("the service's own grace of two hours", |scene| {
        scene.service(|it| it.health_check_grace = Duration::from_hours(2))
    }),
    ("UNHEALTHY_FOR_SECONDS: suspects for 30 s", |scene| {
        scene.each_task(|task| task.suspect_since = task.suspect_since.map(|_| ago(30)))
    }),
    ("UNHEALTHY_FOR_SECONDS: no suspects yet", |scene| {
        scene.each_task(|task| task.suspect_since = None)
    }),
    ("MAX_UNHEALTHY_PERCENT=75", |mut scene| {
        scene.limits.max_unhealthy_percent = 75;
        scene
    }),
    ("HEALING_BUDGET_PER_HOUR: five spent", |scene| spent(scene, 5)),
    ("HEALING_BUDGET_PER_HOUR: six spent", |scene| spent(scene, 6)),
    ("HEALING_BUDGET_PER_HOUR=0", |mut scene| {
        scene.limits.healing_budget_per_hour = 0;
        scene
    }),
    ("STORM_COOLDOWN_SECONDS: a task was stopped a minute ago", |mut scene| {
        scene.facts = scene.facts.with_task(task(30).stopped_by_eden(60));
        scene
    }),
    (
        "MAX_UNHEALTHY_PERCENT: the successor of one that was stopped as a trial is sick",
        |mut scene| {
            let stopped = scene.facts.with_task(task(30).stopped_by_eden(600));
            scene.facts = stopped;
            scene.each_task(|task| {
                if task.id() == "task3" {
                    (task.created_at, task.started_at) = (Some(ago(460)), Some(ago(400)));
                }
            })
        },
    ),
    ("MAX_UNHEALTHY_PERCENT: the successor of the trial is fresh", |mut scene| {
        scene.facts = scene.facts.with_task(task(30).stopped_by_eden(130));
        scene.each_task(|task| {
            if task.id() == "task3" {
                (task.created_at, task.started_at) = (Some(ago(120)), Some(ago(80)));
            }
        })
    }),
    ("ECS is replacing a task by itself", |mut scene| {
        scene.facts = scene.facts.with_task(task(30).starting());
        scene
    }),
    ("ECS protects every task", |mut scene| {
        scene.facts = scene.facts.protected(&[1, 2, 3, 4]);
        scene
    }),
    ("protection was not read", |mut scene| {
        scene.facts.protected = unknown();
        scene
    }),
    ("REDEPLOY_COOLDOWN_SECONDS: deployed ten minutes ago", |scene| {
        deployed(scene, RolloutState::Completed, 600)
    }),
    ("REDEPLOY_COOLDOWN_SECONDS: deployed twenty minutes ago", |scene| {
        deployed(scene, RolloutState::Completed, 1_200)
    }),
    ("REDEPLOY_COOLDOWN_SECONDS doubled: deployed by Eden twenty minutes ago", |scene| {
        deployed(scene, RolloutState::Completed, 1_200)
            .service(|service| service.redeployed_at = vec![ago(1_200)])
    }),
    ("a rollout has been in progress for ten minutes", |scene| rolling(scene, 600)),
    ("ROLLOUT_TIMEOUT_SECONDS: in progress for an hour", |scene| rolling(scene, 3_600)),
    ("the circuit breaker gave up the rollout", |scene| {
        deployed(scene, RolloutState::Failed, 2_000)
    }),
    ("deployed by CODE_DEPLOY", |scene| {
        scene.service(|service| service.controller = DeploymentController::Other)
    }),
    ("ROLLBACK=on, replaced an hour ago", |scene| before(scene, 3_600)),
    ("ROLLBACK=on, replaced ten minutes ago", |scene| {
        before(deployed(scene, RolloutState::Completed, 600), 600)
    }),
    ("ROLLBACK=on, replaced two hours ago, redeployed since without success", |scene| {
        let scene = deployed(before(scene, 7_200), RolloutState::Completed, 3_000);
        scene.service(|service| service.redeployed_at = vec![ago(3_000)])
    }),
    ("ROLLBACK=on, what ran before was not read", |scene| {
        let mut scene = before(scene, 3_600);
        scene.facts.former = unknown();
        scene
    }),
    ("CRASH_LOOP_DEATHS=4", |mut scene| {
        scene.limits.loop_deaths = 4;
        scene
    }),
    ("HEALING_MODE=observe", |mut scene| {
        scene.mode = Mode::Observe;
        scene
    }),
    ("HEALING_MODE=off", |mut scene| {
        scene.mode = Mode::Off;
        scene
    }),
];

fn spent(mut scene: Scene, stops: u8) -> Scene {
    scene.facts = (20..20 + stops)
        .fold(scene.facts, |facts, n| facts.with_task(task(n).stopped_by_eden(1_000)));
    scene
}

fn deployed(scene: Scene, rollout: RolloutState, seconds_ago: u64) -> Scene {
    scene.service(|service| {
        if service.rolling().is_none() {
            service.deployments = vec![deployment(rollout, seconds_ago)];
        }
    })
}

fn rolling(scene: Scene, seconds_ago: u64) -> Scene {
    scene.service(|service| service.deployments = rollout_since(seconds_ago))
}

fn before(mut scene: Scene, seconds_ago: u64) -> Scene {
    scene.limits.rollback = true;
    scene.facts = scene.facts.former(seconds_ago);
    scene
}

/// What a finding comes down to, in a few words; why the route stays is another matter.
fn outcome(finding: &Finding) -> String {
    let mut did: Vec<_> = finding.plan.steps.iter().map(in_short).collect();
    did.dedup();
    let of_route = |reason: &&str| ["no_running_task", "no_better_task"].contains(reason);
    let held: BTreeSet<_> = finding.reasons().into_iter().filter(|it| !of_route(it)).collect();
    if !held.is_empty() {
        did.push(format!("held: {}", held.into_iter().collect::<Vec<_>>().join(", ")));
    }
    did.extend(finding.condition().map(|name| format!("people: {name}")));
    if did.is_empty() { "nothing".to_owned() } else { did.join("; ") }
}

fn in_short(step: &Step) -> String {
    match step {
        Step::PointIntegration { .. }
        | Step::SetStageVariable { .. }
        | Step::ShowMaintenance { .. }
        | Step::Park { .. }
        | Step::DeployStage { .. }
        | Step::MarkUnserved { .. }
        | Step::ClearUnserved { .. }
        | Step::MarkOverwritten { .. } => "route".to_owned(),
        Step::RestoreDesiredCount { to, .. } => format!("RAISE to {to}"),
        Step::MarkSuspect { .. } => "mark".to_owned(),
        Step::ClearSuspect { .. } => "clear".to_owned(),
        Step::MarkCondition { .. } => "note".to_owned(),
        Step::ClearCondition { .. } => "forget".to_owned(),
        Step::MarkFailing { .. } => "note failing".to_owned(),
        Step::ClearFailing { .. } => "forget failing".to_owned(),
        Step::StopTask { task, .. } => format!("STOP {}", eden_policy::facts::task_id(task)),
        Step::ForceDeployment { .. } => "REDEPLOY".to_owned(),
        Step::RollBack { .. } => "ROLL BACK".to_owned(),
    }
}

/// The table: what becomes of each diagnosis when nothing holds it back, and under each limit what
/// is different; where the limit makes another diagnosis of it, that one follows.
pub fn table() -> String {
    let [(nothing, _), limits @ ..] = &LIMITS;
    let mut text = format!("{nothing}\n");
    for name in ILLS {
        let _ = writeln!(text, "{}", line(name, &ill(name).decide()));
    }
    for (limit, apply) in limits {
        let _ = write!(text, "\n{limit}\n");
        let lines = ILLS.map(|name| (line(name, &ill(name).decide()), name));
        let now = lines.map(|(free, name)| (free, line(name, &apply(ill(name)).decide())));
        let differ = now.iter().filter(|(free, now)| free != now);
        let count = differ.clone().fold(0, |count, (_, now)| {
            let _ = writeln!(text, "{now}");
            count + 1
        });
        let same = ILLS.len() - count;
        let _ = writeln!(text, "  {same} as above");
    }
    text
}

fn line(name: &str, finding: &Finding) -> String {
    let found = named(&finding.diagnosis);
    let what = if found == name { name.to_owned() } else { format!("{name} > {found}") };
    format!("  {what:<34} {}", outcome(finding))
}

#[test]
fn each_ill_service_is_found_to_be_what_it_is() {
    for name in ILLS {
        assert_eq!(named(&ill(name).decide().diagnosis), name);
    }
}

/// The table is only as good as its reader: this much it must say.
#[test]
fn no_limit_lets_more_be_done_than_none_but_those_that_are_meant_to() {
    for name in ILLS {
        let free = ill(name).decide();
        for (limit, apply) in LIMITS {
            let finding = apply(ill(name)).decide();
            let may_do_more = limit.starts_with("MAX_UNHEALTHY") || limit.starts_with("ROLLBACK");
            let loosened = limit.starts_with("CRASH_LOOP") || may_do_more;
            assert!(
                loosened || finding.remedies().len() <= free.remedies().len(),
                "{name}, {limit}: {}",
                outcome(&finding)
            );
        }
    }
}
