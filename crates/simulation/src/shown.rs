//! What there is to see of a task, and whether it serves.

use std::net::SocketAddr;

use eden_lab::world::{Answer, AppState, HealthStatus, Task, TaskStatus};
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
    pub(crate) answer: Answered,
    pub(crate) endpoint: SocketAddr,
    pub(crate) started_at: Option<Timestamp>,
    /// The id of its deployment.
    pub(crate) started_by: String,
}

impl Shown {
    /// What there is to see of a task by who asks it for this path.
    pub(crate) fn of(task: &Task, path: &str) -> Self {
        Self {
            answer: Answered::of(task, path),
            status: task.last_status,
            wanted: task.is_wanted(),
            health: task.health,
            app: doing(task),
            listening: task.listening,
            endpoint: task.endpoint(),
            started_at: task.milestones.started,
            started_by: task.started_by.clone(),
        }
    }

    pub(crate) fn runs(&self) -> bool {
        self.wanted && self.status == TaskStatus::Running
    }

    /// Whether it answers requests well.
    pub(crate) fn serves(&self) -> bool {
        self.listening && serves(self.app)
    }

    /// Whether ECS calls it UNHEALTHY.
    pub(crate) fn is_unhealthy(&self) -> bool {
        self.health == HealthStatus::Unhealthy
    }

    /// Whether it speaks against itself: it is UNHEALTHY, or runs and does not answer well who asks
    /// it. Of a 4xx nobody knows.
    pub(crate) fn is_accused(&self) -> bool {
        self.health == HealthStatus::Unhealthy || (self.runs() && self.answer == Answered::Badly)
    }

    /// Whether it gives an answer that is no failure.
    pub(crate) fn answers(&self) -> bool {
        self.runs() && self.answer != Answered::Badly
    }

    /// Whether nothing listens in it, and no health check speaks for or against it.
    pub(crate) fn refuses(&self) -> bool {
        self.runs() && self.health == HealthStatus::Unknown && !self.listening
    }

    /// Whether it takes connections and answers nothing, and no health check speaks for or against it.
    pub(crate) fn is_silent(&self) -> bool {
        let hangs = self.listening && self.app == AppState::Hung;
        self.runs() && self.health == HealthStatus::Unknown && hangs
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

/// How a task answers who asks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answered {
    /// With 2xx or 3xx.
    Well,
    /// With 4xx, which may mean a wrong path or a login.
    Unclear,
    /// With 5xx, or not at all.
    Badly,
}

impl Answered {
    fn of(task: &Task, path: &str) -> Self {
        let of_status = |status| match status {
            200..400 => Self::Well,
            400..500 => Self::Unclear,
            _ => Self::Badly,
        };
        match doing(task) {
            _ if !(task.listening && task.reachable) => Self::Badly,
            AppState::Hung => Self::Badly,
            AppState::Failing(status) => of_status(status),
            AppState::Serving => match task.definition.paths.get(path) {
                None => Self::Well,
                Some(Answer::Status(status)) => of_status(*status),
                Some(Answer::Never) => Self::Badly,
            },
        }
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
