//! A task: what ECS knows of it, and what the application inside it does.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use jiff::Timestamp;

use super::application::{Answer, AppState};
use super::behaviour::Behaviour;
use super::binding::Binding;
use super::eni::{NetworkInterface, PublicAddress};
use super::placement::Networking;
use super::sidecar::Sidecar;

/// Tasks in the order they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TaskId(pub(super) u64);

/// What a task runs, and how that behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskDefinition {
    /// The family.
    pub family: String,
    /// The revision within the family.
    pub revision: u32,
    /// The image of the application's container, such as `app:latest`; one by its digest if none is
    /// given, which never means another.
    pub image: Option<String>,
    /// The port the application listens on in its container.
    pub port: u16,
    /// On what its tasks run, and how they are reached.
    pub networking: Networking,
    /// With bridge networking: the bindings that ECS shows, where they are not the one of the port.
    pub bindings: Option<Vec<Binding>>,
    /// From the container's start until the application accepts connections.
    pub start_up: Duration,
    /// From the signal to stop until the application has stopped accepting connections.
    pub stop: Duration,
    /// The only `Host` that the application takes requests for; any without one.
    pub host: Option<String>,
    /// Whether the application speaks TLS, and nothing else. Only the simulated network knows TLS:
    /// tasks in real time are plain listeners.
    pub tls: bool,
    /// Whether the container has a health check.
    pub health_check: bool,
    /// What each of its tasks does.
    pub behaviour: Behaviour,
    /// What the application, while it serves, answers at these paths, whatever it answers elsewhere:
    /// 404 at one that it does not have, 401 at one that wants a login, 500 at a broken one, and
    /// [`Answer::Never`] at one whose work takes longer than the gateway waits for (30 s at most:
    /// API Gateway quotas; <https://github.com/anomalyco/sst/issues/2232>).
    pub paths: BTreeMap<String, Answer>,
    /// `stopTimeout` of its containers; the default of [`Timing`](super::Timing) without one.
    pub stop_timeout: Option<Duration>,
    /// The containers beside the application's.
    pub sidecars: Vec<Sidecar>,
    /// The ARNs of its task role and its execution role, if it has them: whoever deploys it must be
    /// allowed to pass them (F27).
    pub roles: Vec<String>,
}

impl TaskDefinition {
    /// Revision 1: port 8000, on Fargate with a public IPv4 address, two seconds to start, two to
    /// stop, no health check (F20), no sidecars, no roles, and it serves every path.
    pub fn new(family: &str) -> Self {
        Self {
            family: family.to_owned(),
            revision: 1,
            image: None,
            port: 8000,
            networking: Networking::Fargate(PublicAddress::Ipv4),
            bindings: None,
            start_up: Duration::from_secs(2),
            stop: Duration::from_secs(2),
            host: None,
            tls: false,
            health_check: false,
            behaviour: Behaviour::Runs(AppState::Serving),
            paths: BTreeMap::new(),
            stop_timeout: None,
            sidecars: Vec::new(),
            roles: Vec::new(),
        }
    }
}

/// `lastStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskStatus {
    /// The network interface is being made.
    Provisioning,
    /// The image is being pulled.
    Pending,
    /// The container has started.
    Activating,
    /// It runs.
    Running,
    /// It is to stop.
    Deactivating,
    /// The container is told to stop.
    Stopping,
    /// The network interface is being removed.
    Deprovisioning,
    /// It is over.
    Stopped,
}

impl TaskStatus {
    /// AWS's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Pending => "PENDING",
            Self::Activating => "ACTIVATING",
            Self::Running => "RUNNING",
            Self::Deactivating => "DEACTIVATING",
            Self::Stopping => "STOPPING",
            Self::Deprovisioning => "DEPROVISIONING",
            Self::Stopped => "STOPPED",
        }
    }
}

/// `desiredStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DesiredStatus {
    /// It shall run.
    Running,
    /// It shall stop, or has.
    Stopped,
}

impl DesiredStatus {
    /// AWS's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Stopped => "STOPPED",
        }
    }
}

/// `healthStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthStatus {
    /// No health check, or none that has finished (F20).
    Unknown,
    /// The last check passed.
    Healthy,
    /// The last checks failed.
    Unhealthy,
}

impl HealthStatus {
    /// AWS's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Healthy => "HEALTHY",
            Self::Unhealthy => "UNHEALTHY",
        }
    }
}

/// `stopCode` (F18), as far as the lab stops tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopCode {
    /// The container exited by itself.
    EssentialContainerExited,
    /// The container never started.
    TaskFailedToStart,
    /// Somebody called `StopTask`.
    UserInitiated,
    /// The service scheduler had one too many, or the task failed its health check.
    ServiceSchedulerInitiated,
    /// AWS takes the Spot capacity back.
    SpotInterruption,
    /// The instance that it ran on was stopped or terminated.
    TerminationNotice,
    /// What it ran on is gone.
    InfrastructureHealth,
}

impl StopCode {
    /// AWS's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EssentialContainerExited => "EssentialContainerExited",
            Self::TaskFailedToStart => "TaskFailedToStart",
            Self::UserInitiated => "UserInitiated",
            Self::ServiceSchedulerInitiated => "ServiceSchedulerInitiated",
            Self::SpotInterruption => "SpotInterruption",
            Self::TerminationNotice => "TerminationNotice",
            Self::InfrastructureHealth => "InfrastructureHealth",
        }
    }
}

/// Why a task stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopCause {
    /// `stopCode`.
    pub code: StopCode,
    /// `stoppedReason`.
    pub reason: String,
}

