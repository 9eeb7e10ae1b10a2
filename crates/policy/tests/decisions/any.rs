//! Facts of every kind, for the properties that hold for all of them.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use eden_policy::facts::Unready;
use eden_policy::facts::{
    Alarm, ApiAnswer, DeploymentController, Failing, Former, Integration, IntegrationKind,
    LastStatus, Minute, Observed, Obstacle, Pointer, Readiness, Requests, RolloutState, Route,
    Scheduling, Serves, Service, ServiceEvent, ServiceStatus, Shift, Stage, StopCode,
    Strategy as HowDeployed, Task, TaskHealth, TaskNetwork, Traffic,
};
use eden_policy::mode::{Mode, ModeTag};
use eden_policy::{Facts, Limits, Maintenance, Routing};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::fixtures::*;
use crate::scene::*;

/// Tasks have the numbers from 1 to this.
const TASKS: u8 = 10;
/// Pointers lead to the addresses of tasks from 1 to this, which need not exist.
const TARGETS: u8 = 5;

/// Why and when a task stopped, if it did.
fn any_stop() -> impl Strategy<Value = Option<(StopCode, &'static str, u64)>> {
    use StopCode::{
        EssentialContainerExited, FailedHealthChecks, Infrastructure, ServiceSchedulerInitiated,
        TaskFailedToStart, UserInitiated,
    };
    let code = select(vec![
        (EssentialContainerExited, "Essential container in task exited"),
        (EssentialContainerExited, "OutOfMemoryError: Container killed due to memory usage"),
        (TaskFailedToStart, NO_IMAGE),
        (FailedHealthChecks, "Task failed container health checks"),
        (UserInitiated, "Eden: container health check failing"),
        (UserInitiated, "Task stopped by user"),
        (ServiceSchedulerInitiated, "Scaling activity initiated by deployment ecs-svc/1"),
        (Infrastructure, "Host EC2 terminated."),
        (StopCode::Unknown, ""),
    ]);
    option::weighted(0.3, (code, 0u64..5_000).prop_map(|((code, why), age)| (code, why, age)))
}

fn any_task(n: u8) -> impl Strategy<Value = Task> {
    use LastStatus::{Running, Starting, Stopping, Unknown};
    (
        prop_oneof![6 => Just(Running), 1 => select(vec![Starting, Stopping, Unknown])],
        prop::bool::weighted(0.8),
        select(vec![TaskHealth::Healthy, TaskHealth::Unknown, TaskHealth::Unhealthy]),
        option::weighted(0.8, (0u64..1_000, 0u64..100)),
        option::of(0u64..1_000),
        select(vec![Some(PRIMARY), Some(PRIMARY), Some(OLD), None]),
        prop::bool::weighted(0.9),
        any_stop(),
        option::of(0u64..200),
    )
        .prop_map(
            move |(status, wanted, health, began, stopping, of, attached, stop, suspect)| {
                let mut task = task(n);
                (task.last_status, task.wanted, task.health) = (status, wanted, health);
                task.started_at = began.map(|(started, _)| ago(started));
                task.created_at = began.map(|(started, before)| ago(started + before));
                task.stopping_at = stopping.map(ago);
                task.suspect_since = suspect.map(ago);
                task.deployment = of.map(str::to_owned);
                if let Some((code, why, age)) = stop {
                    task = task.stopped(age, code, why);
                }
                if !attached {
                    task.network = TaskNetwork::Unattached;
                }
                task
            },
        )
}

fn any_tasks() -> impl Strategy<Value = Vec<Task>> {
    let number = prop_oneof![5 => 0..=4u8, 1 => 5..=TASKS];
    number.prop_flat_map(|n| (1..=n).map(any_task).collect::<Vec<_>>())
}

fn known_or_not<T: std::fmt::Debug + Clone>(
    known: impl Strategy<Value = T>,
) -> impl Strategy<Value = Observed<T>> {
    prop_oneof![9 => known.prop_map(Observed::Known), 1 => Just(()).prop_map(|()| unknown())]
}

