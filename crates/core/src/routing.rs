//! Routing: looks, decides and writes until there is nothing left to write. Both functions use it.
//!
//! # Why this settles
//!
//! An invocation ends only after a look that came after its last write and found nothing to write.
//! Of all invocations, take the one that wrote last: its last look saw the route as it still is, so
//! the route was right then; whatever changed later makes an event of its own. A look that was
//! answered with the past decides on the past, but then its write is looked at again, and put right
//! by the same rule. Two invocations agree on the target, because the decision depends on nothing
//! but what AWS says and whether tasks answer, so they cannot chase each other.

use std::collections::BTreeMap;
use std::mem;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use eden_input::Hints;
use eden_policy::facts::{ApiAnswer, Observed, Readiness, Route, Serves, Service};
use eden_policy::plan::{Fact, Rejected, Rejection};
use eden_policy::route::{self, View, is_move};
use eden_policy::{Hold, Plan, Step, mode};
use futures_util::StreamExt;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::act::{self, Attempt, Outcome};
use crate::config::{Gateway, People, Target};
use crate::edge::Edge;
use crate::notify::Trail;
use crate::observe::{self, Of, RouteFacts, Wanted};
use crate::probe::{self, ASKING, Question};

/// So often an invocation writes: the route, then what somebody else changed in the meantime.
const ROUNDS: usize = 4;
/// So much later than the first the other invocations look whether the maintenance page is shown.
const BEAT: Duration = Duration::from_secs(1);
/// How long to wait between two probes of a task that is awaited.
const POLL: Duration = Duration::from_millis(500);
/// So many tasks are probed each time, in turn: each event of a large service makes an invocation
/// that waits.
const POLLED: usize = 8;
/// How long to wait for the next look for an address, look by look (F24).
const LOOKS: [Duration; 4] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// What to look at before a last resort: a target that nobody hinted at may be draining, and still
/// answer.
const EVERY_TASK: &[Wanted] = &[Wanted::Running, Wanted::Stopped];

/// What became of the route.
#[derive(Debug, Default)]
#[must_use]
pub struct Reconciled {
    /// The last decision: what there was left to hold, and which tasks were passed over.
    pub plan: Plan,
    /// Every step that was taken.
    pub attempts: Vec<Attempt>,
    /// When the first write of the route was done.
    pub moved_at: Option<Timestamp>,
    /// Whether others changed the route as often as this wrote it.
    pub unsettled: bool,
    /// Audit events that could not be written, in words.
    pub unaudited: Vec<String>,
    /// So many of the steps are in the trail.
    audited: usize,
}

impl Reconciled {
    /// Writes the steps into the trail that are not in it yet.
    async fn audit(&mut self, trail: &Trail<'_>) {
        let failed = trail.write(&self.attempts[self.audited..]).await;
        self.audited = self.attempts.len();
        self.unaudited.extend(failed);
    }
}

/// The route of one service.
#[derive(Debug, Clone, Copy)]
pub struct Reconciler<'a> {
    /// What to look and write through.
    pub edge: &'a Edge,
    /// Whose route it is.
    pub target: &'a Target,
    /// Where it is written.
    pub gateway: &'a Gateway,
    /// Whose API's URL is asked before the maintenance page comes.
    pub people: &'a People,
}

