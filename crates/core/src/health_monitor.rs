//! health-monitor: on the alarm, on schedule and by hand, the service is looked at and healed.

use std::time::Duration;

use eden_policy::facts::Observed;
use eden_policy::route::{self, View, is_of_route};
use eden_policy::{Plan, Routing, health, mode};

use crate::config::{ApiType, HealthMonitorConfig};
use crate::edge::Edge;
use crate::error::HandlerError;
use crate::lambda::Invocation;
use crate::memory::Hints;
use crate::report::{Counts, Report};
use crate::routing::{self, Reconciler};
use crate::trigger::Trigger;
use crate::{act, notify, observe};

/// The function's name, as reports and audit events carry it.
pub const NAME: &str = "health-monitor";

/// Handles one event, and tells people of every action and of its own failure.
///
/// Guarantees: what [`health::decide`] guarantees, read anew in every invocation; an event that is
/// none of ours causes no call to AWS.
///
/// # Errors
/// When the event is malformed, facts could not be read, or a step, its audit event or its mail
/// failed.
pub async fn handle(
    config: &HealthMonitorConfig,
    edge: &Edge,
    invocation: &Invocation,
) -> Result<Report, HandlerError> {
    let ended = Box::pin(heal(config, edge, invocation)).await;
    if let Err(error) = &ended {
        notify::failure(&edge.aws, config, error).await;
    }
    ended
}

async fn heal(
    config: &HealthMonitorConfig,
    edge: &Edge,
    invocation: &Invocation,
) -> Result<Report, HandlerError> {
    let trigger = Trigger::parse(&invocation.event)?;
    let mut report = Report::new(NAME, &invocation.request_id, trigger.describe(), edge.aws.now());
    match &trigger {
        Trigger::Alarm { name } if *name != config.alarm_name => {
            return Ok(report.ignore(format!("the alarm is {name}, not {}", config.alarm_name)));
        }
        Trigger::Alarm { .. } | Trigger::Schedule | Trigger::Manual => {}
        Trigger::Task(_) | Trigger::Other(_) => {
            let because = format!(
                "{NAME} acts on its alarm, a schedule or a manual invocation, not on {}",
                report.trigger
            );
            return Ok(report.ignore(because));
        }
    }
    let (plan, moved) = Box::pin(look_and_act(config, edge, &mut report)).await;
    report.hold(&plan);
    // The route was written: look again until it is right, as ip-updater does.
    if let Some(gateway) = config.gateway.as_ref().filter(|_| moved) {
        let reconciler = Reconciler { edge, target: &config.target, gateway };
        let settled = Box::pin(reconciler.reconcile(&Hints::default(), Duration::ZERO)).await;
        report.failed.extend(settled.plan.unknown_facts().map(ToString::to_string));
        report.routed(settled, None);
    }
    notify::audit(&edge.aws, &config.target, &mut report).await;
    notify::healing(&edge.aws, config, &mut report).await;
    Ok(report.finish()?)
}

/// Decides on what there is to see, and acts; whether the route was written.
async fn look_and_act(
    config: &HealthMonitorConfig,
    edge: &Edge,
    report: &mut Report,
) -> (Plan, bool) {
    let hints = edge.memory.with(&Hints::default());
    let mut facts = Box::pin(observe::health(&edge.aws, config, &hints)).await;
    let now = edge.aws.now();
    let no_gateway = Routing::default();
    let rules = config.gateway.as_ref().map_or(&no_gateway, |gateway| &gateway.routing);
    if let Observed::Known(tasks) = &facts.tasks {
        edge.memory.keep(tasks);
        if let (Some(gateway), Some(route)) = (&config.gateway, &mut facts.route) {
            let service = facts.service.known();
            routing::ask(edge, gateway, route, |route| {
                route::asks(&View { service, tasks, route, routing: rules, now })
            })
            .await;
        }
    }
    let (diagnosis, plan) = health::decide(&facts, &config.limits, rules, edge.aws.now());
    let plan = mode::restrain(plan, config.target.mode, &facts.service);
    report.diagnosis = Some(diagnosis);
    report.tasks = Counts::of(&facts);
    let api_type = config.gateway.as_ref().map_or(ApiType::Http, |gateway| gateway.api_type);
    let steps = plan.steps.clone();
    let attempts = act::execute(&edge.aws, &config.target, api_type, steps).await;
    let moved = attempts.iter().any(|it| it.outcome.is_ok() && is_of_route(&it.step));
    report.acted(attempts);
    (plan, moved)
}