fn any_readiness() -> impl Strategy<Value = Readiness> {
    prop_oneof![
        Just(Readiness::Ready),
        Just(Readiness::Unclear(NOWHERE.to_owned())),
        Just(Readiness::Limited("GET /health answered 429".to_owned())),
        Just(Readiness::NotReady(Unready::Refuses, SILENCE.to_owned())),
        Just(Readiness::NotReady(Unready::Silent, SLOWNESS.to_owned())),
        Just(Readiness::Unreachable("timed out".to_owned())),
    ]
}

/// The address of each task, on one host or another; none of some.
fn any_endpoints() -> impl Strategy<Value = Vec<(String, SocketAddr)>> {
    prop::collection::vec(prop::bool::weighted(0.9), usize::from(TASKS)).prop_map(|addressed| {
        let all = (1..=TASKS).map(|n| (task(n).arn, endpoint(n)));
        all.zip(addressed).filter_map(|(pair, addressed)| addressed.then_some(pair)).collect()
    })
}

fn any_integration() -> impl Strategy<Value = Observed<Integration>> {
    let http = Integration::http;
    let other = |uri: Option<String>| Integration {
        kind: IntegrationKind::Other("HTTP_PROXY over VPC_LINK".to_owned()),
        ..Integration::http(uri)
    };
    known_or_not(prop_oneof![
        6 => (1..=TARGETS).prop_map(move |n| http(Some(uri_of(n)))),
        1 => Just(http(Some("https://backend.example.com/v1/{proxy}".to_owned()))),
        1 => Just(http(None)),
        2 => Just(http(Some(format!("{PAGE}?eden-before=http%3A%2F%2F203.0.113.1%3A8000%2Fv1")))),
        1 => Just(http(Some("http://parked.invalid:8000/{proxy}".to_owned()))),
        1 => (1..=TARGETS).prop_map(move |n| other(Some(uri_of(n)))),
    ])
}

/// The value of a variable, in each form.
fn any_value() -> impl Strategy<Value = Observed<Integration>> {
    let value = prop_oneof![
        (1..=TARGETS).prop_map(|n| Some(endpoint(n).to_string())),
        (1..=TARGETS).prop_map(|n| Some(endpoint(n).ip().to_string())),
        (1..=TARGETS).prop_map(|n| Some(uri_of(n).replace("/{proxy}", "/v1"))),
        Just(Some("2001:db8::1".to_owned())),
        Just(Some("192.0.2.1:8000".to_owned())),
        Just(None),
    ];
    known_or_not(value.prop_map(Integration::http))
}

type Pointers = Vec<(Pointer, Observed<Integration>)>;

fn any_pointers() -> impl Strategy<Value = Pointers> {
    let integrations = prop::collection::vec(any_integration(), 1..4).prop_map(|all| {
        let numbered = all.into_iter().enumerate();
        numbered.map(|(n, read)| (integration(&format!("int{n}")), read)).collect()
    });
    let variable = any_value().prop_map(|value| vec![(stage_variable("prod", "backend"), value)]);
    prop_oneof![4 => integrations, 1 => variable]
}

fn any_stages() -> impl Strategy<Value = Observed<Vec<Stage>>> {
    let description = select(vec![
        None,
        Some("by hand"),
        Some("Eden: route of int1 to 203.0.113.1:8000"),
        Some("Eden: route of int1 to the maintenance page"),
        Some("Eden: route of int1 to nobody"),
    ]);
    let serves = prop_oneof![
        1 => Just(Serves::Nothing),
        1 => Just(Serves::NotRead("dep1".to_owned())),
        5 => (description, 0u64..2_000).prop_map(|(text, age)| serving(text, ago(age))),
    ];
    let obstacle = option::weighted(
        0.2,
        select(vec![
            Obstacle::Canary,
            Obstacle::CanaryVariable("203.0.113.9".to_owned()),
            Obstacle::DeploymentFailed("no valid routes exist in this API".to_owned()),
        ]),
    );
    let stage = (any::<bool>(), any::<bool>(), serves, obstacle);
    let stages = prop::collection::vec(stage, 0..3).prop_map(|stages| {
        let named = ["dev", "prod"].into_iter().zip(stages);
        named
            .map(|(name, (auto_deploy, named, serves, obstacle))| Stage {
                name: name.to_owned(),
                auto_deploy,
                named,
                serves,
                obstacle,
            })
            .collect()
    });
    known_or_not(stages)
}

