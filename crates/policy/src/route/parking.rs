//! Parking: the route is led away from an address that no task owns any more and none can own soon.
//! AWS gives such an address to others, and they would get what users send: bodies, cookies,
//! authorization (F60).
//!
//! It is for the time in which no task runs at all. As soon as one does, answering or not, the
//! route is led to it as from any dead address, so parking costs no time.
//!
//! An address that an interface of this account has is nobody else's: people have led the route there,
//! to a standby or to the service's successor. That is looked up before anything is parked.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;

use super::{Lead, View, later, maintenance, stages};
use crate::facts::{Integration, LastStatus, Observed, Pointer, Service, ServiceStatus, Task};
use crate::limits::Maintenance;
use crate::plan::{Fact, Hold, Plan, Step};
use crate::uri;

/// How long the successor of the last task has before the route is parked. A Fargate task needs about
/// a minute to start; the addresses of crashed tasks are not parked for that.
const SUCCESSOR: Duration = Duration::from_mins(2);
/// How long a rollout has before the route is parked while it is in progress: it may stop all tasks
/// before it starts others. One that takes longer hangs.
const ROLLOUT: Duration = Duration::from_mins(30);

/// Whether the route is to be parked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Parking {
    /// There is no reason to, or no knowing.
    No,
    /// It is, unless a task runs by then.
    NotBefore(Timestamp),
    /// It would be, but whose the addresses are is not known.
    Unsure(Hold),
    /// It is.
    Due {
        /// Why no task can own the address soon.
        because: String,
        /// Since when no task has run, as far as is known.
        since: Timestamp,
    },
}

/// Whether the route is to be parked now. Not while any task runs or may, even one without a public
/// address: it may be reached in a way of its own. Nor while a part of the route leads to a task that
/// drains.
pub(super) fn of(view: &View<'_>) -> Parking {
    let Some(service) = view.service.filter(|_| view.routing.parking) else { return Parking::No };
    let unclear = |task: &Task| task.last_status == LastStatus::Unknown;
    // ECS's counts and its lists need not be of the same moment.
    let may_run = |task: &Task| task.runs() || unclear(task);
    let may_run = service.running > 0 || view.tasks.iter().any(may_run);
    let drains = view.pointers().any(|(.., lead)| matches!(lead, Lead::Task(..)));
    if may_run || drains || addresses(view).is_empty() {
        return Parking::No;
    }
    match (is_due(view, service), unasked(view)) {
        (Parking::Due { .. }, Some(hold)) => Parking::Unsure(hold),
        (parking, _) => parking,
    }
}

/// Whether it is due by what ECS says alone, before anybody asks whose the addresses are.
fn is_due(view: &View<'_>, service: &Service) -> Parking {
    let ended = ended_at(view);
    let since = ended.unwrap_or(view.now);
    match service.status {
        ServiceStatus::Active => {}
        ServiceStatus::Draining | ServiceStatus::Inactive => {
            let because = format!("the service is {}", service.status.describe());
            return Parking::Due { because, since };
        }
        ServiceStatus::Missing | ServiceStatus::Unknown => return Parking::No,
    }
    let successor = ended.filter(|_| expects_a_task(view, service));
    let successor = successor.map(|at| later(at, SUCCESSOR));
    // Repeated deployments postpone it no further than that after the last task ended.
    let longest = ended.map_or(Timestamp::MAX, |at| later(at, ROLLOUT));
    let rollout = service.rolling().map(|it| later(it.created_at, ROLLOUT).min(longest));
    match successor.max(rollout) {
        Some(until) if view.now < until => Parking::NotBefore(until),
        Some(_) | None => Parking::Due { because: because(service, ended), since },
    }
}

