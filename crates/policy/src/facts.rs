//! What was observed, in AWS's words: the only input of a decision besides limits and time.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::mode::ModeTag;

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
}

/// An ECS service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its ARN; empty when it is missing.
    pub arn: String,
    /// Whether ECS works on it.
    pub status: ServiceStatus,
    /// Tasks it should run.
    pub desired: u32,
    /// Tasks it runs.
    pub running: u32,
    /// Tasks on their way to RUNNING.
    pub pending: u32,
    /// Its deployments, in the order ECS lists them.
    pub deployments: Vec<Deployment>,
    /// How long ECS itself ignores health checks of a fresh task.
    pub health_check_grace: Duration,
    /// Who deploys it.
    pub controller: DeploymentController,
    /// What its tag `{APP_NAME}:healing` says.
    pub mode: ModeTag,
    /// Since when no task has been able to serve, by its tag `{APP_NAME}:unserved-since`. Kept on
    /// the service because no other trace tells how long a running task has not answered.
    pub unserved_since: Option<Timestamp>,
}

impl Service {
    /// The deployment that ECS is heading for.
    pub fn primary(&self) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.primary)
    }

    /// The deployment that is replacing tasks, if one is.
    pub fn rolling(&self) -> Option<&Deployment> {
        let replacing = self.deployments.iter().any(|deployment| !deployment.primary);
        self.primary().filter(|primary| primary.rollout == RolloutState::InProgress || replacing)
    }
}

/// A service's status; `Missing` when ECS knows no service of that name (it answers with a failure
/// of reason MISSING then, F17).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ServiceStatus {
    /// ECS keeps its tasks running.
    Active,
    /// Being deleted.
    Draining,
    /// Deleted.
    Inactive,
    /// Never existed, or deleted long ago.
    Missing,
    /// A status this version does not know (F15).
    Unknown,
}

/// Who deploys a service; only ECS's own controller accepts a forced redeployment (F22).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeploymentController {
    /// ECS itself.
    Ecs,
    /// CodeDeploy, an external controller, or one this version does not know.
    Other,
}

/// A deployment of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// Its id, which its tasks carry as `startedBy` (F21).
    pub id: String,
    /// Whether it is the PRIMARY one.
    pub primary: bool,
    /// How far it is.
    pub rollout: RolloutState,
    /// When it began: forced redeployments are spaced by it.
    pub created_at: Timestamp,
}

/// How far a deployment is (F21).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RolloutState {
    /// Tasks are being replaced.
    InProgress,
    /// Steady.
    Completed,
    /// The circuit breaker gave it up.
    Failed,
    /// ECS did not say.
    Unknown,
}

/// A task of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its ARN.
    pub arn: String,
    /// Where it is in its life cycle.
    pub last_status: LastStatus,
    /// Whether ECS wants it to run; a dying task is still RUNNING but wanted STOPPED (F9).
    pub wanted: bool,
    /// What its container health checks say (F20).
    pub health: TaskHealth,
    /// When it was requested.
    pub created_at: Option<Timestamp>,
    /// When it became RUNNING.
    pub started_at: Option<Timestamp>,
    /// When it began to stop.
    pub stopping_at: Option<Timestamp>,
    /// The id of the deployment that started it (`startedBy`, F21).
    pub deployment: Option<String>,
    /// What carries its address.
    pub network: TaskNetwork,
}

/// What a task's address belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskNetwork {
    /// A network interface of its own, by id.
    Interface(String),
    /// The container instance it runs on, with bridge or host networking (F25).
    Host {
        /// The container instance's ARN.
        container_instance: String,
        /// The port of the instance that leads to the application, once ECS has bound it.
        port: Option<u16>,
    },
    /// Nothing that ECS shows, or not yet.
    Unattached,
}

impl Task {
    /// Whether it runs and is meant to go on running.
    pub fn runs(&self) -> bool {
        self.wanted && self.last_status == LastStatus::Running
    }

