//! What health-monitor sees of the service, and what follows from it. Nothing is changed here.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use eden_input::Hints;
use eden_policy::facts::{ApiAnswer, Facts, Failing, Observed, Refused, Route, Task, task_id};
use eden_policy::health::{self, Finding, Rules};
use eden_policy::route::{self, View};
use eden_policy::{Diagnosis, Hold, Plan, Routing};
use jiff::Timestamp;

use crate::config::{Gateway, HealthMonitorConfig};
use crate::edge::Edge;
use crate::probe::Question;
use crate::{observe, probe, routing};

/// What looks for one invocation.
pub(super) struct Eye<'a> {
    pub(super) config: &'a HealthMonitorConfig,
    pub(super) edge: &'a Edge,
    /// Whether the API may be asked as well.
    pub(super) asks_api: bool,
}

impl Eye<'_> {
    /// What there is to see, and what follows from it.
    pub(super) async fn look(&self, suspects: &Suspects) -> (Facts, Finding) {
        let Eye { config, edge, asks_api } = *self;
        let hints = edge.memory.with(&Hints::default());
        let mut facts = Box::pin(observe::health(edge, config, &hints, asks_api)).await;
        suspects.recall(&mut facts);
        edge.memory.recall(&mut facts.service, config.target.mode);
        let default = Routing::default();
        let routing = config.gateway.as_ref().map_or(&default, |gateway| &gateway.routing);
        let rules = Rules { limits: &config.limits, routing, mode: config.target.mode };
        self.probe(&mut facts, routing).await;
        let now = edge.aws.now();
        let asks = health::asks(&facts, rules, now);
        observe::complete(&edge.aws, config, &mut facts, &asks).await;
        let mut finding = health::decide(&facts, rules, edge.aws.now());
        let to_be_asked = finding.plan.holds.contains(&Hold::OwnersToBeAsked);
        if to_be_asked || writes_over_somebody(&facts, &finding.plan) {
            self.ask_for_owners(&mut facts, routing).await;
            finding = health::decide(&facts, rules, edge.aws.now());
        }
        if let (true, Some(gateway)) =
            (finding.plan.holds.contains(&Hold::ApiToBeAsked), config.gateway.as_ref())
        {
            let answer = observe::api(&edge.aws, &edge.web, &config.people, Some(gateway)).await;
            facts.api = Observed::Known(answer);
            finding = health::decide(&facts, rules, edge.aws.now());
        }
        edge.memory.notice(&facts, &finding, edge.aws.now());
        (facts, finding)
    }

    /// Reads which interfaces of this account own the addresses that the route leads to, before the route
    /// is parked or led back.
    async fn ask_for_owners(&self, facts: &mut Facts, routing: &Routing) {
        let Eye { config, edge, .. } = *self;
        let (Some(tasks), Some(route)) = (facts.tasks.known(), &mut facts.route) else { return };
        let (service, now) = (facts.service.known(), edge.aws.now());
        let addresses = route::addresses(&View::of(service, tasks, route, routing, now));
        if addresses.is_empty() {
            return;
        }
        route.owners = observe::owners(&edge.aws, &config.target, tasks, &addresses).await;
    }

    /// Asks the tasks whether they answer: all of them when there is a path to ask for, otherwise
    /// those that the route's decision asks about. Where it is known that the API does not answer well,
    /// and there is no path, all are asked for `/`: is it they who fail, or what is before them?
    async fn probe(&self, facts: &mut Facts, routing: &Routing) {
        let Eye { config, edge, .. } = *self;
        let Observed::Known(tasks) = &facts.tasks else { return };
        edge.memory.keep(tasks);
        let (Some(gateway), Some(route)) = (&config.gateway, &mut facts.route) else { return };
        if let (Some(_), true, Observed::Known(endpoints)) =
            (&gateway.probe.path, routing.probing, route.endpoints.clone())
        {
            let running = tasks.iter().filter(|task| task.runs());
            let running: Vec<_> =
                running.filter_map(|task| endpoints.get(&task.arn).copied()).collect();
            routing::ask(edge, gateway, route, |route| {
                let asked = |at: &SocketAddr| route.readiness.contains_key(at);
                running.iter().copied().filter(|at| !asked(at)).collect()
            })
            .await;
        }
        let unwell = match facts.api.known() {
            Some(ApiAnswer::Bad(_) | ApiAnswer::Unclear { .. } | ApiAnswer::NotReached(_)) => true,
            Some(ApiAnswer::Good { .. } | ApiAnswer::NotAsked) | None => false,
        };
        if let (None, true, Observed::Known(endpoints)) =
            (&gateway.probe.path, routing.probing && unwell, &route.endpoints)
        {
            let running = tasks.iter().filter(|task| task.runs());
            let running = running.filter_map(|task| endpoints.get(&task.arn).copied());
            let question = Question::of(gateway, route);
            facts.answers = probe::answers(&*edge.network, question, running).await;
        }
        let (service, now) = (facts.service.known(), edge.aws.now());
        routing::ask(edge, gateway, route, |route| {
            route::asks(&View::of(service, tasks, route, routing, now))
        })
        .await;
        if routing.probing {
            probe_disconnected(edge, gateway, route, tasks).await;
        }
    }
}