impl Reconciler<'_> {
    /// Leads the route to a task that answers; waits up to `patience` for one that is to take over.
    /// What is written is told in the trail.
    ///
    /// Guarantees: at most four rounds of writing; after the last that changed the route it was looked
    /// at again. Nothing is written on facts that could not be read, nor once more that failed.
    pub async fn reconcile(
        &self,
        event: &Hints,
        patience: Duration,
        trail: &Trail<'_>,
    ) -> Reconciled {
        let mut reconciled = Reconciled::default();
        let last = Box::pin(self.settle(event, patience, trail, &mut reconciled)).await;
        reconciled.audit(trail).await;
        reconciled.plan = telling(last, reconciled.plan.rejected);
        reconciled
    }

    /// What one look would have written, and what would have been held; nothing is written or
    /// waited for.
    pub async fn plan(&self) -> Plan {
        let (mut wanted, mut asked): (&[Wanted], _) = (&[Wanted::Running], BTreeMap::new());
        loop {
            let (facts, plan) = self.look(&Hints::default(), wanted, mem::take(&mut asked)).await;
            if wanted == EVERY_TASK || !self.is_rash(&plan, &facts) {
                return plan;
            }
            (wanted, asked) = (EVERY_TASK, facts.route.readiness);
        }
    }

    /// Looks and decides.
    async fn look(
        &self,
        event: &Hints,
        wanted: &[Wanted],
        asked: BTreeMap<SocketAddr, Readiness>,
    ) -> (RouteFacts, Plan) {
        let Reconciler { edge, target, gateway, .. } = *self;
        let hints = edge.memory.with(event);
        let mut facts = observe::route(&edge.aws, target, gateway, wanted, &hints).await;
        facts.route.readiness = asked;
        let plan = self.decide(&mut facts).await;
        (facts, plan)
    }

    /// Whether the plan takes a last resort, or leaves the route to somebody else, before the stopped tasks
    /// were read as well: one of them may still answer, or own the address.
    fn is_rash(&self, plan: &Plan, facts: &RouteFacts) -> bool {
        let yields = |hold: &Hold| matches!(hold, Hold::RouteContested { .. });
        let is_rash = plan.steps.iter().any(is_last_resort) || plan.holds.iter().any(yields);
        is_rash && self.leads_astray(facts)
    }

    /// Looks, decides and writes in turn; returns the last decision, without what was not done.
    async fn settle(
        &self,
        event: &Hints,
        patience: Duration,
        trail: &Trail<'_>,
        reconciled: &mut Reconciled,
    ) -> Plan {
        let deadline = later(self.edge.aws.now(), patience);
        let (mut looks, mut rounds, mut failed) = (LOOKS.iter(), 0, false);
        let (mut wanted, mut asked): (&[Wanted], _) = (&[Wanted::Running], BTreeMap::new());
        loop {
            let look = self.look(event, wanted, mem::take(&mut asked));
            let ((facts, plan), ()) = tokio::join!(look, reconciled.audit(trail));
            if wanted != EVERY_TASK && self.is_rash(&plan, &facts) {
                (wanted, asked) = (EVERY_TASK, facts.route.readiness);
                continue;
            }
            if failed {
                return Plan { steps: Vec::new(), ..plan };
            }
            if plan.steps.is_empty() {
                let attempts = &reconciled.attempts;
                let wait = self.wait(&plan, &facts.route, deadline, &mut looks, attempts);
                if wait.await {
                    continue;
                }
                return plan;
            }
            rounds += 1;
            reconciled.unsettled = rounds > ROUNDS;
            if reconciled.unsettled {
                return Plan { steps: Vec::new(), ..plan };
            }
            let attempts = self.act(&plan, reconciled).await;
            failed = attempts.iter().any(|it| it.outcome.is_err());
            let moved = attempts.iter().any(is_done_move);
            reconciled.attempts.extend(attempts);
            if failed && !moved {
                return Plan { steps: Vec::new(), ..plan };
            }
            reconciled.plan.rejected.extend(plan.rejected);
        }
    }

    /// Takes the steps.
    async fn act(&self, plan: &Plan, reconciled: &mut Reconciled) -> Vec<Attempt> {
        let Edge { aws, .. } = self.edge;
        let steps = plan.steps.clone();
        let attempts = act::execute(aws, self.target, self.gateway.api_type, steps).await;
        if attempts.iter().any(is_done_move) {
            reconciled.moved_at.get_or_insert(aws.now());
        }
        attempts
    }

    /// Decides on the facts, and reads what the decision asks for beyond them.
    async fn decide(&self, facts: &mut RouteFacts) -> Plan {
        let RouteFacts { service, tasks, route } = facts;
        let tasks = match tasks {
            Observed::Known(tasks) => tasks,
            Observed::Unknown(because) => {
                let hold = Hold::FactUnknown { fact: Fact::Tasks, because: because.clone() };
                return Plan { holds: vec![hold], ..Plan::default() };
            }
        };
        self.edge.memory.keep(tasks);
        let now = self.edge.aws.now();
        let routing = &self.gateway.routing;
        ask(self.edge, self.gateway, route, |route| {
            route::asks(&View::of(service.known(), tasks, route, routing, now))
        })
        .await;
        let decide = |route: &Route, api: Option<&ApiAnswer>| {
            let view = View::of(service.known(), tasks, route, routing, now);
            route::decide(&View { api, ..view }).plan
        };
        let mut plan = decide(route, None);
        if plan.holds.contains(&Hold::OwnersToBeAsked) {
            let view = View::of(service.known(), tasks, route, routing, now);
            let addresses = route::addresses(&view);
            let Reconciler { edge, target, .. } = *self;
            route.owners = observe::owners(&edge.aws, target, tasks, &addresses).await;
            plan = decide(route, None);
        }
        let mut api = None;
        if plan.holds.contains(&Hold::ApiToBeAsked) {
            api = Some(self.ask_the_api().await);
            plan = decide(route, api.as_ref());
        }
        if plan.steps.is_empty() && has_unread_stages(route) {
            let of = Of::ManualStages;
            observe::deployments(&self.edge.aws, self.gateway, &mut route.stages, of).await;
            plan = decide(route, api.as_ref());
        }
        // People are told of it by health-monitor, once: each change of a task may wake ip-updater.
        plan.steps.retain(|step| !step.is_of_health_monitor());
        let mut plan = mode::restrain(plan, self.target.mode, service);
        if let Observed::Unknown(because) = service
            && plan.unknown_facts().next().is_none()
        {
            // Without the service no task counts as one of the PRIMARY deployment.
            plan.holds.push(Hold::FactUnknown { fact: Fact::Service, because: because.clone() });
        }
        if let Some(because) = service.known().and_then(Service::unread_shift) {
            // The old tasks keep the route meanwhile, but perhaps for too long.
            let because = because.to_owned();
            plan.holds.push(Hold::FactUnknown { fact: Fact::Shift, because });
        }
        plan
    }

    async fn ask_the_api(&self) -> ApiAnswer {
        let Reconciler { edge, gateway, people, .. } = *self;
        observe::api(&edge.aws, &edge.web, people, Some(gateway)).await
    }

    /// Whether something leads to none of the tasks that were read.
    fn leads_astray(&self, facts: &RouteFacts) -> bool {
        let (service, now) = (facts.service.known(), self.edge.aws.now());
        let (route, routing) = (&facts.route, &self.gateway.routing);
        let tasks = facts.tasks.known().map_or(&[][..], Vec::as_slice);
        route::leads_astray(&View::of(service, tasks, route, routing, now))
    }

    /// Waits until another look may lead to another decision; `false` when there is nothing to
    /// wait for, or no time left.
    async fn wait(
        &self,
        plan: &Plan,
        route: &Route,
        deadline: Timestamp,
        looks: &mut std::slice::Iter<'_, Duration>,
        attempts: &[Attempt],
    ) -> bool {
        let now = self.edge.aws.now();
        // One outage makes many events: who noted its beginning is the first to show the page, else
        // all of them would show it and tell people at the same moment.
        let noted =
            |it: &Attempt| matches!(it.step, Step::MarkUnserved { .. }) && it.outcome.is_ok();
        let late = if attempts.iter().any(noted) { Duration::ZERO } else { BEAT };
        let due = maintenance_due(plan).map(|due| later(due, late)).filter(|due| *due <= deadline);
        let until = match (plan.awaits_a_task(), due) {
            (true, due) => due.unwrap_or(deadline),
            (false, Some(due)) => due,
            (false, None) => return false,
        };
        if now >= until {
            return false;
        }
        let left = until.duration_since(now).unsigned_abs();
        let unaddressed = plan.rejected.iter().any(|it| it.because == Rejection::NoAddress);
        if unaddressed {
            let pause = looks.next().copied().unwrap_or(Duration::from_secs(3));
            tokio::time::sleep(pause.min(left)).await;
            return true;
        }
        let changed = self.until_readiness_changes(route);
        // When the time is up, whatever is due then is; at the deadline nothing is.
        let changed = tokio::time::timeout(left, changed).await.is_ok();
        changed || due.is_some()
    }

    async fn until_readiness_changes(&self, route: &Route) {
        let (known, once) = (&route.readiness, Question::of(self.gateway, route).once());
        let polled = known.len().min(POLLED);
        let mut in_turn = known.keys().copied().cycle();
        loop {
            tokio::time::sleep(POLL).await;
            let endpoints: Vec<_> = in_turn.by_ref().take(polled).collect();
            let until = Instant::now() + once.probe.timeout;
            let mut probes = pin!(probe::all(&*self.edge.network, &once, until, endpoints));
            while let Some((endpoint, found)) = probes.next().await {
                let was_ready = known.get(&endpoint) == Some(&Readiness::Ready);
                if was_ready != (found == Readiness::Ready) {
                    return;
                }
            }
        }
    }
}