    /// The last part of the ARN, as people name tasks.
    pub fn id(&self) -> &str {
        task_id(&self.arn)
    }
}

/// The last part of a task's ARN, as people name tasks.
pub fn task_id(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// A task's `lastStatus`, as far as decisions depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastStatus {
    /// PROVISIONING, PENDING or ACTIVATING.
    Starting,
    /// RUNNING.
    Running,
    /// DEACTIVATING, STOPPING, DEPROVISIONING, STOPPED or DELETED.
    Stopping,
    /// A status this version does not know (F15).
    Unknown,
}

/// A task's `healthStatus`. `Unknown` means that no container health check speaks for it, which
/// is not sickness (F20).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaskHealth {
    /// Its essential containers pass.
    Healthy,
    /// No health check, or none has finished.
    Unknown,
    /// An essential container fails.
    Unhealthy,
}

/// The gateway's route to the service.
#[derive(Debug, Clone)]
pub struct Route {
    /// The API's id.
    pub api: String,
    /// The port the tasks serve on, unless their host has another for them.
    pub port: u16,
    /// Where tasks are reached from the internet, by ARN; only of those that have an address
    /// (F24, F25).
    pub endpoints: Observed<BTreeMap<String, SocketAddr>>,
    /// What probes found, of the endpoints that were probed.
    pub readiness: BTreeMap<SocketAddr, Readiness>,
    /// What leads to the tasks, in configured order.
    pub pointers: Vec<(Pointer, Observed<Integration>)>,
    /// The stages that show the API; none where a stage variable leads to the tasks, which takes
    /// effect without a deployment.
    pub stages: Observed<Vec<Stage>>,
}

impl Route {
    /// When a change of the API last took effect, as far as is known.
    pub fn changed_at(&self) -> Option<Timestamp> {
        let created_at = |stage: &Stage| match &stage.serves {
            Serves::Deployment(deployment) => deployment.created_at,
            Serves::Nothing | Serves::NotRead(_) => None,
        };
        self.stages.known()?.iter().filter_map(created_at).max()
    }
}

/// Whether a task answers, by a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// It does.
    Ready,
    /// It does not; the text says what it did instead.
    NotReady(String),
    /// It cannot even be reached. So it looks where only API Gateway may reach the tasks as well:
    /// nothing to move the route to, and no proof that nobody is served.
    Unreachable(String),
}

/// What the gateway finds the tasks by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pointer {
    /// An integration's URI: by id in an HTTP API, as `RESOURCE_ID:METHOD` in a REST API (F7).
    Integration(String),
    /// A variable of a stage, which integrations' URIs refer to (F6).
    StageVariable {
        /// The stage's name.
        stage: String,
        /// The variable's name.
        name: String,
    },
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pointer::Integration(id) => write!(f, "integration {id}"),
            Pointer::StageVariable { stage, name } => write!(f, "variable {name} of stage {stage}"),
        }
    }
}

/// Where a pointer leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integration {
    /// Whether its URI is one that may be rewritten.
    pub kind: IntegrationKind,
    /// Its URI; of a stage variable, its value.
    pub uri: Option<String>,
}

/// What kind of integration it is: only a plain HTTP one leads to a task's address (F6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntegrationKind {
    /// A URL that is called over the internet, or a stage variable with one.
    Http,
    /// Anything else, in AWS's words, for example `HTTP_PROXY over VPC_LINK` or `AWS_PROXY`.
    Other(String),
}

/// A stage of an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// Whether changes take effect by themselves (F4).
    pub auto_deploy: bool,
    /// What it shows.
    pub serves: Serves,
}

/// What a stage shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Serves {
    /// Nothing: it was never deployed.
    Nothing,
    /// This deployment.
    Deployment(StageDeployment),
    /// The deployment of this id, which was not read: that costs a call, and most decisions do not
    /// need it.
    NotRead(String),
}

/// The deployment that a stage serves. With `auto_deploy` API Gateway makes one at each change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageDeployment {
    /// Its description, where Eden notes the address it deployed.
    pub description: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
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
