//! Diagnoses: what is the matter with the service.

use std::fmt;

use serde::Serialize;

use crate::facts::{ServiceStatus, task_id};

/// What is the matter with the service, by the evidence at hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "diagnosis", rename_all = "snake_case")]
pub enum Diagnosis {
    /// Nothing is wrong.
    Healthy,
    /// Tasks are on their way, ECS is replacing some, or the route has just moved: what is seen
    /// may be the past.
    Settling,
    /// A deployment is replacing tasks.
    Rolling {
        /// The deployment's id.
        deployment: String,
    },
    /// The gateway leads to a task that is gone or does not answer, and there is a better one.
    RouteStale,
    /// ECS says that these tasks fail their container health check.
    TasksUnhealthy {
        /// Their ARNs.
        tasks: Vec<String>,
    },
    /// Fewer tasks run than should, and ECS is not starting any.
    TooFewTasks {
        /// Tasks that run.
        running: u32,
        /// Tasks that should.
        desired: u32,
    },
    /// The alarm reports errors, or the maintenance page has to be shown in the service's place, and
    /// no particular task is to blame.
    ServiceSick,
    /// Fewer tasks are wanted than the floor allows.
    BelowFloor {
        /// Tasks wanted.
        desired: u32,
        /// Tasks wanted at least.
        floor: u32,
    },
    /// No task is wanted, and no floor is set.
    ScaledToZero,
    /// There is no such service, or it is being deleted.
    NotActive {
        /// What ECS says about it.
        status: ServiceStatus,
    },
    /// Facts that the diagnosis needs could not be read.
    Unknown,
}

impl Diagnosis {
    /// Whether people should see the service as healthy.
    pub fn is_healthy(&self) -> bool {
        matches!(self, Diagnosis::Healthy)
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Diagnosis::Healthy => f.write_str("Healthy"),
            Diagnosis::Settling => f.write_str("Recent changes have yet to take effect"),
            Diagnosis::Rolling { deployment } => {
                write!(f, "Deployment {deployment} is in progress")
            }
            Diagnosis::RouteStale => {
                f.write_str("The API Gateway leads to a task that is gone or does not answer")
            }
            Diagnosis::TasksUnhealthy { tasks } => {
                let ids: Vec<_> = tasks.iter().map(|arn| task_id(arn)).collect();
                write!(f, "Unhealthy tasks: {}", ids.join(", "))
            }
            Diagnosis::TooFewTasks { running, desired } => {
                write!(f, "Task count mismatch: {running}/{desired}")
            }
            Diagnosis::ServiceSick => {
                f.write_str("5XX alarm in ALARM or maintenance page shown, and no task to blame")
            }
            Diagnosis::BelowFloor { desired, floor } => {
                write!(f, "Desired count {desired} is below the minimum of {floor}")
            }
            Diagnosis::ScaledToZero => f.write_str("Scaled to zero, and MIN_DESIRED_COUNT is 0"),
            Diagnosis::NotActive { status } => write!(f, "The service is {}", status.describe()),
            Diagnosis::Unknown => f.write_str("Not known: facts could not be read"),
        }
    }
}