/// Probes what a decision asks about, until it asks nothing more, or for [`ASKING`]: many tasks
/// that do not even refuse a connection must not keep the route where it is.
pub async fn ask(
    edge: &Edge,
    gateway: &Gateway,
    route: &mut Route,
    asks: impl Fn(&Route) -> Vec<SocketAddr>,
) {
    let until = Instant::now() + ASKING;
    while Instant::now() + gateway.probe.timeout <= until {
        let asked = asks(route);
        if asked.is_empty() {
            return;
        }
        let question = Question::of(gateway, route);
        let probes = probe::all(&*edge.network, &question, until, asked);
        route.readiness.extend(probes.collect::<Vec<_>>().await);
    }
}

fn is_done_move(attempt: &Attempt) -> bool {
    is_move(&attempt.step) && matches!(attempt.outcome, Ok(Outcome::Done))
}

/// Whether a step is only planned because no task is known to answer.
fn is_last_resort(step: &Step) -> bool {
    match step {
        Step::PointIntegration { unready, .. } | Step::SetStageVariable { unready, .. } => {
            unready.is_some()
        }
        Step::ShowMaintenance { .. } | Step::Park { .. } | Step::MarkUnserved { .. } => true,
        Step::ClearUnserved { .. }
        | Step::MarkOverwritten { .. }
        | Step::DeployStage { .. }
        | Step::RestoreDesiredCount { .. }
        | Step::MarkFailing { .. }
        | Step::ClearFailing { .. }
        | Step::MarkSuspect { .. }
        | Step::ClearSuspect { .. }
        | Step::MarkCondition { .. }
        | Step::ClearCondition { .. }
        | Step::StopTask { .. }
        | Step::ForceDeployment { .. }
        | Step::RollBack { .. } => false,
    }
}

fn has_unread_stages(route: &Route) -> bool {
    let unread = |serves: &Serves| matches!(serves, Serves::NotRead(_));
    let stages = route.stages.known().map_or(&[][..], Vec::as_slice);
    stages.iter().any(|stage| !stage.auto_deploy && unread(&stage.serves))
}

fn maintenance_due(plan: &Plan) -> Option<Timestamp> {
    plan.holds.iter().find_map(|hold| match hold {
        Hold::MaintenanceNotYet { until } => Some(*until),
        _ => None,
    })
}

/// The last decision, with the tasks that earlier ones passed over: the last one need not have
/// asked them again. A task that the route leads to by now was not passed over after all.
fn telling(last: Plan, earlier: Vec<Rejected>) -> Plan {
    let leads_to =
        |hold: &Hold, id: &str| matches!(hold, Hold::AlreadyRouted { task, .. } if task == id);
    let mut told = last;
    for rejected in earlier {
        let known = told.rejected.iter().any(|it| it.task == rejected.task);
        if !known && !told.holds.iter().any(|hold| leads_to(hold, &rejected.task)) {
            told.rejected.push(rejected);
        }
    }
    told
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
