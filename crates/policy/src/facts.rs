//! What was observed, in AWS's words: the only input of a decision besides limits and time.

mod container;
mod deployments;
mod noted;
mod refused;
mod route;
mod service;
mod task;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use jiff::Timestamp;

pub use container::{Cause, ContainerDefinition, Ended, TaskDefinition};
pub use deployments::{Side, Sides};
pub use noted::{is_possible, noted_time};
pub use refused::Refused;
pub use route::{
    Integration, IntegrationKind, Obstacle, Pointer, Ports, Readiness, Route, Serves, Stage,
    StageDeployment, Unready,
};
pub use service::{
    Deployment, DeploymentController, Failing, RolloutState, Scheduling, Service, ServiceEvent,
    ServiceStatus, Shift, Strategy, Traffic,
};
pub use task::{
    HostPort, Image, LastStatus, Stop, StopCode, Task, TaskHealth, TaskNetwork, task_id,
};

/// A fact that was read, or the reason why it could not be.
///
/// A failed or partial AWS answer is `Unknown`. Unknown is not unhealthy: whatever rests on an
/// unknown fact is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observed<T> {
    /// Read completely.
    Known(T),
    /// Not read, or not completely; the text says why.
    Unknown(String),
}

impl<T> Observed<T> {
    /// The fact, if it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Observed::Known(fact) => Some(fact),
            Observed::Unknown(_) => None,
        }
    }

    /// Why the fact is not known, if it is not.
    pub fn unknown(&self) -> Option<&str> {
        match self {
            Observed::Known(_) => None,
            Observed::Unknown(why) => Some(why),
        }
    }
}

impl<T, E: std::error::Error> From<Result<T, E>> for Observed<T> {
    /// An error becomes `Unknown` with the whole chain of its causes as the reason.
    fn from(result: Result<T, E>) -> Self {
        result.map_or_else(|error| Observed::Unknown(with_causes(&error)), Observed::Known)
    }
}

/// An error's text followed by those of its causes, each once.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

/// Everything one decision about a service's health rests on.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The service, its counts and deployments.
    pub service: Observed<Service>,
    /// Its tasks: the running ones, and those that stopped or are stopping (F17, F18).
    pub tasks: Observed<Vec<Task>>,
    /// The gateway's route to it; `None` when no API Gateway is configured.
    pub route: Option<Route>,
    /// The 5XX alarm.
    pub alarm: Observed<Alarm>,
    /// What the API answered to a probe through the gateway.
    pub api: Observed<ApiAnswer>,
    /// What running tasks answered when they were asked for `/` themselves, by endpoint. Read only when
    /// the API does not answer well, and no path is set that would have been asked anyway: what is
    /// there says that there is no path.
    pub answers: BTreeMap<SocketAddr, Readiness>,
    /// How many requests the API got in the last minutes, and how many failed; read only when nothing
    /// else tells whether most of them fail. `None` where nobody counts them.
    pub requests: Observed<Option<Requests>>,
    /// The tasks that ECS protects from being stopped (F19); read only when one is to be.
    pub protected: Observed<BTreeSet<String>>,
    /// The task definition of tasks that ended or do not end; read only when what people are told
    /// depends on it.
    pub definition: Observed<Option<TaskDefinition>>,
    /// What ran before the present deployment, and did; read only when it is to be rolled back to.
    pub former: Observed<Option<Former>>,
}

impl Facts {
    /// What a probe found of a task, if it was probed. An answer tells more than a connection.
    pub fn readiness(&self, task: &Task) -> Option<&Readiness> {
        let route = self.route.as_ref()?;
        let at = route.endpoints.known()?.get(&task.arn)?;
        self.answers.get(at).or_else(|| route.readiness.get(at))
    }
}

/// What the service ran before its present task definition, with a deployment that completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Former {
    /// The task definition's ARN.
    pub definition: String,
    /// Whether services can be updated to it: the newest that is ACTIVE is chosen, and only where none
    /// is, one that is not (F52).
    pub active: bool,
    /// The deployment in progress, by its ARN in the service's history, that ECS itself rolls back to
    /// this task definition when it is stopped (F53).
    pub stops: Option<String>,
    /// Since when the present one has been in its place, without a break.
    pub replaced_at: Timestamp,
    /// When the deployment right before that was made, whatever became of it.
    pub preceded_at: Option<Timestamp>,
}

/// The requests that an API got within some minutes, by its metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requests {
    /// All of them.
    pub all: u64,
    /// Those that were answered with 5xx.
    pub failed: u64,
    /// Those of the newest minute that is over and counted.
    pub newest: Minute,
}

/// The requests of one minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Minute {
    /// All of them.
    pub all: u64,
    /// Those that were answered with 5xx.
    pub failed: u64,
}

impl Requests {
    /// Fewest requests that tell anything of the rest.
    const ENOUGH: u64 = 10;

    /// Whether most of them fail; `None` for too few.
    pub fn most_fail(self) -> Option<bool> {
        (self.all >= Self::ENOUGH).then_some(self.failed.saturating_mul(2) > self.all)
    }

    /// Whether all but a tenth are known to fail: more than any one client makes of a service that
    /// others use.
    pub fn nearly_all_fail(self) -> bool {
        self.all >= Self::ENOUGH && self.failed.saturating_mul(10) >= self.all.saturating_mul(9)
    }

    /// Whether most of the newest minute's are known to succeed. What came before may be of a time
    /// before the fault.
    pub fn succeed(self) -> bool {
        let Minute { all, failed } = self.newest;
        all >= Self::ENOUGH && failed.saturating_mul(2) < all
    }

    /// Whether none of enough requests failed, in the newest minute or before: a lull is no fault.
    pub fn none_fails(self) -> bool {
        self.all >= Self::ENOUGH && self.failed == 0 && self.newest.failed == 0
    }

    /// Whether all but a tenth of the newest minute's are known to succeed.
    pub fn hardly_fail(self) -> bool {
        let Minute { all, failed } = self.newest;
        all >= Self::ENOUGH && failed.saturating_mul(10) <= all
    }
}

/// What the API answered to a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiAnswer {
    /// A status below 400, or whatever the settings call good.
    Good {
        /// The status.
        status: u16,
        /// How long it took, in milliseconds.
        latency_ms: u64,
    },
    /// A status that is neither good nor a failure: somebody answers, but perhaps only the gateway
    /// itself, which has no route or wants a login. From 400 to 499, or below and not what the
    /// settings call good.
    Unclear {
        /// The status.
        status: u16,
    },
    /// It could not be asked: its name is not known here, or its certificate is not accepted. Whether it
    /// answers its users is not known.
    NotReached(String),
    /// A status of 500 or more, or no answer in time.
    Bad(String),
    /// It was not asked, as asking might have been what rings the alarm.
    NotAsked,
}

/// The state of the 5XX alarm now, which need not be the one in the event (F14).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
    /// Errors persist.
    Alarm,
    /// No errors.
    Ok,
    /// No data yet.
    InsufficientData,
    /// There is no alarm of that name.
    Missing,
}
