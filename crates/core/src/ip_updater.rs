//! ip-updater: on a change of one of the service's tasks, the gateway is led to one that answers.

use eden_input::Hints;
use eden_policy::Hold;
use jiff::Timestamp;

use crate::config::IpUpdaterConfig;
use crate::edge::Edge;
use crate::error::HandlerError;
use crate::lambda::Invocation;
use crate::notify::{self, Trail};
use crate::report::Report;
use crate::routing::Reconciler;
use crate::trigger::Trigger;

/// The function's name, as reports and audit events carry it.
pub const NAME: &str = "ip-updater";

/// Handles one event, and tells people when the maintenance page comes or goes.
///
/// Guarantees: an event of another service, cluster or type causes no call to AWS; nothing is
/// written while the route is right, nor on facts that could not be read; running it twice, late,
/// out of order or twice at once ends in the same route (see [`crate::routing`]).
///
/// # Errors
/// When the event is malformed, facts could not be read, no task got an address in time, a step or
/// its audit event failed, or others changed the route as often as this did.
pub async fn handle(
    config: &IpUpdaterConfig,
    edge: &Edge,
    invocation: &Invocation,
) -> Result<Report, HandlerError> {
    let trigger = Trigger::parse(&invocation.event)?;
    let now = edge.aws.now();
    let report = Report::new(NAME, &invocation.request_id, trigger.describe(), now);
    let task = match trigger {
        Trigger::Task(task) => task,
        Trigger::Alarm { .. } | Trigger::Schedule | Trigger::Manual | Trigger::Other(_) => {
            let because =
                format!("{NAME} acts on ECS Task State Change, not on {}", report.trigger);
            return Ok(report.ignore(because));
        }
    };
    if let Some(because) = task.is_foreign_to(&config.target) {
        return Ok(report.ignore(because));
    }
    follow(config, edge, &task.hints(), task.happened_at, report).await
}

/// Leads the gateway to a task that answers, and tells people when the maintenance page comes or
/// goes; `since` is when the event happened, if one did.
///
/// # Errors
/// As [`handle`], but for the event.
pub async fn follow(
    config: &IpUpdaterConfig,
    edge: &Edge,
    hints: &Hints,
    since: Option<Timestamp>,
    mut report: Report,
) -> Result<Report, HandlerError> {
    let IpUpdaterConfig { target, gateway, people } = config;
    let reconciler = Reconciler { edge, target, gateway, people };
    let patience = config.gateway.ready_within;
    let trail = Trail::of(&edge.aws, &config.target, &report);
    let route = Box::pin(reconciler.reconcile(hints, patience, &trail)).await;
    report.hold(&route.plan);
    let unaddressed = |hold: &&Hold| matches!(hold, Hold::NoAddress { .. });
    report.failed.extend(route.plan.holds.iter().find(unaddressed).map(Hold::to_string));
    report.routed(route, since);
    notify::maintenance(edge, config, &mut report).await;
    Ok(report.finish()?)
}
