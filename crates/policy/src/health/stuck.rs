//! Tasks that are to stop and never do: their host is gone, and the agent that would end them with it.

use std::time::Duration;

use jiff::Timestamp;

use super::later;
use super::patient::Patient;
use crate::evidence::Evidence;
use crate::facts::{LastStatus, Task, task_id};
use crate::plan::{Hold, Plan, Step};

/// What a container may take to stop where its task definition is not known: Fargate's longest
/// (`stopTimeout` in the API reference of `ContainerDefinition`).
const LONGEST_STOP: Duration = Duration::from_mins(2);
/// What a container may take to stop where its task definition does not say.
const DEFAULT_STOP: Duration = Duration::from_secs(30);
/// What ECS and its agent may take besides. Assumed.
const SPARE: Duration = Duration::from_mins(10);

impl<'a> Patient<'a> {
    /// The tasks that are to stop and still run, by ARN. One whose end has no beginning that ECS shows
    /// counts from when Eden first saw it.
    fn leaving(&self) -> Vec<(&'a Task, Option<Timestamp>)> {
        let leaves = |task: &&Task| task.last_status == LastStatus::Running && !task.wanted;
        let since = |task: &'a Task| (task, task.stopping_at.or(task.suspect_since));
        let mut leaving: Vec<_> = self.tasks.iter().filter(leaves).map(since).collect();
        leaving.sort_by_key(|(task, _)| &task.arn);
        leaving
    }

    /// When a task must have ended that is to stop since then.
    fn due(&self, task: &Task, since: Timestamp) -> Timestamp {
        let definition = self.facts.definition.known().and_then(Option::as_ref);
        let definition = definition.filter(|it| task.definition.as_deref() == Some(&it.arn));
        // Containers that depend on one another stop one after the other.
        let stop = definition.map_or(LONGEST_STOP, |definition| {
            let containers = definition.containers.iter();
            containers.map(|it| it.stop_timeout.unwrap_or(DEFAULT_STOP)).sum()
        });
        later(since, stop.saturating_add(SPARE))
    }

    /// The tasks that are to stop and never will, and since when they are known to be.
    pub(super) fn stuck(&self) -> Vec<(&'a Task, Timestamp)> {
        let leaving = self.leaving().into_iter().filter_map(|(task, since)| Some((task, since?)));
        leaving.filter(|(task, since)| self.now >= self.due(task, *since)).collect()
    }

    /// Whether tasks that never stop are all that keeps ECS from running as many as it should: it counts
    /// them, whatever it shows.
    pub(super) fn is_held_up(&self) -> bool {
        let desired = self.desired();
        let running = self.tasks.iter().filter(|task| task.runs()).count();
        let stuck = self.stuck().len();
        running < desired && stuck > 0 && running.saturating_add(stuck) >= desired
    }

    /// Why tasks that are missing are nobody's fault yet: another is to stop, and still runs.
    pub(super) fn stop_not_over(&self) -> Option<Hold> {
        let hold = |(task, since): (&Task, Option<Timestamp>)| {
            let until = since.map(|since| self.due(task, since));
            let over = until.is_some_and(|until| self.now >= until);
            (!over).then(|| Hold::StopNotOver { task: task.id().to_owned(), until })
        };
        self.leaving().into_iter().find_map(hold)
    }

    /// The task definition that tells how long a task may take to stop that would be stuck by the
    /// default.
    pub(super) fn definition_of_leaving(&self) -> Option<&'a str> {
        let late = |since: Timestamp| self.now >= later(since, DEFAULT_STOP.saturating_add(SPARE));
        let mut leaving = self.leaving().into_iter();
        leaving.find(|(_, since)| since.is_some_and(late))?.0.definition.as_deref()
    }

    /// What is noted of tasks that are to stop, and what people are told of those that never will.
    pub(super) fn watch_stops(&self) -> Plan {
        let unseen = self.leaving().into_iter().filter(|(_, since)| since.is_none());
        let mark =
            |(task, _): (&Task, _)| Step::MarkSuspect { task: task.arn.clone(), since: self.now };
        let stuck = |(task, _): (&Task, _)| Hold::TaskStuck {
            task: task.id().to_owned(),
            cure: cure(task),
        };
        Plan {
            steps: unseen.map(mark).collect(),
            holds: self.stuck().into_iter().map(stuck).collect(),
            ..Plan::default()
        }
    }

    /// What is seen of tasks whose hosts ECS does not hear of.
    pub(super) fn of_hosts(&self) -> Vec<Evidence> {
        let stuck = self.stuck().into_iter().map(|(task, since)| Evidence::Stuck {
            task: task.id().to_owned(),
            container_instance: task.container_instance.clone(),
            since,
        });
        let lost = self.tasks.iter().filter(|task| task.runs() && !task.connected);
        let mut lost: Vec<_> = lost.collect();
        lost.sort_by_key(|task| &task.arn);
        let lost = lost.into_iter().map(|task| Evidence::Disconnected {
            task: task.id().to_owned(),
            container_instance: task.container_instance.clone(),
        });
        stuck.chain(lost).collect()
    }
}

/// The command by which people end a task whose host is gone: ECS forgets its container instance, and
/// starts others in place of what ran there.
fn cure(task: &Task) -> Option<String> {
    let instance = task.container_instance.as_deref()?;
    let cluster = task.arn.rsplit('/').nth(1)?;
    Some(format!(
        "aws ecs deregister-container-instance --cluster {cluster} --container-instance {} --force",
        task_id(instance)
    ))
}
