//! The route: which task the gateway should lead to, and what must be written for that.
//!
//! | the best task that is ready | the route so far                     | decision                   |
//! |-----------------------------|--------------------------------------|----------------------------|
//! | there is one                | leads there                          | kept: nothing is written   |
//! | there is one                | leads elsewhere                      | moved                      |
//! | there is none               | to a task that runs, or drains and still answers | kept           |
//! | there is none               | to nothing, and an unready task runs | moved there, and said so   |
//! | there is none               | to the maintenance page              | kept                       |
//! | there is none for so long   | anything but a rollout in progress   | to the maintenance page    |
//! | none runs, none comes soon  | to an address of no task             | to the page, or parked     |
//! | any                         | to another of this account, who writes it again and again | left there |
//! | any                         | unknown, or not a plain HTTP URL     | held (F6)                  |
//!
//! Ready are tasks that run and are wanted (F9), are not UNHEALTHY, have an address (F24) and
//! answer a probe; where none is, those that answer with a status that says nothing of their health
//! count as ready. The best is one of the PRIMARY deployment (F21); then the one the route leads
//! to, so that scaling moves nothing; then HEALTHY before UNKNOWN, the longest-running, and the
//! ARN, so that the order in which AWS lists tasks never decides. All integrations lead to the
//! same task.

mod candidates;
mod contested;
mod maintenance;
mod parking;
mod stages;

use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;

use crate::facts::{
    ApiAnswer, Integration, IntegrationKind, Observed, Pointer, Readiness, Requests, Route,
    Service, Task,
};
use crate::limits::Routing;
use crate::plan::{Fact, Hold, Plan, Step};
use crate::uri;
use candidates::{Candidate, Survey};
pub use parking::{addresses, park_all};

/// Everything that a decision about the route rests on.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The service, if it could be read. Without it no task counts as PRIMARY, and nothing is done
    /// about maintenance.
    pub service: Option<&'a Service>,
    /// Its tasks, stopping ones as far as they are known.
    pub tasks: &'a [Task],
    /// The route to them.
    pub route: &'a Route,
    /// How the route is chosen.
    pub routing: &'a Routing,
    /// What the API answered to a probe, where it was asked.
    pub api: Option<&'a ApiAnswer>,
    /// How many of its requests fail. ip-updater does not count them.
    pub requests: Option<&'a Observed<Option<Requests>>>,
    /// The time.
    pub now: Timestamp,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Decision {
    /// What to write, and what not for which reason.
    pub plan: Plan,
    /// What is the matter with the route.
    pub state: State,
}

/// What is the matter with the route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It leads to the service, as far as the service can be led to.
    Good,
    /// It leads to no task, or to one that does not answer, although there is a better one; or a
    /// stage does not show where it leads.
    Stale,
    /// It leads to the service, but a stage shows something else, and Eden cannot change that: a canary
    /// release keeps deployments off, or an automatic one failed. The service is not to blame.
    NotShown,
    /// Somebody else leads it to an address of this account again and again, and Eden leaves it there.
    Contested,
    /// It could not be read.
    Unknown,
}

/// Where a pointer leads now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lead<'a> {
    /// To a task, which may be stopping.
    Task(&'a Task, SocketAddr),
    /// To the maintenance page.
    Maintenance,
    /// To nobody, since no task could own the address.
    Parked,
    /// To no task of the service.
    Elsewhere,
}

/// The endpoints whose readiness [`decide`] needs to know next; none when it can decide.
///
/// Asks for as few as possible: for nothing while one task runs and the route leads there, for one
/// while the route leads to the best, and otherwise from the best task down to the first that is
/// ready.
pub fn asks(view: &View<'_>) -> Vec<SocketAddr> {
    let Observed::Known(endpoints) = &view.route.endpoints else {
        return Vec::new();
    };
    view.asks(&Survey::of(view, endpoints))
}

/// Decides what to write so that the route leads to a task that answers.
///
/// The same facts give the same decision, whatever the order of `tasks`. Once nobody is left to
/// ask and the plan is carried out, the plan for the new facts is empty, until the maintenance
/// page comes due.
pub fn decide(view: &View<'_>) -> Decision {
    let mut plan = Plan::default();
    let endpoints = match &view.route.endpoints {
        Observed::Known(endpoints) => endpoints,
        Observed::Unknown(because) => {
            let because = because.clone();
            plan.holds.push(Hold::FactUnknown { fact: Fact::Addresses, because });
            return Decision { plan, state: State::Unknown };
        }
    };
    plan.holds.extend(view.not_rewritable());
    let survey = Survey::of(view, endpoints);
    plan.rejected = survey.rejected();
    match survey.chosen() {
        Some(target) => {
            for (pointer, integration, lead) in view.pointers() {
                plan.append(view.point(pointer, integration, lead, target, None));
            }
            plan.append(stages::deploy(view, target, &plan));
            plan.holds.extend(survey.awaited(target));
            plan.steps.extend(maintenance::clear(view, Some(target.task)));
        }
        None => plan.append(view.without_a_ready_task(&survey)),
    }
    let note = contested::note(view, &plan);
    plan.steps.extend(note);
    let state = view.state(&plan);
    Decision { plan, state }
}

