//! Health: what is the matter with the service by the evidence at hand, and which remedy fits, if
//! any.
//!
//! | diagnosis (the first that fits) | when | remedy |
//! |---|---|---|
//! | unknown       | service or tasks were not read                                | none |
//! | not active    | ECS knows no such service, or it is being deleted             | none |
//! | paused        | healing is switched off                                       | none |
//! | below floor   | the desired count is below the minimum, and is raised, or nothing else is wrong | raise it |
//! | scaled to zero| no task is wanted, and no minimum is set                      | none |
//! | crash loop    | the last tasks died by themselves, or of their health checks  | people; roll back |
//! | cannot start  | the last tasks never ran, or ECS says that it can start none  | people; roll back |
//! | no instances  | of a daemon service: the cluster has none to run it           | people |
//! | task stuck    | tasks are to stop and never do, and ECS starts none in their place | people |
//! | rolling       | a deployment is replacing tasks, or stands beside what serves and nothing is wrong | none; people when overdue |
//! | task sick     | ECS calls tasks UNHEALTHY, or some do not answer while others do | stop them; most of them again: redeploy, roll back |
//! | too few tasks | fewer run than should, and ECS is starting none               | redeploy |
//! | route stale   | the route leads to no task that answers, although one does    | repair it |
//! | unknown       | the alarm was not read; it rings, and the API was not asked or read | none |
//! | healthy       | enough tasks run, the alarm is quiet                          | none |
//! | rollout failed| the same, but ECS gave up the last deployment                 | people; roll back |
//! | starting      | a task is on its way or fresh, or the route has just moved    | none: ECS has its turn |
//! | old tasks remain | a rollout has all its new tasks, and waits for old ones to end | none; people when overdue |
//! | disputed      | the API answers well, but the alarm rings, or no task answers | none; people for the latter |
//! | before tasks  | the API does not answer well, but all tasks do themselves     | people |
//! | wrong path    | tasks answer 4xx at the path of the settings                  | people |
//! | unclear       | something fails, and whether the tasks are well is not known  | people |
//! | service sick  | the tasks fail alike, or the maintenance page has to be shown, and no task stands out | once it has lasted: redeploy, roll back; try one stop |
//!
//! Who is to blame when no task stands out is decided in `health/testimony.rs`.
//!
//! The route is repaired beside any of them from "below floor" on, and when ECS deletes the service.

mod budget;
mod conditions;
mod diagnose;
mod failures;
mod floor;
mod images;
mod ladder;
mod patient;
mod pending;
mod refused;
mod rollback;
mod shared;
mod sides;
mod starting;
mod stops;
mod stuck;
mod testimony;

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::evidence::Evidence;
use crate::facts::{Facts, Observed, Route, Service, ServiceStatus};
use crate::limits::{Limits, Routing};
use crate::mode::{self, Mode};
use crate::plan::{Condition, Diagnosis, Fact, Hold, Plan, Step};
use crate::route::{self, State, View};
pub use budget::remedies;
use patient::Patient;
use sides::Part;

/// What was found, and what is to be done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Finding {
    /// What is the matter.
    pub diagnosis: Diagnosis,
    /// What that rests on, and what could not be read.
    pub evidence: Vec<Evidence>,
    /// What to do, and what not for which reason.
    pub plan: Plan,
    /// What people have to be told of, because no remedy is left.
    pub condition: Option<Condition>,
    /// Whether what people were told of before is over: the service is healthy, and what lies within
    /// the last hour would not bring it back at the next failure.
    pub is_over: bool,
}

/// Everything that a decision depends on beside the facts.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// What holds remedies back.
    pub limits: &'a Limits,
    /// How the route is chosen.
    pub routing: &'a Routing,
    /// Whether Eden acts, by setting.
    pub mode: Mode,
}

/// Facts that [`decide`] needs only sometimes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asks {
    /// The tasks that may be stopped, by ARN: are they protected?
    pub protection: Vec<String>,
    /// Whether it matters what ran before.
    pub former: bool,
    /// The task definition, by ARN, that tells what people are to know of tasks that ended.
    pub definition: Option<String>,
    /// Whether it matters how many of the API's requests fail.
    pub requests: bool,
}

