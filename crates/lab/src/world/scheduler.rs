//! The ECS service scheduler: keeps the desired count, rolls tasks over, replaces sick ones.

use super::World;
use super::ids;
use super::queue::Due;
use super::service::ServiceMessage;
use super::task::{StopCode, Task, TaskId};

/// What the scheduler does next with a service.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Moves {
    /// The deployments of the tasks to start, by id.
    pub(super) start: Vec<String>,
    pub(super) stop: Vec<TaskId>,
}

impl World {
    /// Lets the scheduler look at a service a moment from now.
    pub(super) fn wake_scheduler(&mut self, service_arn: &str) {
        self.plan(self.timing.scheduler_reaction, Due::Schedule(service_arn.to_owned()));
    }

    /// One look of the scheduler at a service.
    pub(super) fn schedule(&mut self, service_arn: &str) {
        let Moves { start, stop } = self.moves(service_arn);
        if (!start.is_empty() || !stop.is_empty())
            && let Some(service) = self.services.get_mut(service_arn)
        {
            service.steady = false;
        }
        let started: Vec<TaskId> =
            start.iter().map_while(|of| self.start_task(service_arn, of)).collect();
        if started.len() < start.len() {
            self.say_shortage(service_arn);
        }
        self.say_tasks(service_arn, "has started", &started);
        for task in &stop {
            self.retire(service_arn, *task);
        }
        self.say_tasks(service_arn, "has stopped", &stop);
        self.conclude(service_arn);
    }

    /// The tasks of a service that shall run, oldest first.
    pub(super) fn wanted(&self, service_arn: &str) -> Vec<(TaskId, &Task)> {
        self.tasks
            .iter()
            .filter(|(_, task)| task.service_arn == service_arn && task.is_wanted())
            .map(|(id, task)| (*id, task))
            .collect()
    }

    /// How many tasks of a service ECS counts although they are to stop and never will.
    pub(super) fn places_kept(&self, service_arn: &str) -> usize {
        let keeps = |task: &&Task| {
            task.service_arn == service_arn && task.keeps_its_place && !task.has_stopped()
        };
        self.tasks.values().filter(keeps).count()
    }

    fn moves(&self, service_arn: &str) -> Moves {
        let Some(service) = self.services.get(service_arn) else { return Moves::default() };
        if service.is_side_by_side() {
            return self.moves_beside(service);
        }
        let (primary, now) = (&service.primary, self.now);
        let desired = service.desired_count as usize;
        let wanted = self.wanted(service_arn);
        let room = service.most().max(desired).saturating_sub(wanted.len());
        let (mut kept, mut leaving): (Vec<_>, Vec<_>) = wanted
            .into_iter()
            .partition(|(_, task)| task.started_by == primary.id && !task.condemned);

        let missing = desired.saturating_sub(kept.len() + self.places_kept(service_arn));
        let missing = if primary.may_start(now) { missing } else { 0 };
        // Surplus goes first where it serves nobody yet, then the newest.
        kept.sort_by_key(|(id, task)| (!task.is_protected(now), !task.is_ready(), *id));
        let surplus = kept.split_off(desired.min(kept.len()));
        let surplus = surplus.into_iter().filter(|(_, task)| !task.is_protected(now));
        let mut stop: Vec<TaskId> = surplus.map(|(id, _)| id).collect();

        // A task that is being replaced counts as capacity until its successor is ready (F19).
        let mut capacity = kept.iter().filter(|(_, task)| task.is_ready()).count()
            + leaving.iter().filter(|(_, task)| task.is_running()).count();
        // Without room for a successor, UNHEALTHY tasks are stopped one by one to make it (API
        // reference of `DeploymentConfiguration`). That each waits for the last one's successor is
        // assumed.
        let mut make_room =
            missing > 0 && room == 0 && kept.iter().all(|(_, task)| task.is_ready());
        // Those that serve nobody go first. Assumed.
        leaving.sort_by_key(|(id, task)| (!task.condemned, task.is_ready(), *id));
        for (id, task) in leaving {
            let goes = match (task.is_running(), task.condemned) {
                (false, _) => true,
                (true, true) => std::mem::take(&mut make_room) || capacity > desired,
                (true, false) => capacity > service.fewest() && !task.is_protected(now),
            };
            if goes {
                capacity -= usize::from(task.is_running());
                stop.push(id);
            }
        }
        let start = std::iter::repeat_n(primary.id.clone(), missing.min(room)).collect();
        Moves { start, stop }
    }

    /// Stops a task for the scheduler's own reasons.
    fn retire(&mut self, service_arn: &str, id: TaskId) {
        let Some(task) = self.tasks.get(&id) else { return };
        if !task.condemned {
            let reason = self.scaling_reason(service_arn);
            return self.begin_stop(id, StopCode::ServiceSchedulerInitiated, &reason);
        }
        let message = format!("(task {}) failed container health checks.", task.id());
        self.say(service_arn, &message);
        let reason = "Task failed container health checks";
        self.begin_stop(id, StopCode::ServiceSchedulerInitiated, reason);
        self.count_failure(id);
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
        let zones = self.open_zones().len();
        let shortage = service.primary.task_definition.networking.shortage(zones);
        self.say(service_arn, &format!("was unable to place a task{shortage}"));
    }

    pub(super) fn say(&mut self, service_arn: &str, what: &str) {
        let id = ids::uuid(&mut self.rng);
        let at = self.now;
        if let Some(service) = self.services.get_mut(service_arn) {
            let text = format!("(service {}) {what}", service.name);
            service.say(ServiceMessage { id, at, text });
        }
    }
}