impl<'a> View<'a> {
    /// The view of who neither asked the API nor counts its requests.
    pub fn of(
        service: Option<&'a Service>,
        tasks: &'a [Task],
        route: &'a Route,
        routing: &'a Routing,
        now: Timestamp,
    ) -> Self {
        View { service, tasks, route, routing, api: None, requests: None, now }
    }

    /// The pointers that may be rewritten, in configured order, with where they lead.
    fn pointers(&self) -> impl Iterator<Item = (&'a Pointer, &'a Integration, Lead<'a>)> + use<'a> {
        let view = *self;
        view.route.pointers.iter().filter_map(move |(pointer, integration)| {
            let integration = integration.known()?;
            let is_http = integration.kind == IntegrationKind::Http;
            let rewritable = is_http && host_variable(pointer, integration).is_none();
            rewritable.then(|| (pointer, integration, view.lead(pointer, integration)))
        })
    }

    /// Why the other pointers may not be rewritten.
    fn not_rewritable(&self) -> impl Iterator<Item = Hold> {
        self.route.pointers.iter().filter_map(|(pointer, integration)| match integration {
            Observed::Unknown(because) => {
                let because = format!("{pointer}: {because}");
                Some(Hold::FactUnknown { fact: Fact::Integration, because })
            }
            Observed::Known(Integration { kind: IntegrationKind::Other(kind), .. }) => {
                let (integration, kind) = (pointer.to_string(), kind.clone());
                Some(Hold::NotAnHttpIntegration { integration, kind })
            }
            Observed::Known(integration) => {
                let variable = host_variable(pointer, integration)?.to_owned();
                let integration = pointer.to_string();
                Some(Hold::HostIsStageVariable { integration, variable })
            }
        })
    }

    /// See [`asks`].
    fn asks(&self, survey: &Survey<'_>) -> Vec<SocketAddr> {
        if !self.routing.probing {
            return Vec::new();
        }
        let asks = survey.asks();
        if !asks.is_empty() || survey.chosen().is_some() {
            return asks;
        }
        // Nobody is ready: a target that drains and still answers is worth keeping for now.
        let unasked = |at: &SocketAddr| !self.route.readiness.contains_key(at);
        let mut asks: Vec<_> = self.draining().filter(unasked).collect();
        asks.sort();
        asks.dedup();
        asks
    }

    /// Where tasks that do not run any more, or not yet, are led to.
    fn draining(&self) -> impl Iterator<Item = SocketAddr> {
        self.pointers().filter_map(|(.., lead)| match lead {
            Lead::Task(task, endpoint) if !task.runs() => Some(endpoint),
            Lead::Task(..) | Lead::Maintenance | Lead::Parked | Lead::Elsewhere => None,
        })
    }

    /// Where a pointer leads.
    pub fn lead(&self, pointer: &Pointer, integration: &Integration) -> Lead<'a> {
        let Some(uri) = integration.uri.as_deref() else {
            return Lead::Elsewhere;
        };
        if uri::before_maintenance(uri).is_some() {
            return Lead::Maintenance;
        }
        let (parked, endpoint) = match pointer {
            Pointer::Integration(_) => (uri::is_parked(uri), uri::endpoint(uri)),
            Pointer::StageVariable { .. } => {
                (uri::is_parked_value(uri), uri::endpoint_of_value(uri, self.route.port))
            }
        };
        if parked {
            return Lead::Parked;
        }
        let there = |task: &&Task| endpoint.is_some() && self.endpoint(task) == endpoint;
        // The address of a task that is gone may be another's by now.
        let task = self.tasks.iter().filter(there).max_by_key(|task| (task.runs(), &task.arn));
        task.zip(endpoint).map_or(Lead::Elsewhere, |(task, endpoint)| Lead::Task(task, endpoint))
    }

    /// Whether what the API answers may be the service's answer: everything leads to its tasks, or to a
    /// host that people named, or to an address that this account has. At another address that is no
    /// task's, somebody else may answer.
    fn may_answer(&self) -> bool {
        let mut pointers = self.pointers();
        let has_name =
            |integration: &Integration| integration.uri.as_deref().is_some_and(uri::names_a_host);
        pointers.all(|(pointer, integration, lead)| match lead {
            Lead::Task(..) => true,
            Lead::Elsewhere => {
                has_name(integration) || parking::is_owned(self, pointer, integration)
            }
            Lead::Maintenance | Lead::Parked => false,
        })
    }