/// Mostly nobody else of the account has any address of a task, or one that is no task's.
fn any_owners() -> impl Strategy<Value = Observed<Option<BTreeMap<IpAddr, String>>>> {
    let all = || {
        let tasks = (1..=9).map(|n| endpoint(n).ip());
        let owned = tasks.chain(["198.51.100.7".parse().unwrap()]);
        Some(owned.map(|address| (address, "the network interface eni-9".to_owned())).collect())
    };
    prop_oneof![
        5 => Just(Observed::Known(Some(BTreeMap::new()))),
        3 => Just(Observed::Known(all())),
    ]
}

fn any_route() -> impl Strategy<Value = Route> {
    (
        known_or_not(any_endpoints()),
        prop::collection::vec(option::weighted(0.8, any_readiness()), usize::from(TASKS)),
        any_pointers(),
        any_stages(),
        any_owners(),
    )
        .prop_map(|(endpoints, readiness, pointers, stages, owners)| {
            let mut route = route_to(1).unasked().pointers(pointers);
            route.owners = owners;
            route.endpoints = match endpoints {
                Observed::Known(endpoints) => Observed::Known(endpoints.into_iter().collect()),
                Observed::Unknown(why) => Observed::Unknown(why),
            };
            let answers = (1..=TASKS).zip(readiness);
            route.readiness =
                answers.filter_map(|(n, answer)| Some((endpoint(n), answer?))).collect();
            // A stage shows a variable at once: it keeps the one that deploys itself.
            if matches!(&route.pointers[..], [(Pointer::Integration(_), _), ..]) {
                route.stages = stages;
            }
            route
        })
}

fn any_events() -> impl Strategy<Value = Vec<ServiceEvent>> {
    let text =
        select(vec![NO_ROOM, "has reached a steady state.", "has started 1 tasks: (task 1)."]);
    prop::collection::vec((0u64..2_000, text), 0..3).prop_map(|mut told| {
        told.sort_unstable();
        told.into_iter().map(|(age, text)| event(age, text)).collect()
    })
}

fn any_service() -> impl Strategy<Value = Service> {
    use RolloutState::{Completed, Failed, InProgress, Unknown};
    (
        prop_oneof![9 => 1u32..6, 1 => Just(0)],
        0u32..6,
        select(vec![InProgress, Completed, Completed, Completed, Failed, Unknown]),
        0u64..4_000,
        prop::bool::weighted(0.2),
        option::of(0u64..1_000),
        prop::collection::vec(0u64..30_000, 0..4),
        any_events(),
        (
            any_mode_tag(),
            any_kind(),
            prop::bool::weighted(0.95),
            prop::collection::vec(0u64..25_000, 0..4),
        ),
    )
        .prop_map(
            |(desired, running, state, age, rolling, unserved, redeployed, events, rest)| {
                let mut service = service(desired);
                service.running = running;
                service.deployments =
                    if rolling { rollout_since(age) } else { vec![deployment(state, age)] };
                service.unserved_since = unserved.map(ago);
                let found = |at| format!("cannot_start {PRIMARY} {:.0}", ago(at));
                service.seen = unserved.map(found);
                service.redeployed_at = redeployed.into_iter().map(ago).collect();
                service.events = events;
                let (mode, kind, active, overwritten) = rest;
                service.overwritten_at = overwritten.into_iter().map(ago).collect();
                service.mode = mode;
                if age % 5 == 0 {
                    (service.minimum_healthy_percent, service.maximum_percent) = (50, 100);
                }
                (service.controller, service.scheduling) = (kind.controller, kind.scheduling);
                service.strategy = kind.strategy;
                if service.shifts_traffic() {
                    service.shift = kind.shift;
                }
                if !active {
                    service.status = ServiceStatus::Draining;
                }
                service
            },
        )
}

