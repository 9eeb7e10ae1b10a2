//! The maintenance page: shown when no task has been able to serve for so long, and never while
//! the service is merely rolling.

use super::{Lead, View, later, parking, stages};
use crate::facts::{ApiAnswer, Pointer, Task};
use crate::limits::Maintenance;
use crate::plan::{Hold, Plan, Step};
use crate::uri;

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
        Some(ApiAnswer::Bad(_) | ApiAnswer::Unclear { .. } | ApiAnswer::NotReached(_)) => None,
        None | Some(ApiAnswer::NotAsked) => writes.then_some(Hold::ApiToBeAsked),
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
    if let Some(unsure) = unsure {
        // Whoever is served is not unserved since then.
        plan.steps.extend(clear(view, None).filter(|_| unsure == Hold::ApiAnswersWell));
        plan.holds.push(unsure);
        return plan;
    }
    if service.unserved_since.is_none() {
        plan.steps.push(Step::MarkUnserved {
            service: service.arn.clone(),
            since: view.now,
            parked: false,
        });
    }
    let since = service.unserved_since.unwrap_or(view.now);
    plan.holds.push(Hold::MaintenanceNotYet { until: later(since, page.after) });
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