/// Probes the tasks whose container agents are disconnected: of a dead host's task that has no traffic
/// nothing else shows that it is gone.
async fn probe_disconnected(edge: &Edge, gateway: &Gateway, route: &mut Route, tasks: &[Task]) {
    routing::ask(edge, gateway, route, |route| {
        let endpoint = |task: &Task| route.endpoints.known()?.get(&task.arn).copied();
        let lost = tasks.iter().filter(|task| task.runs() && !task.connected);
        let asked = |at: &SocketAddr| route.readiness.contains_key(at);
        lost.filter_map(endpoint).filter(|at| !asked(at)).collect()
    })
    .await;
}

/// Whether the plan moves the route before the owner of the address that it leads to was read. If an
/// interface of this account owns it, the move is noted.
fn writes_over_somebody(facts: &Facts, plan: &Plan) -> bool {
    let unasked = |route: &Route| route.owners == Observed::Known(None);
    plan.steps.iter().any(route::is_move) && facts.route.as_ref().is_some_and(unasked)
}

/// What this invocation has noted, for its later looks: the tasks that it has found sick, by id, and
/// since when; since when it has found the service failing as a whole; and what AWS has refused. Where
/// nothing may be noted in tags, in `observe`, a later look knows by this what would be done; and a tag
/// that is not shown yet costs no time.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    sick: BTreeMap<String, Timestamp>,
    service: Option<Failing>,
    refused: Vec<Refused>,
}

impl Suspects {
    pub(super) fn note(&mut self, facts: &Facts, finding: &Finding, unhealthy_for: Duration) {
        self.note_tasks(finding, unhealthy_for);
        let waits = finding.plan.holds.iter().find_map(|hold| match hold {
            Hold::FailingNotYet { since, .. } => Some(*since),
            _ => None,
        });
        let primary = facts.service.known().and_then(|service| service.primary());
        if let (Some(since), Some(primary)) = (waits, primary) {
            self.service = Some(Failing { since, definition: primary.runs().to_owned() });
        } else if !matches!(
            finding.diagnosis,
            Diagnosis::ServiceSick | Diagnosis::TooFewTasks { .. }
        ) {
            self.service = None;
        }
    }

    fn note_tasks(&mut self, finding: &Finding, unhealthy_for: Duration) {
        let sick = match &finding.diagnosis {
            Diagnosis::TaskSick { tasks } => tasks.as_slice(),
            _ => &[],
        };
        self.sick.retain(|id, _| sick.iter().any(|arn| task_id(arn) == id));
        let since = |hold: &Hold| match hold {
            Hold::SuspectNotYet { task, until } => {
                Some((task.clone(), until.checked_sub(unhealthy_for).ok()?))
            }
            _ => None,
        };
        self.sick.extend(finding.plan.holds.iter().filter_map(since));
    }

    pub(super) fn refuse(&mut self, refused: Vec<Refused>) {
        self.refused.extend(refused);
    }

    fn recall(&self, facts: &mut Facts) {
        if let Observed::Known(service) = &mut facts.service {
            service.refused.extend(self.refused.iter().cloned());
        }
        if let Observed::Known(tasks) = &mut facts.tasks {
            for task in tasks {
                task.suspect_since = task.suspect_since.or(self.sick.get(task.id()).copied());
            }
        }
        if let Observed::Known(service) = &mut facts.service {
            service.failing = service.failing.take().or(self.service.clone());
        }
    }
}
