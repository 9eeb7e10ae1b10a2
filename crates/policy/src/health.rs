//! Health: what is the matter with the service, and which remedy fits, if any.

use std::time::Duration;

use jiff::Timestamp;

use crate::facts::{
    Alarm, DeploymentController, Facts, LastStatus, Observed, RolloutState, Route, Service,
    ServiceStatus, Task, TaskHealth,
};
use crate::limits::{Limits, Routing};
use crate::plan::{Diagnosis, Fact, Hold, Plan, Step};
use crate::route::{self, State, View};

/// Diagnoses the service and plans its remedy.
///
/// Guarantees: no step rests on an unknown fact; no task is stopped that ECS does not call
/// UNHEALTHY; nothing is stopped or redeployed while a deployment is in progress or within the
/// limits' grace and cooldown; at most one redeployment is planned.
pub fn decide(
    facts: &Facts,
    limits: &Limits,
    routing: &Routing,
    now: Timestamp,
) -> (Diagnosis, Plan) {
    let mut plan = Plan::default();
    for (fact, because) in [
        (Fact::Service, facts.service.unknown()),
        (Fact::Tasks, facts.tasks.unknown()),
        (Fact::Alarm, facts.alarm.unknown()),
    ] {
        plan.holds
            .extend(because.map(|because| Hold::FactUnknown { fact, because: because.to_owned() }));
    }
    let (Observed::Known(service), Observed::Known(tasks)) = (&facts.service, &facts.tasks) else {
        return (Diagnosis::Unknown, plan);
    };
    if service.status != ServiceStatus::Active {
        plan.holds.push(Hold::ServiceNotActive { status: service.status });
        return (Diagnosis::NotActive { status: service.status }, plan);
    }
    let route = facts
        .route
        .as_ref()
        .map(|route| route::decide(&View { service: Some(service), tasks, route, routing, now }));
    let route_is = route.as_ref().map_or(State::Good, |route| route.state);
    plan.append(route.map(|route| route.plan).unwrap_or_default());
    if service.desired < limits.min_desired_count {
        let (from, to) = (service.desired, limits.min_desired_count);
        plan.steps.push(Step::RestoreDesiredCount { from, to });
        return (Diagnosis::BelowFloor { desired: from, floor: to }, plan);
    }
    if service.desired == 0 {
        plan.holds.push(Hold::ScaledToZero);
        return (Diagnosis::ScaledToZero, plan);
    }
    let route_changed_at = facts.route.as_ref().and_then(Route::changed_at);
    let alarm = facts.alarm.known().copied();
    let silenced = plan.holds.iter().any(|hold| matches!(hold, Hold::InMaintenance { .. }))
        || plan.steps.iter().any(|step| matches!(step, Step::ShowMaintenance { .. }));
    let patient = Patient { service, tasks, alarm, silenced, route_changed_at, limits, now };
    let unaddressed = patient.unaddressed(&plan);
    plan.holds.extend(unaddressed);
    let diagnosis = patient.diagnose(route_is);
    plan.append(patient.remedy(&diagnosis, route_is));
    (diagnosis, plan)
}

/// An active service that wants tasks, with all that judges it.
struct Patient<'a> {
    service: &'a Service,
    tasks: &'a [Task],
    alarm: Option<Alarm>,
    /// Whether the maintenance page answers in the service's place, so that no alarm rings however
    /// sick the service is.
    silenced: bool,
    route_changed_at: Option<Timestamp>,
    limits: &'a Limits,
    now: Timestamp,
}