/// The state of a task's container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerState {
    /// Not started yet.
    Pending,
    /// Running.
    Running,
    /// Exited with this code; `None` when it never ran.
    Stopped(Option<i32>),
}

impl ContainerState {
    /// AWS's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Stopped(_) => "STOPPED",
        }
    }
}

/// A container of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Its image.
    pub image: String,
    /// Its ARN.
    pub arn: String,
    /// What the runtime calls it.
    pub runtime_id: String,
    /// The digest of its image.
    pub image_digest: String,
    /// Its state.
    pub state: ContainerState,
    /// Why it never started, if ECS gave it up.
    pub reason: Option<String>,
}

/// When a task reached its milestones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Milestones {
    /// `createdAt`.
    pub created: Timestamp,
    /// `pullStartedAt`.
    pub pull_started: Option<Timestamp>,
    /// `pullStoppedAt`.
    pub pull_stopped: Option<Timestamp>,
    /// `startedAt`.
    pub started: Option<Timestamp>,
    /// `stoppingAt`.
    pub stopping: Option<Timestamp>,
    /// `executionStoppedAt`.
    pub execution_stopped: Option<Timestamp>,
    /// `stoppedAt`.
    pub stopped: Option<Timestamp>,
    /// `updatedAt` of the last event.
    pub updated: Timestamp,
}

impl Milestones {
    pub(super) fn created(at: Timestamp) -> Self {
        Self {
            created: at,
            pull_started: None,
            pull_stopped: None,
            started: None,
            stopping: None,
            execution_stopped: None,
            stopped: None,
            updated: at,
        }
    }
}

/// A task of a service.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its ARN.
    pub arn: String,
    /// The cluster's ARN.
    pub cluster_arn: String,
    /// The ARN of the service it belongs to.
    pub service_arn: String,
    /// `group`: `service:NAME` (F12).
    pub group: String,
    /// What it runs.
    pub definition: TaskDefinition,
    /// The ARN of what it runs.
    pub definition_arn: String,
    /// `startedBy`: the id of the deployment that started it (F21).
    pub started_by: String,
    /// `lastStatus`.
    pub last_status: TaskStatus,
    /// `desiredStatus`.
    pub desired_status: DesiredStatus,
    /// Counts the task's events (F8).
    pub version: u64,
    /// `healthStatus`.
    pub health: HealthStatus,
    /// Why it stops.
    pub stop_cause: Option<StopCause>,
    /// When it reached what.
    pub milestones: Milestones,
    /// The container of its application.
    pub container: Container,
    /// The containers beside it, in the order of [`TaskDefinition::sidecars`].
    pub sidecars: Vec<Container>,
    /// `connectivity`: whether ECS hears of it, and it of ECS.
    pub connected: bool,
    /// Whether ECS goes on counting it as a task of its service although it is to stop and never
    /// will: nothing is started in its place.
    pub keeps_its_place: bool,
    /// `availabilityZone`.
    pub availability_zone: String,
    /// When what it ran on was lost, which ECS may not know yet.
    pub lost: Option<Timestamp>,
    /// The ARN of the container instance it runs on; none on Fargate.
    pub container_instance_arn: Option<String>,
    /// Its own network interface; none with the networking modes `bridge` and `host`.
    pub interface: Option<NetworkInterface>,
    /// What the application does with connections, once it listens.
    pub app: AppState,
    /// What it answers instead of 200 while something that it depends on is down.
    pub dependency: Option<u16>,
    /// The statuses of paths that the application answers with another status than the rest.
    pub path_statuses: BTreeMap<String, u16>,
    /// Whether others than API Gateway can connect to it.
    pub reachable: bool,
    /// Whether the application accepts connections.
    pub listening: bool,
    /// Whether ECS has decided to replace it because it is UNHEALTHY (F19).
    pub condemned: bool,
    /// Until when it is protected from being scaled in.
    pub protected_until: Option<Timestamp>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    pub(super) endpoint: SocketAddr,
}

impl Task {
    /// The last part of the ARN.
    pub fn id(&self) -> &str {
        super::arn::short_name(&self.arn)
    }

    /// Where the application listens, or will: at the public address of its interface or its
    /// container instance (F25), or at the private one where there is no public one.
    pub fn endpoint(&self) -> SocketAddr {
        self.endpoint
    }

    /// Whether it can be reached from the internet.
    pub fn is_public(&self) -> bool {
        match self.endpoint.ip() {
            IpAddr::V4(address) => !address.is_private(),
            IpAddr::V6(_) => !self.is_behind_an_egress_only_gateway(),
        }
    }

    /// Whether its address looks public, and nothing from the internet gets there.
    pub(super) fn is_behind_an_egress_only_gateway(&self) -> bool {
        self.definition.networking == Networking::Fargate(PublicAddress::Ipv6EgressOnly)
    }

    /// Whether it is STOPPED.
    pub fn has_stopped(&self) -> bool {
        self.last_status == TaskStatus::Stopped
    }

    /// Whether it shall run, whatever it does now.
    pub fn is_wanted(&self) -> bool {
        self.desired_status == DesiredStatus::Running
    }

    /// Whether it runs and shall run.
    pub fn is_running(&self) -> bool {
        self.is_wanted() && self.last_status == TaskStatus::Running
    }

    /// Whether it is protected from being scaled in at this time (F19).
    pub fn is_protected(&self, now: Timestamp) -> bool {
        self.protected_until.is_some_and(|until| until > now)
    }

    /// Whether a deployment may count on it: it runs and passes its health check if it has one.
    pub fn is_ready(&self) -> bool {
        self.is_running() && (!self.definition.health_check || self.health == HealthStatus::Healthy)
    }
}
