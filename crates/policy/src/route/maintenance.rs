//! The maintenance page: shown when no task has been able to serve for so long, and never while
//! the service is merely rolling.

use std::time::Duration;

use super::{Lead, View, later, parking, stages};
use crate::facts::{ApiAnswer, Minute, Observed, Pointer, Readiness, Task, Unready};
use crate::limits::Maintenance;
use crate::plan::{Fact, Hold, LASTS, Plan, Step};
use crate::uri;

/// Maximum age of a failure that the counted requests may not show yet: CloudWatch's newest minute may be
/// from before it.
const COUNTED: Duration = Duration::from_mins(3);

/// The page, if there is one. A stage variable cannot remember the way back from it: the settings
/// refuse this.
pub(super) fn of<'a>(view: &View<'a>) -> Option<&'a Maintenance> {
    let is_variable = |pointer: &Pointer| matches!(pointer, Pointer::StageVariable { .. });
    let page = view.routing.maintenance.as_ref();
    page.filter(|_| !view.pointers().any(|(pointer, ..)| is_variable(pointer)))
}

/// The page, if it is to be shown now.
pub(super) fn due<'a>(view: &View<'a>) -> Option<&'a Maintenance> {
    let (page, service) = (of(view)?, view.service?);
    let since = service.unserved_since.filter(|_| service.rolling().is_none())?;
    (view.now >= later(since, page.after)).then_some(page)
}

/// Why whoever may be serving must not be replaced by the page, or may not be known to fail: what
/// probes say is no proof while the API itself answers well.
pub(super) fn doubt(view: &View<'_>) -> Option<Hold> {
    view.routing.maintenance.as_ref()?;
    let service = view.service.filter(|service| service.rolling().is_none())?;
    let writes = service.unserved_since.is_none() || due(view).is_some();
    if let Some(hold) = parking::unasked(view).filter(|_| writes) {
        return Some(hold);
    }
    if !view.may_answer() {
        return None;
    }
    match view.api {
        Some(ApiAnswer::Good { .. }) => Some(Hold::ApiAnswersWell),
        Some(ApiAnswer::Bad(_) | ApiAnswer::Unclear { .. } | ApiAnswer::NotReached(_)) => {
            served(view)
        }
        None | Some(ApiAnswer::NotAsked) => writes.then_some(Hold::ApiToBeAsked),
    }
}

/// Why users may be served although neither probes nor the API's answer say so: a task takes connections,
/// and what is asked for may be one slow or deep path. Then the requests that fail tell.
fn served(view: &View<'_>) -> Option<Hold> {
    let takes = |task: &Task| {
        let readiness = view.endpoint(task).map(|at| view.route.readiness.get(&at));
        let refuses = |it: &Readiness| {
            matches!(it, Readiness::NotReady(Unready::Refuses, _) | Readiness::Unreachable(_))
        };
        task.runs() && readiness.is_some_and(|it| !it.is_some_and(refuses))
    };
    if !view.tasks.iter().any(takes) {
        return None;
    }
    match view.requests {
        Some(Observed::Known(Some(requests))) => {
            let are_served = requests.hardly_fail() || requests.none_fails();
            let Minute { all, failed } = requests.newest;
            are_served.then_some(Hold::UsersAreServed { failed, all })
        }
        Some(Observed::Known(None)) => None,
        Some(Observed::Unknown(because)) => {
            Some(Hold::FactUnknown { fact: Fact::Requests, because: because.clone() })
        }
        None => due(view).is_some().then_some(Hold::RequestsToBeCounted),
    }
}

/// What is to be noted so that the page can be shown in time, and why it is not shown yet.
pub(super) fn prepare(view: &View<'_>, unsure: Option<Hold>) -> Plan {
    let mut plan = Plan::default();
    let (Some(page), Some(service)) = (of(view), view.service) else {
        return plan;
    };
    if let Some(deployment) = service.rolling() {
        let deployment = deployment.id.clone();
        plan.holds.push(Hold::RollingNotMaintained { deployment });
        return plan;
    }
    let mut were_served = false;
    if let Some(unsure) = unsure {
        // Whoever is served is not unserved since then.
        plan.steps.extend(clear(view, None).filter(|_| unsure == Hold::ApiAnswersWell));
        were_served = matches!(unsure, Hold::UsersAreServed { .. });
        plan.holds.push(unsure);
        if !were_served {
            return plan;
        }
    }
    if service.unserved_since.is_none() {
        plan.steps.push(Step::MarkUnserved {
            service: service.arn.clone(),
            since: view.now,
            parked: false,
        });
    }
    let since = service.unserved_since.unwrap_or(view.now);
    let due = later(since, page.after);
    let until = match were_served {
        // The minute that was counted may be the last good one.
        true if view.now < later(since, COUNTED) => Some(later(view.now, LASTS).max(due)),
        true => None,
        false => Some(due),
    };
    plan.holds.extend(until.map(|until| Hold::MaintenanceNotYet { until }));
    plan
}

/// Leads every integration to the page.
pub(super) fn show(view: &View<'_>, page: &Maintenance) -> Plan {
    let mut plan = Plan::default();
    for (pointer, integration, lead) in view.pointers() {
        let Pointer::Integration(id) = pointer else { continue };
        if lead == Lead::Maintenance {
            plan.holds.push(Hold::InMaintenance { integration: pointer.to_string() });
        } else {
            plan.steps.push(Step::ShowMaintenance {
                api: view.route.api.clone(),
                integration: id.clone(),
                from: integration.uri.clone(),
                to: uri::maintenance(&page.url, integration.uri.as_deref()),
            });
        }
    }
    let deployments = stages::deploy_maintenance(view, &plan);
    plan.append(deployments);
    plan
}

/// Takes the note away, now that a task serves. Without a page it says that the route was parked: then
/// the task must have run for a while, since it may be the next of those that die in a loop.
pub(super) fn clear(view: &View<'_>, serving: Option<&Task>) -> Option<Step> {
    let service = view.service?;
    let since = service.unserved_since?;
    let told = of(view).is_none();
    if told && !(view.routing.parking && parking::outlasts(serving?, view.now)) {
        return None;
    }
    Some(Step::ClearUnserved { service: service.arn.clone(), since, told })
}
