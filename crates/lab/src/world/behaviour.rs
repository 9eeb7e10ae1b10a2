//! How the application of a task definition behaves, well or badly.

use std::time::Duration;

use super::application::AppState;

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
            Self::NeverHealthy | Self::Crashes { .. } | Self::NeverStarts { .. } => {
                AppState::Serving
            }
        }
    }
}
