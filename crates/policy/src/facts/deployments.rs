//! Which of a service's deployments is which: what ECS is heading for, what is being replaced, and
//! whose tasks may have the traffic.

use super::{
    Deployment, DeploymentController, Observed, RolloutState, Scheduling, Service, Strategy, Task,
    Traffic,
};
use crate::plan::Notes;

/// Two deployments that stand side by side: only one of them has the traffic, whatever runs.
#[derive(Debug, Clone, Copy)]
pub struct Sides<'a> {
    /// The one that has it.
    pub serving: &'a Deployment,
    /// The one that brings the new tasks; it may be the serving one.
    pub target: &'a Deployment,
    /// Whether the others may not have it at all: their tasks have yet to be validated.
    pub withheld: bool,
}

/// Whether the gateway may be led to a task, as far as its deployment is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Its deployment serves.
    Serving,
    /// It may, while no task of the serving deployment answers.
    Other,
    /// It may not: its deployment has not been given production traffic (F45, F46).
    Withheld,
}

impl Service {
    /// Whether a deployment stops tasks before it starts others: there is no room for more than are
    /// wanted, and fewer may stay.
    pub fn stops_first(&self) -> bool {
        let (least, most) = self.room();
        let desired = u64::from(self.desired);
        most <= desired && least < desired
    }

    /// Whether a deployment could replace nothing of what runs: it may neither stop a task before it
    /// starts another, nor start one before it stops another. Of what does not run it may start some.
    pub fn cannot_roll(&self) -> bool {
        let (least, most) = self.room();
        let (desired, running) = (u64::from(self.desired), u64::from(self.running));
        most <= desired && least >= desired && running > 0
    }

    /// The fewest and the most tasks that a deployment may run meanwhile. ECS rounds the minimum up and
    /// the maximum down.
    fn room(&self) -> (u64, u64) {
        let desired = u64::from(self.desired);
        let most = desired * u64::from(self.maximum_percent) / 100;
        let least = (desired * u64::from(self.minimum_healthy_percent)).div_ceil(100);
        (least, most)
    }

    /// What its tags say of conditions.
    pub fn notes(&self) -> Notes<'_> {
        Notes { seen: self.seen.as_deref(), told: self.told.as_deref() }
    }

    /// The deployment that ECS is heading for; of task sets, the one that serves.
    pub fn primary(&self) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.primary)
    }

    /// The deployment that is replacing the tasks that serve, one after the other, if one is.
    pub fn rolling(&self) -> Option<&Deployment> {
        if self.is_side_by_side() {
            return None;
        }
        let replacing = self.deployments.iter().any(|deployment| !deployment.primary);
        self.primary().filter(|primary| match primary.rollout {
            RolloutState::InProgress => true,
            RolloutState::Completed | RolloutState::Unknown => replacing,
            RolloutState::Failed => false,
        })
    }

    /// The deployment that is in progress, whether it replaces tasks or stands beside them. Nobody
    /// else deploys meanwhile: that would start it over (F21).
    pub fn in_progress(&self) -> Option<&Deployment> {
        let of_sides = self.sides().map(|sides| sides.target);
        let first = self.primary().filter(|primary| {
            self.controller == DeploymentController::Ecs
                && primary.rollout == RolloutState::InProgress
        });
        self.rolling().or(of_sides).or(first)
    }

    /// The deployment that the circuit breaker gave up, if ECS is still left with it: it starts no
    /// further task of it, and keeps those of the one before as they are (F21).
    pub fn given_up(&self) -> Option<&Deployment> {
        self.primary().filter(|primary| primary.rollout == RolloutState::Failed)
    }

    /// Whether the new tasks of a deployment stand beside the old ones until traffic is shifted,
    /// by Eden or by who deploys the service: neither a pause nor a bake is a rollout that hangs.
    pub fn is_side_by_side(&self) -> bool {
        self.controller != DeploymentController::Ecs || self.strategy != Strategy::Rolling
    }

    /// Whether somebody may set its desired count (F47).
    pub fn has_a_count(&self) -> bool {
        self.scheduling == Scheduling::Replica
    }

    /// Whether a deployment in progress shifts traffic, so that its stage tells whose it is.
    pub fn shifts_traffic(&self) -> bool {
        let by_ecs = self.controller == DeploymentController::Ecs;
        by_ecs && self.strategy != Strategy::Rolling && self.deployments.len() > 1
    }

    /// Why it is not known how far the deployment is that shifts traffic, if there is one.
    pub fn unread_shift(&self) -> Option<&str> {
        self.shift.as_ref().and_then(Observed::unknown)
    }

    /// The two sides, while there are two.
    pub fn sides(&self) -> Option<Sides<'_>> {
        if !self.is_side_by_side() || self.deployments.len() < 2 {
            return None;
        }
        let newest = |except: Option<&str>| {
            let others = self.deployments.iter().filter(|it| Some(it.id.as_str()) != except);
            others.max_by_key(|it| (it.desired > 0, it.created_at))
        };
        if self.controller != DeploymentController::Ecs {
            let serving = self.primary()?;
            // What is older, or drains, is on its way out.
            let target = newest(Some(&serving.id))
                .filter(|it| it.desired > 0 && it.created_at > serving.created_at)?;
            return Some(Sides { serving, target, withheld: serving.desired > 0 });
        }
        let shift = self.shift.as_ref().and_then(Observed::known);
        let named = shift.and_then(|shift| shift.target.as_ref());
        let named = self.deployments.iter().find(|it| Some(&it.id) == named);
        let target = named.or_else(|| newest(None))?;
        let source = newest(Some(&target.id))?;
        Some(match shift.map(|shift| shift.traffic) {
            Some(Traffic::Target) => Sides { serving: target, target, withheld: false },
            Some(Traffic::Source) => {
                Sides { serving: source, target, withheld: source.desired > 0 }
            }
            Some(Traffic::Back) | None => Sides { serving: source, target, withheld: false },
        })
    }

    /// The deployment whose tasks have the traffic, or should.
    pub fn serving(&self) -> Option<&Deployment> {
        self.sides().map(|sides| sides.serving).or_else(|| self.primary())
    }

    /// Whether the gateway may be led to this task.
    pub fn side_of(&self, task: &Task) -> Side {
        let (of, serving) = (self.deployment_of(task), self.serving());
        match of.zip(serving) {
            Some((of, serving)) if of.id == serving.id => Side::Serving,
            Some(_) if self.sides().is_some_and(|sides| sides.withheld) => Side::Withheld,
            Some(_) | None => Side::Other,
        }
    }

    /// The deployment that started a task, if it is one of those that are listed.
    pub fn deployment_of(&self, task: &Task) -> Option<&Deployment> {
        self.deployments.iter().find(|it| Some(&it.id) == task.deployment.as_ref())
    }

    /// Whether a task is of what the service runs now, its primary deployment, or of whatever there
    /// is where there is no primary one. A task that no deployment claims is of an earlier one unless
    /// it was requested since the primary one began: whatever its `startedBy` says, nothing else has
    /// started tasks since.
    pub fn is_of_present(&self, task: &Task) -> bool {
        let Some(primary) = self.primary() else { return true };
        match (self.deployment_of(task), task.created_at) {
            (Some(of), _) => of.primary,
            (None, Some(requested_at)) => requested_at >= primary.created_at,
            (None, None) => task.deployment.is_none(),
        }
    }
}
