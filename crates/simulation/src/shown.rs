//! What there is to see of a task, and whether it serves.

use std::net::SocketAddr;

use eden_lab::world::{AppState, HealthStatus, Task, TaskStatus};
use jiff::Timestamp;

use crate::spans::Being;

/// What there is to see of a task.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shown {
    status: TaskStatus,
    pub(crate) wanted: bool,
    health: HealthStatus,
    app: AppState,
    listening: bool,
    pub(crate) endpoint: SocketAddr,
    pub(crate) started_at: Option<Timestamp>,
}

impl Shown {
    pub(crate) fn of(task: &Task) -> Self {
        Self {
            status: task.last_status,
            wanted: task.is_wanted(),
            health: task.health,
            app: doing(task),
            listening: task.listening,
            endpoint: task.endpoint(),
            started_at: task.milestones.started,
        }
    }

    pub(crate) fn runs(&self) -> bool {
        self.wanted && self.status == TaskStatus::Running
    }

    /// Whether it answers requests well.
    pub(crate) fn serves(&self) -> bool {
        self.listening && serves(self.app)
    }

    /// What it is on a timeline; nothing, once it has stopped.
    pub(crate) fn being(&self) -> Option<Being> {
        match (self.status, self.wanted) {
            (TaskStatus::Stopped, _) => None,
            (_, false) => Some(Being::Stopping),
            _ if !self.listening && self.status != TaskStatus::Running => Some(Being::Starting),
            _ if self.is_sick() && self.listening => Some(Being::Sick),
            _ if self.serves() => Some(Being::Serving),
            _ => Some(Being::Starting),
        }
    }

    /// Whether ECS calls it UNHEALTHY, or it runs and does not answer well.
    pub(crate) fn is_sick(&self) -> bool {
        self.health == HealthStatus::Unhealthy || (self.runs() && !self.serves())
    }
}

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.status.as_str())?;
        if !self.wanted && self.status != TaskStatus::Stopped {
            f.write_str(", desired STOPPED")?;
        }
        if self.health != HealthStatus::Unknown {
            write!(f, ", {}", self.health.as_str())?;
        }
        match (self.listening, self.app) {
            (false, _) => {}
            (true, AppState::Serving) => write!(f, ", serves at {}", self.endpoint)?,
            (true, AppState::Failing(status)) => write!(f, ", answers {status}")?,
            (true, AppState::Hung) => f.write_str(", hangs")?,
        }
        Ok(())
    }
}

/// What a task does with requests, by its own fault or by that of what it depends on.
pub(crate) fn doing(task: &Task) -> AppState {
    match (task.app, task.dependency) {
        (AppState::Serving, Some(status)) => AppState::Failing(status),
        (app, _) => app,
    }
}

/// Whether an application that does so answers requests well.
pub(crate) fn serves(app: AppState) -> bool {
    match app {
        AppState::Serving => true,
        AppState::Failing(status) => status < 400,
        AppState::Hung => false,
    }
}