/// What kind of service it is.
#[derive(Debug, Clone)]
struct Kind {
    controller: DeploymentController,
    scheduling: Scheduling,
    strategy: HowDeployed,
    shift: Option<Observed<Shift>>,
}

fn any_kind() -> impl Strategy<Value = Kind> {
    use {DeploymentController as By, HowDeployed as How, Scheduling as Count};
    let traffic = select(vec![Traffic::Source, Traffic::Target, Traffic::Back]);
    let shift = (traffic, option::of(select(vec![PRIMARY, OLD]))).prop_map(|(traffic, target)| {
        Shift { traffic, target: target.map(str::to_owned), stage: "BAKE_TIME".to_owned() }
    });
    (
        prop_oneof![19 => Just(By::Ecs), 1 => Just(By::Other)],
        prop_oneof![9 => Just(Count::Replica), 1 => select(vec![Count::Daemon, Count::Unknown])],
        prop_oneof![
            3 => Just(How::Rolling),
            1 => select(vec![How::BlueGreen, How::Linear, How::Canary, How::Unknown]),
        ],
        option::weighted(0.9, known_or_not(shift)),
    )
        .prop_map(|(controller, scheduling, strategy, shift)| Kind {
            controller,
            scheduling,
            strategy,
            shift,
        })
}

fn any_mode_tag() -> impl Strategy<Value = ModeTag> {
    prop_oneof![
        12 => Just(ModeTag::Absent),
        1 => select(vec![Mode::On, Mode::Observe, Mode::Off]).prop_map(ModeTag::Set),
        1 => Just(ModeTag::Unrecognized("please not".to_owned())),
    ]
}

fn any_routing() -> impl Strategy<Value = Routing> {
    let page = (1u64..500)
        .prop_map(|after| Maintenance { url: PAGE.to_owned(), after: Duration::from_secs(after) });
    (prop::bool::weighted(0.9), option::of(page), prop::bool::weighted(0.9))
        .prop_map(|(probing, maintenance, parking)| Routing { probing, maintenance, parking })
}

pub fn any_scene() -> impl Strategy<Value = Scene> {
    let service = option::weighted(0.9, any_service());
    (service, any_tasks(), any_route(), any_routing()).prop_map(
        |(service, tasks, mut route, routing)| {
            if !routing.probing {
                route.readiness.clear();
            }
            let requests = Some(Observed::Known(None));
            Scene { service, tasks, route, routing, api: None, requests, now: now() }
        },
    )
}

/// What would come of a probe, of every address.
pub fn any_answers() -> impl Strategy<Value = BTreeMap<SocketAddr, Readiness>> {
    let answers = prop::collection::vec(any_readiness(), usize::from(TASKS));
    answers.prop_map(|answers| (1..=TASKS).map(endpoint).zip(answers).collect())
}

/// A scene in which everybody was asked who had to be.
pub fn any_scene_asked() -> impl Strategy<Value = Scene> {
    (any_scene(), any_answers()).prop_map(|(mut scene, answers)| {
        while let asks @ [_, ..] = &scene.asks()[..] {
            scene.route.readiness.extend(asks.iter().map(|at| (*at, answers[at].clone())));
        }
        scene
    })
}

/// A scene, and the same with the tasks in another order.
pub fn any_scene_shuffled() -> impl Strategy<Value = (Scene, Scene)> {
    any_scene().prop_flat_map(|scene| {
        let shuffled = Just(scene.tasks.clone()).prop_shuffle();
        shuffled.prop_map(move |tasks| (scene.clone(), Scene { tasks, ..scene.clone() }))
    })
}

