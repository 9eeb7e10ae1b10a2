//! Facts of every kind, for the properties that hold for all of them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use eden_policy::facts::{
    Alarm, Integration, IntegrationKind, LastStatus, Observed, Pointer, Readiness, RolloutState,
    Route, Serves, Service, Stage, Task, TaskHealth, TaskNetwork,
};
use eden_policy::{Facts, Maintenance, Routing};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::fixtures::*;
use crate::scene::*;

/// Tasks have the numbers from 1 to this.
const TASKS: u8 = 10;
/// Pointers lead to the addresses of tasks from 1 to this, which need not exist.
const TARGETS: u8 = 5;

fn any_task(n: u8) -> impl Strategy<Value = Task> {
    use LastStatus::{Running, Starting, Stopping, Unknown};
    (
        prop_oneof![6 => Just(Running), 1 => select(vec![Starting, Stopping, Unknown])],
        prop::bool::weighted(0.8),
        select(vec![TaskHealth::Healthy, TaskHealth::Unknown, TaskHealth::Unhealthy]),
        option::of(0u64..1_000),
        option::of(0u64..1_000),
        select(vec![Some(PRIMARY), Some(PRIMARY), Some(OLD), None]),
        prop::bool::weighted(0.9),
    )
        .prop_map(move |(last_status, wanted, health, started, stopping, of, attached)| {
            let mut task = task(n);
            (task.last_status, task.wanted, task.health) = (last_status, wanted, health);
            (task.started_at, task.stopping_at) = (started.map(ago), stopping.map(ago));
            task.deployment = of.map(str::to_owned);
            if !attached {
                task.network = TaskNetwork::Unattached;
            }
            task
        })
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
        Just(Readiness::NotReady(SILENCE.to_owned())),
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
    let http = |uri: Option<String>| Integration { kind: IntegrationKind::Http, uri };
    let other = |uri: Option<String>| Integration {
        kind: IntegrationKind::Other("HTTP_PROXY over VPC_LINK".to_owned()),
        uri,
    };
    known_or_not(prop_oneof![
        6 => (1..=TARGETS).prop_map(move |n| http(Some(uri_of(n)))),
        1 => Just(http(Some("https://backend.example.com/v1/{proxy}".to_owned()))),
        1 => Just(http(None)),
        2 => Just(http(Some(format!("{PAGE}?eden-before=http%3A%2F%2F203.0.113.1%3A8000%2Fv1")))),
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
        Just(None),
    ];
    known_or_not(value.prop_map(|uri| Integration { kind: IntegrationKind::Http, uri }))
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
    ]);
    let serves = prop_oneof![
        1 => Just(Serves::Nothing),
        1 => Just(Serves::NotRead("dep1".to_owned())),
        5 => (description, 0u64..2_000).prop_map(|(text, age)| serving(text, ago(age))),
    ];
    let stages = prop::collection::vec((any::<bool>(), serves), 0..3).prop_map(|stages| {
        let named = ["dev", "prod"].into_iter().zip(stages);
        named
            .map(|(name, (auto_deploy, serves))| Stage {
                name: name.to_owned(),
                auto_deploy,
                serves,
            })
            .collect()
    });
    known_or_not(stages)
}

fn any_route() -> impl Strategy<Value = Route> {
    (
        known_or_not(any_endpoints()),
        prop::collection::vec(option::weighted(0.8, any_readiness()), usize::from(TASKS)),
        any_pointers(),
        any_stages(),
    )
        .prop_map(|(endpoints, readiness, pointers, stages)| {
            let mut route = route_to(1).unasked().pointers(pointers);
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

fn any_service() -> impl Strategy<Value = Service> {
    use RolloutState::{Completed, Failed, InProgress, Unknown};
    (
        0u32..6,
        0u32..6,
        select(vec![InProgress, Completed, Completed, Failed, Unknown]),
        0u64..2_000,
        prop::bool::weighted(0.2),
        option::of(0u64..1_000),
    )
        .prop_map(|(desired, running, state, age, rolling, unserved)| {
            let mut service = service(desired);
            service.running = running;
            service.deployments = if rolling { rollout() } else { vec![deployment(state, age)] };
            service.unserved_since = unserved.map(ago);
            service
        })
}

fn any_routing() -> impl Strategy<Value = Routing> {
    let page = (1u64..500)
        .prop_map(|after| Maintenance { url: PAGE.to_owned(), after: Duration::from_secs(after) });
    (prop::bool::weighted(0.9), option::of(page))
        .prop_map(|(probing, maintenance)| Routing { probing, maintenance })
}

pub fn any_scene() -> impl Strategy<Value = Scene> {
    let service = option::weighted(0.9, any_service());
    (service, any_tasks(), any_route(), any_routing()).prop_map(
        |(service, tasks, mut route, routing)| {
            if !routing.probing {
                route.readiness.clear();
            }
            Scene { service, tasks, route, routing, now: now() }
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

/// Everything that health rests on, with a scene for the route.
pub fn any_facts() -> impl Strategy<Value = (Facts, Routing)> {
    let alarm = select(vec![Alarm::Ok, Alarm::Alarm, Alarm::Missing]);
    (any_scene(), known_or_not(alarm), prop::bool::weighted(0.9)).prop_map(
        |(scene, alarm, tasks_known)| (facts(scene.clone(), alarm, tasks_known), scene.routing),
    )
}

pub fn facts(scene: Scene, alarm: Observed<Alarm>, tasks_known: bool) -> Facts {
    Facts {
        service: scene.service.map_or_else(unknown, Observed::Known),
        tasks: if tasks_known { Observed::Known(scene.tasks) } else { unknown() },
        route: Some(scene.route),
        alarm,
    }
}