impl Patient<'_> {
    /// Tasks have had the time to get an address, and none has one: the route cannot be known to be
    /// right (F24).
    fn unaddressed(&self, plan: &Plan) -> Option<Hold> {
        let hold = plan.holds.iter().find(|hold| matches!(hold, Hold::NoAddress { .. }))?;
        let fresh = |task: &Task| task.runs() && self.fresh(task, self.grace()).is_some();
        let because = hold.to_string();
        (!self.tasks.iter().any(fresh))
            .then_some(Hold::FactUnknown { fact: Fact::Addresses, because })
    }

    fn diagnose(&self, route: State) -> Diagnosis {
        let Service { running, desired, .. } = *self.service;
        let unhealthy: Vec<_> = self.unhealthy().map(|task| task.arn.clone()).collect();
        let rolling = self.rolling();
        if !unhealthy.is_empty() {
            Diagnosis::TasksUnhealthy { tasks: unhealthy }
        } else if route == State::Stale {
            Diagnosis::RouteStale
        } else if let Some(deployment) = rolling {
            Diagnosis::Rolling { deployment }
        } else if running >= desired && self.alarm.is_none() {
            Diagnosis::Unknown
        } else if running >= desired && self.alarm != Some(Alarm::Alarm) && !self.silenced {
            Diagnosis::Healthy
        } else if self.unsettled().is_some() {
            Diagnosis::Settling
        } else if running < desired {
            Diagnosis::TooFewTasks { running, desired }
        } else {
            Diagnosis::ServiceSick
        }
    }

    fn remedy(&self, diagnosis: &Diagnosis, route: State) -> Plan {
        let mut plan = Plan::default();
        match diagnosis {
            Diagnosis::TasksUnhealthy { .. } => plan = self.stop_unhealthy(),
            Diagnosis::TooFewTasks { .. } | Diagnosis::ServiceSick => {
                match self.redeploy(diagnosis, route) {
                    Ok(step) => plan.steps.push(step),
                    Err(hold) => plan.holds.push(hold),
                }
            }
            Diagnosis::Rolling { deployment } => {
                plan.holds.push(Hold::RolloutInProgress { deployment: deployment.clone() });
            }
            Diagnosis::Settling => plan.holds.extend(self.unsettled()),
            Diagnosis::RouteStale => {
                if self.alarm == Some(Alarm::Alarm) {
                    plan.holds.push(Hold::RouteRepairedFirst);
                }
            }
            Diagnosis::Healthy
            | Diagnosis::BelowFloor { .. }
            | Diagnosis::ScaledToZero
            | Diagnosis::NotActive { .. }
            | Diagnosis::Unknown => {}
        }
        plan
    }

    /// Tasks that fail their container health check, the longest-running first; UNKNOWN is no
    /// sickness (F20), and a task that is starting or stopping is not judged.
    fn unhealthy(&self) -> impl Iterator<Item = &Task> {
        let mut sick: Vec<_> = self
            .tasks
            .iter()
            .filter(|task| task.runs() && task.health == TaskHealth::Unhealthy)
            .collect();
        sick.sort_by_key(|task| (task.started_at, &task.arn));
        sick.into_iter()
    }

    fn stop_unhealthy(&self) -> Plan {
        let mut plan = Plan::default();
        if let Some(deployment) = self.rolling() {
            plan.holds.push(Hold::RolloutInProgress { deployment });
            return plan;
        }
        let mut ripe = Vec::new();
        for task in self.unhealthy() {
            match self.fresh(task, self.grace()) {
                Some(hold) => plan.holds.push(hold),
                None => ripe.push(task),
            }
        }
        let sick = self.unhealthy().count();
        let allowed = self.limits.stops_allowed(sick, self.service.desired);
        if ripe.len() > allowed {
            plan.holds.push(Hold::StopLimit { left: ripe.len() - allowed, allowed });
        }
        plan.steps.extend(ripe.into_iter().take(allowed).map(|task| Step::StopTask {
            task: task.arn.clone(),
            because: "container health check failing".to_owned(),
        }));
        plan
    }

    fn redeploy(&self, diagnosis: &Diagnosis, route: State) -> Result<Step, Hold> {
        if self.service.controller != DeploymentController::Ecs {
            return Err(Hold::ForeignDeploymentController);
        }
        if *diagnosis == Diagnosis::ServiceSick && route == State::Unknown {
            return Err(Hold::RouteUnknown);
        }
        let Some(primary) = self.service.primary() else {
            let because = "it has no PRIMARY deployment".to_owned();
            return Err(Hold::FactUnknown { fact: Fact::Service, because });
        };
        if primary.rollout == RolloutState::Failed {
            return Err(Hold::RolloutFailed { deployment: primary.id.clone() });
        }
        let until = later(primary.created_at, self.limits.redeploy_cooldown);
        if self.now < until {
            return Err(Hold::RedeployCooldown { until });
        }
        Ok(Step::ForceDeployment { replacing: primary.id.clone(), because: diagnosis.to_string() })
    }

    /// The id of the deployment that is replacing tasks, if one is.
    fn rolling(&self) -> Option<String> {
        self.service.rolling().map(|deployment| deployment.id.clone())
    }

    /// Why what is seen may be the past: a task on its way, fresh or just stopped, or a route
    /// that has just moved. The alarm looks back further than the tasks' own counts.
    fn unsettled(&self) -> Option<Hold> {
        let too_few = self.service.running < self.service.desired;
        let window =
            if too_few { self.grace() } else { self.grace().max(self.limits.alarm_settle) };
        let mut tasks: Vec<_> = self.tasks.iter().collect();
        tasks.sort_by_key(|task| &task.arn);
        let task = tasks.into_iter().find_map(|task| self.fresh(task, window));
        let moved = self.route_changed_at.filter(|_| !too_few).map(|at| later(at, window));
        let moved = moved.filter(|until| self.now < *until);
        task.or(moved.map(|until| Hold::RouteJustMoved { until }))
    }

    /// Why a task says nothing yet: it has yet to start, or started or stopped within `window`.
    fn fresh(&self, task: &Task, window: Duration) -> Option<Hold> {
        let held = |until| Some(Hold::WithinStartupGrace { task: task.id().to_owned(), until });
        let since = match task.last_status {
            LastStatus::Starting if task.wanted => return held(None),
            // A running task of unknown age may be a fresh one.
            LastStatus::Running if task.wanted => match task.started_at.or(task.created_at) {
                Some(since) => since,
                None => return held(None),
            },
            LastStatus::Starting | LastStatus::Running | LastStatus::Stopping => task.stopping_at?,
            LastStatus::Unknown => return None,
        };
        let until = later(since, window);
        if self.now < until { held(Some(until)) } else { None }
    }

    fn grace(&self) -> Duration {
        self.limits.startup_grace.max(self.service.health_check_grace)
    }
}

/// `at` plus `by`; the end of time instead of an overflow.
fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
