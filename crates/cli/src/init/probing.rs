//! Asking tasks from here, as the functions will ask them.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use eden_core::config::IpUpdaterConfig;
use eden_core::observe::RouteFacts;
use eden_core::probe::{self, ASKING, Question};
use eden_policy::Observed;
use eden_policy::facts::Readiness;
use futures_util::StreamExt as _;
use tokio::time::Instant;

use crate::context::Context;

/// So many tasks are asked: they run the same.
const TASKS: usize = 3;

/// Where tasks that run are reached.
pub fn endpoints(facts: &RouteFacts) -> Vec<SocketAddr> {
    let (Observed::Known(tasks), Observed::Known(endpoints)) =
        (&facts.tasks, &facts.route.endpoints)
    else {
        return Vec::new();
    };
    let running = tasks.iter().filter(|task| task.runs());
    running.filter_map(|task| endpoints.get(&task.arn)).take(TASKS).copied().collect()
}

/// Whether tasks take connections.
pub async fn connections(
    context: &Context,
    config: &IpUpdaterConfig,
    facts: &RouteFacts,
) -> BTreeMap<SocketAddr, Readiness> {
    ask(context, config, facts, None).await
}

/// What tasks answer at the health path; nothing when there is none.
pub async fn answers(
    context: &Context,
    config: &IpUpdaterConfig,
    facts: &RouteFacts,
) -> BTreeMap<SocketAddr, Readiness> {
    match &config.gateway.probe.path {
        Some(path) => ask(context, config, facts, Some(path)).await,
        None => BTreeMap::new(),
    }
}

/// What tasks answer at each of these paths.
pub async fn at_paths<'a>(
    context: &Context,
    config: &IpUpdaterConfig,
    facts: &RouteFacts,
    paths: &[&'a str],
) -> Vec<(&'a str, Vec<Readiness>)> {
    let asking = paths.iter().map(|path| async move {
        let answers = ask(context, config, facts, Some(*path)).await;
        (*path, answers.into_values().collect())
    });
    futures_util::future::join_all(asking).await
}

async fn ask(
    context: &Context,
    config: &IpUpdaterConfig,
    facts: &RouteFacts,
    path: Option<&str>,
) -> BTreeMap<SocketAddr, Readiness> {
    let mut gateway = config.gateway.clone();
    gateway.probe.path = path.map(str::to_owned);
    let question = Question::of(&gateway, &facts.route);
    let until = Instant::now() + ASKING;
    let network = &*context.edge.network;
    probe::all(network, &question, until, endpoints(facts)).collect().await
}
