//! A route that somebody else writes too: another Eden, a script or a person leads it to an address of
//! this account that is not the service's. Whoever is written over writes again, and that has no end.
//!
//! One time is a mistake, and is put right. Who does it again within [`AGAIN`] means it: the route is
//! left there for [`LEFT_ALONE`], as long as the address has an owner and the API is not known to fail
//! there, and people are told. Each time is noted on the service. An address that nobody of this account
//! has is as good as dead, and is written over as ever.

use std::time::Duration;

use jiff::Timestamp;

use super::{Lead, View, later, parking};
use crate::facts::{ApiAnswer, Integration, Observed, Pointer};
use crate::plan::{Fact, Hold, Plan, Step};

/// Who writes over the route twice within this time does not do it by mistake.
const AGAIN: Duration = Duration::from_hours(1);
/// How long the route is left to somebody else before Eden tries once more.
const LEFT_ALONE: Duration = Duration::from_hours(6);
/// How long the same writing may still be seen: a look may be answered with the past, and what failed
/// is tried again.
const SHOWN: Duration = Duration::from_mins(2);

/// Why a pointer is left where it leads, or why nobody knows whether it is to be.
pub(super) fn hold(
    view: &View<'_>,
    pointer: &Pointer,
    integration: &Integration,
    lead: Lead<'_>,
) -> Option<Hold> {
    // Where the API fails, whoever led the route there does not serve, and a task of the service does.
    let fails = matches!(view.api, Some(ApiAnswer::Bad(_)));
    let until = until(view).filter(|_| lead == Lead::Elsewhere && !fails)?;
    let address = parking::stray_address(view, pointer, integration)?;
    match &view.route.owners {
        Observed::Known(Some(owners)) => owners.get(&address).map(|owner| Hold::RouteContested {
            pointer: pointer.to_string(),
            address,
            owner: owner.clone(),
            until,
        }),
        Observed::Known(None) => Some(Hold::OwnersToBeAsked),
        Observed::Unknown(because) => {
            Some(Hold::FactUnknown { fact: Fact::Owners, because: because.clone() })
        }
    }
}

/// Whether a part of the route is left to somebody else.
pub(super) fn is_contested(plan: &Plan) -> bool {
    plan.holds.iter().any(|hold| matches!(hold, Hold::RouteContested { .. }))
}

/// The note that somebody has written over the route, once for each time.
pub(super) fn note(view: &View<'_>, plan: &Plan) -> Option<Step> {
    let service = view.service?;
    let is_new = if is_contested(plan) {
        !is_noted(view)
    } else {
        let is_fresh = |at: Timestamp| view.now < later(at, SHOWN);
        is_taken_back(view, plan) && !last(view).is_some_and(is_fresh)
    };
    is_new.then(|| Step::MarkOverwritten {
        service: service.arn.clone(),
        at: service.overwritten_at.iter().copied().chain([view.now]).collect(),
    })
}

/// Whether a pointer is led back from an address that somebody else of this account has.
fn is_taken_back(view: &View<'_>, plan: &Plan) -> bool {
    view.pointers().any(|(pointer, integration, lead)| {
        lead == Lead::Elsewhere
            && parking::is_owned(view, pointer, integration)
            && plan.steps.iter().any(|step| leads_to_a_task(step, pointer))
    })
}

fn leads_to_a_task(step: &Step, pointer: &Pointer) -> bool {
    match (step, pointer) {
        (Step::PointIntegration { integration, .. }, Pointer::Integration(id)) => integration == id,
        (Step::SetStageVariable { variable, .. }, Pointer::StageVariable { name, .. }) => {
            variable == name
        }
        _ => false,
    }
}

/// Until when the route is left to an owner of this account, by what is noted.
fn until(view: &View<'_>) -> Option<Timestamp> {
    let last = last(view)?;
    if is_noted(view) {
        let until = later(last, LEFT_ALONE);
        return (view.now < until).then_some(until);
    }
    let is_again = view.now >= later(last, SHOWN) && view.now < later(last, AGAIN);
    is_again.then(|| later(view.now, LEFT_ALONE))
}

/// Whether it is noted that somebody has written over the route twice within [`AGAIN`], and not for so
/// long that Eden has tried again since.
fn is_noted(view: &View<'_>) -> bool {
    let times = sorted(view);
    matches!(times[..], [.., before, last] if last < later(before, AGAIN))
}

fn last(view: &View<'_>) -> Option<Timestamp> {
    sorted(view).last().copied()
}

fn sorted(view: &View<'_>) -> Vec<Timestamp> {
    let mut times = view.service.map_or_else(Vec::new, |service| service.overwritten_at.clone());
    times.sort();
    times
}
