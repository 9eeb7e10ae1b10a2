//! Container health checks: how they end, and the tasks that ECS replaces for it (F19).

use std::time::Duration;

use super::World;
use super::behaviour::Behaviour;
use super::queue::Due;
use super::task::{HealthStatus, Task, TaskId};

/// So many failures in a row make a container UNHEALTHY: the default `retries` of a health check.
const RETRIES: u32 = 3;

impl World {
    /// Plans how the health check of a task that is RUNNING now ends, if it has one.
    pub(super) fn plan_health_check(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get(&id).filter(|task| task.definition.health_check) else {
            return;
        };
        let interval = self.timing.health_check_interval;
        let (after, due) = match &task.definition.behaviour {
            Behaviour::Runs(_)
            | Behaviour::Crashes { .. }
            | Behaviour::Leaks { .. }
            | Behaviour::Sickens { .. }
            | Behaviour::NeverStarts { .. } => {
                let start_up = self.timing.declared(task.definition.start_up);
                (start_up + interval, Due::PassHealthCheck(id))
            }
            Behaviour::NeverHealthy => (interval * RETRIES, Due::FailHealthCheck(id)),
        };
        self.plan(after, due);
    }

    /// The first health check passes, unless somebody has set the health in the meantime.
    pub(super) fn pass_health_check(&mut self, id: TaskId) {
        if self.tasks.get(&id).is_some_and(|task| task.health == HealthStatus::Unknown) {
            self.set_health(id, HealthStatus::Healthy);
        }
    }

    /// The health check has failed so often that it counts, unless somebody has set the health in
    /// the meantime.
    pub(super) fn fail_health_check(&mut self, id: TaskId) {
        if self.tasks.get(&id).is_some_and(|task| task.health == HealthStatus::Unknown) {
            self.set_health(id, HealthStatus::Unhealthy);
        }
    }

    pub(super) fn set_health(&mut self, id: TaskId, health: HealthStatus) {
        self.change_task(id, |task| task.health = health);
        let Some(task) = self.tasks.get(&id) else { return };
        let (service_arn, patience) = (task.service_arn.clone(), self.patience(task));
        if health == HealthStatus::Unhealthy {
            self.plan(patience, Due::Condemn(id));
        }
        self.wake_scheduler(&service_arn);
    }

    /// From now until ECS replaces an UNHEALTHY task. Its service's grace period, in which the
    /// scheduler ignores the container health check, begins when the task has started (API
    /// reference of `CreateService`).
    fn patience(&self, task: &Task) -> Duration {
        let service = self.services.get(&task.service_arn);
        let grace = service.map_or(0, |service| service.health_check_grace_period_seconds);
        let grace = self.timing.declared(Duration::from_secs(grace.into()));
        let ignored = task.milestones.started.map_or(Duration::ZERO, |started| {
            Duration::try_from((started + grace).duration_since(self.now)).unwrap_or_default()
        });
        ignored.max(self.timing.unhealthy_replacement)
    }

    /// ECS gives up a task that is still UNHEALTHY (F19).
    pub(super) fn condemn(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        if task.health == HealthStatus::Unhealthy && task.is_wanted() {
            task.condemned = true;
            let service_arn = task.service_arn.clone();
            self.wake_scheduler(&service_arn);
        }
    }
}
