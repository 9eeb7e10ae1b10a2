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
use std::net::SocketAddr;
use std::time::Duration;

use eden_policy::facts::{Observed, Readiness, Route, Serves};
use eden_policy::plan::{Fact, Rejection};
use eden_policy::route::{self, View, is_move};
use eden_policy::{Hold, Plan, mode};
use jiff::Timestamp;

use crate::act::{self, Attempt, Outcome};
use crate::config::{Gateway, Probe, Target};
use crate::edge::Edge;
use crate::memory::Hints;
use crate::observe::{self, Of, RouteFacts};
use crate::probe;

/// So often an invocation writes: the route, then what somebody else changed in the meantime.
const ROUNDS: usize = 4;
/// How long to wait between two probes of a task that is awaited.
const POLL: Duration = Duration::from_millis(500);
/// How long to wait for the next look for an address, look by look (F24).
const LOOKS: [Duration; 4] = [
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// What became of the route.
#[derive(Debug, Default)]
#[must_use]
pub struct Reconciled {
    /// The last decision: what there was left to hold.
    pub plan: Plan,
    /// Every step that was taken.
    pub attempts: Vec<Attempt>,
    /// When the first write of the route was done.
    pub moved_at: Option<Timestamp>,
    /// Whether others changed the route as often as this wrote it.
    pub unsettled: bool,
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
}

impl Reconciler<'_> {
    /// Leads the route to a task that answers; waits up to `patience` for one that is to take over.
    ///
    /// Guarantees: at most four rounds of writing; after the last of them the route was looked at
    /// again, unless a step failed. Nothing is written on facts that could not be read.
    pub async fn reconcile(&self, event: &Hints, patience: Duration) -> Reconciled {
        let deadline = later(self.edge.aws.now(), patience);
        let mut reconciled = Reconciled::default();
        let (mut looks, mut rounds) = (LOOKS.iter(), 0);
        loop {
            let hints = self.edge.memory.with(event);
            let mut facts = observe::route(&self.edge.aws, self.target, self.gateway, &hints).await;
            let plan = self.decide(&mut facts).await;
            if plan.steps.is_empty() {
                let wait = self.wait(&plan, &facts.route, deadline, &mut looks);
                if wait.await {
                    continue;
                }
                return Reconciled { plan, ..reconciled };
            }
            rounds += 1;
            if rounds > ROUNDS {
                return Reconciled { plan: without_steps(plan), unsettled: true, ..reconciled };
            }
            if !self.act(&plan, &mut reconciled).await {
                return Reconciled { plan: without_steps(plan), ..reconciled };
            }
        }
    }

    /// Takes the steps; whether all of them succeeded.
    async fn act(&self, plan: &Plan, reconciled: &mut Reconciled) -> bool {
        let Edge { aws, .. } = self.edge;
        let steps = plan.steps.clone();
        let attempts = act::execute(aws, self.target, self.gateway.api_type, steps).await;
        if attempts.iter().any(|it| is_move(&it.step) && matches!(it.outcome, Ok(Outcome::Done))) {
            reconciled.moved_at.get_or_insert(aws.now());
        }
        let succeeded = attempts.iter().all(|attempt| attempt.outcome.is_ok());
        reconciled.attempts.extend(attempts);
        succeeded
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
            route::asks(&View { service: service.known(), tasks, route, routing, now })
        })
        .await;
        let decide = |route: &Route| {
            let view = View { service: service.known(), tasks, route, routing, now };
            route::decide(&view).plan
        };
        let mut plan = decide(route);
        if plan.steps.is_empty() && has_unread_stages(route) {
            let of = Of::ManualStages;
            observe::deployments(&self.edge.aws, self.gateway, &mut route.stages, of).await;
            plan = decide(route);
        }
        mode::restrain(plan, self.target.mode, service)
    }

    /// Waits until another look may lead to another decision; `false` when there is nothing to
    /// wait for, or no time left.
    async fn wait(
        &self,
        plan: &Plan,
        route: &Route,
        deadline: Timestamp,
        looks: &mut std::slice::Iter<'_, Duration>,
    ) -> bool {
        let now = self.edge.aws.now();
        let due = maintenance_due(plan).filter(|due| *due <= deadline);
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
        let changed = self.until_readiness_changes(&route.readiness);
        // When the time is up, whatever is due then is; at the deadline nothing is.
        let changed = tokio::time::timeout(left, changed).await.is_ok();
        changed || due.is_some()
    }

    async fn until_readiness_changes(&self, known: &BTreeMap<SocketAddr, Readiness>) {
        loop {
            tokio::time::sleep(POLL).await;
            for (endpoint, found) in self.probe(known.keys().copied()).await {
                let was_ready = known.get(&endpoint) == Some(&Readiness::Ready);
                if was_ready != (found == Readiness::Ready) {
                    return;
                }
            }
        }
    }

    async fn probe(
        &self,
        endpoints: impl IntoIterator<Item = SocketAddr>,
    ) -> BTreeMap<SocketAddr, Readiness> {
        let once = Probe { attempts: 1, ..self.gateway.probe.clone() };
        probe::all(&*self.edge.network, &once, endpoints).await
    }
}

/// Probes what a decision asks about, until it asks nothing more.
pub async fn ask(
    edge: &Edge,
    gateway: &Gateway,
    route: &mut Route,
    asks: impl Fn(&Route) -> Vec<SocketAddr>,
) {
    loop {
        let asked = asks(route);
        if asked.is_empty() {
            return;
        }
        route.readiness.extend(probe::all(&*edge.network, &gateway.probe, asked).await);
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

fn without_steps(plan: Plan) -> Plan {
    Plan { steps: Vec::new(), ..plan }
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
