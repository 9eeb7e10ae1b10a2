//! The ECS service scheduler: keeps the desired count, rolls deployments, replaces sick tasks.

use std::collections::BTreeSet;

use super::World;
use super::ids;
use super::queue::Due;
use super::service::{Deployment, RolloutState, ServiceMessage};
use super::task::{StopCode, Task, TaskDefinition, TaskId};

/// What the scheduler does next with a service.
#[derive(Debug, Default, PartialEq, Eq)]
struct Moves {
    start: usize,
    stop: Vec<TaskId>,
}

impl World {
    /// Lets the scheduler look at a service a moment from now.
    pub(super) fn wake_scheduler(&mut self, service_arn: &str) {
        self.plan(self.timing.scheduler_reaction, Due::Schedule(service_arn.to_owned()));
    }

    /// One look of the scheduler at a service.
    pub(super) fn schedule(&mut self, service_arn: &str) {
        let Moves { start, stop } = self.moves(service_arn);
        if (start > 0 || !stop.is_empty())
            && let Some(service) = self.services.get_mut(service_arn)
        {
            service.steady = false;
        }
        let started: Vec<TaskId> = (0..start).map_while(|_| self.start_task(service_arn)).collect();
        if started.len() < start {
            self.say_shortage(service_arn);
        }
        self.say_tasks(service_arn, "has started", &started);
        for task in &stop {
            let reason = self.scaling_reason(service_arn);
            self.begin_stop(*task, StopCode::ServiceSchedulerInitiated, &reason);
        }
        self.say_tasks(service_arn, "has stopped", &stop);
        self.conclude(service_arn);
    }

    /// The tasks of a service that shall run, oldest first.
    fn wanted(&self, service_arn: &str) -> Vec<(TaskId, &Task)> {
        self.tasks
            .iter()
            .filter(|(_, task)| task.service_arn == service_arn && task.is_wanted())
            .map(|(id, task)| (*id, task))
            .collect()
    }

    fn moves(&self, service_arn: &str) -> Moves {
        let Some(service) = self.services.get(service_arn) else { return Moves::default() };
        let primary = &service.primary.id;
        let desired = service.desired_count as usize;
        let wanted = self.wanted(service_arn);
        let room = service.most().max(desired).saturating_sub(wanted.len());
        let (mut kept, retiring): (Vec<_>, Vec<_>) = wanted
            .into_iter()
            .partition(|(_, task)| task.started_by == *primary && !task.condemned);

        let start = desired.saturating_sub(kept.len()).min(room);
        // Surplus goes first where it serves nobody yet, then the newest.
        kept.sort_by_key(|(id, task)| (!task.is_ready(), *id));
        let surplus = kept.split_off(desired.min(kept.len()));
        let mut stop: Vec<TaskId> = surplus.into_iter().map(|(id, _)| id).collect();

        // A task that is being replaced counts as capacity until its successor is ready (F19).
        let mut capacity = kept.iter().filter(|(_, task)| task.is_ready()).count()
            + retiring.iter().filter(|(_, task)| task.is_running()).count();
        for (id, task) in retiring {
            if !task.is_running() {
                stop.push(id);
            } else if capacity > service.fewest() {
                capacity -= 1;
                stop.push(id);
            }
        }
        Moves { start, stop }
    }

    /// Ends a rollout that is through, and forgets deployments without tasks.
    fn conclude(&mut self, service_arn: &str) {
        let now = self.now;
        let wanted = self.wanted(service_arn);
        let (present, ready) =
            (wanted.len(), wanted.iter().filter(|(_, task)| task.is_ready()).count());
        let populated: BTreeSet<String> =
            wanted.into_iter().map(|(_, task)| task.started_by.clone()).collect();
        let Some(service) = self.services.get_mut(service_arn) else { return };
        service.replaced.retain(|it| populated.contains(&it.id));

        let desired = service.desired_count as usize;
        let settled = present == desired && ready == desired && service.replaced.is_empty();
        let news = settled && !service.steady;
        service.steady = settled;
        let deployment = &mut service.primary;
        let primary = deployment.id.clone();
        if settled && deployment.rollout_state == RolloutState::InProgress {
            deployment.rollout_state = RolloutState::Completed;
            deployment.rollout_state_reason = format!("ECS deployment {primary} completed.");
            deployment.updated_at = now;
            self.emit_deployment(service_arn, "SERVICE_DEPLOYMENT_COMPLETED");
            self.say(service_arn, &format!("(deployment {primary}) deployment completed."));
        }
        if news {
            self.say(service_arn, "has reached a steady state.");
        }
    }

    /// Starts a new deployment; the PRIMARY so far becomes one to be replaced.
    pub(super) fn begin_deployment(&mut self, service_arn: &str, definition: TaskDefinition) {
        let deployment = self.make_deployment(definition);
        let Some(service) = self.services.get_mut(service_arn) else { return };
        let old = std::mem::replace(&mut service.primary, deployment);
        service.replaced.push_front(old);
        service.steady = false;
        self.announce_deployment(service_arn);
    }

    pub(super) fn make_deployment(&mut self, definition: TaskDefinition) -> Deployment {
        let id = format!("ecs-svc/{}", ids::decimal(&mut self.rng, 19));
        Deployment::new(id, definition, self.now)
    }

    /// Says that the PRIMARY deployment has begun, and has the scheduler work on it.
    pub(super) fn announce_deployment(&mut self, service_arn: &str) {
        self.emit_deployment(service_arn, "SERVICE_DEPLOYMENT_IN_PROGRESS");
        self.wake_scheduler(service_arn);
    }

    fn scaling_reason(&self, service_arn: &str) -> String {
        let deployment =
            self.services.get(service_arn).map_or("", |service| service.primary.id.as_str());
        format!("Scaling activity initiated by (deployment {deployment})")
    }

    fn say_tasks(&mut self, service_arn: &str, verb: &str, tasks: &[TaskId]) {
        if tasks.is_empty() {
            return;
        }
        let names: Vec<String> = tasks
            .iter()
            .filter_map(|id| self.tasks.get(id))
            .map(|task| format!("(task {})", task.id()))
            .collect();
        self.say(service_arn, &format!("{verb} {} tasks: {}.", tasks.len(), names.join(" ")));
    }

    fn say_shortage(&mut self, service_arn: &str) {
        let Some(service) = self.services.get(service_arn) else { return };
        let shortage = service.primary.task_definition.networking.shortage();
        self.say(service_arn, &format!("was unable to place a task because {shortage}."));
    }

    fn say(&mut self, service_arn: &str, what: &str) {
        let id = ids::uuid(&mut self.rng);
        let at = self.now;
        if let Some(service) = self.services.get_mut(service_arn) {
            let text = format!("(service {}) {what}", service.name);
            service.say(ServiceMessage { id, at, text });
        }
    }
}