impl Parking {
    /// The page, if it is to be shown instead: at once, since a page is somebody's own.
    pub(super) fn page<'a>(&self, view: &View<'a>) -> Option<&'a Maintenance> {
        let is_due = matches!(self, Parking::Due { .. }) && orphans(view).next().is_some();
        maintenance::of(view).filter(|_| is_due)
    }

    /// What is to be noted on the service first, so that people are told once: that nobody is served.
    pub(super) fn note(&self, view: &View<'_>) -> Option<Step> {
        let Parking::Due { since, .. } = self else { return None };
        let service = view.service.filter(|service| service.unserved_since.is_none())?;
        Some(mark(service, *since, false))
    }

    /// What is to be written, and why no more than that.
    pub(super) fn plan(&self, view: &View<'_>) -> Plan {
        let mut plan = Plan::default();
        let is_parked = view.pointers().any(|(.., lead)| lead == Lead::Parked);
        let unnoted = view.service.filter(|service| service.unserved_since.is_none());
        let since = match self {
            Parking::No => None,
            Parking::NotBefore(until) => {
                plan.holds.push(Hold::ParkingNotYet { until: *until });
                None
            }
            Parking::Unsure(hold) => {
                plan.holds.push(hold.clone());
                None
            }
            Parking::Due { because, since } => {
                let orphans = orphans(view)
                    .filter_map(|(pointer, integration)| park(view, pointer, integration, because));
                plan.steps.extend(orphans);
                plan.holds.extend(owned(view));
                Some(*since).filter(|_| !plan.steps.is_empty())
            }
        };
        // Where there is a page, its own note says when it is due.
        let is_noted = is_parked && maintenance::of(view).is_none();
        if let Some(service) = unnoted.filter(|_| is_noted || since.is_some()) {
            let ended = ended_at(view).unwrap_or(view.now);
            plan.steps.insert(0, mark(service, since.unwrap_or(ended), true));
        }
        let parked = view.pointers().filter(|(.., lead)| *lead == Lead::Parked);
        let parked = parked.map(|(pointer, ..)| Hold::Parked { pointer: pointer.to_string() });
        plan.holds.extend(parked);
        plan.append(stages::deploy_parked(view, since, &plan));
        plan
    }
}

/// Parks all that leads to an address, whatever task owns it: for whoever removes Eden.
pub fn park_all(view: &View<'_>, because: &str) -> Plan {
    let pointers = view.pointers();
    let steps = pointers.filter_map(|(pointer, integration, lead)| match lead {
        Lead::Task(..) | Lead::Elsewhere => park(view, pointer, integration, because),
        Lead::Maintenance | Lead::Parked => None,
    });
    let mut plan = Plan { steps: steps.collect(), ..Plan::default() };
    plan.holds.extend(view.not_rewritable());
    plan.append(stages::deploy_parked(view, None, &plan));
    plan
}

/// The pointers that lead to an address of no task, with the address. One that leads to a host name
/// leads to somebody whom people have chosen.
fn stray<'a>(view: &View<'a>) -> impl Iterator<Item = (&'a Pointer, &'a Integration, IpAddr)> {
    let view = *view;
    view.pointers().filter_map(move |(pointer, integration, lead)| match lead {
        Lead::Elsewhere => {
            Some((pointer, integration, stray_address(&view, pointer, integration)?))
        }
        Lead::Task(..) | Lead::Maintenance | Lead::Parked => None,
    })
}

/// The address that a pointer leads to, if it is no host name.
pub(super) fn stray_address(
    view: &View<'_>,
    pointer: &Pointer,
    integration: &Integration,
) -> Option<IpAddr> {
    address(view.route.port, pointer, integration)
        .filter(|_| !candidates(pointer, integration).is_empty())
}

/// The address that a pointer leads to.
fn address(port: u16, pointer: &Pointer, integration: &Integration) -> Option<IpAddr> {
    let uri = integration.uri.as_deref()?;
    let endpoint = match pointer {
        Pointer::Integration(_) => uri::endpoint(uri),
        Pointer::StageVariable { .. } => uri::endpoint_of_value(uri, port),
    };
    Some(endpoint?.ip())
}

