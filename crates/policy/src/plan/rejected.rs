//! Rejections: why the gateway cannot be led to a task.

use std::fmt;

use serde::Serialize;

/// A task that the gateway cannot be led to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// Its id.
    pub task: String,
    /// Why.
    #[serde(flatten)]
    pub because: Rejection,
}

/// Why the gateway cannot be led to a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", content = "because", rename_all = "snake_case")]
pub enum Rejection {
    /// It is not RUNNING yet.
    Starting,
    /// It stops or has stopped, or is meant to (F9).
    Stopping,
    /// ECS gives it a status that this version does not know (F15).
    StatusUnknown,
    /// Its deployment has not been given production traffic yet (F45, F46).
    Withheld,
    /// It fails its container health check.
    Unhealthy,
    /// It has no public address, or none that is visible yet (F24).
    NoAddress,
    /// It does not answer.
    NotReady(String),
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let task = &self.task;
        match &self.because {
            Rejection::Starting => write!(f, "task {task} is starting"),
            Rejection::Stopping => write!(f, "task {task} is stopping"),
            Rejection::StatusUnknown => {
                write!(f, "task {task} is in a status unknown to this version")
            }
            Rejection::Withheld => {
                write!(f, "task {task} is of a deployment that has no production traffic yet")
            }
            Rejection::Unhealthy => write!(f, "task {task} fails its container health check"),
            Rejection::NoAddress => write!(f, "task {task} has no public address, or none yet"),
            Rejection::NotReady(because) => write!(f, "task {task} does not answer: {because}"),
        }
    }
}
