//! Diagnoses: what is the matter with the service.

use std::fmt;

use serde::Serialize;

use crate::facts::{ServiceStatus, task_id};

/// A sentence names so many tasks.
const NAMED: usize = 5;

/// What is the matter with the service, by the evidence at hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "diagnosis", rename_all = "snake_case")]
pub enum Diagnosis {
    /// Nothing is wrong.
    Healthy,
    /// Tasks are on their way, ECS is replacing some, or the route has just moved: what is seen
    /// may be the past.
    Starting,
    /// A deployment is replacing tasks.
    Rolling {
        /// The deployment's id.
        deployment: String,
        /// Whether that takes longer than it should.
        overdue: bool,
    },
    /// A rollout has all its new tasks, and waits for these old ones to end.
    OldTasksRemain {
        /// The deployment's id.
        deployment: String,
        /// The old tasks' ARNs.
        tasks: Vec<String>,
        /// Whether that takes longer than it should.
        overdue: bool,
    },
    /// The circuit breaker gave up the last deployment, and nothing else is seen to fail: what runs
    /// is what was there before.
    RolloutFailed {
        /// The deployment's id.
        deployment: String,
    },
    /// The gateway leads to a task that is gone or does not answer, and there is a better one; or a stage
    /// does not show where it leads.
    RouteStale,
    /// These tasks are sick: ECS calls them UNHEALTHY, or they do not answer while others do.
    TaskSick {
        /// Their ARNs.
        tasks: Vec<String>,
    },
    /// These tasks are to stop and never will, as ECS does not hear of their hosts: it counts them, and
    /// starts no others.
    TaskStuck {
        /// Their ARNs.
        tasks: Vec<String>,
    },
    /// Fewer tasks run than should, and ECS is not starting any, or has been at it for too long.
    TooFewTasks {
        /// Tasks that run.
        running: u32,
        /// Tasks that should.
        desired: u32,
    },
    /// The service fails, or the maintenance page has to be shown in its place, and no particular
    /// task is to blame.
    ServiceSick,
    /// The API answers well, but the alarm reports errors, or no task answers when asked itself.
    Disputed,
    /// The API does not answer well, but the tasks do when they are asked themselves: the fault is
    /// before them, or in single paths.
    BeforeTasks,
    /// The tasks answer where they are asked, but with a status that means a wrong path, a login or
    /// another host name.
    WrongPath {
        /// What one of them answered.
        answer: String,
    },
    /// The alarm reports errors, or the API does not answer, and whether the tasks are well cannot be
    /// told.
    Unclear {
        /// What was seen.
        because: String,
    },
    /// The last tasks failed after they had started: they died by themselves, or ECS gave them up for
    /// failing their health checks.
    CrashLoop {
        /// How many in a row.
        deaths: usize,
        /// What the container exited with that ended the last one.
        exit_code: Option<i32>,
        /// That container, if it is known which one it was.
        container: Option<String>,
        /// The last one's reason.
        reason: String,
    },
    /// Tasks cannot be started: image, secret, network or capacity.
    CannotStart {
        /// The reason that ECS gives.
        because: String,
    },
    /// Somebody has switched healing off.
    Paused,
    /// Fewer tasks are wanted than the floor allows.
    BelowFloor {
        /// Tasks wanted.
        desired: u32,
        /// Tasks wanted at least.
        floor: u32,
    },
    /// No task is wanted, and no floor is set.
    ScaledToZero,
    /// ECS wants no task of a daemon service, as there is no instance to run one on.
    NoInstances,
    /// There is no such service, or it is being deleted.
    NotActive {
        /// What ECS says about it.
        status: ServiceStatus,
    },
    /// Facts that the diagnosis needs could not be read.
    Unknown,
}

impl Diagnosis {
    /// Whether what ran before may be run again because of it.
    pub(crate) fn may_roll_back(&self) -> bool {
        match self {
            Diagnosis::Rolling { overdue, .. } => *overdue,
            Diagnosis::RolloutFailed { .. }
            | Diagnosis::TaskSick { .. }
            | Diagnosis::TooFewTasks { .. }
            | Diagnosis::ServiceSick
            | Diagnosis::CrashLoop { .. }
            | Diagnosis::CannotStart { .. } => true,
            Diagnosis::Healthy
            | Diagnosis::Starting
            | Diagnosis::RouteStale
            | Diagnosis::TaskStuck { .. }
            | Diagnosis::OldTasksRemain { .. }
            | Diagnosis::NoInstances
            | Diagnosis::BeforeTasks
            | Diagnosis::WrongPath { .. }
            | Diagnosis::Unclear { .. }
            | Diagnosis::Disputed
            | Diagnosis::Paused
            | Diagnosis::BelowFloor { .. }
            | Diagnosis::ScaledToZero
            | Diagnosis::NotActive { .. }
            | Diagnosis::Unknown => false,
        }
    }