/// Whether a pointer leads to an address that is known to be this account's.
pub(super) fn is_owned(view: &View<'_>, pointer: &Pointer, integration: &Integration) -> bool {
    let address = address(view.route.port, pointer, integration);
    address.is_some_and(|address| owner(view, address).is_some())
}

/// Why nothing is to be written over an address that is no task's, before it is known whose it is.
pub(super) fn unasked(view: &View<'_>) -> Option<Hold> {
    stray(view).next()?;
    match &view.route.owners {
        Observed::Known(Some(_)) => None,
        Observed::Known(None) => Some(Hold::OwnersToBeAsked),
        Observed::Unknown(because) => {
            Some(Hold::FactUnknown { fact: Fact::Owners, because: because.clone() })
        }
    }
}

/// The addresses of which it matters whose they are: the route leads there, and they are no task's.
pub fn addresses(view: &View<'_>) -> BTreeSet<IpAddr> {
    stray(view).map(|(.., address)| address).collect()
}

/// What an address belongs to, if it is known to be of this account.
fn owner<'a>(view: &View<'a>, address: IpAddr) -> Option<&'a str> {
    view.route.owners.known()?.as_ref()?.get(&address).map(String::as_str)
}

/// The pointers that lead to an address that neither a task nor an interface of this account is known
/// to have.
fn orphans<'a>(view: &View<'a>) -> impl Iterator<Item = (&'a Pointer, &'a Integration)> {
    let orphan = |it: &(_, _, IpAddr)| owner(view, it.2).is_none();
    stray(view).filter(orphan).map(|(pointer, integration, _)| (pointer, integration))
}

/// The pointers that lead to an address that this account has, each with why it is left there.
fn owned(view: &View<'_>) -> impl Iterator<Item = Hold> {
    stray(view).filter_map(|(pointer, _, address)| {
        let owner = owner(view, address)?.to_owned();
        Some(Hold::AddressInUse { pointer: pointer.to_string(), address, owner })
    })
}

fn mark(service: &Service, since: Timestamp, parked: bool) -> Step {
    Step::MarkUnserved { service: service.arn.clone(), since, parked }
}

fn park(
    view: &View<'_>,
    pointer: &Pointer,
    integration: &Integration,
    because: &str,
) -> Option<Step> {
    let to = candidates(pointer, integration);
    (!to.is_empty()).then(|| Step::Park {
        api: view.route.api.clone(),
        pointer: pointer.clone(),
        from: integration.uri.clone().unwrap_or_default(),
        to,
        because: because.to_owned(),
    })
}

/// Where a pointer may be parked; nowhere if it leads to no address.
fn candidates(pointer: &Pointer, integration: &Integration) -> Vec<String> {
    let uri = integration.uri.as_deref().unwrap_or_default();
    match pointer {
        Pointer::Integration(_) => uri::parked(uri),
        Pointer::StageVariable { .. } => uri::parked_value(uri),
    }
}

/// Whether a task has run for longer than its successor would have had.
pub(super) fn outlasts(task: &Task, now: Timestamp) -> bool {
    task.started_at.is_none_or(|since| now >= later(since, SUCCESSOR))
}

/// When the last task ended that ran, and so may have had the route, as far as ECS remembers (F18).
fn ended_at(view: &View<'_>) -> Option<Timestamp> {
    let ran = view.tasks.iter().filter(|task| !task.runs() && task.started_at.is_some());
    ran.filter_map(|task| task.stopping_at).max()
}

/// Whether a task is on its way, or wanted and so may be soon.
fn expects_a_task(view: &View<'_>, service: &Service) -> bool {
    let starts = |task: &Task| task.wanted && task.last_status == LastStatus::Starting;
    service.desired > 0 || view.tasks.iter().any(starts)
}

fn because(service: &Service, ended: Option<Timestamp>) -> String {
    match ended {
        _ if service.desired == 0 => "the service is scaled to zero".to_owned(),
        Some(at) => format!("no task runs since {at:.0}"),
        None => "no task has run for so long that ECS remembers none".to_owned(),
    }
}
