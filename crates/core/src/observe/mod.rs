//! Observe: AWS's answers into facts. Reads only; whatever is not read completely is an error,
//! which becomes an unknown fact.

mod alarm;
mod api;
mod definitions;
mod endpoints;
mod enis;
mod former;
mod gateway;
mod hosts;
mod owners;
mod ports;
mod protection;
mod requests;
mod service;
mod shift;
mod tasks;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use aws_smithy_types::DateTime;
use eden_input::Hints;
use eden_policy::facts::{ApiAnswer, Facts, Observed, Route, Service, Task};
use eden_policy::health::Asks;
use jiff::Timestamp;

use crate::aws::Aws;
use crate::config::{Gateway, HealthMonitorConfig, Target};
use crate::edge::Edge;

pub use api::answer as api;
use endpoints::LookedUp;
pub use gateway::{Of, deployments, kind_in_http_api, kind_in_rest_api, uri};
pub use service::describe as service;
pub use tasks::{Wanted, no_reason_to_stop};

/// So many calls of one kind are in flight at once (F5, F23).
const AT_ONCE: usize = 4;

/// Everything that a decision about the route rests on.
#[derive(Debug, Clone)]
pub struct RouteFacts {
    /// The service, whose tag may forbid to act.
    pub service: Observed<Service>,
    /// Its tasks, those that stop as far as they were asked for or hinted at.
    pub tasks: Observed<Vec<Task>>,
    /// The route to it.
    pub route: Route,
}

/// Reads what the route rests on, all at the same time: one round trip when every task was hinted
/// at, and three otherwise (list, describe, addresses); one more for tasks that share the address of
/// an EC2 instance. The deployments of stages are left unread.
pub async fn route(
    aws: &Aws,
    target: &Target,
    gateway: &Gateway,
    wanted: &[Wanted],
    hints: &Hints,
) -> RouteFacts {
    let (service, (tasks, endpoints), read) = tokio::join!(
        shift::service_and_shift(aws, target),
        tasks_and_endpoints(aws, target, gateway, wanted, hints),
        gateway::read(aws, gateway),
    );
    let route = route_of(gateway, endpoints, read);
    RouteFacts { service: Observed::from(service), tasks, route }
}

/// Reads everything that a decision about the service's health rests on, all at the same time; what
/// only some decisions need is left to [`complete`], and the API is only asked if `asks_api`.
pub async fn health(
    edge: &Edge,
    config: &HealthMonitorConfig,
    hints: &Hints,
    asks_api: bool,
) -> Facts {
    let aws = &edge.aws;
    let wanted = [Wanted::Running, Wanted::Stopped];
    let gateway = config.gateway.as_ref();
    let tasks = async {
        if let Some(gateway) = gateway {
            tasks_and_endpoints(aws, &config.target, gateway, &wanted, hints).await
        } else {
            // Nobody asks where the tasks are reached, so their port does not matter.
            let tasks = tasks::describe(aws, &config.target, 0, &wanted, &hints.tasks).await;
            (Observed::from(tasks), Observed::Known(BTreeMap::new()))
        }
    };
    let read = async {
        let gateway = gateway?;
        let mut read = gateway::read(aws, gateway).await;
        gateway::deployments(aws, gateway, &mut read.stages, Of::EveryStage).await;
        Some(read)
    };
    let api = async {
        if !asks_api {
            return ApiAnswer::NotAsked;
        }
        api::answer(aws, &edge.web, &config.people, gateway).await
    };
    let (service, (tasks, endpoints), read, alarm, api) = tokio::join!(
        shift::service_and_shift(aws, &config.target),
        tasks,
        read,
        alarm::state(aws, &config.alarm_name),
        api,
    );
    Facts {
        service: Observed::from(service),
        tasks,
        route: gateway.zip(read).map(|(gateway, read)| route_of(gateway, endpoints, read)),
        alarm: Observed::from(alarm),
        api: Observed::Known(api),
        answers: BTreeMap::new(),
        requests: Observed::Known(None),
        protected: Observed::Known(BTreeSet::new()),
        definition: Observed::Known(None),
        former: Observed::Known(None),
    }
}

/// Reads what only some decisions need: which of the sick tasks are protected, what containers a task
/// definition has, how many requests of the API fail, and what ran before.
pub async fn complete(aws: &Aws, config: &HealthMonitorConfig, facts: &mut Facts, asks: &Asks) {
    if !asks.protection.is_empty() {
        let protected = protection::protected(aws, &config.target, &asks.protection).await;
        facts.protected = Observed::from(protected);
    }
    if let Some(definition) = &asks.definition {
        let read = definitions::containers(aws, definition).await;
        facts.definition = Observed::from(read.map(Some));
    }
    if asks.requests {
        facts.requests = Observed::from(requests::of_alarm(aws, &config.alarm_name).await);
    }
    if let (true, Observed::Known(service)) = (asks.former, &facts.service) {
        facts.former = Observed::from(former::of(aws, &config.target, service).await);
    }
}

/// Reads whose the addresses are that the route leads to without a task of the service there.
pub async fn owners(
    aws: &Aws,
    target: &Target,
    tasks: &[Task],
    addresses: &BTreeSet<IpAddr>,
) -> Observed<Option<BTreeMap<IpAddr, String>>> {
    Observed::from(owners::of(aws, target, tasks, addresses).await.map(Some))
}

/// Reads the tasks that are meant to run, and where they are reached.
pub async fn running(
    aws: &Aws,
    target: &Target,
    gateway: &Gateway,
) -> (Observed<Vec<Task>>, Observed<BTreeMap<String, SocketAddr>>) {
    tasks_and_endpoints(aws, target, gateway, &[Wanted::Running], &Hints::default()).await
}

async fn tasks_and_endpoints(
    aws: &Aws,
    target: &Target,
    gateway: &Gateway,
    wanted: &[Wanted],
    hints: &Hints,
) -> (Observed<Vec<Task>>, Observed<BTreeMap<String, SocketAddr>>) {
    let (tasks, addresses, of_hosts) = tokio::join!(
        tasks::describe(aws, target, gateway.backend_port, wanted, &hints.tasks),
        enis::addresses(aws, &hints.interfaces),
        hosts::addresses(aws, target, &hints.container_instances),
    );
    let endpoints = match (&tasks, addresses) {
        (Ok(tasks), Ok(mut addresses)) => {
            // A host that is only hinted at may be gone; one that is not is asked for again.
            addresses.extend(of_hosts.unwrap_or_default());
            let looked_up = LookedUp { ids: hints.interfaces.clone(), addresses };
            Observed::from(endpoints::of(aws, target, tasks, gateway, looked_up).await)
        }
        (Ok(_), Err(error)) => Observed::Unknown(error.to_string()),
        (Err(_), _) => Observed::Unknown("the tasks are not known".to_owned()),
    };
    (Observed::from(tasks), endpoints)
}

fn route_of(
    gateway: &Gateway,
    endpoints: Observed<BTreeMap<String, SocketAddr>>,
    gateway::Read { pointers, stages }: gateway::Read,
) -> Route {
    Route {
        api: gateway.api_id.clone(),
        port: gateway.backend_port,
        ports: gateway.api_type.ports(),
        endpoints,
        readiness: BTreeMap::new(),
        pointers,
        owners: Observed::Known(None),
        stages,
    }
}

/// The SDK's time as the policy's. A time outside of what both can express is no time.
fn timestamp(at: Option<&DateTime>) -> Option<Timestamp> {
    let at = at?;
    Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).ok()?).ok()
}