    fn endpoint(&self, task: &Task) -> Option<SocketAddr> {
        self.route.endpoints.known()?.get(&task.arn).copied()
    }

    /// Whether somebody answers at the endpoint, as far as was asked.
    fn answers(&self, endpoint: SocketAddr) -> bool {
        self.route.readiness.get(&endpoint).is_some_and(Readiness::answers)
    }

    /// Leads one pointer to the target, unless it leads there or cannot.
    fn point(
        &self,
        pointer: &Pointer,
        integration: &Integration,
        lead: Lead<'_>,
        target: &Candidate<'_>,
        unready: Option<&str>,
    ) -> Plan {
        if matches!(lead, Lead::Task(_, endpoint) if endpoint == target.endpoint) {
            return held(Hold::AlreadyRouted {
                pointer: pointer.to_string(),
                endpoint: target.endpoint,
                task: target.task.id().to_owned(),
            });
        }
        if let Some(hold) = contested::hold(self, pointer, integration, lead) {
            return held(hold);
        }
        let (api, from) = (self.route.api.clone(), integration.uri.clone());
        let (task, unready) = (target.task.id().to_owned(), unready.map(str::to_owned));
        let step = match pointer {
            Pointer::Integration(id) => Step::PointIntegration {
                to: uri::leading_to(target.endpoint, from.as_deref()),
                integration: id.clone(),
                api,
                from,
                task,
                unready,
            },
            Pointer::StageVariable { stage, name } => {
                match uri::value_leading_to(target.endpoint, self.route.port, from.as_deref()) {
                    Ok(to) => Step::SetStageVariable {
                        stage: stage.clone(),
                        variable: name.clone(),
                        api,
                        from,
                        to,
                        task,
                        unready,
                    },
                    Err(value) => {
                        return held(Hold::ValueNotAllowed { variable: name.clone(), value });
                    }
                }
            }
        };
        Plan { steps: vec![step], ..Plan::default() }
    }

    /// What to do while no task is known to answer.
    fn without_a_ready_task(&self, survey: &Survey<'_>) -> Plan {
        let mut plan = Plan::default();
        let parking = parking::of(self);
        if self.draining().any(|endpoint| self.answers(endpoint)) {
            plan.steps.extend(maintenance::clear(self, None));
        } else if self.asks(survey).is_empty() {
            let unreachable = survey.unreachable().or_else(|| maintenance::doubt(self));
            let page = maintenance::due(self).filter(|_| unreachable.is_none());
            if let Some(page) = page.or_else(|| parking.page(self)) {
                plan = maintenance::show(self, page);
                plan.steps.splice(0..0, parking.note(self));
                plan.holds.extend(survey.awaited_beside(None));
                return plan;
            }
            plan = maintenance::prepare(self, unreachable);
        }
        let fallback = survey.fallback();
        let mut kept = None;
        for (pointer, integration, lead) in self.pointers() {
            let chosen = fallback.and_then(|_| self.chosen_by_people(pointer, integration, lead));
            if let Some(hold) = chosen {
                kept = kept.or(Some(None));
                plan.holds.extend(Some(hold).filter(|hold| !plan.holds.contains(hold)));
                continue;
            }
            match (lead, fallback) {
                (Lead::Maintenance, _) => {
                    kept = kept.or(Some(None));
                    let integration = pointer.to_string();
                    plan.holds.push(Hold::InMaintenance { integration });
                }
                (Lead::Task(task, endpoint), _) if task.runs() || self.answers(endpoint) => {
                    kept = kept.or(Some(Some(endpoint)));
                    plan.holds.push(Hold::NoBetterTask {
                        pointer: pointer.to_string(),
                        endpoint,
                        task: task.id().to_owned(),
                    });
                }
                (Lead::Task(..) | Lead::Parked | Lead::Elsewhere, Some((target, because))) => {
                    plan.append(self.point(pointer, integration, lead, target, Some(because)));
                }
                (Lead::Task(..) | Lead::Parked | Lead::Elsewhere, None) => {}
            }
        }
        match fallback {
            Some((target, _)) => plan.append(stages::deploy(self, target, &plan)),
            None => plan.append(parking.plan(self)),
        }
        match (kept, fallback) {
            (Some(present), _) => plan.holds.extend(survey.awaited_beside(present)),
            (None, Some(_)) => {}
            (None, None) => {
                plan.holds.push(survey.no_address(self.route.ports).unwrap_or(Hold::NoRunningTask));
            }
        }
        plan
    }