/// What is to be read beyond the facts at hand before deciding.
pub fn asks(facts: &Facts, rules: Rules<'_>, now: Timestamp) -> Asks {
    let (Observed::Known(service), Observed::Known(tasks)) = (&facts.service, &facts.tasks) else {
        return Asks::default();
    };
    let limits = rules.limits;
    let route_is = State::Good;
    let whole = Patient {
        service,
        tasks,
        facts,
        route_changed_at: None,
        route_is,
        silenced: false,
        parked: false,
        limits,
        now,
    };
    let serving = Part::serving(service, tasks);
    let patient = serving.as_ref().map_or(whole, |part| whole.part(part));
    let sick = patient.sick().into_iter().chain(patient.unanswering());
    let sick = sick.map(|(task, _)| task).chain(patient.lingering());
    let protection: BTreeSet<_> = sick.map(|task| task.arn.clone()).collect();
    let protection = protection.into_iter().collect();
    let definition = patient.definition_of_leaving().or_else(|| patient.contested_definition());
    let definition = definition.map(str::to_owned);
    let depends = limits.rollback || rules.routing.maintenance.is_some();
    let found = depends.then(|| look(facts, rules, now));
    let former = limits.rollback && found.as_ref().is_some_and(|it| it.diagnosis.may_roll_back());
    let shows = |step: &Step| matches!(step, Step::ShowMaintenance { .. });
    let shows = found.is_some_and(|it| it.plan.steps.iter().any(shows));
    let requests = patient.asks_for_requests()
        && matches!(
            patient.diagnose().0,
            Diagnosis::ServiceSick
                | Diagnosis::TaskSick { .. }
                | Diagnosis::WrongPath { .. }
                | Diagnosis::Unclear { .. }
                | Diagnosis::Disputed
        );
    Asks { protection, former, definition, requests: requests || shows }
}

/// Diagnoses the service and plans its remedy.
///
/// Guarantees: no step rests on an unknown fact; no task is stopped that is not sick, protected or
/// within its grace; nothing is stopped or redeployed while a deployment is in progress or within
/// the limits' grace, cooldowns and budget; at most one redeployment is planned; a service that
/// cannot start or crashes in a loop is never redeployed with the same, unless nothing runs and the image
/// that a tag meant is gone; unless the mode is `on` no
/// step is left.
pub fn decide(facts: &Facts, rules: Rules<'_>, now: Timestamp) -> Finding {
    let mut finding = look(facts, rules, now);
    finding.plan = mode::restrain(finding.plan, rules.mode, &facts.service);
    finding
}

fn look(facts: &Facts, Rules { limits, routing, mode }: Rules<'_>, now: Timestamp) -> Finding {
    let mut finding = unread(facts);
    let (Observed::Known(service), Observed::Known(tasks)) = (&facts.service, &facts.tasks) else {
        return finding;
    };
    let api = facts.api.known();
    let route = || {
        let route = facts.route.as_ref()?;
        let (service, requests) = (Some(service), Some(&facts.requests));
        Some(route::decide(&View { service, tasks, route, routing, api, requests, now }))
    };
    if service.status != ServiceStatus::Active {
        finding.plan.holds.push(Hold::ServiceNotActive { status: service.status });
        // What ECS is done with leaves addresses behind that are nobody's.
        if matches!(service.status, ServiceStatus::Draining | ServiceStatus::Inactive) {
            finding.plan.append(route().map(|route| route.plan).unwrap_or_default());
        }
        return finding.named(Diagnosis::NotActive { status: service.status });
    }
    if mode::effective(mode, &facts.service).0 == Mode::Off {
        return finding.named(Diagnosis::Paused);
    }
    let route = route();
    let route_is = route.as_ref().map_or(State::Good, |route| route.state);
    finding.plan.append(route.map(|route| route.plan).unwrap_or_default());
    let (running, desired, pending) = (service.running, service.desired, service.pending);
    finding.evidence.insert(0, Evidence::Counts { running, desired, pending });
    // ECS counts the tasks of a daemon service itself, and refuses a count (F47).
    let is_below = service.has_a_count() && desired < limits.min_desired_count;
    let below = Diagnosis::BelowFloor { desired, floor: limits.min_desired_count };
    let mut unrestored = None;
    if is_below {
        let (plan, condition) = floor::restore(service, limits, now);
        if !plan.steps.is_empty() {
            finding.plan.wait_with_parking();
        }
        let acts = !plan.steps.is_empty() && mode::effective(mode, &facts.service).0 == Mode::On;
        finding.plan.append(plan);
        // Where nothing is done about the count, the tasks that are wanted are looked at all the same.
        if acts || desired == 0 {
            finding.condition = condition;
            return finding.named(below);
        }
        unrestored = condition;
    }
    if service.has_a_count() && desired == 0 {
        finding.plan.holds.push(Hold::ScaledToZero);
        return finding.named(Diagnosis::ScaledToZero);
    }
    let route_changed_at = facts.route.as_ref().and_then(Route::changed_at);
    let whole = Patient {
        service,
        tasks,
        facts,
        route_changed_at,
        route_is,
        silenced: shows_the_page(&finding.plan),
        parked: is_parked(&finding.plan),
        limits,
        now,
    };
    let (diagnosis, condition) = examine(&whole, &mut finding);
    finding.is_over &= !is_below;
    finding.condition = condition.or(unrestored);
    finding.named(if is_below && diagnosis.is_healthy() { below } else { diagnosis })
}

