//! Everything a decision about the route rests on, as a chainable builder; what it wrote; and what
//! becomes of the facts when a plan is carried out.

use std::net::SocketAddr;
use std::time::Duration;

use eden_policy::facts::{
    ApiAnswer, Integration, Observed, Pointer, Requests, Route, Service, Task,
};
use eden_policy::route::{self, Decision, View};
use eden_policy::{Hold, Maintenance, Plan, Routing, Step};
use jiff::Timestamp;

use crate::fixtures::*;

#[derive(Debug, Clone)]
pub struct Scene {
    pub service: Option<Service>,
    pub tasks: Vec<Task>,
    pub route: Route,
    pub routing: Routing,
    pub api: Option<ApiAnswer>,
    pub requests: Option<Observed<Option<Requests>>>,
    pub now: Timestamp,
}

/// A steady service with these tasks, and this route to them; probes are on, and there is no
/// maintenance page.
pub fn scene(tasks: Vec<Task>, route: Route) -> Scene {
    let desired = u32::try_from(tasks.len()).unwrap();
    Scene {
        service: Some(service(desired)),
        tasks,
        route,
        routing: Routing::default(),
        api: None,
        requests: Some(Observed::Known(None)),
        now: now(),
    }
}

impl Scene {
    pub fn view(&self) -> View<'_> {
        let Scene { service, tasks, route, routing, api, requests, now } = self;
        let (service, api, requests) = (service.as_ref(), api.as_ref(), requests.as_ref());
        View { service, tasks, route, routing, api, requests, now: *now }
    }

    pub fn decide(&self) -> Decision {
        route::decide(&self.view())
    }

    pub fn plan(&self) -> Plan {
        self.decide().plan
    }

    pub fn asks(&self) -> Vec<SocketAddr> {
        route::asks(&self.view())
    }

    pub fn service(mut self, change: impl FnOnce(&mut Service)) -> Self {
        change(self.service.as_mut().unwrap());
        self
    }

    /// A deployment is replacing tasks.
    pub fn rolling(self) -> Self {
        self.service(|service| service.deployments = rollout())
    }

    /// The page is to be shown once no task has been able to serve for so long. The API fails, unless
    /// it was said what it answers.
    pub fn maintenance(mut self, after_seconds: u64) -> Self {
        self.api = self.api.or(Some(bad()));
        let after = Duration::from_secs(after_seconds);
        self.routing.maintenance = Some(Maintenance { url: PAGE.to_owned(), after });
        self
    }

    pub fn unparked(mut self) -> Self {
        self.routing.parking = false;
        self
    }

    /// An earlier look noted that no task had been able to serve.
    pub fn unserved(self, seconds_ago: u64) -> Self {
        self.service(|service| service.unserved_since = Some(ago(seconds_ago)))
    }

    pub fn unprobed(mut self) -> Self {
        self.routing.probing = false;
        self
    }

    /// The same facts, `seconds` later.
    pub fn later(mut self, seconds: u64) -> Self {
        self.now = self.now.checked_add(Duration::from_secs(seconds)).unwrap();
        self
    }

    /// The facts after every step of the plan succeeded.
    pub fn after(mut self, plan: &Plan) -> Self {
        for step in &plan.steps {
            self.carry_out(step);
        }
        self
    }

    fn carry_out(&mut self, step: &Step) {
        match step {
            Step::PointIntegration { integration: id, from, to, .. }
            | Step::ShowMaintenance { integration: id, from, to, .. } => {
                self.write(&integration(id), from.as_deref(), to);
            }
            Step::SetStageVariable { stage, variable, from, to, .. } => {
                self.write(&stage_variable(stage, variable), from.as_deref(), to);
            }
            Step::Park { pointer, from, to, .. } => self.write(pointer, Some(from), &to[0]),
            Step::MarkUnserved { since, .. } => {
                self.service.as_mut().unwrap().unserved_since = Some(*since);
            }
            Step::ClearUnserved { .. } => self.service.as_mut().unwrap().unserved_since = None,
            Step::MarkOverwritten { at, .. } => {
                self.service.as_mut().unwrap().overwritten_at.clone_from(at);
            }
            Step::DeployStage { stage: name, note, .. } => {
                let serves = serving(Some(note), self.now);
                let Observed::Known(stages) = &mut self.route.stages else {
                    panic!("the stages are not known");
                };
                stages.iter_mut().find(|stage| stage.name == *name).unwrap().serves = serves;
            }
            Step::RestoreDesiredCount { .. }
            | Step::MarkSuspect { .. }
            | Step::ClearSuspect { .. }
            | Step::MarkCondition { .. }
            | Step::ClearCondition { .. }
            | Step::MarkFailing { .. }
            | Step::ClearFailing { .. }
            | Step::StopTask { .. }
            | Step::ForceDeployment { .. }
            | Step::RollBack { .. } => panic!("a route is not repaired by {step:?}"),
        }
    }

    fn write(&mut self, to: &Pointer, from: Option<&str>, uri: &str) {
        let (_, read) = self.route.pointers.iter_mut().find(|(pointer, _)| pointer == to).unwrap();
        let Observed::Known(Integration { uri: present, .. }) = read else {
            panic!("{to} is not known");
        };
        assert_eq!(present.as_deref(), from, "{to}");
        *present = Some(uri.to_owned());
    }
}

