//! One side of a service whose deployments stand side by side, looked at as if it were all of it.
//!
//! Only one side has the traffic: how many tasks run beside it says nothing about it, and what its
//! tasks do is no reason to touch those of the other (F45, F46).

use crate::facts::{
    Deployment, DeploymentController, LastStatus, RolloutState, Service, Sides, Task,
};

/// A side: the service with its counts, and its tasks.
pub(super) struct Part {
    pub(super) service: Service,
    pub(super) tasks: Vec<Task>,
}

impl Part {
    /// The side that serves, while there are two.
    pub(super) fn serving(service: &Service, tasks: &[Task]) -> Option<Self> {
        let Sides { serving, .. } = service.sides()?;
        // What no deployment claims is left to the side that serves.
        let its = |task: &Task| service.deployment_of(task).is_none_or(|it| it.id == serving.id);
        Some(Self::of(service, serving, tasks, its))
    }

    /// The side that has yet to get the traffic, while there is one.
    pub(super) fn arriving(service: &Service, tasks: &[Task]) -> Option<Self> {
        let Sides { serving, target, .. } = service.sides()?;
        let its = |task: &Task| service.deployment_of(task).is_some_and(|it| it.id == target.id);
        (serving.id != target.id).then(|| Self::of(service, target, tasks, its))
    }

    fn of(
        service: &Service,
        side: &Deployment,
        tasks: &[Task],
        its: impl Fn(&Task) -> bool,
    ) -> Self {
        let tasks: Vec<Task> = tasks.iter().filter(|task| its(task)).cloned().collect();
        let count = |is: fn(&Task) -> bool| {
            u32::try_from(tasks.iter().filter(|task| is(task)).count()).unwrap_or(u32::MAX)
        };
        let starts = |task: &Task| task.wanted && task.last_status == LastStatus::Starting;
        let (running, pending) = (count(Task::runs), count(starts));
        // Only a task set has a share of the desired count for its own.
        let by_ecs = service.controller == DeploymentController::Ecs;
        let desired = if by_ecs { service.desired } else { side.desired };
        let mut service = Service { desired, running, pending, ..service.clone() };
        for deployment in &mut service.deployments {
            deployment.primary = deployment.id == side.id;
        }
        Part { service, tasks }
    }

    /// Whether ECS gave this side up.
    pub(super) fn is_given_up(&self) -> bool {
        self.service.primary().is_some_and(|it| it.rollout == RolloutState::Failed)
    }
}