/// Diagnoses the side that serves or, where nothing is wrong with it, the one that arrives, and adds to
/// the finding what it rests on and what is to be done.
fn examine(whole: &Patient<'_>, finding: &mut Finding) -> (Diagnosis, Option<Condition>) {
    let (service, tasks) = (whole.service, whole.tasks);
    let serving = Part::serving(service, tasks);
    let patient = serving.as_ref().map_or(*whole, |part| whole.part(part));
    let unaddressed = patient.unaddressed(&finding.plan);
    finding.plan.holds.extend(unaddressed);
    let (diagnosis, evidence) = patient.diagnose();
    let arriving = Part::arriving(service, tasks);
    let arriving = arriving.as_ref().filter(|_| diagnosis.is_quiet());
    let failing = arriving.and_then(|part| whole.part(part).arrival(part));
    let of = arriving.filter(|_| failing.is_some()).map_or(patient, |part| whole.part(part));
    let (diagnosis, evidence) = failing.unwrap_or((diagnosis, evidence));
    finding.evidence.extend(evidence);
    let (plan, condition) = of.remedy(&diagnosis);
    finding.evidence.extend(of.released_by(&plan));
    finding.plan.append(plan);
    let condition = condition.or_else(|| patient.unshown(&finding.plan));
    finding.plan.holds.extend(patient.not_asked(&diagnosis));
    let note = patient.note(&diagnosis, condition.as_ref(), &finding.plan);
    finding.plan.steps.extend(note);
    finding.is_over = patient.is_over(&diagnosis, condition.as_ref());
    (diagnosis, condition)
}

/// What could not be read. Two facts are only read when a remedy needs them.
fn unread(facts: &Facts) -> Finding {
    let mut finding = Finding {
        diagnosis: Diagnosis::Unknown,
        evidence: Vec::new(),
        plan: Plan::default(),
        condition: None,
        is_over: false,
    };
    for (fact, because) in [
        (Fact::Service, facts.service.unknown()),
        (Fact::Shift, facts.service.known().and_then(Service::unread_shift)),
        (Fact::Tasks, facts.tasks.unknown()),
        (Fact::Alarm, facts.alarm.unknown()),
        (Fact::Api, facts.api.unknown()),
        (Fact::Requests, facts.requests.unknown()),
    ] {
        let Some(because) = because.map(str::to_owned) else { continue };
        let not_read = Evidence::NotRead { what: fact.to_string(), because: because.clone() };
        finding.evidence.push(not_read);
        finding.plan.holds.push(Hold::FactUnknown { fact, because });
    }
    finding
}

fn shows_the_page(plan: &Plan) -> bool {
    plan.holds.iter().any(|hold| matches!(hold, Hold::InMaintenance { .. }))
        || plan.steps.iter().any(|step| matches!(step, Step::ShowMaintenance { .. }))
}

fn is_parked(plan: &Plan) -> bool {
    plan.holds.iter().any(|hold| matches!(hold, Hold::Parked { .. }))
        || plan.steps.iter().any(|step| matches!(step, Step::Park { .. }))
}

impl Finding {
    fn named(self, diagnosis: Diagnosis) -> Self {
        Finding { diagnosis, ..self }
    }
}

/// `at` plus `by`; the end of time instead of an overflow.
fn later(at: Timestamp, by: std::time::Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