/// What pointers are led to by the plan, tasks and maintenance page alike, in the plan's order.
pub fn written(plan: &Plan) -> Vec<(&str, &str)> {
    plan.steps
        .iter()
        .filter_map(|step| match step {
            Step::PointIntegration { integration, to, .. }
            | Step::ShowMaintenance { integration, to, .. } => Some((&**integration, &**to)),
            Step::SetStageVariable { variable, to, .. } => Some((&**variable, &**to)),
            Step::Park { pointer, to, .. } => Some((name_of(pointer), &*to[0])),
            Step::DeployStage { .. }
            | Step::MarkUnserved { .. }
            | Step::ClearUnserved { .. }
            | Step::MarkOverwritten { .. }
            | Step::RestoreDesiredCount { .. }
            | Step::MarkSuspect { .. }
            | Step::ClearSuspect { .. }
            | Step::MarkCondition { .. }
            | Step::ClearCondition { .. }
            | Step::MarkFailing { .. }
            | Step::ClearFailing { .. }
            | Step::StopTask { .. }
            | Step::ForceDeployment { .. }
            | Step::RollBack { .. } => None,
        })
        .collect()
}

/// An integration's id, or a variable's name.
fn name_of(pointer: &Pointer) -> &str {
    match pointer {
        Pointer::Integration(id) => id,
        Pointer::StageVariable { name, .. } => name,
    }
}

/// The stages that are deployed, with what is noted on the deployment.
pub fn deployed(plan: &Plan) -> Vec<(&str, &str)> {
    plan.steps
        .iter()
        .filter_map(|step| match step {
            Step::DeployStage { stage, note, .. } => Some((&**stage, &**note)),
            _ => None,
        })
        .collect()
}

/// What the tasks do instead of answering to which pointers are led all the same.
pub fn unready(plan: &Plan) -> Vec<&str> {
    plan.steps
        .iter()
        .filter_map(|step| match step {
            Step::PointIntegration { unready, .. } | Step::SetStageVariable { unready, .. } => {
                unready.as_deref()
            }
            _ => None,
        })
        .collect()
}

/// The tasks that are awaited.
pub fn awaited(plan: &Plan) -> Vec<&str> {
    plan.holds
        .iter()
        .filter_map(|hold| match hold {
            Hold::AwaitingReady { task, .. } | Hold::NoAddress { task, .. } => Some(&**task),
            _ => None,
        })
        .collect()
}

/// The reasons of the holds, by name.
pub fn reasons(plan: &Plan) -> Vec<&'static str> {
    plan.holds.iter().map(Hold::reason).collect()
}
