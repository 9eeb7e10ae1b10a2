//! The diagnosis: the first that fits, with what it rests on.

use super::patient::{Patient, Sickness};
use super::sides::Part;
use crate::evidence::Evidence;
use crate::facts::{DeploymentController, Observed, Task};
use crate::plan::Diagnosis;
use crate::route::State;

impl Patient<'_> {
    pub(super) fn diagnose(&self) -> (Diagnosis, Vec<Evidence>) {
        let (diagnosis, mut evidence) = self.of_tasks_and_service();
        evidence.extend(self.of_hosts());
        (diagnosis, evidence)
    }

    fn of_tasks_and_service(&self) -> (Diagnosis, Vec<Evidence>) {
        let sick = self.sick();
        let is_sick = sick.iter().any(|(task, _)| self.fresh(task, self.grace()).is_none());
        // A start that fails must not hide a sick task beside others that run well: its stop makes room.
        let beside = is_sick && self.rolling().is_none() && self.present_runs_well();
        let beside = |it: &Diagnosis| beside && matches!(it, Diagnosis::CannotStart { .. });
        if let Some(found) = self.failing().filter(|(it, _)| !beside(it)) {
            return found;
        }
        if let Some(found) = self.without_instances() {
            return found;
        }
        let stuck = || self.stuck().iter().map(|(task, _)| task.arn.clone()).collect();
        let rolling = self.rolling();
        let hangs = rolling.is_some_and(|(_, overdue)| overdue) && !self.stuck().is_empty();
        if hangs || (rolling.is_none() && self.is_held_up()) {
            return (Diagnosis::TaskStuck { tasks: stuck() }, self.of_service());
        }
        if let Some((deployment, overdue)) = rolling
            && self.lingering().is_empty()
        {
            let deployment = deployment.id.clone();
            return (Diagnosis::Rolling { deployment, overdue }, self.of_deployment());
        }
        if is_sick {
            let tasks = sick.iter().map(|(task, _)| task.arn.clone()).collect();
            let evidence = sick.iter().map(|(task, why)| of_sick(task, *why));
            return (Diagnosis::TaskSick { tasks }, evidence.chain(self.of_successors()).collect());
        }
        let (running, desired) = (self.service.running, self.service.desired);
        let settled = self.unsettled().is_none();
        let diagnosis = if self.lacks_tasks() {
            self.in_progress_by_ecs().unwrap_or(Diagnosis::TooFewTasks { running, desired })
        } else if matches!(self.route_is, State::Stale | State::NotShown | State::Contested) {
            Diagnosis::RouteStale
        } else if running < desired || !sick.is_empty() {
            // What is on its way explains nothing that is seen of a large service.
            Some(self.of_whole())
                .filter(|it| settled && it.accuses())
                .unwrap_or(Diagnosis::Starting)
        } else {
            self.of_whole()
        };
        let diagnosis = match diagnosis {
            Diagnosis::Healthy if !self.stuck().is_empty() => {
                Diagnosis::TaskStuck { tasks: stuck() }
            }
            diagnosis => diagnosis,
        };
        (diagnosis, self.of_service().into_iter().chain(self.of_deployment()).collect())
    }

    /// What is wrong with the new tasks of a deployment that stand beside those that serve.
    pub(super) fn arrival(&self, part: &Part) -> Option<(Diagnosis, Vec<Evidence>)> {
        let given_up = || {
            let deployment = self.service.primary().filter(|_| part.is_given_up())?.id.clone();
            Some((Diagnosis::RolloutFailed { deployment }, self.of_deployment()))
        };
        self.failing().or_else(given_up)
    }

    /// Of a daemon service whose cluster has no instance to run it. ECS wants no task then, and none
    /// is missing by the counts; what has just ended may be on its way to another instance.
    fn without_instances(&self) -> Option<(Diagnosis, Vec<Evidence>)> {
        if self.service.has_a_count() || self.service.desired > 0 || self.service.running > 0 {
            return None;
        }
        let diagnosis = match self.unsettled() {
            Some(_) => Diagnosis::Starting,
            None => Diagnosis::NoInstances,
        };
        Some((diagnosis, Vec::new()))
    }

    /// While ECS has a deployment in progress, which is not to be started over, as many tasks as it
    /// starts are its own matter.
    fn in_progress_by_ecs(&self) -> Option<Diagnosis> {
        let by_ecs = self.service.controller == DeploymentController::Ecs;
        let deployment = self.service.in_progress().filter(|_| by_ecs)?.id.clone();
        Some(Diagnosis::Rolling { deployment, overdue: false })
    }

    /// A deployment in progress, and whose the traffic is where it stands beside what serves.
    fn of_deployment(&self) -> Vec<Evidence> {
        let Some(deployment) = self.service.in_progress() else { return Vec::new() };
        let (id, since) = (deployment.id.clone(), deployment.created_at);
        let mut evidence = vec![Evidence::InProgress { deployment: id, since }];
        if let Some(sides) = self.service.sides() {
            let shift = self.service.shift.as_ref().and_then(Observed::known);
            evidence.push(Evidence::SideBySide {
                serving: sides.serving.id.clone(),
                stage: shift.map(|shift| shift.stage.clone()),
            });
        }
        evidence
    }
}

fn of_sick(task: &Task, why: Sickness<'_>) -> Evidence {
    let (id, since) = (task.id().to_owned(), task.suspect_since);
    match why {
        Sickness::Unhealthy => Evidence::Unhealthy { task: id, since },
        Sickness::Unanswered(because) | Sickness::LikeAll(because) => {
            Evidence::Unanswered { task: id, because: because.to_owned(), since }
        }
    }
}
