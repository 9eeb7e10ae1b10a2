//! Tasks of a deployment that fail: ECS counts them, waits longer and longer before it starts the
//! next one, and gives the deployment up if its circuit breaker is on.

use std::time::Duration;

use jiff::Timestamp;

use super::World;
use super::queue::Due;
use super::service::{Deployment, RolloutState, Service};
use super::task::{StopCode, TaskId};
use super::timing::Timing;

/// The circuit breaker's threshold is half of the desired count within these bounds (Developer
/// Guide, deployment circuit breaker).
const LEAST_FAILURES: u32 = 3;
const MOST_FAILURES: u32 = 200;
/// So many waits double before the longest is reached: more would overflow.
const MOST_DOUBLINGS: u32 = 16;

/// How the tasks of a deployment have failed so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failures {
    /// `failedTasks`: so many failed in a row. Once one was ready they are no longer counted (API
    /// reference of `Deployment`).
    pub tasks: u32,
    /// Whether one was ready.
    proven: bool,
    /// How often in a row a start failed; several tasks that fail in one wait are one.
    starts: u32,
    /// Until when no task is started.
    wait_until: Option<Timestamp>,
}

impl Failures {
    /// The deployment has a task that is ready.
    pub(super) fn prove(&mut self) {
        self.tasks = 0;
        self.proven = true;
    }

    /// Another start has failed: how long the next one has to wait, unless it waits already.
    fn wait(&mut self, timing: &Timing, now: Timestamp) -> Option<Duration> {
        if self.wait_until.is_some_and(|until| until > now) {
            return None;
        }
        let factor = 1 << self.starts.min(MOST_DOUBLINGS);
        let wait = (timing.restart_wait * factor).min(timing.longest_restart_wait);
        self.starts += 1;
        self.wait_until = Some(now + wait);
        Some(wait)
    }
}

impl Deployment {
    /// Whether ECS starts tasks of it now. One that has failed launches no new tasks (API reference
    /// of `Deployment`).
    pub(super) fn may_start(&self, now: Timestamp) -> bool {
        match self.rollout_state {
            RolloutState::InProgress | RolloutState::Completed => {
                self.failures.wait_until.is_none_or(|until| until <= now)
            }
            RolloutState::Failed => false,
        }
    }
}

impl Service {
    /// So many failed tasks in a row trip the circuit breaker.
    pub(crate) fn failure_threshold(&self) -> u32 {
        self.desired_count.div_ceil(2).clamp(LEAST_FAILURES, MOST_FAILURES)
    }
}

impl World {
    /// ECS gives up a task whose container does not start.
    pub(super) fn fail_to_start(&mut self, id: TaskId, reason: &str) {
        self.change_task(id, |task| task.container.reason = Some(reason.to_owned()));
        let Some(task) = self.tasks.get(&id) else { return };
        // On EC2 the agent reports why for the container alone.
        let on_fargate = task.definition.networking.is_fargate();
        let stopped_reason = if on_fargate { reason } else { "Task failed to start" };
        self.begin_stop(id, StopCode::TaskFailedToStart, stopped_reason);
        self.count_failure(id);
        self.throttle(id);
    }

    /// A task has come to RUNNING: starts succeed again.
    pub(super) fn count_start(&mut self, id: TaskId) {
        if let Some(service) = self.service_counting(id) {
            service.primary.failures.starts = 0;
        }
    }

    /// A task has failed: it did not start, it failed its health check, or it exited by itself.
    /// That an exit counts as well is assumed.
    pub(super) fn count_failure(&mut self, id: TaskId) {
        let Some(service) = self.service_counting(id) else { return };
        if service.primary.failures.proven {
            return;
        }
        service.primary.failures.tasks += 1;
        let too_many = service.primary.failures.tasks >= service.failure_threshold();
        let in_progress = service.primary.rollout_state == RolloutState::InProgress;
        if service.circuit_breaker && in_progress && too_many {
            let service_arn = service.arn.clone();
            self.trip(&service_arn);
        }
    }

    /// The circuit breaker gives the PRIMARY deployment up, and rolls back if it is to.
    fn trip(&mut self, service_arn: &str) {
        let now = self.now;
        let Some(service) = self.services.get_mut(service_arn) else { return };
        let deployment = &mut service.primary;
        deployment.rollout_state = RolloutState::Failed;
        "ECS deployment circuit breaker: tasks failed to start."
            .clone_into(&mut deployment.rollout_state_reason);
        deployment.updated_at = now;
        deployment.ended_at = Some(now);
        let id = deployment.id.clone();
        self.emit_deployment(service_arn);
        self.say(
            service_arn,
            &format!("(deployment {id}) deployment failed: tasks failed to start."),
        );
        self.roll_back(service_arn);
    }

    /// Deploys again what the last deployment that was completed deployed, if there is one (Developer
    /// Guide, deployment circuit breaker). That a rollback is not rolled back in turn is assumed.
    fn roll_back(&mut self, service_arn: &str) {
        let Some(service) = self.services.get(service_arn) else { return };
        let failed = &service.primary;
        let history = service.history();
        let completed = |it: &&&Deployment| it.rollout_state == RolloutState::Completed;
        let good = history.iter().find(completed).filter(|_| service.rollback);
        let Some(good) = good.filter(|_| failed.rolls_back.is_none()) else { return };
        let (failed, good, definition) =
            (failed.id.clone(), good.id.clone(), good.task_definition.clone());
        self.say(service_arn, &format!("rolling back to (deployment {good})."));
        self.begin_rollback(service_arn, definition, failed, &good);
    }

    /// Tasks that never reach RUNNING are started again less and less often, which the service says;
    /// those that stop later are not throttled (Developer Guide, service throttle logic). How long
    /// the waits are, and that the first failure alone is not worth a message, is assumed.
    fn throttle(&mut self, id: TaskId) {
        let (timing, now) = (self.timing, self.now);
        let Some(service) = self.service_counting(id) else { return };
        let Some(wait) = service.primary.failures.wait(&timing, now) else { return };
        let repeated = service.primary.failures.starts > 1;
        let service_arn = service.arn.clone();
        if repeated {
            self.say(&service_arn, "is unable to consistently start tasks successfully.");
        }
        self.plan(wait, Due::Schedule(service_arn));
    }

    /// The service of a task that its PRIMARY deployment has started. Tasks of those before it are
    /// on their way out, and nobody counts their failures.
    fn service_counting(&mut self, id: TaskId) -> Option<&mut Service> {
        let task = self.tasks.get(&id)?;
        let service = self.services.get_mut(&task.service_arn)?;
        (service.primary.id == task.started_by).then_some(service)
    }
}