    /// Whether people should see the service as healthy.
    pub fn is_healthy(&self) -> bool {
        matches!(self, Diagnosis::Healthy)
    }

    /// Whether it shows that the service is not well, also where people need not hear of that.
    pub fn is_sick(&self) -> bool {
        !matches!(
            self,
            Diagnosis::Healthy
                | Diagnosis::Disputed
                | Diagnosis::RouteStale
                | Diagnosis::OldTasksRemain { .. }
                | Diagnosis::Starting
                | Diagnosis::Rolling { overdue: false, .. }
                | Diagnosis::Paused
                | Diagnosis::Unknown
        )
    }

    /// Whether nothing is seen to be wrong, with or without a deployment in progress.
    pub(crate) fn is_quiet(&self) -> bool {
        matches!(self, Diagnosis::Healthy | Diagnosis::Rolling { overdue: false, .. })
    }
}

/// The ids of tasks, the first of many.
fn named(tasks: &[String]) -> String {
    let ids: Vec<_> = tasks.iter().take(NAMED).map(|arn| task_id(arn)).collect();
    match tasks.len().saturating_sub(NAMED) {
        0 => ids.join(", "),
        more => format!("{} and {more} more", ids.join(", ")),
    }
}

impl Diagnosis {
    /// Whether it says of the service as a whole, or of what is before it, that something is wrong.
    pub(crate) fn accuses(&self) -> bool {
        matches!(
            self,
            Diagnosis::ServiceSick
                | Diagnosis::BeforeTasks
                | Diagnosis::WrongPath { .. }
                | Diagnosis::Unclear { .. }
        )
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Diagnosis::Healthy => f.write_str("Healthy"),
            Diagnosis::Starting => f.write_str("Recent changes have yet to take effect"),
            Diagnosis::Rolling { deployment, overdue: false } => {
                write!(f, "Deployment {deployment} is in progress")
            }
            Diagnosis::Rolling { deployment, overdue: true } => {
                write!(f, "Deployment {deployment} has been in progress for too long")
            }
            Diagnosis::OldTasksRemain { deployment, tasks, overdue } => {
                let too_long = if *overdue { " for too long" } else { "" };
                write!(
                    f,
                    "Deployment {deployment} has all its new tasks, and waits{too_long} for "
                )?;
                write!(f, "old ones to end: {}", named(tasks))
            }
            Diagnosis::RolloutFailed { deployment } => {
                write!(f, "ECS gave up deployment {deployment}, and what ran before runs on")
            }
            Diagnosis::RouteStale => {
                f.write_str("The API Gateway does not lead to a task that answers")
            }
            Diagnosis::TaskSick { tasks } => {
                write!(f, "Unhealthy tasks: {}", named(tasks))
            }
            Diagnosis::TaskStuck { tasks } => {
                write!(f, "Tasks that are to stop and never do: {}", named(tasks))
            }
            Diagnosis::TooFewTasks { running, desired } => {
                write!(f, "Task count mismatch: {running}/{desired}")
            }
            Diagnosis::ServiceSick => {
                f.write_str("The service fails while no particular task is to blame")
            }
            Diagnosis::Disputed => f.write_str("The API answers well, but the 5XX alarm or the tasks say otherwise"),
            Diagnosis::BeforeTasks => f.write_str(
                "The API does not answer well, but the tasks do when asked themselves: the fault is \
                 before them",
            ),
            Diagnosis::WrongPath { answer } => write!(
                f,
                "The tasks cannot be judged by HEALTH_CHECK_PATH: {answer}; it has to be a path that \
                 they answer well without a login"
            ),
            Diagnosis::Unclear { because } => {
                write!(f, "Something fails, and whether the tasks are well is not known: {because}")
            }
            Diagnosis::CrashLoop { deaths, exit_code, container, reason } => {
                write!(f, "The last {deaths} tasks failed one after the other: {reason}")?;
                exit_code.map_or(Ok(()), |code| write!(f, ", exit code {code}"))?;
                container.as_ref().map_or(Ok(()), |name| write!(f, " of container {name}"))
            }
            Diagnosis::CannotStart { because } => write!(f, "Tasks cannot be started: {because}"),
            Diagnosis::Paused => f.write_str("Healing is switched off"),
            Diagnosis::BelowFloor { desired, floor } => {
                write!(f, "Desired count {desired} is below the minimum of {floor}")
            }
            Diagnosis::ScaledToZero => f.write_str("Scaled to zero, and MIN_DESIRED_COUNT is 0"),
            Diagnosis::NoInstances => {
                f.write_str("The cluster has no container instance for the daemon service")
            }
            Diagnosis::NotActive { status } => write!(f, "The service is {}", status.describe()),
            Diagnosis::Unknown => f.write_str("Not known: what would tell could not be seen"),
        }
    }
}
