//! The containers of a task beside the application's: log routers, agents, what AWS injects.

use std::time::Duration;

use super::World;
use super::ids;
use super::queue::Due;
use super::task::{Container, ContainerState, Task, TaskDefinition, TaskId};

/// A container beside the application's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sidecar {
    /// Its name.
    pub name: String,
    /// Whether its end ends the task (`essential` of the container definition).
    pub essential: bool,
    /// Whether AWS puts it into the task without the task definition knowing of it, as GuardDuty's
    /// agent (<https://github.com/aws-samples/bedrock-chat/pull/501>).
    pub injected: bool,
    /// What it does.
    pub does: Doing,
}

/// What a sidecar does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doing {
    /// It runs until the task stops, and exits with this then: 137 for a log router that does not
    /// listen to SIGTERM (<https://github.com/aws/aws-for-fluent-bit/issues/11>).
    Runs {
        /// What it exits with.
        exit_code: i32,
    },
    /// It ends by itself.
    Ends {
        /// From RUNNING to its end.
        after: Duration,
        /// What it exits with.
        exit_code: i32,
    },
    /// It never starts, which the task survives.
    NeverStarts {
        /// In AWS's words, for example `CannotPullContainerError: …`.
        reason: String,
    },
}

impl Sidecar {
    /// An essential container that the task definition knows.
    pub fn new(name: &str, does: Doing) -> Self {
        Self { name: name.to_owned(), essential: true, injected: false, does }
    }
}

impl World {
    /// The containers of a task to come, none of which has started.
    pub(super) fn make_sidecars(
        &mut self,
        cluster: &str,
        task_id: &str,
        definition: &TaskDefinition,
    ) -> Vec<Container> {
        let sidecars = definition.sidecars.iter();
        sidecars
            .map(|sidecar| {
                let id = ids::uuid(&mut self.rng);
                Container {
                    name: sidecar.name.clone(),
                    image: format!("{}:1", sidecar.name),
                    arn: self.arns.container(cluster, task_id, &id),
                    runtime_id: format!("{task_id}-{}", ids::decimal(&mut self.rng, 10)),
                    image_digest: format!("sha256:{}", ids::hex(&mut self.rng, 64)),
                    state: ContainerState::Pending,
                    reason: None,
                }
            })
            .collect()
    }

    /// Plans when those sidecars of a task that is RUNNING now end that end by themselves.
    pub(super) fn plan_sidecars(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get(&id) else { return };
        let ends = task.definition.sidecars.iter().enumerate().filter_map(|(sidecar, it)| {
            let Doing::Ends { after, .. } = it.does else { return None };
            Some((self.timing.declared(after), Due::EndSidecar { task: id, sidecar }))
        });
        for (after, due) in ends.collect::<Vec<_>>() {
            self.plan(after, due);
        }
    }

    /// A sidecar ends by itself; ECS learns a moment later of one that is essential.
    pub(super) fn end_sidecar(&mut self, id: TaskId, sidecar: usize) {
        let Some(task) = self.tasks.get(&id) else { return };
        let Some(definition) = task.definition.sidecars.get(sidecar) else { return };
        if task.sidecars[sidecar].state != ContainerState::Running {
            return;
        }
        let (essential, does) = (definition.essential, definition.does.clone());
        self.change_task(id, |task| task.sidecars[sidecar].end(&does));
        if essential {
            self.plan(self.timing.exit_report, Due::ReportExit(id));
        }
    }
}

impl Task {
    /// The application's container has started, and so do those beside it.
    pub(super) fn start_sidecars(&mut self) {
        for (container, sidecar) in self.sidecars.iter_mut().zip(&self.definition.sidecars) {
            match &sidecar.does {
                Doing::Runs { .. } | Doing::Ends { .. } => {
                    container.state = ContainerState::Running;
                }
                Doing::NeverStarts { .. } => container.end(&sidecar.does),
            }
        }
    }

    /// The task is over, and so are those that still run.
    pub(super) fn end_sidecars(&mut self) {
        for (container, sidecar) in self.sidecars.iter_mut().zip(&self.definition.sidecars) {
            match container.state {
                ContainerState::Pending => container.state = ContainerState::Stopped(None),
                ContainerState::Running => container.end(&sidecar.does),
                ContainerState::Stopped(_) => {}
            }
        }
    }
}

impl Container {
    fn end(&mut self, does: &Doing) {
        match does {
            Doing::Runs { exit_code } | Doing::Ends { exit_code, .. } => {
                self.state = ContainerState::Stopped(Some(*exit_code));
            }
            Doing::NeverStarts { reason } => {
                self.state = ContainerState::Stopped(None);
                self.reason = Some(reason.clone());
            }
        }
    }
}