    /// Why Eden does not lead a pointer from the host that people chose to a task that does not answer: the
    /// API answers well there, or has to be asked first. Such a host is a name, or an address of this
    /// account.
    fn chosen_by_people(
        &self,
        pointer: &Pointer,
        integration: &Integration,
        lead: Lead<'_>,
    ) -> Option<Hold> {
        let is_named = integration.uri.as_deref().is_some_and(uri::names_a_host);
        if lead != Lead::Elsewhere || !self.may_answer() {
            return None;
        }
        match self.api {
            Some(ApiAnswer::Good { .. }) => {
                let is_chosen = is_named || parking::is_owned(self, pointer, integration);
                is_chosen.then_some(Hold::ApiAnswersWell)
            }
            None => is_named.then_some(Hold::ApiToBeAsked),
            Some(
                ApiAnswer::Bad(_)
                | ApiAnswer::Unclear { .. }
                | ApiAnswer::NotReached(_)
                | ApiAnswer::NotAsked,
            ) => None,
        }
    }

    fn state(&self, plan: &Plan) -> State {
        let moves = plan.steps.iter().any(is_move);
        let owed = !moves && plan.steps.iter().any(|it| matches!(it, Step::DeployStage { .. }));
        let lost = leads_on(plan) && self.pointers().any(|(.., lead)| self.is_lost(lead));
        if owed || lost {
            State::Stale
        } else if contested::is_contested(plan) {
            State::Contested
        } else if stages::is_stuck(plan) && !matches!(self.api, Some(ApiAnswer::Good { .. })) {
            State::NotShown
        } else if plan.unknown_facts().next().is_some() {
            State::Unknown
        } else {
            State::Good
        }
    }

    /// Whether no task runs there, or one that was asked and did not answer.
    fn is_lost(&self, lead: Lead<'_>) -> bool {
        match lead {
            Lead::Task(task, endpoint) => match self.route.readiness.get(&endpoint) {
                Some(Readiness::NotReady(..) | Readiness::Unreachable(_)) => true,
                Some(Readiness::Ready | Readiness::Unclear(_) | Readiness::Limited(_)) | None => {
                    !task.runs()
                }
            },
            Lead::Maintenance | Lead::Parked | Lead::Elsewhere => true,
        }
    }
}

/// The stage variable that an integration takes its host from. Each stage may have its own, so an address
/// written over it would lead them all to the same tasks.
pub fn host_variable<'a>(pointer: &Pointer, integration: &'a Integration) -> Option<&'a str> {
    let uri = integration.uri.as_deref().filter(|_| matches!(pointer, Pointer::Integration(_)));
    uri.and_then(uri::host_variable)
}

/// Whether there is a task that a pointer should be led to, even if it cannot be.
fn leads_on(plan: &Plan) -> bool {
    let to_a_task =
        |step: &Step| matches!(step, Step::PointIntegration { .. } | Step::SetStageVariable { .. });
    let refused = |hold: &Hold| matches!(hold, Hold::ValueNotAllowed { .. });
    plan.steps.iter().any(to_a_task) || plan.holds.iter().any(refused)
}

/// Whether a pointer leads to none of the tasks: perhaps to one that was not read.
pub fn leads_astray(view: &View<'_>) -> bool {
    view.pointers().any(|(.., lead)| lead == Lead::Elsewhere)
}

/// Whether a step leads a pointer elsewhere.
pub fn is_move(step: &Step) -> bool {
    matches!(
        step,
        Step::PointIntegration { .. }
            | Step::SetStageVariable { .. }
            | Step::ShowMaintenance { .. }
            | Step::Park { .. }
    )
}

/// Whether a step is one that [`decide`] plans.
pub fn is_of_route(step: &Step) -> bool {
    match step {
        Step::PointIntegration { .. }
        | Step::SetStageVariable { .. }
        | Step::ShowMaintenance { .. }
        | Step::Park { .. }
        | Step::DeployStage { .. }
        | Step::MarkUnserved { .. }
        | Step::ClearUnserved { .. }
        | Step::MarkOverwritten { .. } => true,
        Step::RestoreDesiredCount { .. }
        | Step::MarkSuspect { .. }
        | Step::ClearSuspect { .. }
        | Step::MarkCondition { .. }
        | Step::ClearCondition { .. }
        | Step::MarkFailing { .. }
        | Step::ClearFailing { .. }
        | Step::StopTask { .. }
        | Step::ForceDeployment { .. }
        | Step::RollBack { .. } => false,
    }
}

fn held(hold: Hold) -> Plan {
    Plan { holds: vec![hold], ..Plan::default() }
}

/// `at` plus `by`; the end of time instead of an overflow.
fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
