//! How the application of a task definition behaves, well or badly.

use std::time::Duration;

use super::World;
use super::application::AppState;
use super::queue::Due;
use super::task::{HealthStatus, TaskId};

/// What every task of a task definition does, until somebody interferes with one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behaviour {
    /// Its container starts and passes its health check if it has one, and its application does
    /// this with connections.
    Runs(AppState),
    /// It serves, but its container never passes the health check that it has: a rollout to it
    /// hangs.
    NeverHealthy,
    /// It serves, and so long after RUNNING its process exits by itself: a service of such tasks is
    /// in a crash loop.
    Crashes {
        /// From RUNNING to the exit.
        after: Duration,
        /// What it exits with.
        exit_code: i32,
    },
    /// It serves, and so long after RUNNING its application does this instead: it leaks.
    Leaks {
        /// From RUNNING until then.
        after: Duration,
        /// What it does then.
        into: AppState,
    },
    /// It serves, and so long after RUNNING its container fails the health check that it has.
    Sickens {
        /// From RUNNING until then.
        after: Duration,
    },
    /// Its container never starts: ECS gives each task up, with this reason.
    NeverStarts {
        /// In AWS's words, for example `CannotPullContainerError: …`.
        reason: String,
    },
}

impl Behaviour {
    /// What the application does with connections once it listens.
    pub(super) fn app(&self) -> AppState {
        match self {
            Self::Runs(app) => *app,
            Self::NeverHealthy
            | Self::Crashes { .. }
            | Self::Leaks { .. }
            | Self::Sickens { .. }
            | Self::NeverStarts { .. } => AppState::Serving,
        }
    }
}

impl World {
    /// Plans when a task that is RUNNING now ends by itself, leaks or sickens, if it does.
    pub(super) fn plan_decay(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get(&id) else { return };
        let (after, due) = match task.definition.behaviour {
            Behaviour::Crashes { after, exit_code } => (after, Due::Crash { task: id, exit_code }),
            Behaviour::Leaks { after, .. } | Behaviour::Sickens { after } => {
                (after, Due::Decay(id))
            }
            Behaviour::Runs(_) | Behaviour::NeverHealthy | Behaviour::NeverStarts { .. } => return,
        };
        self.plan(self.timing.declared(after), due);
    }

    /// A task has leaked too much, or has fallen sick.
    pub(super) fn decay(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get(&id).filter(|task| task.is_running()) else { return };
        match task.definition.behaviour {
            Behaviour::Leaks { into, .. } => self.change_task(id, |task| task.app = into),
            Behaviour::Sickens { .. } if task.definition.health_check => {
                self.set_health(id, HealthStatus::Unhealthy);
            }
            Behaviour::Runs(_)
            | Behaviour::NeverHealthy
            | Behaviour::Crashes { .. }
            | Behaviour::Sickens { .. }
            | Behaviour::NeverStarts { .. } => {}
        }
    }
}