/// Everything that health rests on, and all that it is decided by.
#[derive(Debug, Clone)]
pub struct Case {
    pub facts: Facts,
    pub limits: Limits,
    pub routing: Routing,
    pub mode: Mode,
}

fn any_limits() -> impl Strategy<Value = Limits> {
    (0u32..3, 0u32..=100, select(vec![0u64, 60, 150]), 0u32..8, any::<bool>(), 2usize..4).prop_map(
        |(floor, percent, unhealthy_for, budget, rollback, deaths)| Limits {
            min_desired_count: floor,
            max_unhealthy_percent: percent,
            unhealthy_for: Duration::from_secs(unhealthy_for),
            healing_budget_per_hour: budget,
            rollback,
            loop_deaths: deaths,
            ..Limits::default()
        },
    )
}

fn any_former() -> impl Strategy<Value = Option<Former>> {
    let definition = select(vec![FORMER, FORMER, PRESENT]);
    option::weighted(0.8, (definition, 0u64..25_000)).prop_map(|former| {
        let (definition, age) = former?;
        let (definition, replaced_at) = (definition.to_owned(), ago(age));
        let preceded_at = Some(ago(age + 600));
        Some(Former { definition, active: true, stops: None, replaced_at, preceded_at })
    })
}

fn any_requests() -> impl Strategy<Value = Requests> {
    (0u64..40, 0u64..40).prop_map(|(failed, more)| {
        let (all, newest) = (failed + more, Minute { all: more, failed: failed.min(more) });
        Requests { all, failed, newest }
    })
}

/// The note that the service fails, with what it runs now or with something else.
fn any_failing() -> impl Strategy<Value = Option<Failing>> {
    let definition = select(vec!["eden:7", "eden:7", "eden:6"]);
    option::of((0u64..4_000, definition).prop_map(|(age, definition)| Failing {
        since: ago(age),
        definition: definition.to_owned(),
    }))
}

pub fn any_case() -> impl Strategy<Value = Case> {
    let alarm = select(vec![Alarm::Ok, Alarm::Alarm, Alarm::Alarm, Alarm::Missing]);
    let api = select(vec![
        GOOD,
        bad(),
        bad(),
        ApiAnswer::Unclear { status: 404 },
        ApiAnswer::NotReached("dns error".to_owned()),
    ]);
    let protected = prop::collection::btree_set((1..=TASKS).prop_map(task_arn), 0..3);
    (
        any_scene(),
        known_or_not(alarm),
        known_or_not(api),
        prop::collection::vec(option::weighted(0.2, any_readiness()), usize::from(TASKS)),
        known_or_not(protected),
        (known_or_not(any_former()), known_or_not(option::of(any_requests())), any_failing()),
        prop::bool::weighted(0.95),
        prop::bool::weighted(0.9),
        any_limits(),
        prop_oneof![9 => Just(Mode::On), 1 => select(vec![Mode::Observe, Mode::Off])],
    )
        .prop_map(
            |(
                scene,
                alarm,
                api,
                answers,
                protected,
                (former, requests, failing),
                tasks_known,
                gateway,
                limits,
                mode,
            )| {
                let answers = (1..=TASKS).zip(answers);
                let service = scene.service.map(|service| Service { failing, ..service });
                let facts = Facts {
                    service: service.map_or_else(unknown, Observed::Known),
                    tasks: if tasks_known { Observed::Known(scene.tasks) } else { unknown() },
                    route: gateway.then_some(scene.route),
                    alarm,
                    api,
                    answers: answers.filter_map(|(n, it)| Some((endpoint(n), it?))).collect(),
                    requests,
                    protected,
                    definition: Observed::Known(None),
                    former,
                };
                Case { facts, limits, routing: scene.routing, mode }
            },
        )
}
